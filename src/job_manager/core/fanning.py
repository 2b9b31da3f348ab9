"""Fanning out when the time has come: the files that actions have made, and what an artifact's name stands for. Pure.

Raises nothing but ValueError with a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from job_manager.core.fans import given_of
from job_manager.core.shape import Shape
from job_manager.core.state import JobState
from job_manager.model.fanout import MOST
from job_manager.model.hints import Any
from job_manager.model.job import DIRECTORY, FILES, Action, Job, Output
from job_manager.model.members import Members
from job_manager.model.names import artifact_name, folded
from job_manager.model.wording import quoted


def items_of(job: JobState, action: Action) -> list[list[str]]:
    """The items of each key of an action whose turn has come. Raises ValueError when it cannot be fanned out."""
    items = [files_of(job, each.artifact) if each.artifact else each.items() for each in action.foreach]
    look_at_members(job.shape, job.job, Members(action, items))
    return items


def files_of(job: JobState, artifact: str) -> list[str]:
    """The artifacts that a name for several stands for, in order: those that have been made, or given."""
    writer = job.shape.writer(artifact)
    if writer is None:
        return given_of(job.site, artifact) or [artifact]
    action, output = writer
    fan = job.shape.fan(action)
    if fan is None:
        return list(made(job, action, output, output.artifact))
    if job.results.keys().isdisjoint(range(fan.low, fan.high)):
        return []
    names = enumerate(fan.members.texts(output.artifact), start=fan.low)
    return [name for index, one in names if index in job.results for name in made(job, index, output, one)]


def made(job: JobState, action: int, output: Output, name: str) -> Iterator[str]:
    """What an action has made of this output under this name: the artifact, or its files, or nothing."""
    row = result_row(job, action, name)
    if row is None:
        return
    if output.kind != FILES:
        yield name
        return
    for member in inside(row):
        yield f"{name}/{member[0]}"


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


def look_at_members(shape: Shape, job: Job, members: Members) -> None:
    """Raises ValueError when there are too many, and for a name that is none or that is taken: as on a file system that
    ignores case."""
    if len(members) + len(shape.actions) > MOST:
        raise ValueError(f"there would be {len(members):,} actions; the limit for a job is {MOST:,}")
    if not members.written.outputs:
        return
    known = [*shape.artifacts(), *(given.artifact for given in job.inputs)]
    taken = dict.fromkeys(map(folded, known), -1)
    columns = [members.texts(use.artifact) for use in members.written.outputs]
    for number, names in enumerate(zip(*columns, strict=True)):
        for name in names:
            wrong = artifact_name(name)
            if wrong:
                raise ValueError(f"{wrong}, for {quoted(members.name(number))}")
            first = taken.setdefault(folded(name), number)
            if first < 0:
                raise ValueError(f"{quoted(name)}, of {quoted(members.name(number))}, is there already")
            if first != number:
                one, other = members.name(first), members.name(number)
                raise ValueError(f"{quoted(name)} would be written by both {quoted(one)} and {quoted(other)}")
