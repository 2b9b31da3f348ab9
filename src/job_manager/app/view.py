"""One job as the journal has it, followed while somebody else writes. Decides nothing, and needs no lock."""

from __future__ import annotations

from collections.abc import Sequence

from job_manager.app import wiring
from job_manager.app.home import Home
from job_manager.core.events import Event
from job_manager.core.evolve import evolve
from job_manager.core.state import JobState, State
from job_manager.worker.layout import Layout, layout_of


class View:
    """The job `id` of a state directory. Raises NotFound where the journal has none, EngineError when it is damaged."""

    def __init__(self, home: Home, id: str) -> None:
        self.state = State()
        self._reading = wiring.open_reading(home)
        try:
            self._tail = self._reading.tail(id)
            self.news()
            self.job: JobState = self.state.job(id)
        except BaseException:
            self._reading.close()
            raise
        self.layout: Layout = layout_of(home.jobs, id, self.job.site)

    def news(self) -> Sequence[Event]:
        """What has happened since the last call, folded in."""
        events = self._tail.news()
        for event in events:
            evolve(self.state, event)
        self.state.changed.clear()
        return events

    def close(self) -> None:
        """Let go of the journal."""
        self._reading.close()
