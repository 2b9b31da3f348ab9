"""The living children of one process and their trees: reaped, held to their deadlines, ended with all they have begun.

Standard library only: it is carried beside the keeper, and the worker takes over the children of a dead one with it.
Knows no queue and no record.
"""

from __future__ import annotations

import os
import time
from heapq import heapify, heappop, heappush

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterable
    from typing import Any
else:
    try:  # as in the keeper
        import _signal as signal
    except ImportError:
        import signal

if TYPE_CHECKING or __package__:
    from job_manager.worker.cgroups import group_of, kill_group
    from job_manager.worker.child import NEVER, Attempt
    from job_manager.worker.processes import (
        TICKS,
        Process,
        children_of,
        descendants,
        let_go,
        marks_of,
        process_of,
        processor_time,
        send_signal,
        signal_child,
        signal_group,
        ticks_since_boot,
    )
else:
    from cgroups import group_of, kill_group
    from child import NEVER, Attempt
    from processes import (
        TICKS,
        Process,
        children_of,
        descendants,
        let_go,
        marks_of,
        process_of,
        processor_time,
        send_signal,
        signal_child,
        signal_group,
        ticks_since_boot,
    )

LEFT_GRACE = 2.0  # at most this long for processes that outlive the main one
LOOKS = 8  # how often an attempt is looked at in the time after which it counts as stuck
IDLE = 0.001  # of a processor: a tree that uses less of it does nothing but wait
FREEZES = 50  # looks at a tree that goes on to begin new processes while it is stopped
DRAIN = 5.0  # seconds that a filter has for what was printed last, once nothing of its attempt lives


