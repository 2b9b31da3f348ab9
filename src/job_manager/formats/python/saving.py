"""Arguments of functions kept elsewhere: a saver takes them when the job is handed over, and a token stays in the job.

Knows no place where they are kept: that is the saver's.
"""

from __future__ import annotations

from collections.abc import Sequence

from job_manager.formats.python.actions import OURS
from job_manager.formats.python.rows import Row
from job_manager.formats.python.tree import Flaw, plain
from job_manager.model.hints import Any
from job_manager.roles.registry import LOADERS, ROLES, Protocols, script_of


def saved(rows: Sequence[Row], protocol: str | None) -> list[Row]:
    """The rows with the arguments of functions saved by the protocol; as they are when there is none. Raises KeyError
    when nobody saves by it, and what the saver raises."""
    if protocol is None:
        return list(rows)
    keep = Protocols(protocol)
    lines: list[tuple[str, ...]] = []
    found: list[Row] = []
    for number, row in enumerate(rows):
        title = f"Action{number}" if row.kind == "Action" else str(row.body.get("title") or row.kind)
        lines.append((*(lines[row.parent] if row.parent >= 0 else ()), title))
        found.append(_saved(row, keep, lines[-1]) if _is_function(row) else row)
    return found


def _is_function(row: Row) -> bool:
    role = row.body.get("_role")
    return row.kind == "Action" and isinstance(role, str) and (role not in OURS or role in ROLES)


def _saved(row: Row, keep: Protocols, genealogy: tuple[str, ...]) -> Row:
    arguments = {key: value for key, value in row.body.items() if not key.startswith("_")}
    rest: dict[str, Any] = {key: value for key, value in row.body.items() if key.startswith("_")}
    flaws: list[Flaw] = []
    loader = LOADERS.get(str(keep.protocol))
    where = {"loader": script_of(loader)} if loader is not None else {}
    token = plain({**keep.save(arguments, genealogy), **where}, "_saved", flaws)
    return row._replace(body={**rest, "_saved": token}, flaws=(*row.flaws, *flaws))
