"""A text that knows where each of its characters stands in the file, also after escapes or values were put in.

Knows braces and lines, nothing of words, operators or options.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right

from job_manager.formats.yaml_text import BOM, FILE_LIMIT
from job_manager.model.errors import InputError, Place, Problem

At = tuple[int, int]

BRACE_LIMIT = 20_000_000  # pairs in one file; a job of a million actions has about ten for each
DEPTH_LIMIT = 1_000_000
CHUNK = 4096  # characters between two marks of the line index
# Always matches, at the latest at the end: a search that fails would try again at every character.
BRACE = re.compile(r"[^\\{}]*+(?:\\.[^\\{}]*+)*+(?:([{}])|\\?\Z)", re.DOTALL)


class TooMuch(Exception):
    """More braces, or deeper ones, than are read. Carries the offset and a sentence."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset, self.message = offset, message


class Lines:
    """Offsets of one text to lines and columns, with a mark every CHUNK characters instead of one a line."""

    __slots__ = ("_begins", "_numbers", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._numbers, self._begins = array("I"), array("I")
        number, begin = 1, 0
        for start in range(0, len(text) + 1, CHUNK):
            self._numbers.append(number)
            self._begins.append(begin)
            number += text.count("\n", start, start + CHUNK)
            begin = text.rfind("\n", begin, start + CHUNK) + 1 or begin

    def at(self, offset: int) -> At:
        """1-based line and column of the character."""
        mark = min(offset // CHUNK, len(self._numbers) - 1)
        start = mark * CHUNK
        number = self._numbers[mark] + self._text.count("\n", start, offset)
        begin = self._text.rfind("\n", start, offset) + 1 or self._begins[mark]
        return number, offset - begin + 1


class Braces:
    """Which brace closes which. Found in one pass for each outermost pair; reading inside costs nothing more."""

    __slots__ = ("_closes", "_opens", "_seen", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._opens, self._closes = array("I"), array("I")
        self._seen = 0

    def closing(self, opening: int) -> int:
        """The offset of the brace that closes the one at `opening`, or -1. To be asked from left to right first."""
        if opening >= self._seen:
            self._pair(opening)
        number = bisect_left(self._opens, opening)
        return self._closes[number] - 1

    def _pair(self, opening: int) -> None:
        opens, closes, stack = self._opens, self._closes, array("I")
        for found in BRACE.finditer(self._text, opening):
            brace = found[1]
            if brace == "{":
                stack.append(len(opens))
                opens.append(found.start(1))
                closes.append(0)
                if len(stack) > DEPTH_LIMIT or len(opens) > BRACE_LIMIT:
                    raise self._too_much(found.start(1), len(stack))
            elif brace:
                closes[stack.pop()] = found.start(1) + 1
                if not stack:
                    self._seen = found.end()
                    return
        self._seen = len(self._text) + 1

    def _too_much(self, offset: int, depth: int) -> TooMuch:
        if depth > DEPTH_LIMIT:
            return TooMuch(offset, f"braces are nested more than {DEPTH_LIMIT:,} deep")
        return TooMuch(offset, f"the file has more than {BRACE_LIMIT:,} pairs of braces")


class Text:
    """A string and, for each of its characters, the place in the file that it comes from.

    A file's text stands for itself. Any other is made of pieces of another text: verbatim ones, where each character
    has its own place, and replaced ones (an escape, a variable's value), whose characters all stand where the
    replaced thing begins.
    """

    __slots__ = ("_base", "_begin", "_braces", "_lines", "_pieces", "text")

    def __init__(self, text: str, base: Text | None = None, begin: int = 0, pieces: Pieces | None = None) -> None:
        self.text = text
        self._base, self._begin, self._pieces = base, begin, pieces
        self._braces: Braces | None = None
        self._lines: Lines | None = None

    def __str__(self) -> str:
        return self.text

    def __len__(self) -> int:
        return len(self.text)

    def __repr__(self) -> str:
        return f"Text({self.text[:60]!r})"

    def at(self, offset: int = 0) -> At:
        """Line and column in the file (from 1, in characters) of the character at this offset."""
        text = self
        while text._base is not None:
            offset = text._begin + offset if text._pieces is None else text._pieces.origin(offset)
            text = text._base
        if text._lines is None:
            text._lines = Lines(text.text)
        return text._lines.at(offset)

    def closing(self, opening: int) -> int:
        """The offset of the brace that closes the one at `opening`, or -1. Raises TooMuch."""
        if self._braces is None:
            self._braces = Braces(self.text)
        return self._braces.closing(opening)

    def part(self, start: int, end: int) -> Text:
        """The characters from start to end as a text of their own."""
        return Text(self.text[start:end], self, start)

    def stripped(self, blanks: str = " \t\n\v\f\r") -> Text:
        """Without blanks at both ends."""
        end = len(self.text.rstrip(blanks))
        start = min(len(self.text) - len(self.text.lstrip(blanks)), end)
        return self if end - start == len(self.text) else self.part(start, end)


class Pieces:
    """Builds a text from pieces of another."""

    __slots__ = ("_base", "_origins", "_parts", "_starts", "_verbatim", "length")

    def __init__(self, base: Text) -> None:
        self._base = base
        self._parts: list[str] = []
        self._starts: list[int] = []
        self._origins: list[int] = []
        self._verbatim: list[bool] = []
        self.length = 0

    def copy(self, start: int, end: int) -> None:
        """The base's characters from start to end."""
        if end > start:
            self._add(self._base.text[start:end], start, True)

    def put(self, text: str, origin: int) -> None:
        """Other characters, in place of what begins at `origin` in the base."""
        if text:
            self._add(text, origin, False)

    def _add(self, text: str, origin: int, verbatim: bool) -> None:
        self._parts.append(text)
        self._starts.append(self.length)
        self._origins.append(origin)
        self._verbatim.append(verbatim)
        self.length += len(text)

    def joined(self, start: int) -> Text:
        """The text. start: where an empty one stands in the base."""
        if not self._parts:
            return self._base.part(start, start)
        text = Text("".join(self._parts), self._base, start, self)
        self._parts = []
        return text

    def origin(self, offset: int) -> int:
        """The offset in the base that the character of the joined text comes from."""
        number = bisect_right(self._starts, offset) - 1
        inside = offset - self._starts[number] if self._verbatim[number] else 0
        return self._origins[number] + inside


def decoded(raw: bytes, file: str) -> Text:
    """The text of a file, with LF at the ends of its lines. Raises InputError when it is too long, or no UTF-8 text."""
    if len(raw) > FILE_LIMIT:
        raise InputError([Problem(Place(file, 0, 0), f"the file has {len(raw):,} bytes; the limit is {FILE_LIMIT:,}")])
    body = raw.removeprefix(BOM)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(raw, file, len(raw) - len(body) + error.start) from None
    if "\0" in text:
        raise _refused(raw, file, len(raw) - len(body) + body.index(b"\0"))
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Text(text)


def _refused(raw: bytes, file: str, offset: int) -> InputError:
    sample = raw[:200]
    wide = sample[:2] in (b"\xff\xfe", b"\xfe\xff") or max(sample[::2].count(0), sample[1::2].count(0)) > 10
    if wide:
        message = "the file looks like UTF-16"
    elif raw[offset] == 0:
        message = f"the character U+0000 at offset {offset} is not allowed in a text file"
    else:
        message = f"byte 0x{raw[offset]:02x} at offset {offset} is not UTF-8"
    hint = "remove it" if raw[offset] == 0 and not wide else "save the file as UTF-8"
    before = re.split(rb"\r\n|[\r\n]", raw[:offset].removeprefix(BOM))
    column = len(before[-1].decode("utf-8", "replace")) + 1
    return InputError([Problem(Place(file, len(before), column), message, hint)])
