"""Finds passages that are black, frozen or silent, as times from and to.

Finds only; whether black at the end is a fault or a fade-out is for a person to say.
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _media import clip, ffmpeg, module

Passages = list[dict[str, float]]

# Small pictures are as black and as frozen as large ones, and quicker to look at.
WATCH = "scale=320:-2,blackdetect=d=0.1:pix_th=0.10,freezedetect=n=-60dB:d=0.5"
LISTEN = "silencedetect=n=-60dB:d=0.3"
WHAT = {"black": "black", "frozen": "freeze", "silent": "silence"}  # our word, and the one in ffmpeg's log


def main(video: Path, findings: Path) -> None:
    """Write the black, frozen and silent passages of `video`."""
    found = clip.read(video)
    watch = ["-map", f"0:{found.video.index}", "-vf", WATCH] if found.video else []
    listen = ["-map", f"0:{found.audio.index}", "-af", LISTEN] if found.audio else []
    lines = ffmpeg.run([*found.source, *watch, *listen, "-f", "null", "-"], found.duration)
    passages = {name: _passages(lines, said, found.duration) for name, said in WHAT.items()}
    module.write_json(findings, {"video": found.video is not None, "audio": found.audio is not None} | passages)
    print(", ".join(f"{name}: {len(times)}" for name, times in passages.items()))


def _passages(lines: list[str], name: str, duration: float) -> Passages:
    """From what the filters log, e.g. `silence_start: 3.2`; one that lasts to the end of the clip may have no end."""
    starts = _times(lines, f"{name}_start")
    ends = _times(lines, f"{name}_end")
    ends += [duration] * (len(starts) - len(ends))
    return [{"start": max(start, 0.0), "end": min(end, duration)} for start, end in zip(starts, ends, strict=True)]


def _times(lines: list[str], key: str) -> list[float]:
    pattern = re.compile(rf"\b{key}: *(-?[\d.]+)")
    return [round(float(found[1]), 3) for line in lines if (found := pattern.search(line))]


if __name__ == "__main__":
    module.launch(main)
