"""Lays frames of a video out on one sheet, each with its time; the first of a scene carries a coloured edge.

Draws its digits itself: a machine without any font makes the same sheet.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _media import clip, ffmpeg, module, picture

Spans = list[tuple[float, float]]

FRAMES = 12
WIDTH, GAP = 1600, 12
PAPER, INK, PLATE, EDGE = (17, 21, 28), (240, 243, 247), (17, 21, 28), (255, 159, 67)


def main(video: Path, scenes: Path, sheet: Path) -> None:
    """Lay out `video`, whose scenes `scenes` tells, on `sheet`."""
    found = clip.read(video)
    spans = [(scene["start"], scene["end"]) for scene in module.read_json(scenes)["scenes"]]
    times = choose(spans, min(FRAMES, max(round(found.duration * found.picture.fps), 1)))
    columns = min(4 if found.picture.width >= found.picture.height else 6, len(times))
    cell = (WIDTH - GAP) // max(columns, 3) - GAP
    width, height = picture.fitted(found, cell, 2 * cell)
    rows = -(-len(times) // columns)
    canvas = picture.Canvas(columns * (width + GAP) + GAP, rows * (height + GAP) + GAP, PAPER)
    for number, (time, opens) in enumerate(times):
        x, y = GAP + number % columns * (width + GAP), GAP + number // columns * (height + GAP)
        canvas.paste(picture.frame(found, time, width, height), x, y, width)
        canvas.box(x, y, 5 if opens else 0, height, EDGE)
        canvas.label(picture.timecode(time), x + 12, y + height - 34, 2, INK, PLATE)
        ffmpeg.report(100 * (number + 1) / len(times))
    canvas.save(sheet)
    print(f"{len(times)} frames of {len(spans)} scenes, {canvas.width}x{canvas.height}")


def choose(spans: Spans, count: int) -> list[tuple[float, bool]]:
    """`count` times and whether each is the first in its scene: all scenes once, the rest to the longest ones.

    More scenes than frames are told by frames spread evenly.
    """
    if len(spans) > count:
        duration = spans[-1][1]
        return [((number + 0.5) * duration / count, False) for number in range(count)]
    shares = [1] * len(spans)
    for _ in range(count - len(spans)):
        shares[max(range(len(spans)), key=lambda n: (spans[n][1] - spans[n][0]) / shares[n])] += 1
    return [
        (start + (number + 0.5) * (end - start) / share, number == 0)
        for (start, end), share in zip(spans, shares, strict=True)
        for number in range(share)
    ]


if __name__ == "__main__":
    module.launch(main)
