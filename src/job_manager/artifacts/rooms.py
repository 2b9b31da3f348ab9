"""The directories of attempts: made anew, or taken over from one that is over and has left nothing in them.

A directory and the two in it cost a file system far more than a new name: what is made has to be removed one day, too.
Knows neither outputs nor what an attempt is.
"""

from __future__ import annotations

import os
import stat
from collections import deque

from job_manager.artifacts.folders import DIRECTORY, fresh

OUT, TMP = "out", "tmp"  # where it writes its outputs, and what it needs for a while
SPARE = ".spare-"


class Rooms:
    """Directories below one folder, which every call is given open. `give_back` may be called in another thread."""

    def __init__(self) -> None:
        self._spare: deque[str] = deque()
        self._prefix = f"{SPARE}{os.urandom(4).hex()}-"  # another process may have left some here
        self._serial = 0

    def furnish(self, name: str, folder: int) -> None:
        """Have there be a directory `name`, which does not stand yet, empty but for OUT and TMP. Raises OSError."""
        while self._spare:
            try:
                os.rename(self._spare.pop(), name, src_dir_fd=folder, dst_dir_fd=folder)
                return
            except FileNotFoundError:
                continue  # somebody has cleared up
        room = fresh(name, folder)
        try:
            for part in (OUT, TMP):
                os.close(fresh(part, room))
        finally:
            os.close(room)

    def give_back(self, name: str, folder: int) -> bool:
        """Whether the directory `name` is as it was furnished, and so is kept for another. Raises OSError."""
        room = os.open(name, DIRECTORY, dir_fd=folder)
        try:
            if not _is_as_made(room, (OUT, TMP)) or not all(_is_empty(part, room) for part in (OUT, TMP)):
                return False
        finally:
            os.close(room)
        self._serial += 1
        spare = f"{self._prefix}{self._serial}"
        os.rename(name, spare, src_dir_fd=folder, dst_dir_fd=folder)
        self._spare.append(spare)
        return True


def _is_empty(name: str, directory: int) -> bool:
    handle = os.open(name, DIRECTORY, dir_fd=directory)
    try:
        return _is_as_made(handle, ())
    finally:
        os.close(handle)


def _is_as_made(directory: int, parts: tuple[str, ...]) -> bool:
    return stat.S_IMODE(os.fstat(directory).st_mode) == 0o700 and sorted(os.listdir(directory)) == list(parts)
