"""`stuck:` of an action, a task or a job: after how long of nothing it counts as stuck, and whether it is then ended.

What a task or a job says holds for all below it that say nothing themselves. Shared by the languages that have it.
"""

from __future__ import annotations

from job_manager.formats.yaml_reader import Fields
from job_manager.formats.yaml_tree import Map, Plain
from job_manager.model.hints import Any
from job_manager.model.job import Action, Stuck, Task
from job_manager.model.record import replace

KEYS = ("after", "kill")
NEVER = Stuck(0.0)
ZERO = ("0", "0.0")


def read_stuck(fields: Fields) -> Stuck | None:
    """A duration, a mapping of `after` (0: never) and `kill`, or `false` for never; None when nothing is said."""
    value = fields.map.get("stuck")
    if isinstance(value, Map):
        inner = fields.reader.fields(value, fields.at("stuck"), fields.path_of("stuck"), KEYS, ("after",))
        if inner is not None and inner.map.get("after") in ZERO:
            return NEVER
        after = inner.duration("after") if inner is not None else None
        return Stuck(after, bool(inner.flag("kill"))) if inner is not None and after is not None else None
    if isinstance(value, Plain) and value == "false":
        return NEVER
    after = fields.duration("stuck")
    return None if after is None else Stuck(after)


def spread(children: tuple[Task | Action, ...], fields: Fields) -> tuple[Task | Action, ...]:
    """The children of a task or a job, with what it says where they say nothing."""
    stuck = read_stuck(fields)
    return children if stuck is None else _spread(children, stuck)


def _spread(children: tuple[Task | Action, ...], stuck: Stuck) -> tuple[Task | Action, ...]:
    # Recursion is bounded by how deep a file may be nested.
    return tuple(
        replace(child, children=_spread(child.children, stuck)) if isinstance(child, Task) else _spoken(child, stuck)
        for child in children
    )


def _spoken(action: Action, stuck: Stuck) -> Action:
    return replace(action, stuck=stuck) if action.stuck is None else action


def written(stuck: Stuck | None) -> Any:
    """What a file says of it; None for nothing."""
    if stuck is None:
        return None
    if stuck.kill:
        return {"after": stuck.after, "kill": True}
    return stuck.after or {"after": 0}
