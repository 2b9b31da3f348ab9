"""How a name or another foreign word stands in a message: in double quotes, short, on one line.

Knows no message.
"""

from __future__ import annotations


def quoted(text: str) -> str:
    """The text in quotes for a message: short, on one line, without control characters."""
    text = text if len(text) <= 60 else f"{text[:57]}..."
    return '"' + "".join(c if c.isprintable() else repr(c)[1:-1] for c in text) + '"'
