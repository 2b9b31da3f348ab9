"""Reading a journal beside its writer: for ls, status, logs. Never writes, never takes a lock, needs no holder.

Knows no rules; gives events and the cached rows of the job list.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator

from job_manager.core.events import Event
from job_manager.engines.sqlite.connecting import connect
from job_manager.engines.sqlite.faults import engine_errors
from job_manager.engines.sqlite.journal import (
    FORMAT,
    chained,
    damaged,
    found_format,
    log_size,
    packed_events,
    read_chain,
    read_timed,
    turns,
)
from job_manager.engines.sqlite.library import sqlite3
from job_manager.model.errors import EngineError
from job_manager.ports.history import Damage, JobRow

LATER = "SELECT seq, count, at, CAST(body AS BLOB), hash FROM turn WHERE job=? AND seq>=? ORDER BY seq"


class OlderFormat(EngineError):
    """Who only looks does not change a file; who writes brings it up to date first."""


class Reading:
    """A journal open for reading; one that does not exist has no jobs."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._let_go: Callable[[str], None] = lambda path: None
        self._db: sqlite3.Connection | None = None
        if os.path.exists(path):
            with engine_errors(path):
                self._db = self._open()

    def _open(self) -> sqlite3.Connection | None:
        try:
            return self._connect("mode=ro")
        except sqlite3.OperationalError:
            if log_size(self._path):
                raise
            # Nothing can be made beside the file, and there is no log of a writer to be read with it.
            return self._connect("immutable=1")

    def _connect(self, how: str) -> sqlite3.Connection | None:
        db = connect(self._path, how)
        try:
            if found := found_format(db, self._path):
                self._refuse_older(found)
                return db
        except BaseException:
            db.close()
            raise
        db.close()  # its maker has not written the tables yet
        return None

    def _refuse_older(self, found: int) -> None:
        if found < FORMAT:
            text = f"{self._path} is of an older job_manager (format {found}; this one reads {FORMAT})"
            raise OlderFormat(text, "the next `jm run` or `jm up` brings it up to date; a copy of it is kept")

    @property
    def written(self) -> bool:
        """Whether there is a journal, with the tables of one."""
        return self._db is not None

    def jobs(self) -> list[JobRow]:
        """Every job, newest first."""
        if self._db is None:
            return []
        with engine_errors(self._path):
            rows = self._db.execute(
                "SELECT job, name, state, submitted, finished, counts FROM head ORDER BY submitted DESC, rowid DESC"
            ).fetchall()
        return [JobRow(id, name, state, at, end, json.loads(counts)) for id, name, state, at, end, counts in rows]

    def events(self, job: str) -> Iterator[Event]:
        """Every event of a job in order. Raises EngineError where the journal is damaged."""
        if self._db is not None:
            yield from read_chain(self._db, self._path, job)

    def timed(self, job: str) -> Iterator[tuple[float, Event]]:
        """The same, each with the time at which it was written."""
        if self._db is not None:
            yield from read_timed(self._db, self._path, job)

    def tail(self, job: str) -> Tail:
        """The events of a job, a part at a time."""
        return Tail(self, job)

    def rows(self, job: str, seq: int) -> list[tuple[int, int, float, bytes, bytes]]:
        """The turns of a job from event number `seq` on: seq, count, at, body, hash."""
        if self._db is None:
            if not os.path.exists(self._path):
                return []
            self._db = self._open()
        if self._db is None:
            return []
        with engine_errors(self._path):
            return self._db.execute(LATER, (job, seq)).fetchall()

    @property
    def path(self) -> str:
        """The file."""
        return self._path

    def verify(self, job: str) -> None:
        """Read a job's events without making anything of them. Raises EngineError where the journal is damaged."""
        if self._db is not None:
            for _ in turns(self._db, self._path, job):
                pass

    def damages(self, thorough: bool = False) -> Iterator[Damage]:
        """What is not as it was written. Not `thorough`: as much as a start has time for."""
        # Imported here: who looks at one job needs none of it.
        from job_manager.engines.sqlite import soundness

        self._let_go = soundness.let_go
        if self._db is None:
            yield from soundness.lost_log(None, self._path)
        else:
            with engine_errors(self._path):
                yield from soundness.damages(self._db, self._path, thorough)

    def damages_of_log(self) -> Iterator[Damage]:
        """What has been written last and is lost with the log beside the file."""
        from job_manager.engines.sqlite import soundness

        self._let_go = soundness.let_go
        with engine_errors(self._path):
            yield from soundness.lost_log(self._db, self._path)

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            self._db.close()
        self._let_go(self._path)


class Tail:
    """A job's events in order, each given once, while its writer goes on."""

    def __init__(self, reading: Reading, job: str) -> None:
        self._reading = reading
        self._job = job
        self._seq = 0
        self._hash = b""

    def news(self) -> list[Event]:
        """The events since the last call, held to the hash chain. Raises EngineError where the journal is damaged."""
        events: list[Event] = []
        path = self._reading.path
        for seq, count, at, body, found in self._reading.rows(self._job, self._seq):
            self._hash = chained(self._hash, self._job, self._seq, count, at, body)
            if seq != self._seq or found != self._hash:
                raise damaged(path, self._job, self._seq, "the hash chain is broken")
            self._seq += count
            events += packed_events(path, self._job, body)
        return events
