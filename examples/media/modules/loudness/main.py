"""Measures loudness by EBU R128 (ITU-R BS.1770): integrated, range, true peak, and its course over time.

What cannot be measured is null: everything without sound, the loudness of silence and of less than 0.4 seconds.
"""

import math
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _media import clip, ffmpeg, module

Course = list[tuple[float, float | None, float | None]]

POINTS = 600  # as many as a chart can show; a film has ten for every second
GATE = -70.0  # R128's absolute gate: quieter counts as silence, and the filter prints it when it heard nothing else
TARGETS = {"EBU R128 broadcast": -23.0, "Podcasts": -16.0, "Streaming": -14.0}

_MOMENT = re.compile(r"\] t: *([\d.]+) .*?\bM: *(\S+) +S: *(\S+) ")
_FIGURE = re.compile(r"^ +(I|LRA|Peak): +(\S+) (?:LUFS|LU|dBFS)$", re.MULTILINE)


def main(video: Path, loudness: Path) -> None:
    """Write the loudness of `video`."""
    found = clip.read(video)
    lines = _listen(found) if found.audio else []
    # A line for every tenth of a second, then the summary.
    figures = {name: _number(value) for name, value in _FIGURE.findall("\n".join(lines[-40:]))}
    course = [(float(at[1]), _above_gate(at[2]), _above_gate(at[3])) for at in map(_MOMENT.search, lines) if at]
    integrated = _above_gate(str(figures.get("I")))
    document = {
        "audio": found.audio is not None,
        "integrated_lufs": integrated,
        "range_lu": figures.get("LRA") if integrated is not None else None,
        "true_peak_dbtp": figures.get("Peak"),
        "momentary_max_lufs": max((m for _, m, _ in course if m is not None), default=None),
        "short_term_max_lufs": max((s for _, _, s in course if s is not None), default=None),
        "gain_to_target_db": _gains(integrated),
        "course": [{"time": round(t, 2), "momentary_lufs": m, "short_term_lufs": s} for t, m, s in _thinned(course)],
    }
    module.write_json(loudness, document)
    print(f"integrated {integrated} LUFS" if found.audio else "no sound in this clip")


def _listen(found: clip.Clip) -> list[str]:
    assert found.audio is not None
    meter = ["-map", f"0:{found.audio.index}", "-af", "ebur128=peak=true:framelog=info", "-f", "null", "-"]
    return ffmpeg.run([*found.source, *meter], found.duration)


def _number(text: str) -> float | None:
    """A finite number or None: the filter says -inf for digital silence and nan for what it cannot know."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _above_gate(text: str) -> float | None:
    value = _number(text)
    return value if value is not None and value > GATE else None


def _gains(integrated: float | None) -> dict[str, float]:
    return {} if integrated is None else {name: round(lufs - integrated, 1) for name, lufs in TARGETS.items()}


def _thinned(course: Course) -> Course:
    """At most POINTS moments, each the loudest of its stretch: a chart must not lose the peaks."""
    step = math.ceil(len(course) / POINTS) or 1
    stretches = [course[start : start + step] for start in range(0, len(course), step)]
    return [max(stretch, key=lambda moment: moment[1] if moment[1] is not None else GATE) for stretch in stretches]


if __name__ == "__main__":
    module.launch(main)
