"""The engine port over the SQLite journal and a mailbox in memory, for the one process that holds the directory.

The mailbox may live in memory since everything said can be said again: requests by their files, reports from the
keeper's records. Knows no rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from job_manager.core.decide import Order
from job_manager.core.events import Event, pack
from job_manager.core.said import Said
from job_manager.engines.sqlite.journal import Head, Journal
from job_manager.ports.clock import Clock
from job_manager.ports.engine import Turn


class SqliteEngine:
    """Runs the jobs it is told to `watch`; other jobs in the file are left alone."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._heads: dict[str, Head] = {}
        self._unread: list[str] = []
        self._mailbox: list[Said] = []
        self._orders: list[Order] = []
        self._version = 0

    def watch(self, job: str) -> None:
        """Take this job's stream into the next turn."""
        if job not in self._heads and job not in self._unread:  # else its events would come twice
            self._unread.append(job)

    def forget(self, job: str) -> None:
        """Leave this job's stream alone from now on; watched again, it is read from its beginning."""
        self._heads.pop(job, None)
        if job in self._unread:
            self._unread.remove(job)

    def say(self, *said: Said) -> None:
        """Put a request or report into the mailbox."""
        self._mailbox.extend(said)

    def next(self, due: bool = False) -> Turn | None:
        """The next turn, or None."""
        if not (self._mailbox or self._unread or due):
            return None
        events = list(self._read_unread())
        return Turn("", self._version, events, tuple(self._mailbox))

    def _read_unread(self) -> Iterator[Event]:
        for job in self._unread:
            yield from self._journal.events(job)
            self._heads[job] = self._journal.head(job)
        self._unread = []

    def commit(self, turn: Turn, events: Sequence[Event], orders: Sequence[Order]) -> bool:
        """Append the events of all jobs in one durable transaction, then hand out the orders."""
        if turn.version != self._version:
            self._start_over()
            return False
        if events and not self._journal.append(self._clock.wall(), self._by_job(events)):
            self._start_over()
            return False
        self._version += bool(events)
        del self._mailbox[: len(turn.said)]
        self._orders.extend(orders)
        return True

    def _by_job(self, events: Iterable[Event]) -> list[tuple[str, Head, list[list[object]]]]:
        packed: dict[str, list[list[object]]] = {}
        for event in events:
            packed.setdefault(event.job, []).append(pack(event))
        return [(job, self._heads.setdefault(job, Head()), rows) for job, rows in packed.items()]

    def _start_over(self) -> None:
        """Somebody else has written: everything is read anew."""
        self._version += 1
        self._unread = list(self._heads)

    def take(self) -> Sequence[Order]:
        """The orders handed out since the last call."""
        orders, self._orders = self._orders, []
        return orders

    def close(self) -> None:
        """Let go of the journal."""
        self._journal.close()
