"""The journal file: its tables, the hash chain, and the one durable append. The only writer of the file.

Knows events only as packed lists. WAL with synchronous=FULL: what append returned from survives a power cut. One
connection writes and checkpoints, since SQLite before 3.51.3 may damage a file that two of them checkpoint at once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from job_manager.core.events import Event, unpack
from job_manager.engines.sqlite.faults import UNSURE, UnsureWrite, engine_errors, explained, is_full
from job_manager.engines.sqlite.library import sqlite3
from job_manager.engines.sqlite.mark import clear_mark, set_mark
from job_manager.engines.sqlite.reserve import Reserve
from job_manager.model.errors import EngineError
from job_manager.model.hints import Any
from job_manager.ports.history import Damage, Damaged

try:
    from _blake2 import blake2b  # what hashlib gives, without the milliseconds it takes to load OpenSSL first
except ImportError:
    from hashlib import blake2b

FORMAT = 1  # PRAGMA user_version; raised when the tables or the meaning of their rows change
CHECKPOINT_TURNS = 2000
LOG_LIMIT = 64 << 20  # bytes of the write-ahead log that it may keep when empty, and from which on it is too long

FINISHED = frozenset({"succeeded", "failed", "cancelled"})

SCHEMA = """
CREATE TABLE turn (
    n INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    seq INTEGER NOT NULL,   -- number of the job's events before this turn
    count INTEGER NOT NULL,
    at REAL NOT NULL,
    body TEXT NOT NULL,     -- JSON list of packed events
    hash BLOB NOT NULL      -- of the job's turn before and of this whole row
) STRICT;
CREATE UNIQUE INDEX turn_of_job ON turn (job, seq);
CREATE TABLE head (         -- the end of each job's chain, and a cache of what `jm ls` shows
    job TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,    -- open, paused, succeeded, failed or cancelled
    submitted REAL NOT NULL,
    finished REAL,
    counts TEXT NOT NULL    -- JSON, number of actions by state, when finished
) STRICT;
"""


Turn = tuple[str, "Head", Sequence[list[Any]]]  # of one job: the end of its chain, and the events to come


class Head:
    """The end of one job's chain."""

    __slots__ = ("hash", "seq")

    def __init__(self, seq: int = 0, hash: bytes = b"") -> None:
        self.seq = seq
        self.hash = hash


def chained(before: bytes, job: str, seq: int, count: int, at: float, body: bytes) -> bytes:
    """The hash of a turn: nothing of its row can change, go missing or change places unnoticed."""
    row = f"{job}\n{seq}\n{count}\n{at!r}\n".encode()
    return blake2b(before + row + body, digest_size=16).digest()


def found_format(db: sqlite3.Connection, path: str) -> int:
    """The format the file was written in, 0 for a new one. Raises EngineError for a later one than ours."""
    found: int = db.execute("PRAGMA user_version").fetchone()[0]
    if found > FORMAT:
        raise EngineError(f"{path} was written by a newer job_manager (format {found}; this one reads {FORMAT})")
    return found


