"""The clock port: the only source of `now` for the loops that drive the turns. Knows no time itself."""

from __future__ import annotations

from job_manager.model.hints import Protocol


class Clock(Protocol):
    """Seconds. `wall` is since the epoch and may be set; `monotonic` only goes forward."""

    def wall(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds since some moment, never backwards."""
