"""The mark beside a journal that is open for writing: which log belongs to it, and from which turn on that is needed.
Without it nobody would miss a log that was deleted, since the file alone is sound, only older; nor notice another's.

Made before the log is, renewed with the first commit since that was last folded in, taken away when it is folded in
whole. Not forced to disk by itself: SQLite syncs the folder with the log's first commit.
"""

from __future__ import annotations

import os

from job_manager.model.record import NamedTuple

ENDING = "-open"
SALTS = slice(16, 24)  # of a log's header: the first counts up with every new beginning of the log
MANY = 1 << 20  # new beginnings since the mark was renewed


class Mark(NamedTuple):
    """`turn`: the number in the table of the first turn that may stand in the log only, 0 for none; `salts` of that
    log, or b""."""

    turn: int
    salts: bytes

    def fits(self, salts: bytes) -> bool:
        """Whether a log with these salts may be the one that is meant."""
        if not self.salts:
            return True
        before, now = (int.from_bytes(each[:4], "big") for each in (self.salts, salts))
        return (now - before) % (1 << 32) < MANY


def set_mark(path: str, turn: int = 0) -> None:
    """From this turn on everything may stand in the log only. Raises OSError only where no file can be made."""
    handle = os.open(path + ENDING, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if turn or not os.fstat(handle).st_size:
            os.pwrite(handle, b"%020d %s\n" % (turn, _salts(path).hex().encode()), 0)
    except OSError:
        pass  # what was committed is safe all the same
    finally:
        os.close(handle)


def _salts(path: str) -> bytes:
    try:
        with open(f"{path}-wal", "rb") as log:
            return log.read(SALTS.stop)[SALTS]
    except OSError:
        return b""


def clear_mark(path: str) -> None:
    """Nothing stands in the log only."""
    try:
        os.unlink(path + ENDING)
    except OSError:
        pass


def marked(path: str) -> Mark | None:
    """The mark; None where there is none. Of a torn one nothing is known."""
    try:
        with open(path + ENDING, "rb") as content:
            words = content.read(64).split()
        return Mark(int(words[0]), bytes.fromhex(words[1].decode()) if len(words) > 1 else b"")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, IndexError):
        return Mark(0, b"")
