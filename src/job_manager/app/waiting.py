"""For what ready actions wait: which resource is in use, and by whom. Asks the leasing itself.

Decides nothing. Knows no terminal.
"""

from __future__ import annotations

from job_manager.core.standing import in_words, stands
from job_manager.core.state import JobState, State


def waits(state: State, job: JobState) -> dict[int, str]:
    """Why each ready action has not been leased, as `gpu: 1 of 1 in use by render/a`. Empty without a worker."""
    if not job.workers:
        return {}
    said = {stand.action: in_words(state, job, stand) for stand in stands(state, job)}
    return {action: words for action, words in said.items() if words}
