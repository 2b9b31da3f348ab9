"""Tcl's word rules: a text to commands, a command to words, each with its place. `$` and `[` are characters here.

Knows no operator. Nothing is evaluated: what Tcl would replace stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from job_manager.formats.alfscript.text import At, Pieces, Text, TooMuch
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

BARE, QUOTED, BRACED, ELEMENT = range(4)  # ELEMENT: a braced element of a list, where nothing at all is replaced

WORD_LIMIT = 100_000  # of one command

Say = Callable[[At, str, str], None]  # place, what is wrong, hint

SKIP = re.compile(r"(?:[ \t\n\v\f\r;]++|\\\n)*+")  # between commands
COMMENT = re.compile(r"#[^\\\n]*+(?:\\.[^\\\n]*+)*+\\?", re.DOTALL)
# One of: a plain word; an opening brace; a quote; the end of the command; a line that goes on; any other word.
TOKEN = re.compile(
    r"[ \t\v\f\r]*+(?:([^ \t\n\v\f\r;\\\[$\"{][^ \t\n\v\f\r;\\\[$]*+)(?=[ \t\n\v\f\r;]|\Z)"
    r"|(\{)|(\")|([\n;]|\Z)|(\\\n)|(.))"
)
PLAIN, BRACE, QUOTE, END, GOES_ON, OTHER = range(1, 7)
IN_BARE = re.compile(r"[^ \t\n\v\f\r;\\\[$]*+(?:(?:\\(?!\n)(?:.|\Z)|\$(?!\{))[^ \t\n\v\f\r;\\\[$]*+)*+")
IN_QUOTES = re.compile(r"[^\\\[$\"]*+(?:(?:\\(?:.|\Z)|\$(?!\{))[^\\\[$\"]*+)*+", re.DOTALL)
ENDED = re.compile(r"[ \t\n\v\f\r;]|\Z|\\\n")
BRACKET = re.compile(r"[^\\\[\]]*+(?:\\.[^\\\[\]]*+)*+(?:([\[\]])|\\?\Z)", re.DOTALL)

ESCAPE = re.compile(
    r"\\(?:(\n[ \t]*+)|([abfnrtv])|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})"
    r"|([0-3][0-7]{2}|[0-7]{1,2})|(.))",
    re.DOTALL,
)
CONTINUATION = re.compile(r"\\(?:(\n[ \t]*+)|.)", re.DOTALL)
BLANKS = frozenset(" \t\n\v\f\r;")
LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Word(NamedTuple):
    """One word (or list element) as it is written: `source[start]` is its first sign, `inner:end` what is inside."""

    source: Text
    start: int
    end: int
    kind: int

    @property
    def inner(self) -> int:
        """Where what is inside begins: after the brace or quote, if there is one."""
        return self.start if self.kind == BARE else self.start + 1

    @property
    def broken(self) -> bool:
        """Whether it stands for a word that is never closed, which is said. It has no text."""
        return self.start == self.end

    @property
    def raw(self) -> str:
        """What is inside, as written."""
        return self.source.text[self.start + (self.kind != BARE) : self.end]

    @property
    def text(self) -> str:
        """What the word says: escapes replaced, as far as its kind has any."""
        raw = self.raw
        return raw if "\\" not in raw or self.kind == ELEMENT else self.inside().text

    @property
    def at(self) -> At:
        """Line and column where the word begins, its brace or quote included."""
        return self.source.at(self.start)

    def inside(self) -> Text:
        """What the word says as a text that knows its places."""
        if self.kind == ELEMENT or "\\" not in self.raw:
            return self.source.part(self.inner, self.end)
        pieces, at = Pieces(self.source), self.inner
        pattern = CONTINUATION if self.kind == BRACED else ESCAPE
        for found in pattern.finditer(self.source.text, self.inner, self.end):
            if self.kind != BRACED or found[1]:
                pieces.copy(at, found.start())
                pieces.put(" " if found[1] else unescaped(found), found.start())
                at = found.end()
        pieces.copy(at, self.end)
        return pieces.joined(self.inner)

    def __repr__(self) -> str:
        return f"Word({self.raw[:60]!r})"


def unescaped(found: re.Match[str]) -> str:
    """The character that a match of ESCAPE stands for."""
    if found[7]:
        return found[7]
    if found[2]:
        return LETTERS[found[2]]
    if found[1]:
        return " "
    return chr(code_of(found))


def code_of(found: re.Match[str]) -> int:
    """The number in `\\xHH`, `\\uHHHH`, `\\UHHHHHHHH` or `\\OOO`; U+FFFD's where there is no such character."""
    code = int(found[6], 8) if found[6] else int(found[3] or found[4] or found[5], 16)
    return code if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else 0xFFFD


def look_at_escapes(word: Word, say: Say) -> None:
    """Says which escapes of a word give no character that a text may have."""
    if word.kind not in (BARE, QUOTED) or "\\" not in word.raw:
        return
    for found in ESCAPE.finditer(word.source.text, word.inner, word.end):
        number = found[3] or found[4] or found[5] or found[6]
        if number and code_of(found) == 0xFFFD and number.lower().lstrip("0") != "fffd":
            say(word.source.at(found.start()), f"{quoted(found[0])} is not a character of Unicode text", "remove it")


