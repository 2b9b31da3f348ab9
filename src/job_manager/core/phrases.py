"""What an end is called in a sentence: of an attempt, of an action, and why there is no other attempt. Pure.

Knows no event and decides nothing.
"""

from __future__ import annotations

from job_manager.core import policy
from job_manager.core.ending import why_ended
from job_manager.core.settle import against, omitted_inputs
from job_manager.core.state import Failure, JobState
from job_manager.model.condition import text_of
from job_manager.model.job import ALWAYS, ON_ERROR, ON_SUCCESS, Action, Job, Task
from job_manager.model.wording import counted, quoted

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
        "ended": f"the whole job is ended: {why_ended(job)}",
        "losses": f"it was lost {job.losses.get(index, 0)} times; {policy.MAX_LOSSES} are borne",
        "starved": f"it found no room on a disk {job.starved.get(index, 0)} times; {policy.MAX_STARVED} are borne",
        "reason": f"trying again does not help after `{failure.reason}`",
        "retry-on": f"its `retry_on` does not name this end: {', '.join(action.retry_on)}",
        "spent": f"its retries are used up: {counted(spent, 'attempt')} of {1 + allowed}",
        "no-retries": "it has no `retries`",
    }[policy.against_retry(job, index, failure)]


def left_out_in_words(job: JobState, node: int) -> str:
    """Why a node was left out, as a sentence's end; asks settle for the reason."""
    shape = job.shape
    why = against(job, node)
    if why == "hook":
        called = CALLED[shape.hooks[node]]
        return f"it is a hook of {shape.path(shape.parent[node]) or 'the job'} and runs {called}"
    if why == "input":
        name, maker = _missing(job, shape.leaf[node])
        return f"it reads {quoted(name)}, and {maker}, which writes that, was left out"
    condition = shape.conditions.get(node)
    if condition is None:
        return "somebody said so"
    written = _written(job, shape.path(node)) or text_of(condition)
    return f"its condition does not hold: `{written}`"


CALLED = {ON_ERROR: "only after something failed", ON_SUCCESS: "only when all went well", ALWAYS: "in any case"}


def _missing(job: JobState, action: int) -> tuple[str, str]:
    """An artifact that the action reads and that was left out, and the path of who would have written it."""
    for name in omitted_inputs(job, action):
        writer = job.shape.writer(name)
        if writer is not None:
            return name, job.shape.paths[writer[0]]
    return "", ""


def _written(job: JobState, path: str) -> str:
    """A condition as a person wrote it, before the values of params were put in; "" where that is not known."""
    node: Job | Task | Action | None = job.site.template
    for name in path.split("/"):
        children = () if node is None or isinstance(node, Action) else node.children
        node = next((child for child in children if child.name == name), None)
    return "" if node is None or isinstance(node, Job) else node.when


def amount(counts: dict[str, int]) -> str:
    """`3 succeeded, 1 failed`."""
    return ", ".join(f"{number} {state}" for state, number in counts.items()) or "no action"
