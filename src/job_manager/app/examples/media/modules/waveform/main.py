"""Draws a 16-bit WAV file as a PNG: its peaks, and brighter its average."""

from __future__ import annotations

import argparse
import struct
import sys
import wave
import zlib
from array import array

PAPER, PEAK, AVERAGE = b"\x14\x18\x22", b"\x2f\x6f\x8f", b"\x9f\xe0\xf0"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--audio", required=True)
    parser.add_argument("--picture", required=True)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--height", type=int, required=True)
    given = parser.parse_args()

    samples = read(given.audio)
    columns = [heights(samples, n, given.width, given.height) for n in range(given.width)]
    print("openjd_progress: 50", flush=True)
    middle = (given.height - 1) / 2
    rows = [b"".join(colour(abs(y - middle), *column) for column in columns) for y in range(given.height)]
    with open(given.picture, "wb") as picture:
        picture.write(png(given.width, given.height, rows))


def read(path: str) -> array[int]:
    with wave.open(path, "rb") as sound:
        if sound.getsampwidth() != 2:
            sys.exit("openjd_fail: this is not 16-bit sound")
        samples = array("h", sound.readframes(sound.getnframes()))
    if not samples:
        sys.exit("openjd_fail: there is no sound in this file")
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def heights(samples: array[int], number: int, width: int, height: int) -> tuple[float, float]:
    """How far from the middle the peak and the average of one column reach."""
    first = number * len(samples) // width
    piece = [abs(value) for value in samples[first : max(first + 1, (number + 1) * len(samples) // width)]]
    scale = height / 2 / 32_768
    return max(piece) * scale, sum(piece) / len(piece) * scale


def colour(distance: float, peak: float, average: float) -> bytes:
    if distance <= max(average, 0.5):
        return AVERAGE
    return PEAK if distance <= peak else PAPER


def png(width: int, height: int, rows: list[bytes]) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))), (b"IEND", b""))
    chunks = (struct.pack(">I", len(c)) + kind + c + struct.pack(">I", zlib.crc32(kind + c)) for kind, c in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


if __name__ == "__main__":
    main()
