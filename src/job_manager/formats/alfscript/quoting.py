"""Texts as words of Alfscript, and lists of them, that are read back as they are.

Knows no option.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

PLAIN = re.compile(r"[A-Za-z0-9_./:%+=,@~^-]+\Z")
SPECIAL = re.compile(r"[\s\\{}\[\]\"$;#\v\f]")
ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\v": "\\v", "\f": "\\f"}


def word(text: str) -> str:
    """A text as the value of an option or as a title: in braces, where it stands as it is."""
    return f"{{{text}}}" if _balanced(text) else f'"{SPECIAL.sub(_escaped, text)}"'


def listed(elements: Iterable[str]) -> str:
    """A list of texts as one word."""
    return f"{{{' '.join(map(element, elements))}}}"


def element(text: str) -> str:
    """A text as one element of a list that itself stands in braces."""
    if PLAIN.match(text):
        return text
    if _balanced(text) and "\n" not in text:
        return f"{{{text}}}"
    return SPECIAL.sub(_escaped, text)


def _balanced(text: str) -> bool:
    """Whether braces around it close where they are meant to."""
    if "\\" in text or (not text.isprintable() and set(text) - {"\n"} and not _printable(text)):
        return False
    depth = 0
    for sign in text:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            return False
    return depth == 0


def _printable(text: str) -> bool:
    return not any(sign in text for sign in "\r\v\f\t")


def _escaped(found: re.Match[str]) -> str:
    return ESCAPES.get(found[0], f"\\{found[0]}")
