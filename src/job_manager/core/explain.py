"""why(past, action, view) -> Answer: why an action waits, failed, runs again or not, was skipped; or the job. Pure.

The rules are those of settle, the leasing and policy, which are asked; here is who is asked, by the action's state.
"""

from __future__ import annotations

from collections.abc import Callable

from job_manager.core import table, verdicts
from job_manager.core.answers import Answer, View, Way
from job_manager.core.holdups import holdup_of
from job_manager.core.obstacles import obstacle, standstill, waiting
from job_manager.core.past import Past
from job_manager.model.quantity import human
from job_manager.model.wording import counted

Explained = Callable[[Past, int, View], Answer]


def why(past: Past, action: int, view: View) -> Answer:
    """Why the action stands where it does."""
    return BY_STATE[past.job.states[action]](past, action, view)


def _open(past: Past, action: int, view: View) -> Answer:
    """It waits, is ready, or is to be tried again."""
    job, path = past.job, past.job.shape.paths[action]
    own = obstacle(past, action, view)
    state = table.NAMES[job.states[action]]
    tries = tuple(verdicts.tries(past, action, view))
    stopped = standstill(past, view)
    if stopped is None:
        return Answer(path, state, own.cause, f"{path} {own.words}", own.about, (*own.evidence, *tries), own.ways)
    sentence = f"{path} does not go on: the job {stopped.words}"
    evidence = stopped.evidence
    if own.cause != "next" and (job.workers or job.states[action] != table.READY):
        evidence = (*evidence, f"when the job goes on, it {own.words}", *own.evidence)
    return Answer(path, state, stopped.cause, sentence, stopped.about, (*evidence, *tries), stopped.ways)


def _leased(past: Past, action: int, view: View) -> Answer:
    job, path = past.job, past.job.shape.paths[action]
    lease = job.leases[action]
    stopped = standstill(past, view)
    tries = tuple(verdicts.tries(past, action, view))
    if stopped is not None:
        sentence = f"{path} does not go on: the job {stopped.words}"
        return Answer(
            path,
            "leased",
            stopped.cause,
            sentence,
            (),
            (f"attempt {lease.attempt} had been given out, and was not heard to begin", *tries),
            stopped.ways,
        )
    held = holdup_of(job, action) if action in job.early else None
    if held is not None:
        own = waiting(past, held, view)
        given = (
            f"worker {lease.worker} has attempt {lease.attempt} of it already, and begins it when that has succeeded"
        )
        evidence = (*own.evidence, given, *tries)
        return Answer(path, "leased", own.cause, f"{path} {own.words}", own.about, evidence, own.ways)
    worker = past.state.workers[lease.worker]
    behind = worker.held > worker.slots
    where = (
        f"behind the {counted(worker.slots, 'slot')} of worker {lease.worker}, for the next that is free"
        if behind
        else f"on worker {lease.worker}"
    )
    sentence = f"{path} begins in a moment: attempt {lease.attempt} stands {where}"
    return Answer(path, "leased", "next", sentence, (), tries, ())


def _running(past: Past, action: int, view: View) -> Answer:
    job, path = past.job, past.job.shape.paths[action]
    lease = job.leases[action]
    logs = Way(("logs", f"{job.id}/{path}", "-f"), "shows what it does")
    since = f"attempt {lease.attempt}, since {view.spelt(job.began[action])}"
    tries = tuple(verdicts.tries(past, action, view))
    if not view.hosted:
        stopped = standstill(past, view)
        assert stopped is not None
        sentence = f"{path} was running when its jm was killed, and may be running still: nobody watches it"
        return Answer(path, "running", stopped.cause, sentence, (), (since, *tries), stopped.ways)
    took = human(max(0.0, view.now - job.began[action]))
    if action in job.stopping:
        grace = f"it had {human(job.stopping[action])} to end" if job.stopping[action] else "it was to end at once"
        sentence = f"{path} is being ended: {_stopping(past, action, view)}"
        return Answer(path, "running", "stopping", sentence, (), (since, grace, *tries), (logs,))
    limit = past.job.shape.written(action).timeout
    until = (f"at {view.spelt(job.began[action] + limit)} its timeout of {human(limit)} ends it",) if limit else ()
    sentence = f"{path} is running: {since}, for {took}"
    paused = standstill(past, view)
    held = (f"the job {paused.words}; what runs goes on to its end",) if paused else ()
    evidence = (f"on worker {lease.worker}", *until, *held, *tries)
    return Answer(path, "running", "running", sentence, (path,), evidence, (logs,))


def _stopping(past: Past, action: int, view: View) -> str:
    wish = past.wished.get(action)
    if action in past.job.cancelling and wish is not None:
        return f"somebody cancelled it at {view.spelt(wish.at)}"
    stopped = standstill(past, view)
    return f"the job {stopped.words}" if stopped else "the job was held, and goes on when it has ended"


def _fanned(past: Past, action: int, view: View) -> Answer:
    path = past.job.shape.paths[action]
    fan = past.job.shape.fan(action)
    size = fan.high - fan.low if fan else 0
    return Answer(
        path, "fanned-out", "succeeded", f"{path} stands for {counted(size, 'action')}: ask for one of them", (path,)
    )


BY_STATE: dict[int, Explained] = {
    table.WAITING: _open,
    table.READY: _open,
    table.RETRYING: _open,
    table.LEASED: _leased,
    table.RUNNING: _running,
    table.SUCCEEDED: verdicts.succeeded,
    table.FAILED: verdicts.failed,
    table.SKIPPED: verdicts.passed_over,
    table.CANCELLED: verdicts.cancelled,
    table.LOST: verdicts.lost,
    table.FANNED: _fanned,
}
