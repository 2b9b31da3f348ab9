"""WAV, AVI, AIFF, Ogg and FLAC by their structure: what says how long it is has to be that long. Nothing is decoded.

Sizes as programs write them that cannot know them (into a pipe) say nothing and are passed over.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from job_manager.artifacts.looking.source import Findings, Source, Unknown, needs

NOT_KNOWN = 0x7FFF0000  # such sizes and larger ones are written into pipes
TAIL = 1 << 17  # longer than any Ogg page
MOST_CHUNKS = 100_000


def look_at_wav(source: Source, findings: Findings) -> None:
    """Its format and its samples."""
    at, rate, wide, data = 12, 0, source.read(0, 4) == b"RF64", 0
    if source.read(8, 4) != b"WAVE":
        raise Unknown("a WAV of a kind that is not looked into")
    for _ in range(MOST_CHUNKS):
        source.hurry()
        head = source.read(at, 8)
        if len(head) < 8:
            break
        kind, size = struct.unpack("<4sI", head)
        if kind == b"ds64":
            data = struct.unpack("<Q", source.exactly(at + 16, 8, "its header"))[0]
        elif kind == b"fmt ":
            findings.facts["channels"], findings.facts["sample_rate"], rate = struct.unpack(
                "<HII", source.exactly(at + 10, 10, "its header")
            )
        elif kind == b"data":
            _samples(source, findings, at + 8, data if wide and data else size, rate, wide and bool(data))
            break
        at += 8 + size + (size & 1)


def _samples(source: Source, findings: Findings, at: int, size: int, rate: int, certain: bool) -> None:
    there = source.size - at
    if size > there:
        if size < NOT_KNOWN or certain:
            raise needs("its sound", size, there)
        size = there
    if size == 0 and there:
        size = there  # not filled in by who wrote into a pipe, or was killed
        findings.note("its header says that it has no samples")
    if rate:
        findings.facts["duration"] = round(size / rate, 3)


def look_at_form(source: Source, findings: Findings) -> None:
    """AIFF and AVI: the whole, by the size in front."""
    order = "<" if source.read(0, 4) == b"RIFF" else ">"
    size = struct.unpack(order + "I", source.exactly(4, 4, "its header"))[0]
    if size < NOT_KNOWN and size + 8 > source.size + 1:
        raise needs("the file", size + 8, source.size)


def look_at_ogg(source: Source, findings: Findings) -> None:
    """That its last page is whole."""
    begin = max(0, source.size - TAIL)
    tail = source.read(begin, TAIL)
    at = tail.rfind(b"OggS\0")
    if at < 0 or len(tail) - at < 27:
        return
    segments = tail[at + 26]
    lengths = tail[at + 27 : at + 27 + segments]
    length = 27 + segments + sum(lengths)
    if len(lengths) < segments or at + length > len(tail):
        raise needs(f"its last page at byte {begin + at:,}", length, len(tail) - at)
    if not tail[at + 5] & 4:
        findings.note("its last page is not marked as the last one")


def look_at_flac(source: Source, findings: Findings) -> None:
    """What its header says: rate, channels, length."""
    head = source.exactly(4, 38, "its header")
    if head[0] & 0x7F:
        raise Unknown("its header does not stand in front")
    bits = int.from_bytes(head[14:22], "big")
    rate, samples = bits >> 44, bits & ((1 << 36) - 1)
    findings.facts |= {"sample_rate": rate, "channels": (bits >> 41 & 7) + 1}
    if rate and samples:
        findings.facts["duration"] = round(samples / rate, 3)


BY_FORMAT: dict[str, Callable[[Source, Findings], None]] = {
    "wav": look_at_wav,
    "aiff": look_at_form,
    "avi": look_at_form,
    "ogg": look_at_ogg,
    "flac": look_at_flac,
}
