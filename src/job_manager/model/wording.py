"""How a name or another foreign word stands in a message: in double quotes, short, on one line.

Knows no message.
"""

from __future__ import annotations

from collections.abc import Sequence


def quoted(text: str) -> str:
    """The text in quotes for a message: short, on one line, without control characters."""
    text = text if len(text) <= 60 else f"{text[:57]}..."
    return '"' + "".join(c if c.isprintable() else repr(c)[1:-1] for c in text) + '"'


def counted(number: int, noun: str) -> str:
    """`1 action`, `2 actions`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def named(names: Sequence[str], most: int = 3, total: int = 0) -> str:
    """`a`, `a and b`, `a, b and c`, `a, b, c and 7 more`: the names in the order given; `total`: how many there are
    when these are only the first."""
    shown = list(names[:most])
    more = max(total, len(names)) - len(shown)
    last = f"{more} more" if more else shown.pop() if shown else ""
    return f"{', '.join(shown)} and {last}" if shown else last
