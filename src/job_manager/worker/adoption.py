"""Finding what earlier processes left: keepers, their records, children that outlived them, children left to us.

Only ever touches a process that its start time and its token name as ours. Knows nothing of jobs or leases.
"""

from __future__ import annotations

import json
import os
import select
import signal
import stat
import time
from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from typing import Any, NamedTuple

from job_manager.worker import keeper as processes
from job_manager.worker.keeper_link import ExitRecord, awaited

become_subreaper = processes.become_subreaper
FILES = ("s", "keeper.json", "keeper.new", "keeper.log", "starts", "starts.new", "exits", "exits.new")


class Start(NamedTuple):
    """An attempt that began: pid and start ticks are 0 when the keeper died before it wrote them down."""

    began: float
    pid: int
    ticks: int


class KeeperTrace(NamedTuple):
    """A keeper's directory as it was read. `begun` has what is in its start record, by token; `ends` its exits."""

    directory: str
    incarnation: str
    pid: int
    boot: str
    alive: bool
    begun: dict[str, Start]
    ends: dict[str, ExitRecord]


def keepers(root: str) -> list[KeeperTrace]:
    """Every keeper directory under `root`, by name. A directory that cannot be read is left out."""
    try:
        names = sorted(entry.name for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
    return [trace(os.path.join(root, name)) for name in names]


def trace(directory: str) -> KeeperTrace:
    """One keeper directory; a last line torn by a power cut is as if it had not been written."""
    described = _described(directory)
    starts: dict[str, Start] = {}
    for row in _rows(os.path.join(directory, "starts")):
        before = starts.get(row["token"], Start(0.0, 0, 0))
        pid, ticks = row.get("pid", before.pid), row.get("start_ticks", before.ticks)
        starts[row["token"]] = Start(row.get("began", before.began), pid, ticks)
    ends: dict[str, Any] = {row["token"]: row for row in _rows(os.path.join(directory, "exits"))}
    return KeeperTrace(
        directory=directory,
        incarnation=os.path.basename(directory),
        pid=described.get("pid", 0),
        boot=described.get("boot_id", ""),
        alive=_lives(described),
        begun=starts,
        ends=ends,
    )


def _described(directory: str) -> dict[str, Any]:
    try:
        with open(os.path.join(directory, "keeper.json"), encoding="ascii") as stream:
            found = json.load(stream)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _rows(path: str) -> Iterable[dict[str, Any]]:
    try:
        with open(path, "rb") as stream:
            lines = stream.read().split(b"\n")
    except OSError:
        return
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("token"), str):
            yield row


def _lives(described: Mapping[str, Any]) -> bool:
    if described.get("boot_id") != processes.boot_id():
        return False
    process = processes.process_of(described.get("pid", 0))
    return process is not None and process.state != b"Z" and process.ticks == described.get("start_ticks")


def exits(trace: KeeperTrace) -> dict[str, ExitRecord]:
    """The exit records by token."""
    return trace.ends


# --- ending what is left --------------------------------------------------------------------------------------------


def leftovers(trace: KeeperTrace) -> list[processes.Process]:
    """Living processes of attempts in this keeper's start record, those that left their session included.

    By pid and start time, and by the token in the environment; an attempt that has ended may have left some too.
    """
    if trace.boot != processes.boot_id() or not trace.begun:
        return []
    named = {start.pid: start.ticks for start in trace.begun.values() if start.pid}
    found = []
    for pid in processes.all_pids():
        process = processes.process_of(pid)
        if process is None or process.state == b"Z" or pid == os.getpid():
            continue
        if named.get(pid) == process.ticks or processes.token_of(pid) in trace.begun:
            found.append(process)
    return found


def end_leftovers(trace: KeeperTrace, grace: float, limit: float = 30.0) -> bool:
    """End them: asked first when there is grace (seconds), then killed, until none is alive. False when some survived
    `limit` seconds of that (they hang in the kernel)."""
    left = leftovers(trace)
    if left and grace > 0:
        for process in left:
            processes.send_signal(process, signal.SIGTERM)
            processes.send_signal(process, signal.SIGCONT)
        give_up = time.monotonic() + grace
        for process in left:
            awaited(process.pid, max(0.0, give_up - time.monotonic()))
    give_up = time.monotonic() + limit
    while (left := leftovers(trace)) and time.monotonic() < give_up:
        for process in left:
            processes.send_signal(process, signal.SIGKILL)
        for process in left:
            awaited(process.pid, 1.0)
    return not left


def end_keeper(trace: KeeperTrace) -> None:
    """End the keeper itself if it lives; its children go on until `end_leftovers`."""
    process = processes.process_of(trace.pid) if trace.alive else None
    if process is not None:
        processes.send_signal(process, signal.SIGKILL)
        awaited(trace.pid, 5.0)


def remove(trace: KeeperTrace) -> None:
    """Remove the directory of a keeper that has nothing more to tell. What we did not put there stays."""
    remove_directory(trace.directory)


