"""A small file of a type, made on the spot: what a module is tried on when nobody has given it a sample.

Text, pictures, sound and film with nothing but Python; other codecs by ffmpeg where that is on PATH. Knows no module.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import struct
import subprocess
import zlib
from array import array
from collections.abc import Callable, Iterator

WIDTH, HEIGHT = 160, 90
RATE = 16_000  # samples of sound a second
FRAMES, FPS = 50, 25
TEXT = "A sample of three lines.\nThe second one has a number in it: 42.\nThe last line.\n"
MARKUP = "<!DOCTYPE html>\n<html><head><title>Sample</title></head><body><p>A sample.</p></body></html>\n"
FIGURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="9"><rect width="16" height="9" fill="teal"/></svg>\n'
)
TEXTS = {
    "text": TEXT, "txt": TEXT, "any": TEXT, "file": TEXT,
    "markdown": f"# Sample\n\n{TEXT}", "md": f"# Sample\n\n{TEXT}",
    "yaml": "name: sample\nvalues: [1, 2, 3]\n",
    "json": json.dumps({"name": "sample", "values": [1, 2, 3]}) + "\n",
    "jsonl": '{"id": 1, "value": 1.5}\n{"id": 2, "value": 2.5}\n',
    "ndjson": '{"id": 1, "value": 1.5}\n{"id": 2, "value": 2.5}\n',
    "geojson": '{"type": "FeatureCollection", "features": []}\n',
    "csv": "id,name,value\n1,one,1.5\n2,two,2.5\n3,three,3.5\n",
    "tsv": "id\tname\tvalue\n1\tone\t1.5\n2\ttwo\t2.5\n3\tthree\t3.5\n",
    "srt": "1\n00:00:00,000 --> 00:00:01,000\nA sample.\n",
    "vtt": "WEBVTT\n\n00:00.000 --> 00:01.000\nA sample.\n",
    "html": MARKUP, "htm": MARKUP, "xml": "<sample><value>1</value></sample>\n", "svg": FIGURE,
}  # fmt: skip
# What only ffmpeg makes: from which of ours, and how.
ENCODED = {
    **dict.fromkeys("mp4 m4v mov mkv webm".split(), "video"),
    **dict.fromkeys("mp3 flac ogg opus m4a aiff".split(), "audio"),
    **dict.fromkeys("jpeg jpg gif tiff webp".split(), "image"),
}
SAME = {"ogv": "ogg", "oga": "ogg", "mka": "mkv", "tif": "tiff"}
MIME = {"mpeg": "mp3", "x-wav": "wav", "quicktime": "mov", "plain": "text", "x-matroska": "mkv", "x-yaml": "yaml"}


class NoSample(Exception):
    """Nothing can be made here; the argument says why, as a sentence's end."""


def make(type: str, folder: str, name: str) -> str:
    """A file of this type in `folder`, called `name` and an ending; its path. Always the same content. Raises NoSample,
    OSError for what the disk does."""
    word = _word(type)
    if word in TEXTS:
        ending = {"text": "txt", "any": "txt", "file": "txt", "markdown": "md"}.get(word, word)
        return _write(folder, f"{name}.{ending}", TEXTS[word].encode())
    if word in _MAKERS:
        ending, content = _MAKERS[word]
        return _write(folder, f"{name}.{ending}", content())
    if word in ENCODED:
        return _encoded(word, folder, name)
    raise NoSample(f"nothing is known of the type {type}")


def _word(type: str) -> str:
    """The type as one word of the tables: `image/png` is png, `video/*` is video."""
    main, _, rest = type.strip().lower().partition("/")
    if rest and rest not in (*TEXTS, *_MAKERS, *ENCODED, *MIME, *SAME):
        rest = main
    word = MIME.get(rest, rest) or main
    return SAME.get(word, word)


def _write(folder: str, name: str, content: bytes) -> str:
    path = os.path.join(folder, name)
    with open(path, "wb") as stream:
        stream.write(content)
    return path


def _encoded(word: str, folder: str, name: str) -> str:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise NoSample(f"{word} is made by ffmpeg, and there is none on PATH")
    source = make(ENCODED[word], folder, f".{name}.source")
    path = os.path.join(folder, f"{name}.{word}")
    words = [ffmpeg, "-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-i", source, path]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True)
    os.remove(source)
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1]
        raise NoSample(f"ffmpeg could not make {word}: {last[:200] or f'exit code {done.returncode}'}")
    return path


# --- a picture --------------------------------------------------------------------------------------------------------


def picture() -> bytes:
    """A PNG: a gradient with a bright square in it."""
    rows = b"".join(b"\0" + bytes(_row(y)) for y in range(HEIGHT))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png(kind, content) for kind, content in parts)


