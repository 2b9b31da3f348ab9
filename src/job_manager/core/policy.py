"""The rules one may argue about: how often an action is tried, when again, and what may be leased ahead.

Pure numbers in, numbers out. Knows nothing of events.
"""

from __future__ import annotations

from job_manager.core.state import Failure, JobState, WorkerState
from job_manager.model.job import Action, ModuleCall

MAX_LOSSES = 10  # attempts lost with their machine cost nothing of `retries`, but not for ever
DISK = "disk"
MAX_STARVED = 10  # nor do those for which there was no room on a disk, of an action that may be repeated
FIRST_DELAY = 1.0  # seconds before the first retry, doubling
LONGEST_DELAY = 300.0
SPREAD = 0.25
DOUBLINGS = 16  # beyond the longest delay already; a number of retries has no such limit, a float has
LEASED_AHEAD = 0.15  # seconds of work that may wait behind the slots of a worker,
ONE_AHEAD = 0.5  # or one action for each slot, if it takes no longer than that
GRACE = 10.0  # seconds that what runs has to end when the job's time has run out
# Trying again cannot help where the work itself says it is wrong, or where it could never begin.
NOT_RETRIED = frozenset({"output-invalid", "spawn", "arguments", "cancelled", "upstream"})
# What speaks against another attempt: it must not run twice; the whole job is ended; it was lost too often, or found no
# room too often; trying again cannot help; its own `retry_on` does not name it; its retries are used up; it has none.
AGAINST = ("not-idempotent", "ended", "losses", "starved", "reason", "retry-on", "spent", "no-retries")


def retries(job: JobState, action: Action) -> int:
    """How many attempts may follow the first: the action's word, else its module's, else none."""
    if action.retries is not None:
        return action.retries
    module = job.site.module(action.work.module) if isinstance(action.work, ModuleCall) else None
    return module.retries or 0 if module else 0


def idempotent(job: JobState, action: Action) -> bool:
    """Whether an attempt whose outcome is unknown may simply be made again: the action's word, else its module's."""
    if action.idempotent is not None:
        return action.idempotent
    module = job.site.module(action.work.module) if isinstance(action.work, ModuleCall) else None
    return module.idempotent if module else True


def may_retry(job: JobState, index: int, failure: Failure) -> bool:
    """Whether the action gets another attempt after this failure."""
    return not against_retry(job, index, failure)


def against_retry(job: JobState, index: int, failure: Failure) -> str:
    """Why the action gets no other attempt after this failure, one of AGAINST, or "" when it gets one."""
    action = job.shape.written(index)
    if failure.reason == "lost":
        if not idempotent(job, action):
            return "not-idempotent"
        return "ended" if job.ending else "losses" if job.losses.get(index, 0) > MAX_LOSSES else ""
    if job.ending:
        return "ended"
    starved = job.starved.get(index, 0)
    if failure.reason == DISK and idempotent(job, action) and not action.retry_on:
        return "" if starved <= MAX_STARVED else "starved"
    if not _helps(action, failure):
        return "retry-on" if action.retry_on else "reason"
    allowed = retries(job, action)
    if job.spent.get(index, 0) + (starved if failure.reason == DISK else 0) <= allowed:
        return ""
    return "spent" if allowed else "no-retries"


def _helps(action: Action, failure: Failure) -> bool:
    """Whether trying again may help: what the action says of reasons, exit codes and (negative) signals, else the
    rule for all."""
    if not action.retry_on:
        return failure.reason not in NOT_RETRIED
    if failure.reason in action.retry_on:
        return True
    code = {"code": f"{failure.code}", "signal": f"-{failure.code}"}.get(failure.reason)
    return code is not None and code in action.retry_on


def ahead(job: JobState, worker: WorkerState) -> int:
    """How many leases of the job may wait behind the slots of a worker, so that neither a commit nor a round trip
    stands between two actions: as many as are done in no time. None while nobody knows how long they take."""
    if job.pace is None:
        return 0
    if job.pace * worker.ahead <= LEASED_AHEAD * worker.slots:
        return worker.ahead
    each = min(worker.slots, int(ONE_AHEAD * worker.slots / job.pace))
    return min(worker.ahead, max(each, int(LEASED_AHEAD * worker.slots / job.pace)))


def delay(job: JobState, index: int, failure: Failure) -> float:
    """Seconds until the next attempt: none after a loss; else doubling from the action's word or FIRST_DELAY, spread by
    +-25 %.

    The spread comes from a digest, not from chance: the same history gives the same decisions.
    """
    if failure.reason == "lost":
        return 0.0
    backoff = _backoff(job, index)
    count = job.starved if failure.reason == DISK else job.spent
    whole = min(max(LONGEST_DELAY, backoff), backoff * 2.0 ** min(DOUBLINGS, count.get(index, 1) - 1))
    import hashlib  # loads OpenSSL, which takes milliseconds, and few jobs ever retry

    spread = hashlib.blake2b(f"{job.id}/{index}/{failure.attempt}".encode(), digest_size=2).digest()
    return whole * (1.0 - SPREAD + int.from_bytes(spread, "big") / 65535 * 2.0 * SPREAD)


def longest_wait(job: JobState, index: int) -> float:
    """Seconds that no delay of the action exceeds."""
    return max(LONGEST_DELAY, _backoff(job, index)) * (1.0 + SPREAD)


def _backoff(job: JobState, index: int) -> float:
    return job.shape.written(index).backoff or FIRST_DELAY
