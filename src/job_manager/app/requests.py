"""What a person may ask of a job, one function each: from what is meant to the request that the core understands.

Decides nothing: what cannot be is refused by the core.
"""

from __future__ import annotations

from job_manager.core import said as s
from job_manager.core.state import JobState


def cancel(job: JobState, action: int | None, grace: float) -> s.Request:
    """The whole job, or one action; what runs has `grace` seconds."""
    return s.CancelJob(job.id, grace) if action is None else s.CancelAction(job.id, action, grace)


def retry(job: JobState, mode: str, action: int | None) -> s.Request:
    """`failed`: whatever did not succeed, also what may have run already, for a person says so; `from`, `only`: one
    action, with what follows from it or without."""
    return s.RetryActions(job.id, mode, -1 if action is None else action, True)


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
