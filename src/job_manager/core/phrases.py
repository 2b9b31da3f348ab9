"""What an end is called in a sentence: of an attempt, of an action, and why there is no other attempt. Pure.

Knows no event and decides nothing.
"""

from __future__ import annotations

from job_manager.core import policy
from job_manager.core.state import Failure, JobState
from job_manager.model.wording import counted

UNKNOWN = "its outcome is not known: it was killed together with what watched it"


def reason_in_words(failure: Failure) -> str:
    """Why an attempt failed, as a sentence's end: `exit code 3`, `killed by SIGKILL`."""
    if failure.message:
        return failure.message
    if failure.reason == "code":
        return f"exit code {failure.code}"
    if failure.reason == "lost":
        return UNKNOWN
    return failure.reason if failure.code is None else f"{failure.reason} {failure.code}"


def against_in_words(job: JobState, index: int, failure: Failure) -> str:
    """Why there is no other attempt, as a sentence; "" when there is one."""
    action = job.shape.written(index)
    spent, allowed = job.spent.get(index, 0), policy.retries(job, action)
    return {
        "": "",
        "not-idempotent": "it is declared `idempotent: false`, so it is not run again by itself",
        "losses": f"it was lost {job.losses.get(index, 0)} times; {policy.MAX_LOSSES} losses cost nothing, no more",
        "reason": f"trying again does not help after `{failure.reason}`",
        "retry-on": f"its `retry_on` does not name this end: {', '.join(action.retry_on)}",
        "spent": f"its retries are used up: {counted(spent, 'attempt')} of {1 + allowed}",
        "no-retries": "it has no `retries`",
    }[policy.against_retry(job, index, failure)]


def amount(counts: dict[str, int]) -> str:
    """`3 succeeded, 1 failed`."""
    return ", ".join(f"{number} {state}" for state, number in counts.items()) or "no action"
