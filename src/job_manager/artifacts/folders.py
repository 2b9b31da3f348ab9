"""Directories held by file descriptor, so that a symbolic link planted in a path is refused and not followed.

Knows nothing of artifacts. Rule: reference security T7; everything made here is 0700 whatever the umask.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# Without O_NONBLOCK, opening a pipe that somebody put in a file's place would wait for a writer for ever.
READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


def make(path: str) -> None:
    """Make the directory `path` and the missing ones above it, each 0700. One that exists stays as it is."""
    if os.path.isdir(path):
        return
    above = os.path.dirname(path)
    if above != path:
        make(above)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return
    os.chmod(path, 0o700)


def private(path: str, flags: int) -> int:
    """An opener for `open`: a new file is its owner's alone, and what stands there is no link."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def unlock(name: str, directory: int | None) -> None:
    """Give the owner all rights on the directory `name` in `directory`, never through a link. Raises OSError."""
    # O_PATH needs no rights on the directory itself, and chmod cannot be told not to follow links.
    handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
    try:
        os.chmod(f"/proc/self/fd/{handle}", 0o700)
    finally:
        os.close(handle)


@contextmanager
def opened(path: str, *below: str, create: bool = False) -> Iterator[int]:
    """A descriptor of `path/below/...`. Neither `path` itself nor anything below it may be a symbolic link.

    With `create` what is missing is made. Raises OSError: ENOENT when missing, ELOOP or ENOTDIR when no directory.
    """
    if create:
        make(path)
    handle = os.open(path, DIRECTORY)
    try:
        for name in below:
            inner = _enter(name, handle, create)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


def _enter(name: str, directory: int, create: bool) -> int:
    try:
        return os.open(name, DIRECTORY, dir_fd=directory)
    except FileNotFoundError:
        if not create:
            raise
    try:
        return fresh(name, directory)
    except FileExistsError:
        return os.open(name, DIRECTORY, dir_fd=directory)  # a sibling attempt made it first


def fresh(name: str, directory: int) -> int:
    """A descriptor of the directory `name`, made in `directory`. Raises OSError: EEXIST when something stands there."""
    os.mkdir(name, 0o700, dir_fd=directory)
    try:
        handle = os.open(name, DIRECTORY, dir_fd=directory)
    except PermissionError:  # a umask that takes the owner's own rights
        unlock(name, directory)
        handle = os.open(name, DIRECTORY, dir_fd=directory)
    if stat.S_IMODE(os.fstat(handle).st_mode) != 0o700:
        os.fchmod(handle, 0o700)
    return handle
