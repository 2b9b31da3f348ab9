"""An action's events in words, or those of a job: a line each, with its time, from the journal alone. Pure.

Every kind of event has its words here. Knows no clock and no terminal: who asks says how a time is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from job_manager.core import events as e
from job_manager.core import table
from job_manager.core.ending import why_ended
from job_manager.core.evolve import evolve
from job_manager.core.past import Timed
from job_manager.core.phrases import UNKNOWN, against_in_words, amount, left_out_in_words, reason_in_words
from job_manager.core.state import Failure, JobState, State
from job_manager.model.hints import Any
from job_manager.model.need import MEMORY
from job_manager.model.quantity import human, size_text
from job_manager.model.record import NamedTuple
from job_manager.model.wording import counted, named, quoted

Spelt = Callable[[float], str]
"""How a time (seconds since the epoch) is written where it is read."""

UNBLOCKED, REPEATED = "unblocked", "repeated"  # what evolve itself concludes (core.table), and is no event


class Line(NamedTuple):
    """One event: when it happened, when the journal heard of it (both seconds since the epoch), its name, the path of
    the action it is about or "", and what happened in words."""

    at: float
    recorded: float
    event: str
    path: str
    words: str


def story(history: Iterable[Timed], spelt: Spelt, path: str = "") -> Iterator[Line]:
    """The lines of the action of that path, or with "" of the job and all its actions.

    Follows the action over edits of the job, by its path. Folds a state of its own."""
    teller = _Teller(spelt, path)
    for at, event in history:
        yield from teller.tell(at, event)


class _Teller:
    def __init__(self, spelt: Spelt, path: str) -> None:
        self._state = State()
        self._spelt = spelt
        self._path = path
        self._index = -1  # of the one action, while it is in the job

    def tell(self, at: float, event: e.Event) -> Iterator[Line]:
        was = self._standing(event.job)
        evolve(self._state, event)
        job = self._state.jobs[event.job]
        if not self._path:
            yield self._line(at, event, job)
            return
        if self._index < 0 or isinstance(event, MAKING):
            self._index = _find(job, self._path)
        now = self._standing(event.job)
        if self._concerns(event, was, now):
            yield self._line(at, event, job)
        yield from self._concluded(at, event, was, now)

    def _standing(self, id: str) -> int | None:
        """The state of the one action, None while there is none."""
        job = self._state.jobs.get(id)
        return None if job is None or self._index < 0 else job.states[self._index]

    def _concerns(self, event: e.Event, was: int | None, now: int | None) -> bool:
        """Whether an event is part of the one action's story."""
        if isinstance(event, ABOUT_WORKERS):
            return False
        if isinstance(event, ABOUT_JOBS):
            return isinstance(event, e.JobSubmitted) or was != now or (now is not None and now not in table.FINAL)
        if isinstance(event, e.ActionsSkipped | e.ActionsOmitted):
            return was != now == table.SKIPPED
        return event._asdict()["action"] == self._index or (isinstance(event, ABOUT_MANY) and was != now)

    def _concluded(self, at: float, event: e.Event, was: int | None, now: int | None) -> Iterator[Line]:
        """What has become of it without an event of its own."""
        if now == table.READY and was in (None, table.WAITING, *table.FINAL):
            yield Line(at, at, UNBLOCKED, self._path, "nothing is left to wait for: it may run")
        elif now == table.WAITING and was == table.SUCCEEDED and not isinstance(event, e.JobRetried):
            yield Line(at, at, REPEATED, self._path, "what it follows is to run again, and so it is, too")

    def _line(self, recorded: float, event: e.Event, job: JobState) -> Line:
        action = event._asdict().get("action", -1)
        path = job.shape.paths[action] if action >= 0 else ""
        at = getattr(event, "ended", getattr(event, "at", recorded))
        return Line(at, recorded, e.NAMES[type(event)], path, WORDS[type(event)](event, job, self._spelt))


def _find(job: JobState, path: str) -> int:
    node = job.shape.find(path)
    return -1 if node is None else job.shape.leaf[node]


MAKING = (e.JobSubmitted, e.JobResumed)
ABOUT_JOBS = (
    *(e.JobSubmitted, e.JobHeld, e.JobReleased, e.JobResumed, e.JobRetried, e.JobFinished, e.JobDue),
    *(e.JobCancelled, e.JobTimedOut, e.PriorityChanged),
)
ABOUT_WORKERS = (e.WorkerJoined, e.WorkerLeft)
ABOUT_MANY = (e.ActionCancelled, e.ActionExcused)  # of a fan-out, or of what was skipped for one


