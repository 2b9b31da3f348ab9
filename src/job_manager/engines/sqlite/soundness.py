"""Whether a journal is as it was written: its chains, its pages, and the log beside it. Reads only.

Bounded for a start, whole for who asks. Knows no events and no way to mend anything.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

from job_manager.engines.sqlite.connecting import connect
from job_manager.engines.sqlite.journal import log_size, turns
from job_manager.engines.sqlite.library import sqlite3
from job_manager.engines.sqlite.mark import Mark, marked
from job_manager.model.errors import EngineError
from job_manager.ports.history import Damage, Damaged

MOST_EVENTS = 100_000  # of finished jobs, newest first, that a start reads
MOST_BYTES = 8 << 20  # of a file that a start has looked through page by page
HEADER, FRAME = 32, 24  # bytes before the first frame of a log, and before the page of each
UNLISTED = """
WITH RECURSIVE found(job) AS (
    SELECT min(job) FROM turn
    UNION ALL SELECT (SELECT min(job) FROM turn WHERE job > found.job) FROM found WHERE found.job IS NOT NULL
) SELECT job FROM found WHERE job IS NOT NULL AND job NOT IN (SELECT job FROM head)
"""


def damages(db: sqlite3.Connection, path: str, thorough: bool) -> Iterator[Damage]:
    """Everything found, one of each job. Not `thorough`: of jobs that are not finished all, of others the newest."""
    yield from lost_log(db, path)
    try:
        yield from _of_pages(db, path, thorough)
        yield from _of_chains(db, path, thorough)
    except (sqlite3.DatabaseError, EngineError) as cause:
        yield Damage("", 0, str(cause))
    except UnicodeDecodeError:
        yield Damage("", 0, "its words are no text any more")


def _of_pages(db: sqlite3.Connection, path: str, thorough: bool) -> Iterator[Damage]:
    if thorough or os.path.getsize(path) <= MOST_BYTES:
        said = [row[0] for row in db.execute("PRAGMA integrity_check(3)")]
        if said != ["ok"]:
            yield Damage("", 0, "; ".join(" ".join(line.split()) for line in said))


def _of_chains(db: sqlite3.Connection, path: str, thorough: bool) -> Iterator[Damage]:
    left = MOST_EVENTS
    rows = db.execute("SELECT job, seq, finished FROM head ORDER BY finished IS NOT NULL, submitted DESC").fetchall()
    for job, events, finished in rows:
        if finished is not None and not thorough:
            left -= events
            if left < 0:
                break
        found = of_job(db, path, job)
        if found is not None:
            yield found
    for (job,) in db.execute(UNLISTED).fetchall():
        yield Damage(job, 0, "the end of its chain is missing")


def of_job(db: sqlite3.Connection, path: str, job: str) -> Damage | None:
    """What is wrong with the history of a job, or None."""
    try:
        for _ in turns(db, path, job):
            pass
    except Damaged as found:
        return found.damage
    return None


# --- the log beside the file ------------------------------------------------------------------------------------------


def lost_log(db: sqlite3.Connection | None, path: str) -> Iterator[Damage]:
    """Turns that were committed to the log and are not there any more, with it or in the middle of it."""
    mark, log = marked(path), f"its write-ahead log ({os.path.basename(path)}-wal)"
    if is_foreign(path, mark) if mark is not None else _forgets(db, path):
        yield Damage("", 0, f"{log} is of another journal")
    elif mark is not None and _last_turn(db) < mark.turn:
        state = "is damaged" if log_size(path) else "is gone"
        yield Damage("", 0, f"{log} {state}, and what was written last is lost with it")
    elif db is not None and log_size(path) > HEADER and _torn_log(db, path):
        yield Damage("", 0, f"{log} is damaged in the middle")


def is_foreign(path: str, mark: Mark) -> bool:
    """Whether there is a commit in a log, and the mark is that of another one."""
    if not log_size(path):
        return False
    with open(f"{path}-wal", "rb") as log:
        salts, size = log_header(log.read(HEADER))
    if not size or mark.fits(salts):
        return False
    return any(frame[4:8] != b"\0\0\0\0" for frame in _frames_from(path, 0))


def _forgets(db: sqlite3.Connection | None, path: str) -> bool:
    """Whether a log that nobody has marked goes on with another history than that in the file."""
    if db is None or log_size(path) <= HEADER:
        return False
    try:
        alone = connect(path, "immutable=1")
        try:
            heads = alone.execute("SELECT job, hash FROM head WHERE hash IS NOT NULL").fetchall()
        finally:
            alone.close()
        return any(not db.execute("SELECT 1 FROM turn WHERE job=? AND hash=?", head).fetchone() for head in heads)
    except sqlite3.DatabaseError:
        return False  # what is wrong with the file, or with the two together, is found by others


def _last_turn(db: sqlite3.Connection | None) -> int:
    try:
        return (db.execute("SELECT max(n) FROM turn").fetchone()[0] or 0) if db is not None else 0
    except sqlite3.DatabaseError:
        return 0


def _torn_log(db: sqlite3.Connection, path: str) -> bool:
    """Whether there is a commit beyond the frames that SQLite takes for good, and more after it: nobody writes on
    before a commit is on the disk, so it was. What was being written when the power went looks otherwise."""
    good = _good_frames(db, path)
    if good is None:
        return False
    after_commit = False
    for frame in _frames_from(path, good):
        if after_commit:
            return good == _good_frames(db, path)  # else somebody is writing just now
        after_commit = frame[4:8] != b"\0\0\0\0"
    return False


def _frames_from(path: str, number: int) -> Iterator[bytes]:
    """The heads of the frames of this log from one on that belong to it: not what an earlier one has left behind its
    end, nor a head that is damaged."""
    with open(f"{path}-wal", "rb") as log:
        salt, size = log_header(log.read(HEADER))
        while size:
            log.seek(HEADER + number * (FRAME + size))
            frame = log.read(FRAME)
            if len(frame) < FRAME:
                return
            if frame[8:16] == salt:
                yield frame
            number += 1


def log_header(header: bytes) -> tuple[bytes, int]:
    """The salts of the frames of a log, and the size of its pages; 0 when it is none."""
    if len(header) < HEADER or header[:4] not in (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"):
        return b"", 0
    size = int.from_bytes(header[8:12], "big")
    return header[16:24], size if size in [1 << power for power in range(9, 17)] else 0


def _good_frames(db: sqlite3.Connection, path: str) -> int | None:
    """How many frames of the log SQLite reads; None where that cannot be told."""
    try:
        db.execute("SELECT count(*) FROM head").fetchone()  # it reads the log before it answers
        return int(struct.unpack_from("=I", os.pread(_index(path), 32, 0), 16)[0])
    except (sqlite3.DatabaseError, OSError, struct.error):
        return None


# Whoever closes a file gives up every lock that his process has on it, also those of SQLite; the next who comes takes
# himself for the first then, cuts the index short, and who has it in his memory dies of SIGBUS. So it stays open.
_indices: dict[str, list[int]] = {}


def _index(path: str) -> int:
    handle = os.open(f"{path}-shm", os.O_RDONLY | os.O_CLOEXEC)
    _indices.setdefault(path, []).append(handle)
    return handle


def let_go(path: str) -> None:
    """The connection that was looked through is closed: nothing needs to be kept open for it any more."""
    for handle in _indices.pop(path, ()):
        os.close(handle)
