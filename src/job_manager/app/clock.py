"""The machine's clock behind the clock port. Knows nothing else."""

from __future__ import annotations

import time


class SystemClock:
    """Real time; see ports.clock."""

    def wall(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment, never backwards."""
        return time.monotonic()
