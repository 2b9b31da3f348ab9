"""What a look over the machine finds: SQLite, Python, the keeper, limits of processes, cgroups.

Starts one keeper in a folder of its own and ends it again; changes nothing else. Knows no state directory.
"""

from __future__ import annotations

import os
import resource
import select
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator

from job_manager.app.findings import BAD, OK, WARN, Finding
from job_manager.model.quantity import size_text
from job_manager.worker.keeper_link import KeeperGone, KeeperLink
from job_manager.worker.machine import memory_is_enforced
from job_manager.worker.processes import become_subreaper, pidfd_of

RACE_FROM, RACE_UNTIL = (3, 7, 0), (3, 51, 3)  # the WAL-reset race: sqlite.org, release notes of 3.51.3
RACE_MENDED = frozenset({(3, 44, 6), (3, 50, 7)})
SLOW_KEEPER, DEAD_KEEPER = 0.5, 10.0  # seconds
FEW_HANDLES, FEW_PROCESSES = 1024, 256


def examine_machine() -> Iterator[Finding]:
    """The findings of the machine."""
    yield _sqlite(sqlite3.sqlite_version_info)
    yield Finding("python", OK, f"{sys.version.split()[0]} ({sys.executable})")
    yield _keeper()
    yield from _processes()
    yield from _limits()


def _sqlite(version: tuple[int, ...]) -> Finding:
    words = ".".join(map(str, version))
    if RACE_FROM <= version < RACE_UNTIL and version not in RACE_MENDED:
        says = f"{words} may damage a journal that two programs write at once (WAL-reset race, mended in 3.51.3)"
        return Finding("sqlite", WARN, says, "jm has one writer at a time; let nothing else write to the journal")
    return Finding("sqlite", OK, words)


def _keeper() -> Finding:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="jm-doctor-") as folder:
        try:
            link = KeeperLink.launch(f"{folder}/keeper", "doctor")
        except OSError as error:
            return Finding("keeper", BAD, f"it cannot be started: {error.strerror}", "nothing can run without it")
        answered = _answers(link, began + DEAD_KEEPER)
        took = time.monotonic() - began
        link.leave()
        link.close()
        link.ended()
    if not answered:
        hint = f"try it: {sys.executable} -I -S -c 'print(1)'"
        return Finding("keeper", BAD, f"it does not answer within {took:.1f} s", hint)
    level = WARN if took > SLOW_KEEPER else OK
    return Finding("keeper", level, f"answers after {took * 1000:.0f} ms")


def _answers(link: KeeperLink, until: float) -> bool:
    try:
        link.hello(1, {}, 0o077)
        while time.monotonic() < until:
            select.select([link], [], [], max(0.0, until - time.monotonic()))
            if link.receive():
                return True
    except (KeeperGone, OSError):
        pass
    return False


def _processes() -> Iterator[Finding]:
    if not os.path.exists("/proc/self/stat"):
        says = "there is no /proc: what a killed jm left running is not found again"
        yield Finding("processes", WARN, says, "mount /proc")
    elif not become_subreaper():
        yield Finding("processes", WARN, "no subreaper: what detaches itself from its action is found by its mark only")
    else:
        with_pidfd = pidfd_of(os.getpid())
        yield Finding("processes", OK, f"subreaper{', pidfd' if with_pidfd >= 0 else ''}")
        if with_pidfd >= 0:
            os.close(with_pidfd)
    if memory_is_enforced():
        yield Finding("cgroups", OK, "memory: of actions is enforced (cgroup v2)")
    else:
        hint = "run it as a service with Delegate=yes, or in `systemd-run --user --scope`"
        yield Finding("cgroups", WARN, "memory: of actions is only reserved: no cgroup (v2) of our own", hint)


def _limits() -> Iterator[Finding]:
    low = list(_low_limits())
    yield from low
    if not low:
        handles = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        yield Finding("limits", OK, f"{'no limit' if handles == resource.RLIM_INFINITY else handles} of open files")


def _low_limits() -> Iterator[Finding]:
    for name, least, flag in (("open files", FEW_HANDLES, "-n"), ("processes", FEW_PROCESSES, "-u")):
        kind = resource.RLIMIT_NOFILE if flag == "-n" else resource.RLIMIT_NPROC
        soft = resource.getrlimit(kind)[0]
        if soft != resource.RLIM_INFINITY and soft < least:
            yield Finding("limits", WARN, f"{soft} {name} at most", f"ulimit {flag} {least}")
    for name, kind, flag in (("file", resource.RLIMIT_FSIZE, "-f"), ("memory of a process", resource.RLIMIT_AS, "-v")):
        soft = resource.getrlimit(kind)[0]
        if soft != resource.RLIM_INFINITY:
            yield Finding("limits", WARN, f"a {name} has {size_text(soft)} at most", f"ulimit {flag} unlimited")
