"""The thin blocking loop of one job in this process: supervisor and worker turns, woken by sockets, signals and timers.

Holds the state directory for as long as it runs. Decides nothing; draws nothing (an observer does).
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from typing import Protocol

from job_manager.app import wiring
from job_manager.app.capacity import Capacity
from job_manager.app.home import Home
from job_manager.app.interrupts import Interrupts
from job_manager.app.settings import Config
from job_manager.app.storage_trouble import StorageTrouble
from job_manager.core.events import Event
from job_manager.core.said import HoldJob, Report, Request
from job_manager.core.state import JobState
from job_manager.model.errors import EngineError
from job_manager.supervisor.supervisor import Supervisor
from job_manager.worker.attempt import GRACE
from job_manager.worker.brief import Briefing
from job_manager.worker.layout import Layout
from job_manager.worker.worker import Worker

WAIT = 2.0  # seconds for another program that holds the journal


class Observer(Protocol):
    """Who watches a run. `interval` is how many seconds may pass between two calls of `tick`, None for as many as
    there are between two events."""

    interval: float | None

    def happened(self, job: JobState, events: Sequence[Event]) -> None:
        """These events are in the journal."""

    def tick(self, job: JobState) -> None:
        """Time has passed; a moment to draw."""

    def interrupted(self, job: JobState, times: int) -> None:
        """The person (or the system) asked to stop, for the first or second time."""

    def storage(self, text: str) -> None:
        """The journal cannot be written, or can be again."""


class Silent:
    """An observer that looks away."""

    interval: float | None = None

    def happened(self, job: JobState, events: Sequence[Event]) -> None:
        """Nothing."""

    def tick(self, job: JobState) -> None:
        """Nothing."""

    def interrupted(self, job: JobState, times: int) -> None:
        """Nothing."""

    def storage(self, text: str) -> None:
        """Nothing."""


class Host:
    """Runs one job of a held state directory. Use as a context manager; `worker` may be started early."""

    def __init__(self, home: Home, slots: int, environ: dict[str, str], umask: int) -> None:
        self._home = home
        self._clock = wiring.system_clock()
        self._journal = wiring.open_journal(home)
        self._engine = wiring.local_engine(self._journal, self._clock)
        self._supervisor = Supervisor(self._engine)
        self._heard: list[Report] = []  # what is not in the journal yet
        self.worker = Worker(home.keepers, slots, environ, umask, self._clock)

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *exc: object) -> None:
        self.worker.close()
        self._engine.close()

    def offer(self, capacity: Capacity, config: Config) -> None:
        """What the worker has to give, from its next announcement on, and by which configuration jobs grow."""
        self.worker.slots, self.worker.memory, self.worker.limits = capacity[:3]
        self.worker.grow = wiring.grower(config, capacity)

    def knows(self, job: str) -> bool:
        """Whether the journal has a job of that id."""
        return self._journal.head(job).seq > 0

    def load(self, job: str) -> JobState:
        """Fold a job that is in the journal already. Raises NotFound."""
        self._engine.watch(job)
        self._supervisor.turn(self._clock.wall())
        self._engine.take()  # of the past; the worker hears all there is to do when it announces itself
        return self._supervisor.state.job(job)

    def say(self, request: Request) -> JobState:
        """Say one request and take the turn. Raises Refused."""
        self._engine.say(request)
        self._supervisor.turn(self._clock.wall())
        for _, why in self._supervisor.refused:
            raise why
        return self._supervisor.state.job(request.job)

    def run(self, job: JobState, layout: Layout, observer: Observer, interrupts: Interrupts | None = None) -> JobState:
        """Run the job until it is finished, or held and nothing of it runs any more."""
        self._home.announce(job.id)
        self._journal.be_patient(WAIT)  # beyond that the loop itself waits, and can be interrupted
        self._trouble = StorageTrouble(self._clock, observer.storage)
        self._engine.say(*self.worker.open(Briefing(job, layout)))
        with interrupts or Interrupts() as interrupts:
            while True:
                self._turn(job, observer)
                if (job.finished or job.held) and not job.leases and not self._trouble.active:
                    return job
                self._wait(interrupts, observer)
                self._heed(interrupts, job, observer)
                observer.tick(job)

    def _turn(self, job: JobState, observer: Observer) -> None:
        """Turns until nothing more follows by itself."""
        while True:
            reports = self.worker.receive()
            self._engine.say(*reports)
            self._heard += reports
            if not self._committed(job, observer):
                return
            if not self._worker_orders() and not reports:
                return

    def _committed(self, job: JobState, observer: Observer) -> bool:
        """Take a turn; False when it could not be written and has to be written later."""
        if self._trouble.holds_back():
            return False
        try:
            events = self._supervisor.turn(self._clock.wall())
        except EngineError as error:
            self._trouble.met(error)
            return False
        self._trouble.over()
        heard, self._heard = self._heard, []
        self.worker.committed(heard)
        if events:
            observer.happened(job, events)
        return True

    def _worker_orders(self) -> bool:
        """Have the worker carry out what is ordered; True when it has to report at once."""
        orders = self._engine.take()
        reports = self.worker.carry_out(orders) if orders else []
        self._engine.say(*reports)
        return bool(reports)

    def _wait(self, interrupts: Interrupts, observer: Observer) -> None:
        due = self._supervisor.next_timer()
        if self._trouble.active:
            due = None
        limits = [None if due is None else due - self._clock.wall(), self.worker.next_timeout(), observer.interval]
        limits.append(self._trouble.seconds())
        timeout = min((max(0.0, limit) for limit in limits if limit is not None), default=None)
        _, writable, _ = select.select([interrupts, *self.worker.readers()], self.worker.writers(), [], timeout)
        if writable:
            self.worker.flush()

    def _heed(self, interrupts: Interrupts, job: JobState, observer: Observer) -> None:
        seen, self._seen = self._seen, interrupts.count
        if interrupts.count == seen:
            return
        interrupts.drain()
        self._trouble.give_up()
        observer.interrupted(job, min(2, interrupts.count))
        self._engine.say(HoldJob(job.id, "interrupted", GRACE if interrupts.count == 1 else 0.0))

    _seen = 0
