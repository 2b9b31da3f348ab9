"""A whole farm on one thread: supervisor, engine and scripted workers, driven turn by turn on a clock moved by hand.

After every turn all invariants are checked, and that the history folds to the state at hand. Decides nothing.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence

from job_manager.core import table
from job_manager.core.decide import Order, orders
from job_manager.core.events import NAMES, ActionsSkipped, Document, Event, pack, unpack
from job_manager.core.evolve import fold
from job_manager.core.invariants import overcommitted, violations
from job_manager.core.said import HoldJob, ResumeJob, Said, SubmitJob, WorkerAnnounced, WorkerGone
from job_manager.core.state import JobState, State, WorkerState
from job_manager.engines.memory import MemoryEngine
from job_manager.model.document import job_document
from job_manager.model.hints import Any
from job_manager.model.job import Job
from job_manager.model.record import NamedTuple
from job_manager.model.site import Site
from job_manager.model.site_document import site_document
from job_manager.supervisor.supervisor import Supervisor
from job_manager.testing.building import site as plain_site
from job_manager.testing.clock import FakeClock
from job_manager.testing.scripted import Script, ScriptedWorker


class TurnTaken(NamedTuple):
    """One turn that committed something: when, and the events."""

    now: float
    events: tuple[Event, ...]


class Farm:
    """`job` is submitted as `id` and `workers` announced at once; nothing else happens until a turn is taken. More jobs
    may be submitted beside it; what is said without an id is said about the first."""

    id = "j1"

    def __init__(
        self,
        job: Job,
        *,
        outcomes: Script | None = None,
        slots: int = 2,
        ahead: int = 0,
        memory: int | None = None,
        limits: dict[str, int] | None = None,
        workers: Sequence[ScriptedWorker] | None = None,
        site: Site | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.engine = MemoryEngine()
        self.supervisor = Supervisor(self.engine)
        self.turns: list[TurnTaken] = []
        self._said = 0
        self._read = State()  # folded from what a journal would give back
        self._read_to = 0
        self.sites: dict[str, Document] = {}  # of every job that was submitted
        self.workers: list[ScriptedWorker] = []
        self.submit(job, self.id, site)
        for worker in [ScriptedWorker("w1", slots, ahead, outcomes, memory, limits)] if workers is None else workers:
            self.join(worker)

    # --- what may be said -------------------------------------------------------------------------------------------

    def say(self, *said: Said) -> None:
        """Put something into the mailbox, to be heard in the next turn."""
        self.engine.say(*said)
        self._said += len(said)

    def announce(self, worker: ScriptedWorker) -> None:
        """The worker offers itself, and says again all it ever reported: whoever decides now may not have heard."""
        self.say(*(_announcement(id, worker) for id in self.sites), *worker.said)

    def submit(self, job: Job, id: str, site: Site | None = None) -> None:
        """A person submits a job; the workers are for it, too."""
        self.sites[id] = site_document(site or plain_site())
        self.say(SubmitJob(id, job_document(job), self.sites[id]))
        self.say(*(_announcement(id, worker) for worker in self.workers))

    def join(self, worker: ScriptedWorker) -> None:
        """A new incarnation comes."""
        self.workers.append(worker)
        self.announce(worker)

    def leave(self, worker: ScriptedWorker) -> None:
        """An incarnation dies, and somebody finds out."""
        self.workers.remove(worker)
        self.say(*worker.kill(self.clock.wall()), *(WorkerGone(id, worker.name) for id in self.sites))

    def hold(self, why: str = "interrupted", grace: float | None = 10.0, id: str = "") -> None:
        """A person wants the job to stop."""
        self.say(HoldJob(id or self.id, why, grace))

    def resume(
        self,
        edited: Job | None = None,
        kept: Sequence[Sequence[int]] = (),
        *,
        lost: bool = True,
        fans: Sequence[Sequence[Any]] = (),
        id: str = "",
    ) -> None:
        """A person wants the job to go on, perhaps with an edited text, and what was lost may run again."""
        about, document = id or self.id, job_document(edited) if edited else None
        self.say(ResumeJob(about, self.sites[about], document, kept, lost, fans))

    # --- time -------------------------------------------------------------------------------------------------------

    def turn(self) -> Sequence[Event]:
        """One turn of the supervisor; its orders go to the workers. The events."""
        events = self.supervisor.turn(self.clock.wall())
        if events:
            self.turns.append(TurnTaken(self.clock.wall(), tuple(events)))
        self.check()
        self.hand_out(self.engine.take())
        return events

    def hand_out(self, taken: Sequence[Order]) -> None:
        """Orders reach the workers at once; a farm with a worse post says otherwise."""
        for worker in self.workers:
            self.say(*worker.carry_out(taken, self.clock.wall()))

    def work(self) -> None:
        """What the workers have to report at this moment is said."""
        for worker in self.workers:
            self.say(*worker.work(self.clock.wall()))

    def settle(self) -> None:
        """Turns and work at this moment until nothing more follows."""
        said = -1
        while self.turn() or said != self._said:
            said = self._said
            self.work()

    def pass_time(self) -> bool:
        """Go to the next moment at which something ends or is due; False when there is none."""
        moments = [self.supervisor.next_timer(), *(worker.next_end() for worker in self.workers)]
        due = min((moment for moment in moments if moment is not None), default=None)
        if due is not None:
            self.clock.advance(max(0.0, due - self.clock.wall()))
        return due is not None

    def run(self, moments: int = 10_000) -> JobState:
        """Turns and time until nothing more happens by itself. Raises AssertionError after so many `moments`."""
        for _ in range(moments):
            self.settle()
            if not self.pass_time():
                return self.job
            self.work()
        raise AssertionError(f"no end in sight after {moments} moments: {self.states()}")

    def crash(self) -> None:
        """The supervisor dies with everything it held in memory; another takes the history up."""
        self.engine = MemoryEngine(self.engine.journal)
        self.supervisor = Supervisor(self.engine)
        self._read, self._read_to = State(), 0
        for worker in self.workers:
            self.announce(worker)

    # --- what there is to see -----------------------------------------------------------------------------------------

    @property
    def job(self) -> JobState:
        """The job as it stands."""
        return self.supervisor.state.job(self.id)

    @property
    def journal(self) -> list[Event]:
        """Every event committed so far."""
        return self.engine.journal

    @property
    def site(self) -> Document:
        """That of the first job."""
        return self.sites[self.id]

    @property
    def jobs(self) -> list[JobState]:
        """All jobs as they stand, in the order in which they were submitted."""
        return [self.supervisor.state.job(id) for id in self.sites]

    def states(self) -> dict[str, str]:
        """State by path of every action."""
        return {path: table.NAMES[state] for path, state in zip(self.job.shape.paths, self.job.states, strict=True)}

    def story(self, since: int = 0) -> list[str]:
        """The journal in words: `leased 0`, `failed 3`, `job-finished`; of more jobs with the job's id before it."""
        many = len(self.sites) > 1
        return [f"{event.job} {_told(event)}" if many else _told(event) for event in self.journal[since:]]

    def check(self) -> None:
        """Raises AssertionError where the state contradicts itself or its history."""
        state = self.supervisor.state
        found = violations(state) + overcommitted(state)
        assert not found, "\n".join([*found, *self.story()])
        fold(self._read, map(reread, self.journal[self._read_to :]))
        self._read_to = len(self.journal)
        assert plain(self._read) == plain(state), "the history does not fold to the state at hand"
        leases = sum(len(job.leases) for job in state.jobs.values())
        assert len(orders(state)) == leases


