"""Whether the history of a job can be used: for those who list jobs, or are about to run them. Writes nothing."""

from __future__ import annotations

from job_manager.core.evolve import fold
from job_manager.core.state import State
from job_manager.model.errors import JobManagerError
from job_manager.ports.history import Damaged, History

UNREADABLE = "unreadable"


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
    except MemoryError:
        raise  # says nothing of the job
    except Exception as error:  # whatever an event can do to the fold: one job must not take the others with it
        return f"its events make no sense ({type(error).__name__}: {error})"
    return ""
