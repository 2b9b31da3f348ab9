"""What an attempt itself says of its end: exit status and failure message at the end of its log, and its error file.

Read once, when it is over; never more than a piece of bounded size. Decides nothing.
"""

from __future__ import annotations

import os
import re
import stat

from job_manager.model.pattern import late
from job_manager.model.record import NamedTuple
from job_manager.worker.child import LAST_WORDS, PIECE

ERROR_FILE = "error-message"  # in the attempt's directory; JM_ERROR_FILE
ERROR_BYTES = 4096  # of an error file that are read
SENTENCE = 500  # characters of a message that are kept

STATUS = late(rb"^((?:TR|ALF)_EXIT_STATUS)[ \t]{1,8}(-?\d{1,10})[ \t]*$", re.MULTILINE)
FAILURE = late(rb"^openjd_fail: ([^\n]+)", re.MULTILINE)


class Words(NamedTuple):
    """Of the last such lines: the exit status and how the line begins, or None and ""; the failure message or ""."""

    status: int | None = None
    name: str = ""
    failure: str = ""


NOTHING = Words()
NO_ROOM = (b"No space left on device", b"Disk quota exceeded")


def words_in(log: str) -> Words:
    """What the last 64 KiB of a log say. An empty log, or none, costs one system call."""
    tail = _end_of(log)
    if not any(words in tail for words in LAST_WORDS):
        return NOTHING
    tail = tail.replace(b"\r", b"\n")
    said, failed = STATUS.findall(tail), FAILURE.findall(tail)
    name, status = (said[-1][0].decode("ascii"), int(said[-1][1])) if said else ("", None)
    return Words(status, name, sentence(failed[-1]) if failed else "")


def speaks_of_room(log: str) -> bool:
    """Whether the last 64 KiB of a log say that a disk was full, as the system words it."""
    tail = _end_of(log)
    return any(words in tail for words in NO_ROOM)


def _end_of(path: str) -> bytes:
    try:
        size = os.stat(path).st_size
        if not size:
            return b""
        tail = _read(path, max(0, size - PIECE), PIECE)
    except (OSError, ValueError):  # ValueError: a path that this locale cannot say
        return b""
    # What is cut off in the middle is no line: it could be the end of some other text.
    return tail if size <= PIECE else tail.partition(b"\n")[2]


def _read(path: str, offset: int, limit: int) -> bytes:
    # The program could have put a pipe or a link to elsewhere in its place.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return os.pread(handle, limit, offset) if stat.S_ISREG(os.fstat(handle).st_mode) else b""
    finally:
        os.close(handle)


def sentence(text: bytes) -> str:
    """The first line that is not blank as text, bytes that are none as `\\x80`, cut when it is too long."""
    line = next((line for line in text.splitlines() if line.strip()), b"")
    said = line.decode("utf-8", "backslashreplace").strip()
    return said if len(said) <= SENTENCE else f"{said[:SENTENCE]}..."


def error_file(folder: str) -> str:
    """Where an attempt with this directory may write why it fails."""
    return f"{folder}/{ERROR_FILE}"


def error_text(folder: str) -> bytes:
    """What it has written there: the first 4 KiB."""
    try:
        return _read(error_file(folder), 0, ERROR_BYTES)
    except (OSError, ValueError):
        return b""
