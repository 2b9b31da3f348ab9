"""Artifacts that are directories: what is in one, whether it may be one, and making it durable and read-only.

Works through open directories, follows no link. Knows nothing of what made it or of where it goes.
"""

from __future__ import annotations

import fnmatch
import os
import stat

from job_manager.artifacts.copying import copy, discard, fresh
from job_manager.artifacts.folders import DIRECTORY, READING
from job_manager.artifacts.trees import walk
from job_manager.model.pattern import late
from job_manager.model.wording import quoted

DIGITS = late(r"(\d+)")
FileRow = list[object]
"""Of a file in a directory: name, inode, size in bytes, mtime in ns."""


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts frame_2 before frame_10."""
    parts = DIGITS.split(name)
    return [(1, int(part[:300]), part) if part.isdecimal() else (0, 0, part) for part in parts]


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


class Unreadable(PermissionError):
    """Something in a directory that whoever wrote it has closed to us."""


def settle(directory: int) -> None:
    """Make everything in the open directory durable, its files read-only, and all of it its owner's alone. Raises
    OSError."""
    with os.scandir(directory) as listing:
        names = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in listing]
    for name, below in names:
        try:
            handle = os.open(name, DIRECTORY if below else READING, dir_fd=directory)
        except PermissionError as error:
            raise Unreadable(error.errno, f"{quoted(name)} in it cannot be read: {error.strerror}") from None
        try:
            if below:
                _close(handle)
                settle(handle)
            else:
                _settle_file(handle)
        finally:
            os.close(handle)
    os.fsync(directory)


def _close(directory: int) -> None:
    try:
        os.fchmod(directory, 0o700)
    except PermissionError:
        pass  # made by a container as another user


def _settle_file(handle: int) -> None:
    try:
        os.fchmod(handle, 0o400 | os.fstat(handle).st_mode & 0o100)
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
