"""The programs of this world: the real supervisor with the real worker, the real keeper, and the children they start.

Each is taken one round at a time. The first two are the product's own code; what surrounds them here is the loop that
a process runs them in, and children of every kind of manners. Knows the kernel; draws nothing but a child's manners.
"""

from __future__ import annotations

import json
import os as real_os
import signal
from collections import deque
from collections.abc import Callable
from select import POLLOUT
from typing import TYPE_CHECKING, Any

from job_manager.app.home import Home
from job_manager.core import said as s
from job_manager.core.events import JobSubmitted
from job_manager.core.said import AttemptEnded
from job_manager.engines.sqlite.engine import SqliteEngine
from job_manager.model.errors import EngineError, Refused
from job_manager.supervisor.supervisor import Supervisor
from job_manager.worker import ahead
from job_manager.worker import keeper as keeper_module
from job_manager.worker.brief import Briefing
from job_manager.worker.keeper import Keeper
from job_manager.worker.layout import Layout
from job_manager.worker.worker import Worker
from tests.sim.faces import Time, able
from tests.sim.journal import VirtualJournal
from tests.sim.kernel import Process, Stream

if TYPE_CHECKING:
    from tests.sim.world import World

NEVER = float("inf")
HOME = "/s"
INBOX = "/s/inbox"
KINDS = {kind.__name__: kind for kind in (s.SubmitJob, s.HoldJob, s.ResumeJob)}


class Program:
    """Something that is given rounds. `frozen`: until when it is stopped; `wake_at`: when a round is due by itself."""

    def __init__(self, world: World, process: Process) -> None:
        self.world, self.process, self.frozen, self.wake_at = world, process, 0.0, NEVER

    def go(self) -> None:
        """One round; afterwards it is known how long it would sleep."""
        self.round()
        if self.process.alive:
            self.wake_at = self.due()

    def ready(self) -> bool:
        raise NotImplementedError

    def due(self) -> float:
        return NEVER

    def round(self) -> None:
        raise NotImplementedError


class KeeperProgram(Program):
    """The keeper's process, from its coming up to its leaving."""

    keeper: Keeper | None = None

    def ready(self) -> bool:
        if self.keeper is not None:
            return bool(self.keeper.poll.ready())  # type: ignore[attr-defined]
        told = self.process.files[0]
        return told.ready()

    def due(self) -> float:
        if self.keeper is None:
            return NEVER
        pause = self.keeper.pause()
        return NEVER if pause is None else self.world.kernel.now + pause / 1000

    def round(self) -> None:
        try:
            self._round()
        except OSError as error:  # as a traceback in its log: it is gone
            self.world.note(f"the keeper {self.process.pid} ends: {error}")
            self.world.kernel.die(self.process, 1 << 8)

    def _round(self) -> None:
        if self.keeper is None:
            directory = keeper_module.told()
            if directory:
                self.keeper = Keeper(directory, keeper_module.LINGER)
            else:
                self.world.kernel.die(self.process, 0)
            return
        self.keeper.go_round(self.keeper.poll.poll(0))
        if self.keeper.over:
            self.keeper.leave()
            self.world.kernel.die(self.process, 0)


class Publisher(Program):
    """The thread that concludes attempts: it gets its rounds like a process, and dies with the one it belongs to."""

    def __init__(self, world: World, process: Process) -> None:
        super().__init__(world, process)
        self._given: deque[Callable[[], AttemptEnded]] = deque()
        self._done: list[AttemptEnded] = []
        self._read, self._write = world.system.pipe()
        self.open = 0
        self.busy = False

    def ready(self) -> bool:
        return bool(self._given) and not self.busy

    def round(self) -> None:
        self.busy = True
        try:
            self._done.append(self._given.popleft()())
            self.world.system.write(self._write, b".")
        finally:
            self.busy = False

    def fileno(self) -> int:
        return self._read

    def give(self, work: Callable[[], AttemptEnded]) -> None:
        self.open += 1
        self._given.append(work)

    def finished(self) -> list[AttemptEnded]:
        if not self._done:
            return []
        done, self._done = self._done, []
        self.world.system.read(self._read, 1 << 16)
        self.open -= len(done)
        return done

    def close(self) -> None:
        while self._given:
            self.round()


