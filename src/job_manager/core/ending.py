"""What is ended before its time: a job or an action that a person cancelled, or a job that has run out of time.

Part of evolve, and called by it alone. Of such a job the tree is not followed any more: it is over when none of its
attempts is open. Knows nothing of who ends an attempt.
"""

from __future__ import annotations

from collections.abc import Iterable

from job_manager.core import events as e
from job_manager.core import policy, table
from job_manager.core.queueing import out_of_ready, out_of_waiting
from job_manager.core.settle import settle
from job_manager.core.state import Failure, JobState, State
from job_manager.model.errors import InvariantBroken
from job_manager.model.quantity import human

CANCELLED, TIMEOUT = "cancelled", "timeout"
"""What a job is ended for."""


def job_ended(state: State, event: e.JobCancelled | e.JobTimedOut) -> None:
    """Fold that a job is ended; said again, its attempts are ended sooner."""
    job = state.jobs[event.job]
    if job.finished:
        raise InvariantBroken(f"job {job.id}: {type(event).__name__} cannot happen, it has {job.finished}")
    if isinstance(event, e.JobCancelled):
        job.ending = CANCELLED
        job.hear(event.request)
    else:
        job.ending, job.timed_out = TIMEOUT, (event.limit, event.seconds)
    _stop(state, job, list(job.leases), event.grace)
    row = table.TABLE[type(event)]
    for action, before in enumerate(job.states):
        if before in row and not unknown(job, action):
            job.move(action, type(event))
    job.timers = []
    job.undecided = [action for action in job.undecided if unknown(job, action)]
    job.forget_queues()


def action_cancelled(state: State, event: e.ActionCancelled) -> None:
    """Fold that one action is cancelled, or all that is open of a fan-out. What is not under lease is over, and so is
    what cannot run without it."""
    job = state.jobs[event.job]
    job.hear(event.request)
    found = job.stands_for(event.action)
    if job.states[event.action] == table.FANNED:
        found = [action for action in found if job.states[action] not in table.FINAL and not unknown(job, action)]
    leased = [action for action in found if action in job.leases]
    # What waits is over when its turn comes: what follows its end must not begin before.
    over = [action for action in found if action not in job.leases and job.states[action] != table.WAITING]
    for action in found:
        _leave(job, action)
        job.move(action, e.ActionCancelled)
    job.cancelling.update(leased)
    _stop(state, job, leased, event.grace)
    settle(job, finished=[(job.shape.node_of[action], False) for action in over])


def _leave(job: JobState, action: int) -> None:
    """It is in no queue any more."""
    if job.states[action] == table.RETRYING:
        out_of_waiting(job, action)
    elif job.states[action] != table.READY:
        return
    elif action in job.unfanned:
        job.unfanned.remove(action)
    else:
        out_of_ready(job, action)


def _stop(state: State, job: JobState, actions: Iterable[int], grace: float) -> None:
    job.stop(actions, grace)
    state.changed.extend((job.id, action) for action in actions)


def was_cancelled(job: JobState, action: int) -> bool:
    """Whether an attempt that does not succeed is the end of the action, since that was cancelled."""
    return action in job.cancelling or job.ending == CANCELLED


def attempt_over(job: JobState, action: int, early: bool = False) -> bool:
    """Conclude for an attempt of an action that was cancelled, and that has come back without success, that the action
    is over; of one that was `early` others hear only when its turn has come. False where it is not, or where nobody
    knows whether it may run again."""
    is_end = was_cancelled(job, action) or (job.ending and job.states[action] == table.READY)
    job.cancelling.discard(action)
    if not is_end or unknown(job, action):
        return False
    if job.states[action] == table.RETRYING:
        job.undecided.remove(action)
    else:
        job.failures[action] = Failure(job.attempts[action], job.ending or CANCELLED, None, "")
    job.move(action, table.Dropped)
    if not early:
        settle(job, finished=[(job.shape.node_of[action], False)])
    return True


def unknown(job: JobState, action: int) -> bool:
    """Whether its outcome is unknown and it must not run twice: then it is lost, and a person has to know."""
    if job.states[action] != table.RETRYING or action not in job.undecided or job.failures[action].reason != "lost":
        return False
    return not policy.idempotent(job, job.shape.written(action))


def cancel_new(job: JobState, first: int) -> None:
    """What an attempt has printed that ended well while its job was ended."""
    for action in range(first, len(job.states)):
        job.move(action, table.Dropped)


def why_ended(job: JobState) -> str:
    """Of a job that was ended, why, as words that go on from its name; else ""."""
    if job.timed_out is None:
        return CANCELLED if job.ending else ""
    limit, seconds = job.timed_out
    if limit == "wait_timeout":
        return f"it had not begun within its wait_timeout of {human(seconds)}"
    return f"the job's timeout of {human(seconds)} had passed"


def conclude(job: JobState) -> None:
    """Of a job that is ended: whether it is over."""
    job.over = not job.leases and not job.undecided
