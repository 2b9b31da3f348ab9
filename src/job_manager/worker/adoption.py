"""What earlier processes left: the records of their keepers, and the children that still live.

Tells what was begun and how it ended, ends what nobody owns any more, and takes over the children of a keeper that died
alone. Decides nothing about the actions behind the tokens. Signals only what it has made sure of: of this boot, and by
pid with start time, or by token and incarnation in its environment, or below such a process.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # without the enums, which take longer than this file
import json
import os
import select
import time
from collections.abc import Iterable, Iterator, Mapping

from job_manager.model.hints import Any
from job_manager.model.record import NamedTuple
from job_manager.worker import processes
from job_manager.worker.cgroups import group_of, judge_memory, kill_group
from job_manager.worker.child import NEVER, Attempt, record_of
from job_manager.worker.children import Children
from job_manager.worker.keeper_link import ExitRecord, KeeperLink, awaited
from job_manager.worker.processes import Process

SPARE = "log-"  # logs without a name, of children that printed nothing, begin like that
TEMPLATES = "templates"  # names what actions of warm modules were copied from; these two as in templates.py
COMING_UP = "warm-"  # the directories in which these were made begin like that
FILES = ("keeper.json", "keeper.new", "keeper.log", "s", "starts", "starts.new", "exits", "exits.new", "still")
KEEPER_END = 5.0  # seconds that a keeper whose connection has ended may take to end
PATIENCE = 10.0  # seconds after SIGKILL for which a process may take to vanish


class Begun(NamedTuple):
    """One line or two of a start record; pid and start_ticks are 0 when the keeper had no time to write them.
    `group` is the cgroup that bounds its memory, or ""; `log` the file of the keeper's that it wrote to until that got
    its name."""

    token: str
    pid: int
    start_ticks: int
    began: float
    group: str = ""
    log: str = ""


class KeeperTrace(NamedTuple):
    """What stands in a keeper's directory, and whether the keeper was alive when that was read."""

    directory: str
    incarnation: str
    pid: int
    start_ticks: int
    boot_id: str
    alive: bool
    begun: Mapping[str, Begun]
    exits: Mapping[str, ExitRecord]


class Leftover(NamedTuple):
    """A living process of an attempt that has no exit record."""

    token: str
    process: Process


class KeeperAlive(RuntimeError):
    """Its children are not ours to take."""


def keepers(root: str) -> list[KeeperTrace]:
    """All keepers that ever had a directory under `root`, by name; none when there is no `root`."""
    try:
        names = sorted(os.listdir(root))
    except FileNotFoundError:
        return []
    directories = [os.path.join(root, name) for name in names]
    return [read_trace(each) for each in directories if any(os.path.exists(f"{each}/{file}") for file in FILES)]


def still(root: str) -> dict[str, float]:
    """Of living keepers under `root`: the attempts (tokens) that have neither written nor worked for so long that they
    count as stuck, and since when (Unix time)."""
    found: dict[str, float] = {}
    for trace in keepers(root):
        if trace.alive:
            found.update((str(line["token"]), float(line["since"])) for line in _lines(trace.directory, "still"))
    return found


def exits(trace: KeeperTrace) -> dict[str, ExitRecord]:
    """The exit records by token, as they are on file now."""
    return {record["token"]: _exit(record) for record in _lines(trace.directory, "exits") if "ended" in record}


def leftovers(trace: KeeperTrace) -> list[Leftover]:
    """Every living process of attempts begun there and not ended, however far it has detached itself."""
    ended = exits(trace)
    unended = {token: begun for token, begun in trace.begun.items() if token not in ended}
    if trace.boot_id != processes.boot_id() or not unended:
        return []
    mains = {(begun.pid, begun.start_ticks): token for token, begun in unended.items()}
    groups = [(f"/{os.path.basename(begun.group)}/", token) for token, begun in unended.items() if begun.group]
    found: dict[int, Leftover] = {}
    for pid in processes.all_pids():
        process = processes.process_of(pid)
        if process is None or process.state == b"Z" or pid == os.getpid():
            continue
        token = mains.get((pid, process.ticks)) or _marked(pid, trace, unended) or _grouped(pid, groups)
        if token:
            below = [each for each in processes.descendants(pid) if each.state != b"Z"]
            found.update((each.pid, Leftover(token, each)) for each in (process, *below))
    return list(found.values())


