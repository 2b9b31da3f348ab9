"""Whether a file is still the one it was: device, inode, size and time; and its SHA-256 for those who ask for it.

Knows nothing of whose file it is. Rule: architecture, decision 6.
"""

from __future__ import annotations

import os
from typing import NamedTuple


class Identity(NamedTuple):
    """What tells one state of a file from another without reading it. `mtime_ns` in nanoseconds since the epoch."""

    dev: int
    ino: int
    size: int
    mtime_ns: int


def of_stat(stat: os.stat_result) -> Identity:
    """The identity in a stat result."""
    return Identity(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)


def identity(path: str) -> Identity:
    """The identity of the file `path` leads to (links are followed: an input may be one). Raises OSError."""
    return of_stat(os.stat(path))


def difference(path: str, before: Identity) -> str:
    """What has become of the file since `before`, as words that follow its name; "" when it is unchanged."""
    try:
        now = identity(path)
    except OSError as error:
        return f"can no longer be read ({error.strerror})"
    if now == before:
        return ""
    if now.size != before.size:
        return f"has changed: it had {before.size} bytes and has {now.size} now"
    if (now.dev, now.ino) != (before.dev, before.ino):
        return "has been replaced by another file"
    return "has been written to since"


def unchanged(path: str, before: Identity) -> bool:
    """True when the file is the same one and nobody has written to it."""
    return not difference(path, before)


def sha256(path: str) -> str:
    """`sha256:` and the hex digest of the file's content, read in pieces. Raises OSError."""
    # Imported here: only --verify needs it.
    import hashlib

    with open(path, "rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()
