"""Matroska and WebM by their elements: whether the segment and its clusters are whole. No frame is decoded.

A file that was written as a stream has no sizes: of such a one only what has a size is looked at.
"""

from __future__ import annotations

import struct

from job_manager.artifacts.looking.source import Findings, Source, Unknown, needs
from job_manager.model.record import NamedTuple

SEGMENT, INFO, CLUSTER, CUES = 0x18538067, 0x1549A966, 0x1F43B675, 0x1C53BB6B
SCALE, DURATION = 0x2AD7B1, 0x4489
NAMES = {SEGMENT: "segment", INFO: "header", CLUSTER: "cluster", CUES: "index"}
MOST_ELEMENTS = 1_000_000


class Element(NamedTuple):
    """One element; `size` is None where it is not known."""

    id: int
    at: int
    size: int | None


def look_at_matroska(source: Source, findings: Findings) -> None:
    """The elements of the segment, and its length."""
    head = _element(source, 0)
    segment = _element(source, head.at + (head.size or 0)) if head is not None else None
    if segment is None or segment.id != SEGMENT:
        raise Unknown("there is no segment at its beginning")
    if segment.size is not None and segment.at + segment.size > source.size:
        raise needs("its segment", segment.size, source.size - segment.at)
    if segment.size is None:
        findings.note("it was written as a stream or its writing was broken off: its size is not in it")
    _walk(source, segment, findings)


def _walk(source: Source, segment: Element, findings: Findings) -> None:
    at = segment.at
    end = source.size if segment.size is None else segment.at + segment.size
    for _ in range(MOST_ELEMENTS):
        source.hurry()
        element = _element(source, at) if at < end else None
        if element is None or element.size is None:
            return
        if element.at + element.size > source.size:
            raise needs(
                f"its {NAMES.get(element.id, 'element')} at byte {at:,}", element.size, source.size - element.at
            )
        if element.id == INFO:
            _length(source, element, findings)
        at = element.at + element.size


def _length(source: Source, info: Element, findings: Findings) -> None:
    at, scale, length = info.at, 1_000_000, 0.0
    while at < info.at + (info.size or 0):
        element = _element(source, at)
        if element is None or element.size is None:
            return
        content = source.read(element.at, min(element.size, 8))
        if element.id == SCALE:
            scale = int.from_bytes(content, "big")
        elif element.id == DURATION and len(content) in (4, 8):
            length = struct.unpack(">f" if len(content) == 4 else ">d", content)[0]
        at = element.at + element.size
    if 0 < length * scale < 1e18:
        findings.facts["duration"] = round(length * scale / 1e9, 3)


def _element(source: Source, at: int) -> Element | None:
    head = source.read(at, 12)
    if not head or not head[0] & 0xF0:
        return None
    name = 9 - head[0].bit_length()
    if len(head) <= name or not head[name]:
        return None
    wide = 9 - head[name].bit_length()
    written = head[name : name + wide]
    if len(written) < wide:
        return None
    size = int.from_bytes(written, "big") & ((1 << 7 * wide) - 1)
    unknown = size == (1 << 7 * wide) - 1
    return Element(int.from_bytes(head[:name], "big"), at + name + wide, None if unknown else size)
