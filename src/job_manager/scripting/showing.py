"""A run of this process shown as `jm run` shows it: what is odd, what runs, how it ended. Knows no rule."""

from __future__ import annotations

import threading
from argparse import Namespace

from job_manager.app.watching import Watch
from job_manager.cli.ending import conclude, screen
from job_manager.cli.output import Output
from job_manager.cli.reporting import report, show_notes, show_resume
from job_manager.model.errors import JobManagerError
from job_manager.model.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from job_manager.app.finishing import Outcome
    from job_manager.scripting.preparing import Prepared


class NotRun(JobManagerError, SystemExit):
    """The job was not run, and why has been said: when nobody catches it, Python ends with the exit code of `jm`."""

    def __init__(self, error: JobManagerError, code: int) -> None:
        super().__init__(str(error), error.hint)
        self.code = code


def run_shown(prepared: Prepared) -> Outcome:
    """Run what is prepared and show it; a failed run is shown, too, and not raised."""
    from job_manager.scripting.preparing import start

    out = Output()
    out.color = prepared.config.color
    show_notes(prepared.loaded.problems, out)
    shown = screen(out)
    watch = Watch(shown, prepared.home.jobs)
    try:
        outcome = start(prepared, watch, None)
    except KeyboardInterrupt:
        shown.close()
        if watch.opened:
            show_resume(_resume(prepared, watch.job.id), out)
        raise
    finally:
        shown.close()
    conclude(prepared.home, outcome, prepared.loaded.problems, Namespace(home=_home(prepared)), out)
    out.flush()
    return outcome


def _home(prepared: Prepared) -> str | None:
    import os

    here = os.path.join(os.getcwd(), ".jm")
    return None if prepared.home.path == here else prepared.home.path


def _resume(prepared: Prepared, id: str) -> str:
    from job_manager.cli.place import command

    return command(_home(prepared), "resume", id)


def said(error: JobManagerError) -> NotRun:
    """Say what is wrong as `jm` does; what to raise then."""
    out = Output()
    out.starts = True
    code = report(error, out)
    out.flush()
    return NotRun(error, code)


def in_main_thread() -> bool:
    """Whether this is the thread that signals come to."""
    return threading.current_thread() is threading.main_thread()
