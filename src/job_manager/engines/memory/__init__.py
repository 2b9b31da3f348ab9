"""The engine that keeps everything in memory: for tests, simulation and jobs that need no tomorrow.

Knows no disk. Shares the port's contract with every other engine.
"""

from __future__ import annotations

from collections.abc import Sequence

from job_manager.core.decide import Order
from job_manager.core.events import Event
from job_manager.core.said import Said
from job_manager.ports.engine import Turn


class MemoryEngine:
    """One stream with all jobs. `journal` is the list of committed events; a second engine may share it."""

    def __init__(self, journal: list[Event] | None = None) -> None:
        self.journal: list[Event] = [] if journal is None else journal
        self._mailbox: list[Said] = []
        self._orders: list[Order] = []
        self._given = 0

    def say(self, *said: Said) -> None:
        """Put a request or report into the mailbox."""
        self._mailbox.extend(said)

    def next(self, due: bool = False) -> Turn | None:
        """The next turn, or None."""
        version = len(self.journal)
        if not due and not self._mailbox and self._given == version:
            return None
        events, self._given = self.journal[self._given :], version
        return Turn("", version, events, tuple(self._mailbox))

    def commit(self, turn: Turn, events: Sequence[Event], orders: Sequence[Order]) -> bool:
        """Append, or False when another engine on the same journal was faster."""
        if turn.version != len(self.journal):
            self._given = 0
            return False
        self.journal.extend(events)
        self._given = len(self.journal)
        del self._mailbox[: len(turn.said)]
        self._orders.extend(orders)
        return True

    def take(self) -> Sequence[Order]:
        """The orders handed out since the last call."""
        orders, self._orders = self._orders, []
        return orders

    def close(self) -> None:
        """Nothing to let go of."""
