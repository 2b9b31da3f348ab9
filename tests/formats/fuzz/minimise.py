"""Makes an input that breaks something as short as it can be made in the time there is.

Knows nothing of what is broken: the caller says whether a shorter input still breaks it.
"""

from __future__ import annotations

import time
from collections.abc import Callable


def minimised(raw: bytes, breaks: Callable[[bytes], bool], seconds: float) -> bytes:
    """The shortest input found by leaving out lines, then runs of bytes, each half as long as the last."""
    end = time.monotonic() + seconds
    size = max(1, len(raw) // 2)
    while size and time.monotonic() < end:
        shorter = _without_runs(raw, size, breaks, end)
        size = size // 2 if len(shorter) == len(raw) else min(size, len(shorter))
        raw = shorter
    return raw


def _without_runs(raw: bytes, size: int, breaks: Callable[[bytes], bool], end: float) -> bytes:
    start = 0
    while start < len(raw) and time.monotonic() < end:
        shorter = raw[:start] + raw[start + size :]
        if breaks(shorter):
            raw = shorter
        else:
            start += size
    return raw
