"""A file that takes up room until the disk is full: then it is given up, so that what has happened can be written down.

Knows nothing of what is written.
"""

from __future__ import annotations

import os

SIZE = 1 << 20  # bytes


class Reserve:
    """The file at `path`; none for ""."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._there = False
        self.keep()

    def keep(self) -> None:
        """Take up the room, if it is not taken and there is as much."""
        if self._there or not self._path:
            return
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        try:
            if os.fstat(handle).st_size < SIZE:
                os.posix_fallocate(handle, 0, SIZE)
            self._there = True
        except OSError:
            self._drop()
        finally:
            os.close(handle)

    def give_up(self) -> bool:
        """Make room; False when that was done before."""
        there, self._there = self._there, False
        return self._drop() and there

    def _drop(self) -> bool:
        try:
            os.unlink(self._path)
        except OSError:
            return False
        return True
