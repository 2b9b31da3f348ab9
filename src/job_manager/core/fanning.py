"""Fanning out: which items the keys of a written action have, and when that is known. Pure.

Values, ranges and a person's files are known from the start; files that an action makes, once it has made them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from job_manager.core.shape import Fan, Shape
from job_manager.model.fanout import MOST, Each, Members
from job_manager.model.job import DIRECTORY, FILES, Action, Job, Output
from job_manager.model.names import artifact_name, folded
from job_manager.model.site import Site
from job_manager.model.template import fill
from job_manager.model.wording import quoted

if TYPE_CHECKING:
    from job_manager.core.state import JobState

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
        return _given(site, each.artifact) or None
    action, output = writer
    fan = shape.fan(action)
    if fan is None or output.kind == FILES or output.optional:
        return None
    return [use.artifact for _, use in outputs_of(shape, fan, output)]


def _given(site: Site, artifact: str) -> list[str]:
    beginning = f"{artifact}/"
    return [given.name for given in site.inputs if given.name.startswith(beginning)]


def outputs_of(shape: Shape, fan: Fan, output: Output) -> Iterator[tuple[int, Output]]:
    """This output (as it is written) of every action of a fan-out in order, with the action's index."""
    place = shape.actions[fan.action].outputs.index(output)
    for number in range(len(fan.members)):
        yield fan.low + number, fan.members.outputs(number)[place]


def items_of(job: JobState, action: Action) -> list[list[str]]:
    """The items of each key of an action whose turn has come. Raises ValueError when it cannot be fanned out."""
    items = [files_of(job, each.artifact) if each.artifact else each.items() for each in action.foreach]
    members = Members(action, items)
    if len(members) + len(job.states) > MOST:
        raise ValueError(f"there would be {len(members):,} actions; the limit for a job is {MOST:,}")
    _look_at_names(job, members)
    return items


def files_of(job: JobState, artifact: str) -> list[str]:
    """The artifacts that a name for several stands for, in order: those that have been made, or given."""
    writer = job.shape.writer(artifact)
    if writer is None:
        return _given(job.site, artifact) or [artifact]
    action, output = writer
    fan = job.shape.fan(action)
    written = [(action, output)] if fan is None else outputs_of(job.shape, fan, output)
    return [name for index, use in written for name in _made(job, index, use)]


def _made(job: JobState, action: int, output: Output) -> Iterator[str]:
    row = result_row(job, action, output.artifact)
    if row is None:
        return
    if output.kind != FILES:
        yield output.artifact
        return
    for member in inside(row):
        yield f"{output.artifact}/{member[0]}"


def result_row(job: JobState, action: int, artifact: str) -> Sequence[Any] | None:
    """What the journal says of an artifact that an action has made, or None."""
    return next((row for row in job.results.get(action, ()) if row[0] == artifact), None)


def inside(row: Sequence[Any]) -> Sequence[Sequence[Any]]:
    """The files of an artifact of kind `files`: rows of name, inode, size, mtime."""
    return row[6].get("files", ()) if len(row) > 6 else ()


def is_list(job: JobState, artifact: str) -> bool:
    """Whether an artifact's name stands for several files: of a fan-out, or of kind `files`."""
    writer = job.shape.writer(artifact)
    if writer is None:
        return any(given.kind == FILES for given in job.job.inputs if given.artifact == artifact)
    action, output = writer
    return bool(job.shape.actions[action].foreach) or output.kind == FILES


def is_directory(job: JobState, artifact: str) -> bool:
    """Whether it lies in the store as a directory."""
    writer = job.shape.writer(artifact)
    return writer is not None and writer[1].kind in (DIRECTORY, FILES)


def _look_at_names(job: JobState, members: Members) -> None:
    """Raises ValueError for a name that is none, or that is taken: as on a file system that ignores case."""
    if not members.written.outputs:
        return
    known = [*job.shape.artifacts(), *(given.artifact for given in job.job.inputs)]
    taken = dict.fromkeys(map(folded, known), -1)
    for number in range(len(members)):
        filling = members.filling(number)
        for use in members.written.outputs:
            name = fill(use.artifact, filling)
            wrong = artifact_name(name)
            if wrong:
                raise ValueError(f"{wrong}, for {quoted(members.name(number))}")
            first = taken.setdefault(folded(name), number)
            if first < 0:
                raise ValueError(f"{quoted(name)}, of {quoted(members.name(number))}, is there already")
            if first != number:
                one, other = members.name(first), members.name(number)
                raise ValueError(f"{quoted(name)} would be written by both {quoted(one)} and {quoted(other)}")
