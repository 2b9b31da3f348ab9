"""The machine's clock behind the clock port. Knows nothing else."""

from __future__ import annotations

import time


class SystemClock:
    """Real time; see ports.clock. Where the machine's clock is put back, `wall` goes on from where it was: what was to
    happen in a minute happens in a minute, and no end comes before its beginning."""

    def __init__(self) -> None:
        self._offset = time.time() - _steady()

    def wall(self) -> float:
        """Seconds since the epoch; never less than before."""
        real, steady = time.time(), _steady()
        self._offset = max(self._offset, real - steady)
        return self._offset + steady

    def monotonic(self) -> float:
        """Seconds since some moment, never backwards."""
        return time.monotonic()


def _steady() -> float:
    """Never backwards, and goes on while the machine sleeps, as far as it can tell."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