class Journal:
    """An open journal; makes the file (0600) when there is none. `patience`: seconds to wait for another program that
    holds the file. `reserve`: a file that is given up when the disk is full. `warning`: what a person should know of
    it, or ""; `full_at`: when the disk was last too full for a turn (Unix time), until somebody has heard of it.

    After an UnsureWrite nothing is written by this journal any more: after a failed fsync the kernel takes for clean
    what never came to the disk, so that trying again would only look like success (Rebello et al., ATC 2020)."""

    def __init__(self, path: str, patience: float = 30.0, reserve: str = "") -> None:
        self.path = path
        self.warning, self.full_at = "", 0.0
        self._unsure: UnsureWrite | None = None
        self._since_checkpoint = 0
        self._reserve = Reserve(reserve)
        with engine_errors(path):
            if not os.path.exists(path):
                os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
            set_mark(path)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=patience)
            try:
                self._open()
            except BaseException:
                self._db.close()
                raise

    def _open(self) -> None:
        db = self._db
        found = found_format(db, self.path)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA wal_autocheckpoint=0")
        db.execute(f"PRAGMA journal_size_limit={LOG_LIMIT}")
        if not found:
            db.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version={FORMAT}; COMMIT;")
            return
        if found < FORMAT:
            from job_manager.engines.sqlite.upgrading import upgrade

            upgrade(db, self.path, found, FORMAT)
        if log_size(self.path):
            # Of a writer that was killed: whether it came to the disk is not known before it has been folded in.
            self._checkpoint("PASSIVE")

    def be_patient(self, seconds: float) -> None:
        """How long to wait from now on for another program that holds the file."""
        with engine_errors(self.path):
            self._db.execute(f"PRAGMA busy_timeout={round(seconds * 1000)}")

    def head(self, job: str) -> Head:
        """The end of a job's chain; an empty one for a job that has no events."""
        with engine_errors(self.path):
            row = self._db.execute("SELECT seq, hash FROM head WHERE job=?", (job,)).fetchone()
        return Head(*row) if row else Head()

    def open_jobs(self) -> list[str]:
        """Jobs that are not finished, in the order in which they were submitted."""
        with engine_errors(self.path):
            rows = self._db.execute("SELECT job, state FROM head ORDER BY submitted, rowid").fetchall()
        return [job for job, state in rows if state not in FINISHED]

    def append(self, at: float, turns: Sequence[Turn]) -> bool:
        """One durable step for (job, head as known, packed events) of any number of jobs; heads are moved on.

        False, and nothing written, when a head in the file is not the one given."""
        at = float(at)  # as it is read back, or the hash would not be that of the row
        bodies = [_body(self.path, job, events) for job, _, events in turns]
        try:
            hashes = self._append_all(at, turns, bodies)
        except EngineError as error:
            if is_full(error.__cause__):
                self.full_at = at
            if not (is_full(error.__cause__) and self._reserve.give_up()):
                raise
            hashes = self._append_all(at, turns, bodies)
        if hashes is None:
            return False
        self._move_on(turns, hashes)
        return True

    def _append_all(self, at: float, turns: Sequence[Turn], bodies: Sequence[str]) -> list[bytes] | None:
        """The hashes of the turns; None when they are not written, since one does not fit."""
        hashes: list[bytes] = []
        with self._transaction():
            for turn, body in zip(turns, bodies, strict=True):
                hash = self._append_one(at, *turn, body)
                if hash is None:
                    self._db.execute("ROLLBACK")
                    return None
                hashes.append(hash)
        return hashes

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._unsure is not None:
            raise self._unsure
        try:
            with engine_errors(self.path):
                yield from self._step()
        except UnsureWrite as error:
            self._unsure = error
            raise

    def _step(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            if self._db.in_transaction:
                self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _append_one(self, at: float, job: str, head: Head, events: Sequence[list[Any]], body: str) -> bytes | None:
        """The hash of the turn; None when that of its job's last one is not what the head says."""
        hash = chained(head.hash, job, head.seq, len(events), at, body.encode())
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
            return None
        row = (job, head.seq, len(events), at, body, hash)
        put = self._db.execute("INSERT INTO turn (job, seq, count, at, body, hash) VALUES (?, ?, ?, ?, ?, ?)", row)
        self._last = put.lastrowid or 0
        for event in events:
            if event[0] in SUMMARIES:
                self._db.execute(*_summary(job, event))
        return hash

    def _move_on(self, turns: Sequence[Turn], hashes: Sequence[bytes]) -> None:
        for (_, head, events), hash in zip(turns, hashes, strict=True):
            head.hash = hash
            head.seq += len(events)
        self._reserve.keep()
        if not self._since_checkpoint:
            self._mark()
        self._since_checkpoint += 1
        if self._since_checkpoint >= CHECKPOINT_TURNS:
            self._checkpoint("PASSIVE")

    def _mark(self) -> None:
        try:
            set_mark(self.path, self._last)
        except OSError:
            pass  # it is there already, unless somebody has removed it

    def _checkpoint(self, mode: str) -> bool:
        """Fold the log into the file; True when all of it was."""
        self._since_checkpoint = 0
        try:
            busy, frames, folded = self._db.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except sqlite3.Error as cause:
            if getattr(cause, "sqlite_errorcode", 0) in UNSURE:
                self._unsure = explained(self.path, cause)  # type: ignore[assignment]  # what these codes give
            return False  # what was appended is safe in the log beside the file, and is folded in another time
        self.warning = _too_long(self.path) if folded < frames and log_size(self.path) > LOG_LIMIT else ""
        return not busy and folded == frames

    def events(self, job: str) -> Iterator[Event]:
        """Every event of a job in order. Raises EngineError where the chain is broken."""
        yield from read_chain(self._db, self.path, job)

    def remove(self, job: str) -> None:
        """Forget a job and all its events; nothing of them is left in the file for a repair to find."""
        self._db.execute("PRAGMA secure_delete=ON")
        with self._transaction():
            self._db.execute("DELETE FROM turn WHERE job=?", (job,))
            self._db.execute("DELETE FROM head WHERE job=?", (job,))

    def restore(self, turns: Iterable[tuple[str, float, int, bytes]]) -> None:
        """Append, in one step, turns of another journal: (job, at, count, body) in their old order."""
        heads: dict[str, Head] = {}
        with self._transaction():
            for job, at, count, body in turns:
                head = heads.setdefault(job, Head())
                text = body.decode()
                self._append_one(at, job, head, json.loads(text), text)
                head.hash = chained(head.hash, job, head.seq, count, at, body)
                head.seq += count

    def shrink(self) -> None:
        """Give back to the file system what removed jobs have left, when that is a quarter of the file or more."""
        with engine_errors(self.path):
            if self._number("freelist_count") * 4 >= self._number("page_count"):
                self._db.execute("VACUUM")

    def _number(self, pragma: str) -> int:
        found: int = self._db.execute(f"PRAGMA {pragma}").fetchone()[0]
        return found

    def close(self) -> None:
        """Let go of the file; the write-ahead log is folded into it."""
        if self._unsure is not None:
            self._leave_log()
        elif self._checkpoint("TRUNCATE"):
            clear_mark(self.path)
        self._db.close()

    def _leave_log(self) -> None:
        """Not to be the last who closes: that one would fold in what may not have come to the disk."""
        from job_manager.engines.sqlite.connecting import connect

        try:
            beside = connect(self.path, "mode=ro")
            beside.execute("SELECT 1 FROM head LIMIT 1").fetchall()
        except sqlite3.Error:
            return
        self._db.close()
        beside.close()


def log_size(path: str) -> int:
    """Bytes of the write-ahead log beside the file; 0 where there is none."""
    try:
        return os.stat(f"{path}-wal").st_size
    except OSError:
        return 0


def _too_long(path: str) -> str:
    from job_manager.engines.sqlite.holding import in_words, others

    readers = others(path)
    by = f"; it is being read by {in_words(readers)}" if readers else ""
    return f"the log of the journal ({path}-wal) has grown to {log_size(path) >> 20} MiB and cannot be folded in{by}"


def _body(path: str, job: str, events: Sequence[list[Any]]) -> str:
    try:
        return json.dumps(events, separators=(",", ":"))
    except RecursionError:
        raise EngineError(
            f"job {job} is nested too deep to be written to {path}", "put its tasks side by side"
        ) from None


# One statement, so that turns and the end of the chain are of one moment even while somebody writes.
CHAIN = """
SELECT head.seq, head.hash, turn.seq, turn.count, turn.at, CAST(turn.body AS BLOB), turn.hash
FROM head LEFT JOIN turn ON turn.job = head.job WHERE head.job=? ORDER BY turn.seq
"""


def read_chain(db: sqlite3.Connection, path: str, job: str) -> Iterator[Event]:
    """Every event of a job in order, from turns that are held to the hash chain. Raises EngineError as `turns` does."""
    return (event for _, event in read_timed(db, path, job))


def read_timed(db: sqlite3.Connection, path: str, job: str) -> Iterator[tuple[float, Event]]:
    """The same, each with the time at which its turn was written."""
    for when, body in turns(db, path, job):
        yield from ((when, event) for event in packed_events(path, job, body))


def packed_events(path: str, job: str, body: bytes) -> list[Event]:
    """The events of one turn. Raises EngineError for those of a newer version."""
    return [_unpacked(path, job, packed) for packed in json.loads(body)]


def turns(db: sqlite3.Connection, path: str, job: str) -> Iterator[tuple[float, bytes]]:
    """The events of a job turn by turn, as written and when, each turn held to the hash chain and the chain to its end.

    Raises EngineError naming job and event where that is broken."""
    hash, seq = b"", 0
    end: tuple[int, bytes] | None = None
    with engine_errors(path):
        for last, last_hash, at, count, when, body, found in db.execute(CHAIN, (job,)):
            end = (last, last_hash)
            if body is None:
                break  # the end of a chain that is not there
            hash = chained(hash, job, seq, count, when, body)
            if at != seq or found != hash:
                raise damaged(path, job, seq, "the hash chain is broken")
            seq += count
            yield when, body
        if end is None and db.execute("SELECT 1 FROM turn WHERE job=? LIMIT 1", (job,)).fetchone():
            raise damaged(path, job, 0, "the end of its chain is missing")
    if end is not None and end != (seq, hash):
        raise damaged(path, job, seq, "what was written last is missing")


def damaged(path: str, job: str, seq: int, what: str) -> Damaged:
    """The error that the history of a job is not as it was written from this event on."""
    return Damaged(path, Damage(job, seq, what))


def _unpacked(path: str, job: str, packed: Sequence[Any]) -> Event:
    try:
        return unpack(job, packed)
    except (KeyError, TypeError) as cause:
        text = f"{path} has an event {packed[0]!r} in job {job} that this job_manager does not know"
        raise EngineError(text, "it was written by a newer one: use that") from cause


def _summary(job: str, event: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    try:
        change: tuple[str, tuple[Any, ...]] = SUMMARIES[event[0]](job, event)
    except (IndexError, KeyError, TypeError, AttributeError):
        return "SELECT ?", (job,)  # of a job that makes no sense, which is found when it is folded
    return change


# A job that was at its end is held no more; another may be paused.
OPEN_AGAIN = "UPDATE head SET state=iif(finished IS NULL, state, 'open'), finished=NULL WHERE job=?"
# What a few kinds of events change in the row that `jm ls` shows. A cache: the events are the truth.
SUMMARIES: dict[str, Any] = {
    "job-submitted": lambda job, event: (
        "UPDATE head SET name=?, submitted=? WHERE job=?",
        (event[2]["Job"].get("title", ""), event[1], job),
    ),
    "job-held": lambda job, event: (
        "UPDATE head SET state=? WHERE job=?",
        ("paused" if event[2] == "paused" else "open", job),
    ),
    "job-finished": lambda job, event: (
        "UPDATE head SET state=?, finished=?, counts=? WHERE job=?",
        (event[2], event[1], json.dumps(event[3]), job),
    ),
    "job-resumed": lambda job, event: (
        "UPDATE head SET state='open', finished=NULL, name=coalesce(?, name) WHERE job=?",
        (event[3] and event[3]["Job"].get("title", ""), job),
    ),
    "job-released": lambda job, event: ("UPDATE head SET state='open' WHERE job=?", (job,)),
    "job-retried": lambda job, event: (OPEN_AGAIN, (job,)),
    "excused": lambda job, event: (OPEN_AGAIN, (job,)),
}
