"""What a holder knows of one job that it runs. Decides nothing."""

from __future__ import annotations

from job_manager.app.observing import Observer
from job_manager.core.state import JobState
from job_manager.worker.layout import Layout

PAUSED = "paused"


class Hosted:
    """A job that runs here. `own`: whoever hosts it sees to its end; `ending`: that is being done beside the loop."""

    __slots__ = ("ending", "job", "layout", "observer", "own", "paused")

    def __init__(self, job: JobState, layout: Layout, observer: Observer, own: bool) -> None:
        self.job, self.layout, self.observer, self.own = job, layout, observer, own
        self.paused = job.held == PAUSED  # from the beginning: then nobody waits until that is taken back
        self.ending = False
