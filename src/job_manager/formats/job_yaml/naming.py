"""Names for steps and entries: as written when that is safe, made up when nothing is written, never two alike.

Knows nothing of what is named.
"""

from __future__ import annotations

from job_manager.formats.naming import free
from job_manager.formats.yaml_reader import Fields, Reader
from job_manager.formats.yaml_tree import At
from job_manager.model import names
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted


class Wanted(NamedTuple):
    """One thing to be named: the name written (or None) and where, what to call it otherwise, and its title, if one is
    written beside the name."""

    written: str | None
    default: str
    reader: Reader
    at: At
    path: str
    title: str | None = None


def wanted_name(fields: Fields, default: str) -> Wanted:
    """What a step or entry is to be called."""
    written = fields.text("name")
    at = fields.map.at if written is None else fields.at("name")
    title = fields.text("title")
    return Wanted(written, title or default, fields.reader, at, fields.path_of("name"), title)


def named(wanted: list[Wanted], kind: str) -> list[tuple[str, str]]:
    """Name and title of each. A title is what was written when that is not safe in a path; the name is made from it."""
    taken: dict[str, str] = {}
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
        item.reader.note(item.at, item.path, message, f"names are part of paths, and {reason}")


def _note_repeated(item: Wanted, written: str, taken: dict[str, str], kind: str) -> None:
    if not written.strip():
        item.reader.error(item.at, item.path, "the name is empty", f"leave it out, and the {kind} is given one")
        return
    folded = names.folded(written)
    first = taken.get(folded)
    if first is None:
        taken[folded] = f"{item.at[0]}:{item.at[1]}"
    else:
        message = f"the {kind} name {quoted(written)} is repeated; it is first used at {first}"
        item.reader.error(item.at, item.path, message)
