"""The mark beside a journal: that a log of it must be there, and from which turn on. Without it nobody would miss a log
that was deleted, since the file alone is sound, only older.

Written after the first commit since the log was last folded in, taken away when it is folded in whole. Not forced to
disk: without it only this one loss goes unnoticed.
"""

from __future__ import annotations

import os

ENDING = "-open"


def set_mark(path: str, turn: int) -> None:
    """From this turn (its number in the table) on everything may stand in the log only."""
    try:
        handle = os.open(path + ENDING, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:
        return  # what was committed is safe all the same
    try:
        os.pwrite(handle, b"%020d\n" % turn, 0)
    except OSError:
        pass
    finally:
        os.close(handle)


def clear_mark(path: str) -> None:
    """Nothing stands in the log only."""
    try:
        os.unlink(path + ENDING)
    except OSError:
        pass


def marked(path: str) -> int | None:
    """The turn of the mark, or None where there is none, or a torn one."""
    try:
        with open(path + ENDING, "rb") as content:
            return int(content.read(64))
    except (OSError, ValueError):
        return None
