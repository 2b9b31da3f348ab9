"""The tree of a job.yaml: steps whose entries run in parallel, tasks in tasks as deep as wanted.

Knows nothing of what an entry holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from job_manager.formats.job_yaml import entries, more, plain, works
from job_manager.formats.job_yaml.naming import Wanted, named, wanted_name
from job_manager.formats.job_yaml.scope import Scope
from job_manager.formats.stuck import spread
from job_manager.formats.yaml_reader import Fields
from job_manager.formats.yaml_tree import At, Map, Plain, Seq, Value
from job_manager.model.errors import Place, Problem
from job_manager.model.job import Action, Task
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

STEP_KEYS = ("name", "entries", "parallel", "needs", "when", "hooks", *more.OF_NODE)
SAID_BY_MOST = {"name", "entries", "tasks", "parallel"}  # keys of a task that says nothing out of the ordinary
TASK_KEYS = ("name", "tasks", "parallel", "needs", "when", "hooks", *more.OF_NODE)
_ENTRY = "this belongs to an entry: write it under entries:, as entries: [{{{}: ...}}]"
_ENTRY_KEYS = ("module", "cmd", "shell", "inputs", "outputs", "params", "env", "timeout", "retries", "foreach")
STEP_MEANT = {key: _ENTRY.format(key) for key in _ENTRY_KEYS} | {"tasks": "a task stands under entries: or tasks:"}
_INSIDE = "this belongs to an entry: write it in one of the tasks"
TASK_MEANT = dict.fromkeys(_ENTRY_KEYS, _INSIDE) | {
    "entries": 'did you mean "tasks"? Only a step has entries',
    "steps": 'did you mean "tasks"? Steps stand at the top of a job',
    "serial": "write parallel: false, or leave it out",
}
Node = Task | Action


class _Nested(NamedTuple):
    """A task in a list of entries, still to be read."""

    fields: Fields
    at: At


def read_steps(fields: Fields, scope: Scope) -> tuple[Node, ...]:
    """One serial task a step, each with its entries in parallel, and the hooks of a job that has steps."""
    wanted: list[Wanted] = []
    read: list[tuple[Fields, tuple[Node, ...], Place]] = []
    steps = fields.map.get("steps")
    for number, value, at, path in fields.items("steps"):
        step = scope.reader.fields(value, at, path, STEP_KEYS, ("entries",), STEP_MEANT)
        if step is not None:
            wanted.append(wanted_name(step, f"step{number + 1}"))
            read.append((step, read_members(step, "entries", scope), scope.place(at, path)))
        if isinstance(steps, Seq):
            # The tree of a big file is given back while the job grows.
            steps[number] = Plain("")
    hooks = _hooks(fields, scope) if "tasks" not in fields.map else []
    names = named([*wanted, *map(entries.wanted_name_of, hooks)], "step")
    for (step, _, _), (name, _) in zip(read, names, strict=False):
        _look_at_idle(step, "entries", name, scope)
    made = tuple(
        _task(step, *name, children, bool(step.flag("parallel", True)), place)
        for (step, children, place), name in zip(read, names, strict=False)
    )
    return (*made, *_members(hooks, names[len(made) :], scope))


def _look_at_idle(fields: Fields, key: str, name: str, scope: Scope) -> None:
    members = fields.map.get(key)
    if key in fields.map and not members and "hooks" not in fields.map:
        place = scope.place(fields.at(key), fields.path_of(key))
        scope.idle.append(Problem(place, f"{quoted(name)} has nothing to do", severity="warning"))


def _task(fields: Fields, name: str, title: str, children: tuple[Node, ...], parallel: bool, place: Place) -> Task:
    if fields.map.keys() <= SAID_BY_MOST:
        return Task(name, children, parallel, title, place=place)
    needs, when = entries.read_needs(fields), entries.read_when(fields)
    priority, wishes = fields.number("priority"), more.read_wishes(fields)
    return Task(name, spread(children, fields), parallel, title, needs, when, priority, wishes, place)


def read_members(fields: Fields, key: str, scope: Scope) -> tuple[Node, ...]:
    """The entries and tasks under a key and then the hooks, each with a name that no other there has."""
    ordinary = plain.members(fields, key, scope) if "hooks" not in fields.map else None
    if ordinary is not None:
        return ordinary
    begun = [_begun(value, at, path, scope) for _, value, at, path in fields.items(key)]
    there = [*(one for one in begun if one is not None), *_hooks(fields, scope)]
    names = named([_wanted(one, number) for number, one in enumerate(there, start=1)], "entry")
    return _members(there, names, scope)


def _members(there: Sequence[entries.Entry | _Nested], names: list[tuple[str, str]], scope: Scope) -> tuple[Node, ...]:
    members = tuple(_member(one, *name, scope) for one, name in zip(there, names, strict=True))
    for member in members:
        if isinstance(member, Action):
            scope.see(member.outputs)
    return members


def _hooks(fields: Fields, scope: Scope) -> list[entries.Entry]:
    """What runs when all else there is over."""
    found = []
    for _, value, at, path in fields.items("hooks"):
        hook = scope.reader.fields(value, at, path, entries.HOOK_KEYS, (), entries.MEANT)
        if hook is not None:
            more.refuse_beside_hook(hook)
            found.append(entries.begun(hook, at, scope, more.read_hook(hook)))
    return found


def _begun(value: Value, at: At, path: str, scope: Scope) -> entries.Entry | _Nested | None:
    if isinstance(value, dict) and ("tasks" in value or _holds_members(value)):
        task = scope.reader.fields(value, at, path, TASK_KEYS, (), TASK_MEANT)
        return None if task is None else _Nested(task, at)
    work = plain.work_of(value, scope)
    if work is not None:
        assert isinstance(value, Map)
        return entries.Entry(Fields(value, path, scope.reader), at, work, entries.NO_WORDS)
    fields = scope.reader.fields(value, at, path, entries.KEYS, (), entries.MEANT)
    return None if fields is None else entries.begun(fields, at, scope)


def _holds_members(value: dict[str, Value]) -> bool:
    """A task whose entries stand under the key that they have in a step: of that it will be told."""
    return any(key in value for key in ("entries", "steps")) and not any(work in value for work in works.WORKS)


def _wanted(one: entries.Entry | _Nested, number: int) -> Wanted:
    return wanted_name(one.fields, f"task{number}") if isinstance(one, _Nested) else entries.wanted_name_of(one)


def _member(one: entries.Entry | _Nested, name: str, title: str, scope: Scope) -> Node:
    if not isinstance(one, _Nested):
        return entries.action(one, name, title, scope)
    # Recursion is bounded by how deep a YAML file may be nested.
    children = read_members(one.fields, "tasks", scope)
    _look_at_idle(one.fields, "tasks", name, scope)
    place = scope.place(one.at, one.fields.path)
    return _task(one.fields, name, title, children, bool(one.fields.flag("parallel", False)), place)


def look_at_public_reads(tree: tuple[Node, ...], scope: Scope) -> None:
    """Says where an input is called public that is not."""
    # In the original an input had to repeat the flag to find its file; here it says nothing, unless it contradicts.
    if not scope.public_reads:
        return
    kept = {output.artifact: output.public for action in _actions(tree) for output in action.outputs}
    for name, at, path in scope.public_reads:
        if kept.get(name) is False:
            hint = "write public: true at the output that makes it, if it is to be kept"
            scope.reader.warn(
                at, path, f'public is set where an artifact is produced; "{name}" is not public there', hint
            )


def _actions(tree: tuple[Node, ...]) -> Iterator[Action]:
    for node in tree:
        if isinstance(node, Action):
            yield node
        else:
            yield from _actions(node.children)
