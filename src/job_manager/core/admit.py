"""admit(state, said, now) -> events: turns a request or a report into events, or refuses.

A stale or repeated report gives none. Knows nothing of where it was said or who waits for the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from job_manager.core import events as e
from job_manager.core import said as s
from job_manager.core import table
from job_manager.core.growing import refusal
from job_manager.core.settle import hooks_to_repeat
from job_manager.core.state import JobState, Lease, State
from job_manager.model.errors import Refused


def admit(state: State, said: s.Said, now: float) -> list[e.Event]:
    """The events that follow from what was said. Raises Refused (or NotFound) for a request that cannot be met now."""
    return RULES[type(said)](state, said, now)


def _submit(state: State, said: s.SubmitJob, now: float) -> list[e.Event]:
    if said.job in state.jobs:
        return []  # the same request again
    submitted: list[e.Event] = [e.JobSubmitted(said.job, now, said.document, said.site)]
    if said.document["Job"].get("paused"):
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
    busy = [] if said.document is not None else [a for a in hooks_to_repeat(job) if a in job.leases]
    if busy:
        raise Refused(f"job {job.id} cannot be taken up while {job.shape.paths[busy[0]]} is at work after a failure")
    # Only what succeeded can be kept, whatever the asker believed, and what it has grown cannot.
    kept = [pair for pair in said.kept if pair[1] < len(job.states) and job.states[pair[1]] == table.SUCCEEDED]
    kept = [pair for pair in kept if not job.shape.written(pair[1]).expand]
    return [e.JobResumed(said.job, now, said.site, said.document, kept, said.lost, said.fans)]


def _hold(state: State, said: s.HoldJob, now: float) -> list[e.Event]:
    job = state.job(said.job)
    if job.finished or (job.held and said.grace >= job.grace):
        return []
    return [e.JobHeld(said.job, now, said.why, said.grace)]


def _announced(state: State, said: s.WorkerAnnounced, now: float) -> list[e.Event]:
    job = state.job(said.job)
    known = state.workers.get(said.worker)
    offered = (said.slots, said.ahead, said.memory, dict(said.limits))
    if said.worker in job.workers and known and (known.slots, known.ahead, known.memory, known.limits) == offered:
        return []
    return [e.WorkerJoined(said.job, said.worker, said.slots, said.ahead, now, said.memory, said.limits)]


def _gone(state: State, said: s.WorkerGone, now: float) -> list[e.Event]:
    job = state.job(said.job)
    held = sorted((action, lease) for action, lease in job.leases.items() if lease.worker == said.worker)
    lost: list[e.Event] = [e.AttemptLost(said.job, action, lease.attempt, now) for action, lease in held]
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
    if _current(state, said) is None:
        return []
    job, action, attempt, _, began, ended, reason, code, message, usage, outputs, grown = said
    if not reason:
        done = e.ActionSucceeded(job, action, attempt, began, ended, usage, outputs, message)
        if not state.jobs[job].shape.written(action).expand:
            return [done]
        reason, message = "output-invalid", refusal(state.jobs[job], action, grown)
        if not message:
            return [done, e.Grown(job, action, grown)]
    if reason == "stopped":
        return [e.AttemptStopped(job, action, attempt, ended)]
    if reason == "lost":
        return [e.AttemptLost(job, action, attempt, ended)]
    return [e.AttemptFailed(job, action, attempt, began, ended, reason, code, message, usage)]


RULES: dict[type, Callable[[State, Any, float], list[e.Event]]] = {
    s.SubmitJob: _submit,
    s.ResumeJob: _resume,
    s.HoldJob: _hold,
    s.WorkerAnnounced: _announced,
    s.WorkerGone: _gone,
    s.AttemptBegan: _began,
    s.AttemptReturned: _returned,
    s.AttemptEnded: _ended,
}
