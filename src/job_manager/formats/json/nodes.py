"""The tree of a JSON job: objects of one key, which says what each is. Both forms of the language have it.

Knows not what a task or an action may say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from job_manager.formats.json.fields import JsonReader, Strict, found
from job_manager.formats.wording import suggestion
from job_manager.formats.yaml_tree import At, Map, Plain, Seq, Value
from job_manager.model.job import Action, Task
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

KINDS = ("Task", "Action")
Node = Task | Action
HINT = 'write {"Task": {...}} or {"Action": {...}}'


class Member(NamedTuple):
    """One child: what it is, what is said of it, where it begins, and the path of what is said."""

    kind: str
    body: Map
    at: At
    path: str


def members(fields: Strict, reader: JsonReader) -> Iterator[Member]:
    """The children one by one. Each is given back when the next is asked for."""
    children = fields.map.get("children")
    for number, value, at, path in fields.items("children"):
        member = _member(value, at, path, reader)
        if member is not None:
            yield member
        if isinstance(children, Seq):
            # The tree of a big file is given back while the job grows.
            children[number] = Plain("")


def _member(value: Value, at: At, path: str, reader: JsonReader) -> Member | None:
    if not isinstance(value, Map):
        reader.error(at, path, f"expected a task or an action, found {found(value)}", HINT)
        return None
    for kind in KINDS:
        if len(value) == 1 and kind in value:
            return _opened(value, kind, at, path, reader)
    keys = ", ".join(quoted(key) for key in list(value)[:3])
    near = next((near for key in value if (near := suggestion(key, KINDS))), "")
    message = f"expected an object with one key, Task or Action, found {keys or 'nothing in it'}"
    if set(value) & {"Job"}:
        message, near = "a job stands in a job", "write it as a Task"
    reader.error(at, path, message, near or HINT)
    return None


def _opened(value: Map, kind: str, at: At, path: str, reader: JsonReader) -> Member | None:
    body, path = value[kind], f"{path}.{kind}"
    if isinstance(body, Map):
        return Member(kind, body, at, path)
    reader.error(value.member_at(kind), path, f"expected what is said of the {kind}, found {found(body)}")
    return None


def in_order(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The nodes, hooks behind the others."""
    every = list(nodes)
    hooks = [node for node in every if isinstance(node, Action) and node.hook]
    return (*(node for node in every if not (isinstance(node, Action) and node.hook)), *hooks)
