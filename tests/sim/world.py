"""One life, from one seed: the real supervisor, worker and keeper in a virtual world where things go wrong.

First everything may die, at any system call; then all is healed and it must come to its end. Judges at every step what
the witness saw, and at the end what lies on the disk. Knows no rule of the product but its promises.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Collection, Sequence

from job_manager.core import events as e
from job_manager.core.events import Event, pack
from job_manager.core.invariants import overcommitted, violations
from job_manager.core.said import HoldJob, ResumeJob, SubmitJob
from job_manager.model.document import job_document
from job_manager.model.site import Site
from job_manager.model.site_document import site_document
from tests.sim import programs
from tests.sim.disk import File, Folder
from tests.sim.faces import installed
from tests.sim.journal import VirtualJournal
from tests.sim.judging import judge
from tests.sim.kernel import Kernel, Process
from tests.sim.misfortune import Misfortune
from tests.sim.plan import LIFE, Plan
from tests.sim.programs import HOME, INBOX, Child, Holder, KeeperProgram, Program
from tests.sim.system import System
from tests.sim.witness import Witness

HEALED_LIMIT = 4000.0  # virtual seconds in which a healed world must come to its end
MOST_ROUNDS = 60_000
SITE = site_document(Site(workdir="/", store=""))


class Broken(AssertionError):
    """A promise is broken."""


class World:
    """`run` is all there is to call. `story` has what happened, in words."""

    def __init__(self, seed: int, without: Collection[str] = ()) -> None:
        self.plan = Plan(seed, without)
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
            self.kernel.give(process, programs.Stream(1 << 16), number)
        return process

    def start_holder(self) -> None:
        process = self.new_process("holder")
        process.ours = True
        holder = Holder(self, process)
        self.note(f"a holder starts as {process.pid}")
        if self.holder is None or not self.holder.process.alive:
            self.holds(holder)
        self.programs.append(holder)
        self.misfortune.started()
        self.kernel.run(process, holder.start)

    def holds(self, holder: Holder) -> None:
        """This one is the holder now, or is to be; when it dies another is started."""
        self.holder = holder
        holder.process.on_death = self._holder_died

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
        self.kernel.die(holder.process, 7 << 8)

    # --- what is said and heard

    def inbox(self) -> list[str]:
        node = self._at(INBOX)
        return sorted(node.entries) if isinstance(node, Folder) else []

    def _at(self, path: str) -> object:
        try:
            return self.kernel.walk(path, self.kernel.disk.root)[2]
        except OSError:
            return None

    def content_at(self, path: str) -> bytes | None:
        node = self._at(path)
        return bytes(node.data) if isinstance(node, File) else None

    def submit(self, job: str) -> None:
        self.request(job, SubmitJob(job, job_document(self.plan.jobs[job][1]), SITE), promise=job)

    def request(self, name: str, said: SubmitJob | HoldJob | ResumeJob, promise: str = "") -> None:
        """A person's command: it is said to be done only when it is durable."""
        client = self.new_process("client")

        def act() -> None:
            try:
                self.system.makedirs(INBOX, 0o700, exist_ok=True)
                for folder in ("/", HOME):
                    self.system.fsync(self.system.open(folder, 0))
                programs.put_request(self, name, said)
            except OSError as error:
                self.note(f"{name} cannot be said: {error}")
                return
            self.note(f"{type(said).__name__} {name} is acknowledged")
            if promise:
                self.promised.add(promise)

        self.kernel.run(client, act)
        self.kernel.die(client, 0)
        if promise and promise not in self.promised:
            self.kernel.later(1.0, lambda: self.submit(promise), outlives=True)

    def recovered(self, journal: VirtualJournal) -> None:
        """A journal has been read: all that was acknowledged is in it, and nothing else that matters is missing."""
        for job, known in self.acked.items():
            found = list(journal.events(job))
            if _said(found[: len(known)]) != _said(known):
                self.witness.says(f"of the {len(known)} acknowledged events of {job} only {len(found)} are there, or others")
        self.acked = {job: list(journal.events(job)) for job in journal.jobs()}

    def committed(self, holder: Holder, events: Sequence[Event]) -> None:
        for event in events:
            self.acked.setdefault(event.job, []).append(event)
            self.met[e.NAMES[type(event)]] += 1
            if not isinstance(event, e.JobSubmitted):
                self.note("  " + " ".join(map(str, [event.job, *pack(event)]))[:160])
        if events:
            state = holder.supervisor.state
            self.witness.broken += violations(state) + overcommitted(state)
        self.check()

    def check(self) -> None:
        if self.witness.broken:
            raise Broken("\n".join(self.witness.broken))

    # --- time

    def _wait(self, process: Process, ready: object, until: float) -> None:
        """A process waits; the others go on."""
        self.blocked.append(process)
        try:
            while process.alive and not ready() and self.kernel.now < until:  # type: ignore[operator]
                self.once(until)
        finally:
            self.blocked.remove(process)

    def once(self, until: float) -> None:
        """One round of somebody, or time passes to the next moment at which something is due."""
        self.rounds += 1
        if self.rounds > MOST_ROUNDS:
            raise Broken("it goes round and round")
        kernel = self.kernel
        if kernel.fire():
            return
        self.programs = [each for each in self.programs if each.process.alive]
        able = [each for each in self.programs if self._may(each)]
        ready = [each for each in able if each.wake_at <= kernel.now or each.ready()]
        if ready and (len(ready) > 1 or self.rng.random() < 0.9):
            chosen = self.rng.choice(ready)
            kernel.run(chosen.process, chosen.go)
            return
        moments = [until, *(each.wake_at for each in able), *(each.frozen for each in self.programs if each not in able)]
        if kernel.events:
            moments.append(kernel.events[0][0])
        if ready:
            moments.append(kernel.now + self.rng.choice([0.0001, 0.003, 0.05]))
        kernel.now = max(kernel.now, min(moment for moment in moments if moment > kernel.now))

    def _may(self, program: Program) -> bool:
        if program.frozen > self.kernel.now:
            return False
        return isinstance(program, programs.Publisher) or program.process not in self.blocked

    def pass_time(self, until: float, done: object = lambda: False) -> None:
        while self.kernel.now < until and not done():  # type: ignore[operator]
            self.once(until)
            self.check()

    # --- a life

    def run(self) -> World:
        """Raises AssertionError where a promise is broken."""
        with installed(self.kernel, self.system):
            self._live()
            self._heal()
            self._end()
            judge(self)
            self.check()
        return self

    def _live(self) -> None:
        start = self.kernel.now
        self.start_holder()
        for job, (at, _) in self.plan.jobs.items():
            self.kernel.later(at, lambda job=job: self.submit(job), outlives=True)  # type: ignore[misc]
        for fault in self.plan.faults:
            self.kernel.later(fault.at, lambda fault=fault: self.misfortune.arm(fault), outlives=True)  # type: ignore[misc]
        last = max([fault.at + 0.5 for fault in self.plan.faults] + [at for at, _ in self.plan.jobs.values()], default=0.0)
        self.pass_time(start + last + 0.5)

    def _heal(self) -> None:
        self.note("all is healed")
        self.healed = True
        self.misfortune.heal()
        self._again()
        until = self.kernel.now + HEALED_LIMIT
        self.pass_time(until, self._finished)
        if not self._finished():
            raise Broken(f"it does not come to its end: {self.open_jobs()}")

    def _finished(self) -> bool:
        return not self.open_jobs() and not [name for name in self.inbox() if name.endswith(".json")]

    def open_jobs(self) -> dict[str, str]:
        """Jobs that have not come to their end, and how they stand."""
        holder = self.holder
        if holder is None or not holder.started:
            return {"": "nobody holds the directory"}
        known = holder.supervisor.state.jobs
        missing = {job: "not heard of" for job in self.promised | self.plan.jobs.keys() if job not in known}
        held = [job for job in known.values() if job.held and not job.finished]
        if self.healed and held and held[0].id not in self.misfortune.released:
            self.misfortune.release(held[0].id)
        return missing | {job.id: job.state for job in known.values() if not job.finished}

    def _end(self) -> None:
        """`jm down`; then whoever is left leaves by himself."""
        self.over = True
        assert self.holder is not None
        self.holder.leaving = self.holder.again = True
        until = self.kernel.now + 300.0
        self.pass_time(until, lambda: not any(each.ours for each in self.kernel.processes.values()))

    @property
    def digest(self) -> str:
        """What all of the life comes to: the same seed has the same."""
        return hashlib.blake2b("\n".join(self.story).encode(), digest_size=8).hexdigest()


def _said(events: Sequence[Event]) -> list[str]:
    return [json.dumps(pack(event)) for event in events]
