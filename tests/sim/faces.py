"""The other faces of the kernel: time, select, signal, socket and fcntl; and how they come in the real ones' place.

`installed` gives the rooms of the product this world instead of the machine, for as long as it lasts. Knows no rule.
"""

from __future__ import annotations

import errno
import fcntl as real_fcntl
import importlib
import select as real_select
import signal as real_signal
import socket as real_socket
import time as real_time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.sim.disk import Folder, Node
from tests.sim.kernel import (
    HERTZ,
    Kernel,
    Listener,
    Open,
    OpenFile,
    Several,
    Stream,
    failure,
    joined,
)
from tests.sim.listing import opener
from tests.sim.system import System


class Time:
    """As the module time."""

    CLOCK_MONOTONIC = real_time.CLOCK_MONOTONIC
    CLOCK_BOOTTIME = getattr(real_time, "CLOCK_BOOTTIME", 7)
    strftime, localtime = staticmethod(real_time.strftime), staticmethod(real_time.localtime)

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def time(self) -> float:
        return self._kernel.wall()

    def time_ns(self) -> int:
        return int(self._kernel.wall() * 1e9)

    def monotonic(self) -> float:
        return self._kernel.now

    def clock_gettime(self, which: int) -> float:
        return self._kernel.now

    def sleep(self, seconds: float) -> None:
        self._kernel.enter()
        self._kernel.block(lambda: False, seconds)

    # as ports.clock
    wall = time


class Poll:
    """As select.poll()."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._process = kernel.current
        self.wanted: dict[int, int] = {}

    def register(self, handle: Any, mask: int = 1) -> None:
        self.wanted[_number(handle)] = mask

    modify = register

    def unregister(self, handle: Any) -> None:
        del self.wanted[_number(handle)]

    def ready(self) -> list[tuple[int, int]]:
        assert self._process is not None
        files = self._process.files
        found = ((handle, _events(files[handle], mask)) for handle, mask in self.wanted.items() if handle in files)
        return [(handle, events) for handle, events in found if events]

    def poll(self, timeout: float | None = None) -> list[tuple[int, int]]:
        self._kernel.enter()
        if timeout != 0 and not self.ready():
            self._kernel.block(lambda: bool(self.ready()), None if timeout is None else timeout / 1000)
        return self.ready()


def _events(opened: Open, mask: int) -> int:
    """What poll(2) says of an open file."""
    hung_up = isinstance(opened, Stream) and opened.ended
    reads = real_select.POLLIN if mask & real_select.POLLIN and opened.ready() else 0
    writes = real_select.POLLOUT if able(opened, mask & real_select.POLLOUT) else 0
    return reads | writes | (real_select.POLLHUP if hung_up else 0)


def able(opened: Open, mask: int) -> bool:
    if mask & real_select.POLLIN and opened.ready():
        return True
    return bool(mask & real_select.POLLOUT) and isinstance(opened, Stream) and writable(opened)


def writable(stream: Stream) -> bool:
    return stream.peer is None or len(stream.peer.inbox) < stream.room


def _number(handle: Any) -> int:
    return handle if isinstance(handle, int) else int(handle.fileno())


class Epoll:
    """As select.epoll(), to be waited on by others."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        process = kernel.enter()
        self._several = Several(process)
        self._handle = kernel.give(process, self._several)

    def fileno(self) -> int:
        return self._handle

    def register(self, handle: int, mask: int) -> None:
        self._several.inside.add(handle)

    def unregister(self, handle: int) -> None:
        self._several.inside.discard(handle)

    def close(self) -> None:
        self._kernel.close(self._kernel.enter(), self._handle)


class Select:
    """As the module select."""

    POLLIN, POLLOUT, POLLHUP, POLLERR = (
        *(real_select.POLLIN, real_select.POLLOUT),
        *(real_select.POLLHUP, real_select.POLLERR),
    )
    EPOLLIN = getattr(real_select, "EPOLLIN", 1)

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def poll(self) -> Poll:
        return Poll(self._kernel)

    def epoll(self) -> Epoll:
        return Epoll(self._kernel)

    def select(
        self, reads: Iterable[Any], writes: Iterable[Any], _: Iterable[Any], timeout: float | None = None
    ) -> tuple[list[Any], list[Any], list[Any]]:
        process = self._kernel.enter()
        reads, writes = list(reads), list(writes)

        def now_able() -> tuple[list[Any], list[Any]]:
            can_read = [each for each in reads if process.files[_number(each)].ready()]
            can_write = [each for each in writes if able(process.files[_number(each)], real_select.POLLOUT)]
            return can_read, can_write

        if not any(now_able()) and timeout != 0:
            self._kernel.block(lambda: any(now_able()), timeout)
        return (*now_able(), [])


