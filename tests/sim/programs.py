"""The programs of this world: the real supervisor with the real worker, the real keeper, and the children they start.

Each is taken one round at a time. The first two are the product's own code; what surrounds them here is the loop that
a process runs them in, and children of every kind of manners. Knows the kernel; draws nothing but a child's manners.
"""

from __future__ import annotations

import json
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from job_manager.app.callers import POKE
from job_manager.app.capacity import Capacity
from job_manager.app.home import Home
from job_manager.app.host import Host
from job_manager.app.inbox import Inbox
from job_manager.app.settings import DEFAULTS
from job_manager.app.supervising import supervise
from job_manager.app.wire import connect
from job_manager.artifacts.settling import together
from job_manager.core import said as s
from job_manager.core.events import Event
from job_manager.core.state import JobState
from job_manager.model.errors import EngineError, InputError, JobManagerError, Refused
from job_manager.ports.history import JobRow
from job_manager.worker import ahead
from job_manager.worker import keeper as keeper_module
from job_manager.worker.keeper import Keeper
from job_manager.worker.processes import TOKEN_VARIABLE
from tests.sim.kernel import Killed, Process
from tests.sim.witness import QUICK

if TYPE_CHECKING:
    from job_manager.artifacts.settling import Steps
    from tests.sim.world import World

NEVER = float("inf")
HOME = "/s"
INBOX = "/s/inbox"


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


def carried_out(works: Sequence[Steps[Any]]) -> Iterator[Any]:
    """As settling.together. When the process dies, what is half done is dropped at once: later on it would close its
    files in another world."""
    try:
        yield from together(works)
    except Killed:
        for work in works:
            with suppress(Killed):
                work.close()
        raise


def at_once(steps: Steps[Any]) -> Any:
    """As settling.at_once."""
    [result] = carried_out([steps])
    if isinstance(result, BaseException):
        raise result
    return result


class Publisher(Program):
    """The thread that concludes attempts: it gets its rounds like a process, and dies with the one it belongs to."""

    def __init__(self, world: World, process: Process) -> None:
        super().__init__(world, process)
        self._given: deque[Steps[Any]] = deque()
        self._done: list[Any] = []
        self._read, self._write = world.system.pipe()
        self.open = 0
        self.busy = False

    def ready(self) -> bool:
        return bool(self._given) and not self.busy

    def round(self) -> None:
        self.busy = True
        try:
            some = self.world.rng.randint(1, len(self._given))
            self._done += carried_out([self._given.popleft() for _ in range(some)])
            self.world.system.write(self._write, b".")
        finally:
            self.busy = False

    def fileno(self) -> int:
        return self._read

    def next_timeout(self) -> None:
        """It tells at once."""

    def give(self, work: Steps[Any], busy: bool = False) -> None:
        self.open += 1
        self._given.append(work)

    def finished(self) -> list[Any]:
        if not self._done:
            return []
        done, self._done = self._done, []
        self.world.system.read(self._read, 1 << 16)
        self.open -= len(done)
        for result in done:
            if isinstance(result, BaseException):
                raise result
        return done

    def close(self) -> None:
        while self._given:
            self.round()


class Signals:
    """As app.interrupts.Interrupts: Ctrl-C and its kin, sent by `arrive`."""

    def __init__(self, world: World) -> None:
        self.world, self.count, self.last = world, 0, 0
        self._read, self._write = world.system.pipe()

    def __enter__(self) -> Signals:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def fileno(self) -> int:
        return self._read

    def drain(self) -> None:
        self.world.system.read(self._read, 4096)

    def arrive(self, process: Process) -> None:
        self.count += 1
        self.world.kernel.put(process.files[self._write], b".")


class Log:
    """Who is told what the supervisor does: the story."""

    def __init__(self, world: World) -> None:
        self.world = world

    def up(self, home: Home, jobs: int) -> None:
        self.world.note(f"up, with {jobs} jobs")

    def told(self, job: JobState, events: Sequence[Event]) -> None:
        pass

    def trouble(self, job: str, error: JobManagerError) -> None:
        self.world.note(f"trouble with {job}: {error}")

    def noted(self, job: JobState, action: int, message: str) -> None:
        self.world.note(f"{job.id} {action}: {message}")

    def down(self, how: str) -> None:
        self.world.note(f"down: {how}")


class Holder:
    """The process of `jm up`."""

    def __init__(self, world: World, process: Process) -> None:
        self.world, self.process, self.frozen = world, process, 0.0
        self.host: Host | None = None
        self.signals: Signals | None = None
        self.up = False

    def start(self) -> None:
        """From its begin to its end; while it waits the others go on."""
        world = self.world
        ahead._waiting.clear()  # memory of a process: nothing of it outlives the process
        here = Capacity(world.plan.slots, None)
        status = 0
        try:
            supervise(Home(HOME), here, DEFAULTS, {"PATH": "/bin"}, Log(world), self._ready)
        except (Refused, InputError) as why:
            world.refused(self, why)
            status = 7
        except (EngineError, OSError) as error:
            world.note(f"the holder {self.process.pid} ends: {error}")
            status = 5
        world.kernel.die(self.process, status << 8)

    def _ready(self) -> None:
        self.up = True
        if self.world.over:  # it was to be the second, and the first has been told to end meanwhile
            assert self.signals is not None
            self.signals.arrive(self.process)


class VirtualReading:
    """For those who only look: the journal as it stands on the disk."""

    def __init__(self, world: World) -> None:
        self._world = world

    def jobs(self) -> list[JobRow]:
        return [
            JobRow(job, job, "open" if open else "succeeded", 0.0, None, {}) for job, open in self._world.jobs_on_file()
        ]

    def close(self) -> None:
        pass


def ask(world: World, said: s.Request) -> None:
    """What `jm submit` and the like do: durable before it is said to be; then the holder is poked, if all goes well."""
    home = Home(HOME)
    home.make()
    Inbox(home.inbox).put(said)
    line = world.line_of(said.request)
    if line != "poke lost":  # who asks was turned away, or died
        poke(said.request, line)
    if line in ("poke late", "poke twice"):
        world.kernel.later(world.rng.uniform(0.0, 5.0), lambda: world.as_client(lambda: poke(said.request)))


def poke(request: str, line: str = "") -> None:
    """One connection to the holder, and what comes over it."""
    peer = connect(Home(HOME).socket) if line != "poke late" else None
    if peer is None:
        return
    if line == "poke torn":
        peer._connection.send(f'["{POKE}","{request[:1]}'.encode())
    else:
        peer.send(POKE, request)
    if line == "poke twice":
        peer.send(POKE, request)
    peer.close()


# --- children -------------------------------------------------------------------------------------------------------


class Manners:
    """How one attempt behaves, by its token and the seed alone."""

    def __init__(self, world: World, token: str, timeout: float | None) -> None:
        rng = world.rng_of(token)
        rates = world.plan.rates

        def chance(what: str) -> bool:
            return rng.random() < rates.get(what, 0.0)

        self.seconds = rng.choice([0.0, 0.004, 0.05, 1.0, 4.0])
        if token.startswith(f"{QUICK}/"):
            self.seconds = min(self.seconds, rng.choice([0.0, 0.002, 0.02]))
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
        self.token = process.environ[TOKEN_VARIABLE]
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


__all__ = ["HOME", "INBOX", "Child", "Holder", "KeeperProgram", "Program", "Publisher", "ask"]
