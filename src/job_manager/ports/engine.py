"""The one engine port: where history is kept, how word gets to the decider, and how orders get to workers.

Knows no journal, queue or network. Memory, SQLite and Valkey build it from a journal and a mailbox; SWF and Temporal
answer it from their own decision task.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from job_manager.core.decide import Order
from job_manager.core.events import Event
from job_manager.core.said import Said
from job_manager.model.hints import Protocol
from job_manager.model.record import NamedTuple


class Turn(NamedTuple):
    """One occasion to decide. `version` is how far the stream was when it was read; `events` those not yet given out
    under this engine (all of them the first time); `said` what has come in since. Nothing said may be lost before the
    turn is committed; it may come again."""

    stream: str
    version: int
    events: Iterable[Event]
    said: Sequence[Said]


class Engine(Protocol):
    """All methods return at once. Raises EngineError when the world behind it fails."""

    def say(self, *said: Said) -> None:
        """Put a request or report into the mailbox."""

    def next(self, due: bool = False) -> Turn | None:
        """The next turn, or None when nothing has happened and nothing was said; when `due`, a timer asks for one."""

    def commit(self, turn: Turn, events: Sequence[Event], orders: Sequence[Order]) -> bool:
        """Append all events in one durable step, then hand out the orders. False when the stream has moved on since
        the turn was read: nothing is written, and the turn must be taken again from the beginning."""

    def take(self) -> Sequence[Order]:
        """The orders handed out since the last call. Losing them is harmless: orders are read from the state again."""

    def close(self) -> None:
        """Let go of everything; what was committed stays."""
