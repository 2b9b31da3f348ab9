"""From units to the job's tasks: names, paths of what is needed, and the tasks themselves. No recursion.

Knows nothing of Alfscript's words.
"""

from __future__ import annotations

from job_manager.formats.alfscript.commands import titles
from job_manager.formats.alfscript.outline import Unit
from job_manager.formats.alfscript.reading import Context
from job_manager.formats.naming import names_of
from job_manager.model.job import Action, Task

KIND = "task"  # as in scripts of mass: what something is called of whose title nothing is left
Child = Task | Action


def built(units: list[Unit], context: Context, path: str = "") -> tuple[Child, ...]:
    """The children of the first unit, which stands for the job, or for what has that path in it; `units` each before
    what is in it."""
    own: dict[Unit, list[str]] = {}
    shown: dict[Unit, str] = {}
    for unit in units:
        if not unit.instance:
            own[unit] = _named(unit, shown)
    paths: dict[Unit, str] = {units[0]: path}
    for unit in reversed(units):
        if unit.instance:
            continue
        actions = _actions(unit, own.pop(unit), paths)
        if unit.parent is None:
            return _children(unit, actions)
        unit.task = _task(unit, actions, shown[unit], paths, context)
    return ()


def _actions(unit: Unit, names: list[str], paths: dict[Unit, str]) -> list[Action]:
    needs = {} if unit.first_needs is None else {"needs": _paths(unit.first_needs, paths)}
    made = []
    for action, name in zip([*unit.actions, *unit.hooks], names, strict=True):
        made.append(action.named(name, **needs))
        needs = {}
    unit.actions, unit.hooks = [], []
    return made


def _named(unit: Unit, shown: dict[Unit, str]) -> list[str]:
    """Names what is in a unit. Returns the names of its actions; `shown` gets the titles of its tasks."""
    tasks, actions = list(unit.tasks()), [*unit.actions, *unit.hooks]
    found = names_of([*((task.title, task.default) for task in tasks), *titles(actions)], KIND)
    for task, (name, title) in zip(tasks, found, strict=False):
        task.name, shown[task] = name, title
    return [name for name, _ in found[len(tasks) :]]


def _task(unit: Unit, actions: list[Action], title: str, paths: dict[Unit, str], context: Context) -> Task:
    return Task(
        unit.name,
        _children(unit, actions),
        not unit.serial,
        title,
        None if unit.needs is None else _paths(unit.needs, paths),
        wishes=unit.wishes,
        place=context.place(unit.node),
    )


def _children(unit: Unit, actions: list[Action]) -> tuple[Child, ...]:
    return (*(member.task for member in unit.tasks() if member.task), *actions)


def _paths(units: tuple[Unit, ...], known: dict[Unit, str]) -> tuple[str, ...]:
    return tuple(_path(unit, known) for unit in units)


def _path(unit: Unit, known: dict[Unit, str]) -> str:
    if unit not in known:
        way, above = [unit.name], unit.parent
        while above is not None and above.parent is not None:
            way.append(above.name)
            above = above.parent
        # What has no parent stands outside, and its name is its path.
        way += [known[above]] if above is not None and known[above] else []
        known[unit] = "/".join(reversed(way))
    return known[unit]
