"""Artifacts that are directories: what is in one, whether it may be one, and making it durable and read-only.

Works through open directories, follows no link. Knows nothing of what made it or of where it goes.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Iterator
from typing import NamedTuple

from job_manager.artifacts.copying import copy, discard, fresh
from job_manager.artifacts.folders import DIRECTORY, READING
from job_manager.artifacts.identity import Identity
from job_manager.model.wording import quoted

DEEPEST = 100
DIGITS = re.compile(r"(\d+)")
FileRow = list[object]
"""Of a file in a directory: name, inode, size in bytes, mtime in ns."""


class Found(NamedTuple):
    """One thing in a directory: its path from there, and what stat says."""

    path: str
    stat: os.stat_result


class Unfit(Exception):
    """Why a directory cannot be an artifact, as words that follow its name."""


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts frame_2 before frame_10."""
    parts = DIGITS.split(name)
    return [(1, int(part[:300]), part) if part.isdecimal() else (0, 0, part) for part in parts]


def walk(directory: int, depth: int = 0, above: str = "") -> Iterator[Found]:
    """Everything in the open directory and below. Raises Unfit for what is neither file nor directory, OSError."""
    if depth > DEEPEST:
        raise Unfit(f"holds directories nested more than {DEEPEST} deep")
    with os.scandir(directory) as listing:
        entries = [(entry.name, entry.stat(follow_symlinks=False)) for entry in listing]
    for name, found in entries:
        path = f"{above}{name}"
        if stat.S_ISDIR(found.st_mode):
            inside = os.open(name, DIRECTORY, dir_fd=directory)
            try:
                yield from walk(inside, depth + 1, f"{path}/")
            finally:
                os.close(inside)
        elif not stat.S_ISREG(found.st_mode):
            what = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "no regular file"
            raise Unfit(f"holds {quoted(path)}, which is {what}")
        yield Found(path, found)


def of_directory(directory: int) -> Identity:
    """The identity of an open directory with all that is in it: total size, and the time of the latest change."""
    own = os.fstat(directory)
    size, newest = 0, own.st_mtime_ns
    for found in walk(directory):
        newest = max(newest, found.stat.st_mtime_ns)
        if stat.S_ISREG(found.stat.st_mode):
            size += found.stat.st_size
    return Identity(own.st_dev, own.st_ino, size, newest)


def listed(directory: int, glob: str) -> list[FileRow]:
    """The regular files directly in the open directory that fit the pattern, in natural order."""
    with os.scandir(directory) as listing:
        found = [entry for entry in listing if fits(entry.name, glob) and entry.is_file(follow_symlinks=False)]
        rows = [(entry.name, entry.stat(follow_symlinks=False)) for entry in found]
    rows.sort(key=lambda row: natural(row[0]))
    return [[name, about.st_ino, about.st_size, about.st_mtime_ns] for name, about in rows]


def fits(name: str, glob: str) -> bool:
    """Whether a file's name fits the pattern; hidden files fit only one that begins with a dot."""
    return fnmatch.fnmatchcase(name, glob or "*") and (not name.startswith(".") or glob.startswith("."))


def settle(directory: int) -> None:
    """Make everything in the open directory durable and its files read-only. Raises OSError."""
    with os.scandir(directory) as listing:
        names = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in listing]
    for name, below in names:
        handle = os.open(name, DIRECTORY if below else READING, dir_fd=directory)
        try:
            if below:
                settle(handle)
            else:
                _settle_file(handle)
        finally:
            os.close(handle)
    os.fsync(directory)


def _settle_file(handle: int) -> None:
    try:
        os.fchmod(handle, 0o444 | os.fstat(handle).st_mode & 0o111)
    except PermissionError:
        pass  # written by a container as another user: it is kept as it is
    os.fsync(handle)


def copy_tree(source: int, target: int) -> None:
    """The content of one open directory into another, empty one, with the umask's modes. Raises OSError, Unfit."""
    for found in sorted(walk(source), key=lambda found: found.path):
        if stat.S_ISDIR(found.stat.st_mode):
            os.mkdir(found.path, 0o777, dir_fd=target)  # sorted: what a directory is in comes before it
            continue
        above, _, name = found.path.rpartition("/")
        _copy_file(source, target, above, name, found.path)
    os.fsync(target)


def _copy_file(source: int, target: int, above: str, name: str, path: str) -> None:
    folder = os.open(above, DIRECTORY, dir_fd=target) if above else target
    taken = os.open(path, READING, dir_fd=source)
    try:
        temporary, copied = fresh(folder, 0o777 if os.fstat(taken).st_mode & 0o111 else 0o666)
        try:
            copy(taken, copied)
            os.fsync(copied)
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            discard(temporary, folder)
            raise
        finally:
            os.close(copied)
    finally:
        os.close(taken)
        if above:
            os.close(folder)