def end_leftovers(trace: KeeperTrace, grace: float) -> list[Leftover]:
    """End all leftovers and return when none is alive; what could not be ended, long after SIGKILL, is returned.

    The keeper itself, should it live, is ended first: nothing may begin behind our back.
    """
    if trace.boot_id != processes.boot_id():
        return []  # nothing of another boot lives
    _end_keeper(trace)
    end_templates(trace)
    trace = trace._replace(begun=read_trace(trace.directory).begun)  # as much as it had begun by then
    kill_at = time.monotonic() + max(0.0, grace)
    asked: set[int] = set()
    while left := leftovers(trace):
        now = time.monotonic()
        if now > kill_at + PATIENCE:
            return left
        if now >= kill_at:
            for token in {token for token, _ in left}:
                kill_group(trace.begun[token].group)
        for _, process in left:
            _ask(process, now >= kill_at, asked)
        _await_all(left, kill_at if now < kill_at else now + 0.1)
    return []


def end_templates(trace: KeeperTrace) -> None:
    """End what a dead keeper has copied actions from, should it live for another moment, and reap it if it is ours."""
    for line in _lines(trace.directory, TEMPLATES) if trace.boot_id == processes.boot_id() else ():
        pid, ticks = int(line["pid"]), int(line["start_ticks"])
        process = processes.process_of(pid)
        if process is not None and process.ticks == ticks:
            processes.send_signal(process, signal.SIGKILL)
            awaited(pid, PATIENCE)
            _bury(pid, ticks)


def dismissed(trace: KeeperTrace) -> bool:
    """Whether the keeper has ended; one that lives, that nobody needs any more and that has nothing to do is asked to.
    For who holds the directory and has no keeper any more."""
    if not trace.alive:
        return True
    if trace.begun.keys() - trace.exits.keys():
        return False
    link = KeeperLink.attach(trace.directory)
    if link is None:
        return False
    link.hello(0, {}, 0o077)  # nothing begins there between these two words
    link.leave()
    ended = link.ended()
    link.close()
    return ended


def remove_ended(directory: str) -> None:
    """The same of one that has ended and has nothing to tell any more: of what it began only the cgroups are asked for,
    and few attempts have any."""
    try:
        with open(os.path.join(directory, "starts"), "rb") as starts:
            grouped = b'"group"' in starts.read()
    except OSError:
        grouped = True
    remove(read_trace(directory) if grouped else KeeperTrace(directory, "", 0, 0, "", False, {}, {}))


def remove(trace: KeeperTrace) -> None:
    """Take away the keeper's own files, and its directory if nothing else is in it; the cgroups it has left, too."""
    for begun in trace.begun.values():
        if begun.group:
            try:
                os.rmdir(begun.group)
            except OSError:
                pass
    try:
        names = os.listdir(trace.directory)
    except FileNotFoundError:
        names = []
    spare = [name for name in names if name.startswith(SPARE)]
    for name in (name for name in names if name.startswith(COMING_UP)):
        # Imported here: a keeper has to be ended while it makes a template.
        from job_manager.artifacts.removal import remove_tree

        remove_tree(os.path.join(trace.directory, name))
    for name in (*FILES, TEMPLATES, *spare):
        try:
            os.unlink(os.path.join(trace.directory, name))
        except FileNotFoundError:
            pass
    try:
        os.rmdir(trace.directory)
    except OSError:  # somebody's files: without ours it is no keeper's directory any more
        pass


