"""The worker's end of the keeper: starts one or attaches to one that lives, sends orders, receives what happened.

Never blocks. Knows the keeper's messages and nothing of what the orders are for.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from job_manager.model.hints import TYPE_CHECKING, Any, NotRequired, TypedDict
from job_manager.model.record import NamedTuple
from job_manager.worker import ahead, processes
from job_manager.worker.lines import Gone, Lines, dial

if TYPE_CHECKING:
    import socket
else:
    try:  # the C half is all that is needed; the Python one brings selectors and enums
        import _socket as socket
    except ImportError:
        import socket

HELLO_TIMEOUT = 10.0  # seconds
TOGETHER = 8  # gates in one message: the keeper reads it while others run, and their ends are not to wait for it


class Warm(TypedDict):
    """What an interpreter has to be to have an action copied from it. Actions of which this is different, or the words
    before the module's own, or the environment, share none."""

    preload: list[str]
    digest: str


class Foreseen(TypedDict):
    """What orders to come have in common that can be copied from one interpreter; as in an Order. `argv`: how they
    begin."""

    argv: list[str]
    env: Mapping[str, str]
    warm: Warm


class Order(TypedDict):
    """What to run. Paths are absolute; text may hold surrogate escapes. Times in seconds; `weight` in slots, `memory`
    in bytes. `bare`: the child has this `env` and no other; `umask`: its own instead of the one said in `hello`;
    `secrets`: the variables of `env` whose values are taken out of what it prints.
    `warm`: for a Python module, what is imported before its start and the digest of its folder.
    `stuck`: seconds without output and processor time after which it counts as stuck, and whether it is then ended."""

    token: str
    argv: list[str]
    env: Mapping[str, str]
    cwd: str
    log: str
    err: NotRequired[str | None]
    timeout: NotRequired[float | None]
    grace: NotRequired[float]
    weight: NotRequired[int]
    memory: NotRequired[int | None]
    durable: NotRequired[bool]
    bare: NotRequired[bool]
    secrets: NotRequired[list[str]]
    umask: NotRequired[int | None]
    stuck: NotRequired[tuple[float, bool] | None]
    warm: NotRequired[Warm]


class ExitRecord(TypedDict):
    """How an attempt ended. `began` and `ended` are Unix times, `elapsed` is by the monotonic clock; `why` is None,
    "timeout", "stopped", "stuck" or "spawn"; `left` counts the processes that outlived the main one and were ended.
    `oom`: it ran out of memory, as its cgroup says ("cgroup") or as it seems ("probable"); `peak`: bytes as the cgroup
    counted them, 0 when nobody did; `still`: for how many seconds it had then neither written nor worked, when that was
    long enough to count as stuck, else 0. `tidy`: there was nothing that might be its own when its main process had
    ended. Keepers of before say none of these."""

    token: str
    code: int | None
    signal: int | None
    why: str | None
    error: str | None
    began: float
    ended: float
    elapsed: float
    utime: float
    stime: float
    maxrss_kib: int
    left: int
    oom: NotRequired[str | None]
    peak: NotRequired[int]
    still: NotRequired[float]
    tidy: NotRequired[bool]
    printed: NotRequired[int]  # bytes in its logs, -1 where that is not known


class Message(NamedTuple):
    """`kind` is state, began, still, exited, returned, refused or noted; `content` as the keeper's protocol says."""

    kind: str
    content: Any


class KeeperGone(Exception):
    """The connection has ended: the keeper is dead, or serves another master now."""


