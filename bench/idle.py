"""W9: `jm up` with many open actions of which one runs. `idle.py ACTIONS SECONDS PROGRAM...` prints a line of JSON.

PROGRAM is how jm is started. Measured are the supervisor and its keeper while nothing happens; what the two of them do
is not its business.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 120.0
SETTLES = 2.0  # seconds from the start of the action until it is looked at
BEGUN = Path("begun")


def text(actions: int) -> str:
    """One that stays, and all the others in the step after it."""
    first = f"  - entries:\n      - {{name: stays, shell: 'touch {BEGUN}; exec sleep 3600'}}\n"
    others = "".join(f"      - {{name: a{n}, cmd: [/bin/true]}}\n" for n in range(actions - 1))
    return f'name: idle\nversion: "1"\nsteps:\n{first}  - entries:\n{others}'


def measured(actions: int, seconds: float, jm: list[str]) -> dict[str, float]:
    """`idle`: the share of one processor; `cpu`: seconds of it; `peak`: MiB that the processes hold together."""
    Path("job.yaml").write_text(text(actions))
    subprocess.run([*jm, "submit", "-q", "job.yaml"], check=True, stdout=subprocess.DEVNULL)
    up = subprocess.Popen([*jm, "up", "-q", "-j2"], stdout=subprocess.DEVNULL)
    try:
        wait_for(BEGUN, up)
        time.sleep(SETTLES)
        pids = [up.pid, *keepers(up.pid)]
        before, start = sum(map(ticks, pids)), time.monotonic()
        time.sleep(seconds)
        spent, took = (sum(map(ticks, pids)) - before) / TICKS, time.monotonic() - start
        return {"exit": 0, "idle": spent / took, "wall": took, "cpu": spent, "peak": sum(map(held, pids))}
    finally:
        up.send_signal(signal.SIGINT)
        up.wait()


def wait_for(path: Path, up: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not path.exists():
        if up.poll() is not None or time.monotonic() > give_up:
            sys.exit("idle: no action has begun")
        time.sleep(0.05)


def keepers(supervisor: int) -> list[int]:
    """Its children: the keeper, and whatever else it has. The actions are the keeper's."""
    listed = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text()
    return [int(pid) for pid in listed.split()]


def ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def held(pid: int) -> float:
    """Its resident memory in MiB, shared pages included."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS:"))


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])))
