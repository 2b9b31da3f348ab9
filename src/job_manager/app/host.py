"""The holder of a state directory: supervisor and worker turns for its jobs, woken by sockets, signals and timers.

A run hosts its own job and those of whoever joins it; a supervisor hosts every open job. Requests are taken up whoever
made them. Decides nothing; draws nothing (an observer does).
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from job_manager.app import wiring
from job_manager.app.callers import DONE, DOWN, LEFT, POKE, REMOVE, RUN, Callers, Word
from job_manager.app.capacity import Capacity
from job_manager.app.finishing import Aside, finish_beside
from job_manager.app.home import SUPERVISOR, Home
from job_manager.app.hosted import PAUSED, Hosted
from job_manager.app.inbox import Inbox
from job_manager.app.interrupts import Interrupts
from job_manager.app.observing import Observer, Silent
from job_manager.app.owing import could_not, owe, settled, tried_again
from job_manager.app.settings import Config
from job_manager.artifacts.settling import whole
from job_manager.core.decide import Order
from job_manager.core.events import Event
from job_manager.core.said import HoldJob, Request
from job_manager.core.state import JobState
from job_manager.model.bulk import bulk
from job_manager.model.errors import EngineError, JobManagerError, Refused
from job_manager.model.hints import Any
from job_manager.model.record import NamedTuple
from job_manager.supervisor.supervisor import Supervisor
from job_manager.worker.attempt import GRACE
from job_manager.worker.brief import Briefing
from job_manager.worker.concluding import Concluder
from job_manager.worker.layout import layout_of
from job_manager.worker.worker import Worker

HELD = 2.0  # seconds for another program that holds the journal, before that is said
PATIENCE = 1.0  # seconds between two tries to write to a journal that cannot be written to
INTERRUPTED, GOING_DOWN = "interrupted", "down"


class Terms(NamedTuple):
    """What whoever asks for a run brings along: how much there is, the settings, and what children inherit."""

    capacity: Capacity
    config: Config
    environ: dict[str, str]
    umask: int


class Host:
    """Runs jobs of a held state directory. Use as a context manager; `worker` may be started early."""

    def __init__(self, home: Home, slots: int, environ: dict[str, str], umask: int) -> None:
        self._home = home
        self._clock = wiring.system_clock()
        self._journal = wiring.open_journal(home)
        self._engine = wiring.local_engine(self._journal, self._clock)
        self._supervisor = Supervisor(self._engine)
        self.worker = Worker(home.keepers, slots, environ, umask, self._clock)
        self.worker.secrets.directory = home.path
        self._inbox = Inbox(home.inbox)
        self._callers = Callers(home.socket)
        self._hosted: dict[str, Hosted] = {}
        self._finishing: Concluder[tuple[str, JobManagerError | None]] | None = None
        self.meanwhile = Aside()  # what is to be done while all closes
        self._every = False  # a supervisor's: it hosts every open job
        self._poked = True  # there may be requests
        self._heeded = 0
        self._orders: list[Order] = []  # given out while a job was loaded
        self._moved: set[str] = set()  # jobs to which something has happened since their ends were looked for
        self._observer_of: Callable[[JobState], Observer] = lambda job: Silent()
        self._warned = ""  # what was said last of the journal's size
        self._trouble = ""  # why the journal could not be written to when that was last said
        self.down = ""  # how the holder was told to end: stop, drain or leave
        self.unfinished: Callable[[str, JobManagerError], None] = lambda job, error: None  # results are not in place

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *exc: object) -> None:
        self._callers.close()
        if self._finishing is not None:
            self._finishing.close()
        goes_on = any(hosted.job.leases for hosted in self._hosted.values())
        if not goes_on:
            self.worker.leave()  # while the journal is closed, which takes about as long
        try:
            self._engine.close()
        finally:
            if goes_on:
                self.worker.detach()  # its children go on, for whoever comes next
            else:
                self.worker.close()
            wrong = self.meanwhile.ended()
        if wrong is not None and not any(exc):
            raise wrong

    def offer(self, capacity: Capacity, config: Config) -> None:
        """What the worker has to give, from its next announcement on, and by which configuration jobs grow."""
        self.worker.slots, self.worker.memory, self.worker.limits = capacity[:3]
        self.worker.grow = wiring.grower(config, capacity)
        self.worker.jobs.stuck, self.worker.room.floor = config.stuck, config.disk_floor

    # --- jobs -----------------------------------------------------------------------------------------------------

    @property
    def failed(self) -> bool:
        """Whether the journal could not be written: then nothing may go on here."""
        return self._supervisor.failed

    def knows(self, job: str) -> bool:
        """Whether the journal has a job of that id."""
        return self._journal.head(job).seq > 0

    def open_jobs(self) -> list[str]:
        """Every job of the journal that is not finished, the oldest first."""
        return self._journal.open_jobs()

    def load(self, job: str) -> JobState:
        """Fold a job that is in the journal already. Raises NotFound, EngineError."""
        self._engine.watch(job)
        try:
            with bulk():
                events = self._supervisor.turn(self._clock.wall())
        except EngineError:
            self._forget(job)
            raise
        # Its own are of the past (the worker hears all when it announces itself), those of others may be new.
        self._orders += [order for order in self._engine.take() if order.job != job]
        self._tell([event for event in events if event.job != job])
        return self._supervisor.state.job(job)

    def say(self, request: Request) -> JobState:
        """Say one request and take the turn. Raises Refused."""
        self._engine.say(request)
        self._advance()
        for _, why in self._supervisor.refused:
            raise why
        return self._supervisor.state.job(request.job)

    def take_on(
        self,
        job: JobState,
        observer: Observer,
        environ: dict[str, str] | None = None,
        umask: int | None = None,
        own: bool = False,
    ) -> None:
        """Run a job that is loaded, from the next turn on. `environ`, `umask`: what its children inherit, if that is
        not ours."""
        layout = layout_of(self._home.jobs, job.id, job.site)
        self._hosted[job.id] = Hosted(job, layout, observer, own)
        self._know(job.site.after_jobs)
        self._engine.say(*self.worker.open(Briefing(job, layout), environ, umask))
        if not own:
            owe(self._home, job.id)
        self._announce()

    def _know(self, jobs: Iterable[str]) -> None:
        """Have in memory what others wait for, as far as it can be read."""
        for id in jobs:
            if id not in self._supervisor.state.jobs and self.knows(id):
                try:
                    self.load(id)
                except (Refused, EngineError):
                    if self.failed:
                        raise  # of anything else who asks why the job waits is told

    def _announce(self) -> None:
        self._home.announce([] if self._every else list(self._hosted), SUPERVISOR if self._every else "")

    def _let_go(self, job: str) -> None:
        """Nothing is left to do for a job here."""
        gone = self._hosted.pop(job, None)
        if gone is not None:
            self.worker.close_job(job)
            self._announce()
        for id in (job, *(gone.job.site.after_jobs if gone else ())):
            if id not in self._hosted and not self._is_awaited(id):
                self._forget(id)

    def _is_awaited(self, id: str) -> bool:
        return any(id in hosted.job.site.after_jobs and not hosted.job.due for hosted in self._hosted.values())

    def seen_to(self, job: str) -> None:
        """Its results are in place; nothing is owed to it any more."""
        settled(self._home, job)

    @property
    def handed_on(self) -> tuple[str, ...]:
        """Jobs of others that are not over."""
        return tuple(id for id, hosted in self._hosted.items() if not hosted.own and not hosted.job.finished)

    def hosts(self, job: str) -> bool:
        """Whether the job runs here."""
        return job in self._hosted

    def see_to_end(self, id: str) -> None:
        """Do what an earlier holder owes a job that has finished. Raises NotFound, EngineError."""
        job = self.load(id)
        if not job.finished:
            self._forget(id)
            return
        hosted = self._hosted[id] = Hosted(job, layout_of(self._home.jobs, id, job.site), Silent(), own=False)
        tried_again(self._home, id)
        self._see_to(hosted)

    def _forget(self, job: str) -> None:
        self._supervisor.forget(job)
        self._engine.forget(job)

    # --- the loops ------------------------------------------------------------------------------------------------

    def run(self, job: JobState, observer: Observer, interrupts: Interrupts | None = None) -> JobState:
        """Run the job until it is finished, or held and nothing of it runs any more; meanwhile those of others, too."""
        self.take_on(job, observer, own=True)
        hosted = self._hosted[job.id]
        with interrupts or Interrupts() as interrupts:
            self._cycle(interrupts, observer, hosted, lambda: self._rests(hosted))
        return job

    def _rests(self, hosted: Hosted) -> bool:
        job = hosted.job
        waits = job.held == PAUSED and not hosted.paused and not self._heeded
        return bool(job.finished or (job.held and not waits)) and not job.leases

    def supervise(self, observer: Callable[[JobState], Observer]) -> None:
        """From now on this holder is a supervisor: every open job is its own, and whatever is submitted."""
        self._every, self._observer_of = True, observer
        self._announce()

    def serve(self, interrupts: Interrupts) -> None:
        """Run every job that was taken on, and whatever is submitted, until told to end."""
        with interrupts:
            self._cycle(interrupts, Silent(), None, self._is_down)

    def _is_down(self) -> bool:
        if self.down == "leave":
            return True
        busy = any(hosted.job.leases or hosted.ending for hosted in self._hosted.values())
        return bool(self.down) and not busy

    def _cycle(self, interrupts: Interrupts, observer: Observer, own: Hosted | None, over: Callable[[], bool]) -> None:
        self._supervisor.patience = lambda error: self._be_patient(interrupts, error)
        self._journal.be_patient(HELD)
        while True:
            self._turn()
            if over():
                return
            self._callers.open()  # not before the first actions have begun
            if not self._attend():
                self._wait(interrupts, observer)
            self._heed(interrupts, own)
            if own is not None:
                observer.tick(own.job)

    def _turn(self) -> None:
        """Turns until nothing more follows by itself."""
        while True:
            reports = self.worker.receive()
            self._engine.say(*reports)
            self._advance()
            self.worker.committed(reports)
            if not self._worker_orders() and not reports:
                break
        for note in self.worker.notes():
            self._note(note.job, note.action, note.message)
        if self._journal.warning != self._warned:
            self._warned = self._journal.warning
            self._note_all(self._warned)
        self._see_to_ends()

    def _note(self, job: str, action: int, message: str) -> None:
        hosted = self._hosted.get(job)
        if hosted is not None:
            hosted.observer.noted(hosted.job, action, message)

    def _note_all(self, message: str) -> None:
        for id in list(self._hosted) if message else ():
            self._note(id, -1, message)

    def _be_patient(self, interrupts: Interrupts, error: EngineError) -> bool:
        """A commit has failed and may be tried again: after a second, unless somebody has asked to stop. What has ended
        meanwhile is kept by the keeper."""
        if str(error) != self._trouble:
            self._trouble = str(error)
            self._note_all(f"{error}; it goes on when that is over")
        return not select.select([interrupts], [], [], PATIENCE)[0]

    def _advance(self) -> None:
        events = self._supervisor.turn(self._clock.wall())
        if self._journal.full_at:
            for hosted in self._hosted.values():
                hosted.layout.was_full.note(self._journal.full_at)
            self._journal.full_at = 0.0
        if events:
            self._tell(events)

    def _tell(self, events: Sequence[Event]) -> None:
        by_job: dict[str, list[Event]] = {}
        for event in events:
            by_job.setdefault(event.job, []).append(event)
        for id, some in by_job.items():
            hosted = self._hosted.get(id)
            if hosted is not None:
                hosted.observer.happened(hosted.job, some)
            elif self._every and id in self._supervisor.state.jobs:
                job = self._supervisor.state.jobs[id]
                self._observer_of(job).happened(job, some)  # it is taken on in a moment
        self._moved.update(by_job)
        self._callers.moved(by_job)

    def _worker_orders(self) -> bool:
        """Have the worker carry out what is ordered; True when it has to report at once."""
        taken, self._orders = [*self._orders, *self._engine.take()], []
        orders = [order for order in taken if order.job in self._hosted]
        reports = self.worker.carry_out(orders) if orders else []
        self._engine.say(*reports)
        return bool(reports)

    def _wait(self, interrupts: Interrupts, observer: Observer) -> None:
        due = self._supervisor.next_timer()
        own = [self.worker.next_timeout(), self._callers.next_timeout(), observer.interval]
        limits = [None if due is None else due - self._clock.wall(), *own]
        timeout = min((max(0.0, limit) for limit in limits if limit is not None), default=None)
        finishing = [] if self._finishing is None else [self._finishing]
        readers: list[Any] = [interrupts, *self.worker.readers(), *self._callers.readers(), *finishing]
        _, writable, _ = select.select(readers, [*self.worker.writers(), *self._callers.writers()], [], timeout)
        if writable:
            self.worker.flush()

    def _heed(self, interrupts: Interrupts, own: Hosted | None) -> None:
        seen, self._heeded = self._heeded, interrupts.count
        if interrupts.count == seen:
            return
        interrupts.drain()
        if own is None:
            self._go_down("leave" if self.down == "stop" else "stop")
            return
        own.observer.interrupted(own.job, min(2, interrupts.count))
        self._engine.say(HoldJob(own.job.id, INTERRUPTED, GRACE if interrupts.count == 1 else 0.0))

    def _go_down(self, how: str) -> None:
        self.down = how
        if how != "leave":
            grace = None if how == "drain" else GRACE
            self._engine.say(*(HoldJob(id, GOING_DOWN, grace) for id in self._hosted))

    # --- those who ask --------------------------------------------------------------------------------------------

    def _attend(self) -> bool:
        """Hear whoever is connected, and take up requests; True when that may have led to something."""
        words = self._callers.attend()
        for word in words:
            self._hear(word)
        taken = self._poked and not self.down and self._take_requests()
        self._poked = False
        return bool(words) or taken

    def _hear(self, word: Word) -> None:
        if word.kind == POKE:
            self._poked = True
        elif word.kind == RUN:
            self._take_requests()
            self._join(*word.fields)
        elif word.kind == DONE:
            self._conclude(word.fields[0], None)
        elif word.kind == LEFT and word.fields[0] in self._hosted:
            self._see_to(self._hosted[word.fields[0]])
        elif word.kind == REMOVE:
            self._callers.answer(word.fields[0], self._removed(word.fields[1]))
        elif word.kind == DOWN and self._every:
            self._go_down(word.fields[0])

    def _join(self, id: str, environ: dict[str, str], umask: int, slots: int) -> None:
        """Run the job of somebody who is connected and waits for it."""
        if id in self._hosted or self.down:
            return
        try:
            job = self.loaded(id)
        except (Refused, EngineError):
            if self.failed:
                raise
            return
        if job.finished:
            self._forget(id)
            return
        if slots > self.worker.slots:
            self._engine.say(*self.worker.resize(slots))
        self.take_on(job, self._observer_of(job), environ, umask)

    def loaded(self, id: str) -> JobState:
        """The job as it stands. Raises NotFound, EngineError."""
        return self._supervisor.state.jobs.get(id) or self.load(id)

    def _take_requests(self) -> bool:
        """Take up every request that waits; whether there was one."""
        ending = {id for id, hosted in self._hosted.items() if hosted.ending}
        requests = [waiting.request for waiting in self._inbox.read() if waiting.request.job not in ending]
        refused = self._admitted(requests)
        for request in requests:
            self._inbox.drop(request.request)
            self._callers.answer(request.request, refused.get(request.request))
        # Only when all are heard is any of them begun with: the one that was put down last may come first.
        for id in dict.fromkeys(request.job for request in requests):
            self._settle_in(id)
        for asked in self._callers.awaited().difference(request.request for request in requests):
            if not self._inbox.has(asked):
                self._callers.answer(asked, None)  # taken up before it was asked for
        return bool(requests)

    def take_up(self, request: Request) -> JobState:
        """What was asked of an earlier holder, which may have taken it up. Raises Refused, EngineError."""
        if self._inbox.has(request.request):
            refused = self._admitted([request])
            self._inbox.drop(request.request)
            if request.request in refused:
                raise Refused(*refused[request.request])
        return self.loaded(request.job)

    def _admitted(self, requests: Sequence[Request]) -> dict[str, tuple[str, str]]:
        """Have all of them heard in one turn; those that were refused, by their ids, and why. Raises EngineError when
        the journal cannot be written: that is no answer to what was asked, which waits for whoever comes next."""
        refused: dict[str, tuple[str, str]] = {}
        for request in requests:
            try:
                if request.job not in self._supervisor.state.jobs and self.knows(request.job):
                    self.load(request.job)
            except (Refused, EngineError) as error:
                if self.failed:
                    raise
                refused[request.request] = str(error), error.hint
        self._engine.say(*(request for request in requests if request.request not in refused))
        self._advance()
        said = ((word, why) for word, why in self._supervisor.refused if isinstance(word, Request))
        return refused | {word.request: (str(why), why.hint) for word, why in said}

    def _settle_in(self, id: str) -> None:
        """Run a job of which something was asked, or see to its end, or forget it again."""
        job = self._supervisor.state.jobs.get(id)
        if job is None or id in self._hosted:
            return
        if (self._every and not job.finished) or (job.leases and job.finished):
            self.take_on(job, self._observer_of(job))
        elif job.finished and id in self._moved:  # what was asked has brought it to its end, which is to be seen to
            self._hosted[id] = Hosted(job, layout_of(self._home.jobs, id, job.site), self._observer_of(job), own=False)
            owe(self._home, id)
        elif not self._callers.runs(id):
            self._forget(id)

    def _removed(self, id: str) -> tuple[str, str] | None:
        """Have the journal forget a job that nobody runs; None, or why not."""
        if id in self._hosted:
            return f"job {id} is not over", f"`jm cancel {id}` ends it"
        try:
            self._forget(id)
            self._journal.remove(id)
        except EngineError as error:
            return str(error), error.hint
        return None

    # --- ends -----------------------------------------------------------------------------------------------------

    def _see_to_ends(self) -> None:
        moved, self._moved = self._moved, set()
        for hosted in [self._hosted[id] for id in sorted(moved) if id in self._hosted]:
            if not hosted.own:
                self._see_to(hosted)
        for id, error in self._finishing.finished() if self._finishing else ():
            self._conclude(id, error)

    def _see_to(self, hosted: Hosted) -> None:
        """Beside the loop, unless whoever waits for the job does it."""
        if hosted.ending or not hosted.job.finished or hosted.job.leases or self._callers.runs(hosted.job.id):
            return
        hosted.ending = True
        if self._finishing is None:
            self._finishing = Concluder()
        self._finishing.give(whole(partial(finish_beside, hosted.job, hosted.layout)))

    def _conclude(self, id: str, error: JobManagerError | None) -> None:
        over = id in self._hosted and bool(self._hosted[id].job.finished)
        if error is not None:
            self.unfinished(id, error)
        if over:
            self._let_go(id)
            if error is None:
                self.seen_to(id)
            else:
                could_not(self._home, id, error)
        self._poked = True  # requests may have waited for this
        self._callers.moved([id])
