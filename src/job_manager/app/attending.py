"""Looking on while somebody else runs a job: `jm watch`, `jm wait`. Needs no lock and changes nothing."""

from __future__ import annotations

import select
import time

from job_manager.app.callers import WATCH
from job_manager.app.finishing import in_place
from job_manager.app.home import Home
from job_manager.app.interrupts import Interrupts
from job_manager.app.looking import look
from job_manager.app.observing import Observer
from job_manager.app.owing import is_owed, why_not
from job_manager.app.view import View
from job_manager.app.wire import Gone, Peer, connect
from job_manager.core.state import JobState
from job_manager.model.errors import EngineError, NotFound
from job_manager.model.hints import Any
from job_manager.model.record import NamedTuple
from job_manager.worker.layout import layout_of

LOOK = 0.5  # seconds between two looks at the journal while nobody is there who would say when


class Attended(NamedTuple):
    """How it ended: the job, `over` when it is finished and its results are in place, else `timed_out`, or a signal
    came; and where those results are that were to be put somewhere."""

    job: JobState
    over: bool
    timed_out: bool
    exported: tuple[str, ...] = ()


def attend(
    home: Home, id: str, observer: Observer, interrupts: Interrupts | None = None, patience: float | None = None
) -> Attended:
    """Look on until the job is finished and its results are in place, a signal comes, or `patience` seconds have
    passed. Raises NotFound, EngineError when the results could not be put in place."""
    give_up = None if patience is None else time.monotonic() + patience
    with interrupts or Interrupts() as interrupts:
        onlooker = _Onlooker(home, id, observer)
        try:
            while not onlooker.see():
                left = None if give_up is None else give_up - time.monotonic()
                if interrupts.count or (left is not None and left <= 0):
                    return Attended(onlooker.job, False, not interrupts.count)
                onlooker.wait(interrupts, left)
            why, hint = why_not(home, id)
            if why:
                raise EngineError(why, hint)
            return Attended(
                onlooker.job, True, False, in_place(onlooker.job, layout_of(home.jobs, id, onlooker.job.site))
            )
        finally:
            onlooker.close()


class _Onlooker:
    def __init__(self, home: Home, id: str, observer: Observer) -> None:
        self._home, self._id, self._observer = home, id, observer
        self._peer: Peer | None = None
        self._view: View | None = None
        self.job = look(home, id).job  # it may be submitted, and in no journal yet

    def see(self) -> bool:
        """Show what is new; whether the job is over."""
        if self._view is None and not self._opened():
            return False
        assert self._view is not None
        events = self._view.news()
        if events:
            self._observer.happened(self.job, events)
        self._observer.tick(self.job)
        return bool(self.job.finished) and not self.job.leases and not self._is_being_seen_to()

    def _is_being_seen_to(self) -> bool:
        """Whether somebody is still putting the results of the job in place, as far as that has not failed."""
        if self.job.finished != "succeeded":
            return False
        hosting = self._home.hosting()
        return hosting.has(self._id) and (is_owed(self._home, self._id) or not hosting.every)

    def _opened(self) -> bool:
        try:
            self._view = View(self._home, self._id)
        except NotFound:
            return False
        self.job = self._view.job
        self._observer.happened(self.job, ())
        return True

    def wait(self, interrupts: Interrupts, left: float | None) -> None:
        """Until something may have happened."""
        self._call()
        unheard = self._peer is None or self._view is None or self.job.finished
        limits = [left, self._observer.interval, LOOK if unheard else None]
        timeout = min((max(0.0, limit) for limit in limits if limit is not None), default=None)
        waits: list[Any] = [interrupts, *([self._peer] if self._peer else [])]
        select.select(waits, [], [], timeout)
        if self._peer is not None:
            try:
                self._peer.receive()
            except Gone:
                self.close_peer()

    def _call(self) -> None:
        if self._peer is None:
            self._peer = connect(self._home.socket)
            if self._peer is not None:
                self._peer.send(WATCH, self._id)

    def close_peer(self) -> None:
        """The holder is gone, or we are."""
        if self._peer is not None:
            self._peer.close()
            self._peer = None

    def close(self) -> None:
        """Let go of everything."""
        self.close_peer()
        if self._view is not None:
            self._view.close()
