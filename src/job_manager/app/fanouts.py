"""Fan-outs before the start: names that two actions would both write, names that one reads and none writes, and more
actions than a job may have.

Looks at those whose items are known; the others are looked at when they are. Knows no file format.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, repeat

from job_manager.core.fans import shape_of
from job_manager.core.parts import Fan
from job_manager.core.shape import Shape
from job_manager.model.errors import NOWHERE, Place, Problem
from job_manager.model.fanout import MOST
from job_manager.model.job import FILES, Input, Job, Output
from job_manager.model.names import artifact_name, folded
from job_manager.model.site import Site
from job_manager.model.survey import survey
from job_manager.model.wording import quoted

SAID = 20  # of one job: the others are of the same sort


def fan_out_problems(job: Job, site: Site) -> Iterator[Problem]:
    """What is wrong with the fan-outs of a checked job, at most a few of a sort."""
    if not any(action.foreach for _, action in survey(job).actions):
        return
    shape = shape_of(job, site)
    if not shape.fans:
        return
    if len(shape.actions) > MOST:
        place = Place(job.source, 0, 0)
        yield Problem(place, f"the job has {len(shape.actions):,} actions; the limit is {MOST:,}")
        return
    written = (index for index in range(shape.actions.written) if not shape.actions[index].foreach)
    taken = {folded(use.artifact): -1 for index in written for use in shape.actions[index].outputs}
    taken |= {folded(given.artifact): -1 for given in job.inputs}
    yield from islice(_clashes(shape, taken), SAID)
    yield from islice(_unwritten(shape), SAID)


def _clashes(shape: Shape, taken: dict[str, int]) -> Iterator[Problem]:
    """`taken`: names (folded) and the actions that write them, -1 where it is none of a fan-out."""
    for action, name, use in _writes(shape):
        alike = folded(name)
        wrong = artifact_name(name)
        if wrong:
            yield Problem(_place(use), f"{wrong}, for {quoted(shape.paths[action])}")
        elif alike in taken:
            yield _clash(shape, action, name, use, taken[alike])
        else:
            taken[alike] = action


def _writes(shape: Shape) -> Iterator[tuple[int, str, Output]]:
    """What the actions of fan-outs write: the action, the name, and the output as it is written."""
    for fan in shape.fans.values():
        outputs = shape.actions[fan.action].outputs
        columns = [fan.members.texts(use.artifact) for use in outputs]
        for action, names in enumerate(zip(*columns, strict=True), start=fan.low):
            yield from zip(repeat(action), names, outputs, strict=False)


def _clash(shape: Shape, action: int, name: str, use: Output, other: int) -> Problem:
    there = f"{quoted(shape.paths[other])} also writes it" if other >= 0 else "it is there already"
    message = f"{quoted(shape.paths[action])} would write {quoted(name)}, and {there}"
    return Problem(_place(use), message, "put something into the name that tells the items apart")


def _unwritten(shape: Shape) -> Iterator[Problem]:
    """What one action of a fan-out reads by a name of its own, and none of another one's writes."""
    for fan in shape.fans.values():
        keys = {each.key for each in shape.actions[fan.action].foreach}
        for use in shape.actions[fan.action].inputs:
            writer = shape.writer(use.artifact)
            if use.kind == FILES or use.optional or use.artifact in keys or writer is None:
                continue
            source = shape.fan(writer[0])
            if source is not None:
                yield from _missed(shape, fan, use, set(source.members.texts(writer[1].artifact)))


def _missed(shape: Shape, fan: Fan, use: Input, made: set[str]) -> Iterator[Problem]:
    for action, name in enumerate(fan.members.texts(use.artifact), start=fan.low):
        if name not in made:
            message = f"{quoted(shape.paths[action])} would read {quoted(name)}, which nobody writes"
            hint = "give both the same keys with the same items, or read all with kind: files"
            yield Problem(_place(use), message, hint)


def _place(output: Input | Output) -> Place:
    place = output.place or NOWHERE
    return place._replace(path=f"{place.path}.name") if place.file else place
