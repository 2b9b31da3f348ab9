"""Whether there is room on the disks that attempts write to, and how much is to be left free on each.

Looks at file systems, never into a file. Knows no action and no rule of what follows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from job_manager.model.quantity import size_text
from job_manager.model.record import NamedTuple

MOST = 256 << 20  # bytes that are kept free where nobody has said how many, or
SHARE = 100  # this part of the file system, if that is less
FULL = 1 << 20  # a failure with less than that left is taken for one of the disk
LOOK = 1.0  # seconds between two looks whether there is room again, and
LONGEST_LOOK = 30.0  # what they become where there seems to be room and is none
FEWEST = 64  # inodes
JUST_THEN = 10.0  # seconds for which a disk may have been full when it is found to be
AGAIN = 8  # room is there again when an eighth of the floor is free above it


class Free(NamedTuple):
    """What is free for this user where a path is, and how large the file system is, in bytes; no limit of `inodes`:
    None."""

    path: str
    bytes: int
    total: int
    inodes: int | None


def free_at(path: str) -> Free | None:
    """The free space at a path, or where it is going to be; None when nobody says."""
    while True:
        try:
            found = os.statvfs(path)
        except FileNotFoundError:
            parent = os.path.dirname(path)
            if parent == path:
                return None
            path = parent
            continue
        except OSError:
            return None
        inodes = found.f_favail if found.f_files else None
        return Free(path, found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize, inodes)


def floor_of(free: Free, floor: int | None) -> int:
    """How many bytes are to stay free there. `floor`: as it was set; 0 for none, None for the default."""
    return min(MOST, free.total // SHARE) if floor is None else floor


def shortage(paths: Iterable[str], floor: int | None, again: bool = False) -> str:
    """What is short at one of these paths, in words, or "". `again`: it was short before, and a little more is asked
    for, so that it does not come and go with every file."""
    if floor == 0:
        return ""
    for free in filter(None, map(free_at, paths)):
        least = floor_of(free, floor)
        if free.bytes < least + (least // AGAIN if again else 0):
            return f"disk space: {size_text(free.bytes)} free of the {size_text(least)} floor at {free.path}"
        if free.inodes is not None and free.inodes < FEWEST:
            return f"disk space: {free.inodes} inodes free at {free.path}"
    return ""


def fullness(paths: Iterable[str]) -> str:
    """Which of these is full, in words, or ""."""
    for free in filter(None, map(free_at, paths)):
        if free.bytes < min(FULL, free.total // SHARE) or (free.inodes is not None and not free.inodes):
            return f"the disk is full: {size_text(free.bytes)} free at {free.path}"
    return ""


class WasFull:
    """When a job's disks were last found full. What fails for want of room is judged a moment later, and by then what
    failed beside it may have been removed."""

    def __init__(self) -> None:
        self._at = float("-inf")

    def note(self, at: float) -> None:
        """They are (Unix time)."""
        self._at = max(self._at, at)

    def meanwhile(self, began: float, ended: float) -> str:
        """Whether they were while something ran, or found so right after that; in words, or ""."""
        return "the disk was full just then" if began <= self._at <= ended + JUST_THEN else ""


class Room:
    """Whether anything may begin, as far as the disks go; remembers that there was no room. `floor`: bytes to be left
    free on every disk; 0: none, None: the default. `short`: for what everything waits, or ""."""

    def __init__(self) -> None:
        self.floor: int | None = None
        self.short = ""
        self._look_at = 0.0
        self._pause = LOOK

    def lacking(self, paths: Iterable[str]) -> str:
        """For what an attempt that writes to these paths has to wait, or ""."""
        return shortage(paths, self.floor, again=bool(self.short))

    def shut(self, short: str, now: float, surprise: bool = False) -> None:
        """Nothing may begin. `surprise`: there had seemed to be room; then it takes longer each time until the next
        try."""
        self._pause = min(LONGEST_LOOK, 2 * self._pause) if surprise else LOOK
        self.short, self._look_at = short, now + self._pause

    def opened(self, paths: Iterable[str], now: float) -> bool:
        """Whether there is room again; looks from time to time while there is none."""
        if not self.short or now < self._look_at:
            return False
        self._look_at = now + self._pause
        if self.lacking(paths):
            return False
        self.short = ""
        return True

    def due(self, now: float) -> float | None:
        """Seconds until the next look, or None."""
        return max(0.0, self._look_at - now) if self.short else None
