"""Draws the waveform of a sound file as a PNG: peaks pale, average level bright, a line through the middle.

Heights are the square root of the level: quiet sound shows too. Silence, so a clip without sound, is the line alone.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _media import clip, ffmpeg, module

SIZE = "1600x240"
PAPER, PEAKS, LEVEL, LINE = "0x11151c", "0x1f6f78", "0x4fd1c5", "0x4fd1c5@0.45"


def main(audio: Path, picture: Path) -> None:
    """Draw `audio`."""
    found = clip.read(audio)
    # Mixed to one channel first: showwavespic would lay the channels over each other in different colours.
    layers = (
        f"color={PAPER}:s={SIZE}:d=1[paper];"
        "[0:a:0]aformat=channel_layouts=mono,asplit[a][b];"
        f"[a]showwavespic=s={SIZE}:colors={PEAKS}:draw=full:scale=sqrt:filter=peak[peaks];"
        f"[b]showwavespic=s={SIZE}:colors={LEVEL}:draw=full:scale=sqrt:filter=average[level];"
        f"[paper][peaks]overlay=format=yuv444[one];[one][level]overlay=format=yuv444,drawbox=y=ih/2:h=1:c={LINE}:t=fill"
    )
    still = ["-frames:v", "1", "-c:v", "png", "-pix_fmt", "rgb24", "-f", "image2pipe", f"file:{picture}"]
    ffmpeg.run([*found.source, "-filter_complex", layers, *still], found.duration)
    print(f"{found.duration:.1f} s of sound in {SIZE}")


if __name__ == "__main__":
    module.launch(main)
