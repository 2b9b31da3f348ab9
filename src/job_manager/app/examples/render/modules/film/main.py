"""Puts frames into one animated PNG. Their pixels are not touched: the compressed rows only get another name."""

import argparse
import struct
import sys
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def main() -> None:
    parser = argparse.ArgumentParser(fromfile_prefix_chars="@")  # very many come as @FILE, a path a line
    parser.add_argument("--frames", nargs="+", required=True)
    parser.add_argument("--film", required=True)
    parser.add_argument("--milliseconds", type=int, required=True)
    given = parser.parse_args()

    frames = [list(chunks_of(path)) for path in given.frames]
    heads = {content for frame in frames for kind, content in frame if kind == b"IHDR"}
    if len(heads) > 1:
        sys.exit("openjd_fail: the frames are not all of one size and kind")
    with open(given.film, "wb") as film:
        film.write(SIGNATURE + b"".join(animated(frames, heads.pop(), given.milliseconds)))
    print(f"{len(frames)} frames, {len(frames) * given.milliseconds / 1000:.2f} s, for ever")


def animated(frames: list[list[tuple[bytes, bytes]]], head: bytes, milliseconds: int) -> Iterator[bytes]:
    """The chunks of the film: the first frame is an ordinary picture, for those who know no films."""
    yield chunk(b"IHDR", head)
    yield chunk(b"acTL", struct.pack(">II", len(frames), 0))
    order = 0
    for number, frame in enumerate(frames):
        yield chunk(b"fcTL", struct.pack(">I8s2I2H2B", order, head[:8], 0, 0, milliseconds, 1000, 0, 0))
        order += 1
        for rows in (content for kind, content in frame if kind == b"IDAT"):
            yield chunk(b"IDAT", rows) if number == 0 else chunk(b"fdAT", struct.pack(">I", order) + rows)
            order += number > 0
        print(f"openjd_progress: {100 * (number + 1) / len(frames):.0f}", flush=True)
    yield chunk(b"IEND", b"")


def chunks_of(path: str) -> Iterator[tuple[bytes, bytes]]:
    """The parts of a PNG: what each is, and what is in it."""
    with open(path, "rb") as picture:
        content = picture.read()
    if not content.startswith(SIGNATURE):
        sys.exit(f"openjd_fail: {path} is no PNG")
    at = len(SIGNATURE)
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        yield kind, content[at + 8 : at + 8 + length]
        at += 12 + length


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


if __name__ == "__main__":
    main()
