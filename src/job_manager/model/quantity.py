"""Durations as people write them. Knows nothing of clocks."""

from __future__ import annotations

import re

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|min|m|h|d)")
WHOLE = re.compile(rf"(?:{PART.pattern})+\Z")
LONGEST = 366 * 86400.0
EXPECTED = "expected a duration like 90s, 5m, 2h or 1h30m"


def seconds(text: str) -> float:
    """Seconds from `90`, `90s`, `5m`, `1h30m`, `500ms`. Raises ValueError with a sentence for anything else."""
    try:
        value = float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else _sum(text)
    except OverflowError:
        value = LONGEST * 2
    if value <= 0:
        raise ValueError(f"{EXPECTED}, found {text!r}")
    if value > LONGEST:
        raise ValueError(f"{text!r} is longer than a year")
    return value


def _sum(text: str) -> float:
    if not WHOLE.match(text):
        raise ValueError(f"{EXPECTED}, found {text!r}")
    return sum(float(number) * UNITS[unit] for number, unit in PART.findall(text))


def human(value: float) -> str:
    """A duration for reading: 0.4s, 12s, 3m 05s, 2h 10m."""
    if value < 10:
        return f"{value:.1f}s"
    whole = round(value)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
