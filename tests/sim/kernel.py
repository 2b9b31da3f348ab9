"""A kernel in miniature: processes that are born, signalled, reaped and orphaned, their open files, sockets and time.

One thing happens at a time, on a clock that only moves when somebody lets it. Every system call may be the last one of
its process. Knows the disk, and no program.
"""

from __future__ import annotations

import errno
import os
import random
import signal
from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from itertools import count

from tests.sim.disk import Disk, File, Folder, Node

TICK = 2e-5  # seconds that a system call takes
EPOCH = 1_700_000_000.0
HERTZ = 100  # clock ticks a second
INIT = 1
MOST_CALLS = 60_000
DEADLY = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


class Killed(BaseException):
    """The process that is running ends here, whatever it was about to do."""


def failure(number: int, name: object = None) -> OSError:
    return OSError(number, os.strerror(number), name)


# --- open files -----------------------------------------------------------------------------------------------------


class Open:
    """An open file of any kind; several descriptors may be one."""

    __slots__ = ("users",)

    def __init__(self) -> None:
        self.users = 0

    def ready(self) -> bool:
        """Whether a read would not wait."""
        return True

    def closed(self) -> None:
        """The last descriptor has gone."""


class OpenFile(Open):
    __slots__ = ("append", "at", "node")

    def __init__(self, node: File, append: bool) -> None:
        super().__init__()
        self.node, self.append, self.at = node, append, 0

    def closed(self) -> None:
        if self.node.lock is self:
            self.node.lock = None


class OpenFolder(Open):
    __slots__ = ("node",)

    def __init__(self, node: Folder) -> None:
        super().__init__()
        self.node = node


class OpenText(Open):
    """A file of /proc: its content is made when it is read."""

    __slots__ = ("at", "make")

    def __init__(self, make: Callable[[], bytes]) -> None:
        super().__init__()
        self.make, self.at = make, 0


class Stream(Open):
    """One end of a socket or pipe."""

    __slots__ = ("ended", "inbox", "peer", "room")

    def __init__(self, room: int) -> None:
        super().__init__()
        self.inbox, self.room, self.ended = bytearray(), room, False
        self.peer: Stream | None = None

    def ready(self) -> bool:
        return bool(self.inbox) or self.ended

    def closed(self) -> None:
        if self.peer is not None:
            self.peer.ended = True
            self.peer.peer = None


class Listener(Open):
    __slots__ = ("waiting",)

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Stream] = []

    def ready(self) -> bool:
        return bool(self.waiting)

    def closed(self) -> None:
        for stream in self.waiting:
            stream.closed()


class Watch(Open):
    """A pidfd."""

    __slots__ = ("process",)

    def __init__(self, process: Process) -> None:
        super().__init__()
        self.process = process

    def ready(self) -> bool:
        return not self.process.alive


class Several(Open):
    """An epoll: readable when one of those in it is."""

    __slots__ = ("inside", "owner")

    def __init__(self, owner: Process) -> None:
        super().__init__()
        self.owner = owner
        self.inside: set[int] = set()

    def ready(self) -> bool:
        return any(handle in self.owner.files and self.owner.files[handle].ready() for handle in self.inside)


def joined(room: int) -> tuple[Stream, Stream]:
    one, other = Stream(room), Stream(room)
    one.peer, other.peer = other, one
    return one, other


# --- processes ------------------------------------------------------------------------------------------------------


class Process:
    """`alarm` is where the number of a caught signal is written (set_wakeup_fd)."""

    def __init__(self, pid: int, parent: int, ticks: int, environ: dict[str, str]) -> None:
        self.pid, self.parent, self.ticks, self.environ = pid, parent, ticks, environ
        self.group = self.session = pid
        self.files: dict[int, Open] = {}
        self.folder: Folder | None = None
        self.alive, self.stopped, self.subreaper = True, False, False
        self.status: int | None = None
        self.alarm = -1
        self.caught: set[int] = set()
        self.ignored: set[int] = set()
        self.pending: set[int] = set()
        self.ours = False  # begun by the program under test
        self.name = ""
        self.on_death: Callable[[], None] | None = None

    def lowest(self) -> int:
        return next(number for number in count() if number not in self.files)


