"""Runs one command and prints what it cost: `python -I -S measure.py [--memory] PROGRAM ARGUMENT...`, a line of JSON.

A process of its own, because the counters of ended children only ever grow. It is the subreaper of what it starts, so
that a keeper which outlives its jm is counted, too. It does not know what it measures.
"""

import json
import os
import resource
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
QUIET = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
HEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # by the command; this waits for the end of all it has begun
PAUSE = 0.01  # seconds between two looks at the memory


def measured(argv: list[str], memory: bool) -> dict[str, float]:
    """`began` is a point of the wall clock; `wall` is until the command ends, `cpu` of all it has started, in seconds.

    `memory`: it is looked at all the time, which disturbs the rest: `peak` is then the most that all the processes have
    held at one time, in MiB, pages that they share counted once.
    """
    become_subreaper()
    began, start = time.time(), time.monotonic()
    for number in HEEDED:
        signal.signal(number, signal.SIG_IGN)
    child = os.posix_spawnp(argv[0], argv, os.environ, file_actions=QUIET, setsigdef=HEEDED)
    peak = watched(child) if memory else 0.0
    status = os.waitpid(child, 0)[1]
    wall = time.monotonic() - start
    wait_for_the_rest()
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = spent.ru_utime + spent.ru_stime
    return {"exit": os.waitstatus_to_exitcode(status), "began": began, "wall": wall, "cpu": cpu, "peak": peak}


def become_subreaper() -> None:
    import ctypes  # the standard library has no other way to prctl(2)

    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        sys.exit("measure: orphans cannot be counted here")


def watched(child: int) -> float:
    """Look until the command has ended, which is not yet waited for; MiB."""
    peak = 0.0
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        peak = max(peak, sum(map(held, below(os.getpid()))))
        time.sleep(PAUSE)
    return peak


def below(pid: int) -> list[int]:
    """All processes that come from this one, whichever of its threads has made them, orphans included."""
    children: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as listed:
                children += map(int, listed.read().split())
    except OSError:
        pass  # it has ended meanwhile
    return [each for child in children for each in (child, *below(child))]


def held(pid: int) -> float:
    """Its share of the memory in MiB; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as rolled:
            return next((int(line.split()[1]) / 1024 for line in rolled if line.startswith("Pss:")), 0.0)
    except OSError:
        return 0.0


def wait_for_the_rest() -> None:
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        return


if __name__ == "__main__":
    words = sys.argv[1:]
    looks = words[0] == "--memory"
    print(json.dumps(measured(words[1:] if looks else words, looks)))
