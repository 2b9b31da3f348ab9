"""What a person may ask of a job, one function each: from what is meant to the request that the core understands.

Decides nothing: what cannot be is refused by the core.
"""

from __future__ import annotations

import os

from job_manager.core import said as s
from job_manager.core import table
from job_manager.core.again import to_run_again
from job_manager.core.state import JobState
from job_manager.worker.layout import Layout


def cancel(job: JobState, action: int | None, grace: float) -> s.Request:
    """The whole job, or one action; what runs has `grace` seconds."""
    return s.CancelJob(job.id, grace) if action is None else s.CancelAction(job.id, action, grace)


def retry(job: JobState, layout: Layout, mode: str, action: int | None) -> s.Request:
    """`failed`: whatever did not succeed, also what may have run already, for a person says so; `from`, `only`: one
    action, with what follows from it or without. What these read and is not there any more is made again, too."""
    asked = s.RetryActions(job.id, mode, -1 if action is None else action, True)
    while True:
        again = {one for first, end in to_run_again(job, asked) for one in range(first, end)}
        gone = sorted(_makers_of_what_is_gone(job, layout, again) - again)
        if not gone:
            return asked
        asked = asked._replace(also=[*asked.also, *gone])


def _makers_of_what_is_gone(job: JobState, layout: Layout, readers: set[int]) -> set[int]:
    """Actions that succeeded, and whose artifacts are read by one of the readers and have been removed."""
    read = {use.artifact for index in readers for use in job.shape.actions[index].inputs}
    writers = {found[0] for found in map(job.shape.writer, read) if found is not None}
    makers = {one for writer in writers for one in job.stands_for(writer) if job.states[one] == table.SUCCEEDED}
    return {maker for maker in makers if _is_gone(job, layout, maker)}


def _is_gone(job: JobState, layout: Layout, maker: int) -> bool:
    public = {output.artifact: output.public for output in job.shape.actions[maker].outputs}
    made = (row[0] for row in job.results.get(maker, ()) if row[0] in public)
    return not all(os.path.exists(layout.store.path(name, public[name])) for name in made)


def skip(job: JobState, action: int | None) -> s.Request:
    """Go on without the action."""
    assert action is not None
    return s.SkipAction(job.id, action)


def pause(job: JobState) -> s.Request:
    """Nothing more starts, what runs goes on."""
    return s.HoldJob(job.id, "paused", None)


def unpause(job: JobState) -> s.Request:
    """It goes on."""
    return s.ReleaseJob(job.id)


def prioritise(job: JobState, priority: float) -> s.Request:
    """Another priority."""
    return s.SetPriority(job.id, priority)
