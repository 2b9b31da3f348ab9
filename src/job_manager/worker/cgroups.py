"""Control groups (v2): where this process may make some, how a tree of processes is held in one, and what one says of
memory.

Standard library only: it is carried beside the keeper, and the worker asks it too. Knows no queue and no order.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from job_manager.worker.child import Attempt

if TYPE_CHECKING or __package__:
    from job_manager.worker.processes import complain, content_of, descendants
else:
    from processes import complain, content_of, descendants

VMSTAT = "/proc/vmstat"
VMSTAT_LOOK = 1.0  # seconds for which the number of OOM kills may be old when an attempt begins


def memory_home(proc: str = "/proc/self") -> tuple[str, str]:
    """The cgroup (v2) of this process, and the nearest one above it in which it may make others with a memory limit;
    two empty texts where there is none. As root only what was delegated: the rest of the tree is the system's."""
    return _home(proc, lambda path: b"memory" in (content_of(f"{path}/cgroup.subtree_control") or b"").split())


def tree_home(proc: str = "/proc/self") -> tuple[str, str]:
    """The same for groups without a limit, which only hold a tree of processes together."""
    return _home(proc, lambda path: os.path.exists(f"{path}/cgroup.kill"))


def _home(proc: str, usable: Callable[[str], bool]) -> tuple[str, str]:
    own, root = _own_cgroup(proc)
    if not own or not os.access(f"{own}/cgroup.procs", os.W_OK):
        return "", ""
    path = own
    while True:
        ours = os.access(path, os.W_OK) and os.access(f"{path}/cgroup.procs", os.W_OK) and _is_ours(path, root)
        if ours and usable(path):
            return own, path
        if path == root:
            return "", ""
        path = os.path.dirname(path)


def group_of(pid: int) -> str:
    """The cgroup (v2) of a process as the kernel calls it, with a slash at its end; "" where that is not known."""
    lines = (content_of(f"/proc/{pid}/cgroup") or b"").decode("utf-8", "surrogateescape").splitlines()
    return next((f"{line[3:]}/" for line in lines if line.startswith("0::")), "")


def kill_group(group: str) -> None:
    """SIGKILL to all processes of a cgroup at once, also to those that nobody has seen."""
    try:
        if group:
            _put(f"{group}/cgroup.kill", "1")
    except OSError:
        pass  # an older kernel, or it is gone


def _own_cgroup(proc: str) -> tuple[str, str]:
    for line in (content_of(f"{proc}/mountinfo") or b"").decode("utf-8", "surrogateescape").splitlines():
        fields, _, kind = line.partition(" - ")
        if kind.startswith("cgroup2 "):
            top, root = fields.split(" ")[3:5]
            break
    else:
        return "", ""
    lines = (content_of(f"{proc}/cgroup") or b"").decode("utf-8", "surrogateescape").splitlines()
    own = next((line[3:] for line in lines if line.startswith("0::")), "")
    top = top.rstrip("/")
    if not own.startswith(f"{top}/") or ".." in own.split("/"):
        return "", ""
    return (root + own[len(top) :]).rstrip("/"), root


def _is_ours(path: str, root: str) -> bool:
    while os.geteuid() == 0:
        for name in ("user.delegate", "trusted.delegate"):
            try:
                if os.getxattr(path, name) == b"1":
                    return True
            except (OSError, AttributeError):
                pass
        if path == root:
            return False
        path = os.path.dirname(path)
    return True


def _put(path: str, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def oom_kills(vmstat: str = VMSTAT) -> int:
    """How often since boot the kernel has killed for want of memory, wherever that was; -1 where it does not say."""
    _, _, rest = (content_of(vmstat) or b"").partition(b"\noom_kill ")
    return int(rest.split(b"\n", 1)[0]) if rest else -1


def judge_memory(attempt: Attempt, vmstat: str = VMSTAT) -> None:
    """Whether an attempt that has ended ran out of memory: `group` says so for sure, `kills` lets it be guessed."""
    code = 0 if attempt.status is None else os.waitstatus_to_exitcode(attempt.status)
    events = content_of(f"{attempt.group}/memory.events") if attempt.group else None
    if events is not None:
        words = events.split()
        killed = b"oom_kill" in words[:-1] and int(words[words.index(b"oom_kill") + 1]) > 0
        attempt.oom = "cgroup" if code and killed else None
        attempt.peak = int(content_of(f"{attempt.group}/memory.peak") or 0)
    # A shell says 137 of a program that was killed.
    elif code in (-9, 137) and not attempt.blows and attempt.why is None and 0 <= attempt.kills < oom_kills(vmstat):
        attempt.oom = "probable"
    try:
        if attempt.group:
            os.rmdir(attempt.group)
    except OSError:
        pass  # something of it lives on where nobody sees it


class Confinement:
    """Cgroups, where they can be had: with a memory limit for an attempt that asks for memory, from its first moment;
    without one for every other that lives longer than some milliseconds, since short ones are to cost nothing."""

    def __init__(self) -> None:
        self._own, self._home = "", None  # type: str, str | None
        self._trees: str | None = None
        self._name = f"jm-{os.getpid()}-{os.urandom(4).hex()}"
        self._serial, self.kills, self._looked = 0, -1, float("-inf")

    def look(self, now: float) -> None:
        """Bring `kills` up to date: before attempts begin, but not before each of a thousand."""
        if now - self._looked >= VMSTAT_LOOK:
            self.kills, self._looked = oom_kills(), now

    def name(self, attempt: Attempt) -> None:
        """Say which group the attempt will have: it is to stand in the record of starts."""
        attempt.kills = self.kills
        if not attempt.memory:
            return
        if self._home is None:
            self._own, self._home = memory_home()
        if self._home:
            self._serial += 1
            attempt.group = f"{self._home}/{self._name}-{self._serial}"

    def hold(self, attempt: Attempt) -> None:
        """Hold a tree that lives on together: whatever begins in it from now on is known by its group."""
        if self._trees is None:
            self._trees = tree_home()[1]
        if attempt.group or not self._trees:
            return
        self._serial += 1
        group = f"{self._trees}/{self._name}-{self._serial}"
        try:
            os.mkdir(group, 0o755)
            attempt.group = group
            for pid in (attempt.pid, *(process.pid for process in descendants(attempt.pid))):
                _put(f"{group}/cgroup.procs", str(pid))
        except ProcessLookupError:
            pass  # it has ended meanwhile
        except OSError as error:
            self._trees = ""
            complain("attempts cannot be held in groups", error)

    def enter(self, attempt: Attempt) -> None:
        """This process goes where its next child is to be born: what joins later has escaped for a moment."""
        try:
            os.mkdir(attempt.group, 0o755)
            for name, text in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
                if os.path.exists(f"{attempt.group}/{name}"):
                    _put(f"{attempt.group}/{name}", text)
            _put(f"{attempt.group}/cgroup.procs", "0")
        except OSError as error:
            self._give_up(attempt, error)

    def leave(self, attempt: Attempt) -> None:
        """And comes back; only then the limit is set, so that it can never be this process that it hits."""
        try:
            _put(f"{self._own}/cgroup.procs", "0")
            _put(f"{attempt.group}/memory.max", str(attempt.memory))
        except OSError as error:
            self._home = ""
            complain("a memory limit cannot be set", error)

    def _give_up(self, attempt: Attempt, error: OSError) -> None:
        complain("memory cannot be limited", error)
        try:
            os.rmdir(attempt.group)
        except OSError:
            pass
        attempt.group = self._home = ""
