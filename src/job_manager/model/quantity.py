"""Durations and sizes as people write them. Knows nothing of clocks and disks."""

from __future__ import annotations

import re

from job_manager.model.pattern import late
from job_manager.model.wording import quoted

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
PART = late(r"([0-9]+(?:\.[0-9]+)?)(ms|s|min|m|h|d)")
WHOLE = late(rf"(?:{PART.pattern})+\Z")
LONGEST = 366 * 86400.0
EXPECTED = "expected a duration like 90s, 5m, 2h or 1h30m"
SIZE = late(r"(\d{1,20}(?:\.\d{1,20})?) ?([KMGT]?)(|B|iB)\Z", re.ASCII | re.IGNORECASE)
LARGEST = 2**53 - 1  # as far as every reader of numbers takes them for the same


def seconds(text: str) -> float:
    """Seconds from `90`, `90s`, `5m`, `1h30m`, `500ms`. Raises ValueError with a sentence for anything else."""
    try:
        value = float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else _sum(text)
    except OverflowError:
        value = LONGEST * 2
    if value <= 0:
        raise ValueError(f"{EXPECTED}, found {quoted(text)}")
    if value > LONGEST:
        raise ValueError(f"{quoted(text)} is longer than a year")
    return value


def _sum(text: str) -> float:
    if not WHOLE.match(text):
        raise ValueError(f"{EXPECTED}, found {quoted(text)}")
    return sum(float(number) * UNITS[unit] for number, unit in PART.findall(text))


def size(text: str) -> int:
    """Bytes from `512M`, `8G`, `1.5GiB` (counted in 1024s), `2GB` (in 1000s) or `4096`. Raises ValueError with a
    sentence for anything else."""
    found = SIZE.match(text.strip())
    if not found or (found[3].lower() == "ib" and not found[2]):
        raise ValueError(f"expected a size like 512M, 8G or 1.5G, found {quoted(text)}")
    step = 1000 if found[2] and found[3].lower() == "b" else 1024
    value = int(float(found[1]) * step ** " KMGT".index(found[2].upper() or " "))
    if not 0 < value <= LARGEST:
        raise ValueError(f"{quoted(text)} is no size that a machine has")
    return value


def size_text(count: int) -> str:
    """Bytes for reading: 512M, 4G, 1.5G, 700 bytes. Rounded to one decimal, so only for messages."""
    power = next((power for power in (4, 3, 2, 1) if count >= 1024**power), 0)
    if not power:
        return f"{count} bytes"
    return f"{count / 1024**power:.1f}".removesuffix(".0") + " KMGT"[power]


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
