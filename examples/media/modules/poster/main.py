"""Chooses one frame that stands for the video: of eight over its length, the one with most to see.

"Most to see" is what compresses worst: black, plain and blurred frames lose against sharp ones with many colours.
"""

import sys
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _media import clip, ffmpeg, module, picture

CANDIDATES = 8
WIDEST = 1280


def main(video: Path, poster: Path) -> None:
    """Write the poster of `video`."""
    found = clip.read(video)
    richest, best = -1, 0.0
    for number in range(CANDIDATES):
        time = (number + 0.5) * found.duration / CANDIDATES
        size = len(zlib.compress(picture.frame(found, time, 160, 120), 1))
        if size > richest:
            richest, best = size, time
        ffmpeg.report(95 * (number + 1) / CANDIDATES)
    shown = found.picture
    width, height = picture.fitted(found, min(WIDEST, shown.width), min(WIDEST, shown.height))
    canvas = picture.Canvas(width, height, (0, 0, 0))
    canvas.paste(picture.frame(found, best, width, height), 0, 0, width)
    canvas.save(poster)
    print(f"the frame at {picture.timecode(best)}, {width}x{height}")


if __name__ == "__main__":
    module.launch(main)
