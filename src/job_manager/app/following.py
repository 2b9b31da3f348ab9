"""The logs of a job's actions as pieces of bytes: what is there, or what is still to come while somebody runs the job.

Holds 64 KiB at a time, whatever a log's size and however long its lines. Needs no lock; knows no terminal.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from job_manager.app.home import Home
from job_manager.app.looking import Look, action_status, look
from job_manager.core import table
from job_manager.model.errors import NotFound
from job_manager.model.hints import Any
from job_manager.model.record import NamedTuple

PIECE = 64 * 1024
PAUSE = 0.25  # seconds between two looks at what is being written
STREAMS = ("log", "err")
Document = dict[str, Any]


class Log(NamedTuple):
    """One stream of one attempt; `path` exists."""

    number: int  # of the action, in listing order
    action: str
    attempt: int
    stream: str  # log, or err where the streams are kept apart
    path: str


class Piece(NamedTuple):
    """Some bytes of a log."""

    log: Log
    content: bytes


def logs_of(found: Look, index: int, attempt: int = 0) -> list[Log]:
    """The streams of an attempt (0: the last that left a log). Raises NotFound when that attempt left none."""
    job = found.job
    path = job.shape.paths[index]
    wanted = [attempt] if attempt else range(job.attempts[index], 0, -1)
    for number in wanted:
        logs = [Log(index, path, number, s, found.layout.log(path, number, s)) for s in STREAMS]
        there = [log for log in logs if os.path.exists(log.path)]
        if there:
            return there
    if attempt:
        raise NotFound(f"{path} has no log of attempt {attempt}", f"it was tried {job.attempts[index]} time(s)")
    return []


def all_logs(found: Look) -> Iterator[Log]:
    """The streams of the last attempt of every action that left any, in listing order."""
    for index in found.job.shape.listed():
        if found.job.attempts[index]:
            yield from logs_of(found, index)


def label(found: Look, log: Log) -> str:
    """What a log is, in words: `encode/film, attempt 2, failed`."""
    state = action_status(found, log.number)["state"]
    current = log.attempt == found.job.attempts[log.number]
    words = [log.action, f"attempt {log.attempt}", *([state] if current else [])]
    return ", ".join([*words, *(["standard error"] if log.stream == "err" else [])])


def pieces_of(handle: int, at: int) -> Iterator[bytes]:
    """The bytes of an open file from `at` on; what was given back to the file system as a hole is passed over."""
    while True:
        try:
            at = os.lseek(handle, at, os.SEEK_DATA)
            end = os.lseek(handle, at, os.SEEK_HOLE)
        except OSError:
            return  # only a hole or nothing is left
        block = os.pread(handle, min(PIECE, end - at), at)
        if not block:
            return
        at = os.lseek(handle, at + len(block), os.SEEK_SET)
        yield block


def content(log: Log, lines: int | None = None) -> Iterator[Piece]:
    """A log as it is now; with `lines` only its last ones."""
    try:
        with open(log.path, "rb", buffering=0) as stream:
            start = 0 if lines is None else offset_of_last(stream.fileno(), lines)
            for block in pieces_of(stream.fileno(), start):
                yield Piece(log, block)
    except FileNotFoundError:
        return  # removed since


def offset_of_last(handle: int, lines: int) -> int:
    """Where the last lines of an open file begin; read backwards, a piece at a time."""
    at = os.fstat(handle).st_size
    left = lines
    first = True
    while at > 0 and lines > 0:
        start = max(0, at - PIECE)
        block = os.pread(handle, at - start, start)
        end = len(block) - 1 if first and block.endswith(b"\n") else len(block)
        first = False
        while (found := block.rfind(b"\n", 0, end)) >= 0:
            left -= 1
            if not left:
                return start + found + 1
            end = found
        at = start
    return at if lines > 0 else os.fstat(handle).st_size


# --- while it runs ----------------------------------------------------------------------------------------------------


class Follower:
    """Follows one action, or with `index` None all of a job's, until the end of it or of whoever runs it."""

    def __init__(self, home: Home, id: str, index: int | None, lines: int | None) -> None:
        self._home = home
        self._id = id
        self._index = index
        self._lines = lines
        self._read_to: dict[Log, int] = {}  # how far each has been read
        self._over: set[int] = set()  # actions of which everything has been read
        self._stamp: tuple[Any, ...] = ()
        self.found = look(home, id)

    def pieces(self) -> Iterator[Piece]:
        """What is there, then what comes. Ends when nothing can come any more."""
        while True:
            ended = self._look()
            for index in self._open_actions():
                yield from self._read_action(index)
            if ended:
                return
            time.sleep(PAUSE)

    def _look(self) -> bool:
        """See how the job stands, if anything has happened; True when it is over for us."""
        stamp = _stamp(self._home)
        if stamp != self._stamp:
            self._stamp = stamp
            self.found = look(self._home, self._id)
        if not self.found.hosted or self.found.job.finished:
            return True
        return self._index is not None and self.found.job.states[self._index] in table.FINAL

    def _open_actions(self) -> list[int]:
        """Those that may have something new."""
        job = self.found.job
        actions = range(len(job.states)) if self._index is None else [self._index]
        return [index for index in actions if job.attempts[index] and index not in self._over]

    def _read_action(self, index: int) -> Iterator[Piece]:
        for log in self._attempts(index):
            yield from self._read(log)
        if self.found.job.states[index] in table.FINAL:
            self._over.add(index)

    def _attempts(self, index: int) -> Iterator[Log]:
        path = self.found.job.shape.paths[index]
        last = self.found.job.attempts[index]
        for number in range(1, last + 1) if self._lines is None else (last,):
            for stream in STREAMS:
                yield Log(index, path, number, stream, self.found.layout.log(path, number, stream))

    def _read(self, log: Log) -> Iterator[Piece]:
        try:
            with open(log.path, "rb", buffering=0) as stream:
                if log not in self._read_to:
                    self._read_to[log] = 0 if self._lines is None else offset_of_last(stream.fileno(), self._lines)
                for block in pieces_of(stream.fileno(), self._read_to[log]):
                    self._read_to[log] = os.lseek(stream.fileno(), 0, os.SEEK_CUR)
                    yield Piece(log, block)
        except FileNotFoundError:
            pass  # it has not begun


def _stamp(home: Home) -> tuple[Any, ...]:
    """Differs as soon as the journal has been written to, or the directory changes hands."""
    stamps: list[Any] = [home.hosting()]
    for path in (home.journal, f"{home.journal}-wal"):
        try:
            found = os.stat(path)
            stamps += [found.st_size, found.st_mtime_ns]
        except OSError:
            stamps.append(None)
    return tuple(stamps)


def log_documents(found: Look, index: int | None, attempt: int, lines: int) -> list[Document]:
    """A document per log: whose it is, where it lies, its size in bytes and its last lines."""
    from job_manager.app.cards import last_lines

    logs = all_logs(found) if index is None else logs_of(found, index, attempt)
    return [
        {
            "path": log.action,
            "attempt": log.attempt,
            "stream": log.stream,
            "log": log.path,
            "bytes": os.path.getsize(log.path),
            "tail": last_lines(log.path, lines),
        }
        for log in logs
    ]
