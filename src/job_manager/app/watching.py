"""A run seen from outside: the events as plain notices, and how far each task is. An observer for screens.

Counts what changed, never the whole job again. Knows no terminal.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from job_manager.app.calls import has_orders, order_of
from job_manager.core import events as e
from job_manager.core import table
from job_manager.core.state import JobState
from job_manager.model.hints import TYPE_CHECKING, Protocol
from job_manager.model.quantity import human
from job_manager.model.record import NamedTuple
from job_manager.model.wording import counted as counted
from job_manager.worker.layout import Layout

if TYPE_CHECKING:
    from job_manager.app.progress import LogProgress

CALLS_INTERVAL = 1.0  # seconds between two looks at the calls of orders where nothing is drawn
LEFT, RUNNING, RETRYING, DONE, FAILED, SKIPPED, LOST, CANCELLED, OPENED = range(9)
GROUPS = {
    table.WAITING: LEFT,
    table.READY: LEFT,
    table.LEASED: LEFT,
    table.RUNNING: RUNNING,
    table.RETRYING: RETRYING,
    table.SUCCEEDED: DONE,
    table.FAILED: FAILED,
    table.LOST: LOST,
    table.CANCELLED: CANCELLED,
    table.SKIPPED: SKIPPED,
    table.FANNED: OPENED,  # it stands for others, and is not counted itself
}


class Notice(NamedTuple):
    """Something worth a line. `kind`: step-began, step-ended, call (of an order), done, failed, retry, lost (the
    attempt), unknown (the action is lost), stopped, note. `subject`: the task or action; `seconds` it took; `attempt`
    of an action; `message`: why, or what came of the task, in words."""

    kind: str
    subject: str
    seconds: float = 0.0
    attempt: int = 0
    message: str = ""


class Step:
    """A child of the job: its name, its node of the shape, and how many of its actions are in each group."""

    __slots__ = ("began", "counts", "ended", "name", "node")

    def __init__(self, name: str, node: int) -> None:
        self.name = name
        self.node = node
        self.counts = [0] * len(WORDS)
        self.began = 0.0  # seconds since the epoch, 0 while nothing of it has begun
        self.ended = 0.0

    @property
    def total(self) -> int:
        """How many actions it has, as far as is known."""
        return sum(self.counts[:OPENED])

    @property
    def over(self) -> bool:
        """Nothing of it is left to happen."""
        return not any(self.counts[LEFT:DONE])


class Row(NamedTuple):
    """An action that runs at this moment: its path, since when (seconds since the epoch), how far (0-100 or None), and
    the message that it gave, or ""."""

    path: str
    began: float
    percent: float | None
    message: str = ""


class Screen(Protocol):
    """Who is told. `interval`: seconds between two `draw`, None for never; `hears`: whether it wants to know more than
    that the job is opened."""

    interval: float | None
    hears: bool

    def opened(self, watch: Watch) -> None:
        """The job is in the journal and about to start, or to go on."""

    def told(self, watch: Watch, notices: Sequence[Notice]) -> None:
        """These things have happened."""

    def draw(self, watch: Watch) -> None:
        """A moment to show how things stand."""

    def stopping(self, watch: Watch, times: int) -> None:
        """Somebody asked to stop, for the first or second time."""


class Watch:
    """An observer (see app.observing) that keeps the counts and tells a screen. `job` is there once `opened`."""

    job: JobState

    def __init__(self, screen: Screen, jobs: str) -> None:
        self._screen = screen
        self._jobs = jobs
        self.steps: list[Step] = []
        self.interval = screen.interval  # how often the host should let us draw
        self.opened = False
        self.started = 0.0  # when this run began to watch, seconds since the epoch
        self.done_before = 0
        self.totals = [0] * len(WORDS)  # how many actions are in each group
        self._running: dict[int, None] = {}  # in the order in which they began
        self._logs: dict[int, LogProgress] = {}
        self._told: dict[int, str] = {}  # of an order, the call that was told last

    # --- the observer ---------------------------------------------------------------------------------------------

    def happened(self, job: JobState, events: Sequence[e.Event]) -> None:
        """See app.observing.Observer."""
        if self.opened and not self._screen.hears:
            return  # to follow every action for nobody costs a tenth of a run of short ones
        if not self.opened or any(isinstance(event, e.WorkerJoined) for event in events):
            self._count_all(job)
        notices = [notice for event in events for notice in self._heed(event)]
        if notices:
            self._screen.told(self, _in_order(notices))

    def tick(self, job: JobState) -> None:
        """See app.observing.Observer."""
        if self._screen.interval is None and self.interval:
            self._tell_calls()
        self._screen.draw(self)

    def _tell_calls(self) -> None:
        """Where nothing is drawn, the call that an order makes is a notice; what is over at once is passed over."""
        now = time.time()
        rows = {index: self._row(index) for index in self._running if now - self.job.began[index] >= CALLS_INTERVAL}
        fresh = {index: row for index, row in rows.items() if row.message and row.message != self._told.get(index)}
        self._told.update((index, row.message) for index, row in fresh.items())
        if fresh:
            self._screen.told(self, [Notice("call", row.path, message=row.message) for row in fresh.values()])

    def interrupted(self, job: JobState, times: int) -> None:
        """See app.observing.Observer."""
        self._screen.stopping(self, times)

    def noted(self, job: JobState, action: int, message: str) -> None:
        """See app.observing.Observer."""
        if self.opened:
            subject = job.job.name if action < 0 else job.shape.paths[action]
            self._screen.told(self, [Notice("note", subject, message=message)])

    # --- counting -------------------------------------------------------------------------------------------------

    def _count_all(self, job: JobState) -> None:
        """Begin anew: at the start, and when a worker joins a job that may have been revised since."""
        self.job = job
        self.steps = list(steps_of(job))
        self._firsts = [job.shape.low[step.node] for step in self.steps]
        fans = [(fan.low, fan.action) for fan in job.shape.fans.values() if fan.low < fan.high]
        grown = [(graft.low, graft.action) for graft in job.shape.grown.values() if graft.low < graft.high]
        self._fans = sorted(fans + grown)
        self._group = bytearray(GROUPS[state] for state in job.states)
        for step in self.steps:
            step.began = _began(job, step) if step.counts[RUNNING] else 0.0
        self.totals = [self._group.count(group) for group in range(len(WORDS))]
        self._running = {index: None for index in range(len(self._group)) if self._group[index] == RUNNING}
        self._logs = {}
        if self.interval is None and self._screen.hears and has_orders(job):
            self.interval = CALLS_INTERVAL
        if not self.opened:
            self.opened = True
            self.started = time.time()
            self.done_before = self.totals[DONE]
            self._screen.opened(self)

    def _heed(self, event: e.Event) -> Iterator[Notice]:
        if isinstance(event, e.ActionsSkipped | e.ActionsOmitted):
            for span in self.job.shape.spans(event.first, event.end):
                for index in range(*span):
                    yield from self._move(index)
        elif isinstance(event, e.FannedOut):
            yield from self._open(event)
        elif isinstance(event, e.Grown):
            self._grow(event)
        elif isinstance(event, e.FanOutFailed):
            yield from self._begin(event.action, event.at)
            yield self._notice("failed", event.action, 0, 0.0, event.message)
            yield from self._move(event.action)
        elif isinstance(event, e.ActionStarted):
            yield from self._begin(event.action, event.at)
            yield from self._move(event.action)
        elif isinstance(event, ABOUT_ACTIONS):
            yield from self._say(event)
            yield from self._move(event.action)

    def _open(self, event: e.FannedOut) -> Iterator[Notice]:
        """The actions of a fan-out take their places, all of them left to do."""
        fan = self.job.shape.fan(event.action)
        if fan is None or len(self._group) >= fan.high > fan.low:
            return  # counted when everything was
        size = fan.high - fan.low
        self._group.extend(bytes([LEFT]) * size)
        if size:
            self._fans.append((fan.low, fan.action))
        for counts in (self._step_of(event.action).counts, self.totals):
            counts[LEFT] += size
        yield from self._move(event.action)

    def _grow(self, event: e.Grown) -> None:
        """What a command has printed takes its place, all of it left to do."""
        graft = self.job.shape.grown.get(self.job.shape.node_of[event.action])
        if graft is None or len(self._group) >= graft.high > graft.low:
            return  # counted when everything was
        size = graft.high - graft.low
        self._group.extend(bytes([LEFT]) * size)
        if size:
            self._fans.append((graft.low, event.action))
        for counts in (self._step_of(event.action).counts, self.totals):
            counts[LEFT] += size

    def _move(self, index: int) -> Iterator[Notice]:
        """Follow an action to the group in which it is now."""
        before, now = self._group[index], GROUPS[self.job.states[index]]
        if before == now:
            return
        self._group[index] = now
        step = self._step_of(index)
        for counts in (step.counts, self.totals):
            counts[before] -= 1
            counts[now] += 1
        if before == RUNNING:
            self._running.pop(index, None)
            self._logs.pop(index, None)
        if now == RUNNING:
            self._running[index] = None
        if step.over:
            step.ended = time.time()
            seconds = step.ended - step.began if step.began else 0.0
            yield Notice("step-ended", step.name, seconds, message=in_words(step.counts))

    def _begin(self, index: int, at: float) -> Iterator[Notice]:
        step = self._step_of(index)
        if not step.began:
            step.began = at
            yield Notice("step-began", step.name, message=counted(step.total, "action"))

    def _step_of(self, index: int) -> Step:
        # What grew in what had grown goes back in several steps.
        while index >= self.job.shape.actions.written:
            index = self._fans[bisect_right(self._fans, (index, len(self._group))) - 1][1]
        return self.steps[bisect_right(self._firsts, index) - 1]

    def _say(self, event: e.Event) -> Iterator[Notice]:
        if isinstance(event, e.ActionSucceeded | e.AttemptFailed):
            yield from self._begin(event.action, event.began)  # it may be over before we heard that it began
        if isinstance(event, e.ActionSucceeded):
            yield self._notice("done", event.action, event.attempt, event.ended - event.began, event.note)
        elif isinstance(event, e.AttemptFailed):
            kind, seconds = self._final(event.action) or "retry", event.ended - event.began
            yield self._notice(kind, event.action, event.attempt, seconds, event.message or event.reason)
        elif isinstance(event, e.AttemptLost):
            message = "its outcome is not known: what ran it was killed"
            if order_of(self.job, event.action):
                message += "; it begins again with its first call"
            yield self._notice(self._final(event.action) or "lost", event.action, event.attempt, 0.0, message)
        elif isinstance(event, e.AttemptStopped):
            yield self._notice("stopped", event.action, event.attempt)

    def _final(self, index: int) -> str:
        """What is said of an action that is not tried again, else ""."""
        return {table.FAILED: "failed", table.LOST: "unknown"}.get(self.job.states[index], "")

    def _notice(self, kind: str, index: int, attempt: int, seconds: float = 0.0, message: str = "") -> Notice:
        return Notice(kind, self.job.shape.paths[index], max(0.0, seconds), attempt, message)

    # --- looking --------------------------------------------------------------------------------------------------

    @property
    def elapsed(self) -> float:
        """Seconds since this run began."""
        return time.time() - self.started

    def rows(self, most: int) -> tuple[list[Row], int]:
        """The `most` actions that have run longest, with their progress, and how many more there are."""
        shown = [index for index, _ in zip(self._running, range(most), strict=False)]
        return [self._row(index) for index in shown], len(self._running) - len(shown)

    @property
    def running(self) -> int:
        """How many actions run at this moment."""
        return len(self._running)

    def _row(self, index: int) -> Row:
        # Imported here: only a terminal shows rows, and by then the first child runs.
        from job_manager.app.calls import progress_of

        if index not in self._logs:
            self._logs[index] = progress_of(self.job, Layout(self._jobs, self.job.id), index)
        log = self._logs[index]
        return Row(self.job.shape.paths[index], self.job.began[index], log.percent(), log.message)

    def time_left(self, rows: Sequence[Row]) -> float | None:
        """Seconds until the end, if all goes on as it has since this run began; None while nobody can tell."""
        totals = self.totals
        over = sum(totals[DONE:OPENED]) - self.done_before
        made = over + sum((row.percent or 0.0) / 100 for row in rows)
        left = sum(totals[:OPENED]) - self.done_before - made
        if made < 0.05 or left <= 0:
            return None
        return self.elapsed * left / made


def _in_order(notices: list[Notice]) -> list[Notice]:
    """That a step has ended comes after the last word on its actions: the counts are of the moment after all of the
    events, so it may be over before that."""
    last = {notice.subject.partition("/")[0]: place for place, notice in enumerate(notices)}
    places = (
        (last[notice.subject], 1) if notice.kind == "step-ended" else (place, 0) for place, notice in enumerate(notices)
    )
    return [notice for _, notice in sorted(zip(places, notices, strict=True), key=lambda each: each[0])]


def milestones(job: JobState, events: Sequence[e.Event]) -> Iterator[tuple[str, str]]:
    """What is worth a line to somebody who looks at many jobs: the state it tells of, and words."""
    for event in events:
        if isinstance(event, e.JobSubmitted):
            yield "submitted", counted(job.size, "action")
        elif isinstance(event, e.JobHeld):
            yield ("paused", "") if event.why == "paused" else ("stopped", f"({event.why})")
        elif isinstance(event, e.JobReleased | e.JobResumed | e.JobRetried):
            yield "running", "goes on"
        elif isinstance(event, e.ActionFailed | e.ActionLost):
            failure = job.failures.get(event.action)
            why = f": {failure.message or failure.reason}" if failure else ""
            yield table.NAMES[job.states[event.action]], f"{job.shape.paths[event.action]}{why}"
        elif isinstance(event, e.JobFinished):
            took = max(0.0, event.at - job.submitted_at)
            counts = ", ".join(f"{number} {state}" for state, number in event.counts.items())
            yield event.state, f"after {human(took)}: {counts}"


ABOUT_ACTIONS = (
    e.ActionLeased,
    e.ActionChained,
    e.LeaseReturned,
    e.AttemptStopped,
    e.AttemptLost,
    e.AttemptFailed,
    e.RetryPlanned,
    e.ActionRetried,
    e.ActionSucceeded,
    e.ActionFailed,
    e.ActionLost,
)


def steps_of(job: JobState) -> Iterator[Step]:
    """The children of the job that have actions, with their counts."""
    shape = job.shape
    for node, child in zip(shape.children(0), job.job.children, strict=True):
        if shape.high[node] > shape.low[node]:
            step = Step(child.name, node)
            for span in shape.spans(shape.low[node], shape.high[node]):
                for state in job.states[slice(*span)]:
                    step.counts[GROUPS[state]] += 1
            yield step


def _began(job: JobState, step: Step) -> float:
    """When what runs of a task began, for a job that is taken up again."""
    times = (job.began[index] for index in job.shape.below(step.node))
    return min((at for at in times if at), default=0.0)


WORDS = ("left", "running", "to be tried again", "succeeded", "failed", "skipped", "lost", "cancelled", "fanned out")


def in_words(counts: Sequence[int]) -> str:
    """`3 succeeded, 1 failed`: what has come of actions, the good first."""
    order = (DONE, FAILED, LOST, CANCELLED, SKIPPED, RUNNING, RETRYING, LEFT)
    return ", ".join(f"{counts[group]} {WORDS[group]}" for group in order if counts[group]) or "nothing to do"
