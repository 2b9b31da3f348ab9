"""Names for tasks and actions made from free titles, by one rule in every job language.

A title that is safe in a path and not taken beside it is the name itself; else a name is made from it and the title is
kept. Knows no file format.
"""

from __future__ import annotations

from collections.abc import Iterable

from job_manager.model import names


def names_of(titles: Iterable[tuple[str, str]], kind: str) -> list[tuple[str, str]]:
    """Name and title of each of the nodes beside each other. titles: (title or "", what to call it without one); kind:
    what to call one of whose title nothing is left. Of a name that is the title itself the title is ""."""
    wanted = list(titles)
    taken: set[str] = set()
    chosen: dict[int, tuple[str, str]] = {}
    for at, (title, _) in enumerate(wanted):
        if title and names.artifact_name(title) is None and names.folded(title) not in taken:
            taken.add(names.folded(title))
            chosen[at] = (title, "")
    counts: dict[str, int] = {}
    for at, (title, default) in enumerate(wanted):
        if at not in chosen:
            chosen[at] = (free(names.slug(title or default, kind), taken, counts), title)
    return [chosen[at] for at in range(len(wanted))]


def free(base: str, taken: set[str], counts: dict[str, int]) -> str:
    """`base`, or with the first number that makes it one of its own; it is taken from then on."""
    name = base
    while names.folded(name) in taken:
        counts[base] = counts.get(base, 1) + 1
        name = f"{base}-{counts[base]}"
    taken.add(names.folded(name))
    return name
