"""The installed command in a folder of its own: run to its end, left running, or typed on a terminal.

Knows how to start, feed and watch the program; knows nothing of what it should say.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

from tests.warm import started

PATIENCE = 60.0  # seconds until a test gives up waiting for something that must come
PROGRAM = [*started.PROGRAM]
# Becomes the leader of a session whose terminal is standard input, as a shell started in a window is.
ON_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Ended:
    """A command that has ended: its exit code and what it printed."""

    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        self.code = code
        self.raw = out
        self.out = out.decode("utf-8", "surrogateescape")
        self.err = err.decode("utf-8", "surrogateescape")

    @property
    def both(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:
        """The one document on standard output; anything beside it is an error."""
        return json.loads(self.out)

    def __repr__(self) -> str:
        return f"exit {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


class Folder:
    """A folder in which a person works."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(path),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(started.SRC),
        }
        self._left: list[subprocess.Popen[bytes]] = []

    def write(self, name: str, text: str | bytes, mode: int = 0o644) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    def read(self, name: str) -> str:
        return (self.path / name).read_text()

    def lines(self, name: str) -> list[str]:
        """The lines of a file, none when it is not there."""
        path = self.path / name
        return path.read_text().split("\n")[:-1] if path.exists() else []

    def jm(self, *words: str | bytes, env: dict[str, str] | None = None, given: bytes = b"") -> Ended:
        """Run a command of jm to its end."""
        done = started.run(words, self.env | (env or {}), self.path, given, PATIENCE)
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Leave a command of jm running; it is ended with the test."""
        left = started.start(
            words, self.env, self.path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        self._left.append(left)
        return left

    def type(self, *words: str, rows: int = 24, columns: int = 100, **env: str) -> Typed:
        """The same on a terminal."""
        typed = Typed(words, self.path, self.env | {"TERM": "xterm-256color"} | env, rows, columns)
        self._left.append(typed.process)
        return typed

    def fifo(self, name: str) -> Fifo:
        return Fifo(self.path / name)

    def clean(self) -> None:
        """End what the test left running, and let it end its children."""
        for process in self._left:
            # Two different ones, which cannot fall into one: asked twice, jm ends everything at once.
            for number in (signal.SIGINT, signal.SIGTERM):
                process.send_signal(number)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()


class Fifo:
    """A named pipe over which an action says that it has come somewhere, or waits until it may go on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._reading = -1
        self._heard = b""  # what was written and is not asked for yet

    def listen(self) -> Fifo:
        """Be there before anybody writes."""
        self._reading = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self._kept = os.open(self.path, os.O_WRONLY)  # so that it never reads as ended
        return self

    def hear(self, count: int = 1) -> list[str]:
        """Wait for that many lines."""
        until = time.monotonic() + PATIENCE
        while self._heard.count(b"\n") < count:
            ready, _, _ = select.select([self._reading], [], [], max(0.0, until - time.monotonic()))
            assert ready, f"nobody has written to {self.path.name}; heard {self._heard!r}"
            self._heard += os.read(self._reading, 4096)
        *lines, self._heard = self._heard.split(b"\n", count)
        return b" ".join(lines).decode().split()

    def silent(self) -> bool:
        """Nobody has written."""
        return not self._heard and not select.select([self._reading], [], [], 0)[0]

    def release(self) -> None:
        """Let whoever reads from it go on; waits until somebody does."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                handle = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
                break
            except OSError:
                assert time.monotonic() < until, f"nobody reads {self.path.name}"
                time.sleep(0.005)
        os.write(handle, b"go\n")
        os.close(handle)


class Typed:
    """A command on a terminal of its own."""

    def __init__(self, words: tuple[str, ...], cwd: Path, env: dict[str, str], rows: int, columns: int) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", ON_TERMINAL, *PROGRAM, *words],
            cwd=cwd,
            env=env,
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self.seen = b""

    def see(self, text: str) -> str:
        """Wait until this stands somewhere on the screen or above it."""
        until = time.monotonic() + PATIENCE
        while text.encode() not in self.seen:
            assert self._more(until), f"{text!r} never came:\n{self.text}"
        return self.text

    def press_ctrl_c(self) -> None:
        os.write(self._master, b"\x03")

    def write(self, text: str) -> None:
        os.write(self._master, text.encode())

    def close_window(self) -> int:
        """Take the terminal away and wait for the end; the exit code."""
        os.close(self._master)
        return self.process.wait(PATIENCE)

    def end(self) -> int:
        """Wait for the end; the exit code."""
        until = time.monotonic() + PATIENCE
        while self._more(until):
            pass
        os.close(self._master)
        return self.process.wait(PATIENCE)

    def _more(self, until: float) -> bool:
        assert time.monotonic() < until, f"still running:\n{self.text}"
        if not select.select([self._master], [], [], 1.0)[0]:
            return True
        try:
            block = os.read(self._master, 65536)
        except OSError:  # nobody has the terminal open any more
            return False
        self.seen += block
        return bool(block)

    @property
    def text(self) -> str:
        return self.seen.decode("utf-8", "replace").replace("\r\n", "\n")


def gone(pid: int) -> bool:
    """Whether a process is no more (or only waits to be collected)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return True


def job(*steps: str, name: str = "sample") -> str:
    """A job.yaml of these steps, each the text of its entries (a list in YAML's one-line form)."""
    listed = "".join(f"  - name: s{number}\n    entries: {entries}\n" for number, entries in enumerate(steps, 1))
    return f"name: {name}\nversion: 1\nsteps:\n{listed}"
