"""The port for those who only look: the list of jobs and the events of one, beside whoever writes them.

Knows no file and no engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from job_manager.core.events import Event
from job_manager.model.errors import EngineError
from job_manager.model.hints import Protocol
from job_manager.model.record import NamedTuple


class JobRow(NamedTuple):
    """A line of the job list. `state` is open, paused, succeeded, failed or cancelled; times are seconds since the
    epoch."""

    id: str
    name: str
    state: str
    submitted: float
    finished: float | None
    counts: dict[str, int]


class Damage(NamedTuple):
    """Something that is not as it was written: of a job from that event on, or, with `job` "", of the whole."""

    job: str
    event: int
    what: str

    def __str__(self) -> str:
        return f"job {self.job}, event {self.event}: {self.what}" if self.job else self.what


class Damaged(EngineError):
    """The journal is not as it was written. One line, since it is what a start says before it ends."""

    def __init__(self, path: str, damage: Damage) -> None:
        super().__init__(f"the journal {path} is damaged: {damage}; `jm repair --dry-run` shows what can be kept")
        self.damage = damage


class Tail(Protocol):
    """A job's events in order, each given once, while somebody writes."""

    def news(self) -> Sequence[Event]:
        """The events since the last call."""


class History(Protocol):
    """Raises EngineError when what is read is damaged or cannot be read."""

    def jobs(self) -> Sequence[JobRow]:
        """Every job, newest first."""

    def events(self, job: str) -> Iterator[Event]:
        """Every event of a job in order; none for a job that is not there."""

    def timed(self, job: str) -> Iterator[tuple[float, Event]]:
        """The same, each with the time (seconds since the epoch) at which it was written."""

    def tail(self, job: str) -> Tail:
        """The events of a job, a part at a time."""

    def verify(self, job: str) -> None:
        """Only find out whether the events of a job can be read."""

    def damages(self, thorough: bool = False) -> Iterator[Damage]:
        """What is not as it was written. Not `thorough`: as much as a start has time for."""

    def close(self) -> None:
        """Let go."""
