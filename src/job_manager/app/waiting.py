"""For what ready actions wait: which resource is in use, and by whom. Looks at the state as the leasing does.

Decides nothing. Knows no terminal.
"""

from __future__ import annotations

from collections.abc import Iterable

from job_manager.core import table
from job_manager.core.leasing import Round
from job_manager.core.state import JobState, State
from job_manager.model.need import MEMORY, Need
from job_manager.model.quantity import size_text

NAMED = 3  # of those that have a resource: the others are counted


def waits(state: State, job: JobState) -> dict[int, str]:
    """Why each ready action has not been leased, as `gpu: 1 of 1 in use by render/a`, and each leased one has not begun
    when it can be for want of a slot. Empty without a worker."""
    if not job.workers:
        return {}
    ready = [action for action, found in enumerate(job.states) if found == table.READY]
    held_back = [state.workers[worker].waits for worker in job.workers]
    if all(held_back):
        return dict.fromkeys(ready, held_back[0])
    round = Round(state)
    said: dict[int, str] = {}
    first: dict[str, int] = {}  # what is passed over for want of a resource, by the resource
    for action in ready:
        takes = job.takes(action)
        before = [name for name in takes.names if name in round.closed]
        lacking = round.lacking(takes, job) if not before else []
        if lacking:
            round.pass_over(takes, lacking)
            first |= dict.fromkeys(lacking, action)
            said[action] = "; ".join(_in_use(state, job, name, takes) for name in lacking)
        elif before:
            said[action] = f"{before[0]}: {job.shape.paths[first[before[0]]]} comes before it"
        else:
            said[action] = _slots(state, job, takes)
    return said | _behind(state, job)


def _behind(state: State, job: JobState) -> dict[int, str]:
    """Of what has been leased ahead: it comes next."""
    full = {name for name in job.workers if state.workers[name].held > state.workers[name].slots}
    leased = [action for action, lease in job.leases.items() if lease.worker in full]
    return {
        action: f"{_slots(state, job, job.takes(action))}; it comes next"
        for action in leased
        if job.states[action] == table.LEASED
    }


def _in_use(state: State, job: JobState, name: str, takes: Need) -> str:
    wanted, total = dict(takes.amounts)[name], max(state.workers[worker].total(name) for worker in job.workers)
    used = state.used.get(name, 0)
    shown = [size_text(int(amount)) if name == MEMORY else f"{int(amount)}" for amount in (wanted, used, total)]
    holders = [job.shape.paths[action] for action in job.leases if name in job.takes(action).names]
    # Where one is enough, how many it takes says nothing.
    takes_words = f"takes {shown[0]}, and " if wanted > 1 else ""
    return f"{name}: {takes_words}{shown[1]} of {shown[2]} in use{_by(holders)}"


def _slots(state: State, job: JobState, takes: Need) -> str:
    workers = [state.workers[worker] for worker in job.workers]
    total = sum(worker.slots for worker in workers)
    used = min(total, sum(worker.held for worker in workers))
    return f"cpus: {f'takes {takes.cpus}, and ' if takes.cpus > 1 else ''}{used} of {total} in use"


def _by(paths: Iterable[str]) -> str:
    names = sorted(paths)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f" by {', '.join(names[:NAMED])}{more}" if names else ""
