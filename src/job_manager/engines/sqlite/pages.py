"""The rows of a database file as they stand in its pages, whatever has become of all that leads to them.

Reads leaves of tables, in the file and in the log beside it, and passes over what makes no sense. Finds rows that
SQLite would not show any more; whoever asks has means to tell what is true. Format: sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence

from job_manager.engines.sqlite.mark import marked
from job_manager.engines.sqlite.soundness import FRAME, HEADER, is_foreign, log_header
from job_manager.model.hints import Any

Row = tuple[int, Sequence[Any]]  # number of the row, and its columns: int, float, bytes or None
LEAF = 0x0D
MOST = 1 << 30  # bytes of one row
NUMBERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # bytes of the integers, by serial type


def rows(path: str) -> Iterator[Row]:
    """Every row of every table that can be read in the file or in the log; some come twice."""
    with open(path, "rb") as main, _opened(f"{path}-wal") as log:
        mark = marked(path)
        # Without a mark nobody knows whose log it is: rather a job too many than one that is lost.
        pages = _Pages(main, log, with_log=mark is None or not is_foreign(path, mark))
        for page, first in pages.all():
            for at in _cells(page, first):
                try:
                    yield pages.row(page, at)
                except (IndexError, struct.error, ValueError):
                    continue  # the page, or one that it leads to, is damaged here


def _opened(path: str) -> Any:
    return open(path if os.path.exists(path) else os.devnull, "rb")


def _cells(page: bytes, first: bool) -> list[int]:
    """Where the rows of a leaf begin; of another page, none."""
    head = 100 if first else 0
    if len(page) < 512 or page[head] != LEAF:
        return []
    count = min(int.from_bytes(page[head + 3 : head + 5], "big"), (len(page) - head - 8) // 2)
    return list(struct.unpack_from(f">{count}H", page, head + 8))


class _Pages:
    """The pages of a file, each as it is in the file and as it has been written to the log."""

    def __init__(self, main: Any, log: Any, with_log: bool) -> None:
        self._main, self._log = main, log
        head = main.read(100)
        salt, in_log = log_header(log.read(HEADER))
        self.size = _size(head) or in_log or 4096
        self._usable = self.size - (head[20] if _size(head) else 0)
        self._newest: dict[int, int] = {}  # where in the log the last copy of a page stands
        self._frames = list(self._find_frames(salt)) if with_log and in_log == self.size else []

    def _find_frames(self, salt: bytes) -> Iterator[tuple[int, int]]:
        at = HEADER
        while True:
            self._log.seek(at)
            frame = self._log.read(FRAME)
            if len(frame) < FRAME:
                return
            if frame[8:16] == salt:
                number = int.from_bytes(frame[:4], "big")
                self._newest[number] = at + FRAME
                yield number, at + FRAME
            at += FRAME + self.size

    def all(self) -> Iterator[tuple[bytes, bool]]:
        """Every copy of every page, and whether it is the first page."""
        number = 1
        while page := self._read(self._main, (number - 1) * self.size):
            yield page, number == 1
            number += 1
        for number, at in self._frames:
            yield self._read(self._log, at), number == 1

    def _read(self, file: Any, at: int) -> bytes:
        file.seek(at)
        content: bytes = file.read(self.size)
        return content

    def row(self, page: bytes, at: int) -> Row:
        """The row that begins there. Raises IndexError, struct.error or ValueError where there is none."""
        length, at = _varint(page, at)
        number, at = _varint(page, at)
        if not 0 < length < MOST:
            raise ValueError
        inside = self._inside(length)
        content = page[at : at + inside]
        if len(content) < inside:
            raise IndexError
        if inside < length:
            content += self._rest(int.from_bytes(page[at + inside : at + inside + 4], "big"), length - inside)
        return number, _columns(content)

    def _inside(self, length: int) -> int:
        """How many bytes of a row of that length stand in its leaf."""
        usable = self._usable
        if length <= usable - 35:
            return length
        least = (usable - 12) * 32 // 255 - 23
        some = least + (length - least) % (usable - 4)
        return some if some <= usable - 35 else least

    def _rest(self, number: int, length: int) -> bytes:
        parts = []
        while length > 0:
            page = self._page(number)
            number = int.from_bytes(page[:4], "big")
            parts.append(page[4 : min(self._usable, 4 + length)])
            if len(parts[-1]) == 0:
                raise IndexError
            length -= len(parts[-1])
        return b"".join(parts)

    def _page(self, number: int) -> bytes:
        if number < 1:
            raise IndexError
        if number in self._newest:
            return self._read(self._log, self._newest[number])
        return self._read(self._main, (number - 1) * self.size)


def _size(head: bytes) -> int:
    """The size of the pages as the first one says it, or 0."""
    if not head.startswith(b"SQLite format 3\0") or len(head) < 100:
        return 0
    size = int.from_bytes(head[16:18], "big")
    size = 65536 if size == 1 else size
    return size if size in [1 << power for power in range(9, 17)] else 0


def _varint(page: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count in range(9):
        byte = page[at + count]
        if count == 8:
            return _signed(value << 8 | byte), at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + count + 1
    raise IndexError


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _columns(content: bytes) -> list[Any]:
    end, at = _varint(content, 0)
    kinds = []
    while at < end:
        kind, at = _varint(content, at)
        kinds.append(kind)
    columns = []
    at = end
    for kind in kinds:
        value, at = _column(content, kind, at)
        columns.append(value)
    if at != len(content):
        raise ValueError
    return columns


def _column(content: bytes, kind: int, at: int) -> tuple[Any, int]:
    if kind == 0:
        return None, at
    if kind in NUMBERS:
        size = NUMBERS[kind]
        return int.from_bytes(content[at : at + size], "big", signed=True), at + size
    if kind == 7:
        return struct.unpack_from(">d", content, at)[0], at + 8
    if kind in (8, 9):
        return kind - 8, at
    if kind < 12:
        raise ValueError
    size = (kind - 12) // 2
    if at + size > len(content):
        raise IndexError
    return content[at : at + size], at + size
