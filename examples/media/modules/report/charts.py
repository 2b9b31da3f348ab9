"""Draws with HTML and inline SVG: the timeline with all its lanes, the loudness meter, bars.

All lanes share one axis: time runs linearly from the left edge to the right. Colours are the style sheet's.
"""

from typing import Any

import words

Document = dict[str, Any]

STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
MOST_TICKS = 13
FLOOR, TOP = -60.0, 0.0
GRID = (-14, -23, -40)
METER = (-40.0, 0.0)
KEY = "".join(
    f'<small class="{drawn}">{name}</small>'
    for drawn, name in (("area", "momentary"), ("line", "short-term"), ("whole", "integrated"))
)
TOO_NARROW = 2.5  # percent of the width: no number fits into a scene that short


def timeline(duration: float, lanes: dict[str, str], loud: Document, cut: Document, found: Document) -> str:
    """Picture, scenes, sound and findings, one under the other, with the cuts through all of them."""
    sound = [
        _lane("Waveform", f'<img alt="Waveform" src="{lanes["waveform"]}">', "wave"),
        _lane("Spectrum", f'<img alt="Spectrogram" src="{lanes["spectrogram"]}">{_hertz()}', "spectrum"),
        _lane(f"Loudness{KEY}", _course(duration, loud["course"], loud["integrated_lufs"]), "loud"),
    ]
    silent = [_lane("Sound", '<p class="none">no sound in this clip</p>', "wave")]
    rows = [
        _lane("", _ruler(duration), "ruler"),
        _lane("Picture", f'<img alt="Filmstrip" src="{lanes["filmstrip"]}">', "film"),
        _lane("Scenes", _scenes(duration, cut["scenes"]), "scenes"),
        *(sound if loud["audio"] else silent),
        _lane("Found", _found(duration, found), "found"),
    ]
    lines = "".join(f'<i style="left:{100 * one["time"] / duration:.3f}%"></i>' for one in cut["cuts"])
    return f'<div class="timeline">{"".join(rows)}<div class="cuts">{lines}</div></div>'


def meter(loud: Document) -> str:
    """Integrated loudness as a bar from METER's quiet end to its loud one, the targets as marks."""
    integrated = loud["integrated_lufs"]
    targets = sorted(integrated + gain for gain in loud["gain_to_target_db"].values())
    marks = "".join(f'<i style="left:{_share(target):.1f}%"><b>−{-target:.0f}</b></i>' for target in targets)
    band = f'<u style="width:{_share(integrated):.1f}%"></u>'
    return f'<div class="meter" role="img" aria-label="Loudness on a scale">{band}{marks}</div>'


def bar(share: float, label: str) -> str:
    """A bar of `share` (0 to 1) of its cell with a label on it."""
    return f'<span class="bar"><span style="width:{100 * share:.1f}%"></span><b>{words.text(label)}</b></span>'


def _lane(name: str, content: str, kind: str) -> str:
    return f'<div class="name">{name}</div><div class="lane {kind}">{content}</div>'


def _ruler(duration: float) -> str:
    step = next((step for step in STEPS if duration / step <= MOST_TICKS), STEPS[-1] * 2)
    times = [number * step for number in range(int(duration / step) + 1)]
    # A label that begins in the last hundredths would hang over the edge.
    return "".join(
        f'<span style="left:{100 * time / duration:.3f}%">{_tick(time, step) if time / duration < 0.97 else ""}</span>'
        for time in times
    )


def _tick(time: float, step: float) -> str:
    shown = words.clock(time)
    return shown if step < 1 else shown.rpartition(".")[0]


def _scenes(duration: float, scenes: list[dict[str, float]]) -> str:
    blocks = []
    for number, scene in enumerate(scenes, start=1):
        width = 100 * (scene["end"] - scene["start"]) / duration
        name = str(number) if width > TOO_NARROW else ""
        blocks.append(f'<span style="left:{100 * scene["start"] / duration:.3f}%;width:{width:.3f}%">{name}</span>')
    return "".join(blocks)


def _hertz() -> str:
    return '<span class="scale" style="top:0">16 kHz</span><span class="scale" style="top:50%">8 kHz</span>'


def _course(duration: float, course: list[Document], integrated: float | None) -> str:
    """Momentary loudness as an area, short-term as a line, integrated as a straight one."""
    area = " ".join(f"{1000 * one['time'] / duration:.1f},{_height(one['momentary_lufs']):.1f}" for one in course)
    last = 1000 * course[-1]["time"] / duration if course else 0
    line = " ".join(
        f"{1000 * one['time'] / duration:.1f},{_height(one['short_term_lufs']):.1f}"
        for one in course
        if one["short_term_lufs"] is not None
    )
    grid = "".join(f'<path class="grid" d="M0 {_height(value):.1f}H1000"/>' for value in GRID)
    whole = "" if integrated is None else f'<path class="whole" d="M0 {_height(integrated):.1f}H1000"/>'
    names = "".join(f'<span class="scale" style="top:{_height(value):.1f}%">−{-value}</span>' for value in GRID)
    return (
        '<svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label="Loudness over time">'
        f'{grid}<polygon points="0,100 {area} {last:.1f},100"/><polyline points="{line}"/>{whole}</svg>{names}'
    )


def _height(lufs: float | None) -> float:
    """Percent from the top of a chart that goes from TOP down to FLOOR; what is not measured lies on the floor."""
    inside = FLOOR if lufs is None else min(max(lufs, FLOOR), TOP)
    return 100 * (TOP - inside) / (TOP - FLOOR)


def _share(lufs: float) -> float:
    return 100 * (min(max(lufs, METER[0]), METER[1]) - METER[0]) / (METER[1] - METER[0])


def _found(duration: float, found: Document) -> str:
    rows = []
    for name in words.NAMES:
        blocks = "".join(
            f'<span class="{name}" style="left:{100 * one["start"] / duration:.3f}%;'
            f'width:{max(100 * (one["end"] - one["start"]) / duration, 0.3):.3f}%"></span>'
            for one in found[name]
        )
        rows.append(f"<div><em>{name}</em>{blocks}</div>")
    return "".join(rows)
