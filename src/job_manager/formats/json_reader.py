"""Reads JSON text (RFC 8259) into the tree that YAML is read into, every value with its line and column.

Knows no key. What is not JSON is left to json_odd, which says so and finds the way on where there is one.
"""

from __future__ import annotations

import json
import re
import unicodedata
from array import array
from collections.abc import Iterator
from itertools import islice

from job_manager.formats.json_number import NUMBER
from job_manager.formats.json_odd import Oddities, Token
from job_manager.formats.json_text import Sheet, decoded
from job_manager.formats.yaml_tree import Map, Plain, Seq, Value, position, settle
from job_manager.model.bulk import bulk
from job_manager.model.errors import InputError, Place, Problem
from job_manager.model.wording import quoted

__all__ = ["load", "simple"]

# A task of mass's form takes three levels ({"Task": {"children": [...]}}), so these are some 66 tasks in tasks.
DEPTH_LIMIT = 200
NODE_LIMIT = 40_000_000  # as of YAML: a million actions with a dozen keys each are about 30 million
SHORT = 128  # characters of a text that needs no closer look

_SPACE = r"[ \t\n\r]*+"
_TEXT = r'"([^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+)"'
_VALUE = rf"(?:{_TEXT}|({NUMBER}|true|false|null)|([\[{{]))"
# One match for a whole member: key, value (text, bare word or the bracket that opens one) and the comma or bracket
# after it. Most of the time of a big file is spent in these two; where they do not match, something is odd.
MEMBER = re.compile(rf"{_SPACE}{_TEXT}{_SPACE}:{_SPACE}{_VALUE}(?:(?<=[\[{{])|{_SPACE}([,}}]))")
ITEM = re.compile(rf"{_SPACE}{_VALUE}(?:(?<=[\[{{])|{_SPACE}([,\]]))")
CLOSING = re.compile(rf"{_SPACE}([\]}}])")
AFTER = re.compile(rf"{_SPACE}([,\]}}])")


def load(raw: bytes, file: str, *, flaws: list[Problem] | None = None) -> Value | None:
    """The one value in `raw`, or None when there is nothing in it. `file` is how messages name it.

    Numbers, true, false and null are Plain, as they are written. Raises InputError: not UTF-8, not JSON, repeated keys,
    numbers out of range, nesting. flaws: takes the mistakes after which the rest can still be read (a comma too many, a
    repeated key, whose first value stands), which raise otherwise.
    """
    parser = _Parser(Sheet(decoded(raw, file), file))
    try:
        with bulk():
            root = parser.document()
    except InputError as error:
        raise InputError([*parser.odd.flaws, *error.problems]) from None
    if parser.odd.flaws and flaws is None:
        raise InputError(parser.odd.flaws)
    if flaws is not None:
        flaws += parser.odd.flaws
    return root


def simple(value: Value) -> object:
    """The value as Python has it: dict, list, str, int, float, bool or None."""
    if isinstance(value, Map):
        return {key: simple(member) for key, member in value.items()}
    if isinstance(value, Seq):
        return [simple(item) for item in value]
    return json.loads(value) if isinstance(value, Plain) else str(value)


class _Frame:
    """One open object or list, the marks of what is in it, and its keys beyond ASCII as they are compared."""

    __slots__ = ("_numbers", "container", "marks", "normal")

    def __init__(self, container: Map | Seq, mark: int) -> None:
        self.container = container
        self.marks = array("Q", (mark,))
        self.normal: dict[str, str] | None = None
        self._numbers: dict[str, int] | None = None

    @property
    def numbers(self) -> dict[str, int]:
        """The keys so far with their numbers, as far as somebody asked for them."""
        if self._numbers is None:
            self._numbers = {}
        return self._numbers

    @property
    def closer(self) -> str:
        return "}" if isinstance(self.container, Map) else "]"


