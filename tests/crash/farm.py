"""A state directory under attack: who holds it, which keepers and children live there, and killing any of them.

Knows files and processes; imports nothing of job_manager and decides nothing about when to strike.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

SRC = Path(__file__).resolve().parents[2] / "src"
TOKEN, KEEPER = b"JM_ATTEMPT_TOKEN=", b"JM_KEEPER="


def environ() -> dict[str, str]:
    """What a command of jm is started with: nothing of the test's own."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**keep, "LANG": "C.UTF-8", "PYTHONPATH": str(SRC)}


class Farm:
    """One folder with its `.jm`. `jm` starts commands by exec, as a person's shell does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / ".jm"
        self.output = folder / "output"

    def jm(self, *words: str, out: Any = None, prefix: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """Start a command in a session of its own; without `out` it writes into the folder's `output`."""
        argv = [*prefix, sys.executable, "-m", "job_manager", *words]
        with self.output.open("ab") as log:
            return subprocess.Popen(
                argv,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out or log,
                stderr=log,
                env=environ(),
                start_new_session=True,
            )

    def tail(self) -> str:
        """The end of what commands have said."""
        return self.output.read_text(errors="replace")[-3000:]

    def holder(self) -> int:
        """The process that says it holds the directory; 0 for none."""
        try:
            said = json.loads((self.home / "lock").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return 0
        pid = int(said.get("pid", 0))
        return pid if alive(pid) else 0

    def keepers(self) -> list[int]:
        """Living keepers."""
        found = []
        for described in (self.home / "keepers").glob("*/keeper.json"):
            with contextlib.suppress(OSError, ValueError, KeyError):
                said = json.loads(described.read_text())
                if ticks_of(said["pid"]) == said["start_ticks"]:
                    found.append(int(said["pid"]))
        return found

    def names(self) -> dict[str, str]:
        """The jobs of the journal by their names: of a name that has several, all ids in one text."""
        if not (self.home / "journal.db").exists():
            return {}
        with contextlib.closing(sqlite3.connect(f"file:{self.home}/journal.db?mode=ro", uri=True, timeout=30)) as db:
            try:
                rows = db.execute("SELECT job, CAST(body AS TEXT) FROM turn WHERE seq = 0").fetchall()
            except sqlite3.OperationalError:  # it was made this moment
                return {}
        found: dict[str, list[str]] = defaultdict(list)
        for id, body in rows:
            [(_, document)] = json.loads(body)[0][2].items()
            found[str(document["title"])].append(id)
        return {name: " ".join(ids) for name, ids in found.items()}


def alive(pid: int) -> bool:
    """Whether it runs; one that only waits to be reaped does not."""
    return ticks_of(pid) is not None


def ticks_of(pid: int) -> int | None:
    """When the process was started, in ticks since boot; None when it does not run."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def attempts(home: Path) -> dict[str, list[int]]:
    """Every living process of an attempt of this directory, by the attempt's token."""
    keepers = set(os.listdir(home / "keepers")) if (home / "keepers").is_dir() else set()
    found: dict[str, list[int]] = defaultdict(list)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            marks = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        token = next((mark for mark in marks if mark.startswith(TOKEN)), None)
        keeper = next((mark for mark in marks if mark.startswith(KEEPER)), b"")
        if token and keeper.removeprefix(KEEPER).decode() in keepers and alive(int(pid)):
            found[token.removeprefix(TOKEN).decode()].append(int(pid))
    return found


def kill(pids: Iterable[int]) -> None:
    """kill -9, in this order."""
    for pid in pids:
        assert pid > 1  # to kill(2), 0 is our own group
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Sampler(threading.Thread):
    """Looks again and again whether two attempts of one action are alive; `looks` says how often it did."""

    def __init__(self, home: Path, pause: float = 0.1) -> None:
        super().__init__(daemon=True)
        self._home, self._pause = home, pause
        self._over = threading.Event()
        self.looks = 0
        self.most = 0
        self.violations: list[str] = []

    def run(self) -> None:
        while not self._over.wait(self._pause):
            found = attempts(self._home)
            if twice := doubles(found):
                # One may have ended, and its successor begun, while we looked around.
                self.violations += sorted(twice & doubles(attempts(self._home)))
            self.most = max(self.most, len(found))
            self.looks += 1

    def end(self) -> None:
        self._over.set()
        self.join()


def doubles(found: dict[str, list[int]]) -> set[str]:
    """A sentence for every action of which two attempts live."""
    by_action: dict[str, list[str]] = defaultdict(list)
    for token in found:
        by_action[token.rpartition("/")[0]].append(token)
    return {f"alive at once: {sorted(tokens)}" for tokens in by_action.values() if len(tokens) > 1}


def let_pass(seconds: float) -> None:
    """Until the moment of a strike, which is drawn: nothing is waited for, and nothing has to be so by then."""
    select.select([], [], [], seconds)


def wait_for(met: Any, what: str, patience: float = 60.0, pause: float = 0.02) -> Any:
    """Wait until it is so, and give what it gives. Raises TimeoutError."""
    give_up = time.monotonic() + patience
    while not (found := met()):
        if time.monotonic() > give_up:
            raise TimeoutError(f"{what} did not come in {patience:g} s")
        time.sleep(pause)
    return found


def ended(process: subprocess.Popen[bytes], allowed: Sequence[int], what: str, patience: float = 120.0) -> None:
    """Wait for its end and look at its exit code. Raises AssertionError, TimeoutExpired."""
    code = process.wait(patience)
    if code not in allowed:
        raise AssertionError(f"{what} ended with {code}")
