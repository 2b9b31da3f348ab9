"""Foreign text made harmless for a terminal: the one place where that is decided. Knows no stream and no colour.

Whatever is not printable is shown as its code: control characters (C0, DEL, C1), direction overrides, invisible
characters, and bytes that are no text. Rules: reference security T6, faults F47.
"""

from __future__ import annotations

# Not "printable" by Unicode's tables, yet part of ordinary words: joiners, and the spaces of typography.
KEPT = frozenset(
    "\u200c\u200d\u00a0\u1680\u2007\u2008\u2009\u200a\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x2007)))
)
NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape(text: str) -> str:
    """`text` in one line that a terminal shows as it is: `\\x1b`, `\\u202e`, `\\n` stand for what does not show."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in KEPT else _code(c) for c in text)


def _code(character: str) -> str:
    number = ord(character)
    if character in NAMED:
        return NAMED[character]
    if 0xDC80 <= number <= 0xDCFF:  # a byte that was no text when it was decoded
        return f"\\x{number - 0xDC00:02x}"
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def escape_lines(text: str) -> str:
    """Like `escape`, but line ends and tabs stay what they are: for the content of a log. A lone carriage return, with
    which a program draws over its line, becomes a line end."""
    if text.isprintable():
        return text
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("\t".join(map(escape, line.split("\t"))) for line in lines)


def decode(raw: bytes) -> str:
    """Bytes of a log as text; those that are no UTF-8 as `\\x80`."""
    return raw.decode("utf-8", "backslashreplace")


def width(text: str) -> int:
    """How many columns the (escaped) text takes on a terminal."""
    if text.isascii():
        return len(text)
    # Imported here: names are ASCII nearly always.
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) or c in "\u200c\u200d" else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def shorten(text: str, columns: int) -> str:
    """The (escaped) text in at most `columns` columns; what is too long ends in dots."""
    if width(text) <= columns:
        return text
    kept = text[: max(0, columns - 3)]
    while kept and width(kept) > columns - 3:
        kept = kept[:-1]
    return kept + "..."


def pad(text: str, columns: int) -> str:
    """The (escaped) text filled with blanks to `columns` columns."""
    return text + " " * (columns - width(text))
