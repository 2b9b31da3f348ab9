"""W8: examples/media on a clip of a minute, and the same bare commands in a shell script with `xargs -P2`.

Knows the commands of that job; not how they are measured.
"""

from __future__ import annotations

import hashlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from bench.peers import CACHE

MEDIA = Path(__file__).resolve().parent.parent / "examples/media"
SCRIPT = "bare.sh"
# The steps of job.yaml: what runs at one time, as module and options. What has to be there was made by a step before.
STEPS = (
    (
        "probe --video clip.mp4 --facts made/probe.json",
        "extract_audio --video clip.mp4 --audio made/sound.wav",
        "loudness --video clip.mp4 --loudness made/loudness.json",
        "scene_cuts --video clip.mp4 --scenes made/scenes.json",
        "qc --video clip.mp4 --findings made/qc.json",
    ),
    (
        "transcode --crf 23 --video clip.mp4 --web made/web.mp4",
        "split_scenes --most 24 --video clip.mp4 --scenes made/scenes.json --clips made/scenes",
        "contact_sheet --video clip.mp4 --scenes made/scenes.json --sheet made/contact_sheet.jpg",
        "filmstrip --video clip.mp4 --strip made/filmstrip.jpg",
        "poster --video clip.mp4 --poster made/poster.jpg",
        "waveform --audio made/sound.wav --picture made/waveform.png",
        "spectrogram --audio made/sound.wav --picture made/spectrogram.png",
    ),
)
CHECK = "probe --video made/web.mp4 --facts made/web_probe.json"
PREVIEW = "preview --video {clip} --still made/{stem}.jpg --moving made/{stem}.gif"
REPORT = (
    "report --source made/probe.json --web made/web_probe.json --loudness made/loudness.json"
    " --scenes made/scenes.json --findings made/qc.json --poster made/poster.jpg --filmstrip made/filmstrip.jpg"
    " --waveform made/waveform.png --spectrogram made/spectrogram.png --sheet made/contact_sheet.jpg"
    " --stills made/scene_*.jpg --previews made/scene_*.gif --report made/report.html"
)


def prepare(folder: Path, seconds: int) -> None:
    """The clip, once made and then copied, and the script."""
    shutil.copyfile(clip(seconds), folder / "clip.mp4")
    (folder / SCRIPT).write_text(script())


def clip(seconds: int) -> Path:
    """The clip of the demo over and over until it is that long."""
    source = MEDIA / "make_clip.py"
    kind = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    made = CACHE / f"clip-{kind}-{seconds}.mp4"
    if not made.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        short, unfinished = CACHE / f"short-{kind}.mp4", CACHE / "unfinished.mp4"
        subprocess.run([sys.executable, str(source), str(short)], check=True, capture_output=True)
        again = ["ffmpeg", "-v", "error", "-y", "-stream_loop", "-1", "-i", str(short), "-t", str(seconds)]
        subprocess.run([*again, "-c", "copy", str(unfinished)], check=True, capture_output=True)
        short.unlink()
        unfinished.replace(made)
    return made


def script() -> str:
    """Two at a time, each step after the last. As jm does it, what is told to keep to one CPU is told so."""
    lines = ["#!/bin/sh", "set -eu", "mkdir -p made"]
    lines += [_together(map(_command, step)) for step in STEPS]
    # How many previews there are is known when the scenes are cut.
    stem = '"$(basename "$clip" .mp4)"'
    preview = _command(PREVIEW.replace("{clip}", "%s").replace("{stem}", "%s"), "JM_CPUS=1 ")
    lines.append(f"{{ echo {shlex.quote(_command(CHECK))}")
    lines.append(f"for clip in made/scenes/scene_*.mp4; do printf {shlex.quote(preview + chr(92) + 'n')} \\")
    lines.append(f'    "$clip" {stem} {stem}; done; }} | xargs -P2 -d "\\n" -n1 sh -c')
    return "\n".join([*lines, _command(REPORT), ""])


def _command(words: str, environment: str = "") -> str:
    module, _, options = words.partition(" ")
    program = f"{shlex.quote(sys.executable)} {shlex.quote(str(MEDIA / 'modules' / module / 'main.py'))}"
    return f"{environment}{program} {options}"


def _together(commands: Iterable[str]) -> str:
    text = "\n".join(commands)
    return f"xargs -P2 -d '\\n' -n1 sh -c <<'END'\n{text}\nEND"
