"""admit(state, said, now) -> events: turns a request or a report into events, or refuses.

A stale or repeated report gives none, nor does a request that was heard before. Knows nothing of where it was said or
who waits for the answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from job_manager.core import events as e
from job_manager.core import said as s
from job_manager.core import table
from job_manager.core.again import members, missed, to_run_again
from job_manager.core.chaining import followed, taken_back
from job_manager.core.ending import TIMEOUT, unknown, why_ended
from job_manager.core.growing import refusal
from job_manager.core.settle import hooks_to_repeat
from job_manager.core.state import JobState, Lease, State
from job_manager.model.errors import Refused
from job_manager.model.hints import Any


def admit(state: State, said: s.Said, now: float) -> list[e.Event]:
    """The events that follow from what was said. Raises Refused (or NotFound) for a request that cannot be met now."""
    return RULES[type(said)](state, said, now)


def _submit(state: State, said: s.SubmitJob, now: float) -> list[e.Event]:
    if said.job in state.jobs:
        return []  # the same request again
    submitted: list[e.Event] = [e.JobSubmitted(said.job, now, said.document, said.site, said.request)]
    if said.paused or said.document["Job"].get("paused"):
        submitted.append(e.JobHeld(said.job, now, "paused", 0.0))
    return submitted


def _resume(state: State, said: s.ResumeJob, now: float) -> list[e.Event]:
    job = state.job(said.job)
    if said.document is not None and job.leases:
        raise Refused(f"job {job.id} cannot take an edited job file while {len(job.leases)} of its attempts are open")
    if job.finished == "succeeded" and said.document is None:
        raise Refused(f"job {job.id} has succeeded; there is nothing to resume")
    if said.document is not None and job.counts[table.LOST] and not said.lost:
        raise Refused(
            f"job {job.id} has {job.counts[table.LOST]} action(s) that may have run already and must not run twice",
            "say --retry-lost if they may run again",
        )
    if said.document is None:
        _refuse_beside_hooks(job)
    # Only what succeeded can be kept, whatever the asker believed, and what it has grown cannot.
    kept = [pair for pair in said.kept if pair[1] < len(job.states) and job.states[pair[1]] == table.SUCCEEDED]
    kept = [pair for pair in kept if not job.shape.written(pair[1]).expand]
    return [e.JobResumed(said.job, now, said.site, said.document, kept, said.lost, said.fans, said.request)]


def _refuse_beside_hooks(job: JobState) -> None:
    """What runs because of how others ended would stand beside them when they run again."""
    busy = [action for action in hooks_to_repeat(job) if action in job.leases]
    if busy:
        raise Refused(f"job {job.id} cannot be taken up while {job.shape.paths[busy[0]]} is at work after a failure")


def _hold(state: State, said: s.HoldJob, now: float) -> list[e.Event]:
    job = state.job(said.job)
    if job.finished:
        return []
    # What a person paused stays so, whatever else stops it.
    why = job.held if job.held == "paused" else said.why
    sooner = not job.held or _seconds(said.grace) < _seconds(job.grace)
    if why == job.held and not sooner:
        return []
    return [e.JobHeld(said.job, now, why, said.grace if sooner else job.grace, said.request)]


def _seconds(grace: float | None) -> float:
    return float("inf") if grace is None else grace


def _release(state: State, said: s.ReleaseJob, now: float) -> list[e.Event]:
    job = state.job(said.job)
    return [e.JobReleased(said.job, now, said.request)] if job.held and not job.finished else []


def _cancel(state: State, said: s.CancelJob, now: float) -> list[e.Event]:
    job = state.job(said.job)
    if job.finished and job.finished != "cancelled":
        raise Refused(f"job {job.id} has ended as {job.finished}; there is nothing to cancel")
    if job.finished or (job.ending and not _sooner(job, job.leases, said.grace)):
        return []
    return [e.JobCancelled(said.job, now, said.grace, said.request)]


def _cancel_action(state: State, said: s.CancelAction, now: float) -> list[e.Event]:
    job = state.job(said.job)
    found = members(job, said.action)
    open_ones = [action for action in found if job.states[action] not in table.FINAL and not unknown(job, action)]
    if not open_ones and not any(job.states[action] == table.CANCELLED for action in found):
        raise Refused(f"{_as_it_is(job, said.action)}; there is nothing to cancel")
    asked = job.leases if job.ending else job.cancelling
    if all(action in asked for action in open_ones) and not _sooner(job, open_ones, said.grace):
        return []
    return [e.ActionCancelled(said.job, said.action, now, said.grace, said.request)]


def _sooner(job: JobState, leases: Iterable[int], grace: float) -> bool:
    return any(grace < job.stopping.get(action, float("inf")) for action in leases)


def _retry(state: State, said: s.RetryActions, now: float) -> list[e.Event]:
    job = state.job(said.job)
    again = to_run_again(job, said)
    _refuse_beside_hooks(job)
    return [e.JobRetried(said.job, now, again, said.request)]


def _skip(state: State, said: s.SkipAction, now: float) -> list[e.Event]:
    job = state.job(said.job)
    if job.ending:
        raise Refused(f"job {job.id} was {ENDED[job.ending]}", "retry it first")
    found = members(job, said.action)
    if not any(job.states[action] in table.TABLE[e.ActionExcused] for action in found):
        return _not_skipped(job, said.action, found)
    _refuse_beside_hooks(job)
    return [e.ActionExcused(said.job, said.action, now, said.request)]


ENDED = {"cancelled": "cancelled", "timeout": "ended when its time had run out"}


def _not_skipped(job: JobState, action: int, found: Sequence[int]) -> list[e.Event]:
    if found and all(one in job.omitted for one in found):
        return []
    if any(job.states[one] in (table.LEASED, table.RUNNING) for one in found):
        raise Refused(f"{_as_it_is(job, action)}: it is at work", "cancel it first")
    if any(missed(job, one) for one in found):
        raise Refused(f"{_as_it_is(job, action)}, for something before it did not succeed", "skip that")
    raise Refused(f"{_as_it_is(job, action)}; there is nothing to skip")


def _as_it_is(job: JobState, action: int) -> str:
    return f"{job.shape.paths[action]} of job {job.id} is {table.NAMES[job.states[action]]}"


def _set_priority(state: State, said: s.SetPriority, now: float) -> list[e.Event]:
    job = state.job(said.job)
    if job.finished:
        raise Refused(f"job {job.id} has ended as {job.finished}; its priority means nothing any more")
    if job.priority == said.priority:
        return []
    return [e.PriorityChanged(said.job, now, said.priority, said.request)]


def _announced(state: State, said: s.WorkerAnnounced, now: float) -> list[e.Event]:
    job = state.job(said.job)
    known = state.workers.get(said.worker)
    offered = (said.slots, said.ahead, said.memory, dict(said.limits), said.waits)
    if said.worker in job.workers and known and known.offer == offered:
        return []
    # Of two announcements the later one counts, in whatever order their jobs are read, and whatever the clock does.
    at = now if known is None or now >= known.at else math.nextafter(known.at, math.inf)
    return [e.WorkerJoined(said.job, said.worker, said.slots, said.ahead, at, said.memory, said.limits, said.waits)]


def _gone(state: State, said: s.WorkerGone, now: float) -> list[e.Event]:
    job = state.job(said.job)
    held = sorted((action, lease) for action, lease in job.leases.items() if lease.worker == said.worker)
    lost: list[e.Event] = [
        taken_back(job, action, now) if action in job.early else e.AttemptLost(said.job, action, lease.attempt, now)
        for action, lease in held
    ]
    return [*lost, e.WorkerLeft(said.job, said.worker, now)] if said.worker in job.workers else lost


def _current(state: State, said: s.AttemptBegan | s.AttemptReturned | s.AttemptEnded) -> JobState | None:
    """The job, if the report is about the lease that is open; a report of any other attempt is stale."""
    job = state.jobs.get(said.job)
    if job is None or job.leases.get(said.action) != Lease(said.worker, said.attempt):
        return None
    return job


def _began(state: State, said: s.AttemptBegan, now: float) -> list[e.Event]:
    job = _current(state, said)
    if job is None or job.states[said.action] != table.LEASED:
        return []
    return [e.ActionStarted(said.job, said.action, said.attempt, said.at)]


def _returned(state: State, said: s.AttemptReturned, now: float) -> list[e.Event]:
    job = _current(state, said)
    if job is None or job.states[said.action] != table.LEASED:
        return []
    return [e.LeaseReturned(said.job, said.action, said.attempt)]


def _ended(state: State, said: s.AttemptEnded, now: float) -> list[e.Event]:
    found = _current(state, said)
    if found is None:
        return []
    if said.action in found.early and not (found.ending and followed(found, said.action)):
        return []  # it cannot be true before the end is heard of that after which it comes; it may be said again then
    job, action, attempt, _, began, ended, reason, code, message, usage, outputs, grown = said
    if not reason:
        done = e.ActionSucceeded(job, action, attempt, began, ended, usage, outputs, message)
        if not state.jobs[job].shape.written(action).expand:
            return [done]
        reason, message = "output-invalid", refusal(state.jobs[job], action, grown)
        if not message:
            return [done, e.Grown(job, action, grown)]
    if reason == "stopped":
        why = why_ended(state.jobs[job]) if state.jobs[job].ending == TIMEOUT else ""
        if not why:
            return [e.AttemptStopped(job, action, attempt, ended)]
        reason, message = TIMEOUT, why
    if reason == "lost":
        return [e.AttemptLost(job, action, attempt, ended)]
    return [e.AttemptFailed(job, action, attempt, began, ended, reason, code, message, usage)]


Rule = Callable[[State, Any, float], list[e.Event]]


def _once(rule: Rule) -> Rule:
    """What a person asked for counts once, however often it is said."""

    def heed(state: State, said: Any, now: float) -> list[e.Event]:
        job = state.jobs.get(said.job)
        return [] if job is not None and said.request in job.requests else rule(state, said, now)

    return heed


RULES: dict[type, Rule] = {
    s.SubmitJob: _once(_submit),
    s.ResumeJob: _once(_resume),
    s.HoldJob: _once(_hold),
    s.ReleaseJob: _once(_release),
    s.CancelJob: _once(_cancel),
    s.CancelAction: _once(_cancel_action),
    s.RetryActions: _once(_retry),
    s.SkipAction: _once(_skip),
    s.SetPriority: _once(_set_priority),
    s.WorkerAnnounced: _announced,
    s.WorkerGone: _gone,
    s.AttemptBegan: _began,
    s.AttemptReturned: _returned,
    s.AttemptEnded: _ended,
}