def commands(text: Text, say: Say, start: int = 0, end: int | None = None) -> Iterator[list[Word]]:
    """The commands between two offsets, each as its words. Mistakes are said; after one reading goes on where it can.

    A braced word's inside is read with the same `text` and its own offsets (`word.inner`, `word.end`), to any depth;
    the inside of any other word is `commands(word.inside(), say)`.
    """
    scanner = _Scanner(text, len(text) if end is None else end, say)
    at = start
    while True:
        at = scanner.skip(at)
        if at >= scanner.end:
            return
        words, at = scanner.command(at)
        if words:
            yield words


class _Scanner:
    """Reads one region of a text. Every character of it is looked at a bounded number of times."""

    def __init__(self, text: Text, end: int, say: Say) -> None:
        self.text, self.string, self.end, self.say = text, text.text, end, say

    def skip(self, at: int) -> int:
        """Past blanks, empty commands and comments."""
        while True:
            at = SKIP.match(self.string, at, self.end).end()  # type: ignore[union-attr]
            comment = COMMENT.match(self.string, at, self.end)
            if comment is None:
                return at
            at = comment.end()

    def command(self, at: int) -> tuple[list[Word], int]:
        """The words of the command that begins here, and where it ends."""
        words: list[Word] = []
        token, string, end, text = TOKEN.match, self.string, self.end, self.text
        while True:
            found = token(string, at, end)
            assert found is not None  # one of its last three alternatives always fits
            kind, at = found.lastindex, found.end()
            if kind == PLAIN:
                start = found.start(1)
                words.append(Word(text, start, at, BARE))
            elif kind == BRACE and at - 1 < (close := self._closing(at - 1)) < end:
                words.append(Word(text, at - 1, close, BRACED))
                at = close + 1
                if string[at : at + 1] not in BLANKS:
                    at = self._after(at, "brace")
            elif kind == END:
                return words, at
            elif kind != GOES_ON:
                word, at = self._word(kind or OTHER, at - 1)
                if word is None:
                    words.append(Word(text, found.end() - 1, found.end() - 1, BARE))
                    return words, self.end
                words.append(word)
            if len(words) > WORD_LIMIT:
                self.say(words[0].at, f"a command of more than {WORD_LIMIT:,} words", "is a brace or quote missing?")
                return words[:1], self.end

    def _word(self, kind: int, start: int) -> tuple[Word | None, int]:
        if kind == BRACE:
            return None, self._never_closed("brace", start)
        if kind == QUOTE:
            return self._quoted(start)
        end = self._run(IN_BARE, start)
        return (None, end) if end < 0 else (Word(self.text, start, end, BARE), end)

    def _closing(self, start: int) -> int:
        try:
            return self.text.closing(start)
        except TooMuch as error:
            self.say(self.text.at(error.offset), error.message, "")
            return -1

    def _quoted(self, start: int) -> tuple[Word | None, int]:
        close = self._run(IN_QUOTES, start + 1)
        if close < 0:
            return None, -1
        if close >= self.end:
            return None, self._never_closed("quote", start)
        return Word(self.text, start, close, QUOTED), self._after(close + 1, "quote")

    def _run(self, pattern: re.Pattern[str], at: int) -> int:
        """Past what the pattern takes, with `[...]` and `${...}` in it as they are; -1 when one of them has no end."""
        while True:
            at = pattern.match(self.string, at, self.end).end()  # type: ignore[union-attr]
            sign = self.string[at : at + 1] if at < self.end else ""
            if sign == "[":
                at = self._bracketed(at)
            elif sign == "$":
                at = self._named(at)
            else:
                return at
            if at < 0:
                return -1

    def _bracketed(self, start: int) -> int:
        depth = 0
        for found in BRACKET.finditer(self.string, start, self.end):
            depth += 1 if found[1] == "[" else -1
            if not depth or not found[1]:
                break
        if found[1] and not depth:
            return found.end()
        return self._never_closed("bracket", start)

    def _named(self, start: int) -> int:
        close = self.string.find("}", start, self.end)
        if close < 0:
            return self._never_closed("brace", start + 1)
        return close + 1

    def _after(self, at: int, sign: str) -> int:
        """Nothing may stand directly after a closing sign. What does is left out, or taken as the next word."""
        if ENDED.match(self.string, at, self.end):
            return at
        rest = quoted(self.string[at : min(at + 20, self.end)].split("\n")[0])
        hint = "put a blank between them"
        if self.string.startswith("{*}", at - 3) and sign == "brace":
            hint = "{*} is not supported: write the words themselves"
        elif self.string[at] == "}":
            hint = "is there one closing brace too many?"
        self.say(self.text.at(at), f"extra characters after close-{sign}: {rest}", hint)
        if self.string[at] in '{"':
            return at
        end = self._run(IN_BARE, at)
        return self.end if end < 0 else end

    def _never_closed(self, sign: str, start: int) -> int:
        self.say(self.text.at(start), f"the {sign} opened here is never closed", HINTS[sign])
        return -1


HINTS = {
    "brace": "put a } where the text in braces ends; a brace that is only text is written \\{ or \\}",
    "quote": 'put a " where the text ends; a quote that is only text is written \\"',
    "bracket": "put the text in braces, where [ is a plain sign",
}
