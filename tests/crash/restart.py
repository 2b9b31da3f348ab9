"""How long a supervisor takes from its start to the first action it begins, with many open actions in its journal; and
how much processor time it uses when it only waits.

`python -m tests.crash.restart [--actions 10000] [--times 7] [--finished 1000000]` prints figures. `--finished` puts so
many events of jobs that are over into the journal. Before each start all is killed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.contract.big import fill
from tests.crash.farm import Farm, attempts, ended, kill, let_pass, wait_for

SLOTS = 2
TICKS = os.sysconf("SC_CLK_TCK")


def text(actions: int) -> str:
    """A job of so many actions at once that say when they begin, and then stay."""
    entries = "".join(f"  - {{name: a{n}, shell: 'date +%s.%N >> began; exec sleep 600'}}\n" for n in range(actions))
    return f"name: many\nversion: 1\nsteps:\n- name: s\n  entries:\n{entries}"


class Restarts:
    """One directory with a job of many open actions."""

    def __init__(self, folder: Path, actions: int, finished: int = 0) -> None:
        self.farm = Farm(folder)
        self._began = folder / "began"
        (folder / "many.yaml").write_text(text(actions))
        ended(self.farm.jm("submit", "-q", "many.yaml", out=subprocess.DEVNULL), [0], "jm submit")
        if finished:
            fill(str(self.farm.home / "journal.db"), finished)
        self.seconds: list[float] = []
        self.up: subprocess.Popen[bytes] | None = None

    def restart(self) -> float:
        """Kill everything and start the supervisor; the seconds until an action has begun."""
        self.kill()
        before = len(self._lines())
        start = time.time()
        self.up = self.farm.jm("up", "-j", str(SLOTS))
        wait_for(lambda: len(self._lines()) > before, "the first dispatch", pause=0.005)
        self.seconds.append(float(self._lines()[before]) - start)
        return self.seconds[-1]

    def _lines(self) -> list[str]:
        return self._began.read_text().split("\n")[:-1] if self._began.exists() else []

    def kill(self) -> None:
        """Everything at once."""
        children = [pid for pids in attempts(self.farm.home).values() for pid in pids]
        kill([*([self.up.pid] if self.up else []), *self.farm.keepers(), *children])
        if self.up:
            self.up.wait()

    def idle(self, seconds: float) -> float:
        """The share of one processor that it uses while nothing happens."""
        assert self.up is not None
        let_pass(2.0)
        before, began = _ticks(self.up.pid), time.monotonic()
        let_pass(seconds)
        return (_ticks(self.up.pid) - before) / TICKS / (time.monotonic() - began)


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def measured(actions: int, times: int, quiet: float = 10.0, finished: int = 0) -> tuple[list[float], float]:
    """The seconds of each restart, and the share of a processor when idle."""
    folder = Path(tempfile.mkdtemp(prefix="jm-restart-"))
    restarts = Restarts(folder, actions, finished)
    try:
        for _ in range(times + 1):
            restarts.restart()  # the first one takes up what was submitted
        return restarts.seconds[1:], restarts.idle(quiet)
    finally:
        restarts.kill()
        shutil.rmtree(folder)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.restart")
    parser.add_argument("--actions", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--finished", type=int, default=0)
    asked = parser.parse_args(argv)
    seconds, idle = measured(asked.actions, asked.times, finished=asked.finished)
    median, longest = statistics.median(seconds), max(seconds)
    beside = f" beside {asked.finished} events of finished jobs" if asked.finished else ""
    print(f"{asked.actions} open actions{beside}, {len(seconds)} restarts, everything killed before each")
    print(f"from the start to the first action begun: median {median:.2f} s, longest {longest:.2f} s")
    print(f"idle it uses {idle:.2%} of a processor")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