class Children:
    """The living attempts and their trees: reaps, enforces deadlines and grace, ends what outlives the main process.

    Nothing is signalled that is not ours: a main process by its group only while it is not reaped (its pid cannot be
    given away), all else after a look at its parent, session or token and its start time. On Linux this process is a
    subreaper, so whatever a tree leaves behind becomes a direct child here, a stray, and a count of the direct children
    tells whether there is any. Elsewhere only the process group is known.
    """

    def __init__(self, subreaper: bool, finished: Callable[[Attempt], None]) -> None:
        self.subreaper, self._finished, self.incarnation = subreaper, finished, ""
        self.running: dict[int, Attempt] = {}
        self.ending: dict[str, Attempt] = {}
        self.live: dict[str, Attempt] = {}
        self.strays: dict[int, Attempt | None] = {}
        self.filters: dict[int, Attempt] = {}
        self.apart: set[int] = set()  # pids of what warm modules are copied from, and of copies without an order
        self.coming: set[int] = set()  # and of copies that will be children here, or are already
        self.hear: Callable[[], None] | None = None  # have these two say who there is
        self.noticed: list[Attempt] = []  # those that have become still, or move again
        self.alone = False  # nothing was left to wait for when that was last done, no stray either
        self._timers: list[tuple[float, int, Attempt]] = []
        self._serial = 0
        try:
            self._own_children = os.open(f"/proc/self/task/{os.getpid()}/children", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._own_children = -1

    def add(self, attempt: Attempt) -> None:
        self.live[attempt.token] = self.running[attempt.pid] = attempt
        if attempt.timeout is not None:
            attempt.deadline = attempt.start + attempt.timeout
            self._wake_at(attempt.deadline, attempt)

    def watch(self, attempt: Attempt) -> None:
        """From now on be told when it neither writes nor works; its first moment counts as a sign of life."""
        if attempt.stuck != NEVER:
            attempt.moved = attempt.start
            self._look_again(attempt, attempt.start)

    def next_due(self) -> float:
        return self._timers[0][0] if self._timers else NEVER

    def reap(self, now: float) -> None:
        gone, wall = [], time.time()
        for pid, status, usage in self._waited():
            attempt = self.running.pop(pid, None)
            if attempt is None:
                self.strays.pop(pid, None)
                self._filter_ended(pid)
                self.apart.discard(pid)
                self.coming.discard(pid)
                continue
            attempt.status, attempt.usage = status, usage
            attempt.ended, attempt.elapsed = wall, max(0.0, now - attempt.start)
            gone.append(attempt)
        if gone or self.ending:
            if not self.alone:
                self._find_strays()
            tidy = self.subreaper and not self.strays
            for attempt in [*gone, *self.ending.values()]:
                attempt.tidy = tidy
                if not tidy and self._left(attempt):
                    self._end_left(attempt, now)
                elif attempt.filter:
                    self._await_filter(attempt, now)
                else:
                    self._finish(attempt)

    def expire(self, now: float) -> None:
        while self._timers and self._timers[0][0] <= now:
            attempt = heappop(self._timers)[2]
            if attempt.done:
                continue
            if attempt.kill_at <= now:
                self._kill(attempt, now)
            elif attempt.deadline <= now and attempt.status is None:
                attempt.deadline = NEVER
                self.terminate(attempt, "timeout", attempt.grace, now)
            elif attempt.look_at <= now:
                self._look(attempt, now)

    def _look_again(self, attempt: Attempt, now: float) -> None:
        attempt.look_at = now + attempt.stuck / LOOKS
        self._wake_at(attempt.look_at, attempt)

    def _look(self, attempt: Attempt, now: float) -> None:
        """Whether an attempt has written or worked since it last did; never mind where processes cannot be seen."""
        attempt.look_at = NEVER
        if attempt.status is not None or attempt.why is not None or process_of(attempt.pid) is None:
            return
        self._look_again(attempt, now)
        idle = now - attempt.moved
        written = sum(map(_size, attempt.logs))
        used = sum(map(processor_time, (attempt.pid, *(process.pid for process in self._members(attempt)))))
        if written != attempt.written or abs(used - attempt.used) > max(1.0, idle * TICKS * IDLE):
            attempt.moved, attempt.written, attempt.used = now, written, used
            if attempt.still:
                attempt.still = False
                self.noticed.append(attempt)
        elif idle >= attempt.stuck and not attempt.still:
            attempt.still = True
            if attempt.deadly:
                self.terminate(attempt, "stuck", attempt.grace, now)
            else:
                self.noticed.append(attempt)

    def terminate(self, attempt: Attempt, why: str, grace: float, now: float) -> None:
        """SIGTERM to the whole tree, SIGKILL `grace` seconds later; asked again, only a shorter grace changes that."""
        if attempt.status is None and attempt.why is None:
            attempt.why = why
        self._end_by(attempt, now + max(0.0, min(grace, 1e9)), now)

    def _end_by(self, attempt: Attempt, kill_at: float, now: float) -> None:
        if kill_at >= attempt.kill_at:
            return
        first, attempt.kill_at = attempt.kill_at == NEVER, kill_at
        if kill_at <= now:
            self._kill(attempt, now)
            return
        self._wake_at(kill_at, attempt)
        if first:
            self._signal_tree(attempt, signal.SIGTERM, signal.SIGCONT)

    def _kill(self, attempt: Attempt, now: float) -> None:
        if attempt.token in self.ending:
            self._find_strays()
            if not self._left(attempt):
                if attempt.filter:  # whoever still holds its pipe is none of ours
                    os.kill(attempt.filter, signal.SIGKILL)
                self._finish(attempt)
                return
        attempt.blows += 1
        attempt.kill_at = now + min(5.0, 0.025 * 2**attempt.blows)
        self._wake_at(attempt.kill_at, attempt)
        kill_group(attempt.group)
        if attempt.blows > 1:
            self._freeze(attempt)
        self._signal_tree(attempt, signal.SIGKILL)

    def _freeze(self, attempt: Attempt) -> None:
        """What survived a blow may begin new processes faster than they can be ended one by one: first, all stop."""
        stopped: set[tuple[int, int]] = set()
        for _ in range(FREEZES):
            self._find_strays()
            fresh = [each for each in self._members(attempt) if (each.pid, each.ticks) not in stopped]
            for process in fresh:
                send_signal(process, signal.SIGSTOP)
                stopped.add((process.pid, process.ticks))
            if not fresh:
                return

    def _end_left(self, attempt: Attempt, now: float) -> None:
        self.ending[attempt.token] = attempt
        if attempt.blows:
            self._signal_tree(attempt, signal.SIGKILL)
        else:  # asked again, it does nothing: the end it names is later
            self._end_by(attempt, now + min(attempt.grace, LEFT_GRACE), now)

    def _filter_ended(self, pid: int) -> None:
        attempt = self.filters.pop(pid, None)
        if attempt is not None:
            attempt.filter = 0

    def _await_filter(self, attempt: Attempt, now: float) -> None:
        """All of it has ended but what it printed last, which is on its way; that must not take for ever."""
        if attempt.draining:
            return
        attempt.draining = True
        self.ending[attempt.token] = attempt
        attempt.kill_at = now + DRAIN
        self._wake_at(attempt.kill_at, attempt)

    def _finish(self, attempt: Attempt) -> None:
        attempt.done = True
        self.live.pop(attempt.token, None)
        self.ending.pop(attempt.token, None)
        self._finished(attempt)

    def _left(self, attempt: Attempt) -> list[int]:
        """Pids that outlived the main process; where nothing is reparented here the group's number stands for them."""
        if self.subreaper:
            left = [pid for pid, owner in self.strays.items() if owner is attempt] if self.strays else []
        else:
            left = [attempt.pid] if signal_group(attempt.pid, 0) else []
        attempt.outlived = attempt.outlived.union(left)
        return left

    def _signal_tree(self, attempt: Attempt, *numbers: int) -> None:
        self._find_strays()
        alive = attempt.pid in self.running
        members = self._members(attempt)
        if not alive:
            attempt.outlived = attempt.outlived.union(process.pid for process in members)
        grouped = alive or not self.subreaper or any(process.group == attempt.pid for process in members)
        for number in numbers:
            if grouped and not signal_group(attempt.pid, number) and alive:
                signal_child(attempt.pid, number)  # a copy that has not come to its own session yet
            for process in members:
                if process.group != attempt.pid:
                    send_signal(process, number)

    def _members(self, attempt: Attempt) -> list[Process]:
        """All that belongs to an attempt but its main process."""
        strays = [pid for pid, owner in self.strays.items() if owner is attempt]
        members = [process for process in map(process_of, strays) if process]
        for head in [attempt.pid, *strays] if attempt.pid in self.running else strays:
            members += descendants(head)
        return members

    def _find_strays(self) -> None:
        if not self.subreaper:
            return
        for pid in self._newcomers():
            self.strays[pid] = None
        for pid in [pid for pid, owner in self.strays.items() if owner is None]:
            self.strays[pid] = self._owner_of(pid)

    def _newcomers(self) -> list[int]:
        """Direct children nobody has placed yet; a count comes first, so that a tidy tree costs one read."""
        known = (self.running, self.strays, self.filters, self.apart)
        if self._own_children < 0:
            pids = children_of(os.getpid())
        else:
            words = self._read_children().split()
            if len(words) == sum([len(each) for each in known]):
                return []
            pids = [int(word) for word in words]
        if self.hear:
            self.hear()
        return [pid for pid in pids if pid not in self.coming and not any(pid in each for each in known)]

    def _read_children(self) -> bytes:
        content = os.pread(self._own_children, 8192, 0)
        while len(content) > 3500 and (more := os.pread(self._own_children, 8192, len(content))):
            content += more  # the kernel gives a page at a time, and a short one may not be the last
        return content

    def _owner_of(self, pid: int) -> Attempt | None:
        """Whose a stray is: by cgroup, session, group or token; else the only living attempt that may have begun it.

        Without cgroups, a daemon that has left its session and painted over its environment cannot be told apart while
        several attempts might be its parent; it falls to the last of them, and is ended at once when none is left.
        """
        process = process_of(pid)
        if process is None:
            return None
        owner = self._claimant(process)
        if owner is None:
            age = (ticks_since_boot() - process.ticks) / TICKS - 0.05
            born = time.monotonic() - age
            elders = [attempt for attempt in self.live.values() if attempt.start <= born]
            owner = elders[0] if len(elders) == 1 else None
            if not elders:
                send_signal(process, signal.SIGKILL)
        return owner

    def _claimant(self, process: Process) -> Attempt | None:
        inside = group_of(process.pid) if any(attempt.group for attempt in self.live.values()) else ""
        token, keeper = marks_of(process.pid)
        marked = self.live.get(token) if keeper == self.incarnation else None
        for attempt in self.live.values():
            if attempt.group and inside and f"/{os.path.basename(attempt.group)}/" in inside:
                return attempt
            # A main process that has ended has left its number to others: a mark, where there is one, knows better.
            if marked is None and attempt.pid and attempt.pid in (process.session, process.group):
                return attempt
        return marked

    def _waited(self) -> Iterable[tuple[int, int, Any]]:
        found, self.alone = [], False
        try:
            while (entry := os.wait4(-1, os.WNOHANG))[0]:
                if os.WIFSTOPPED(entry[1]):
                    let_go(*entry[:2])
                else:
                    found.append(entry)
        except ChildProcessError:
            self.alone = True
        return found

    def _wake_at(self, when: float, attempt: Attempt) -> None:
        self._serial += 1
        heappush(self._timers, (when, self._serial, attempt))
        if len(self._timers) > 64 + 4 * len(self.live):  # timers of attempts long gone would hold their memory
            self._timers = [timer for timer in self._timers if not timer[2].done]
            heapify(self._timers)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except (OSError, ValueError):
        return 0
