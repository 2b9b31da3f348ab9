"""For what ready actions wait: which resource is in use, and by whom. Asks the leasing itself.

Decides nothing. Knows no terminal.
"""

from __future__ import annotations

from job_manager.core import table
from job_manager.core.standing import in_words, slots, stands
from job_manager.core.state import JobState, State


def waits(state: State, job: JobState) -> dict[int, str]:
    """Why each ready action has not been leased, as `gpu: 1 of 1 in use by render/a`, and each leased one has not begun
    when it can be for want of a slot. Empty without a worker."""
    if not job.workers:
        return {}
    said = {stand.action: in_words(state, job, stand) for stand in stands(state, job)}
    return {action: words for action, words in said.items() if words} | _behind(state, job)


def _behind(state: State, job: JobState) -> dict[int, str]:
    """Of what has been leased ahead: it comes next."""
    full = {name for name in job.workers if state.workers[name].held > state.workers[name].slots}
    leased = [action for action, lease in job.leases.items() if lease.worker in full]
    return {
        action: f"{slots(state, job, job.takes(action))}; it comes next"
        for action in leased
        if job.states[action] == table.LEASED and action not in job.early
    }