class Kernel:
    """`strike` is called at the system call whose number is `strike_at`."""

    def __init__(self, rng: random.Random, careful: bool, room: int = 1 << 16) -> None:
        self.rng, self.room = rng, room
        self.now = 1000.0  # seconds since boot
        self.offset = EPOCH - 1000.0
        self.boots = 1
        self.error: Exception | None = None
        self.calls = 0
        self.strike_at = 1 << 62
        self.strike: Callable[[], None] = lambda: None
        self.disk = Disk(self.wall, careful)
        self.processes: dict[int, Process] = {}
        self.current: Process | None = None
        self.events: list[tuple[float, int, Callable[[], None], bool]] = []
        self.serial = count()
        self._pids = count(100)
        self.wait_for: Callable[[Process, Callable[[], bool], float], None] = lambda *_: None
        self.on_signal: Callable[[Process, int], None] = lambda *_: None

    # --- time

    def wall(self) -> float:
        return self.now + self.offset

    @property
    def boot_id(self) -> str:
        return f"boot-{self.boots}"

    def later(self, seconds: float, act: Callable[[], None], outlives: bool = False) -> None:
        """Something will happen, unless the power goes before; what `outlives` that happens all the same."""
        heappush(self.events, (self.now + seconds, next(self.serial), act, outlives))

    def fire(self) -> bool:
        """What is due by now happens; whether anything did."""
        due = False
        while self.events and self.events[0][0] <= self.now:
            heappop(self.events)[2]()
            due = True
        return due

    # --- calls

    def enter(self) -> Process:
        """A system call begins."""
        self.now += TICK
        self.calls += 1
        if self.calls >= self.strike_at:
            self.strike_at = 1 << 62
            self.strike()
        if self.calls > MOST_CALLS:
            raise AssertionError("it goes round and round")
        process = self.current
        assert process is not None
        if not process.alive:
            raise Killed
        return process

    def run(self, process: Process, act: Callable[[], None]) -> None:
        """Let a process do something; it may die of it."""
        before, self.current = self.current, process
        try:
            act()
        except Killed:
            assert not process.alive
        except Exception as error:
            self.collapse(error)
        finally:
            self.current = before

    def collapse(self, error: Exception) -> None:
        """This world has been shown to be wrong: everything in it ends, and nobody may do anything about it."""
        self.error = self.error or error
        for process in self.processes.values():
            process.alive, process.on_death = False, None

    def block(self, ready: Callable[[], bool], seconds: float | None) -> None:
        """The running process waits; others go on meanwhile."""
        process = self.current
        assert process is not None
        self.wait_for(process, ready, self.now + (1e9 if seconds is None else seconds))
        self.current = process
        if not process.alive:
            raise Killed

    # --- lives

    def spawn(self, parent: int, environ: dict[str, str]) -> Process:
        """Pids come round again soon, since a signal that meets the wrong process must be seen."""
        pid = next(pid for pid in (100 + n % 90 for n in self._pids) if pid not in self.processes)
        process = Process(pid, parent, int(self.now * HERTZ), environ)
        self.processes[pid] = process
        return process

    def die(self, process: Process, status: int) -> None:
        """The end of a process: its files close, its children are orphans, its parent is told."""
        if not process.alive:
            return
        process.alive, process.status = False, status
        for number in list(process.files):
            self.close(process, number)
        heir = self._heir(process)
        for child in self.children_of(process.pid):
            child.parent = heir
            self._told(child)
        self._told(process)
        if process.on_death is not None:
            process.on_death()

    def _heir(self, process: Process) -> int:
        above = self.processes.get(process.parent)
        while above is not None:
            if above.alive and above.subreaper:
                return above.pid
            above = self.processes.get(above.parent)
        return INIT

    def _told(self, process: Process) -> None:
        """Who is to reap it hears of it; init does so at once."""
        if process.alive:
            return
        parent = self.processes.get(process.parent)
        if parent is None or not parent.alive:
            self.processes.pop(process.pid, None)
        else:
            self.signal(parent, signal.SIGCHLD)

    def children_of(self, pid: int) -> list[Process]:
        return [each for each in self.processes.values() if each.parent == pid]

    def signal(self, process: Process, number: int) -> None:
        if not process.alive or number == 0:
            return
        if number != signal.SIGCHLD:
            self.on_signal(process, number)
        if number in process.caught and process.alarm in process.files:
            self.put(process.files[process.alarm], bytes([number]))
        elif number == signal.SIGCONT:
            process.stopped = False
            for waiting in sorted(process.pending):
                process.pending.discard(waiting)
                self.signal(process, waiting)
        elif number in DEADLY and number not in process.ignored:
            if process.stopped and number != signal.SIGKILL:
                process.pending.add(number)
            else:
                self.die(process, number)

    def power_cut(self) -> None:
        """All that runs is gone, and what was not on the platter, perhaps."""
        for process in list(self.processes.values()):
            process.alive = False
            process.files.clear()
        self.processes.clear()
        self.events = [event for event in self.events if event[3]]
        self.disk.cut(self.rng)
        heapify(self.events)
        self.boots += 1

    # --- files

    def give(self, process: Process, opened: Open, number: int | None = None) -> int:
        number = process.lowest() if number is None else number
        opened.users += 1
        if number in process.files:
            self.close(process, number)
        process.files[number] = opened
        return number

    def close(self, process: Process, number: int) -> None:
        opened = process.files.pop(number)
        opened.users -= 1
        if not opened.users:
            opened.closed()

    def put(self, opened: Open, content: bytes) -> int:
        """Write to a stream as much as there is room for."""
        assert isinstance(opened, Stream)
        if opened.peer is None:
            raise failure(errno.EPIPE)
        room = opened.room - len(opened.peer.inbox)
        if room <= 0:
            raise failure(errno.EAGAIN)
        opened.peer.inbox += content[:room]
        return min(room, len(content))

    def walk(self, path: str, start: Folder) -> tuple[Folder, str, Node | None]:
        """The folder that a path's last name is in, that name, and what it leads to."""
        folder = self.disk.root if path.startswith("/") else start
        names = [name for name in path.split("/") if name and name != "."]
        if not names:
            return folder, "", folder
        for name in names[:-1]:
            inner = folder.entries.get(name)
            if inner is None:
                raise failure(errno.ENOENT, path)
            if not isinstance(inner, Folder):
                raise failure(errno.ENOTDIR, path)
            folder = inner
        return folder, names[-1], folder.entries.get(names[-1])

    def tree(self, folder: Folder | None = None, above: str = "") -> Iterator[tuple[str, Node]]:
        """Everything on the disk with its path."""
        for name, node in (folder or self.disk.root).entries.items():
            yield f"{above}/{name}", node
            if isinstance(node, Folder) and node.entries:
                yield from self.tree(node, f"{above}/{name}")
