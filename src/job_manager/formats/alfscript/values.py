"""The values of options: numbers, flags, times, lists. Each mistake has the place of the very character.

Knows the kinds of values, not what an option does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from math import isfinite

from job_manager.formats.alfscript.findings import Findings
from job_manager.formats.alfscript.lists import elements
from job_manager.formats.alfscript.options import Kind
from job_manager.formats.alfscript.text import At, Text
from job_manager.formats.alfscript.words import BARE, BRACED, Word
from job_manager.formats.wording import suggestion
from job_manager.model.hints import TYPE_CHECKING
from job_manager.model.names import env_name
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

if TYPE_CHECKING:
    from job_manager.formats.alfscript.tree import Given, Node

LARGEST = 2**53
INTEGER = re.compile(r"[+-]?[0-9]{1,30}\Z")
NUMBER = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?\Z")
CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})\Z")
DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
TIME_FORM = "write {H:MM} for a time, {M D H:MM} for month, day and time"
_BLANK = r"[ \t\n\v\f\r]"
_ELEMENT = r"(?:\{([^{}\\]*+)\}|\"([^\"\\]*+)\"|([^ \t\n\v\f\r\\{\"][^ \t\n\v\f\r\\]*+))"
ELEMENT = re.compile(_ELEMENT)
EASY = re.compile(rf"(?:{_BLANK}*+{_ELEMENT}(?={_BLANK}|\Z))*+{_BLANK}*+\Z")
QUOTES = re.compile(r'"[^"]*+"\Z')


class After(NamedTuple):
    """`-after`: hour and minute of the next such time, or of that day of the year."""

    hour: int
    minute: int
    month: int | None = None
    day: int | None = None


class PathMap(NamedTuple):
    """One of `-dirmaps`: paths that begin with `source` begin with `target` on machines of this zone."""

    source: str
    target: str
    zone: str


class Keys(NamedTuple):
    """`-envkey`: names of environments, and variables that `setenv` gives, the last of a name winning."""

    names: tuple[str, ...]
    variables: Mapping[str, str]


Value = str | bool | int | float | tuple[str, ...] | tuple[int, ...] | After | tuple[PathMap, ...] | Keys


class Spot:
    """Where something is said: the node and its option, put into words only when something is."""

    __slots__ = ("_findings", "_node", "_option")

    def __init__(self, findings: Findings, node: Node | None, option: str = "") -> None:
        self._findings, self._node, self._option = findings, node, option

    @property
    def path(self) -> str:
        """The way to it, such as `job.subtasks[0].priority`."""
        way = self._node.path if self._node else ""
        return f"{way}.{self._option[1:]}" if self._option and way else way

    def error(self, at: At, message: str, hint: str = "") -> None:
        """A mistake."""
        self._findings.error(at, self.path, message, hint)

    def warn(self, at: At, message: str, hint: str = "") -> None:
        """Something that works and is probably not meant."""
        self._findings.warn(at, self.path, message, hint)


def value_of(given: Given, text: Text, spot: Spot) -> Value | None:
    """The value of an option from the text of its word. None when it is unset (`{}`) or wrong, which is said."""
    kind = given.option.kind
    if kind is Kind.VERBATIM:
        return text.text or None
    text = text.stripped()
    if given.value.kind == BRACED and kind not in LISTS:
        text = _unquoted(text, spot)
    if not text.text:
        return None
    return READERS[kind](text, spot)


def is_trivial(kind: Kind, word: Word) -> bool:
    """Whether nothing can be wrong with such a value."""
    return kind is Kind.VERBATIM or (kind is Kind.TEXT and '"' not in word.raw)


def launch(text: Text, spot: Spot) -> list[Word]:
    """The program and its arguments, each with its place. Text without any is a mistake."""
    words = elements(text, spot.error)
    if not words:
        spot.error(text.at(), "the command is empty", "write the program and its arguments in braces")
    return words


def plain_elements(word: Word) -> list[str]:
    """The elements of a list without escapes and without braces in braces; none of any other, or of an empty one."""
    raw = word.raw
    return [braced or in_quotes or bare for braced, in_quotes, bare in ELEMENT.findall(raw)] if EASY.match(raw) else []


def are_plain(word: Word) -> bool:
    """Whether these are the elements of the list, and there are some."""
    found = EASY.match(word.source.text, word.start + (word.kind != BARE), word.end)
    return found is not None and found.lastindex is not None


def _unquoted(text: Text, spot: Spot) -> Text:
    if len(text) < 2 or not QUOTES.match(text.text):
        return text
    spot.warn(text.at(), f"the quotes in {quoted(text.text)} are left out", "inside braces write it without quotes")
    return text.part(1, len(text) - 1).stripped()


def _text(text: Text, spot: Spot) -> str:
    return text.text


def _flag(text: Text, spot: Spot) -> bool | None:
    if text.text in ("0", "1"):
        return text.text == "1"
    hint = "write 1 for yes, 0 for no"
    spot.error(text.at(), f"expected 0 or 1, found {quoted(text.text)}", hint)
    return None


def _when(text: Text, spot: Spot) -> str | None:
    known = ("done", "error", "always")
    if text.text in known:
        return text.text
    hint = suggestion(text.text, known)
    spot.error(text.at(), f"expected done, error or always, found {quoted(text.text)}", hint)
    return None


def whole(text: Text, spot: Spot, least: int = 1 - LARGEST, most: int = LARGEST - 1) -> int | None:
    """A whole number in decimal digits, between bounds. A mistake is said and gives None."""
    if not INTEGER.match(text.text):
        spot.error(text.at(), f"expected a whole number, found {quoted(text.text)}")
        return None
    number = int(text.text)
    if least <= number <= most:
        return number
    bounds = f"from {least:,} to {most:,}" if most < LARGEST - 1 else f"from {least:,}"
    bounds = "between -2^53 and 2^53" if least == 1 - LARGEST else bounds
    spot.error(text.at(), f"the number {quoted(text.text)} is out of range; it must be {bounds}")
    return None


def _count(text: Text, spot: Spot) -> int | None:
    return whole(text, spot, 1)


def _number(text: Text, spot: Spot) -> float | None:
    if not NUMBER.match(text.text):
        spot.error(text.at(), f"expected a number, found {quoted(text.text)}")
        return None
    number = float(text.text)
    if isfinite(number) and abs(number) < LARGEST:
        return number
    spot.error(text.at(), f"the number {quoted(text.text)} is out of range; it must be between -2^53 and 2^53")
    return None


def _seconds(text: Text, spot: Spot) -> float | None:
    number = _number(text, spot)
    if number is not None and number < 0:
        spot.error(text.at(), f"expected seconds from 0, found {quoted(text.text)}")
        return None
    return number


def _list(text: Text, spot: Spot) -> tuple[str, ...]:
    return tuple(word.text for word in elements(text, spot.error))


def _integers(least: int, most: int) -> Callable[[Text, Spot], tuple[int, ...]]:
    def read(text: Text, spot: Spot) -> tuple[int, ...]:
        found = (whole(word.inside(), spot, least, most) for word in elements(text, spot.error))
        return tuple(number for number in found if number is not None)

    return read


def _after(text: Text, spot: Spot) -> After | None:
    words = elements(text, spot.error)
    if len(words) not in (1, 3):
        spot.error(text.at(), f"expected a time, found {quoted(text.text)}", TIME_FORM)
        return None
    clock = CLOCK.match(words[-1].text)
    if clock is None or int(clock[1]) > 23 or int(clock[2]) > 59:
        spot.error(words[-1].at, f"expected a time from 0:00 to 23:59, found {quoted(words[-1].text)}", TIME_FORM)
        return None
    hour, minute = int(clock[1]), int(clock[2])
    if len(words) == 1:
        return After(hour, minute)
    month = whole(words[0].inside(), spot, 1, 12)
    day = whole(words[1].inside(), spot, 1, DAYS[month - 1] if month else 31)
    return After(hour, minute, month, day) if month and day else None


def _maps(text: Text, spot: Spot) -> tuple[PathMap, ...]:
    found = []
    for word in elements(text, spot.error):
        parts = elements(word.inside(), spot.error)
        if len(parts) == 3:
            found.append(PathMap(*(part.text for part in parts)))
            continue
        hint = "write {{{/from} {//to} UNC}}"
        spot.error(word.at, f"a path map has three parts (from, to, zone); here are {len(parts)}", hint)
    return tuple(found)


def _keys(text: Text, spot: Spot) -> Keys:
    names: list[str] = []
    variables: dict[str, str] = {}
    words = elements(text, spot.error)
    setting = bool(words) and words[0].text == "setenv"
    for word in words:
        inner = [] if setting else elements(word.inside(), spot.error)
        if inner and inner[0].text == "setenv":
            variables.update(_variables(inner[1:], spot))
        elif not setting:
            names.append(word.text)
    if setting:
        variables.update(_variables(words[1:], spot))
    return Keys(tuple(names), variables)


def _variables(words: list[Word], spot: Spot) -> Iterator[tuple[str, str]]:
    for word in words:
        name, sign, value = word.text.partition("=")
        fault = env_name(name) if sign else "has no ="
        if fault:
            spot.error(word.at, f"{quoted(word.text)} sets no variable: {fault}", "write setenv NAME=value")
        else:
            yield name, value


LISTS = frozenset({Kind.LIST, Kind.CODES, Kind.JOBS, Kind.MAPS, Kind.KEYS})
READERS: dict[Kind, Callable[[Text, Spot], Value | None]] = {
    Kind.TEXT: _text,
    Kind.FLAG: _flag,
    Kind.INTEGER: whole,
    Kind.COUNT: _count,
    Kind.NUMBER: _number,
    Kind.SECONDS: _seconds,
    Kind.LIST: _list,
    Kind.CODES: _integers(-255, 255),
    Kind.JOBS: _integers(1, LARGEST - 1),
    Kind.TIME: _after,
    Kind.MAPS: _maps,
    Kind.KEYS: _keys,
    Kind.WHEN: _when,
}
