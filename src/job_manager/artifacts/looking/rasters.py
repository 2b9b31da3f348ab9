"""TIFF and OpenEXR: whether everything their tables point at lies inside the file. No pixel is decoded.

Knows nothing of what was declared.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from job_manager.artifacts.looking.source import Broken, Findings, Source, Unknown, needs

MOST_PAGES = 10_000
MOST_TAGS = 4_096
MOST_PARTS = 4_000_000  # strips, tiles or blocks of lines
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
WIDTH, HEIGHT = 256, 257
PARTS = ((273, 279, "strip"), (324, 325, "tile"))  # tags of offsets and of byte counts


def look_at_tiff(source: Source, findings: Findings) -> None:
    """Every page's directory, strips and tiles."""
    tiff = _Tiff(source)
    at, pages, seen = tiff.first, 0, set()
    while at and at not in seen and pages < MOST_PAGES:
        source.hurry()
        seen.add(at)
        tags, following = tiff.directory(at, pages + 1)
        if not pages:
            _take_size(tiff, tags, findings)
        for offsets, counts, what in PARTS:
            _hold_parts(tiff, tags.get(offsets), tags.get(counts), f"a {what} of its page {pages + 1}")
        at, pages = following, pages + 1
    if not pages:
        raise Broken("is broken: it has no picture")
    if pages > 1:
        findings.facts["pages"] = pages


def _take_size(tiff: _Tiff, tags: dict[int, _Tag], findings: Findings) -> None:
    for tag, name in ((WIDTH, "width"), (HEIGHT, "height")):
        found = next(tiff.values(tags[tag]), 0) if tag in tags else 0
        if found:
            findings.facts[name] = found


def _hold_parts(tiff: _Tiff, offsets: _Tag | None, counts: _Tag | None, what: str) -> None:
    if offsets is None or counts is None:
        return
    for at, count in zip(tiff.values(offsets), tiff.values(counts), strict=False):
        if at + count > tiff.source.size:
            raise needs(what, count, tiff.source.size - at)


_Tag = tuple[int, int, int]  # type, number of values, where they are


class _Tiff:
    """The header: byte order, and whether offsets have four bytes or eight."""

    def __init__(self, source: Source) -> None:
        self.source = source
        head = source.exactly(0, 8, "its header")
        self.order = "<" if head[:2] == b"II" else ">"
        self.big = struct.unpack(self.order + "H", head[2:4])[0] == 43
        self.first: int = self._number(8, 8) if self.big else self._number(4, 4)

    def _number(self, at: int, size: int) -> int:
        code = {2: "H", 4: "I", 8: "Q"}[size]
        found: int = struct.unpack(self.order + code, self.source.exactly(at, size, "its tables"))[0]
        return found

    def directory(self, at: int, page: int) -> tuple[dict[int, _Tag], int]:
        """The tags of the page at `at`, and where the next page is."""
        if at >= self.source.size:
            raise Broken(f"is cut off: its page {page} begins at byte {at:,} and the file has {self.source.size:,}")
        wide, head, entry = (8, 8, 20) if self.big else (4, 2, 12)
        number = self._number(at, head)
        if number > MOST_TAGS:
            raise Unknown(f"its page {page} has {number:,} tags")
        table = self.source.exactly(at + head, number * entry + wide, f"the table of its page {page}")
        tags: dict[int, _Tag] = {}
        for n in range(number):
            tag, kind = struct.unpack_from(self.order + "HH", table, n * entry)
            (count,) = struct.unpack_from(self.order + ("Q" if self.big else "I"), table, n * entry + 4)
            inside = at + head + n * entry + 4 + wide
            size = SIZES.get(kind, 1) * count
            tags[tag] = (kind, count, inside if size <= wide else self._number(inside, wide))
        (following,) = struct.unpack_from(self.order + ("Q" if self.big else "I"), table, number * entry)
        return tags, following

    def values(self, tag: _Tag) -> Iterator[int]:
        """The numbers of a tag, one by one."""
        kind, count, at = tag
        if kind not in NUMBERS or count > MOST_PARTS:
            return
        size = SIZES[kind]
        while count:
            self.source.hurry()
            some = min(count, 65_536)
            piece = self.source.exactly(at, some * size, "its tables")
            yield from struct.unpack(f"{self.order}{some}{NUMBERS[kind]}", piece)
            at, count = at + some * size, count - some


LINES_A_BLOCK = {0: 1, 1: 1, 2: 1, 3: 16, 4: 32, 5: 16, 6: 32, 7: 32, 8: 32, 9: 256}
TILED, LONG_NAMES, DEEP, MULTIPART = 0x200, 0x400, 0x800, 0x1000


def look_at_exr(source: Source, findings: Findings) -> None:
    """The header, the table of blocks, and that every block lies inside; of pictures made of lines in one part."""
    flags = struct.unpack("<I", source.exactly(4, 4, "its header"))[0]
    attributes, at = _attributes(source)
    window = attributes.get("dataWindow", b"")
    if len(window) == 16:
        left, top, right, bottom = struct.unpack("<4i", window)
        if right < left or bottom < top:
            raise Broken("is broken: its picture has no pixels")
        findings.facts |= {"width": right - left + 1, "height": bottom - top + 1}
    lines = LINES_A_BLOCK.get(attributes.get("compression", b"\xff")[0])
    if flags & (TILED | DEEP | MULTIPART) or lines is None or "height" not in findings.facts:
        findings.note("of OpenEXR with tiles or several parts only the header is looked at")
        return
    _hold_blocks(source, at, -(-findings.facts["height"] // lines))


def _attributes(source: Source) -> tuple[dict[str, bytes], int]:
    at = 8
    taken: dict[str, bytes] = {}
    for _ in range(MOST_TAGS):
        source.hurry()
        name, at = _word(source, at)
        if not name:
            return taken, at
        _, at = _word(source, at)
        size = struct.unpack("<I", source.exactly(at, 4, "its header"))[0]
        if at + 4 + size > source.size:
            raise Broken("is cut off: it ends in the middle of its header")
        taken[name] = source.read(at + 4, min(size, 64))
        at += 4 + size
    raise Unknown("its header is too long")


def _word(source: Source, at: int) -> tuple[str, int]:
    piece = source.read(at, 256)
    end = piece.find(b"\0")
    if end < 0:
        raise Broken("is cut off: it ends in the middle of its header" if len(piece) < 256 else "is broken: its header")
    return piece[:end].decode("latin-1"), at + end + 1


def _hold_blocks(source: Source, at: int, blocks: int) -> None:
    if blocks > MOST_PARTS:
        raise Unknown(f"it has {blocks:,} blocks")
    table = source.exactly(at, blocks * 8, "its table of lines")
    offsets = struct.unpack(f"<{blocks}Q", table)
    unwritten = offsets.count(0)
    if unwritten:
        raise Broken(f"is not complete: {unwritten:,} of {blocks:,} blocks of lines were never written")
    last = max(offsets)
    if last + 8 > source.size:
        raise needs("a block of lines", last + 8, source.size)
    size = struct.unpack("<i", source.exactly(last + 4, 4, "a block of lines"))[0]
    if last + 8 + size > source.size:
        raise needs("its last block of lines", size, source.size - last - 8)