def _row(y: int) -> Iterator[int]:
    for x in range(WIDTH):
        bright = 40 <= x < 70 and 30 <= y < 60
        yield from (250, 240, 180) if bright else (255 * x // WIDTH, 80, 255 * y // HEIGHT)


def _png(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


# --- sound ------------------------------------------------------------------------------------------------------------


def _tone(seconds: float) -> bytes:
    """16-bit mono: the concert pitch, twice, with silence between."""
    total = int(seconds * RATE)
    loud = (9000 * math.sin(math.tau * 440 * n / RATE) if (4 * n // total) % 2 == 0 else 0 for n in range(total))
    values = array("h", map(int, loud))
    if struct.pack("=h", 1) != struct.pack("<h", 1):
        values.byteswap()
    return values.tobytes()


def sound() -> bytes:
    """A WAV of two seconds."""
    content = _tone(FRAMES / FPS)
    return _riff(b"WAVE", _chunk(b"fmt ", _pcm()) + _chunk(b"data", content))


def _pcm() -> bytes:
    return struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)


def _riff(form: bytes, content: bytes) -> bytes:
    return _chunk(b"RIFF", form + content)


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


# --- a film -----------------------------------------------------------------------------------------------------------


def film() -> bytes:
    """An AVI of two seconds with sound: uncompressed, so that nothing has to be installed. In its middle is a cut."""
    per_frame = 2 * RATE // FPS
    tone = _tone(FRAMES / FPS)
    chunks = []
    for number in range(FRAMES):
        chunks.append(_chunk(b"00db", _frame(number)))
        chunks.append(_chunk(b"01wb", tone[number * per_frame : (number + 1) * per_frame]))
    movie = _list(b"movi", b"".join(chunks))
    return _riff(b"AVI ", _head(len(tone) // 2) + movie + _chunk(b"idx1", _index(chunks)))


def _frame(number: int) -> bytes:
    """Stripes that move; blue before the cut, orange after it. Rows of blue, green, red, padded to four bytes."""
    early = number < FRAMES // 2
    dark, light = ((120, 40, 10), (220, 160, 60)) if early else ((10, 60, 160), (60, 190, 250))
    row = b"".join(bytes(light if (x + 2 * number) // 20 % 2 else dark) for x in range(WIDTH))
    return (row + b"\0" * (-len(row) % 4)) * HEIGHT


def _head(samples: int) -> bytes:
    size = HEIGHT * ((3 * WIDTH + 3) // 4 * 4)
    main = struct.pack("<14I", 1_000_000 // FPS, size * FPS, 0, 0x10, FRAMES, 0, 2, size, WIDTH, HEIGHT, *[0] * 4)
    bitmap = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 24, 0, size, 0, 0, 0, 0)
    pictures = _stream(b"vids", b"DIB ", 1, FPS, FRAMES, size, 0) + _chunk(b"strf", bitmap)
    heard = _stream(b"auds", b"\0\0\0\0", 1, RATE, samples, 2 * RATE, 2) + _chunk(b"strf", _pcm())
    return _list(b"hdrl", _chunk(b"avih", main) + _list(b"strl", pictures) + _list(b"strl", heard))


def _stream(kind: bytes, codec: bytes, scale: int, rate: int, length: int, buffer: int, sample: int) -> bytes:
    content = struct.pack("<4s4sIHHIIIIIIiI", kind, codec, 0, 0, 0, 0, scale, rate, 0, length, buffer, -1, sample)
    return _chunk(b"strh", content + struct.pack("<4h", 0, 0, WIDTH, HEIGHT))


def _list(name: bytes, content: bytes) -> bytes:
    return _chunk(b"LIST", name + content)


def _index(chunks: list[bytes]) -> bytes:
    at, rows = 4, []
    for chunk in chunks:
        rows.append(chunk[:4] + struct.pack("<III", 0x10, at, len(chunk) - 8))
        at += len(chunk)
    return b"".join(rows)


# --- packed -----------------------------------------------------------------------------------------------------------


def _gzipped() -> bytes:
    import gzip

    return gzip.compress(TEXT.encode(), mtime=0)


def _zipped() -> bytes:
    import io
    import zipfile

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo("sample.txt", (1980, 1, 1, 0, 0, 0)), TEXT)
    return made.getvalue()


_MAKERS: dict[str, tuple[str, Callable[[], bytes]]] = {
    **dict.fromkeys(("image", "picture", "photo", "thumbnail", "png"), ("png", picture)),
    **dict.fromkeys(("audio", "sound", "wav"), ("wav", sound)),
    **dict.fromkeys(("video", "movie", "footage", "avi"), ("avi", film)),
    **dict.fromkeys(("gzip", "gz"), ("gz", _gzipped)),
    "zip": ("zip", _zipped),
}
