"""What the original's users see of a run: steps, modules and their output as log records, progress before each step.

Watches a run and writes to a logger; decides nothing and knows no terminal.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from job_manager.app.original_tail import Tail
from job_manager.core import events as e
from job_manager.core.shape import Shape
from job_manager.core.state import Failure, JobState
from job_manager.model.job import Action, ModuleCall
from job_manager.worker.layout import Layout

POLL = 0.1  # seconds between two looks at the output of what runs
SHARE = 0.05  # seconds of writing log records at a time, so that much output never holds up the run itself
LAST = 1.0  # seconds of telling the rest to somebody who has interrupted
STREAMS = (("log", logging.INFO), ("err", logging.ERROR))

Ended = e.ActionSucceeded | e.AttemptFailed | e.AttemptStopped | e.AttemptLost
StepBegins = Callable[[int, int, str], None]


def no_progress(number: int, total: int, name: str) -> None:
    """For those who do not ask."""


class Stream:
    """One stream of one attempt: where its lines are read, and how they are logged."""

    def __init__(self, module: str, level: int, path: str) -> None:
        self.module = module
        self.level = level
        self.tail = Tail(path)


class Record:
    """A line of the account itself, waiting for the output that comes before it."""

    def __init__(self, level: int, text: str) -> None:
        self.level = level
        self.text = text


class Account:
    """An observer of one run. `step_begins(number from 1, total, name)` is called before anything of a step starts."""

    def __init__(self, layout: Layout, logger: logging.Logger, step_begins: StepBegins = no_progress) -> None:
        self._layout = layout
        self._logger = logger
        self._step_begins = step_begins
        self._step = 0  # of the steps that have begun, the number of the last
        self._live: dict[tuple[int, int], list[Stream]] = {}
        self._waiting: deque[Stream | Record] = deque()
        self._planned: set[int] = set()
        self.interval: float | None = None  # seconds until the next look; see host.Observer

    def _streams(self) -> Iterable[Stream]:
        return (stream for streams in self._live.values() for stream in streams)

    # --- being told ---------------------------------------------------------------------------------------------

    def happened(self, job: JobState, events: Sequence[e.Event]) -> None:
        """These events are in the journal, and what they order has not started yet."""
        for event in events:
            told = TOLD.get(type(event))
            if told is not None:
                told(self, job, event)
        self._write(SHARE)

    def tick(self, job: JobState) -> None:
        """Log what has been written since."""
        self._write(SHARE)

    def interrupted(self, job: JobState, times: int) -> None:
        """The run is to stop."""
        running = len(job.leases)
        what = "ends now" if times > 1 else "is asked to end; once more ends it at once"
        self._say(logging.WARNING, f"Interrupted: nothing new starts, what runs ({running}) {what}")
        self._write(SHARE)

    def noted(self, job: JobState, action: int, message: str) -> None:
        """Something is to be known."""
        subject = job.job.name if action < 0 else job.shape.paths[action]
        self._say(logging.WARNING, f"{subject}: {message}")
        self._write(SHARE)

    def finish(self, job: JobState, hurried: Callable[[], bool] = lambda: False) -> None:
        """The run is over: log all that is left; or no more than LAST seconds of it, when somebody is in a hurry."""
        for key in list(self._live):
            self._end(*key)
        if job.finished == "succeeded":
            self._enter(job, len(job.job.children))  # steps without entries at the end
        try:
            while self._waiting and not hurried():
                self._write(SHARE)
            self._write(LAST)
        except KeyboardInterrupt:
            pass  # the run is over: what is interrupted is the telling
        self._cut_short()

    def _cut_short(self) -> None:
        left_out = any(isinstance(waiting, Stream) for waiting in self._waiting)
        self._waiting = deque(waiting for waiting in self._waiting if isinstance(waiting, Record))
        if left_out:
            self._say(logging.WARNING, f"The rest of the output is not shown; all of it is in {self._layout.logs}")
        self._write(LAST)

    def _leased(self, job: JobState, event: e.ActionLeased) -> None:
        self._enter(job, step_of(job.shape, event.action))

    def _enter(self, job: JobState, step: int) -> None:
        """Say that the steps up to this one begin, in order; those without entries begin with the next."""
        total = len(job.job.children)
        while self._step < step:
            node = job.job.children[self._step]
            self._step += 1
            name = node.title or node.name
            self._say(logging.INFO, f"Running step {name}")
            try:
                self._step_begins(self._step, total, name)
            except Exception as error:  # theirs: it is told, and the job goes on
                self._say(logging.ERROR, f"Progress callback failed: {type(error).__name__}: {error}")

    def _started(self, job: JobState, event: e.ActionStarted) -> None:
        self._enter(job, step_of(job.shape, event.action))  # it may have been leased before its step began
        self._say(logging.INFO, f"Running module {_name(job, event.action)}")
        self._begin(job, event.action, event.attempt)

    def _begin(self, job: JobState, action: int, attempt: int) -> None:
        path, name = job.shape.paths[action], _name(job, action)
        self._live[action, attempt] = [
            Stream(name, level, self._layout.log(path, attempt, stream)) for stream, level in STREAMS
        ]

    def _ended(self, job: JobState, event: Ended) -> None:
        self._enter(job, step_of(job.shape, event.action))
        if (event.action, event.attempt) not in self._live:
            self._begin(job, event.action, event.attempt)  # over before anybody heard that it began
        self._end(event.action, event.attempt)

    def _end(self, action: int, attempt: int) -> None:
        self._waiting.extend(self._live.pop((action, attempt)))

    def _retried(self, job: JobState, event: e.RetryPlanned | e.ActionRetried) -> None:
        if isinstance(event, e.ActionRetried) and event.action in self._planned:
            self._planned.discard(event.action)  # that has been said
            return
        if isinstance(event, e.RetryPlanned):
            self._planned.add(event.action)
        why = reason(job.failures.get(event.action))
        self._say(logging.WARNING, f"Module {_name(job, event.action)} is tried again: {why}")

    def _failed(self, job: JobState, event: e.ActionFailed | e.ActionLost) -> None:
        why = reason(job.failures.get(event.action))
        self._say(logging.ERROR, f"Failed to run module {_name(job, event.action)}: {why}")

    def _skipped(self, job: JobState, event: e.ActionsSkipped) -> None:
        because = job.shape.paths[event.because]
        self._say(logging.WARNING, f"Not run: {event.end - event.first} entries that follow {because}")

    # --- writing ------------------------------------------------------------------------------------------------

    def _say(self, level: int, text: str) -> None:
        self._waiting.append(Record(level, text))

    def _write(self, seconds: float) -> None:
        """What is over first and in order, then what is being written."""
        stop = time.monotonic() + seconds
        while self._waiting and time.monotonic() < stop:
            first = self._waiting[0]
            if isinstance(first, Record):
                self._logger.log(first.level, "%s", first.text)
                self._waiting.popleft()
            elif not self._log_chunk(first):
                self._log(first, first.tail.close())
                self._waiting.popleft()
        for stream in self._streams():
            while time.monotonic() < stop and self._log_chunk(stream):
                pass
        behind = bool(self._waiting) or any(stream.tail.more for stream in self._streams())
        self.interval = 0.0 if behind else POLL if self._live else None

    def _log_chunk(self, stream: Stream) -> bool:
        self._log(stream, stream.tail.read())
        return stream.tail.more

    def _log(self, stream: Stream, lines: Iterable[str]) -> None:
        for line in lines:
            self._logger.log(stream.level, "%s: %s", stream.module, line)


TOLD: dict[type, Callable[..., None]] = {
    e.ActionLeased: Account._leased,
    e.ActionStarted: Account._started,
    e.ActionSucceeded: Account._ended,
    e.AttemptFailed: Account._ended,
    e.AttemptStopped: Account._ended,
    e.AttemptLost: Account._ended,
    e.RetryPlanned: Account._retried,
    e.ActionRetried: Account._retried,
    e.ActionFailed: Account._failed,
    e.ActionLost: Account._failed,
    e.ActionsSkipped: Account._skipped,
}


def step_of(shape: Shape, action: int) -> int:
    """The number, from 1, of the step in which the action stands."""
    node = shape.node_of[action]
    while shape.parent[node] > 0:
        node = shape.parent[node]
    return next(number for number, step in enumerate(shape.children(0), start=1) if step == node)


def reason(failure: Failure | None) -> str:
    """Why an action failed, in the original's words where it had some."""
    if failure is None or failure.reason == "lost":
        return "its outcome is unknown"
    if failure.reason == "code":
        return f"Exit code {failure.code}"
    return failure.message or failure.reason


def called(action: Action) -> str:
    """The name under which an entry's output is logged: its module's, or its own."""
    return action.work.module if isinstance(action.work, ModuleCall) else action.title or action.name


def _name(job: JobState, action: int) -> str:
    return called(job.shape.actions[action])