class Signal:
    """As the module signal."""

    def __init__(self, kernel: Kernel, system: System) -> None:
        self._kernel, self._system = kernel, system

    def __getattr__(self, name: str) -> Any:
        if not name.startswith(("SIG", "NSIG")) and name not in ("Signals", "valid_signals"):
            raise AttributeError(name)
        return getattr(real_signal, name)

    def signal(self, number: int, action: Any) -> None:
        process = self._kernel.enter()
        (process.ignored if action == real_signal.SIG_IGN else process.caught).add(number)

    def getsignal(self, number: int) -> Any:
        process = self._kernel.current
        return real_signal.SIG_IGN if process and number in process.ignored else real_signal.SIG_DFL

    def set_wakeup_fd(self, handle: int, *, warn_on_full_buffer: bool = True) -> int:
        process = self._kernel.enter()
        before, process.alarm = process.alarm, handle
        return before

    def pthread_sigmask(self, _how: int, _numbers: Iterable[int]) -> set[int]:
        """What is blocked here is caught a moment later."""
        return set()

    def pidfd_send_signal(self, handle: int, number: int) -> None:
        process = self._kernel.enter()
        target = process.files[handle].process  # type: ignore[attr-defined]
        if not target.alive:
            raise failure(errno.ESRCH)
        self._kernel.signal(target, number)


class Socket:
    """As socket.socket, of the kind that has a path."""

    def __init__(self, kernel: Kernel, handle: int | None = None) -> None:
        self._kernel = kernel
        self._handle = -1 if handle is None else handle

    def fileno(self) -> int:
        return self._handle

    def detach(self) -> int:
        handle, self._handle = self._handle, -1
        return handle

    def setblocking(self, _: bool) -> None:
        pass

    def listen(self, _: int = 0) -> None:
        pass

    def _opened(self) -> Open:
        process = self._kernel.enter()
        if self._handle not in process.files:
            raise failure(errno.EBADF)
        return process.files[self._handle]

    def bind(self, path: str) -> None:
        process = self._kernel.enter()
        kernel = self._kernel
        folder, name, node = self._place(path)
        if node is not None:
            raise failure(errno.EADDRINUSE)
        node = kernel.disk.file(0o600)
        node.mode = 0o140600
        listener = Listener()
        node.listener = listener
        self._handle = kernel.give(process, listener)
        kernel.disk.change((folder, name, node))

    def connect(self, path: str) -> None:
        process = self._kernel.enter()
        node = self._place(path)[2]
        if node is None:
            raise failure(errno.ENOENT)
        listener = node.listener
        if not isinstance(listener, Listener) or not listener.users:
            raise failure(errno.ECONNREFUSED)
        one, other = joined(self._kernel.room)
        listener.waiting.append(other)
        self._handle = self._kernel.give(process, one)

    def _place(self, path: str) -> tuple[Folder, str, Node | None]:
        """Where a socket's path leads to; /proc/self/fd/N/NAME is by an open folder."""
        process = self._kernel.current
        assert process is not None
        if not path.startswith("/proc/self/fd/"):
            return self._kernel.walk(path, process.folder or self._kernel.disk.root)
        folder = process.files[int(path.split("/")[4])].node  # type: ignore[attr-defined]
        return self._kernel.walk(path.split("/")[5], folder)

    def accept(self) -> tuple[Socket, None]:
        return Socket(self._kernel, self._accept()[0]), None

    def _accept(self) -> tuple[int, None]:
        listener = self._opened()
        if not isinstance(listener, Listener) or not listener.waiting:
            raise failure(errno.EAGAIN)
        assert self._kernel.current is not None
        return self._kernel.give(self._kernel.current, listener.waiting.pop(0)), None

    def send(self, content: bytes) -> int:
        return self._kernel.put(self._opened(), bytes(content))

    def recv(self, size: int) -> bytes:
        stream = self._opened()
        assert isinstance(stream, Stream)
        if not stream.inbox and not stream.ended:
            raise failure(errno.EAGAIN)
        part = bytes(stream.inbox[:size])
        del stream.inbox[:size]
        return part

    def close(self) -> None:
        process = self._kernel.enter()
        if self._handle in process.files:
            self._kernel.close(process, self._handle)
        self._handle = -1


