"""What a file plainly is, by its first bytes: a format, the family it belongs to, and words for people.

Containers and the formats media people meet are told apart here; for the long tail the library puremagic is asked, and
believed only when its signature is long enough to be no accident. Knows nothing of what a file was declared to be.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from job_manager.model.pattern import late
from job_manager.model.record import NamedTuple

HEAD = 4096  # bytes that are looked at


class Found(NamedTuple):
    """A recognised file. `family`: image, audio, video, av (either), document, archive, text, program or other."""

    format: str
    family: str
    words: str


def _is(format: str, family: str, words: str) -> Found:
    return Found(format, family, words)


PREFIXES: tuple[tuple[bytes, Found], ...] = (
    (b"\x89PNG\r\n\x1a\n", _is("png", "image", "a PNG image")),
    (b"\xff\xd8\xff", _is("jpeg", "image", "a JPEG image")),
    (b"GIF87a", _is("gif", "image", "a GIF image")),
    (b"GIF89a", _is("gif", "image", "a GIF image")),
    (b"II*\x00", _is("tiff", "image", "a TIFF image")),
    (b"MM\x00*", _is("tiff", "image", "a TIFF image")),
    (b"8BPS\x00\x01", _is("psd", "image", "a Photoshop image")),
    (b"v/1\x01", _is("exr", "image", "an OpenEXR image")),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", _is("jxl", "image", "a JPEG XL image")),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", _is("jp2", "image", "a JPEG 2000 image")),
    (b"fLaC\x00", _is("flac", "audio", "FLAC audio")),
    (b"ID3\x02\x00", _is("mp3", "audio", "audio with an ID3 tag (MP3)")),
    (b"ID3\x03\x00", _is("mp3", "audio", "audio with an ID3 tag (MP3)")),
    (b"ID3\x04\x00", _is("mp3", "audio", "audio with an ID3 tag (MP3)")),
    (b"caff\x00\x01\x00\x00", _is("caf", "audio", "Core Audio")),
    (b"MThd\x00\x00\x00\x06", _is("midi", "audio", "a MIDI file")),
    (b"#!AMR", _is("amr", "audio", "AMR audio")),
    (b"wvpk", _is("wavpack", "audio", "WavPack audio")),
    (b"RF64\xff\xff\xff\xff", _is("wav", "audio", "WAV audio")),
    (b"riff\x2e\x91\xcf\x11\xa5\xd6", _is("wav", "audio", "Wave64 audio")),
    (b"YUV4MPEG2 ", _is("y4m", "video", "YUV4MPEG2 video")),
    (b"\x00\x00\x01\xb3", _is("mpeg", "video", "MPEG video")),
    (b"\x00\x00\x01\xba", _is("mpeg", "av", "an MPEG programme stream")),
    (b"\x1aE\xdf\xa3", _is("matroska", "av", "a Matroska or WebM file")),
    (b"OggS\x00", _is("ogg", "av", "an Ogg file")),
    (b"FLV\x01", _is("flv", "av", "a Flash video file")),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _is("asf", "av", "a Windows Media file")),
    (b"PK\x03\x04", _is("zip", "archive", "a ZIP archive")),
    (b"PK\x05\x06", _is("zip", "archive", "an empty ZIP archive")),
    (b"\x1f\x8b\x08", _is("gzip", "archive", "gzip-compressed")),
    (b"\xfd7zXZ\x00", _is("xz", "archive", "xz-compressed")),
    (b"\x28\xb5\x2f\xfd", _is("zstd", "archive", "Zstandard-compressed")),
    (b"7z\xbc\xaf\x27\x1c", _is("7z", "archive", "a 7z archive")),
    (b"Rar!\x1a\x07", _is("rar", "archive", "a RAR archive")),
    (b"\x7fELF", _is("elf", "program", "a compiled program (ELF)")),
    (b"SQLite format 3\x00", _is("sqlite", "other", "an SQLite database")),
)

RIFF = {
    b"WAVE": _is("wav", "audio", "WAV audio"),
    b"AVI ": _is("avi", "av", "an AVI file"),
    b"WEBP": _is("webp", "image", "a WebP image"),
}

PICTURES = frozenset({b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
MP4 = re.compile(rb"isom|iso[2-9]|mp4[12]|avc1|qt  |M4[AVB] |M4VH|dash|msdh|f4v |3g[2ep].|mmp4|MSNV")
HTML = late(rb"(?:<!--.{0,512}?-->\s*)*<(?:!doctype\s+html|html[\s>])", re.IGNORECASE | re.DOTALL)


def recognise(head: bytes) -> Found | None:
    """What the first bytes of a file (at most `HEAD` are read) plainly say it is, or None."""
    for look in LOOKS:
        found = look(head)
        if found is not None:
            return found
    return None


def _by_prefix(head: bytes) -> Found | None:
    return next((found for prefix, found in PREFIXES if head.startswith(prefix)), None)


def _riff(head: bytes) -> Found | None:
    return RIFF.get(head[8:12]) if head[:4] == b"RIFF" else None


def _aiff(head: bytes) -> Found | None:
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _is("aiff", "audio", "AIFF audio")
    return None


def _iso_media(head: bytes) -> Found | None:
    if head[4:8] != b"ftyp":
        return None
    brand = head[8:12]
    if brand in PICTURES:
        return _is("heif", "image", "an AVIF or HEIF image")
    return _is("mp4", "av", "an MP4 or QuickTime file") if MP4.match(brand) else None


def _transport_stream(head: bytes) -> Found | None:
    # A sync byte every 188 bytes (192 in the time-stamped form): three in a row are no accident.
    for packet, first in ((188, 0), (192, 4)):
        if len(head) > first + 2 * packet and all(head[first + n * packet] == 0x47 for n in range(3)):
            return _is("mpegts", "av", "an MPEG transport stream")
    return None


def _pdf(head: bytes) -> Found | None:
    # Readers accept the mark anywhere in the first 1024 bytes, but only in front is it plain.
    return _is("pdf", "document", "a PDF document") if head.startswith(b"%PDF-") else None


def _html(head: bytes) -> Found | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return _is("html", "text", "an HTML page") if HTML.match(text) else None


FAMILIES = {"image": "image", "audio": "audio", "video": "av"}


def _by_library(head: bytes) -> Found | None:
    # Imported here: its table takes a while to read, and most files are known by now.
    import puremagic

    try:
        matches = puremagic.magic_string(head[:1024])
    except (puremagic.PureError, ValueError):
        return None
    for match in matches:
        family = FAMILIES.get(match.mime_type.split("/")[0])
        if family is not None and match.offset == 0 and _no_accident(match.byte_match):
            return Found(match.extension.lstrip("."), family, match.name)
    return None


def _no_accident(signature: bytes) -> bool:
    # Raw samples and plain text begin with small numbers and with letters: such signatures prove nothing.
    telling = sum(byte >= 0x20 for byte in signature)
    return telling >= 4 and any(byte >= 0x80 or byte < 0x09 for byte in signature)


LOOKS: tuple[Callable[[bytes], Found | None], ...] = (
    _by_prefix,
    _riff,
    _aiff,
    _iso_media,
    _transport_stream,
    _pdf,
    _html,
    _by_library,
)
