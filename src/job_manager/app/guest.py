"""A run that joins the holder of its state directory: it asks, looks on, and takes over when the holder is gone.

Has the same words as a host, so that who runs a job need not know which of them it has. Decides nothing.
"""

from __future__ import annotations

import select
import time

from job_manager.app.callers import DONE, HEARD, POKE, RUN
from job_manager.app.capacity import Capacity
from job_manager.app.home import SUPERVISOR, Home
from job_manager.app.host import GOING_DOWN, Host, Terms
from job_manager.app.inbox import Inbox, request_id
from job_manager.app.interrupts import Interrupts
from job_manager.app.observing import Observer
from job_manager.app.settings import Config
from job_manager.app.view import View
from job_manager.app.wire import Gone, Peer, connect
from job_manager.core.said import ReleaseJob, Request
from job_manager.core.state import JobState
from job_manager.model.errors import EngineError, Refused
from job_manager.model.hints import Any

PATIENCE = 10.0  # seconds for a holder to come up, or to answer
PAUSE = 0.02  # between two looks at who holds the directory, while it changes hands


def join(home: Home, terms: Terms) -> Host | Guest:
    """Become the holder, or join whoever is. Raises Refused when the holder is one that nobody can join."""
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            home.lock()
        except Refused:
            peer = connect(home.socket)
            if peer is not None:
                return Guest(home, terms, peer)
            if time.monotonic() > give_up or not _may_be_joined(home):
                raise
            time.sleep(PAUSE)  # its socket is there in a moment, or its lock is free
        else:
            return Host(home, terms.capacity.slots, terms.environ, terms.umask)


def _may_be_joined(home: Home) -> bool:
    holder = home.holder()
    return not holder or holder["kind"] == SUPERVISOR or bool(holder["jobs"])


class Guest:
    """One job of somebody else's. Use as a context manager; `detached` when it goes on without us."""

    def __init__(self, home: Home, terms: Terms, peer: Peer) -> None:
        self._home = home
        self._terms = terms
        self._peer = peer
        self._inbox = Inbox(home.inbox)
        self._views: dict[str, View] = {}
        self._host: Host | None = None
        self._ran = ""
        self.detached = ""  # in whose hands the job is left

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, kind: object, *exc: object) -> None:
        if self._host is not None:
            self._host.__exit__(kind, *exc)
        for view in self._views.values():
            view.close()
        self._peer.close()

    def seen_to(self, job: str) -> None:
        """Its results are in place."""
        if self._host is not None:
            self._host.seen_to(job)
        else:
            self._peer.send(DONE, job)

    @property
    def handed_on(self) -> tuple[str, ...]:
        """Jobs of others that were run here and are not over."""
        return () if self._host is None else self._host.handed_on

    def offer(self, capacity: Capacity, config: Config) -> None:
        """What there is for the job, should it be us who runs it."""
        self._terms = self._terms._replace(capacity=capacity, config=config)

    def knows(self, job: str) -> bool:
        """Whether there is a job of that id."""
        try:
            self._view(job)
        except Refused:
            return False
        return True

    def load(self, job: str) -> JobState:
        """The job as it stands. Raises NotFound, EngineError."""
        view = self._view(job)
        view.news()
        return view.job

    def _view(self, job: str) -> View:
        if job not in self._views:
            self._views[job] = View(self._home, job)
        return self._views[job]

    def say(self, request: Request) -> JobState:
        """Put a request down and wait until the holder has taken it up, whoever that is by then: in the end we. Raises
        Refused, EngineError."""
        if self._host is not None:
            return self._host.say(request)
        request = request._replace(request=request_id())
        self._inbox.put(request)
        while True:
            try:
                return self._answered(request)
            except Gone:
                if self._take_over():
                    assert self._host is not None
                    return self._host.take_up(request)

    def _answered(self, request: Request) -> JobState:
        """What the holder has made of a request that waits. Raises Gone, Refused, EngineError."""
        give_up = time.monotonic() + PATIENCE
        self._peer.send(POKE, request.request)
        while True:
            for kind, *fields in self._peer.receive():
                if kind == HEARD and fields[0] == request.request:
                    if fields[1] is not None:
                        raise Refused(*fields[1])
                    return self.load(request.job)
            left = give_up - time.monotonic()
            if left < 0:
                hint = "it stays asked: `jm ls` shows what has become of it"
                raise EngineError("the holder of the state directory does not answer", hint, retryable=True)
            select.select([self._peer], [], [], left)

    def run(self, job: JobState, observer: Observer, interrupts: Interrupts | None = None) -> JobState:
        """Look on until the job is finished; run it here, with what else was joined, once its holder is gone."""
        self._ran = job.id
        interrupts = interrupts or Interrupts()
        if self._host is None:
            job = self._looked_on(job, observer, interrupts)
        if self._host is None:
            return job
        job = self._host.loaded(job.id)
        if job.held == GOING_DOWN:  # who ended the supervisor did not mean this run
            self._host.say(ReleaseJob(job.id))
        return self._host.run(job, observer, interrupts)

    def _looked_on(self, job: JobState, observer: Observer, interrupts: Interrupts) -> JobState:
        """The job when it is over, or goes on without us, or is ours to run."""
        view = self._view(job.id)
        self._ask_for_run()
        observer.happened(view.job, ())
        with interrupts:
            while not _rests(view.job):
                if interrupts.count:
                    self.detached = _in_words(self._home)
                    break
                self._wait(interrupts, observer)
                if self._is_alone() and self._take_over():
                    break
                self._show(view, observer)
        return view.job

    def _show(self, view: View, observer: Observer) -> None:
        events = view.news()
        if events:
            observer.happened(view.job, events)
        observer.tick(view.job)

    def _ask_for_run(self) -> None:
        environ, umask, slots = self._terms.environ, self._terms.umask, self._terms.capacity.slots
        self._peer.send(RUN, self._ran, environ, umask, slots)

    def _wait(self, interrupts: Interrupts, observer: Observer) -> None:
        writers = [self._peer] if self._peer.wants_write else []
        waits: list[Any] = [self._peer, interrupts]
        select.select(waits, writers, [], observer.interval)
        self._peer.flush()

    def _is_alone(self) -> bool:
        try:
            self._peer.receive()
        except Gone:
            return True
        return False

    def _take_over(self) -> bool:
        """The holder is gone: be the next one, or join that. True when it is us."""
        self._peer.close()
        joined: Any = join(self._home, self._terms)
        if isinstance(joined, Guest):
            self._peer = joined._peer
            if self._ran:
                self._ask_for_run()
            return False
        self._host = joined
        self._host.offer(self._terms.capacity, self._terms.config)
        return True


def _rests(job: JobState) -> bool:
    return bool(job.finished or job.held == "interrupted") and not job.leases


def _in_words(home: Home) -> str:
    holder = home.holder()
    if holder.get("kind") == SUPERVISOR:
        return f"under the supervisor (process {holder['pid']})"
    return f"as long as `{holder['words']}` (process {holder['pid']}) runs" if holder else "with the next `jm up`"
