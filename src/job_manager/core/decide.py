"""decide(state, now) -> events: what must happen next. orders(state): which children ought to be running.

decide is called until it has nothing more to say; each answer is folded in between. Both read the indices that evolve
keeps. Knows nothing of who carries an order out.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import NamedTuple, TypeVar

from job_manager.core import events as e
from job_manager.core import policy
from job_manager.core.fanning import items_of
from job_manager.core.state import JobState, State


def decide(state: State, now: float) -> list[e.Event]:
    """What follows from the state at this time; empty when nothing does. Looks at jobs that were touched or timed."""
    events: list[e.Event] = []
    for id in sorted(state.touched):
        events.extend(_decide_job(state.jobs[id], now))
    return events or _leases(state)


def quiet(state: State) -> None:
    """Say that decide has been heard out: nothing is left to decide until the next event or timer."""
    state.touched.clear()
    for job in state.jobs.values():
        if job.timers:
            state.touched.add(job.id)


def next_timer(state: State) -> float | None:
    """When decide has to be asked again even if nothing happens: seconds since the epoch, or None."""
    return min((job.timers[0][0] for job in state.jobs.values() if job.timers and not job.held), default=None)


def _decide_job(job: JobState, now: float) -> Iterator[e.Event]:
    for action in job.undecided:
        yield _verdict(job, action, now)
    for skip in job.doomed:
        yield e.ActionsSkipped(job.id, *skip)
    for node in job.unwanted:
        yield e.ActionsOmitted(job.id, job.shape.low[node], job.shape.high[node], node)
    for action in job.unfanned:
        yield _fan_out(job, action, now)
    if not job.held:
        for _, action in _due(job.timers, now):
            yield e.ActionRetried(job.id, action)
    if job.over and not job.finished and not job.undecided:
        yield _finish(job, now)


def _verdict(job: JobState, action: int, now: float) -> e.Event:
    failure = job.failures[action]
    if policy.may_retry(job, action, failure):
        wait = policy.delay(job, action, failure)
        return e.RetryPlanned(job.id, action, now + wait) if wait else e.ActionRetried(job.id, action)
    if failure.reason == "lost" and not _idempotent(job, action):
        return e.ActionLost(job.id, action)
    return e.ActionFailed(job.id, action)


def _finish(job: JobState, now: float) -> e.Event:
    return e.JobFinished(job.id, now, "succeeded" if job.ends[0] == 1 else "failed", job.counted())


def _fan_out(job: JobState, action: int, now: float) -> e.Event:
    try:
        return e.FannedOut(job.id, action, items_of(job, job.shape.actions[action]))
    except ValueError as error:
        return e.FanOutFailed(job.id, action, now, str(error))


def _leases(state: State) -> list[e.Event]:
    """The leases of the first job that can have any; the next job is asked once these are folded."""
    overtaking = True
    for job in sorted(state.jobs.values(), key=lambda job: (job.submitted_at, job.id)):
        if not job.ready or job.held or not job.workers:
            continue
        leases = list(_lease_job(state, job, overtaking))
        if leases:
            return leases
        # What waits for a free slot would wait for ever if later jobs were leased ahead of it.
        overtaking = overtaking and _idempotent(job, job.ready[0])
    return []


def _lease_job(state: State, job: JobState, overtaking: bool) -> Iterator[e.Event]:
    free, behind = _places(state, job)
    places = [*free, *(behind if overtaking else ())]
    for taken, action in enumerate(_first(job.ready, len(places))):
        # What must not run twice is leased only when it can begin at once.
        if taken >= len(free) and not _idempotent(job, action):
            return
        yield e.ActionLeased(job.id, action, job.attempts[action] + 1, places[taken])


def _places(state: State, job: JobState) -> tuple[list[str], list[str]]:
    """Workers, one for each lease they can take: those with free slots, then those with room behind their slots.

    Least loaded first, so that no worker hoards work while another is idle."""
    free: list[tuple[int, str]] = []
    behind: list[tuple[int, str]] = []
    for name in job.workers:
        worker = state.workers[name]
        free += [(held, name) for held in range(worker.held, worker.slots)]
        first = max(worker.held, worker.slots)
        behind += [(held - worker.slots, name) for held in range(first, worker.slots + worker.ahead)]
    return [name for _, name in sorted(free)], [name for _, name in sorted(behind)]


def _idempotent(job: JobState, action: int) -> bool:
    return policy.idempotent(job, job.shape.actions[action])


def _due(timers: list[tuple[float, int]], now: float) -> Iterator[tuple[float, int]]:
    """The timers that are due, in order, leaving the heap as it is: costs what is due, whatever else waits."""
    for timer in _first(timers, len(timers)):
        if timer[0] > now:
            return
        yield timer


Member = TypeVar("Member", int, tuple[float, int])


def _first(heap: list[Member], count: int) -> Iterator[Member]:
    """The `count` smallest of a heap in order, leaving it as it is: costs count log count, whatever the heap holds."""
    front = [(heap[0], 0)] if heap else []
    while front and count > 0:
        member, at = heappop(front)
        yield member
        count -= 1
        for below in (2 * at + 1, 2 * at + 2):
            if below < len(heap):
                heappush(front, (heap[below], below))


class StartAttempt(NamedTuple):
    """This attempt ought to be running, or to have run, on this incarnation of a worker."""

    job: str
    action: int
    attempt: int
    worker: str


class StopAttempt(NamedTuple):
    """This attempt ought to end within `grace` seconds (0: now)."""

    job: str
    action: int
    attempt: int
    worker: str
    grace: float


Order = StartAttempt | StopAttempt


def orders(state: State, worker: str | None = None) -> list[Order]:
    """Every child that ought to be running or to end: the full reading, for one worker or all."""
    return [
        _order(job, action)
        for job in state.jobs.values()
        for action, lease in job.leases.items()
        if worker is None or lease.worker == worker
    ]


def fresh_orders(state: State) -> list[Order]:
    """The same for what changed since the last reading, and starts a new reading."""
    changed, state.changed = state.changed, []
    jobs = ((state.jobs[id], action) for id, action in dict.fromkeys(changed))
    return [_order(job, action) for job, action in jobs if action in job.leases]


def _order(job: JobState, action: int) -> Order:
    worker, attempt = job.leases[action]
    if action in job.stopping:
        return StopAttempt(job.id, action, attempt, worker, job.grace)
    return StartAttempt(job.id, action, attempt, worker)