class Orphans:
    """The children of a keeper that died alone while this process was their subreaper: they are ours now.

    To be driven by a loop: `fileno()` becomes readable when one ends, `next_timeout()` says when to call `poll` at the
    latest. Only these children are ever waited for, never the host's others. `deadlines` are monotonic seconds by
    token; an attempt past its own is ended with `grace`. Raises KeeperAlive when the keeper has not ended in five
    seconds.
    """

    def __init__(self, trace: KeeperTrace, deadlines: Mapping[str, float] | None = None, grace: float = 10.0) -> None:
        awaited(trace.pid, KEEPER_END)
        _bury(trace.pid, trace.start_ticks)
        self.trace = read_trace(trace.directory)
        if self.trace.alive:
            raise KeeperAlive(f"the keeper (pid {trace.pid}) in {trace.directory} still lives")
        end_templates(self.trace)
        self.lost: list[str] = []
        self._ended: list[Attempt] = []
        self._children = _Inherited(self._ended.append, self.trace)
        self._watch = select.epoll()
        self._handles: dict[int, int] = {}
        if self.trace.boot_id == processes.boot_id():
            self._take_over(deadlines or {}, grace)
        else:
            self.lost += [token for token in self.trace.begun if token not in self.trace.exits]
        self._sync_watch()

    @property
    def done(self) -> bool:
        """True when no process of them is left and every record has been given out."""
        return not self._children.live and not self._ended

    @property
    def alive(self) -> list[str]:
        """Tokens of the attempts that have not ended."""
        return list(self._children.live)

    def fileno(self) -> int:
        return self._watch.fileno()

    def next_timeout(self) -> float | None:
        """Seconds until `poll` is due even if nothing ends; None when nothing is."""
        if self._ended:
            return 0.0
        due = self._children.next_due()
        blind = any(handle < 0 for handle in self._handles.values())
        if blind or (self._children.ending and not self._handles):
            due = min(due, time.monotonic() + 0.05)
        return None if due == NEVER else max(0.0, due - time.monotonic())

    def poll(self, now: float) -> list[ExitRecord]:
        """Exits since the last call, already on file and forced to disk; what left no status goes to `lost`."""
        self._children.reap(now)
        self._children.expire(now)
        self._sync_watch()
        ended, self._ended[:] = list(self._ended), []
        self.lost += [attempt.token for attempt in ended if attempt.status is None]
        for attempt in ended:
            judge_memory(attempt)
        texts = [record_of(attempt) for attempt in ended if attempt.status is not None]
        _append_exits(self.trace.directory, texts)
        return [_exit(json.loads(text)) for text in texts]

    def stop(self, token: str, grace: float) -> None:
        """SIGTERM to the attempt's whole tree now, SIGKILL after `grace` seconds; unknown tokens are none of ours."""
        now = time.monotonic()
        self._children.reap(now)
        attempt = self._children.live.get(token)
        if attempt is not None:
            self._children.terminate(attempt, "stopped", grace, now)
        self._sync_watch()

    def close(self) -> None:
        """Watch no longer; what lives goes on."""
        self._children.running.clear()
        self._children.strays.clear()
        self._sync_watch()
        self._watch.close()

    def _take_over(self, deadlines: Mapping[str, float], grace: float) -> None:
        now, ticks = time.monotonic(), processes.ticks_since_boot()
        mains = self._mains()
        for token, begun in self.trace.begun.items():
            if token in self.trace.exits:
                continue
            attempt = Attempt(token, grace)
            attempt.began, attempt.group, main = begun.began, begun.group, mains.get(token)
            if main is None:  # gone without a status we could have; what it left behind must end before it is lost
                self._children.live[token] = self._children.ending[token] = attempt
                continue
            attempt.pid, attempt.ticks = main.pid, main.ticks
            attempt.start = now - (ticks - main.ticks) / processes.TICKS
            attempt.timeout = deadlines[token] - attempt.start if token in deadlines else None
            self._children.add(attempt)

    def _mains(self) -> dict[str, Process]:
        """The main process of each attempt, ours now, by pid and start time. A session leader with the token would not
        do: a daemon of a main process that has ended is one, too, and how that ends says nothing of the attempt."""
        own = [process for process in map(processes.process_of, processes.children_of(os.getpid())) if process]
        by_start = {(process.pid, process.ticks): process for process in own}
        known = {token: by_start.get((begun.pid, begun.start_ticks)) for token, begun in self.trace.begun.items()}
        return {token: process for token, process in known.items() if process}

    def _sync_watch(self) -> None:
        wanted = {*self._children.running, *self._children.strays}
        for pid in [pid for pid in self._handles if pid not in wanted]:
            handle = self._handles.pop(pid)
            if handle >= 0:
                self._watch.unregister(handle)  # before it is closed: a child just begun may still hold a copy
                os.close(handle)
        for pid in wanted - self._handles.keys():
            handle = self._handles[pid] = processes.pidfd_of(pid)
            if handle >= 0:
                self._watch.register(handle, select.EPOLLIN)


class _Inherited(Children):
    """Children of a process that has others too: only what is surely ours is waited for or taken for a stray."""

    def __init__(self, finished: Any, trace: KeeperTrace) -> None:
        super().__init__(True, finished)
        self.incarnation = trace.incarnation

    def _waited(self) -> Iterable[tuple[int, int, Any]]:
        found = []
        for pid in (*self.running, *self.strays):
            try:
                entry = os.wait4(pid, os.WNOHANG)
            except ChildProcessError:  # somebody else has taken its status
                self._without_status(pid)
                continue
            if entry[0] and os.WIFSTOPPED(entry[1]):
                processes.let_go(*entry[:2])
            elif entry[0]:
                found.append(entry)
        return found

    def _without_status(self, pid: int) -> None:
        self.strays.pop(pid, None)
        attempt = self.running.pop(pid, None)
        if attempt is not None:
            self.ending[attempt.token] = attempt

    def _newcomers(self) -> list[int]:
        unknown = set(processes.children_of(os.getpid())) - self.running.keys() - self.strays.keys()
        return [pid for pid in unknown if self._owner_of(pid)]

    def _owner_of(self, pid: int) -> Attempt | None:
        process = processes.process_of(pid)
        return self._claimant(process) if process else None


