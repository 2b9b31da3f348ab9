"""Makes an MP4 that every browser plays: H.264 with 4:2:0, AAC in stereo, square pixels, upright, at most 1080p.

Never enlarges. A clip without sound gives an MP4 without sound; subtitles, chapters and cover art are left out.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _media import clip, ffmpeg, module, picture

LONG, SHORT = 1920, 1080


def quality(encoder: str, crf: int, preset: str) -> list[str]:
    """The options for how good and how fast. Other encoders have their own idea of enough."""
    return ["-preset", preset, "-crf", str(crf)] if encoder == "libx264" else ["-b:v", "4M"]


def main(video: Path, web: Path, crf: int = 23, preset: str = "veryfast") -> None:
    """Write `video` as a file for the web."""
    found = clip.read(video)
    shown = found.picture
    box = (LONG, SHORT) if shown.width >= shown.height else (SHORT, LONG)
    width, height = picture.fitted(found, min(box[0], shown.width), min(box[1], shown.height))
    encoder = ffmpeg.encoder("libx264", "libopenh264", "h264_videotoolbox")
    shape = f"scale={width}:{height},setsar=1,format=yuv420p"
    look = ["-vf", shape, "-c:v", encoder, *quality(encoder, crf, preset)]
    # "first_pts" keeps sound that starts late where it belongs.
    hear = ["-af", "aresample=async=1:first_pts=0", "-c:a", "aac", "-b:a", "160k", "-ac", "2"]
    streams = ["-map", f"0:{shown.index}", *(["-map", f"0:{found.audio.index}", *hear] if found.audio else [])]
    # What a browser needs to know about the file is moved to its front: it plays while it loads.
    wrap = ["-map_chapters", "-1", "-movflags", "+faststart", "-f", "mp4", f"file:{web}"]
    ffmpeg.run([*found.source, *streams, *look, *wrap], found.duration)
    print(f"{shown.coded_width}x{shown.coded_height} {shown.codec} -> {width}x{height} {encoder}")


if __name__ == "__main__":
    module.launch(main)
