"""decide(state, now) -> events: what must happen next. orders(state): which children ought to be running.

decide is called until it has nothing more to say; each answer is folded in between. Both read the indices that evolve
keeps. Knows nothing of who carries an order out.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.core import events as e
from job_manager.core import policy, table
from job_manager.core.chaining import open_leases, taken_back
from job_manager.core.ending import CANCELLED
from job_manager.core.fanning import items_of
from job_manager.core.leasing import first, leases
from job_manager.core.state import JobState, State
from job_manager.model.record import NamedTuple


def decide(state: State, now: float) -> list[e.Event]:
    """What follows from the state at this time; empty when nothing does. Looks at jobs that were touched or timed."""
    events: list[e.Event] = []
    for id in sorted(state.touched):
        events.extend(_decide_job(state, state.jobs[id], now))
    return events or leases(state)


def quiet(state: State) -> None:
    """Say that decide has been heard out: nothing is left to decide until the next event or timer."""
    state.touched = {id for id in state.touched if _is_timed(state.jobs[id])}


def _is_timed(job: JobState) -> bool:
    """Whether something may follow for it although nothing happens. Only what is said of it changes that, so that
    nobody asks the jobs that are over."""
    return bool(job.timers) or not (job.due or job.over) or (job.timed and not job.finished)


def next_timer(state: State) -> float | None:
    """When decide has to be asked again even if nothing happens: seconds since the epoch, or None."""
    timed = [state.jobs[id] for id in state.touched]
    going = [job for job in timed if not job.held and not job.over]
    retries = (job.timers[0][0] for job in going if job.timers)
    starts = (job.site.not_before for job in going if not job.due and not awaited(state, job))
    ends = (late[0] for job in timed if job.timed and (late := job.deadline))
    return min((*retries, *starts, *ends), default=None)


def is_due(state: State, now: float) -> bool:
    """Whether decide has to be asked at this time although nothing has happened."""
    timer = next_timer(state)
    return timer is not None and (timer <= now or any(_amiss(job, now) for job in state.jobs.values()))


def _amiss(job: JobState, now: float) -> bool:
    """Whether the next retry was planned by a clock that has been set back since: it does not wait that long."""
    return bool(job.timers) and job.timers[0][0] > now + policy.longest_wait(job, job.timers[0][1])


def awaited(state: State, job: JobState) -> list[str]:
    """The jobs that have to succeed before anything of this one starts, and have not; also those that nobody has
    folded into the state."""
    jobs = ((id, state.jobs.get(id)) for id in job.site.after_jobs)
    return [id for id, other in jobs if other is None or other.finished != "succeeded"]


def _decide_job(state: State, job: JobState, now: float) -> Iterator[e.Event]:
    if job.timed and (late := job.deadline) and now >= late[0] and not job.over:
        yield e.JobTimedOut(job.id, now, *late[1:], policy.GRACE)
        return
    if not job.due and not job.over and now >= job.site.not_before and not awaited(state, job):
        yield e.JobDue(job.id, now)
    for action in job.astray:
        yield taken_back(job, action, now)
    for action in job.undecided:
        yield _verdict(job, action, now)
    for skip in job.doomed:
        yield e.ActionsSkipped(job.id, *skip)
    for node in job.unwanted:
        yield e.ActionsOmitted(job.id, job.shape.low[node], job.shape.high[node], node)
    for action in job.unfanned[:1]:  # one after another: the next may not write what this one does
        yield _fan_out(job, action, now)
    if not job.held:
        for _, action in _due(job, now):
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
    return e.JobFinished(job.id, now, _how(job), job.counted())


def _how(job: JobState) -> str:
    if not job.ending:
        return "succeeded" if job.ends[0] == 1 else "failed"
    counts = (job.counts[state] for state in (table.CANCELLED, table.FAILED, table.LOST))
    if not any(counts) and not job.missed:
        return "succeeded"  # what was to be ended had come to a good end by then
    return "cancelled" if job.ending == CANCELLED else "failed"


def _fan_out(job: JobState, action: int, now: float) -> e.Event:
    try:
        return e.FannedOut(job.id, action, items_of(job, job.shape.actions[action]))
    except ValueError as error:
        return e.FanOutFailed(job.id, action, now, str(error))


def _idempotent(job: JobState, action: int) -> bool:
    return policy.idempotent(job, job.shape.written(action))


def _due(job: JobState, now: float) -> Iterator[tuple[float, int]]:
    """The timers that are due, in order, leaving the heap as it is: costs what is due, whatever else waits."""
    amiss = _amiss(job, now)
    for timer in first(job.timers, len(job.timers)):
        if timer[0] > now and not amiss:
            return
        yield timer


class StartAttempt(NamedTuple):
    """This attempt ought to be running, or to have run, on this incarnation of a worker; not before the attempts
    `after` (action, attempt) have ended there with success."""

    job: str
    action: int
    attempt: int
    worker: str
    after: tuple[tuple[int, int], ...] = ()


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
    gates: Gates = {}
    return [
        _order(job, action, gates)
        for job in state.jobs.values()
        for action, lease in job.leases.items()
        if worker is None or lease.worker == worker
    ]


def fresh_orders(state: State) -> list[Order]:
    """The same for what changed since the last reading, and starts a new reading."""
    changed, state.changed = state.changed, []
    gates: Gates = {}
    jobs = ((state.jobs[id], action) for id, action in dict.fromkeys(changed))
    return [_order(job, action, gates) for job, action in jobs if action in job.leases]


Gates = dict[tuple[str, tuple[int, ...]], tuple[tuple[int, int], ...]]


def _order(job: JobState, action: int, gates: Gates) -> Order:
    worker, attempt = job.leases[action]
    if action in job.stopping:
        return StopAttempt(job.id, action, attempt, worker, job.stopping[action])
    if action not in job.early:
        return StartAttempt(job.id, action, attempt, worker)
    gate = job.id, job.early[action]
    if gate not in gates:  # the same for all that come after a whole layer
        gates[gate] = tuple((one, job.leases[one].attempt) for one in open_leases(job, gate[1]))
    return StartAttempt(job.id, action, attempt, worker, gates[gate])