def _announcement(job: str, worker: ScriptedWorker) -> WorkerAnnounced:
    return WorkerAnnounced(job, worker.name, worker.slots, worker.ahead, worker.memory, tuple(worker.limits.items()))


def reread(event: Event) -> Event:
    """The event as it comes back from a journal."""
    return unpack(event.job, json.loads(json.dumps(pack(event))))


def _told(event: Event) -> str:
    name = NAMES[type(event)]
    if isinstance(event, ActionsSkipped):
        return f"{name} {event.first}-{event.end - 1}"
    action = event._asdict().get("action")
    return name if action is None else f"{name} {action}"


PASSING = {"changed", "touched"}  # what evolve notes for the next turn; a turn uses it up
COMPARED = [name for name in JobState.__slots__ if name not in ("shape", "order", "shadow")]  # functions of the rest


def plain(state: State) -> object:
    """All of a state as plain values that can be compared, whatever kinds of sequences it is made of."""
    jobs = {job.id: [_plain(getattr(job, name)) for name in COMPARED] for job in state.jobs.values()}
    workers = {name: [getattr(each, slot) for slot in WorkerState.__slots__] for name, each in state.workers.items()}
    assert set(State.__slots__) - PASSING == {"jobs", "used", "workers"}
    return jobs, workers, state.used


def _plain(value: object) -> object:
    if isinstance(value, (str, bytearray, array)):
        return value
    if isinstance(value, dict):
        return {key: _plain(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(below) for below in value]
    return value
