"""A journal on the disk that forgets, with the promises and the hash chain of the real one: what `append` returned from
is durable, what it raised from may be there or not, and a torn end is cut off when it is opened again.

Stands below the real engine in place of the SQLite file. Knows no rule.
"""

from __future__ import annotations

import errno
import json
import os as real_os
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from job_manager.core import events as e
from job_manager.core.events import Event, unpack
from job_manager.engines.sqlite.journal import Head, chained
from job_manager.model.errors import EngineError
from tests.sim.system import System

# Of all that can happen to a finished job these open it again.
ENDS_OR_OPENS = (e.JobFinished, e.JobResumed, e.JobRetried, e.ActionExcused)
Turns = Sequence[tuple[str, Head, Sequence[list[Any]]]]


class VirtualJournal:
    """One file of frames, a frame for each append: a line with its checksum and then all rows of the turn."""

    def __init__(self, system: System, path: str, told: Callable[[str, list[list[Any]]], None]) -> None:
        self._system, self._path, self._told = system, path, told
        self._rows: dict[str, list[list[Any]]] = {}
        self._heads: dict[str, tuple[int, str]] = {}
        self._broken = False
        self.warning, self.full_at = "", 0.0  # it never grows too long here
        try:
            self._file = self._open()
            self._end = self._read()
            system.fsync(self._file)  # of a writer that was killed: whether it came to the disk is not known before
        except OSError as cause:
            raise EngineError(f"the journal cannot be opened: {cause}", retryable=True) from cause

    def _open(self) -> int:
        system = self._system
        fresh = not system.path.exists(self._path)
        handle = system.open(self._path, real_os.O_RDWR | real_os.O_CREAT, 0o600)
        if fresh:
            folder = system.open(self._path.rpartition("/")[0], real_os.O_RDONLY)
            system.fsync(folder)
            system.close(folder)
        return handle

    def _read(self) -> int:
        content = self._system.pread(self._file, 1 << 30, 0)
        at = 0
        while (end := content.find(b"\n", at)) >= 0:
            sum, _, body = content[at:end].partition(b" ")
            if sum != b"%08x" % zlib.crc32(body):
                break
            self._fold(json.loads(body))
            at = end + 1
        if at < len(content):
            self._system.ftruncate(self._file, at)
            self._system.fsync(self._file)
        return at

    def _fold(self, rows: list[list[Any]]) -> None:
        for row in rows:
            job, seq, count, at, body, hash = row
            known, before = self._heads.get(job, (0, ""))
            if known != seq or chained(bytes.fromhex(before), job, seq, count, at, body.encode()).hex() != hash:
                raise EngineError(f"the journal is damaged: job {job}, event {seq}")
            self._rows.setdefault(job, []).append(row)
            self._heads[job] = seq + count, hash

    def jobs(self) -> list[str]:
        return list(self._rows)

    def open_jobs(self) -> list[str]:
        return [job for job in self._rows if self.is_open(job)]

    def is_open(self, job: str) -> bool:
        last = next((event for event in reversed(list(self.events(job))) if isinstance(event, ENDS_OR_OPENS)), None)
        return not isinstance(last, e.JobFinished)

    def head(self, job: str) -> Head:
        seq, hash = self._heads.get(job, (0, ""))
        return Head(seq, bytes.fromhex(hash))

    def events(self, job: str) -> Iterator[Event]:
        for row in self._rows.get(job, ()):
            yield from (unpack(job, packed) for packed in json.loads(row[4]))

    def append(self, at: float, turns: Turns) -> bool:
        rows = []
        for job, head, events in turns:
            if self._heads.get(job, (0, ""))[0] != head.seq:
                return False
            body = json.dumps(events, separators=(",", ":"))
            hash = chained(head.hash, job, head.seq, len(events), at, body.encode())
            rows.append([job, head.seq, len(events), at, body, hash.hex()])
        self._write(rows)
        for job, _, events in turns:
            self._told(job, json.loads(json.dumps(events)))
        self._fold(rows)
        for (_, head, events), row in zip(turns, rows, strict=True):
            head.seq, head.hash = head.seq + len(events), bytes.fromhex(str(row[5]))
        return True

    def _write(self, rows: list[list[Any]]) -> None:
        """In two pieces, so that a process may die between them."""
        if self._broken:
            raise EngineError("the journal has failed before")
        body = json.dumps(rows, separators=(",", ":")).encode()
        frame = b"%08x %s\n" % (zlib.crc32(body), body)
        try:
            self._put(frame[: len(frame) // 2], self._end)
            self._put(frame[len(frame) // 2 :], self._end + len(frame) // 2)
            self._system.fsync(self._file)
        except OSError as cause:
            self._broken = cause.errno != errno.ENOSPC  # what is on the platter is not known any more
            self._system.ftruncate(self._file, self._end)
            raise EngineError(f"the journal cannot be written: {cause}", retryable=not self._broken) from cause
        self._end += len(frame)

    def _put(self, piece: bytes, at: int) -> None:
        if self._system.pwrite(self._file, piece, at) < len(piece):
            raise OSError(errno.ENOSPC, "the disk is full")

    def be_patient(self, seconds: float) -> None:
        """Nobody else has this file open."""

    def close(self) -> None:
        self._system.close(self._file)
