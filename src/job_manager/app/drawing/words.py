"""Text for pictures: in one line, without characters that do not show, cut to a length. Knows no format's escapes."""

from __future__ import annotations

from unicodedata import combining, east_asian_width

JOINERS = frozenset("\u200c\u200d")
NARROW, BROAD = frozenset("iljtfrI.,:;'|!()[]{}/ "), frozenset("mwMW@%")
TITLE, NAMES = 34, 60  # characters of a title in a box, and of the names on an edge


def plain(text: str) -> str:
    """The text in one line; what does not show (controls, direction overrides, half characters) stands as its code."""
    text = " ".join(text.split())
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in JOINERS else f"\\u{ord(c):04x}" for c in text)


def clipped(text: str, most: int = TITLE) -> str:
    """The plain text, its end left out when it is longer. Reads no more of it than it needs."""
    shown = plain(text[: 4 * most])
    return shown if len(shown) <= most and len(text) <= 4 * most else shown[: most - 1].rstrip() + "…"


def both_ends(text: str, most: int) -> str:
    """The plain text, its middle left out when it is longer: for paths."""
    if len(text) > 4 * most:
        text = text[: 2 * most] + text[-2 * most :]
    shown = plain(text)
    half = (most - 1) // 2
    return shown if len(shown) <= most else f"{shown[:half]}…{shown[-half:]}"


def number(count: int) -> str:
    """`9,970`."""
    return f"{count:,}"


def counted(count: int, word: str, unknown: bool = False) -> str:
    """`1 action`, `240 actions`, `12 or more actions`."""
    if unknown:
        return f"{count:,} or more {word}s" if count else f"{word}s"
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def listed(names: tuple[str, ...], most: int = NAMES) -> str:
    """The names with commas when there is room, else the first and how many there are besides."""
    whole = ", ".join(clipped(name) for name in names[:3])
    if len(names) <= 3 and len(whole) <= most:
        return whole
    return f"{clipped(names[0])} and {number(len(names) - 1)} more" if names else ""


def text_width(text: str, size: float) -> float:
    """About how many pixels the text takes in a font of the system of this size."""
    return 1.04 * size * sum(map(_width, text))


def _width(c: str) -> float:
    if combining(c) or c in JOINERS:
        return 0.0
    if c in NARROW:
        return 0.34
    if c in BROAD:
        return 0.88
    if c.isascii():
        return 0.68 if c.isupper() else 0.57
    return 1.05 if east_asian_width(c) in "WF" else 0.66
