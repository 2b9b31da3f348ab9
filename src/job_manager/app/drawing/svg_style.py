"""The looks of the SVG: colours for light and dark, never colour alone.

Text only, and plain values instead of variables, so that programs that know little CSS show it, too."""

TONES = {  # state -> fill, line; on light and on dark
    "succeeded": ("#dcf5e3", "#2b8a4b", "#143d22", "#4cc474"),
    "failed": ("#ffe0de", "#c9302c", "#4d1a1a", "#ff7b72"),
    "lost": ("#ffe0de", "#c9302c", "#4d1a1a", "#ff7b72"),
    "running": ("#dbeafe", "#2563c9", "#152d52", "#6cabff"),
    "begun": ("#e8f0fb", "#6a8fc4", "#1b2738", "#5d80b5"),
    "retrying": ("#fff1cf", "#b7791f", "#44330d", "#e3b341"),
    "interrupted": ("#fff1cf", "#b7791f", "#44330d", "#e3b341"),
    "cancelled": ("#ece4f7", "#7d55b5", "#33234a", "#b794f0"),
    "skipped": ("#ece4f7", "#7d55b5", "#33234a", "#b794f0"),
}
LIGHT = """\
svg { font-family: system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
.paper { fill: #ffffff; } text { fill: #1f2430; } .small { font-size: 11px; fill: #5a6372; }
.title { font-size: 13px; font-weight: 500; } .head { font-size: 17px; font-weight: 600; }
.box { fill: #f4f6f9; stroke: #8a94a6; stroke-width: 1.2; }
.frame { fill: #8090a8; fill-opacity: .07; stroke: #a3adbd; stroke-width: 1.2; }
.parallel { stroke-dasharray: 1.5 3.5; stroke-linecap: round; stroke-width: 1.8; }
.hook { stroke-dasharray: 6 4; }
.edge { fill: none; stroke: #5a6372; stroke-width: 1.4; } .order { stroke-width: 1.8; }
.artifact { stroke: #9aa5b5; stroke-width: 1.1; } .hooked { stroke-dasharray: 5 4; }
.point { fill: #5a6372; } .along { font-size: 10px; fill: #5a6372; }
.over { paint-order: stroke; stroke: #f8f9fb; stroke-width: 3; stroke-linejoin: round; }
.bar { fill: #cfd6e0; }
"""
DARK = """\
.paper { fill: #14171c; } text { fill: #e6e9ef; } .small, .along { fill: #a9b2c0; }
.box { fill: #20252d; stroke: #6d7788; } .frame { fill: #aab8d0; fill-opacity: .06; stroke: #566072; }
.edge { stroke: #96a1b1; } .artifact { stroke: #5f6a7b; } .point { fill: #96a1b1; }
.over { stroke: #171b21; } .bar { fill: #39424f; }
"""


def style() -> str:
    """The whole style sheet."""
    light, dark = [LIGHT], [DARK]
    for state, (fill, line, dark_fill, dark_line) in TONES.items():
        light.append(_tone(state, fill, line))
        dark.append(_tone(state, dark_fill, dark_line))
    return f"{''.join(light)}@media (prefers-color-scheme: dark) {{\n{''.join(dark)}}}\n"


def _tone(state: str, fill: str, line: str) -> str:
    return (
        f".box.s-{state} {{ fill: {fill}; stroke: {line}; }} .frame.s-{state} {{ stroke: {line}; }} "
        f".sign.s-{state} {{ fill: {line}; }} .part.s-{state} {{ fill: {line}; }}\n"
    )
