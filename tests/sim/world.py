"""One life, from one seed: the real supervisor, worker and keeper in a virtual world where things go wrong.

First everything may die, at any system call; then all is healed and it must come to its end. Judges at every step what
the witness saw, and at the end what lies on the disk. Knows no rule of the product but its promises.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Collection, Sequence

from job_manager.app.host import Host
from job_manager.core import events as e
from job_manager.core import said as words
from job_manager.core.events import Event, pack, unpack
from job_manager.core.invariants import overcommitted, violations
from job_manager.engines.sqlite.engine import SqliteEngine
from job_manager.model.document import job_document
from job_manager.model.errors import EngineError, InputError
from job_manager.model.site import Site
from job_manager.model.site_document import site_document
from tests.sim import programs
from tests.sim.disk import File
from tests.sim.faces import Time, installed
from tests.sim.journal import ENDS_OR_OPENS, VirtualJournal
from tests.sim.judging import judge
from tests.sim.kernel import Kernel, OpenText, Process
from tests.sim.misfortune import Misfortune
from tests.sim.plan import LINES, Plan
from tests.sim.programs import HOME, Child, Holder, KeeperProgram, Program, Publisher, Signals
from tests.sim.system import System
from tests.sim.witness import Witness

HEALED_LIMIT = 4000.0  # virtual seconds in which a healed world must come to its end
MOST_ROUNDS = 60_000
SITE = site_document(Site(workdir="/", store=""))


class Broken(AssertionError):
    """A promise is broken."""


class World:
    """`run` is all there is to call. `story` has what happened, in words."""

    def __init__(self, seed: int, without: Collection[str] = (), plan: Plan | None = None) -> None:
        self.plan = plan or Plan(seed, without)
        self.rng = random.Random(f"{seed} order")
        self.kernel = Kernel(random.Random(f"{seed} kernel"), self.plan.careful, self.plan.room)
        self.system = System(self.kernel, random.Random(f"{seed} system"))
        self.kernel.wait_for = self._wait
        self.witness = Witness(self)
        self.kernel.on_signal = self.witness.signalled
        self.system.begin = self._begin
        self.programs: list[Program] = []
        self.blocked: list[Process] = []
        self.acked: dict[str, list[Event]] = {}  # what the journal has acknowledged
        self.promised: set[str] = set()  # jobs whose submission was acknowledged
        self.met: Counter[str] = Counter()
        self.story: list[str] = []
        self.healed = False
        self.rounds = 0
        self.holder: Holder | None = None
        self.holders: dict[Process, Holder] = {}  # every process of `jm up` there has been
        self.unjudged = False
        self.misfortune = Misfortune(self)

    def note(self, text: str) -> None:
        self.story.append(f"{self.kernel.now - 1000.0:9.4f} {text}")

    def rng_of(self, name: str) -> random.Random:
        return random.Random(f"{self.plan.seed}/{name}")

    def timeout_of(self, token: str) -> float | None:
        job, index, _ = token.split("/")
        return self.plan.action(job, int(index)).timeout

    # --- processes

    def _begin(self, process: Process, argv: Sequence[str]) -> None:
        if programs.is_keeper(argv):
            process.ours, process.name = True, "keeper"
            self.programs.append(KeeperProgram(self, process))
        else:
            Child(self, process)

    def new_process(self, name: str) -> Process:
        process = self.kernel.spawn(1, {})
        process.name, process.folder = name, self.kernel.disk.root
        for number in (0, 1, 2):  # what every program begins with
            self.kernel.give(process, OpenText(bytes), number)
        return process

    def start_holder(self) -> None:
        process = self.new_process("holder")
        process.ours = True
        holder = Holder(self, process)
        self.note(f"a holder starts as {process.pid}")
        if self.holder is None or not self.holder.process.alive:
            self.holds(holder)
        self.holders[process] = holder
        self.misfortune.met("start")
        self.kernel.run(process, holder.start)

    def holds(self, holder: Holder) -> None:
        """This one is the holder now, or is to be; when it dies another is started."""
        self.holder = holder
        holder.process.on_death = self._holder_died

    def _hosted(self, *arguments: object) -> Host:
        """A host is made by whoever has got the lock."""
        holder = self._running()
        self.holds(holder)
        holder.host = Host(*arguments)  # type: ignore[arg-type]
        return holder.host

    def _running(self) -> Holder:
        assert self.kernel.current is not None
        return self.holders[self.kernel.current]

    def _signals(self) -> Signals:
        holder = self._running()
        holder.signals = Signals(self)
        return holder.signals

    def _publisher(self) -> Publisher:
        assert self.kernel.current is not None
        publisher = Publisher(self, self.kernel.current)
        self.programs.append(publisher)
        return publisher

    def _journal(self, home: object) -> VirtualJournal:
        journal = VirtualJournal(self.system, f"{HOME}/journal.db", self.committed)
        self.recovered(journal)
        return journal

    def jobs_on_file(self) -> list[tuple[str, bool]]:
        return [(job, self.is_open(job)) for job in self.acked]

    def is_open(self, job: str) -> bool:
        last = next((each for each in reversed(self.acked.get(job, ())) if isinstance(each, ENDS_OR_OPENS)), None)
        return not isinstance(last, e.JobFinished)

    def _holder_died(self) -> None:
        delay = 0.01 if self.healed else self.rng.choice([0.0, 0.05, self.rng.uniform(0.0, 3.0)])
        self.note("the holder is dead")
        self.kernel.later(delay, self._again, outlives=True)

    def _again(self) -> None:
        if not self.over and (self.holder is None or not self.holder.process.alive):
            self.start_holder()

    over = False

    def refused(self, holder: Holder, why: Exception) -> None:
        """Another holds the directory: that is well while one does."""
        self.note(f"refused: {why}")
        self.met["refused"] += 1
        if self.holder is holder and not self.kernel.disk.full:
            self.witness.says(f"nobody holds the directory, but: {why}")

    # --- what is said and heard

    def inbox(self) -> list[str]:
        return [path for path, _ in self.kernel.tree() if path.startswith(programs.INBOX) and path.endswith(".json")]

    def content_at(self, path: str) -> bytes | None:
        try:
            node = self.kernel.walk(path, self.kernel.disk.root)[2]
        except OSError:
            return None
        return bytes(node.data) if isinstance(node, File) else None

    def submit(self, job: str) -> None:
        self.request(words.SubmitJob(job, job_document(self.plan.jobs[job][1]), SITE, job))

    def line_of(self, request: str) -> str:
        """How the holder is told of a request: "" for well."""
        rng = self.rng_of(f"line {request}")
        line = rng.choice(LINES) if rng.random() < self.plan.badness else ""
        if line:
            self.note(f"{request}: {line}")
            self.met[line] += 1
        return line

    def as_client(self, act: Callable[[], None]) -> None:
        """What a process of its own does, and ends."""
        client = self.new_process("client")
        self.kernel.run(client, act)
        self.kernel.die(client, 0)

    def request(self, said: words.Request) -> None:
        """A person's command: it is said to be done only when it is durable. A submission that fails is repeated."""
        submits = isinstance(said, words.SubmitJob)

        def act() -> None:
            try:
                programs.ask(self, said)
            except (OSError, EngineError, InputError) as error:
                self.note(f"{said.request} cannot be said: {error}")
                return
            self.note(f"{type(said).__name__} {said.request} is acknowledged")
            self.misfortune.met("request")
            if submits:
                self.promised.add(said.job)

        self.as_client(act)
        if submits and said.job not in self.promised:
            self.kernel.later(1.0, lambda: self.submit(said.job), outlives=True)

    def recovered(self, journal: VirtualJournal) -> None:
        """A journal has been read: all that was acknowledged is in it, and nothing else that matters is missing."""
        for job, known in self.acked.items():
            found = list(journal.events(job))
            if _said(found[: len(known)]) != _said(known):
                self.witness.says(
                    f"of the {len(known)} acknowledged events of {job} only {len(found)} are there, or others"
                )
        self.acked = {job: list(journal.events(job)) for job in journal.jobs()}

    def committed(self, job: str, packed: list[list[object]]) -> None:
        """These events are in the journal, and acknowledged."""
        for row in packed:
            event = unpack(job, row)
            self.acked.setdefault(job, []).append(event)
            self.witness.recorded(event)
            self.met[str(row[0])] += 1
            if row[0] != "job-submitted":
                self.note("  " + " ".join(map(str, [job, *row]))[:160])
        self.unjudged = True

    def _judge_state(self) -> None:
        """What the holder has in memory, when it rests."""
        self.unjudged = False
        host = self.holder.host if self.holder is not None else None
        if host is not None and self.holder is not None and self.holder.process.alive:
            state = host._supervisor.state
            self.witness.broken += violations(state) + overcommitted(state)

    def check(self) -> None:
        if self.witness.broken and self.kernel.error is None:
            self.kernel.collapse(Broken("\n".join(self.witness.broken)))

    # --- time

    def _wait(self, process: Process, ready: Callable[[], object], until: float) -> None:
        """A process waits; the others go on."""
        self.blocked.append(process)
        try:
            while process.alive and (self._is_frozen(process) or not (ready() or self.kernel.now >= until)):
                self.once(until)
            if process.alive and self.rng.random() < 0.2:
                self.once(self.kernel.now + 0.001)  # others are faster
        finally:
            self.blocked.remove(process)

    def _is_frozen(self, process: Process) -> bool:
        return self.holder is not None and self.holder.process is process and self.holder.frozen > self.kernel.now

    def once(self, until: float) -> None:
        """One round of somebody, or time passes to the next moment at which something is due."""
        self.rounds += 1
        if self.rounds > MOST_ROUNDS:
            self.kernel.collapse(Broken("it goes round and round"))
        if self.unjudged:
            self._judge_state()
        self.check()
        kernel = self.kernel
        if kernel.error is not None or kernel.fire():
            return
        self.programs = [each for each in self.programs if each.process.alive]
        able = [each for each in self.programs if each.frozen <= kernel.now]
        ready = [each for each in able if each.wake_at <= kernel.now or each.ready()]
        if ready and (len(ready) > 1 or self.rng.random() < 0.9):
            chosen = self.rng.choice(ready)
            kernel.run(chosen.process, chosen.go)
            return
        moments = [each.wake_at for each in able] + [each.frozen for each in self.programs]
        moments += [until, kernel.events[0][0] if kernel.events else until]
        if self.holder is not None:
            moments.append(self.holder.frozen)
        if ready:
            moments.append(kernel.now + self.rng.choice([0.0001, 0.003, 0.05]))
        kernel.now = min((each for each in moments if kernel.now < each < programs.NEVER), default=kernel.now + 0.01)

    # --- a life

    def run(self) -> World:
        """Raises AssertionError where a promise is broken."""
        others = {
            "Concluder": self._publisher,
            "Host": self._hosted,
            "Interrupts": self._signals,
            "Journal": lambda path, **_: self._journal(path),
            "Reading": lambda path: programs.VirtualReading(self),
            "SqliteEngine": SqliteEngine,
            # The virtual journal is held to its chain as it is opened; nobody mends it.
            "at_once": programs.at_once,
            "current": lambda path: path,
            "finish_mending": lambda home: None,
            "refuse_damaged": lambda home: None,
            "SystemClock": lambda: Time(self.kernel),
        }
        with installed(self.kernel, self.system, others):
            self._live()
            judge(self)
            self.check()
            if self.kernel.error is not None:
                raise self.kernel.error
        return self

    def _live(self) -> None:
        """Everything that will happen from outside is set down; then time passes until nothing is left of us."""
        kernel, plan = self.kernel, self.plan
        for job, (at, _) in plan.jobs.items():
            kernel.later(at, lambda job=job: self.submit(job), outlives=True)  # type: ignore[misc]
        for fault in plan.faults:
            kernel.later(fault.at, lambda fault=fault: self.misfortune.arm(fault), outlives=True)  # type: ignore[misc]
        moments = [fault.at + 0.5 for fault in plan.faults] + [at for at, _ in plan.jobs.values()]
        kernel.later(max(*moments, plan.lasts) + 0.5, self._heal, outlives=True)
        kernel.later(0.0, self.start_holder, outlives=True)
        last = kernel.now + HEALED_LIMIT
        while not self._left():
            self.once(last)
            if kernel.error is not None:
                raise kernel.error
            if kernel.now >= last:
                raise Broken(f"it does not come to its end: {self.open_jobs()}")

    def _left(self) -> bool:
        return self.over and not any(each.ours for each in self.kernel.processes.values())

    def _heal(self) -> None:
        self.note("all is healed")
        self.healed = True
        self.misfortune.heal()
        self.kernel.later(0.0, self._again, outlives=True)
        self.kernel.later(0.5, self._look, outlives=True)

    def _look(self) -> None:
        """Now and then a person looks whether all is over; then `jm down`."""
        for job in self.acked:
            if self.is_held(job):
                self.misfortune.release(job)
        if self.open_jobs() or self.holder is None or not self.holder.up or not self.holder.process.alive:
            self.kernel.later(2.0, self._look, outlives=True)
            return
        self.over = True
        assert self.holder.signals is not None
        self.final = self.holder.host
        self.holder.signals.arrive(self.holder.process)

    final: Host | None = None

    def is_held(self, job: str) -> bool:
        kinds = (e.JobHeld, e.JobReleased, e.JobResumed, e.JobFinished)
        last = next((each for each in reversed(self.acked[job]) if isinstance(each, kinds)), None)
        return isinstance(last, e.JobHeld)

    def open_jobs(self) -> list[str]:
        """Jobs that have not come to their end, and requests that nobody has heard."""
        return [job for job in self.plan.jobs if self.is_open(job)] + self.inbox()

    @property
    def digest(self) -> str:
        """What all of the life comes to: the same seed has the same."""
        return hashlib.blake2b("\n".join(self.story).encode(), digest_size=8).hexdigest()


def _said(events: Sequence[Event]) -> list[str]:
    return [json.dumps(pack(event)) for event in events]