class KeeperLink:
    """One connection to one keeper. Register `fileno()` for reading, and for writing while `wants_write`."""

    def __init__(self, connection: socket.socket, pid: int, incarnation: str, own_child: bool) -> None:
        self.pid = pid
        self.incarnation = incarnation
        self._lines = Lines(connection)
        self._own_child = own_child

    @classmethod
    def launch(
        cls, directory: str, incarnation: str, python: str | None = None, linger: float | None = None
    ) -> KeeperLink:
        """A new keeper in a directory that is made for it (0700) and may not exist. Raises OSError.

        `linger` is how many seconds it stays without child and master (60).
        """
        directory = os.path.abspath(directory)
        os.makedirs(os.path.dirname(directory), 0o700, exist_ok=True)
        os.mkdir(directory, 0o700)
        pid, connection = ahead.take(directory, python, linger)
        return cls(socket.socket(fileno=connection), pid, incarnation, own_child=True)

    @classmethod
    def attach(cls, directory: str) -> KeeperLink | None:
        """A connection to the keeper that lives in `directory`; None when none answers there."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with open(os.path.join(directory, "keeper.json"), encoding="ascii") as described:
                content = json.load(described)
            dial(connection, os.path.join(directory, "s"))
            # It may not have been told yet who it is, by a worker that has died; then it will be.
            incarnation = str(content["incarnation"]) or os.path.basename(directory)
            return cls(connection, int(content["pid"]), incarnation, own_child=False)
        except (OSError, ValueError, KeyError, TypeError):
            connection.close()
            return None

    def fileno(self) -> int:
        return self._lines.fileno()

    @property
    def wants_write(self) -> bool:
        return self._lines.wants_write

    def hello(self, slots: int, env: Mapping[str, str], umask: int) -> None:
        """Become the master. The keeper answers with `state`; `env` is what its children build on."""
        self._lines.send("hello", {"incarnation": self.incarnation, "slots": slots, "env": dict(env), "umask": umask})

    def start(self, orders: Iterable[Order]) -> None:
        self._lines.send("start", list(orders))

    def foresee(self, orders: Iterable[Foreseen]) -> None:
        """Such orders will come: have their interpreters ready."""
        self._lines.send("foresee", list(orders))

    def chain(self, gates: Iterable[tuple[Iterable[str], Iterable[Order]]]) -> None:
        """Start each of these orders as soon as the attempts of all tokens beside them have ended well: by themselves,
        with exit code 0 and nothing said of another. If one does not, its orders come back as `returned`."""
        waiting = [(list(tokens), list(orders)) for tokens, orders in gates]
        for at in range(0, len(waiting), TOGETHER):
            self._lines.put("chain", waiting[at : at + TOGETHER])
        self._lines.flush()

    def stop(self, pairs: Iterable[tuple[str, float]]) -> None:
        """End attempts: (token, grace in seconds). What has not begun comes back as `returned`."""
        self._lines.send("stop", list(pairs))

    def forget(self, tokens: Iterable[str]) -> None:
        """Exits that are journaled: the keeper may drop them."""
        self._lines.send("forget", list(tokens))

    def slots(self, number: int) -> None:
        self._lines.send("slots", number)

    def give_back(self) -> None:
        """What waits and has not begun comes back as `returned`."""
        self._lines.send("give back")

    def leave(self) -> None:
        """The keeper begins nothing more and ends with its last child."""
        self._lines.send("leave")
        self.flush()

    def flush(self) -> None:
        """Send what the keeper takes now; a keeper that is gone shows at the next `receive`."""
        self._lines.flush()

    def receive(self) -> list[Message]:
        """Every message that has come in whole, maybe none; KeeperGone once there is nothing left to read."""
        try:
            return [Message(kind, content) for kind, content in self._lines.receive()]
        except Gone:
            raise KeeperGone(f"the keeper (pid {self.pid}) has closed the connection") from None

    def await_state(self, now: Callable[[], float]) -> list[Message]:
        """Wait for the answer to `hello`: everything that has come in until then. Raises KeeperGone."""
        messages: list[Message] = []
        give_up = now() + HELLO_TIMEOUT
        while not any(message.kind == "state" for message in messages):
            left = give_up - now()
            if left <= 0:
                raise KeeperGone("the keeper does not answer")
            self.flush()
            select.select([self], [], [], left)
            messages += self.receive()
        return messages

    def ended(self, seconds: float = 2.0) -> bool:
        """Wait until the keeper's process has ended, and reap it if it is our child; False when it still lives."""
        awaited(self.pid, seconds)
        if self._own_child:
            return _reaped(self.pid)
        process = processes.process_of(self.pid)
        return process is None or process.state == b"Z"

    def close(self) -> None:
        """Leave the keeper to itself: it goes on without a master. A keeper that has ended is reaped."""
        self._lines.close()
        if self._own_child:
            _reaped(self.pid)


def known_to(state: dict[str, Any]) -> list[Sequence[Any]]:
    """A row for each attempt that a keeper has begun, the token first; what it has ended has nothing else in it."""
    return [*state["begun"], *([record["token"]] for record in state["exits"])]


def awaited(pid: int, seconds: float) -> None:
    """Wait until a process has ended, reaped or not, for `seconds` at most."""
    handle = processes.pidfd_of(pid)
    if handle < 0:  # gone, or no pidfd here: then ask again and again
        give_up = time.monotonic() + seconds
        while (process := processes.process_of(pid)) and process.state != b"Z" and time.monotonic() < give_up:
            time.sleep(0.01)
        return
    try:
        waiting = select.poll()
        waiting.register(handle, select.POLLIN)
        waiting.poll(seconds * 1000)
    finally:
        os.close(handle)


def _reaped(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