class _Parser:
    """Goes through the text once, from left to right, without recursion. `pos`: where the next value or key is due."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.text = sheet.text
        self.odd = Oddities(sheet, self._path)
        self.pos = 0
        self.now = ""  # the key whose value is being read, for the path in messages
        self.stack: list[_Frame] = []
        self.marks: array[int] = array("Q")
        self.keys: dict[str, str] = {}
        self.plain: dict[str, Plain] = {}

    def document(self) -> Value | None:
        self._look_at_amount()
        start = self.odd.begin()
        if start == len(self.text):
            return None
        token = self.odd.value(start, "", 0)
        root = self._value(token)
        self.pos = token.end
        if isinstance(root, Map | Seq):
            self._open(root, self.sheet.mark(start), token.end)
            self._run()
        self.odd.end(self.pos)
        return root

    def _look_at_amount(self) -> None:
        # Two characters are the least that a value takes; only a very big file is worth counting.
        if len(self.text) > 2 * NODE_LIMIT and self.text.count(",") + self.text.count(":") > NODE_LIMIT:
            message = f"there is too much in this file: more than {NODE_LIMIT:,} values"
            raise InputError([Problem(Place(self.sheet.file, 0, 0), message, "split it up")])

    def _run(self) -> None:
        while self.stack:
            frame = self.stack[-1]
            if isinstance(frame.container, Map):
                self._members(frame, frame.container)
            else:
                self._items(frame, frame.container)

    def _members(self, frame: _Frame, members: Map) -> None:
        """Reads members until the object ends, something opens in it, or something is odd."""
        text, pos, match, keys, plain = self.text, self.pos, MEMBER.match, self.keys, self.plain
        mark, marks = self.sheet.mark, frame.marks
        while found := match(text, pos):
            key, word, bare, opening, after = found.groups()
            if key in members or (key not in keys and not self._is_plain(key)):
                break
            key = keys[key]
            pos = found.end()
            marks.append(mark(found.start(1) - 1))
            if opening:
                members[key] = opened = Map() if opening == "{" else Seq()
                marks.append(begin := mark(pos - 1))
                self._open(opened, begin, pos)
                return
            if bare:
                marks.append(mark(found.start(3)))
                members[key] = plain.get(bare) or self._bare(bare, found.start(3), key)
            else:
                marks.append(mark(found.start(2) - 1))
                plainly = len(word) < SHORT and "\\" not in word
                members[key] = word if plainly else self._long(word, found.start(2), key)
            if after == "}":
                self._close(pos)
                return
        self.pos = pos
        self._odd_member(frame, members)

    def _is_plain(self, key: str) -> bool:
        # Of the few keys that a big file repeats each is looked at once, and kept once.
        plain = "\\" not in key and key.isascii() and len(key) <= SHORT
        if plain:
            self.keys[key] = key
        return plain

    def _items(self, frame: _Frame, items: Seq) -> None:
        """Reads items until the list ends, something opens in it, or something is odd."""
        text, pos, match, plain = self.text, self.pos, ITEM.match, self.plain
        mark, marks = self.sheet.mark, frame.marks
        while found := match(text, pos):
            word, bare, opening, after = found.groups()
            pos = found.end()
            if opening:
                opened: Map | Seq = Map() if opening == "{" else Seq()
                items.append(opened)
                marks.append(begin := mark(pos - 1))
                self._open(opened, begin, pos)
                return
            if bare:
                marks.append(mark(found.start(2)))
                items.append(plain.get(bare) or self._bare(bare, found.start(2)))
            else:
                marks.append(mark(found.start(1) - 1))
                items.append(word if len(word) < SHORT and "\\" not in word else self._long(word, found.start(1)))
            if after == "]":
                self._close(pos)
                return
        self.pos = pos
        self._odd_item(frame, items)

    def _open(self, container: Map | Seq, mark: int, end: int) -> None:
        if len(self.stack) >= DEPTH_LIMIT:
            raise self.odd.stop(end - 1, f"this is nested deeper than {DEPTH_LIMIT} levels")
        frame = _Frame(container, mark)
        self.stack.append(frame)
        self.pos = end
        closing = CLOSING.match(self.text, end)
        if closing and closing[1] == frame.closer:
            self._close(closing.end())

    def _close(self, pos: int) -> None:
        frame = self.stack.pop()
        settle(frame.container, self.marks, frame.marks)
        self._go_on(pos)

    def _go_on(self, pos: int) -> None:
        """What follows a value: a comma, or the ends of what it stands in."""
        while self.stack:
            frame = self.stack[-1]
            found = AFTER.match(self.text, pos)
            if found is None or (found[1] != "," and found[1] != frame.closer):
                self.pos = pos
                self._odd_after(frame)
                return
            pos = found.end()
            if found[1] == ",":
                break
            self.stack.pop()
            settle(frame.container, self.marks, frame.marks)
        self.pos = pos

    # From here on what is odd, or at least not of the ordinary.

    def _odd_after(self, frame: _Frame) -> None:
        self.now = ""
        start = self.odd.skip(self.pos)
        sign = self.text[start : start + 1]
        if sign == frame.closer:
            self._close(start + 1)
        else:
            self.pos = start + 1 if sign == "," else self.odd.no_comma(self.pos, start, frame.closer, frame.marks[0])

    def _odd_member(self, frame: _Frame, members: Map) -> None:
        self.now = ""
        start = self.odd.skip(self.pos)
        if self._is_comma_or_end(frame, start):
            return
        key = self.odd.key(start, frame.marks[0])
        self.now = key.text
        value_at = self.odd.colon(key, frame.marks[0])
        first = self._first(frame, members, key.text)
        if first is not None:
            self._refuse_second(frame, members, key, first)
        token = self.odd.value(value_at, frame.closer, frame.marks[0])
        value = self._value(token)
        if first is None:
            frame.marks.append(self.sheet.mark(key.start))
            members[key.text] = value
        self._put(frame, token, value, kept=first is None)

    def _odd_item(self, frame: _Frame, items: Seq) -> None:
        start = self.odd.skip(self.pos)
        if self._is_comma_or_end(frame, start):
            return
        token = self.odd.value(start, frame.closer, frame.marks[0])
        value = self._value(token)
        items.append(value)
        self._put(frame, token, value)

    def _is_comma_or_end(self, frame: _Frame, start: int) -> bool:
        """Whether there is no value at `start`, but a comma too many or the end of the list or object."""
        sign = self.text[start : start + 1]
        if sign == frame.closer:
            if self.text[self.pos - 1] == ",":
                self.odd.flaw(self.pos - 1, f'there is nothing between this comma and the "{sign}"', "remove the comma")
            self._close(start + 1)
        elif sign == ",":
            self.odd.flaw(start, "there is nothing before this comma", "remove it")
            self.pos = start + 1
        return bool(sign) and sign in (frame.closer, ",")

    def _put(self, frame: _Frame, token: Token, value: Value, *, kept: bool = True) -> None:
        mark = self.sheet.mark(token.start)
        if kept:
            frame.marks.append(mark)
        if isinstance(value, Map | Seq):
            self._open(value, mark, token.end)
        else:
            self._go_on(token.end)

    def _value(self, token: Token) -> Value:
        if token.kind == "open":
            return Map() if token.text == "{" else Seq()
        return self._bare(token.text, token.start, self.now) if token.kind == "bare" else token.text

    def _bare(self, bare: str, offset: int, key: str = "") -> Plain:
        self.now = key
        value = Plain(self.odd.bounded(bare, offset))
        # A big file says the same few words over and over: each is kept once. The unique ones are not remembered.
        if len(self.plain) < 10_000 and value == bare:
            self.plain[bare] = value
        return value

    def _long(self, word: str, offset: int, key: str = "") -> str:
        self.now = key
        return self.odd.decoded(word, offset)

    def _first(self, frame: _Frame, members: Map, key: str) -> str | None:
        """The key of the object that is the same as this one, accents in whatever encoding."""
        if key.isascii():
            return key if key in members else None
        normal = unicodedata.normalize("NFC", key)
        if frame.normal is None:
            frame.normal = {}
        first = normal if normal in members else frame.normal.setdefault(normal, key)
        return first if first in members else None

    def _refuse_second(self, frame: _Frame, members: Map, key: Token, first: str) -> None:
        line, column = position(frame.marks[1 + 2 * self._number(frame, members, first)])
        same = "" if first == key.text else " (they differ only in how an accent is encoded)"
        message = f"the key {quoted(key.text)} is repeated; it is first written at {line}:{column}{same}"
        self.odd.flaw(key.start, message, "keep one of the two")

    def _number(self, frame: _Frame, members: Map, key: str) -> int:
        # A thousand repeated keys among a hundred thousand others: the numbers are made once.
        numbers = frame.numbers
        if key not in numbers:
            numbers.update(zip(islice(members, len(numbers), None), range(len(numbers), len(members)), strict=True))
        return numbers[key]

    def _path(self) -> str:
        path = "".join(self._steps()).removeprefix(".")
        return path if len(path) <= 120 else f"{path[:120]}..."

    def _steps(self) -> Iterator[str]:
        for depth, frame in enumerate(self.stack, start=1):
            inner = depth == len(self.stack)
            if isinstance(frame.container, Seq):
                yield f"[{len(frame.container) - (not inner)}]"
            elif key := self.now if inner else next(reversed(frame.container), ""):
                yield f".{key[:60]}"
