"""What is sent to keepers in one go: what to start, what to start after something else, what to stop.

Knows orders and tokens; prepares nothing and sends nothing by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from job_manager.core.decide import StartAttempt, StopAttempt
from job_manager.core.state import Lease
from job_manager.worker.adoption import Orphans
from job_manager.worker.attempt import token
from job_manager.worker.keeper_link import KeeperLink, Order

PROMPT = 0.005  # seconds for which what can begin may wait for what comes after it
FEW, TOGETHER = 8, 0.1  # so many orders belong together: before there are more, that is how long they may wait


class Batch:
    """`stops` are (incarnation, token, grace in seconds). `now`: seconds of a clock that only goes on; `idle`: slots
    that have nothing to do."""

    def __init__(self, now: float, idle: int = 0) -> None:
        self._since, self._started, self._idle = now, False, idle
        self.starts: list[Order] = []
        self.stops: list[tuple[str, str, float]] = []
        self._chains: list[tuple[list[str], list[Order]]] = []
        self._last: tuple[tuple[int, int], ...] = ()

    def start(self, order: StartAttempt, prepared: Order, leases: Mapping[int, Lease]) -> None:
        """Have it started, as soon as what it comes after has ended well. What is under lease no more has: otherwise
        this would be under lease no more, either."""
        if not order.after:
            self.starts.append(prepared)
        elif order.after == self._last and self._chains:
            self._chains[-1][1].append(prepared)
        else:
            self._last = order.after
            open_ones = [each for each in order.after if leases.get(each[0]) == Lease(order.worker, each[1])]
            self._chains.append(([token(order.job, *each) for each in open_ones], [prepared]))

    def stop(self, order: StopAttempt, name: str) -> None:
        """Have it ended."""
        self.stops.append((order.worker, name, order.grace))

    def stop_orphans(self, orphans: Orphans) -> None:
        """What is to be stopped may have lost its keeper."""
        for _, name, grace in self.stops:
            orphans.stop(name, grace)

    def send_in_time(self, link: KeeperLink, now: float) -> None:
        """What can begin is not to wait long while what comes after it is made ready, and not at all when that many
        slots have nothing to do."""
        few = len(self.starts) + len(self._chains) <= FEW
        if 0 < self._idle <= len(self.starts) or now >= self._since + (TOGETHER if few else PROMPT):
            self._since, self._idle = now, 0
            self._send_starts(link)

    def _send_starts(self, link: KeeperLink) -> None:
        starts, chains = self.starts, self._chains
        self.starts, self._chains = [], []
        if starts:
            link.start(starts)
        if chains:
            link.chain(chains)
        self._started |= bool(starts or chains)

    def send(self, link: KeeperLink, older: Mapping[str, KeeperLink]) -> bool:
        """Tell the present keeper what to start, and each its own what to stop; whether anything was to start."""
        self._send_starts(link)
        for worker, name, grace in self.stops:
            older.get(worker, link).stop([(name, grace)])
        return self._started
