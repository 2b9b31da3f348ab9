"""Processes and signals, as the kernel tells of them: who there is and whose child, which signals have come, and what a
process may ask for itself.

Standard library only: it is carried beside the keeper, and the worker asks it too. Knows neither attempts nor orders.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Sequence
else:
    try:  # as in the keeper
        import _signal as signal
    except ImportError:
        import signal

TOKEN_VARIABLE = "JM_ATTEMPT_TOKEN"
KEEPER_VARIABLE = "JM_KEEPER"  # the incarnation: the token alone might be another state directory's
MARKS = (TOKEN_VARIABLE.encode() + b"=", KEEPER_VARIABLE.encode() + b"=")
TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """One process. Its pid and `ticks`, its start in clock ticks since boot, name it as long as this boot lasts."""

    __slots__ = ("group", "parent", "pid", "session", "state", "ticks")

    def __init__(self, pid: int, fields: Sequence[bytes]) -> None:
        self.pid, self.state = pid, fields[0]
        self.parent, self.group, self.session = map(int, fields[1:4])
        self.ticks = int(fields[19])


def process_of(pid: int) -> Process | None:
    """The process, zombies included; None when it is gone or there is no /proc."""
    content = content_of(f"/proc/{pid}/stat")
    fields = content[content.rindex(b")") + 2 :].split() if content else ()
    return Process(pid, fields) if fields and fields[0] != b"X" else None  # X: its parent is taking it off the list


def processor_time(pid: int) -> int:
    """Clock ticks that a process and those of its children that it has waited for have used; 0 when it is gone."""
    content = content_of(f"/proc/{pid}/stat")
    return sum(map(int, content[content.rindex(b")") + 2 :].split()[11:15])) if content else 0


def marks_of(pid: int) -> tuple[str, str]:
    """Attempt token and incarnation in the environment a process was started with; empty when absent or unreadable."""
    entries = (content_of(f"/proc/{pid}/environ") or b"").split(b"\0")
    found = [entry.partition(b"=")[2] for name in MARKS for entry in entries if entry.startswith(name)]
    token, keeper = found if len(found) == len(MARKS) else (b"", b"")
    return token.decode("utf-8", "surrogateescape"), keeper.decode("utf-8", "surrogateescape")


def all_pids() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except FileNotFoundError:
        return []


def children_of(pid: int) -> list[int]:
    """Direct children of all threads of a process; without the kernel's `children` files every process is looked at."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    lists = [content_of(f"/proc/{pid}/task/{thread}/children") for thread in threads]
    if any(found is not None for found in lists):
        return [int(word) for found in lists if found for word in found.split()]
    known = (process_of(other) for other in all_pids())
    return [process.pid for process in known if process and process.parent == pid]


def descendants(root: int) -> list[Process]:
    """Everything below a process that is surely ours; what changes its parent meanwhile is found on the next look."""
    found: list[Process] = []
    heads = [root]
    while heads:
        parent = heads.pop()
        below = [process for process in map(process_of, children_of(parent)) if process and process.parent == parent]
        found += below
        heads += [process.pid for process in below]
    return found


def send_signal(process: Process, number: int) -> None:
    """Signal exactly this process: never one that has got its pid since."""
    handle = pidfd_of(process.pid)
    try:
        now = process_of(process.pid)
        if now is None or now.ticks != process.ticks:
            return
        if handle < 0:
            os.kill(process.pid, number)
        else:
            signal.pidfd_send_signal(handle, number)
    except OSError:
        pass
    finally:
        if handle >= 0:
            os.close(handle)


def pidfd_of(pid: int) -> int:
    """A file that becomes readable when the process ends; -1 when it is gone or the kernel has no such thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1


def signal_child(pid: int, number: int) -> None:
    """Signal a child that has not been waited for. It may be another user's by now."""
    try:
        os.kill(pid, number)
    except OSError:
        pass


def signal_group(group: int, number: int) -> bool:
    if group <= 1:  # to kill(2), 0 is our own group
        return False
    try:
        os.killpg(group, number)
    except OSError:
        return False
    return True


class Alarms:
    """Signals as something to be read. On Linux a signalfd: a handler in Python would cost a tenth of a turn."""

    def __init__(self, numbers: tuple[int, ...]) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)  # those spawned here begin without this mask
        self.handle, self._size = signalfd(numbers), 128
        if self.handle < 0:
            self.handle, alarm = os.pipe()
            os.set_blocking(self.handle, False)
            os.set_blocking(alarm, False)
            signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
            for number in numbers:
                signal.signal(number, lambda _number, _frame: None)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
            self._size = 1

    def caught(self) -> bytes:
        """The numbers of what has come, each a byte."""
        return os.read(self.handle, 4096)[0 if sys.byteorder == "little" or self._size == 1 else 3 :: self._size]


def signalfd(numbers: tuple[int, ...]) -> int:
    """A file to read these signals from, -1 where there is none."""
    if sys.platform != "linux":
        return -1
    try:
        import ctypes

        libc, signals = ctypes.CDLL(None), ctypes.create_string_buffer(128)
        libc.sigemptyset(signals)
        for number in numbers:
            libc.sigaddset(signals, int(number))
        return int(libc.signalfd(-1, signals, os.O_CLOEXEC | os.O_NONBLOCK))
    except (ImportError, OSError, AttributeError):
        return -1


def boot_id() -> str:
    return (content_of("/proc/sys/kernel/random/boot_id") or b"unknown").decode("ascii").strip()


def ticks_since_boot() -> int:
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return int(time.clock_gettime(clock) * TICKS)


def become_subreaper() -> bool:
    """Have orphaned descendants handed to this process (Linux, prctl(2)); False where that cannot be had."""
    return _prctl(36, 1)


def become_undumpable() -> bool:
    """Leave no core dump, and let no other process of this user look into this one's memory (Linux). What it starts is
    as before."""
    return _prctl(4, 0)


def _prctl(option: int, value: int) -> bool:
    if sys.platform != "linux":
        return False
    try:
        import ctypes  # 3 ms, and only these calls need it

        return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


def let_go(pid: int, status: int) -> None:
    """A child that had itself traced has stopped and waits for its parent, us: it goes on untraced, with its signal."""
    import ctypes  # few programs ever do that

    number = os.WSTOPSIG(status) & 0x7F
    ptrace_detach = 17
    ctypes.CDLL(None).ptrace(ptrace_detach, pid, None, ctypes.c_void_p(0 if number == signal.SIGTRAP else number))


def leave_no_cores() -> None:
    """No core dump of any child, unless it asks for one itself: they are large and hold whatever the program held."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    except (ImportError, OSError, ValueError):
        pass


def content_of(path: str) -> bytes | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        parts = []
        while part := os.read(handle, 65536):
            parts.append(part)
        return b"".join(parts)
    except OSError:
        return None
    finally:
        os.close(handle)


def complain(what: str, error: OSError) -> None:
    try:
        os.write(2, f"{what}: {error}\n".encode("utf-8", "replace"))
    except OSError:
        pass