def read_trace(directory: str) -> KeeperTrace:
    """What stands in one keeper's directory."""
    described: Mapping[str, Any] = next(_lines(directory, "keeper.json"), {})
    begun: dict[str, Begun] = {}
    for line in _lines(directory, "starts"):
        token = str(line["token"])
        pid, ticks = int(line.get("pid", 0)), int(line.get("start_ticks", 0))
        before = begun.get(token, Begun(token, 0, 0, 0.0))
        began, group = float(line.get("began", before.began)), str(line.get("group", before.group))
        begun[token] = Begun(token, pid, ticks, began, group, str(line.get("log", before.log)))
    pid, ticks = int(described.get("pid", 0)), int(described.get("start_ticks", 0))
    boot, incarnation = str(described.get("boot_id", "")), described.get("incarnation") or os.path.basename(directory)
    ended = {record["token"]: _exit(record) for record in _lines(directory, "exits") if "ended" in record}
    return seen_now(KeeperTrace(directory, str(incarnation), pid, ticks, boot, False, begun, ended))


def seen_now(trace: KeeperTrace) -> KeeperTrace:
    """The same records, and whether their keeper is alive at this moment."""
    return trace._replace(alive=trace.boot_id == processes.boot_id() and _lives(trace.pid, trace.start_ticks))


def _lives(pid: int, ticks: int) -> bool:
    process = processes.process_of(pid) if pid else None
    return process is not None and process.ticks == ticks and process.state != b"Z"


def _lines(directory: str, name: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a record; lines that a crash or a full disk tore are passed over."""
    path = os.path.join(directory, name)
    if not os.path.exists(path):
        return
    with open(path, encoding="ascii", errors="replace") as content:
        for line in content:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and (name == "keeper.json" or "token" in entry):
                yield entry


def _exit(record: Mapping[str, Any]) -> ExitRecord:
    return ExitRecord(**record)  # type: ignore[typeddict-item,no-any-return]  # as record_of writes it


def _marked(pid: int, trace: KeeperTrace, tokens: Mapping[str, Begun]) -> str:
    token, incarnation = processes.marks_of(pid)
    return token if incarnation == trace.incarnation and token in tokens else ""


def _grouped(pid: int, groups: Iterable[tuple[str, str]]) -> str:
    """Whose cgroup a process is in, where attempts have one: by that it is known however it hides."""
    inside = group_of(pid) if groups else ""
    return next((token for name, token in groups if name in inside), "")


def _end_keeper(trace: KeeperTrace) -> None:
    process = processes.process_of(trace.pid) if trace.pid else None
    if process and trace.boot_id == processes.boot_id() and process.ticks == trace.start_ticks:
        processes.send_signal(process, signal.SIGKILL)
        awaited(trace.pid, PATIENCE)


def _ask(process: Process, now: bool, asked: set[int]) -> None:
    if now:
        processes.send_signal(process, signal.SIGKILL)
    elif process.pid not in asked:
        asked.add(process.pid)
        processes.send_signal(process, signal.SIGTERM)
        processes.send_signal(process, signal.SIGCONT)


def _await_all(left: Iterable[Leftover], until: float) -> None:
    for _, process in left:
        awaited(process.pid, max(0.0, until - time.monotonic()))
        _bury(process.pid, process.ticks)


def _bury(pid: int, ticks: int) -> None:
    """Reap a process that has ended, if it is a child of ours."""
    now = processes.process_of(pid)
    if now and now.ticks == ticks and now.state == b"Z" and now.parent == os.getpid():
        os.waitpid(pid, os.WNOHANG)


def _append_exits(directory: str, texts: list[str]) -> None:
    if not texts:
        return
    handle = os.open(os.path.join(directory, "exits"), os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        end = os.lseek(handle, 0, os.SEEK_END)
        torn = end > 0 and os.pread(handle, 1, end - 1) != b"\n"
        os.write(handle, ("\n" * torn + "\n".join(texts) + "\n").encode("ascii"))
        os.fsync(handle)
    finally:
        os.close(handle)
