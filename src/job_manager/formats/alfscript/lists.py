"""A Tcl list as it stands in a text: its elements, each with its place.

Knows no option. A list is taken apart once; what is in an element is no list unless somebody asks again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from job_manager.formats.alfscript.text import BRACE, Text
from job_manager.formats.alfscript.words import BARE, ELEMENT, QUOTED, Say, Word
from job_manager.model.wording import quoted

ELEMENT_LIMIT = 1_000_000
# Blanks, then one of: a plain element; the end; any other element.
TOKEN = re.compile(
    r"[ \t\n\v\f\r]*+(?:([^ \t\n\v\f\r\\{\"][^ \t\n\v\f\r\\]*+)(?=[ \t\n\v\f\r]|\Z)|(\Z)|(.))", re.DOTALL
)
PLAIN, END = 1, 2
IN_ELEMENT = re.compile(r"[^ \t\n\v\f\r\\]*+(?:\\(?:\n[ \t]*+|.|\Z)[^ \t\n\v\f\r\\]*+)*+", re.DOTALL)
IN_QUOTES = re.compile(r"[^\\\"]*+(?:\\(?:.|\Z)[^\\\"]*+)*+", re.DOTALL)
BLANK = re.compile(r"[ \t\n\v\f\r]|\Z")


def elements(text: Text, say: Say) -> list[Word]:
    """The elements in order. A mistake is said and reading goes on after it; one that has no end takes the rest."""
    found: list[Word] = []
    at = 0
    while len(found) < ELEMENT_LIMIT:
        token = TOKEN.match(text.text, at)
        assert token is not None  # one of its last two alternatives always fits
        at = token.end()
        if token.lastindex == PLAIN:
            found.append(Word(text, token.start(1), at, BARE))
        elif token.lastindex == END:
            return found
        else:
            word, at = _element(text, at - 1, say)
            found.append(word)
    say(text.at(at), f"the list has more than {ELEMENT_LIMIT:,} elements", "")
    return found


def argv(text: Text, say: Say) -> list[str]:
    """What the elements say."""
    return [word.text for word in elements(text, say)]


def _element(text: Text, start: int, say: Say) -> tuple[Word, int]:
    sign = text.text[start]
    if sign == "{":
        close = _closing(text.text, start)
        return _ended(Word(text, start, close, ELEMENT), "brace", say)
    if sign == '"':
        close = IN_QUOTES.match(text.text, start + 1).end()  # type: ignore[union-attr]
        return _ended(Word(text, start, close, QUOTED), "quote", say)
    end = IN_ELEMENT.match(text.text, start).end()  # type: ignore[union-attr]
    return Word(text, start, end, BARE), end


def _ended(word: Word, sign: str, say: Say) -> tuple[Word, int]:
    text, close = word.source, word.end
    if close >= len(text):
        hint = "put a backslash before it when it is only text"
        say(text.at(word.start), f"the {sign} opened here is never closed", hint)
        return word, len(text)
    if BLANK.match(text.text, close + 1):
        return word, close + 1
    end = IN_ELEMENT.match(text.text, close + 1).end()  # type: ignore[union-attr]
    rest = quoted(text.text[close + 1 : min(end, close + 21)])
    hint = "put a blank between them, or braces around the whole"
    say(text.at(close + 1), f"a list element in {sign}s is followed by {rest} instead of a blank", hint)
    return word, end


def _closing(text: str, start: int) -> int:
    depth = 0
    for found in _braces(text, start):
        depth += 1 if found[1] == "{" else -1
        if not depth:
            return found.start(1)
    return len(text)


def _braces(text: str, start: int) -> Iterator[re.Match[str]]:
    return (found for found in BRACE.finditer(text, start) if found[1])
