"""Makes a still and a small animated GIF of a short clip, for a page that shows many of them.

Takes the clip from its beginning: what is longer than a few seconds is only begun.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _media import clip, ffmpeg, module, picture

STILL, MOVING = 320, 160  # pixels on the longer side
RATE, LONGEST = 6, 3.0  # frames a second, seconds
# Colours of its own for every clip; the pattern of dots stays in place, which moving noise does not.
COLOURS = "split[one][two];[one]palettegen=max_colors=64[found];[two][found]paletteuse=dither=bayer:bayer_scale=3"


def main(video: Path, still: Path, moving: Path) -> None:
    """Write the still and the moving picture of `video`."""
    found = clip.read(video)
    width, height = picture.fitted(found, STILL, STILL)
    canvas = picture.Canvas(width, height, (0, 0, 0))
    canvas.paste(picture.frame(found, found.duration / 2, width, height), 0, 0, width)
    canvas.save(still)
    ffmpeg.report(50)
    width, height = picture.fitted(found, MOVING, MOVING)
    # A clip that is shorter than one frame of the GIF keeps the frames it has.
    pace = f"fps={RATE}," if found.duration > 2 / RATE else ""
    look = f"[0:{found.picture.index}]{pace}scale={width}:{height}:flags=area,setsar=1,{COLOURS}"
    ffmpeg.pipe(["-t", str(LONGEST), *found.source, "-filter_complex", look, "-f", "gif", f"file:{moving}"])
    print(f"{min(found.duration, LONGEST):.1f} s, {moving.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    module.launch(main)
