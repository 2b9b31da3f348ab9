"""Names for tasks and actions made from free titles, by one rule in every job language.

A title that is safe in a path and not taken beside it is the name itself; else a name is made from it and the title is
kept. Knows no file format.
"""

from __future__ import annotations

from collections.abc import Iterable

from job_manager.model import names
from job_manager.model.job import Echo, Function, ModuleCall, Order, Shell, Work
from job_manager.model.pattern import late

PROGRAM = late(r"[\w][\w.+-]{0,63}\Z")
SHELL_WORDS = frozenset({"for", "if", "while", "until", "case", "set", "cd", "export", "exec"})


def default_name(work: Work) -> str:
    """What an action is called that has no name: like its module or program, as far as that can be told."""
    if isinstance(work, ModuleCall):
        return work.module
    if isinstance(work, Function | Order):
        return work.role if isinstance(work, Function) else "order"
    words = work.text.split(None, 1) if isinstance(work, Shell) else getattr(work, "argv", ())
    program = words[0].rsplit("/", 1)[-1] if words else ""
    if isinstance(work, Echo):
        return "echo"
    if PROGRAM.match(program) and program not in SHELL_WORDS:
        return program
    return "shell" if isinstance(work, Shell) else "cmd"


def names_of(titles: Iterable[tuple[str, str]], kind: str) -> list[tuple[str, str]]:
    """Name and title of each of the nodes beside each other. titles: (title or "", what to call it without one); kind:
    what to call one of whose title nothing is left. Of a name that is the title itself the title is ""."""
    wanted = list(titles)
    if len(wanted) == 1:
        title, default = wanted[0]
        safe = title and names.artifact_name(title) is None
        return [(title, "") if safe else (names.slug(title or default, kind), title)]
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
