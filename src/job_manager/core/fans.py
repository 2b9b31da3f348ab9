"""Fan-outs whose items are known from the start: values, ranges, a person's files, and what others of them write. Pure.

Knows no state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from job_manager.core.shape import Shape
from job_manager.model.fanout import Each
from job_manager.model.job import FILES, Action, Job
from job_manager.model.members import Members
from job_manager.model.site import Site

Items = Sequence[Sequence[str]]


def shape_of(job: Job, site: Site, fans: Iterable[tuple[int, Items]] = ()) -> Shape:
    """The shape of a job with every fan-out whose items are known from the start, and then these others."""
    shape = Shape(job)
    for action in shape.written_fans:
        items = _known(shape, site, shape.actions[action])
        if items is not None:
            shape.fan_out(action, Members(shape.actions[action], items))
    for action, found in fans:
        shape.fan_out(action, Members(shape.actions[action], found))
    return shape


def _known(shape: Shape, site: Site, action: Action) -> list[list[str]] | None:
    found = []
    for each in action.foreach:
        items = _known_items(shape, site, each)
        if items is None:
            return None
        found.append(items)
    return found


def _known_items(shape: Shape, site: Site, each: Each) -> list[str] | None:
    if not each.artifact:
        return each.items()
    writer = shape.writer(each.artifact)
    if writer is None:
        return given_of(site, each.artifact) or None
    action, output = writer
    fan = shape.fan(action)
    if fan is None or output.kind == FILES or output.optional:
        return None
    return list(fan.members.texts(output.artifact))


def given_of(site: Site, artifact: str) -> list[str]:
    """The files that a person gave for an input of several."""
    beginning = f"{artifact}/"
    return [given.name for given in site.inputs if given.name.startswith(beginning)]