def remove_directory(directory: str) -> None:
    """The same for a keeper known by its directory only."""
    try:
        if not stat.S_ISDIR(os.lstat(directory).st_mode):
            return
    except OSError:
        return
    for name in FILES:
        try:
            os.unlink(os.path.join(directory, name))
        except OSError:
            continue
    try:
        os.rmdir(directory)
    except OSError:
        return


# --- when only the keeper died --------------------------------------------------------------------------------------


class Orphans:
    """The children of a keeper that died while this process, its subreaper, lives: reaped here, and their exits count.

    `deadlines` has, by token, the end of an attempt's time in seconds since the epoch. Wait on `fileno()` for reading
    and at most `next_timeout()` seconds, then call `poll`.
    """

    def __init__(self, trace: KeeperTrace, deadlines: Mapping[str, float]) -> None:
        self.trace = trace
        self._poll = select.epoll()
        self._by_handle: dict[int, str] = {}
        self._open: dict[str, Start] = {}
        self._why: dict[str, str] = {}
        self._timers: list[tuple[float, str, int]] = []  # heap of (when, token, signal)
        self._ended: list[ExitRecord] = []
        for token, start in trace.begun.items():
            if token not in trace.ends:
                self._adopt(token, start, deadlines.get(token))

    def _adopt(self, token: str, start: Start, deadline: float | None) -> None:
        process = processes.process_of(start.pid) if start.pid else self._find(token)
        if process is None or (start.ticks and process.ticks != start.ticks):
            self._ended.append(_record(token, start, None, None, "lost"))
            return
        start = Start(start.began, process.pid, process.ticks)
        handle = processes.pidfd_of(process.pid)
        if handle < 0:
            self._reap(token, start)
            return
        self._open[token] = start
        self._by_handle[handle] = token
        self._poll.register(handle, select.EPOLLIN)
        if deadline is not None:
            self._after(token, max(0.0, deadline - time.time()), 10.0, "timeout")

    def _find(self, token: str) -> processes.Process | None:
        """A child whose pid the keeper could not write down any more."""
        for pid in processes.children_of(os.getpid()):
            if processes.token_of(pid) == token:
                return processes.process_of(pid)
        return None

    @property
    def done(self) -> bool:
        """Whether every orphan has been reported."""
        return not self._open and not self._ended

    def fileno(self) -> int:
        """Readable when an orphan has ended."""
        return self._poll.fileno()

    def next_timeout(self) -> float | None:
        """Seconds until something is due, or None."""
        if self._ended:
            return 0.0
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def stop(self, token: str, grace: float) -> None:
        """End an orphan within `grace` seconds (0: now)."""
        if token in self._open:
            self._after(token, 0.0, grace, "stopped")

    def _after(self, token: str, wait: float, grace: float, why: str) -> None:
        now = time.monotonic()
        if grace > 0:
            heappush(self._timers, (now + wait, token, signal.SIGTERM))
        heappush(self._timers, (now + wait + grace, token, signal.SIGKILL))
        if why == "stopped":
            self._why[token] = why

    def poll(self, now: float) -> list[ExitRecord]:
        """Exit records of what has ended by now (monotonic seconds); signals what is due."""
        while self._timers and self._timers[0][0] <= now:
            self._signal(*heappop(self._timers)[1:])
        for handle, _ in self._poll.poll(0):
            token = self._by_handle.pop(handle)
            self._poll.unregister(handle)
            os.close(handle)
            self._reap(token, self._open.pop(token))
        ended, self._ended = self._ended, []
        return ended

    def _signal(self, token: str, number: int) -> None:
        start = self._open.get(token)
        if start is None:
            return
        self._why.setdefault(token, "timeout")
        only = self.trace._replace(begun={token: start})
        for process in leftovers(only):
            processes.send_signal(process, number)

    def _reap(self, token: str, start: Start) -> None:
        try:
            _, status, usage = os.wait4(start.pid, 0)
        except ChildProcessError:  # never became ours
            self._ended.append(_record(token, start, None, None, "lost"))
            return
        # What the main process left behind must not live beside the next attempt.
        end_leftovers(self.trace._replace(begun={token: start}), 0.0)
        self._ended.append(_record(token, start, os.waitstatus_to_exitcode(status), usage, self._why.get(token)))

    def close(self) -> None:
        """Let go of the descriptors."""
        for handle in self._by_handle:
            os.close(handle)
        self._poll.close()


def _record(token: str, start: Start, status: int | None, usage: Any, why: str | None) -> ExitRecord:
    now = time.time()
    return {
        "token": token,
        "code": status if status is not None and status >= 0 else None,
        "signal": -status if status is not None and status < 0 else None,
        "why": why,
        "error": None,
        "began": start.began or now,
        "ended": now,
        "elapsed": now - (start.began or now),
        "utime": usage.ru_utime if usage else 0.0,
        "stime": usage.ru_stime if usage else 0.0,
        "maxrss_kib": usage.ru_maxrss if usage else 0,
        "left": 0,
    }
