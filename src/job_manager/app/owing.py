"""What is owed to jobs that have succeeded: their results in place, and the rest removed. A file `owed/ID` stands until
that is done, and says why where it could not be. Knows no journal, and does none of it.
"""

from __future__ import annotations

import os

from job_manager.app.home import Home
from job_manager.model.errors import JobManagerError

MOST = 4096  # bytes of a reason


def owe(home: Home, job: str) -> None:
    """From now on it is known that the end of this job is to be seen to, whoever does that."""
    _write(home, job, b"")


def tried_again(home: Home, job: str) -> None:
    """What was said of an earlier try holds no more: who waits for the end of this job waits for this one."""
    try:
        _write(home, job, b"")
    except OSError:
        pass  # a disk in trouble: this try says what it comes to


def settled(home: Home, job: str) -> None:
    """Its results are in place; nothing is owed to it any more."""
    try:
        os.unlink(os.path.join(home.owed, job))
    except FileNotFoundError:
        pass


def could_not(home: Home, job: str, error: JobManagerError) -> None:
    """It could not be done; the next holder tries again."""
    try:
        _write(home, job, f"{error}\n{error.hint}".encode("utf-8", "surrogateescape")[:MOST])
    except OSError:
        pass  # a full disk may be why: then it is still owed, and nobody is told


def is_owed(home: Home, job: str) -> bool:
    """Whether it is to be done yet, and was not tried in vain."""
    try:
        return os.stat(os.path.join(home.owed, job), follow_symlinks=False).st_size == 0
    except OSError:
        return False


def why_not(home: Home, job: str) -> tuple[str, str]:
    """Why it could not be done, and what helps; two empty texts otherwise."""
    try:
        handle = os.open(os.path.join(home.owed, job), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return "", ""
    with open(handle, encoding="utf-8", errors="surrogateescape") as file:
        why, _, hint = file.read(MOST).partition("\n")
    return why, hint


def _write(home: Home, job: str, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    handle = os.open(os.path.join(home.owed, job), flags, 0o600)
    try:
        os.write(handle, content)
    finally:
        os.close(handle)
