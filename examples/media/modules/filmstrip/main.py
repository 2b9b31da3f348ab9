"""Puts a whole video into one strip: frames at even distances, each cut to its share of the width.

Time is linear from edge to edge, so a waveform of the same width fits right under it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _media import clip, ffmpeg, module, picture

WIDTH, HEIGHT = 1600, 120
FEWEST, MOST = 8, 16
KEPT = 0.65  # of a frame's width: the middle says enough, and more moments find room


def main(video: Path, strip: Path) -> None:
    """Draw `video` as one strip."""
    found = clip.read(video)
    shown = found.picture
    tiles = min(max(round(WIDTH / (HEIGHT * KEPT * shown.width / shown.height)), FEWEST), MOST)
    width = WIDTH // tiles
    canvas = picture.Canvas(WIDTH, HEIGHT, (0, 0, 0))
    for tile in range(tiles):
        time = (tile + 0.5) * found.duration / tiles
        # The last one takes what the division left over.
        wide = width if tile < tiles - 1 else WIDTH - tile * width
        canvas.paste(picture.frame(found, time, wide, HEIGHT), tile * width, 0, wide)
        ffmpeg.report(100 * (tile + 1) / tiles)
    canvas.save(strip)
    print(f"{tiles} frames")


if __name__ == "__main__":
    module.launch(main)
