"""Names for steps and entries: as written when that is safe, made up when nothing is written, never two alike.

Knows nothing of what is named.
"""

from __future__ import annotations

from job_manager.formats.naming import default_name, free
from job_manager.formats.yaml_reader import Fields
from job_manager.formats.yaml_tree import At
from job_manager.model import names
from job_manager.model.job import Work
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted


class Wanted(NamedTuple):
    """One thing to be named: the name written (or None), its title, if one is written beside the name, the work after
    which it is called otherwise (or what to call it), and where all that stands."""

    written: str | None
    title: str | None
    otherwise: Work | str
    fields: Fields

    @property
    def at(self) -> At:
        """Where the name stands; where all begins when there is none."""
        return self.fields.at("name")

    @property
    def default(self) -> str:
        """What it is called without a name."""
        return self.title or (self.otherwise if isinstance(self.otherwise, str) else default_name(self.otherwise))

    def note(self, message: str, hint: str) -> None:
        """Says something about the name."""
        self.fields.reader.note(self.at, self.fields.path_of("name"), message, hint)

    def error(self, message: str, hint: str = "") -> None:
        """Says what is wrong with the name."""
        self.fields.reader.error(self.at, self.fields.path_of("name"), message, hint)


def wanted_name(fields: Fields, otherwise: Work | str) -> Wanted:
    """What a step or entry is to be called."""
    return Wanted(fields.text("name"), fields.text("title"), otherwise, fields)


def named(wanted: list[Wanted], kind: str) -> list[tuple[str, str]]:
    """Name and title of each. A title is what was written when that is not safe in a path; the name is made from it."""
    taken: dict[str, Wanted] = {}
    for item in wanted:
        if item.written is not None:
            _note_repeated(item, item.written, taken, kind)
    counts: dict[str, int] = {}
    used = set(taken)
    chosen = []
    for item in wanted:
        safe = item.written is not None and names.artifact_name(item.written) is None
        if item.written is not None and safe:
            name, title = item.written, ""
        else:
            name, title = free(names.slug(item.written or item.default, kind), used, counts), item.written or ""
            _note_renamed(item, name, kind)
        shown = title if item.title is None else item.title
        chosen.append((name, "" if shown == name else shown))
    return chosen


def _note_renamed(item: Wanted, name: str, kind: str) -> None:
    if item.written is not None and item.written.strip():
        message = f"the {kind} {quoted(item.written)} is called {quoted(name)} here"
        reason = names.artifact_name(item.written)
        item.note(message, f"names are part of paths, and {reason}")


def _note_repeated(item: Wanted, written: str, taken: dict[str, Wanted], kind: str) -> None:
    if not written.strip():
        item.error("the name is empty", f"leave it out, and the {kind} is given one")
        return
    folded = names.folded(written)
    first = taken.setdefault(folded, item)
    if first is not item:
        line, column = first.at
        item.error(f"the {kind} name {quoted(written)} is repeated; it is first used at {line}:{column}")
