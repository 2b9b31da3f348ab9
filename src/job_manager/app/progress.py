"""How far a running action is, read from the end of its log: never more than a head and a tail of bounded size.

Knows two ways of saying it, `openjd_progress: N` lines (Open Job Description) and ffmpeg's `-progress` blocks; no job.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

PIECE = 64 * 1024  # bytes of a log that are looked at, at either end

OPENJD = re.compile(rb"^openjd_progress: (\d{1,3}(?:\.\d{1,6})?)\s*$", re.MULTILINE)
CLOCK = rb"(\d{1,4}):(\d{2}):(\d{2}(?:\.\d{1,9})?)"
DURATION = re.compile(rb"^\s*Duration: " + CLOCK, re.MULTILINE)
TOTAL_US = re.compile(rb"^total_us=(\d{1,18})\s*$", re.MULTILINE)
# out_time_ms is in microseconds, too: a mistake of ffmpeg's that programs have come to rely on.
OUT_US = re.compile(rb"^out_time_[um]s=(-?\d{1,18})\s*$", re.MULTILINE)
OUT_CLOCK = re.compile(rb"^out_time=" + CLOCK, re.MULTILINE)
STATS = re.compile(rb"^(?:frame|size)=.{0,200}? time=" + CLOCK, re.MULTILINE)


def piece(path: str, from_end: bool = False, limit: int = PIECE) -> bytes:
    """The first or last `limit` bytes of a file; nothing when it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as stream:
            if from_end:
                stream.seek(max(0, os.fstat(stream.fileno()).st_size - limit))
            return stream.read(limit) or b""
    except OSError:
        return b""


class LogProgress:
    """The progress of one attempt by its log `path`. Reads only when the file has changed."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen = (-1, -1)
        self._total = 0.0
        self._head_is_whole = False
        self._percent: float | None = None

    def percent(self) -> float | None:
        """0 to 100, or None while the log does not say."""
        try:
            found = os.stat(self._path)
        except OSError:
            return self._percent
        if self._seen != (found.st_size, found.st_mtime_ns):
            self._seen = (found.st_size, found.st_mtime_ns)
            self._read(found.st_size)
        return self._percent

    def _read(self, size: int) -> None:
        tail = piece(self._path, from_end=True).replace(b"\r", b"\n")
        if not self._head_is_whole:
            self._head_is_whole = size >= PIECE
            head = piece(self._path).replace(b"\r", b"\n") if size > PIECE else tail
            self._total = total_seconds(head)
        self._percent = percent(tail, total_seconds(tail) or self._total)


def percent(tail: bytes, total: float = 0.0) -> float | None:
    """What the end of a log says, 0 to 100, or None. `total`: the length of the film in seconds, 0 when unknown."""
    said = OPENJD.findall(tail)
    if said:
        return min(100.0, float(said[-1]))
    done = _done_seconds(tail)
    if done is None or total <= 0:
        return None
    return max(0.0, min(100.0, 100.0 * done / total))


def total_seconds(text: bytes) -> float:
    """The length of what ffmpeg reads, by its own words: the longest of its inputs; 0 when it is not said."""
    said = TOTAL_US.findall(text)
    if said:
        return int(said[-1]) / 1e6
    return max((_seconds(found) for found in DURATION.findall(text)), default=0.0)


def _done_seconds(tail: bytes) -> float | None:
    """The last time that ffmpeg said it had reached, whichever of its ways it used."""
    latest, at = None, -1
    for pattern in (OUT_US, OUT_CLOCK, STATS):
        for match in pattern.finditer(tail):
            if match.start() > at:
                latest, at = _reached(match.groups()), match.start()
    return latest


def _reached(groups: Sequence[bytes]) -> float:
    return int(groups[0]) / 1e6 if len(groups) == 1 else _seconds(groups)


def _seconds(clock: Sequence[bytes]) -> float:
    hours, minutes, seconds = clock
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
