"""Which actions run again when a person says so, or why they cannot now. Reads the state and changes nothing.

Raises Refused with a sentence that names what is in the way. Knows no event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from job_manager.core import said as s
from job_manager.core import table
from job_manager.core.following import after, before
from job_manager.core.settle import hooks_to_repeat
from job_manager.core.state import JobState
from job_manager.model.errors import NotFound, Refused

AT_WORK = (table.LEASED, table.RUNNING)
FAILED = (table.FAILED, table.CANCELLED)


def to_run_again(job: JobState, said: s.RetryActions) -> list[tuple[int, int]]:
    """The ranges of actions that go back to waiting. Raises Refused."""
    if job.ending and not job.finished:
        raise Refused(f"job {job.id} is being ended: {len(job.leases)} of its attempts are open", "try again then")
    chosen = _failed(job, said.lost) if said.mode == s.FAILED else _named(job, said)
    _look_at_work(job, chosen)
    return ranges(chosen)


def ranges(actions: Iterable[int]) -> list[tuple[int, int]]:
    """First and end of each row of neighbours."""
    found: list[tuple[int, int]] = []
    for action in sorted(actions):
        if found and found[-1][1] == action:
            found[-1] = found[-1][0], action + 1
        else:
            found.append((action, action + 1))
    return found


def members(job: JobState, action: int) -> Sequence[int]:
    """The action itself, or all that it stands for. Raises NotFound."""
    if not 0 <= action < len(job.states):
        raise NotFound(f"job {job.id} has no action of the number {action}")
    return job.stands_for(action)


def missed(job: JobState, action: int) -> bool:
    """Whether it was skipped because of another."""
    return job.states[action] == table.SKIPPED and action not in job.omitted


def _failed(job: JobState, lost: bool) -> set[int]:
    """All that did not succeed, and what began because of that."""
    again = (*FAILED, table.LOST) if lost else FAILED
    chosen = {action for action, state in enumerate(job.states) if state in again or missed(job, action)}
    if not any(job.counts[state] for state in again) and job.counts[table.LOST]:
        raise Refused(
            f"job {job.id} has {job.counts[table.LOST]} action(s) that may have run already and must not run twice",
            "say --retry-lost if they may run again",
        )
    if not chosen:
        raise Refused(f"nothing of job {job.id} has failed; there is nothing to run again")
    # A hook that printed more cannot print it twice.
    return chosen | {hook for hook in hooks_to_repeat(job) if not _has_grown(job, hook)}


def _named(job: JobState, said: s.RetryActions) -> set[int]:
    named = set(members(job, said.action))
    node = job.shape.node_of[said.action]
    begun, _ = after(job.shape, node)
    later = {job.shape.leaf[each] for each in begun} - {-1}
    _look_at(job, said.action, named)
    if said.mode == s.FROM:
        kept = {action for action in later if job.states[action] == table.LOST and not said.lost}
        named |= later - kept - job.excused
    else:
        _look_at_work(job, later)
        # What waits for its next attempt waits for this one first.
        named |= {action for action in later if job.states[action] == table.RETRYING}
    named.update(said.also)
    _look_before(job, said.action, named)
    for action in sorted(named):
        if _has_grown(job, action):
            path = job.shape.paths[action]
            raise Refused(f"{path} has printed what is part of the job now; it would be there twice")
    return {action for action in named if job.states[action] != table.FANNED}


def _look_at(job: JobState, action: int, named: set[int]) -> None:
    if all(job.states[one] in (table.WAITING, table.READY) for one in named):
        state = table.NAMES[job.states[min(named, default=action)]]
        raise Refused(f"{job.shape.paths[action]} is {state}; it runs when its turn comes")


def _look_at_work(job: JobState, actions: Iterable[int]) -> None:
    busy = min((action for action in actions if job.states[action] in AT_WORK), default=None)
    if busy is not None:
        path = job.shape.paths[busy]
        raise Refused(f"{path} of job {job.id} is at work", "wait for its end, or cancel it first")


def _look_before(job: JobState, action: int, named: set[int]) -> None:
    """What it follows has to be well, or it would be skipped at once."""
    shape = job.shape
    over = (*FAILED, table.LOST)
    for node in before(shape, shape.node_of[action]):
        for one in (one for span in shape.spans(shape.low[node], shape.high[node]) for one in range(*span)):
            if one not in named and (job.states[one] in over or missed(job, one)):
                path, state = shape.paths[one], table.NAMES[job.states[one]]
                text = (
                    f"{shape.paths[action]} follows {path}, which is {state}: it cannot run before that has succeeded"
                )
                raise Refused(text, f"have {path} run again, or skip it")


def _has_grown(job: JobState, action: int) -> bool:
    return job.shape.node_of[action] in job.shape.grown
