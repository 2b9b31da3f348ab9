"""Where in a script something is written: file, line and column of a call, from the frames of Python itself.

Knows no job. Frames of job_manager and mass are passed over: what counts is the person's own line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import CodeType, FrameType

from job_manager.model.record import NamedTuple

OURS = os.path.abspath(__file__).rsplit(os.sep, 4)[0]
FOLDERS = (os.path.join(OURS, "job_manager", ""), os.path.join(OURS, "mass", ""), "<frozen ")


class Written(NamedTuple):
    """A line and column (1-based, in characters) of a file."""

    file: str
    line: int
    column: int


class _Positions:
    """The positions of one piece of code, read no further than they are asked for: a generated script has one piece
    with a hundred thousand calls, and reading it from the start for each of them takes minutes."""

    def __init__(self, code: CodeType) -> None:
        self._code = code
        self._seen: dict[int, tuple[int, int]] = {}
        self._rest: Iterator[tuple[int | None, int | None, int | None, int | None]] = iter(())
        self._next = -1

    def at(self, instruction: int) -> tuple[int, int]:
        """Line and column of an instruction."""
        found = self._seen.get(instruction)
        if found is None:
            found = self._seen[instruction] = self._read(instruction)
        return found

    def _read(self, instruction: int) -> tuple[int, int]:
        if not 0 <= self._next <= instruction:
            self._rest, self._next = iter(self._code.co_positions()), 0
        line, column = 0, 0
        for start, _, offset, _ in self._rest:
            self._next += 1
            if self._next > instruction:
                line, column = start or 0, offset or 0
                break
        return line, _characters(self._code.co_filename, line, column) + 1


_known: dict[int, _Positions] = {}
MOST_KNOWN = 10_000


def _characters(file: str, line: int, offset: int) -> int:
    """The offset in characters: Python counts the bytes of UTF-8."""
    if not offset:
        return 0
    import linecache

    text = linecache.getline(file, line)
    return offset if text.isascii() else len(text.encode("utf-8", "replace")[:offset].decode("utf-8", "ignore"))


def caller() -> Written | None:
    """The innermost place outside of this package that led here, or None."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(FOLDERS):
        frame = frame.f_back
    if frame is None:
        return None
    return Written(frame.f_code.co_filename, *position(frame.f_code, frame.f_lasti))


def position(code: CodeType, instruction: int) -> tuple[int, int]:
    """Line and column of what the instruction at this offset does."""
    if len(_known) > MOST_KNOWN:
        _known.clear()
    # By identity: to hash a piece of code Python reads all of it. It is kept, so that no other gets its identity.
    positions = _known.get(id(code))
    if positions is None:
        positions = _known[id(code)] = _Positions(code)
    return positions.at(instruction // 2)