class Holder(Program):
    """The process that holds the state directory: `jm up`."""

    def __init__(self, world: World, process: Process) -> None:
        super().__init__(world, process)
        self.started = self.again = self.leaving = False
        self.opened: set[str] = set()

    # --- coming and going

    def start(self) -> None:
        world = self.world
        ahead._waiting.clear()  # memory of a process: nothing of it outlives the process
        self.home = Home(HOME)
        try:
            self.home.make()
            world.system.makedirs(INBOX, 0o700, exist_ok=True)
            self.home.lock()
        except (Refused, OSError, EngineError) as why:
            world.refused(self, why)
            return
        world.holds(self)
        try:
            self._open()
        except (EngineError, OSError) as error:
            self.fail(error)

    def _open(self) -> None:
        world = self.world
        self.journal = VirtualJournal(world.system, self.home.journal)
        world.recovered(self.journal)
        self.clock = Time(world.kernel)
        self.engine = SqliteEngine(self.journal, self.clock)  # type: ignore[arg-type]
        self.supervisor = Supervisor(self.engine)
        self.publisher = Publisher(world, self.process)
        environ = {"PATH": "/bin"}
        self.worker = Worker(self.home.keepers, world.plan.slots, environ, 0o077, self.clock, self.publisher)
        world.programs.append(self.publisher)
        for job in self.journal.jobs():
            self.engine.watch(job)
        world.committed(self, self.supervisor.turn(self.clock.wall()))
        self.engine.take()
        for job in self.journal.jobs():
            if not self.supervisor.state.job(job).finished:
                self._take_on(job)
        if not self.worker.incarnation:
            self.worker.start()
        self.started = self.again = True
        self.wake_at = self.due()

    def _take_on(self, job: str) -> None:
        self.opened.add(job)
        state = self.supervisor.state.job(job)
        self.engine.say(*self.worker.open(Briefing(state, Layout(self.home.jobs, job))))

    def fail(self, error: Exception) -> None:
        """The world has failed: it says so and ends, as the program does."""
        self.world.note(f"the holder {self.process.pid} ends: {error}")
        self._let_go()
        self.world.kernel.die(self.process, 5 << 8)

    def _let_go(self) -> None:
        try:
            if hasattr(self, "worker"):
                self.worker.close()
            self.home.unlock()
        except (EngineError, OSError) as error:
            self.world.note(f"and cannot even that: {error}")

    def end(self) -> None:
        """`jm down`."""
        self._let_go()
        self.world.kernel.die(self.process, 0)

    # --- rounds

    def ready(self) -> bool:
        if not self.started:
            return False
        if self.again or self._unheard():
            return True
        files = self.process.files
        if any(files[each.fileno()].ready() for each in self.worker.readers() if each.fileno() in files):
            return True
        return any(able(files[each.fileno()], POLLOUT) for each in self.worker.writers() if each.fileno() in files)

    def _unheard(self) -> list[str]:
        return [name for name in self.world.inbox() if name.endswith(".json")]

    def due(self) -> float:
        if not self.started:
            return NEVER
        timer, timeout = self.supervisor.next_timer(), self.worker.next_timeout()
        kernel = self.world.kernel
        moments = [NEVER if timer is None else timer - kernel.offset]
        moments.append(NEVER if timeout is None else kernel.now + timeout)
        return min(moments)

    def round(self) -> None:
        try:
            self._round()
        except (EngineError, OSError) as error:
            self.fail(error)

    def _round(self) -> None:
        if self.leaving:
            self.end()
            return
        self.again = False
        self.worker.flush()
        names = self._unheard()
        self.engine.say(*(self._read(name) for name in names))
        reports = self.worker.receive()
        self.engine.say(*reports)
        events = self.supervisor.turn(self.clock.wall())
        self.world.committed(self, events)
        for event in events:
            if isinstance(event, JobSubmitted):
                self._take_on(event.job)
                self.again = True
        self._reopen()
        self.worker.committed(reports)
        for name in names:
            self.world.system.unlink(f"{INBOX}/{name}")
        taken = self.engine.take()
        more = self.worker.carry_out(taken) if taken else []
        self.engine.say(*more)
        self.again = self.again or bool(more or reports or names)

    def _reopen(self) -> None:
        """A job that was finished when this holder came, and is taken up again."""
        for job in self.supervisor.state.jobs.values():
            if job.id not in self.opened and not job.finished:
                self._take_on(job.id)
                self.again = True

    def _read(self, name: str) -> s.Said:
        system = self.world.system
        handle = system.open(f"{INBOX}/{name}", real_os.O_RDONLY)
        try:
            kind, fields = json.loads(system.read(handle, 1 << 30))
        finally:
            system.close(handle)
        return KINDS[kind](*fields)  # type: ignore[no-any-return]


