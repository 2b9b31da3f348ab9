"""Media made for the tests of looking: a PNG and a GIF by hand, everything else by ffmpeg, once. No test."""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile
import zlib
from functools import cache
from pathlib import Path

import pytest

from job_manager.artifacts.looking import ffmpeg
from job_manager.artifacts.looking.files import look_at_file
from job_manager.artifacts.looking.source import Findings
from job_manager.model.expect import Expect

PROGRAM = ffmpeg.find()
VIDEO = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=2")
SOUND = ("-f", "lavfi", "-i", "sine=d=2")
NARROW = ("-pix_fmt", "yuv420p", "-g", "10")


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int = 8, height: int = 6, *, more: bytes = b"") -> bytes:
    rows = b"".join(b"\0" + os.urandom(width) for _ in range(height))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def gif() -> bytes:
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6) + frame + b"\x3b"


@cache
def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="jm-media-"))


@cache
def media(name: str, *options: str) -> bytes:
    """A file of that name as ffmpeg makes it of two seconds of pictures and sound, or of what the options say."""
    path = folder() / name
    words = options or (*VIDEO, *SOUND, *NARROW)
    if not PROGRAM:
        pytest.skip("there is no ffmpeg, on PATH or as the wheel imageio-ffmpeg")
    subprocess.run([PROGRAM, "-v", "error", "-nostdin", "-y", *words, str(path)], check=True, timeout=60)
    return path.read_bytes()


def sound(name: str) -> bytes:
    return media(name, *SOUND)


def picture(name: str) -> bytes:
    pixels = "gbrpf32le" if name.endswith("exr") else "yuvj420p" if name.endswith("jpg") else "rgb24"
    return media(name, *VIDEO, "-frames:v", "1", "-pix_fmt", pixels)


def look(content: bytes, type: str, expect: Expect = (), seconds: float = 30.0, name: str = "x") -> Findings:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return look_at_file(file.fileno(), name, type, tuple(sorted(expect)), seconds)
