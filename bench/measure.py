"""Runs one command and prints what it cost: `python -I -S measure.py PROGRAM ARGUMENT...`, one line of JSON.

A process of its own, because the counters of ended children only ever grow. It is the subreaper of what it starts, so
that a keeper which outlives its jm is counted, too. It does not know what it measures.
"""

import json
import os
import resource
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
QUIET = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]


def measured(argv: list[str]) -> dict[str, float]:
    """`began` is a point of the wall clock; `wall` is until the command ends, `cpu` and `peak` of all it has started.

    Seconds and MiB; `peak` is of the largest single process, and not below this process's own.
    """
    become_subreaper()
    began, start = time.time(), time.monotonic()
    child = os.posix_spawnp(argv[0], argv, os.environ, file_actions=QUIET)
    status = os.waitpid(child, 0)[1]
    wall = time.monotonic() - start
    wait_for_the_rest()
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu, peak = spent.ru_utime + spent.ru_stime, spent.ru_maxrss / 1024
    return {"exit": os.waitstatus_to_exitcode(status), "began": began, "wall": wall, "cpu": cpu, "peak": peak}


def become_subreaper() -> None:
    import ctypes  # the standard library has no other way to prctl(2)

    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        sys.exit("measure: orphans cannot be counted here")


def wait_for_the_rest() -> None:
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        return


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1:])))