def put_request(world: World, name: str, said: s.Said) -> None:
    """What `jm submit` and the like do: durable before it is said to be."""
    system = world.system
    handle = system.open(f"{INBOX}/{name}.tmp", real_os.O_WRONLY | real_os.O_CREAT | real_os.O_TRUNC, 0o600)
    system.write(handle, json.dumps([type(said).__name__, list(said)]).encode())
    system.fsync(handle)
    system.close(handle)
    system.rename(f"{INBOX}/{name}.tmp", f"{INBOX}/{name}.json")
    folder = system.open(INBOX, real_os.O_RDONLY)
    system.fsync(folder)
    system.close(folder)


# --- children -------------------------------------------------------------------------------------------------------


class Manners:
    """How one attempt behaves, by its token and the seed alone."""

    def __init__(self, world: World, token: str, timeout: float | None) -> None:
        rng = world.rng_of(token)
        rates = world.plan.rates

        def chance(what: str) -> bool:
            return rng.random() < rates.get(what, 0.0)

        self.seconds = rng.choice([0.0, 0.004, 0.05, 1.0, 4.0])
        self.status = 0
        if chance("fails"):
            self.status = rng.choice([1 << 8, 75 << 8, signal.SIGSEGV])
        self.hangs = timeout is not None and chance("hangs")
        self.stops = self.hangs and rng.random() < 0.3
        self.stubborn = chance("stubborn")
        self.daemon = rng.choice([0.5, 20.0]) if chance("daemon") else 0.0
        self.writes = "nothing" if chance("forgets output") else "empty" if chance("empty output") else "all"


class Child:
    """One attempt's main process, and what it leaves behind."""

    def __init__(self, world: World, process: Process) -> None:
        self.world, self.process = world, process
        self.token = process.environ[keeper_module.TOKEN_VARIABLE]
        self.inputs: dict[str, Any] = json.loads(process.environ.get("JM_INPUTS_JSON", "{}"))
        self.outputs: dict[str, str] = json.loads(process.environ.get("JM_OUTPUTS_JSON", "{}"))
        process.ours, process.name = True, f"child {self.token}"
        self.manners = Manners(world, self.token, world.timeout_of(self.token))
        process.on_death = self._died
        if self.manners.stubborn:
            process.ignored.add(signal.SIGTERM)
        world.witness.begun(self)
        world.kernel.later(0.0005, self._begin)

    def _died(self) -> None:
        self.world.witness.ended(self)

    def _alive(self, then: Callable[[], None]) -> bool:
        if self.process.stopped and self.process.alive:
            self.world.kernel.later(0.5, then)
        return self.process.alive and not self.process.stopped

    def _begin(self) -> None:
        if not self._alive(self._begin):
            return
        self.world.witness.reads(self)
        if self.manners.writes == "all":
            self._write(half=True)
        if self.manners.daemon:
            self._fork()
        if self.manners.stops:
            self.process.stopped = True
        if not self.manners.hangs:
            self.world.kernel.later(self.manners.seconds, self._finish)

    def _fork(self) -> None:
        kernel = self.world.kernel
        daemon = kernel.spawn(self.process.pid, dict(self.process.environ))
        daemon.ours, daemon.name = True, f"daemon of {self.token}"
        if self.manners.stubborn:
            daemon.ignored.add(signal.SIGTERM)
        daemon.parent = kernel._heir(self.process)  # forked twice: the one between is gone already
        self.world.witness.daemons.append((self.token, daemon))
        kernel.later(self.manners.daemon, lambda: kernel.die(daemon, 0))

    def _finish(self) -> None:
        if not self._alive(self._finish):
            return
        if self.manners.writes != "nothing" and not self.manners.status:
            self._write(half=False)
        self.world.kernel.die(self.process, self.manners.status)

    def _write(self, half: bool) -> None:
        job = self.token.split("/")[0]
        for name, path in self.outputs.items():
            content = self.world.plan.content(job, name).encode()
            if self.manners.writes == "empty":
                content = b""
            self._put(path, content[: len(content) // 2] if half else content)

    def _put(self, path: str, content: bytes) -> None:
        """Written as programs write: no sync, and a full disk is the end of it."""
        kernel = self.world.kernel
        try:
            folder, name, node = kernel.walk(path, kernel.disk.root)
        except OSError:
            return  # its directory has been taken away
        if kernel.disk.full:
            self.manners.status = self.manners.status or 28 << 8
            return
        if node is None:
            node = kernel.disk.file(0o644)
            kernel.disk.change((folder, name, node))
        node.data[:] = content  # type: ignore[attr-defined]
        node.mtime = kernel.disk.stamp()


def is_keeper(argv: Any) -> bool:
    return "-c" in argv and "keeper.main" in argv[list(argv).index("-c") + 1]


__all__ = ["HOME", "INBOX", "Child", "Holder", "KeeperProgram", "Program", "Publisher", "Stream", "put_request"]