class SocketModule:
    """As the module socket."""

    AF_UNIX, SOCK_STREAM = real_socket.AF_UNIX, real_socket.SOCK_STREAM

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def socket(self, family: int = 0, kind: int = 0, proto: int = 0, fileno: int | None = None) -> Socket:
        return Socket(self._kernel, fileno)

    def pair(self) -> tuple[Socket, Socket]:
        process = self._kernel.enter()
        one, other = joined(self._kernel.room)
        kernel = self._kernel
        return Socket(kernel, kernel.give(process, one)), Socket(kernel, kernel.give(process, other))


class Fcntl:
    """As the module fcntl: locks of open files; nothing shares blocks here."""

    LOCK_EX, LOCK_SH, LOCK_NB, LOCK_UN = (
        *(real_fcntl.LOCK_EX, real_fcntl.LOCK_SH),
        *(real_fcntl.LOCK_NB, real_fcntl.LOCK_UN),
    )

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def flock(self, handle: int, how: int) -> None:
        opened = self._kernel.enter().files[handle]
        assert isinstance(opened, OpenFile)
        if how & self.LOCK_UN:
            opened.node.lock = None if opened.node.lock is opened else opened.node.lock
        elif opened.node.lock not in (None, opened):
            raise failure(errno.EWOULDBLOCK)
        elif how & self.LOCK_EX:
            opened.node.lock = opened

    def ioctl(self, *_: object) -> None:
        raise failure(errno.EOPNOTSUPP)


# --- in the place of the real ones ----------------------------------------------------------------------------------

ROOMS = (
    *(
        "worker.keeper",
        "worker.processes",
        "worker.child",
        "worker.children",
        "worker.cgroups",
        "worker.logs",
        "worker.connection",
        "worker.records",
        "worker.keeper_link",
        "worker.lines",
        "worker.ahead",
        "worker.adoption",
        "worker.worker",
        "worker.attempt",
    ),
    *("worker.brief", "worker.last_words", "worker.layout", "worker.calls", "worker.command", "worker.functions"),
    *("artifacts.store", "artifacts.outputs", "artifacts.copying", "artifacts.folders", "artifacts.directories"),
    *("artifacts.identity", "artifacts.removal", "artifacts.scratch", "artifacts.trees"),
    *("app.home", "app.owing", "app.inbox", "app.wire"),
    *("app.callers", "app.host", "app.supervising", "app.running", "app.removing"),
    *("app.wiring", "app.safety", "worker.room", "worker.hosting", "worker.traces", "worker.code", "worker.hiding"),
    *("worker.redaction", "worker.secrets"),
)


@contextmanager
def installed(kernel: Kernel, system: System, others: dict[str, Any]) -> Iterator[None]:
    """While this lasts the rooms of the product that touch the world touch this one; `others`: more of such names."""
    faces: dict[str, Any] = {
        "os": system,
        "time": Time(kernel),
        "select": Select(kernel),
        "signal": Signal(kernel, system),
        "socket": SocketModule(kernel),
        "fcntl": Fcntl(kernel),
        "socketpair": SocketModule(kernel).pair,
        "become_subreaper": subreaper(kernel),
        "become_undumpable": lambda: True,
        "signalfd": lambda _numbers: -1,  # the keeper has another way, which is all it has on other systems
        "open": opener(system),
        **others,
    }
    undo: list[tuple[Any, str, Any]] = []
    for room in ROOMS:
        module = importlib.import_module(f"job_manager.{room}")
        for name in (*(name for name in faces if name in vars(module)), "open"):
            undo.append((module, name, vars(module).get(name)))
            setattr(module, name, faces[name])
    try:
        yield
    finally:
        for module, name, before in reversed(undo):
            if before is None:
                delattr(module, name)
            else:
                setattr(module, name, before)


def subreaper(kernel: Kernel) -> Callable[[], bool]:
    def become() -> bool:
        kernel.enter().subreaper = True
        return True

    return become


__all__ = ["HERTZ", "Time", "installed"]
