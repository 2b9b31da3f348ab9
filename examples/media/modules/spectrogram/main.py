"""Draws the spectrogram of a sound file as a PNG: time runs right, frequency up to TOP hertz, brightness is level.

Relative to the loudest moment of the file, so a quiet clip is not a black picture. Silence is dark all over.
"""

import math
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _media import clip, ffmpeg, module

WIDTH, HEIGHT = 1600, 256
TOP = 16000
LOUDEST = re.compile(r"max_volume: (-?[\d.]+) dB")
MOST_GAIN = 60.0  # what is quieter than this is noise, and would be drawn as if it were music


def main(audio: Path, picture: Path) -> None:
    """Draw `audio`."""
    found = clip.read(audio)
    heard = ffmpeg.run([*found.source, "-map", "0:a:0", "-af", "volumedetect", "-f", "null", "-"], 0)
    loudest = next((float(match[1]) for line in heard if (match := LOUDEST.search(line))), 0.0)
    # At twice TOP the upper edge is TOP, whatever the rate of the file.
    draw = (
        f"volume={min(-loudest, MOST_GAIN)}dB,aresample={TOP * 2},aformat=channel_layouts=mono,"
        f"showspectrumpic=s={columns(found.duration)}x{HEIGHT}:legend=0:color=magma:scale=log:drange=100:win_func=hann,"
        f"scale={WIDTH}:{HEIGHT}:flags=bicubic"
    )
    still = ["-frames:v", "1", "-c:v", "png", "-pix_fmt", "rgb24", "-f", "image2pipe", f"file:{picture}"]
    ffmpeg.run([*found.source, "-filter_complex", f"[0:a:0]{draw}", *still], found.duration)
    print(f"{found.duration:.1f} s of sound, loudest at {loudest} dB, 0 to {TOP} Hz")


def columns(duration: float) -> int:
    """How many columns of whole windows the sound fills, at most WIDTH.

    The filter spreads its windows evenly over the columns and fills up with zeros those that get less than a whole
    one: that draws stripes which are not in the sound. So each column gets a whole number of windows, barely less.
    """
    windows = duration * TOP * 2 / (HEIGHT * 2)
    each = math.ceil((windows + 2) / WIDTH)
    return math.ceil(windows / each) + 1


if __name__ == "__main__":
    module.launch(main)
