"""A keeper under test: started in a folder of its own, fed with orders, listened to with a deadline.

Knows the link and nothing of how the keeper does its work; waits on sockets, pipes and process handles, never on time.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from job_manager.worker import adoption
from job_manager.worker.keeper_link import ExitRecord, KeeperLink, Message, Order, awaited
from job_manager.worker.processes import process_of

DEADLINE = 20.0  # seconds after which a test that waits has failed
PATH = os.environ.get("PATH", os.defpath)


class Fifo:
    """A named pipe that children write to, so that a test knows how far they are."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = str(path)
        self._file = os.open(path, os.O_RDWR)

    def read(self) -> str:
        ready, _, _ = select.select([self._file], [], [], DEADLINE)
        assert ready, f"nothing was written to {self.path}"
        return os.read(self._file, 65536).decode()

    def words(self, count: int) -> list[str]:
        found: list[str] = []
        while len(found) < count:
            found += self.read().split()
        return found

    def write(self, text: str) -> None:
        os.write(self._file, text.encode())

    def close(self) -> None:
        os.close(self._file)


class Keeping:
    """One keeper with its link, and everything it has said."""

    def __init__(self, root: Path, linger: float | None = None) -> None:
        self.root = root
        self.incarnation = os.urandom(6).hex()  # tests that run side by side must not find each other's processes
        self.directory = str(root / "keepers" / self.incarnation)
        self.link = KeeperLink.launch(self.directory, self.incarnation, linger=linger)
        self.exits: dict[str, ExitRecord] = {}
        self.began: dict[str, list[Any]] = {}
        self.returned: list[str] = []
        self.refused: dict[str, str] = {}
        self.states: list[dict[str, Any]] = []
        self.still: list[list[Any]] = []
        self.notes: dict[str, str] = {}
        self._fifos: list[Fifo] = []
        self._heirs: list[Keeping] = []

    def adopted(self) -> Keeping:
        """The same keeper through a new connection, as somebody sees it who knows nothing yet."""
        link = KeeperLink.attach(self.directory)
        assert link is not None
        fresh: dict[str, Any] = {"exits": {}, "began": {}, "returned": [], "refused": {}, "states": [], "still": []}
        fresh["notes"] = {}
        heir = Keeping.__new__(Keeping)
        heir.__dict__.update({**vars(self), **fresh, "link": link})
        self._heirs.append(heir)
        return heir

    def hello(self, slots: int = 4, env: dict[str, str] | None = None, umask: int = 0o022) -> dict[str, Any]:
        self.link.hello(slots, {"PATH": PATH} if env is None else env, umask)
        before = len(self.states)
        self.until(lambda: len(self.states) > before)
        return self.states[-1]

    def order(self, token: str, *argv: str, **more: Any) -> Order:
        plain: dict[str, Any] = {"token": token, "argv": list(argv), "env": {}, "cwd": str(self.root)}
        return Order(**{**plain, "log": self.log(token), "grace": 10.0, **more})  # type: ignore[typeddict-item]

    def log(self, token: str) -> str:
        return str(self.root / f"{token}.log")

    def output(self, token: str) -> bytes:
        """What it has printed; who prints nothing has no log."""
        log = Path(self.log(token))
        return log.read_bytes() if log.exists() else b""

    def start(self, token: str, *argv: str, **more: Any) -> None:
        self.link.start([self.order(token, *argv, **more)])

    def shell(self, token: str, text: str, **more: Any) -> None:
        self.start(token, "/bin/sh", "-c", text, **more)

    def run(self, token: str, *argv: str, **more: Any) -> ExitRecord:
        self.start(token, *argv, **more)
        return self.exit(token)

    def exit(self, token: str) -> ExitRecord:
        self.until(lambda: token in self.exits)
        return self.exits[token]

    def pid(self, token: str) -> int:
        self.until(lambda: token in self.began)
        return int(self.began[token][1])

    def until_exits(self, count: int) -> None:
        self.until(lambda: len(self.exits) >= count)

    def until(self, met: Callable[[], bool]) -> None:
        give_up = time.monotonic() + DEADLINE
        while not met():
            left = give_up - time.monotonic()
            assert left > 0, f"waited in vain: {self.exits} {self.began} {self.refused} {self.complaints()}"
            select.select([self.link], [self.link] if self.link.wants_write else [], [], left)
            self.link.flush()
            for message in self.link.receive():
                self._note(message)

    def _note(self, message: Message) -> None:
        kind, content = message
        if kind == "state":
            self.states.append(content)
            self.exits.update((record["token"], record) for record in content["exits"])
            self.began.update((row[0], row) for row in content["begun"])
        elif kind == "exited":
            self.exits.update((record["token"], record) for record in content)
        elif kind == "began":
            self.began.update((row[0], row) for row in content)
        elif kind == "still":
            self.still += content
        elif kind == "noted":
            self.notes.update((token, words) for token, words in content)
        elif kind == "returned":
            self.returned += content
        else:
            self.refused.update((token, why) for token, why in content)

    def fifo(self, name: str) -> Fifo:
        self._fifos.append(Fifo(self.root / name))
        return self._fifos[-1]

    def complaints(self) -> str:
        return (Path(self.directory) / "keeper.log").read_text()

    def lines(self, name: str) -> list[str]:
        return (Path(self.directory) / name).read_text().splitlines()

    def kill(self) -> None:
        """kill -9 of the keeper alone."""
        os.kill(self.link.pid, signal.SIGKILL)
        assert self.link.ended(DEADLINE)

    def close(self) -> None:
        """End whatever a test has left; a keeper that says anything on stderr has failed."""
        for row in [row for each in (self, *self._heirs) for row in each.began.values()]:
            if is_alive(row[1], row[2]):
                os.killpg(row[1], signal.SIGKILL)
        try:
            os.kill(self.link.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.link.ended(DEADLINE)
        self.link.close()
        for trace in adoption.keepers(self.directory.rpartition("/")[0]):
            if trace.incarnation == self.incarnation:
                adoption.end_leftovers(trace, 0.0)  # what it began and had no time to tell of
        for heir in self._heirs:
            heir.link.close()
        for fifo in self._fifos:
            fifo.close()


def is_alive(pid: int, ticks: int = 0) -> bool:
    process = process_of(pid)
    return process is not None and process.state != b"Z" and ticks in (0, process.ticks)


def gone(pid: int) -> bool:
    """Wait for a process to end."""
    awaited(pid, DEADLINE)
    return not is_alive(pid)


def stopped(pid: int) -> None:
    """Wait until a process has stopped itself; the kernel tells its parent only."""
    give_up = time.monotonic() + DEADLINE
    while (process := process_of(pid)) and process.state != b"T":
        assert time.monotonic() < give_up, f"{pid} does not stop"
        time.sleep(0.001)
