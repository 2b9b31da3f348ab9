"""Looking on while somebody else runs a job: shown, or silently, to an exit code. Used by watch, wait and submit.

Knows no rule.
"""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output
from job_manager.model.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from job_manager.app.attending import Attended
    from job_manager.app.home import Home


def attend_shown(home: Home, id: str, options: Namespace, out: Output) -> int:
    """As a run is shown, to its end."""
    from job_manager.app.attending import attend
    from job_manager.app.watching import Watch
    from job_manager.cli.ending import heed_no_more, screen

    shown = screen(out)
    try:
        attended = attend(home, id, Watch(shown, home.jobs))
    finally:
        shown.close()
    code = _ended(home, attended, options, out)
    heed_no_more()
    return code


def attend_silently(home: Home, id: str, patience: float | None, options: Namespace, out: Output) -> int:
    """Only its end."""
    from job_manager.app.attending import attend
    from job_manager.app.observing import Silent

    return _ended(home, attend(home, id, Silent(), patience=patience), options, out)


def _ended(home: Home, attended: Attended, options: Namespace, out: Output) -> int:
    from job_manager.app.finishing import Outcome
    from job_manager.cli.asking import show_goes_on
    from job_manager.cli.ending import conclude
    from job_manager.cli.reporting import INTERRUPTED, TIMED_OUT

    if attended.over:
        return conclude(home, Outcome(attended.job, attended.exported), (), options, out)
    code = TIMED_OUT if attended.timed_out else INTERRUPTED
    if out.json:
        out.document({"id": attended.job.id, "state": attended.job.state, "exit": code})
    else:
        show_goes_on(attended.job, attended.timed_out, options, out)
    return code
