"""Whether the journal can be relied upon: before anything is started, and job by job for those who list them.

Writes nothing. Knows no terminal.
"""

from __future__ import annotations

import os

from job_manager.app import wiring
from job_manager.app.home import Home
from job_manager.core.evolve import fold
from job_manager.core.state import State
from job_manager.model.errors import JobManagerError
from job_manager.ports.history import Damage, Damaged, History

UNREADABLE = "unreadable"


def refuse_damaged(home: Home) -> None:
    """Raises Damaged when the journal is not as it was written, as far as a start has time to look."""
    for damage in damages(home):
        raise Damaged(home.journal, damage)


def damages(home: Home, thorough: bool = False) -> list[Damage]:
    """What is damaged. A start is content with the first: it is refused anyway."""
    if not os.path.exists(home.journal) and _has_jobs(home):
        return [Damage("", 0, "it is gone, though there are jobs in jobs/")]
    try:
        reading = wiring.open_reading(home)
    except Damaged as found:
        return [found.damage]
    try:
        found = reading.damages(thorough)
        return list(found) if thorough else [each for each in [next(found, None)] if each is not None]
    finally:
        reading.close()


def _has_jobs(home: Home) -> bool:
    try:
        return any(os.scandir(home.jobs))
    except OSError:
        return False


def unreadable(reading: History, job: str, open: bool) -> str:
    """Why a job's history cannot be used, or "". That of an `open` job must also make sense: somebody will run it."""
    try:
        if open:
            fold(State(), reading.events(job))
        else:
            reading.verify(job)
    except Damaged as found:
        return str(found.damage)
    except JobManagerError as error:
        return str(error).partition("\n")[0]
    except Exception as error:  # whatever an event can do to the fold: one job must not take the others with it
        return f"its events make no sense ({type(error).__name__}: {error})"
    return ""
