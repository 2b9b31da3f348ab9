"""What a loop does when the journal cannot be written and that may heal: wait, say so, and commit the same again.

Meanwhile no turn is taken, so nothing new begins; what runs goes on, and what it reports is kept. Knows no disk.
"""

from __future__ import annotations

from collections.abc import Callable

from job_manager.model.errors import EngineError
from job_manager.ports.clock import Clock

FIRST, LONGEST = 0.25, 5.0  # seconds between two tries: doubled from one to the other


class StorageTrouble:
    """`tell` hears a line when trouble begins, when it becomes another, and when it is over."""

    def __init__(self, clock: Clock, tell: Callable[[str], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._error: EngineError | None = None
        self._pause = 0.0
        self._due = 0.0
        self._since = 0.0

    @property
    def active(self) -> bool:
        """Whether the journal cannot be written."""
        return self._error is not None

    def give_up(self) -> None:
        """Somebody does not want to wait. Raises the error, if there is any."""
        if self._error is not None:
            raise self._error

    def met(self, error: EngineError) -> None:
        """A turn could not be committed. Raises the error again when waiting is of no use."""
        if not error.retryable:
            raise error
        now = self._clock.monotonic()
        if self._error is None:
            self._since, self._pause = now, 0.0
        if self._error is None or str(error) != str(self._error):
            self._tell(f"{error}; nothing new is begun until it can be written again{_what_to_do(error)}")
        self._error = error
        self._pause = min(LONGEST, self._pause * 2 or FIRST)
        self._due = now + self._pause

    def seconds(self) -> float | None:
        """Seconds until the next try; None when there is no trouble."""
        return max(0.0, self._due - self._clock.monotonic()) if self.active else None

    def holds_back(self) -> bool:
        """Whether no turn is to be taken now."""
        return self.active and self._clock.monotonic() < self._due

    def over(self) -> None:
        """A turn was committed, or none was due."""
        if self._error is not None:
            self._error = None
            self._tell(f"the journal can be written again, after {self._clock.monotonic() - self._since:.1f} s")


def _what_to_do(error: EngineError) -> str:
    return f": {error.hint}" if error.hint else ""
