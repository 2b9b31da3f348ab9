"""Finds hard cuts: where a frame differs from the one before far more than the one before did.

Fades and dissolves are no cuts to it. Scores go from 0 to 1.
"""

import re
import sys
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _media import clip, ffmpeg, module

Cut = dict[str, float]

THRESHOLD = 0.3
SHORTEST = 0.2  # seconds: a flash of one frame looks like two cuts, and a person would call it none or one

_TIME = re.compile(r"\bpts_time:(\S+)")
_SCORE = re.compile(r"\blavfi\.scene_score=(\S+)")


def main(video: Path, scenes: Path) -> None:
    """Write the cuts of `video`, and the scenes they make of it."""
    found = clip.read(video)
    watch = f"scale=320:-2,select='gt(scene,{THRESHOLD})',metadata=print:key=lavfi.scene_score"
    stream = f"0:{found.picture.index}"
    lines = ffmpeg.run([*found.source, "-map", stream, "-vf", watch, "-f", "null", "-"], found.duration)
    cuts = _cuts(lines, found.duration)
    edges = [0.0, *(cut["time"] for cut in cuts), found.duration]
    document = {
        "threshold": THRESHOLD,
        "duration": found.duration,
        "cuts": cuts,
        "scenes": [{"start": start, "end": end} for start, end in pairwise(edges)],
    }
    module.write_json(scenes, document)
    print(f"{len(cuts)} cuts, {len(cuts) + 1} scenes")


def _cuts(lines: list[str], duration: float) -> list[Cut]:
    """A line with the time, then a line with the score, for every frame that passed the threshold."""
    text = "\n".join(lines)
    times = [round(float(time), 3) for time in _TIME.findall(text)]
    scores = [round(float(score), 3) for score in _SCORE.findall(text)]
    cuts: list[Cut] = []
    for time, score in zip(times, scores, strict=True):
        if time - (cuts[-1]["time"] if cuts else 0.0) >= SHORTEST and time < duration:
            cuts.append({"time": time, "score": score})
    return cuts


if __name__ == "__main__":
    module.launch(main)
