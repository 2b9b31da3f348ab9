"""Cuts a video into small clips without sound, one for each scene; a scene that is long is only begun.

Goes to each scene by seeking: a long film takes no longer than a short one with as many scenes.
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _media import clip, ffmpeg, module, picture
from _media.ffmpeg import Unusable

WIDEST = 480
A_LITTLE = 0.001  # seconds: times are rounded, and the first frame of a scene is not to be missed

_FRAMES = re.compile(rb"^frame= *(\d+)", re.MULTILINE)


def main(video: Path, scenes: Path, clips: Path, most: int = 24, seconds: float = 4.0) -> None:
    """Write the scenes of `video` that `scenes` tells into the folder `clips`."""
    found = clip.read(video)
    spans = [(scene["start"], scene["end"]) for scene in module.read_json(scenes)["scenes"]]
    numbers = chosen(spans, most)
    clips.mkdir(exist_ok=True)
    for done, number in enumerate(numbers, start=1):
        start, end = spans[number - 1]
        _cut(found, start, min(end - start, seconds), clips / f"scene_{number:04}.mp4")
        ffmpeg.report(100 * done / len(numbers))
    written = [path.stem for path in clips.iterdir()]
    if not written:
        raise Unusable(f"not one frame of {video} can be decoded")
    print(f"{len(written)} of {len(spans)} scenes")


def chosen(spans: list[tuple[float, float]], most: int) -> list[int]:
    """The numbers of the scenes, from 1; of more than `most` the longest."""
    by_length = sorted(range(len(spans)), key=lambda n: spans[n][0] - spans[n][1])
    return sorted(n + 1 for n in by_length[:most])


def _cut(found: clip.Clip, start: float, length: float, path: Path) -> None:
    width, height = picture.fitted(found, *(min(WIDEST, side) for side in (found.picture.width, found.picture.height)))
    encoder = ffmpeg.encoder("libx264", "libopenh264", "h264_videotoolbox")
    quality = ["-preset", "ultrafast", "-crf", "20"] if encoder == "libx264" else ["-b:v", "2M"]
    look = ["-vf", f"scale={width}:{height},setsar=1,format=yuv420p", "-c:v", encoder, *quality]
    seek = ["-ss", f"{start - A_LITTLE:.3f}"] if start > 0 else []
    stream = ["-map", f"0:{found.picture.index}", "-map_metadata", "-1", "-map_chapters", "-1"]
    cut = ["-progress", "pipe:1", *seek, "-t", f"{length:.3f}", *found.source, *stream, *look]
    said = ffmpeg.pipe([*cut, "-f", "mp4", f"file:{path}"])
    # A scene without a frame (the last one of a damaged file) is none to look at.
    if not any(int(frames) for frames in _FRAMES.findall(said)):
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    module.launch(main)
