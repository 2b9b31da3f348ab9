"""A worker with a real keeper and the real core on a journal in memory: several jobs in one test, driven until a thing
is so. Dies and comes back as its process would, and waits on what the worker waits on, never on time."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from job_manager.app.clock import SystemClock
from job_manager.core import table
from job_manager.core.decide import Order
from job_manager.core.events import Event
from job_manager.core.said import Said, SubmitJob
from job_manager.core.state import JobState
from job_manager.engines.memory import MemoryEngine
from job_manager.model.document import job_document
from job_manager.model.job import Action, Job, Shell
from job_manager.model.site import Site
from job_manager.model.site_document import site_document
from job_manager.supervisor.supervisor import Supervisor
from job_manager.worker.brief import Briefing
from job_manager.worker.layout import Layout
from job_manager.worker.worker import Worker
from tests.process.keeping import DEADLINE


def shells(*texts: str, **more: Any) -> Job:
    """A job of actions a, b, c ... (a26, a27 ...) at once, each a line for a shell. `more` is said of each of them."""
    named = ((chr(ord("a") + at) if at < 26 else f"a{at}", text) for at, text in enumerate(texts))
    return Job("test", tuple(Action(name, Shell(text), **more) for name, text in named), parallel=True)


Kind = TypeVar("Kind")
LOOK = 0.02  # seconds between two looks at what no socket tells of: files that children write


class Working:
    """One holder of a directory: `die` leaves everything as kill -9 would, `Working(..., before)` comes after it."""

    def __init__(self, root: Path, slots: int = 4, before: Working | None = None, keepers: Path | None = None) -> None:
        self.root = root
        self.jobs = root / "jobs"
        self.closed = False
        self.handed_out: list[Order] = []
        self.clock = SystemClock()
        self.journal: list[Event] = before.journal if before else []
        self.engine = MemoryEngine(self.journal)
        self.supervisor = Supervisor(self.engine)
        self.worker = Worker(str(keepers or root / "keepers"), slots, dict(os.environ), 0o022, self.clock)
        if before:
            self.supervisor.turn(self.clock.wall())
            self.engine.take()

    def submit(self, id: str, job: Job, environ: Mapping[str, str] | None = None, umask: int | None = None) -> None:
        """Submit a job and open it."""
        site = Site(workdir=str(self.root), store=str(self.jobs / id))
        self.say(SubmitJob(id, job_document(job), site_document(site)))
        self.open(id, environ, umask)

    def open(self, id: str, environ: Mapping[str, str] | None = None, umask: int | None = None) -> None:
        """Open a job that is in the journal."""
        self.say(*self.worker.open(Briefing(self.job(id), self.layout(id)), environ, umask))

    def layout(self, id: str) -> Layout:
        return Layout(str(self.jobs), id)

    def job(self, id: str) -> JobState:
        return self.supervisor.state.job(id)

    def say(self, *said: Said) -> None:
        self.engine.say(*said)
        self.turn()

    def turn(self) -> None:
        """Turns until nothing more follows by itself."""
        while True:
            reports = self.worker.receive() if self.worker.incarnation else []
            self.engine.say(*reports)
            self.supervisor.turn(self.clock.wall())
            if self.worker.incarnation:
                self.worker.committed(reports)
            orders = self.engine.take()
            self.handed_out += orders
            again = self.worker.carry_out(orders) if orders else []
            self.engine.say(*again)
            if not reports and not again:
                return

    def until(self, met: Callable[[], bool]) -> None:
        give_up = time.monotonic() + DEADLINE
        self.turn()
        while not met():
            now = time.monotonic()
            assert now < give_up, f"waited in vain: {self.journal[-5:]}"
            due = self.supervisor.next_timer()
            limits = [LOOK, self.worker.next_timeout(), None if due is None else due - self.clock.wall()]
            timeout = max(0.0, min(limit for limit in limits if limit is not None))
            select.select(self.worker.readers(), self.worker.writers(), [], timeout)
            self.worker.flush()
            self.turn()

    def state(self, id: str, action: int = 0) -> str:
        return table.NAMES[self.job(id).states[action]]

    def finish(self, *ids: str) -> None:
        self.until(lambda: all(self.job(id).finished and not self.job(id).leases for id in ids))

    def output(self, id: str, name: str = "a", attempt: int = 1) -> str:
        return Path(self.layout(id).log(name, attempt)).read_text()

    def events(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.journal if isinstance(event, kind)]

    def die(self) -> Working:
        """As if the process had been killed: nobody says goodbye."""
        for reader in self.worker.readers():
            reader.close()
        return self
