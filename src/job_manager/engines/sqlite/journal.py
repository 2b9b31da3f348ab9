"""The journal file: its tables, the hash chain, and the one durable append. The only writer of the file.

Knows events only as packed lists. WAL with synchronous=FULL: what append returned from survives a power cut. One
connection writes and checkpoints, since SQLite before 3.51.3 may damage a file that two of them checkpoint at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from job_manager.model.errors import EngineError

FORMAT = 1  # PRAGMA user_version; raised when the tables or the meaning of their rows change
CHECKPOINT_TURNS = 2000

SCHEMA = """
CREATE TABLE turn (
    n INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    seq INTEGER NOT NULL,   -- number of the job's events before this turn
    count INTEGER NOT NULL,
    at REAL NOT NULL,
    body TEXT NOT NULL,     -- JSON list of packed events
    hash BLOB NOT NULL      -- blake2b(hash of the job's turn before || body)
) STRICT;
CREATE UNIQUE INDEX turn_of_job ON turn (job, seq);
CREATE TABLE head (         -- a cache of the last turn of each job, and what `jm ls` shows
    job TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,    -- open, succeeded or failed
    submitted REAL NOT NULL,
    finished REAL,
    counts TEXT NOT NULL    -- JSON, number of actions by state, when finished
) STRICT;
"""


class Head:
    """The end of one job's chain."""

    __slots__ = ("hash", "seq")

    def __init__(self, seq: int = 0, hash: bytes = b"") -> None:
        self.seq = seq
        self.hash = hash


def chained(before: bytes, body: str) -> bytes:
    """The hash of a turn."""
    return hashlib.blake2b(before + body.encode("utf-8"), digest_size=16).digest()


@contextmanager
def engine_errors(path: str) -> Iterator[None]:
    """Turn what SQLite raises into an EngineError that says which file and what to do."""
    try:
        yield
    except sqlite3.Error as cause:
        raise _explained(path, cause) from cause


def found_format(db: sqlite3.Connection, path: str) -> int:
    """The format the file was written in, 0 for a new one. Raises EngineError for a later one than ours."""
    found: int = db.execute("PRAGMA user_version").fetchone()[0]
    if found > FORMAT:
        raise EngineError(f"{path} was written by a newer job_manager (format {found}; this one reads {FORMAT})")
    return found


def _explained(path: str, cause: sqlite3.Error) -> EngineError:
    text = str(cause)
    if "full" in text:
        return EngineError(f"the disk is full: {path}", "free some space, then resume the job", retryable=True)
    if "locked" in text or "busy" in text:
        return EngineError(f"another program holds {path}: {text}", "close it, then try again", retryable=True)
    if "malformed" in text or "not a database" in text:
        return EngineError(f"the journal {path} is damaged: {text}", "keep a copy of the file before anything else")
    return EngineError(f"the journal {path} cannot be used: {text}")


class Journal:
    """An open journal; makes the file (0600) when there is none."""

    def __init__(self, path: str) -> None:
        self.path = path
        with engine_errors(path):
            self._open()
        self._since_checkpoint = 0

    def _open(self) -> None:
        if not os.path.exists(self.path):
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
        self._db = db = sqlite3.connect(self.path, isolation_level=None, timeout=30)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA wal_autocheckpoint=0")
        if not found_format(db, self.path):
            db.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version={FORMAT}; COMMIT;")

    def head(self, job: str) -> Head:
        """The end of a job's chain; an empty one for a job that has no events."""
        with engine_errors(self.path):
            row = self._db.execute("SELECT seq, hash FROM head WHERE job=?", (job,)).fetchone()
        return Head(*row) if row else Head()

    def append(self, at: float, turns: Sequence[tuple[str, Head, Sequence[list[Any]]]]) -> bool:
        """One durable step for (job, head as known, packed events) of any number of jobs; heads are moved on.

        False, and nothing written, when a head in the file is not the one given."""
        bodies = [json.dumps(events, separators=(",", ":")) for _, _, events in turns]
        with engine_errors(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                fits = all(self._append_one(at, *turn, body) for turn, body in zip(turns, bodies, strict=True))
                self._db.execute("COMMIT" if fits else "ROLLBACK")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            if fits:
                self._move_on(turns, bodies)
        return fits

    def _append_one(self, at: float, job: str, head: Head, events: Sequence[list[Any]], body: str) -> bool:
        hash = chained(head.hash, body)
        if head.seq == 0:
            added = self._db.execute(
                "INSERT OR IGNORE INTO head VALUES (?, ?, ?, '', 'open', ?, NULL, '{}')", (job, len(events), hash, at)
            )
        else:
            added = self._db.execute(
                "UPDATE head SET seq=?, hash=? WHERE job=? AND seq=? AND hash=?",
                (head.seq + len(events), hash, job, head.seq, head.hash),
            )
        if added.rowcount != 1:
            return False
        row = (job, head.seq, len(events), at, body, hash)
        self._db.execute("INSERT INTO turn (job, seq, count, at, body, hash) VALUES (?, ?, ?, ?, ?, ?)", row)
        for event in events:
            if event[0] in SUMMARIES:
                self._db.execute(*SUMMARIES[event[0]](job, event))
        return True

    def _move_on(self, turns: Sequence[tuple[str, Head, Sequence[list[Any]]]], bodies: Sequence[str]) -> None:
        for (_, head, events), body in zip(turns, bodies, strict=True):
            head.hash = chained(head.hash, body)
            head.seq += len(events)
        self._since_checkpoint += 1
        if self._since_checkpoint >= CHECKPOINT_TURNS:
            self._checkpoint("PASSIVE")

    def _checkpoint(self, mode: str) -> None:
        self._since_checkpoint = 0
        self._db.execute(f"PRAGMA wal_checkpoint({mode})")

    def read(self, job: str) -> Iterator[list[Any]]:
        """Every packed event of a job in order. Raises EngineError where the chain is broken."""
        yield from read_chain(self._db, self.path, job)

    def remove(self, job: str) -> None:
        """Forget a job and all its events."""
        with engine_errors(self.path):
            self._db.executescript("BEGIN IMMEDIATE;")
            self._db.execute("DELETE FROM turn WHERE job=?", (job,))
            self._db.execute("DELETE FROM head WHERE job=?", (job,))
            self._db.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file; the write-ahead log is folded into it."""
        try:
            self._checkpoint("TRUNCATE")
        except sqlite3.Error:
            pass  # the log stays beside the file and is read from there; nothing is lost
        self._db.close()


def read_chain(db: sqlite3.Connection, path: str, job: str) -> Iterator[list[Any]]:
    """Every packed event of a job in order, each turn held to the hash chain. Raises EngineError where it is broken."""
    hash, seq = b"", 0
    with engine_errors(path):
        rows = db.execute("SELECT seq, count, body, hash FROM turn WHERE job=? ORDER BY seq", (job,))
        for at, count, body, found in rows:
            hash = chained(hash, body)
            if at != seq or found != hash:
                raise EngineError(
                    f"the journal {path} is damaged: job {job}, event {seq}: the hash chain is broken",
                    "keep a copy of the file before anything else",
                )
            seq += count
            yield from json.loads(body)


# What a few kinds of events change in the row that `jm ls` shows. A cache: the events are the truth.
SUMMARIES: dict[str, Any] = {
    "job-submitted": lambda job, event: (
        "UPDATE head SET name=?, submitted=? WHERE job=?",
        (event[2]["Job"].get("title", ""), event[1], job),
    ),
    "job-finished": lambda job, event: (
        "UPDATE head SET state=?, finished=?, counts=? WHERE job=?",
        (event[2], event[1], json.dumps(event[3]), job),
    ),
    "job-resumed": lambda job, event: ("UPDATE head SET state='open', finished=NULL WHERE job=?", (job,)),
}
