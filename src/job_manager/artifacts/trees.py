"""Walking what is in a directory, through open directories and following no link.

Knows nothing of artifacts.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from job_manager.artifacts.folders import DIRECTORY
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

DEEPEST = 100


class Found(NamedTuple):
    """One thing in a directory: its path from there, and what stat says."""

    path: str
    stat: os.stat_result


class Unfit(Exception):
    """Why a directory cannot be an artifact, as words that follow its name."""


def make_private(directory: int, depth: int = 0) -> None:
    """Take the rights of others from everything in the open directory, following no link. Raises OSError."""
    with os.scandir(directory) as listing:
        entries = [(entry.name, entry.stat(follow_symlinks=False).st_mode) for entry in listing]
    for name, mode in entries:
        if mode & 0o077 and not stat.S_ISLNK(mode):
            _take_rights(name, directory)
        if stat.S_ISDIR(mode) and depth < DEEPEST:
            inside = os.open(name, DIRECTORY, dir_fd=directory)
            try:
                make_private(inside, depth + 1)
            finally:
                os.close(inside)


def _take_rights(name: str, directory: int) -> None:
    # O_PATH opens pipes and sockets, too, and waits for nobody; chmod cannot be told not to follow links.
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=directory)
    try:
        found = os.fstat(handle).st_mode
        if not stat.S_ISLNK(found):
            os.chmod(f"/proc/self/fd/{handle}", found & 0o700)
    finally:
        os.close(handle)


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
