"""The lines of a log while it is being written, in bounded memory: whole lines, what a terminal would be left with.

Knows files and bytes; not whose output it is or where the lines go.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from job_manager.model.hints import BinaryIO

CHUNK = 16 * 1024  # bytes read at once
LONGEST = 8 * 1024  # bytes of one line that are kept; the log has them all


class Tail:
    """The file at `path`, which need not exist yet. `more` says whether the last `read` stopped before its end."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._line = Line()
        self.more = False

    def read(self) -> Iterator[str]:
        """The lines that ended in the next chunk."""
        self.more = False
        if self._file is None and not self._open():
            return
        assert self._file is not None
        self._begin_again_when_shortened()
        chunk = self._file.read(self._written())
        self.more = bool(chunk) and self._file.tell() < os.fstat(self._file.fileno()).st_size
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            self._line.add(part)
            yield self._line.take()
        self._line.add(rest)

    def _open(self) -> bool:
        try:
            self._file = open(self._path, "rb", buffering=0)  # noqa: SIM115 - read on for as long as it is written
        except FileNotFoundError:
            return False
        return True

    def _begin_again_when_shortened(self) -> None:
        assert self._file is not None
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            self._file.seek(0)

    def _written(self) -> int:
        """How much to read. The middle of a log that is too long is given back, and would read as zeros: that is passed
        over."""
        assert self._file is not None
        handle, at = self._file.fileno(), self._file.tell()
        try:
            at = os.lseek(handle, at, os.SEEK_DATA)
            return min(CHUNK, os.lseek(handle, at, os.SEEK_HOLE) - at)
        except (OSError, AttributeError):
            return CHUNK  # there is no more, or this system does not know
        finally:
            os.lseek(handle, at, os.SEEK_SET)

    def close(self) -> Iterator[str]:
        """The last line when it has no end."""
        if self._file is not None:
            self._file.close()
        if self._line:
            yield self._line.take()


class Line:
    """The line that is being read, without what a carriage return goes back over and what is beyond LONGEST."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._beyond = 0
        self._returned = False

    def __bool__(self) -> bool:
        return bool(self._kept)

    def add(self, part: bytes) -> None:
        """These bytes follow; none of them is a line's end."""
        body = part.rstrip(b"\r")
        start = body.rfind(b"\r") + 1
        if start or (body and self._returned):
            self._kept.clear()
            self._beyond = 0
        self._returned = len(body) < len(part) or (self._returned and not body)
        room = LONGEST - len(self._kept)
        self._kept += body[start : start + room]
        self._beyond += max(0, len(body) - start - room)

    def take(self) -> str:
        """The line as text, what is no UTF-8 replaced; the next one begins empty."""
        text = self._kept.decode("utf-8", "replace")
        if self._beyond:
            text += f" [... {self._beyond:,} more bytes]"
        self._kept.clear()
        self._beyond = 0
        self._returned = False
        return text
