"""A tree of dicts, `{"Job": {...}}`, as rows in listing order that a pipe can carry; and what is no such tree.

Trees of any depth, without recursion. Knows what a node may hold as little as its builders do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from job_manager.formats.python.places import Written
from job_manager.formats.python.tree import Flaw, Node, Reference, plain
from job_manager.model.errors import InputError
from job_manager.model.hints import Any
from job_manager.model.record import NamedTuple

KINDS = ("Job", "Task", "Action")
MOST = 1_100_000  # nodes
LONGEST_PATH = 300


class Row(NamedTuple):
    """One node: its kind, the row of its parent (-1: none), what is said of it, the place of its call or None, the
    mistakes in the call, and its path in the tree."""

    kind: str
    parent: int
    body: dict[str, Any]
    place: Written | None
    flaws: tuple[Flaw, ...]
    path: str


def rows(tree: Any) -> list[Row]:
    """The rows of a tree; the first is the job, or what stands in its place. Raises InputError for one without end."""
    found: list[Row] = []
    numbers: dict[int, int] = {}
    above: list[int] = [0]
    inside: set[int] = set()
    stack: list[tuple[int, str, Iterator[tuple[int, Any]]]] = [(-1, "", iter([(0, tree)]))]
    while stack:
        parent, path, members = stack[-1]
        at, node = next(members, (0, stack))
        if node is stack:
            stack.pop()
            inside.discard(above.pop())
            continue
        if id(node) in inside or len(found) >= MOST:
            raise InputError(f"{path}.children[{at}]: a node is in itself, or there are more than {MOST:,} of them")
        row, children = _row(node, parent, _shortened(f"{path}.children[{at}]") if path else "")
        numbers[id(node)] = len(found)
        found.append(row)
        if children:
            stack.append((len(found) - 1, row.path, iter(enumerate(children))))
            above.append(id(node))
            inside.add(id(node))
    return [row._replace(body=_referred(row.body, numbers)) for row in found]


def _shortened(path: str) -> str:
    """The end of a path that is very long: each node of a deep tree has one."""
    return path if len(path) <= LONGEST_PATH else f"...{path[-LONGEST_PATH:]}"


def _row(node: Any, parent: int, where: str) -> tuple[Row, list[Any]]:
    flaws: list[Flaw] = []
    kind, body = _opened(node, flaws)
    path = f"{where}.{kind}" if where else kind
    children = body.get("children", [])
    if not isinstance(children, list) or (kind == "Action" and "children" in body):
        what = "an action has no children" if kind == "Action" else "expected a list of nodes"
        flaws.append(Flaw("children", what))
        children = []
    said = {key: value for key, value in body.items() if key != "children"}
    place = None
    if isinstance(node, Node):
        place, path = node._jm_place, (kind if node._jm_place else path)
        flaws = [*node._jm_flaws, *flaws]
        if node._jm_broken:
            flaws.append(Flaw("", "its `with` ended with an exception: it is not whole", "make it anew"))
    else:
        said = {str(key): plain(value, str(key), flaws) for key, value in said.items()}
    return Row(kind, parent, said, place, tuple(flaws), path), children


def _opened(node: Any, flaws: list[Flaw]) -> tuple[str, dict[str, Any]]:
    """The kind and body of a node; of something else an empty one with its mistake."""
    if isinstance(node, dict) and len(node) == 1:
        kind, body = next(iter(node.items()))
        if kind in KINDS and isinstance(body, dict):
            return kind, body
        if kind in KINDS:
            flaws.append(Flaw("", f"expected what is said of the {kind}, found {type(body).__name__}"))
            return kind, {}
    shown = ", ".join(map(str, node))[:60] if isinstance(node, dict) else type(node).__name__
    flaws.append(Flaw("", f"expected one of Job, Task and Action with what is said of it, found {shown or 'nothing'}"))
    return "Action", {"_role": "echo", "input": "?"}


def _referred(body: dict[str, Any], numbers: dict[int, int]) -> dict[str, Any]:
    """The body with the numbers of rows for the nodes that it names."""
    for key in ("needs", "_needs"):
        needs = body.get(key)
        if isinstance(needs, Reference):
            needs = [needs]
        if isinstance(needs, list) and any(isinstance(each, Reference) for each in needs):
            body = {**body, key: [_number(each, numbers) for each in needs]}
    return body


def _number(each: Any, numbers: dict[int, int]) -> Any:
    known = isinstance(each, Reference) and id(each.node) in numbers
    return {"row": numbers[id(each.node)]} if known else each


# --- through a pipe ---------------------------------------------------------------------------------------------------


def to_lines(found: Iterable[Row]) -> Iterator[str]:
    """Each row as a line of JSON."""
    for row in found:
        yield json.dumps(row, separators=(",", ":")) + "\n"
