"""A ray tracer as small as can be: balls on a chequered floor, one light, shadows, mirrors. Writes a PNG."""

import argparse
import json
import math
import struct
import sys
import zlib
from typing import Any

Vector = tuple[float, float, float]
BOUNCES = 3
NEAR = 1e-4


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scene", required=True)
    parser.add_argument("--picture", required=True)
    for name in ("frame", "frames", "width"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args()

    with open(given.scene, encoding="utf-8") as file:
        scene = Scene(json.load(file))
    turn = math.tau * (given.frame - 1) / given.frames
    eye = (5 * math.sin(turn), 2.2, -5 * math.cos(turn))
    width, height = given.width, given.width * 9 // 16
    rows = []
    for y in range(height):
        rows.append(b"".join(scene.pixel(eye, turn, x, y, width, height) for x in range(width)))
        print(f"openjd_progress: {100 * (y + 1) / height:.0f}", flush=True)
    with open(given.picture, "wb") as picture:
        picture.write(png(width, height, rows))


class Scene:
    """What is looked at."""

    def __init__(self, said: dict[str, Any]) -> None:
        try:
            self.light = unit(vector(said["light"]))
            self.sky = [vector(colour) for colour in said["sky"]]
            self.floor = [vector(colour) for colour in said["floor"]]
            self.balls = [
                (vector(b["at"]), float(b["radius"]), vector(b["colour"]), float(b["mirror"])) for b in said["balls"]
            ]
        except (KeyError, TypeError, ValueError) as error:
            sys.exit(f"openjd_fail: the scene lacks something or has something odd: {error}")

    def pixel(self, eye: Vector, turn: float, x: int, y: int, width: int, height: int) -> bytes:
        """One pixel as three bytes."""
        right, up = (x + 0.5 - width / 2) / width, (height / 2 - y - 0.5) / width - 0.12
        ahead = (-math.sin(turn) + right * math.cos(turn), up, math.cos(turn) + right * math.sin(turn))
        colour = self.seen(eye, unit(ahead), BOUNCES)
        return bytes(int(255 * min(1.0, max(0.0, part)) ** 0.6) for part in colour)

    def seen(self, eye: Vector, ahead: Vector, bounces: int) -> Vector:
        """The colour that a ray meets."""
        far, ball = self.nearest(eye, ahead)
        ground = -eye[1] / ahead[1] if ahead[1] < -NEAR else math.inf
        if ball is None and ground == math.inf:
            return blend(self.sky[0], self.sky[1], max(0.0, ahead[1]) ** 0.7)
        point = along(eye, ahead, min(far, ground))
        if ball is None or ground < far:
            checker = self.floor[(math.floor(point[0]) + math.floor(point[2])) % 2]
            lit = self.lit(point, (0.0, 1.0, 0.0), checker)
            return blend(lit, self.sky[0], min(1.0, ground / 40))
        centre, _, colour, mirror = ball
        normal = unit(minus(point, centre))
        lit = self.lit(point, normal, colour)
        if bounces == 0 or mirror == 0:
            return lit
        away = along(ahead, normal, -2 * dot(ahead, normal))
        return blend(lit, self.seen(along(point, normal, NEAR), away, bounces - 1), mirror)

    def nearest(self, eye: Vector, ahead: Vector) -> tuple[float, tuple[Vector, float, Vector, float] | None]:
        """How far it is to the first ball on the way, and which that is."""
        best, found = math.inf, None
        for ball in self.balls:
            to_ball = minus(ball[0], eye)
            middle = dot(to_ball, ahead)
            left = ball[1] ** 2 - dot(to_ball, to_ball) + middle * middle
            if left > 0 and NEAR < middle - math.sqrt(left) < best:
                best, found = middle - math.sqrt(left), ball
        return best, found

    def lit(self, point: Vector, normal: Vector, colour: Vector) -> Vector:
        """A colour as the light falls on it."""
        bright = max(0.0, dot(normal, self.light))
        if bright and self.nearest(along(point, normal, NEAR), self.light)[1] is not None:
            bright = 0.0
        return scaled(colour, 0.2 + 0.8 * bright)


def vector(said: Any) -> Vector:
    x, y, z = said
    return float(x), float(y), float(z)


def dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def minus(a: Vector, b: Vector) -> Vector:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def along(start: Vector, ahead: Vector, far: float) -> Vector:
    return start[0] + ahead[0] * far, start[1] + ahead[1] * far, start[2] + ahead[2] * far


def scaled(a: Vector, by: float) -> Vector:
    return a[0] * by, a[1] * by, a[2] * by


def unit(a: Vector) -> Vector:
    return scaled(a, 1 / math.sqrt(dot(a, a)))


def blend(a: Vector, b: Vector, share: float) -> Vector:
    return along(a, minus(b, a), share)


def png(width: int, height: int, rows: list[bytes]) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))), (b"IEND", b""))
    chunks = (struct.pack(">I", len(c)) + kind + c + struct.pack(">I", zlib.crc32(kind + c)) for kind, c in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


if __name__ == "__main__":
    main()
