"""Whether a file is still the one it was: device, inode, size and time; and its SHA-256 for those who ask for it.

Knows nothing of whose file it is. Rule: architecture, decision 6.
"""

from __future__ import annotations

import errno
import os
import stat

from job_manager.artifacts.trees import Unfit, walk
from job_manager.model.record import NamedTuple


class Identity(NamedTuple):
    """What tells one state of a file from another without reading it. `mtime_ns` in nanoseconds since the epoch."""

    dev: int
    ino: int
    size: int
    mtime_ns: int


def of_stat(found: os.stat_result) -> Identity:
    """The identity in a stat result."""
    return Identity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def identity(path: str) -> Identity:
    """The identity of the file or directory that `path` leads to (an input may be a link). Raises OSError."""
    return _identity(path, os.stat(path))


def _identity(path: str, found: os.stat_result) -> Identity:
    return _of_tree(path) if stat.S_ISDIR(found.st_mode) else of_stat(found)


def of_directory(directory: int) -> Identity:
    """The identity of an open directory with all that is in it: total size, and the time of the latest change."""
    own = os.fstat(directory)
    size, newest = 0, own.st_mtime_ns
    for found in walk(directory):
        newest = max(newest, found.stat.st_mtime_ns)
        if stat.S_ISREG(found.stat.st_mode):
            size += found.stat.st_size
    return Identity(own.st_dev, own.st_ino, size, newest)


def _of_tree(path: str) -> Identity:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return of_directory(handle)
    except Unfit as cause:
        raise OSError(errno.EINVAL, f"it {cause}") from cause
    finally:
        os.close(handle)


def difference(path: str, before: Identity) -> str:
    """What has become of the file since `before`, as words that follow its name; "" when it is unchanged."""
    try:
        found = os.stat(path)
        now = _identity(path, found)
    except OSError as error:
        return f"can no longer be read ({error.strerror})"
    if now == before:
        return "" if _may_be_read(found) else f"can no longer be read ({os.strerror(errno.EACCES)})"
    if now.size != before.size:
        return f"has changed: it had {before.size} bytes and has {now.size} now"
    if (now.dev, now.ino) != (before.dev, before.ino):
        return "has been replaced by another file"
    return "has been written to since"


def _may_be_read(found: os.stat_result) -> bool:
    """By whom, its user's programs will see; with no bit of it set only root may."""
    return bool(found.st_mode & 0o444) or os.geteuid() == 0


def unchanged(path: str, before: Identity) -> bool:
    """True when the file is the same one and nobody has written to it."""
    return not difference(path, before)


def sha256(path: str) -> str:
    """`sha256:` and the hex digest of the file's content, read in pieces. Raises OSError."""
    # Imported here: only --verify needs it.
    import hashlib

    if os.path.isdir(path):
        return ""  # of a directory size and times have to do

    with open(path, "rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()
