"""How far a running action is, read from the end of its log: never more than a head and a tail of bounded size.

Knows the ways in which programs say it: Open Job Description, Tractor, RenderMan, tqdm, ffmpeg, a module's own pattern.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence

from job_manager.model.hints import TYPE_CHECKING
from job_manager.model.pattern import late

if TYPE_CHECKING:
    from job_manager.core.state import JobState
    from job_manager.worker.layout import Layout

PIECE = 64 * 1024  # bytes of a log that are looked at, at either end
LINES = 100  # from the end, that a module's own pattern is held against
LINE = 240  # characters of each
PATIENCE = 0.05  # seconds that it may take for all of them
MESSAGE = 200  # characters of a message

NUMBER = rb"(\d{1,3}(?:\.\d{1,6})?)"
AMOUNT = rb"[\d.]{1,18}[kMGTPEZY]?"
SAID = (
    late(rb"^openjd_progress: " + NUMBER + rb"[ \t\r]*$", re.MULTILINE),
    late(rb"^(?:TR_PROGRESS|ALF_PROGRESS|R90000)[ \t]{1,8}" + NUMBER + rb"[ \t]?%(?:[ \t].*)?$", re.MULTILINE),
    # tqdm: `what:  42%|####  | 42/100 [00:01<00:02, 9.9it/s]`; without a bar where there is no room for it.
    late(
        rb"^(?:[^\n]{0,120}: )? {0,3}(\d{1,3})%(?:\|[^|\n]{0,600}\|)? " + AMOUNT + rb"/" + AMOUNT + rb" \[",
        re.MULTILINE,
    ),
)
STATUS = late(rb"^openjd_status: ([^\n]+)", re.MULTILINE)
CLOCK = rb"(\d{1,4}):(\d{2}):(\d{2}(?:\.\d{1,9})?)"
DURATION = late(rb"^\s*Duration: " + CLOCK, re.MULTILINE)
TOTAL_US = late(rb"^total_us=(\d{1,18})\s*$", re.MULTILINE)
# out_time_ms is in microseconds, too: a mistake of ffmpeg's that programs have come to rely on.
OUT_US = late(rb"^out_time_[um]s=(-?\d{1,18})\s*$", re.MULTILINE)
OUT_CLOCK = late(rb"^out_time=" + CLOCK, re.MULTILINE)
STATS = late(rb"^(?:frame|size)=.{0,200}? time=" + CLOCK, re.MULTILINE)


def piece(path: str, from_end: bool = False, limit: int = PIECE) -> bytes:
    """The first or last `limit` bytes of a file; nothing when it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as stream:
            if from_end:
                stream.seek(max(0, os.fstat(stream.fileno()).st_size - limit))
            return stream.read(limit) or b""
    except OSError:
        return b""


def of_action(job: JobState, layout: Layout, index: int) -> LogProgress:
    """The progress of an action's last attempt."""
    work = job.shape.actions[index].work
    module = job.site.module(work.module) if hasattr(work, "module") else None
    log = layout.log(job.shape.paths[index], job.attempts[index])
    return LogProgress(log, module.progress if module else "")


class LogProgress:
    """The progress of one attempt by its log `path`, and the last message that it gave. Reads only when the file has
    changed. `pattern`: a module's own, as modules.progress_pattern has found it good, or ""."""

    message = ""

    def __init__(self, path: str, pattern: str = "") -> None:
        self._path = path
        self._pattern = re.compile(pattern, re.ASCII) if pattern else None
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
        if size > PIECE:
            tail = tail.partition(b"\n")[2]  # what is cut off in the middle is no line
        if not self._head_is_whole:
            self._head_is_whole = size >= PIECE
            head = piece(self._path).replace(b"\r", b"\n") if size > PIECE else tail
            self._total = total_seconds(head)
        own = self._own(tail)
        self._percent = percent(tail, total_seconds(tail) or self._total) if own is None else own
        self.message = message(tail) or self.message

    def _own(self, tail: bytes) -> float | None:
        """What the module's own pattern finds in the last lines. One that takes too long is not asked again."""
        if self._pattern is None:
            return None
        until = time.monotonic() + PATIENCE
        for line in reversed(tail.split(b"\n")[-LINES:]):
            match = self._pattern.search(line[:LINE].decode("utf-8", "replace"))
            found = _share(match.groups()) if match else None
            if time.monotonic() > until:
                self._pattern = None
            if found is not None or self._pattern is None:
                return found
        return None


def _share(groups: Sequence[str]) -> float | None:
    """0 to 100, of a percentage or of what is done and the total; None when these are no such numbers."""
    try:
        found = float(groups[0]) if len(groups) == 1 else 100.0 * float(groups[0]) / float(groups[1])
    except (ValueError, TypeError, ArithmeticError):
        return None
    return max(0.0, min(100.0, found)) if found == found else None


def message(tail: bytes) -> str:
    """The last message in the end of a log, or ""."""
    said = STATUS.findall(tail)
    text = said[-1].strip().decode("utf-8", "backslashreplace") if said else ""
    return text if len(text) <= MESSAGE else f"{text[:MESSAGE]}..."


def percent(tail: bytes, total: float = 0.0) -> float | None:
    """What the end of a log says, 0 to 100, or None. `total`: the length of the film in seconds, 0 when unknown."""
    said = [match for pattern in SAID for match in pattern.finditer(tail)]
    if said:
        return min(100.0, float(max(said, key=re.Match.start)[1]))
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
