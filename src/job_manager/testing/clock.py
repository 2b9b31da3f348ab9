"""A clock that stands still until it is moved. Keeps the promise of ports.clock; knows no real time."""

from __future__ import annotations

START = 1_000_000.0


class FakeClock:
    """Seconds since the epoch; `wall` may be set back, `monotonic` only follows `advance`."""

    def __init__(self, at: float = START) -> None:
        self._wall = at
        self._monotonic = 0.0

    def wall(self) -> float:
        """Seconds since the epoch."""
        return self._wall

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises ValueError for less than none."""
        if seconds < 0:
            raise ValueError("time does not run backwards; use `set` for a wall clock that is changed")
        self._wall += seconds
        self._monotonic += seconds

    def set(self, wall: float) -> None:
        """Change the wall clock, as a person or a time server may."""
        self._wall = wall
