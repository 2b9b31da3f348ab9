"""Who is told what happens to a job that runs. Knows neither who listens nor who tells."""

from __future__ import annotations

from collections.abc import Sequence

from job_manager.core.events import Event
from job_manager.core.state import JobState
from job_manager.model.hints import Protocol


class Observer(Protocol):
    """Who watches a job. `interval` is how many seconds may pass between two calls of `tick`, None for as many as
    there are between two events."""

    interval: float | None

    def happened(self, job: JobState, events: Sequence[Event]) -> None:
        """These events are in the journal."""

    def tick(self, job: JobState) -> None:
        """Time has passed; a moment to draw."""

    def interrupted(self, job: JobState, times: int) -> None:
        """The person (or the system) asked to stop, for the first or second time."""

    def noted(self, job: JobState, action: int, message: str) -> None:
        """Something a person should know, of an action or of the whole job (-1), although nothing has happened."""


class Silent:
    """An observer that looks away."""

    interval: float | None = None

    def happened(self, job: JobState, events: Sequence[Event]) -> None:
        """Nothing."""

    def tick(self, job: JobState) -> None:
        """Nothing."""

    def interrupted(self, job: JobState, times: int) -> None:
        """Nothing."""

    def noted(self, job: JobState, action: int, message: str) -> None:
        """Nothing."""
