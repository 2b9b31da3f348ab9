"""What SQLite and the disk raise, in words: which file, whose fault, and whether it may heal by itself.

Knows error codes and how a file system says that it is full; nothing of tables or jobs.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from job_manager.engines.sqlite.library import sqlite3
from job_manager.model.errors import EngineError
from job_manager.ports.history import Damage, Damaged

BUSY, LOCKED, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB = 5, 6, 8, 10, 11, 13, 14, 26  # sqlite.org/rescode.html
UNSURE = frozenset({IOERR | 4 << 8, IOERR | 5 << 8})  # fsync of the file, of its directory
NO_ROOM = 64 * 1024  # bytes; SQLite may say "I/O error" where its shared memory finds no room
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


class UnsureWrite(EngineError):
    """Nobody knows what of the last writes is on the disk: this connection must not be used again."""


@contextmanager
def engine_errors(path: str) -> Iterator[None]:
    """Turn what SQLite raises into an EngineError that says which file and what to do."""
    try:
        yield
    except (sqlite3.Error, OSError) as cause:
        raise explained(path, cause) from cause


def is_full(cause: BaseException | None) -> bool:
    """Whether that is what SQLite says of a full disk."""
    return isinstance(cause, sqlite3.Error) and (getattr(cause, "sqlite_errorcode", None) or 0) & 0xFF == FULL


def explained(path: str, cause: Exception) -> EngineError:
    """The error to be said. Retryable when what is in the way may go away by itself, or is taken away by a person."""
    code = getattr(cause, "sqlite_errorcode", None) or 0
    kind, text = code & 0xFF, str(cause)
    if code in UNSURE:
        return UnsureWrite(
            f"the disk failed to keep what was written to {path} ({text})",
            "look after the disk (`dmesg` may say more); then `jm doctor`, and resume the job",
        )
    if kind == FULL or getattr(cause, "errno", 0) in NO_SPACE or (kind in (IOERR, CANTOPEN) and _lacks_room(path)):
        return EngineError(f"the disk is full: {_what_is_full(path)}", "free some space", retryable=True)
    if kind in (BUSY, LOCKED):
        return EngineError(f"another program holds {path}: {text}{_by(path)}", "close it", retryable=True)
    if kind == READONLY or getattr(cause, "errno", 0) == errno.EROFS:
        return EngineError(f"{path} cannot be written to: {text}", "make it writable again", retryable=True)
    if kind in (CORRUPT, NOTADB):
        return Damaged(path, Damage("", 0, text))
    return EngineError(f"the journal {path} cannot be used: {text}")


def _room(path: str) -> tuple[int, int]:
    """Bytes and files for which there is room where the file lies."""
    try:
        found = os.statvfs(os.path.dirname(path) or ".")
    except OSError:
        return NO_ROOM, 1
    # Some file systems (btrfs) count no files at all.
    return found.f_bavail * found.f_frsize, found.f_favail if found.f_files else 1


def _lacks_room(path: str) -> bool:
    free, files = _room(path)
    return free < NO_ROOM or not files


def _what_is_full(path: str) -> str:
    free, files = _room(path)
    return f"{path} (no more files can be made there: inodes)" if free >= NO_ROOM and not files else path


def _by(path: str) -> str:
    # Imported here: it is seldom that somebody is in the way.
    from job_manager.engines.sqlite.holding import in_words, others

    found = others(path)
    return f" by {in_words(found)}" if found else ""