# --- the words -------------------------------------------------------------------------------------------------------


def _job_submitted(event: e.JobSubmitted, job: JobState, spelt: Spelt) -> str:
    later = f"; nothing is to start before {spelt(job.site.not_before)}" if job.site.not_before else ""
    return f"the job was submitted, with {counted(job.size, 'action')}{later}"


def _job_held(event: e.JobHeld, job: JobState, spelt: Spelt) -> str:
    return f"{HELD.get(event.why, f'the job was held ({event.why})')}: nothing new starts{_ending(event.grace)}"


HELD = {
    "paused": "the job was paused",
    "interrupted": "the job was interrupted",
    "down": "the supervisor was shut down",
}


def _ending(grace: float | None) -> str:
    if grace is None:
        return ", what runs goes on to its end"
    return f", what runs has {human(grace)} to end" if grace else ", what runs is ended"


def _job_released(event: e.JobReleased, job: JobState, spelt: Spelt) -> str:
    return "the job goes on: it is held no more"


def _job_cancelled(event: e.JobCancelled, job: JobState, spelt: Spelt) -> str:
    return f"somebody cancelled the job: nothing new starts{_ending(event.grace)}"


def _job_timed_out(event: e.JobTimedOut, job: JobState, spelt: Spelt) -> str:
    return f"the job is ended, as {why_ended(job) or f'its {event.limit} had passed'}{_ending(event.grace)}"


def _job_retried(event: e.JobRetried, job: JobState, spelt: Spelt) -> str:
    many = sum(end - first for first, end in event.actions)
    return f"somebody had {counted(many, 'action')} run again: {_first_of(event, job)}"


def _first_of(event: e.JobRetried, job: JobState) -> str:
    actions = [action for first, end in event.actions for action in range(first, min(end, first + 3))]
    many = sum(end - first for first, end in event.actions)
    return named([job.shape.paths[action] for action in actions[:3]], 3, many)


def _priority_changed(event: e.PriorityChanged, job: JobState, spelt: Spelt) -> str:
    return f"somebody gave the job the priority {event.priority:g}"


def _action_cancelled(event: e.ActionCancelled, job: JobState, spelt: Spelt) -> str:
    return f"somebody cancelled {job.shape.paths[event.action]}{_ending(event.grace)}"


def _action_excused(event: e.ActionExcused, job: JobState, spelt: Spelt) -> str:
    return f"somebody had the job go on without {job.shape.paths[event.action]}: it is left out"


def _job_resumed(event: e.JobResumed, job: JobState, spelt: Spelt) -> str:
    edited = ""
    if event.document is not None:
        edited = f" with an edited text or other files; {counted(len(event.kept), 'result')} of before still held"
    lost = ", what was lost too" if event.lost else ""
    return f"somebody had the job go on{edited}: what did not succeed may run again{lost}"


def _job_finished(event: e.JobFinished, job: JobState, spelt: Spelt) -> str:
    return f"the job is over, and {event.state}: {amount(event.counts)}"


def _job_due(event: e.JobDue, job: JobState, spelt: Spelt) -> str:
    return "the time has come before which nothing was to start"


def _worker_joined(event: e.WorkerJoined, job: JobState, spelt: Spelt) -> str:
    if event.waits:
        return f"worker {event.worker} takes nothing, and waits for {event.waits}"
    more = [f"{size_text(event.memory)} of {MEMORY}"] if event.memory else []
    more += [f"{number} of {quoted(name)}" for name, number in event.limits]
    return f"worker {event.worker} came, with {', '.join([counted(event.slots, 'slot'), *more])}"


def _worker_left(event: e.WorkerLeft, job: JobState, spelt: Spelt) -> str:
    return f"worker {event.worker} is there no more"


def _leased(event: e.ActionLeased, job: JobState, spelt: Spelt) -> str:
    return f"attempt {event.attempt} was given to worker {event.worker}"


def _chained(event: e.ActionChained, job: JobState, spelt: Spelt) -> str:
    before = named([job.shape.path(node) for node in event.after[:3]], 3, len(event.after))
    return f"attempt {event.attempt} was given to worker {event.worker}, to begin when {before} has succeeded"


def _returned(event: e.LeaseReturned, job: JobState, spelt: Spelt) -> str:
    return f"attempt {event.attempt} was given back before it began; that costs nothing"


def _started(event: e.ActionStarted, job: JobState, spelt: Spelt) -> str:
    return f"attempt {event.attempt} began"


