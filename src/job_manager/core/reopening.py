"""What a person has run again, or left out: the tree is settled anew over everything that stays as it is.

Part of evolve, and called by it alone. Costs the size of the job, each time a person asks.
"""

from __future__ import annotations

from job_manager.core import events as e
from job_manager.core import table
from job_manager.core.queueing import out_of_waiting
from job_manager.core.settle import settle_anew
from job_manager.core.state import JobState, State

OPEN = (table.WAITING, table.READY, table.FANNED)  # these have no past to forget


def job_retried(state: State, event: e.JobRetried) -> None:
    """Fold that some actions are to run again."""
    job = state.jobs[event.job]
    job.hear(event.request)
    _open(job, event.at)
    if job.held != "paused":  # a person wants it to run
        job.held = ""
    for first, end in event.actions:
        for action in range(first, end):
            if job.states[action] not in OPEN:
                _again(job, action)
    _settle_anew(job)


def _again(job: JobState, action: int) -> None:
    if job.states[action] == table.RETRYING:
        out_of_waiting(job, action)
    job.move(action, e.JobRetried)
    for noted in (job.results, job.notes, job.spent, job.losses, job.starved):
        noted.pop(action, None)
    job.omitted.discard(action)
    job.excused.discard(action)


def action_excused(state: State, event: e.ActionExcused) -> None:
    """Fold that one action is left out, or what is left of a fan-out."""
    job = state.jobs[event.job]
    job.hear(event.request)
    _open(job, event.at)
    row, found = table.TABLE[e.ActionExcused], job.stands_for(event.action)
    if job.states[event.action] == table.FANNED:
        found = [action for action in found if job.states[action] in row]
    for action in found:
        if job.states[action] == table.RETRYING:
            out_of_waiting(job, action)
        job.move(action, e.ActionExcused)
    job.excused.update(found)
    job.omitted.update(found)
    for other in _in(job, table.SKIPPED):
        if other not in job.omitted:
            job.move(other, table.Revived)
    _settle_anew(job)


def _open(job: JobState, at: float) -> None:
    """A job that was at its end is open again, whatever held or ended it."""
    if not job.finished:
        return
    job.finished, job.finished_at, job.held = "", 0.0, ""
    job.ending, job.timed_out = "", None
    job.wait_from(at)


def _settle_anew(job: JobState) -> None:
    """What is left out by a condition is asked again, since what it asks for may be different then."""
    for action in _in(job, table.READY):
        job.move(action, table.Revived)
    for action in sorted(job.omitted - job.excused):
        job.move(action, table.Revived)
    for action in _that_mind(job):
        out_of_waiting(job, action)
        job.move(action, table.Repeated)
    job.reset_tree()
    settle_anew(job)


def _that_mind(job: JobState) -> list[int]:
    """What waits to be tried again and has begun because of how others ended: these may not be over any more."""
    below = {action for node in job.shape.minding for action in job.shape.below(node)}
    return [action for action in sorted(below) if job.states[action] == table.RETRYING]


def _in(job: JobState, state: int) -> list[int]:
    return [action for action, found in enumerate(job.states) if found == state]
