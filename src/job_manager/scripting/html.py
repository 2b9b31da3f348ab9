"""The tree of a job as HTML that folds, for a notebook. Every text in it is escaped. Knows no state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from job_manager.formats.python.rows import Row, rows
from job_manager.model.hints import Any

MOST = 500  # nodes that are drawn
LONGEST = 120  # characters of a text
TEXTS = ("input", "cmd", "msg")


def shown(tree: Any) -> str:
    """The tree; of a very large one its beginning."""
    found = rows(tree)
    below: list[int] = [0] * len(found)
    for row in found[1:]:
        below[row.parent] += 1
    lines = list(_lines(found[:MOST], below))
    more = len(found) - MOST
    return "\n".join([*lines, f"<p>and {more} more</p>"] if more > 0 else lines)


def _lines(found: Sequence[Row], below: Sequence[int]) -> Iterator[str]:
    open_groups: list[int] = []
    for at, row in enumerate(found):
        while open_groups and open_groups[-1] != row.parent:
            open_groups.pop()
            yield "</ul></details></li>" if open_groups else "</ul></details>"
        item = "<li>" if open_groups else ""
        if row.kind == "Action":
            yield f"{item}{_action(row)}</li>"
        else:
            open_groups.append(at)
            yield f"{item}<details open><summary><b>{_title(row)}</b> {_order(row, below[at])}</summary><ul>"
    for number in range(len(open_groups), 0, -1):
        yield "</ul></details></li>" if number > 1 else "</ul></details>"


def _title(row: Row) -> str:
    return _text(row.body.get("title") or row.body.get("name") or row.kind)


def _order(row: Row, children: int) -> str:
    parallel = row.body.get("parallel") or row.body.get("serialsubtasks") is False
    return f"<small>{children} {'at once' if parallel else 'one after another'}</small>" if children > 1 else ""


def _action(row: Row) -> str:
    role = row.body.get("_role") or "echo"
    words = [row.body[key] for key in TEXTS if key in row.body] or [
        f"{key}={value!r}" for key, value in row.body.items() if not key.startswith("_")
    ]
    if role == "module":
        role, words = f"module {row.body.get('_module', '')}", [str(row.body.get("_params") or "")]
    text = " ".join(" ".join(map(str, word)) if isinstance(word, list) else str(word) for word in words)
    return f"<small>{_text(role)}</small> <code>{_text(text)}</code>"


def _text(value: object) -> str:
    text = str(value)
    return escape(text if len(text) <= LONGEST else f"{text[:LONGEST]}...")
