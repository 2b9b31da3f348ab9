"""MP4 and QuickTime by their boxes: whether the index (moov) and everything it points at are there, and what it says.

No frame is decoded. Knows nothing of what was declared.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from job_manager.artifacts.looking.source import Broken, Findings, Source, Unknown, needs
from job_manager.model.record import NamedTuple

TOP = frozenset(
    b"ftyp moov mdat free skip wide pnot styp moof sidx ssix mfra meta uuid udta prfl PICT emsg prft pdin".split()
)
LARGEST_INDEX = 256 << 20  # bytes of moov
MOST_BOXES = 1_000_000
MOST_CHUNKS = 4_000_000


class Box(NamedTuple):
    """One box: its four letters, where its content begins, and where it ends."""

    kind: bytes
    at: int
    end: int


def is_movie(head: bytes) -> bool:
    """Whether the first bytes are those of boxes, also of old QuickTime files without `ftyp`."""
    return len(head) >= 8 and head[4:8] in TOP


def top_boxes(source: Source) -> Iterator[Box]:
    """The boxes at the top. Raises Broken when one is not whole, Unknown where there is none."""
    at = 0
    for _ in range(MOST_BOXES):
        source.hurry()
        head = source.read(at, 16)
        if len(head) < 8 or not any(head):
            return  # a few bytes, or zeros, that fill up
        box = _box(head, at, source.size)
        if box.end > source.size:
            raise needs(f"its box {_letters(box.kind)}", box.end - at, source.size - at)
        if box.end < box.at or not _letters(box.kind).isprintable():
            raise Unknown(f"at byte {at:,} there is no box")
        yield box
        at = box.end


def _box(head: bytes, at: int, end: int) -> Box:
    size, kind = struct.unpack(">I4s", head[:8])
    if size == 0:
        return Box(kind, at + 8, end)
    if size == 1 and len(head) == 16:
        return Box(kind, at + 16, at + int.from_bytes(head[8:16], "big"))
    return Box(kind, at + 8, at + size)


def _letters(kind: bytes) -> str:
    return kind.decode("latin-1").strip()


def look_at_movie(source: Source, findings: Findings) -> None:
    """The boxes, and in the index length, streams, frames, and whether the last of the samples is inside the file."""
    index, kinds = None, set()
    for box in top_boxes(source):
        kinds.add(box.kind)
        index = index or (box if box.kind == b"moov" else None)
    if index is None:
        if b"moof" in kinds or b"styp" in kinds:
            findings.note("a fragment without its beginning: nothing more is known of it")
            return
        raise Broken("is cut off: its index (moov) is missing, which is written last")
    if index.end - index.at > LARGEST_INDEX:
        raise Unknown("its index is too large to be looked into")
    movie = _Movie(source, source.exactly(index.at, index.end - index.at, "its index"))
    movie.tell(findings)
    if b"mdat" not in kinds and b"moof" not in kinds and movie.samples and not movie.elsewhere:
        raise Broken("is cut off: it has an index (moov) and no pictures or sound (mdat)")


class _Track(NamedTuple):
    kind: bytes
    codec: str
    seconds: float
    samples: int
    width: int
    height: int


class _Movie:
    """The content of `moov`, with every position relative to it."""

    def __init__(self, source: Source, index: bytes) -> None:
        self.source = source
        self.index = index
        self.elsewhere = False
        self.fragmented = any(True for _ in self._all(0, len(index), b"mvex"))
        self.tracks = [self._track(box) for box in self._all(0, len(index), b"trak")]
        self.samples = sum(track.samples for track in self.tracks)

    def _boxes(self, at: int, end: int) -> Iterator[Box]:
        while at + 8 <= end:
            box = _box(self.index[at : at + 16], at, end)
            if box.end > end or box.end < box.at:
                raise Unknown("its index is not understood")
            yield box
            at = box.end

    def _all(self, at: int, end: int, kind: bytes) -> Iterator[Box]:
        return (box for box in self._boxes(at, end) if box.kind == kind)

    def _down(self, box: Box, *kinds: bytes) -> Box | None:
        for kind in kinds:
            found = next(self._all(box.at, box.end, kind), None)
            if found is None:
                return None
            box = found
        return box

    def _numbers(self, form: str, at: int) -> tuple[int, ...]:
        if at + struct.calcsize(form) > len(self.index):
            raise Unknown("its index is not understood")
        return struct.unpack_from(form, self.index, at)

    def _length(self, box: Box | None) -> float:
        """Seconds of an mvhd or mdhd."""
        if box is None:
            return 0.0
        wide = self.index[box.at : box.at + 1] == b"\1"
        scale, length = self._numbers(">IQ", box.at + 20) if wide else self._numbers(">II", box.at + 12)
        unknown = (1 << 64) - 1 if wide else (1 << 32) - 1
        return length / scale if scale and length != unknown else 0.0

    def _track(self, box: Box) -> _Track:
        media = self._down(box, b"mdia") or box
        named = self._down(media, b"hdlr")
        kind = self.index[named.at + 8 : named.at + 12] if named else b""
        table = self._down(media, b"minf", b"stbl")
        samples, width, height, codec = 0, 0, 0, ""
        if table is not None:
            samples, codec, width, height = self._table(table, kind)
            if self._is_here(media):
                self._hold_chunks(table)
        return _Track(kind, codec, self._length(self._down(media, b"mdhd")), samples, width, height)

    def _is_here(self, media: Box) -> bool:
        """Whether its samples are in this file: QuickTime may refer to others."""
        where = self._down(media, b"minf", b"dinf", b"dref")
        if where is not None and where.end - where.at >= 20 and not self.index[where.at + 19] & 1:
            self.elsewhere = True
            return False
        return True

    def _table(self, table: Box, kind: bytes) -> tuple[int, str, int, int]:
        width = height = samples = 0
        codec = ""
        described = self._down(table, b"stsd")
        if described is not None and described.end - described.at >= 16:
            codec = _letters(self.index[described.at + 12 : described.at + 16])
            if kind == b"vide":
                width, height = self._numbers(">HH", described.at + 8 + 32)
        sizes = self._down(table, b"stsz") or self._down(table, b"stz2")
        if sizes is not None:
            samples = self._numbers(">I", sizes.at + 8)[0]
        return samples, codec, width, height

    def _hold_chunks(self, table: Box) -> None:
        """That every chunk begins inside the file."""
        chunks, form = self._down(table, b"stco"), "I"
        if chunks is None:
            chunks, form = self._down(table, b"co64"), "Q"
        if chunks is None:
            return
        number = self._numbers(">I", chunks.at + 4)[0]
        if number and number <= MOST_CHUNKS:
            last = max(self._numbers(f">{number}{form}", chunks.at + 8))
            if last >= self.source.size:
                message = f"its index (moov) points at byte {last:,} and the file has {self.source.size:,}"
                raise Broken(f"is cut off: {message}")

    def tell(self, findings: Findings) -> None:
        """The facts."""
        header = next(self._all(0, len(self.index), b"mvhd"), None)
        lengths = [track.seconds for track in self.tracks if track.kind in (b"vide", b"soun")]
        # The header knows what edit lists leave out of the tracks.
        seconds = 0.0 if self.fragmented else self._length(header) or max(lengths, default=0.0)
        if seconds:
            findings.facts["duration"] = round(seconds, 3)
        for track in self.tracks:
            if track.kind == b"vide" and "video" not in findings.facts:
                self._tell_video(track, findings)
            if track.kind == b"soun" and "audio" not in findings.facts:
                findings.facts["audio"] = track.codec
        findings.facts["streams"] = len(self.tracks)

    def _tell_video(self, track: _Track, findings: Findings) -> None:
        facts = findings.facts
        facts["video"] = track.codec
        if track.width and track.height:
            facts |= {"width": track.width, "height": track.height}
        if track.samples and not self.fragmented:
            facts |= {"frames": track.samples, "counted": "index"}
            if track.seconds:
                facts["fps"] = round(track.samples / track.seconds, 3)
