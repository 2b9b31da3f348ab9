"""A program that actions run in tests of faults: it writes into a ledger, outside the state directory, what really ran.

Every line is forced to disk; a lock for each action shows when two attempts of it live at once, whoever began them.
Knows the variables that every child gets, and nothing else of job_manager; its outputs depend on its inputs alone.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import select
import signal
import sys
import time
from _blake2 import blake2b
from collections.abc import Sequence
from typing import Any

SIZE = 4096  # bytes of an output, if nothing else is said


def made(name: str, inputs: Sequence[bytes] = (), size: int = SIZE) -> bytes:
    """What the witness writes into the output `name` when it has read these inputs."""
    digest = blake2b(digest_size=16)
    for content in inputs:
        digest.update(blake2b(content, digest_size=16).digest())
    line = f"{name} {digest.hexdigest()}\n".encode()
    return (line * (size // len(line) + 1))[:size]


def command(ledger: object, *words: object) -> list[str]:
    """The argv of an action that is witnessed."""
    return [sys.executable, "-I", "-S", __file__, str(ledger), *map(str, words)]


def read(ledger: object) -> list[dict[str, Any]]:
    """The lines of a ledger in the order in which they were written; a torn last line is passed over."""
    try:
        with open(str(ledger), encoding="ascii") as stream:
            return [json.loads(line) for line in stream if line.endswith("\n")]
    except FileNotFoundError:
        return []


class Ledger:
    """Writes for one attempt. The lock is held by this process and by all that it forks."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        environ = os.environ
        with open("/proc/self/stat", encoding="ascii", errors="replace") as stat:
            ticks = int(stat.read().rpartition(")")[2].split()[19])
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
            self._boot = boot.read().strip()
        self._who = {
            "job": environ.get("JM_JOB_ID", ""),
            "action": environ.get("JM_TASK_ID", ""),
            "index": int(environ.get("JM_INDEX", "-1")),
            "attempt": int(environ.get("JM_ATTEMPT", "0")),
            "pid": os.getpid(),
            "ticks": ticks,
        }
        name = f"{self._who['job']}.{self._who['index']}".replace("/", "+")
        os.makedirs(f"{path}.locks", 0o700, exist_ok=True)
        self._lock = os.open(f"{path}.locks/{name}", os.O_RDWR | os.O_CREAT, 0o600)

    def begin(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.note("overlap")
        self.note("start")

    def note(self, what: str) -> None:
        line = {"what": what, **self._who, "boot": self._boot, "ns": time.monotonic_ns(), "at": time.time()}
        os.write(self._file, json.dumps(line).encode("ascii") + b"\n")
        os.fsync(self._file)


def _leave_a_daemon() -> None:
    """A process that has left session, group and parent, and is deaf to SIGTERM."""
    if os.fork():
        os.wait()
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        signal.pause()


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("ledger")
    parser.add_argument("--read", action="append", default=[], metavar="PATH")
    parser.add_argument("--write", action="append", default=[], metavar="PATH")
    parser.add_argument("--size", type=int, default=SIZE, help="bytes of each output")
    parser.add_argument("--sleep", type=float, default=0.0, metavar="S")
    parser.add_argument("--await", dest="gate", default="", metavar="PATH", help="wait until the file is there")
    parser.add_argument("--exit", type=int, default=0, metavar="CODE")
    parser.add_argument("--fail-before", type=int, default=0, metavar="ATTEMPT", help="earlier attempts exit with 75")
    parser.add_argument("--deaf", action="store_true", help="ignore SIGTERM")
    parser.add_argument("--daemon", action="store_true", help="leave a process behind")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    asked = _arguments(argv)
    ledger = Ledger(asked.ledger)
    ledger.begin()
    if asked.deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if asked.daemon:
        _leave_a_daemon()
    inputs = []
    for path in asked.read:
        with open(path, "rb") as stream:
            inputs.append(stream.read())
    select.select([], [], [], asked.sleep)  # the work that it does
    while asked.gate and not os.path.exists(asked.gate):
        time.sleep(0.01)
    for path in asked.write:
        with open(path, "wb") as stream:
            stream.write(made(os.path.basename(path), inputs, asked.size))
    ledger.note("end")
    return 75 if int(os.environ.get("JM_ATTEMPT", "1")) < asked.fail_before else asked.exit


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
