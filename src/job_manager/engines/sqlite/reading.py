"""Reading a journal beside its writer: for ls, status, logs. Never writes, never takes a lock, needs no holder.

Knows no rules; gives events and the cached rows of the job list.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator

from job_manager.core.events import Event, unpack
from job_manager.engines.sqlite.journal import engine_errors, found_format, read_chain
from job_manager.ports.history import JobRow


class Reading:
    """A journal open for reading; one that does not exist has no jobs."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        if os.path.exists(path):
            with engine_errors(path):
                self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        # query_only instead of mode=ro: a read-only connection cannot open a WAL file whose -shm is gone.
        db = sqlite3.connect(self._path, isolation_level=None, timeout=5)
        db.execute("PRAGMA query_only=ON")
        db.execute("PRAGMA wal_autocheckpoint=0")
        found_format(db, self._path)
        return db

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
            for packed in read_chain(self._db, self._path, job):
                yield unpack(job, packed)

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            self._db.close()
