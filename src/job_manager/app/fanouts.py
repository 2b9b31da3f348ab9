"""Fan-outs before the start: names that two actions would both write, names that one reads and none writes, and more
actions than a job may have.

Looks at those whose items are known; the others are looked at when they are. Knows no file format.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from job_manager.core.fans import outputs_of, shape_of
from job_manager.core.shape import Fan, Shape
from job_manager.model.errors import NOWHERE, Place, Problem
from job_manager.model.fanout import MOST
from job_manager.model.job import FILES, Input, Job, Output
from job_manager.model.names import artifact_name, folded
from job_manager.model.site import Site
from job_manager.model.template import fill
from job_manager.model.wording import quoted

SAID = 20  # of one job: the others are of the same sort


def fan_out_problems(job: Job, site: Site) -> Iterator[Problem]:
    """What is wrong with the fan-outs of a checked job, at most a few of a sort."""
    shape = shape_of(job, site)
    if not shape.fans:
        return
    if len(shape.actions) > MOST:
        place = Place(job.source, 0, 0)
        yield Problem(place, f"the job has {len(shape.actions):,} actions; the limit is {MOST:,}")
        return
    written = (index for index in range(shape.actions.written) if not shape.actions[index].foreach)
    taken = {folded(use.artifact): "" for index in written for use in shape.actions[index].outputs}
    taken |= {folded(given.artifact): "" for given in job.inputs}
    yield from islice(_clashes(shape, taken), SAID)
    yield from islice(_unwritten(shape), SAID)


def _clashes(shape: Shape, taken: dict[str, str]) -> Iterator[Problem]:
    for fan in shape.fans.values():
        written = shape.actions[fan.action]
        for number in range(len(fan.members)):
            outputs = fan.members.outputs(number)
            for use, as_written in zip(outputs, written.outputs, strict=True):
                name, path = folded(use.artifact), shape.paths[fan.low + number]
                wrong = artifact_name(use.artifact)
                if wrong:
                    yield Problem(_place(as_written), f"{wrong}, for {quoted(path)}")
                elif name in taken:
                    other = f"{quoted(taken[name])} also writes it" if taken[name] else "it is there already"
                    message = f"{quoted(path)} would write {quoted(use.artifact)}, and {other}"
                    yield Problem(_place(as_written), message, "put something into the name that tells the items apart")
                else:
                    taken[name] = path


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
                yield from _missed(shape, fan, use, {made.artifact for _, made in outputs_of(shape, source, writer[1])})


def _missed(shape: Shape, fan: Fan, use: Input, made: set[str]) -> Iterator[Problem]:
    for number in range(len(fan.members)):
        name = fill(use.artifact, fan.members.filling(number))
        if name not in made:
            message = f"{quoted(shape.paths[fan.low + number])} would read {quoted(name)}, which nobody writes"
            hint = "give both the same keys with the same items, or read all with kind: files"
            yield Problem(_place(use), message, hint)


def _place(output: Input | Output) -> Place:
    place = output.place or NOWHERE
    return place._replace(path=f"{place.path}.name") if place.file else place
