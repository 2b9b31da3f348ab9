"""Puts frames on one picture, in rows. Reads plain PNGs as `frame` writes them: 8-bit colour, rows without a filter."""

import argparse
import struct
import sys
import zlib

PAPER = b"\x16\x18\x1c"


def main() -> None:
    parser = argparse.ArgumentParser(fromfile_prefix_chars="@")  # very many come as @FILE, a path a line
    parser.add_argument("--frames", nargs="+", required=True)
    parser.add_argument("--sheet", required=True)
    parser.add_argument("--columns", type=int, required=True)
    parser.add_argument("--gap", type=int, required=True)
    given = parser.parse_args()

    frames = [rows_of(path) for path in given.frames]
    if len({(len(rows), len(rows[0])) for rows in frames}) > 1:
        sys.exit("openjd_fail: the frames are not all of one size")
    height, width = len(frames[0]), len(frames[0][0]) // 3
    columns = min(given.columns, len(frames))
    wide = columns * width + (columns + 1) * given.gap
    between = [PAPER * wide] * given.gap
    sheet = list(between)
    for first in range(0, len(frames), columns):
        beside = frames[first : first + columns]
        sheet += [row(beside, y, wide, given.gap) for y in range(height)]
        sheet += between
        print(f"openjd_progress: {100 * (first + len(beside)) / len(frames):.0f}", flush=True)
    with open(given.sheet, "wb") as picture:
        picture.write(png(wide, len(sheet), sheet))
    print(f"{len(frames)} frames of {width} x {height}")


def row(frames: list[list[bytes]], y: int, wide: int, gap: int) -> bytes:
    drawn = b"".join(PAPER * gap + frame[y] for frame in frames)
    return drawn + PAPER * (wide - len(drawn) // 3)


def rows_of(path: str) -> list[bytes]:
    """The rows of a PNG, three bytes a pixel."""
    with open(path, "rb") as picture:
        content = picture.read()
    width, height, depth, colour = struct.unpack(">IIBB", content[16:26])
    if (depth, colour) != (8, 2):
        sys.exit(f"openjd_fail: {path} is not 8-bit colour without transparency")
    packed, at = b"", 8
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        packed += content[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    raw, step = zlib.decompress(packed), 3 * width + 1
    if any(raw[y * step] for y in range(height)):
        sys.exit(f"openjd_fail: {path} has filtered rows, which this small reader does not know")
    return [raw[y * step + 1 : (y + 1) * step] for y in range(height)]


def png(width: int, height: int, rows: list[bytes]) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))), (b"IEND", b""))
    chunks = (struct.pack(">I", len(c)) + kind + c + struct.pack(">I", zlib.crc32(kind + c)) for kind, c in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


if __name__ == "__main__":
    main()
