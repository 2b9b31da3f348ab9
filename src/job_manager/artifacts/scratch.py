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
SPARE, SPOILT = ".spare-", ".spoilt"
KEPT_BY_SYSTEM = "security.selinux"


class ScratchPool:
    """Directories below one folder, which every call is given open. `give_back` may be called in another thread."""

    def __init__(self) -> None:
        self._spare: deque[str] = deque()
        self._prefix = f"{SPARE}{os.urandom(4).hex()}-"  # another process may have left some here
        self._serial = 0

    def take(self, name: str, folder: int) -> None:
        """Have there be a directory `name`, which does not stand yet, empty but for OUT and TMP. Raises OSError."""
        while self._spare:
            spare = self._spare.pop()
            try:
                os.rename(spare, name, src_dir_fd=folder, dst_dir_fd=folder)
            except FileNotFoundError:
                continue  # somebody has cleared up
            if _is_untouched(name, folder):
                return
            os.rename(name, f"{SPOILT}{spare}", src_dir_fd=folder, dst_dir_fd=folder)
        made = fresh(name, folder)
        try:
            for part in (OUT, TMP):
                os.close(fresh(part, made))
        finally:
            os.close(made)

    def give_back(self, name: str, folder: int) -> bool:
        """Whether the directory `name` is as it was taken, and so is kept for another. Raises OSError."""
        if not _is_untouched(name, folder):
            return False
        self._serial += 1
        spare = f"{self._prefix}{self._serial}"
        os.rename(name, spare, src_dir_fd=folder, dst_dir_fd=folder)
        self._spare.append(spare)
        return True


def _is_untouched(name: str, folder: int) -> bool:
    try:
        return _is_as_made(name, folder, (OUT, TMP))
    except OSError:  # a link, or no directory, or gone
        return False


def _is_as_made(name: str, folder: int, parts: tuple[str, ...]) -> bool:
    """Whether a directory holds only these, which hold nothing, and is its owner's alone, as all of them are."""
    handle = os.open(name, DIRECTORY, dir_fd=folder)
    try:
        found = os.fstat(handle)
        own = stat.S_IMODE(found.st_mode) == 0o700 and found.st_uid == os.geteuid() and not _attributes(handle)
        return own and sorted(os.listdir(handle)) == list(parts) and all(_is_as_made(one, handle, ()) for one in parts)
    finally:
        os.close(handle)


def _attributes(handle: int) -> list[str]:
    """Attributes that somebody has given it, lists of rights among them."""
    return [name for name in os.listxattr(handle) if name != KEPT_BY_SYSTEM] if hasattr(os, "listxattr") else []
