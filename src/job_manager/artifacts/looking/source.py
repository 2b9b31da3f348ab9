"""An open file as those who look into it read it: bounded pieces at any place, never the whole, never past a deadline.

Knows no format.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from job_manager.model.hints import Any

PIECE = 1 << 20  # bytes read at once
SECONDS = 30.0  # for one file
MOST_NAMES = 50  # of keys or columns that are kept
LONGEST_NAME = 100


class Broken(Exception):
    """Found for certain: what is wrong, as words that follow the file's name ("is cut off: ...")."""


class OutOfTime(Exception):
    """The look is taking too long and has to stay without a result."""


class Unknown(Exception):
    """Nothing that is known here, or not certain; the words are a note."""


@dataclass
class Findings:
    """What came of looking: plain values by name, notes for people, and what is wrong, as words that follow a name."""

    facts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def note(self, words: str) -> None:
        """Something worth knowing that fails nothing, said once."""
        if words not in self.notes:
            self.notes.append(words)


class Source:
    """A file open for reading as `handle`; `deadline` on the monotonic clock. The handle stays the caller's."""

    __slots__ = ("deadline", "handle", "name", "size")

    def __init__(self, handle: int, name: str, seconds: float = SECONDS) -> None:
        self.handle = handle
        self.name = name
        self.size = os.fstat(handle).st_size
        self.deadline = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds to the deadline, 0 when it is over."""
        return max(0.0, self.deadline - time.monotonic())

    def hurry(self) -> None:
        """Raises OutOfTime after the deadline."""
        if time.monotonic() > self.deadline:
            raise OutOfTime

    def read(self, at: int, count: int) -> bytes:
        """Up to `count` bytes from `at`; fewer only at the end of the file."""
        taken = os.pread(self.handle, count, at) if 0 <= at < self.size else b""
        while len(taken) < min(count, self.size - at):
            more = os.pread(self.handle, count - len(taken), at + len(taken))
            if not more:
                break
            taken += more
        return taken

    def exactly(self, at: int, count: int, what: str) -> bytes:
        """`count` bytes from `at`. Raises Broken when the file ends before."""
        taken = self.read(at, count)
        if len(taken) < count:
            raise Broken(f"is cut off: it ends in the middle of {what}")
        return taken

    def pieces(self, at: int, end: int) -> Iterator[bytes]:
        """The bytes from `at` to `end` (or the end of the file), piece by piece. Raises OutOfTime."""
        while at < end:
            self.hurry()
            piece = self.read(at, min(PIECE, end - at))
            if not piece:
                return
            yield piece
            at += len(piece)


def plural(number: int, word: str) -> str:
    """`1 byte`, `2 bytes`."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def needs(what: str, count: int, there: int) -> Broken:
    """Cut off: something of `count` bytes, of which `there` are in the file."""
    return Broken(f"is cut off: {what} has {count:,} bytes and only {max(0, there):,} of them are there")


def names(values: list[str]) -> list[str]:
    """As many of the names as are kept, none too long."""
    return [value[:LONGEST_NAME] for value in values[:MOST_NAMES]]