def _stopped(event: e.AttemptStopped, job: JobState, spelt: Spelt) -> str:
    if job.states[event.action] == table.CANCELLED:
        return f"attempt {event.attempt} has ended, and with it the action, for that was cancelled"
    return f"attempt {event.attempt} was ended, because the job was held; that costs nothing"


def _attempt_lost(event: e.AttemptLost, job: JobState, spelt: Spelt) -> str:
    return f"attempt {event.attempt} is lost: {UNKNOWN}"


def _attempt_failed(event: e.AttemptFailed, job: JobState, spelt: Spelt) -> str:
    failure = Failure(event.attempt, event.reason, event.code, event.message)
    took = human(max(0.0, event.ended - event.began))
    return f"attempt {event.attempt} failed after {took} ({event.reason}): {reason_in_words(failure)}"


def _retry_planned(event: e.RetryPlanned, job: JobState, spelt: Spelt) -> str:
    return f"it is tried again at {spelt(event.due)}"


def _retried(event: e.ActionRetried, job: JobState, spelt: Spelt) -> str:
    return "it may be tried again"


def _succeeded(event: e.ActionSucceeded, job: JobState, spelt: Spelt) -> str:
    made = f", with {counted(len(event.outputs), 'output')}" if event.outputs else ""
    note = f": {event.note}" if event.note else ""
    return f"attempt {event.attempt} succeeded after {human(max(0.0, event.ended - event.began))}{made}{note}"


def _failed(event: e.ActionFailed, job: JobState, spelt: Spelt) -> str:
    return f"it failed for good: {against_in_words(job, event.action, job.failures[event.action])}"


def _lost(event: e.ActionLost, job: JobState, spelt: Spelt) -> str:
    return f"it is lost: {against_in_words(job, event.action, job.failures[event.action])}"


def _skipped(event: e.ActionsSkipped, job: JobState, spelt: Spelt) -> str:
    return f"{_many(event, job)} skipped, because {job.shape.paths[event.because]} did not succeed"


def _omitted(event: e.ActionsOmitted, job: JobState, spelt: Spelt) -> str:
    return f"{_many(event, job)} left out: {left_out_in_words(job, event.node)}"


def _many(event: e.ActionsSkipped | e.ActionsOmitted, job: JobState) -> str:
    first, more = job.shape.paths[event.first], event.end - event.first - 1
    return f"{first} and {more} more were" if more else f"{first} was"


def _fanned_out(event: e.FannedOut, job: JobState, spelt: Spelt) -> str:
    fan = job.shape.fan(event.action)
    return f"its items are known: it stands for {counted(fan.high - fan.low if fan else 0, 'action')}"


def _fan_out_failed(event: e.FanOutFailed, job: JobState, spelt: Spelt) -> str:
    return f"it could not be fanned out: {event.message}"


def _grown(event: e.Grown, job: JobState, spelt: Spelt) -> str:
    graft = job.shape.grown.get(job.shape.node_of[event.action])
    return f"what it printed was put below it: {counted(graft.high - graft.low if graft else 0, 'action')}"


WORDS: Mapping[type, Callable[[Any, JobState, Spelt], str]] = MappingProxyType(
    {
        e.JobSubmitted: _job_submitted,
        e.JobHeld: _job_held,
        e.JobResumed: _job_resumed,
        e.JobFinished: _job_finished,
        e.JobDue: _job_due,
        e.WorkerJoined: _worker_joined,
        e.WorkerLeft: _worker_left,
        e.ActionLeased: _leased,
        e.ActionChained: _chained,
        e.LeaseReturned: _returned,
        e.ActionStarted: _started,
        e.AttemptStopped: _stopped,
        e.AttemptLost: _attempt_lost,
        e.AttemptFailed: _attempt_failed,
        e.RetryPlanned: _retry_planned,
        e.ActionRetried: _retried,
        e.ActionSucceeded: _succeeded,
        e.ActionFailed: _failed,
        e.ActionLost: _lost,
        e.ActionsSkipped: _skipped,
        e.ActionsOmitted: _omitted,
        e.FannedOut: _fanned_out,
        e.FanOutFailed: _fan_out_failed,
        e.Grown: _grown,
        e.JobReleased: _job_released,
        e.JobCancelled: _job_cancelled,
        e.ActionCancelled: _action_cancelled,
        e.JobTimedOut: _job_timed_out,
        e.JobRetried: _job_retried,
        e.ActionExcused: _action_excused,
        e.PriorityChanged: _priority_changed,
    }
)
