"""A job as a short tree: its tasks with counts, and of each the actions that are worth a line. Knows no terminal."""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.app.looking import Look, action_status
from job_manager.app.watching import Step, steps_of
from job_manager.core import table
from job_manager.model.hints import Any
from job_manager.model.record import NamedTuple

MANY = 200  # actions of a job that are all listed
FEW = 20  # of a task, where they are not
LOUD = (table.FAILED, table.LOST, table.RUNNING, table.RETRYING, table.CANCELLED)


class Part(NamedTuple):
    """A child of the job: its counts, the actions shown, and how many are not. `seconds` is None before its start."""

    step: Step
    seconds: float | None
    actions: list[dict[str, Any]]
    hidden: int


def outline(found: Look, now: float, everything: bool = False) -> Iterator[Part]:
    """The parts of a job in order; all actions when asked for or when there are not many."""
    job = found.job
    everything = everything or job.size <= MANY
    waits, still = found.waits(), found.still()
    for step in steps_of(job):
        span = job.shape.below(step.node)
        shown = list(span) if everything else [index for index in span if job.states[index] in LOUD][:FEW]
        actions = [action_status(found, index, waits, still) for index in shown]
        yield Part(step, _seconds(found, step, now), actions, step.total - len(shown))


def _seconds(found: Look, step: Step, now: float) -> float | None:
    job = found.job
    span = list(job.shape.below(step.node))
    begins = [job.began[index] for index in span if job.began[index]]
    if not begins:
        return None
    if found.hosted and not step.over:
        return now - min(begins)
    last = max(job.ended[index] for index in span)
    return last - min(begins) if last >= min(begins) else None
