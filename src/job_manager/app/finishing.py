"""What follows when a job has succeeded: public artifacts to `--out`, everything that is not kept removed.

Harmless to do again. Knows no journal; who does it, and when, is not its business.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from job_manager.app.home import Home
from job_manager.artifacts.settling import begun
from job_manager.core.state import JobState
from job_manager.model.errors import EngineError, JobManagerError, Refused
from job_manager.model.hints import TYPE_CHECKING
from job_manager.model.record import NamedTuple
from job_manager.worker.layout import Layout, layout_of

if TYPE_CHECKING:
    import threading


class Outcome(NamedTuple):
    """How a run ended here: the job, the paths of the public artifacts copied to `--out`; of a job that goes on without
    us, who runs it; and the jobs of others that were run here and that somebody else goes on with."""

    job: JobState
    exported: tuple[str, ...] = ()
    goes_on: str = ""
    handed_on: tuple[str, ...] = ()


def finish(job: JobState, layout: Layout, out: str = "") -> Outcome:
    """Do it, for a job that has succeeded; also with another `out`. Raises EngineError, Refused."""
    outcome = handed_over(job, layout, out)
    clear_up(job, layout)
    return outcome


def handed_over(job: JobState, layout: Layout, out: str = "") -> Outcome:
    """The first half of it: what was made is where it is wanted. Raises EngineError, Refused."""
    out = out or job.site.out
    if job.finished != "succeeded" or not out:
        return Outcome(job)
    return Outcome(job, tuple(_exported(job, layout, out)))


def clear_up(job: JobState, layout: Layout) -> None:
    """The second: what is not kept is removed. Raises EngineError."""
    if job.finished == "succeeded" and not job.site.keep_temp:
        layout.store.retire()


def results(home: Home, outcome: Outcome) -> list[str]:
    """Where the public artifacts of a job that has succeeded are: in `--out`, else in the state directory."""
    if outcome.exported or outcome.job.finished != "succeeded":
        return list(outcome.exported)
    store = layout_of(home.jobs, outcome.job.id, outcome.job.site).store
    return [store.path(name, True) for name in store.public_names()]


def in_place(job: JobState, layout: Layout) -> tuple[str, ...]:
    """Where somebody else has put the results of a job that has succeeded: those that are there."""
    names = layout.store.public_names() if job.finished == "succeeded" and job.site.out else ()
    return tuple(path for name in names if os.path.lexists(path := os.path.join(job.site.out, name)))


def _exported(job: JobState, layout: Layout, out: str) -> list[str]:
    try:
        return layout.store.export(out)
    except (EngineError, Refused) as error:
        error.hint = (
            f"the job has succeeded and its results are kept: `jm resume {job.id} --out DIR` copies them elsewhere"
        )
        raise


def finish_beside(job: JobState, layout: Layout) -> tuple[str, JobManagerError | None]:
    """The same beside a loop that must not be held up: the job, and what went wrong or None."""
    try:
        finish(job, layout)
    except (EngineError, Refused) as error:
        return job.id, error
    except OSError as cause:
        return job.id, EngineError(f"the results of job {job.id} are not in place: {cause}", retryable=True)
    return job.id, None


class Aside:
    """What is done beside, in threads of its own, and waited for at the end."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._wrong: BaseException | None = None

    def begin(self, work: Callable[[], None]) -> None:
        """Have it done; at once, where there can be no thread."""

        def done() -> None:
            try:
                work()
            except BaseException as error:
                self._wrong = error

        thread = begun(done, "aside")
        if thread is None:
            done()
        else:
            self._threads.append(thread)

    def ended(self) -> BaseException | None:
        """Wait until it is done; what it has raised."""
        for thread in self._threads:
            thread.join()
        return self._wrong
