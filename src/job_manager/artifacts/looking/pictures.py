"""Pictures by their structure: PNG, JPEG, GIF, WebP and BMP from the first byte to the last; no pixel is decoded.

What is cut off, or fails a checksum that the format keeps, is found for certain. Knows nothing of what was declared.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable

from job_manager.artifacts.looking.source import PIECE, Broken, Findings, Source, Unknown, needs
from job_manager.model.hints import Any

PNG_MARK = b"\x89PNG\r\n\x1a\n"
JPEG_STOPS = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # JPEG markers that have no length


def look_at_png(source: Source, findings: Findings) -> None:
    """Chunks to IEND, each with its checksum."""
    at, seen = len(PNG_MARK), 0
    while True:
        source.hurry()
        length, kind = struct.unpack(">I4s", source.exactly(at, 8, "its chunks: the end (IEND) is missing"))
        name = kind.decode("latin-1")
        if not (name.isascii() and name.isalpha()):
            raise Broken(f"is broken: at byte {at:,} there is no chunk")
        if at + 12 + length > source.size:
            raise needs(f"its chunk {name} at byte {at:,}", length + 12, source.size - at)
        _hold_checksum(source, at, length, name, findings)
        if seen == 0 and name != "IHDR":
            raise Broken(f"is broken: it begins with the chunk {name}, not with IHDR")
        if name == "IHDR":
            _size(findings, *struct.unpack(">II", source.exactly(at + 8, 8, "its header")))
        elif name == "acTL":
            findings.facts["frames"] = struct.unpack(">I", source.exactly(at + 8, 4, "its header"))[0]
        seen |= 2 if name == "IDAT" else 1
        at += 12 + length
        if name == "IEND":
            break
    if not seen & 2:
        raise Broken("is broken: it has no picture (IDAT)")


def _hold_checksum(source: Source, at: int, length: int, name: str, findings: Findings) -> None:
    check = 0
    for piece in source.pieces(at + 4, at + 8 + length):
        check = zlib.crc32(piece, check)
    if check == struct.unpack(">I", source.exactly(at + 8 + length, 4, f"its chunk {name}"))[0]:
        return
    if name[0].islower():  # one that a reader may pass over
        findings.note(f"the checksum of its chunk {name} at byte {at:,} is wrong")
        return
    raise Broken(f"is broken: the checksum of its chunk {name} at byte {at:,} is wrong")


def _size(findings: Findings, width: int, height: int) -> None:
    if not width or not height:
        raise Broken(f"is broken: it is {width} pixels wide and {height} high")
    findings.facts |= {"width": width, "height": height}


def look_at_jpeg(source: Source, findings: Findings) -> None:
    """Segments and scans to the end mark (EOI); what follows it (previews, films) is not looked at."""
    at = 2
    while True:
        source.hurry()
        at, marker = _next_marker(source, at)
        if marker == 0xD9:
            return
        if marker in ALONE or marker == 0xD8:
            at += 2
            continue
        length = struct.unpack(">H", source.exactly(at + 2, 2, "a segment: the end mark (EOI) is missing"))[0]
        if at + 2 + length > source.size:
            raise needs(f"its segment at byte {at:,}", length + 2, source.size - at)
        if marker in FRAME_HEADERS and length >= 8:
            height, width = struct.unpack(">HH", source.exactly(at + 5, 4, "its header"))
            findings.facts |= {"width": width, "height": height} if width and height else {}
        at += 2 + max(length, 2)


def _next_marker(source: Source, at: int) -> tuple[int, int]:
    while at < source.size:
        source.hurry()
        piece = source.read(at, PIECE)
        found = JPEG_STOPS.search(piece)
        if found:
            return at + found.start(), piece[found.start() + 1]
        at += max(1, len(piece) - 1)  # a mark may lie across the border
    raise Broken("is cut off: its end mark (EOI) is missing")


def look_at_gif(source: Source, findings: Findings) -> None:
    """Blocks to the trailer."""
    head = source.exactly(6, 7, "its header")
    width, height, flags = struct.unpack("<HHB", head[:5])
    findings.facts |= {"width": width, "height": height} if width and height else {}
    at, frames = 13 + _colours(flags), 0
    while True:
        source.hurry()
        kind = source.exactly(at, 1, "its blocks: the trailer is missing")[0]
        if kind == 0x3B:
            break
        if kind == 0x2C:
            flags = source.exactly(at + 1, 9, "a frame")[8]
            at, frames = _blocks(source, at + 11 + _colours(flags)), frames + 1
        elif kind == 0x21:
            at = _blocks(source, at + 2)
        elif kind == 0:
            at += 1  # some encoders leave one between blocks
        else:
            raise Broken(f"is broken: at byte {at:,} there is no block")
    if not frames:
        raise Broken("is broken: it has no picture")
    findings.facts["frames"] = frames


def _colours(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(source: Source, at: int) -> int:
    while True:
        source.hurry()
        window = source.exactly(at, 1, "its blocks: the trailer is missing") + source.read(at + 1, 1 << 16)
        step = 0
        while step < len(window) and window[step]:
            step += 1 + window[step]
        if step < len(window):
            return at + step + 1
        at += step


def look_at_webp(source: Source, findings: Findings) -> None:
    """Chunks inside the size that the file says it has."""
    size = struct.unpack("<I", source.exactly(4, 4, "its header"))[0]
    if size + 8 > source.size + 1:  # an odd one may lack its last filling byte
        raise needs("the picture", size + 8, source.size)
    at, end, frames = 12, min(source.size, size + 8), 0
    while at + 8 <= end:
        source.hurry()
        kind, length = struct.unpack("<4sI", source.exactly(at, 8, "its chunks"))
        if at + 8 + length > source.size:
            raise needs(f"its chunk {kind.decode('latin-1').strip()}", length, source.size - at - 8)
        _webp_chunk(kind, source.read(at + 8, 10), findings)
        frames += kind == b"ANMF"
        at += 8 + length + (length & 1)
    if frames:
        findings.facts["frames"] = frames


def _webp_chunk(kind: bytes, head: bytes, findings: Findings) -> None:
    if len(head) < 10 or (kind != b"VP8X" and "width" in findings.facts):
        return
    if kind == b"VP8X":
        width, height = int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    elif kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = struct.unpack("<HH", head[6:10])
        width, height = width & 0x3FFF, height & 0x3FFF
    else:
        return
    findings.facts |= {"width": width, "height": height}


def look_at_bmp(source: Source, findings: Findings) -> None:
    """As many bytes as its pixels take, where they are not compressed."""
    offset, header = struct.unpack("<II", source.exactly(10, 8, "its header"))
    if header < 40 or header > 1024:
        raise Unknown("a BMP of a kind that is not looked into")
    width, height, _, bits, packed, length = struct.unpack("<iiHHII", source.exactly(18, 20, "its header"))
    if width <= 0 or not height or bits not in (1, 4, 8, 16, 24, 32):
        raise Unknown("a BMP of a kind that is not looked into")
    findings.facts |= {"width": width, "height": abs(height)}
    if packed in (0, 3):
        length = (width * bits + 31) // 32 * 4 * abs(height)
    if offset + length > source.size:
        raise needs("its picture", length, source.size - offset)


def look_at_boxes_of_picture(source: Source, findings: Findings) -> None:
    """AVIF and HEIF: the boxes at the top, each whole."""
    from job_manager.artifacts.looking.boxes import top_boxes

    for _ in top_boxes(source):
        pass


Look = Callable[[Source, Findings], Any]
BY_FORMAT: dict[str, Look] = {
    "png": look_at_png,
    "jpeg": look_at_jpeg,
    "gif": look_at_gif,
    "webp": look_at_webp,
    "bmp": look_at_bmp,
    "heif": look_at_boxes_of_picture,
}
