"""Params: named values that a module takes beside its files and that a person may set for a job; canonical text only.

Knows nothing of how they are written down, of command lines, or of where they are put in.
"""

from __future__ import annotations

import math
import posixpath
from collections.abc import Iterable

from job_manager.model.errors import NOWHERE, Place
from job_manager.model.pattern import late
from job_manager.model.record import NamedTuple, Record, field

TYPES = ("int", "float", "str", "bool", "choice", "path")
NUMBERS = ("int", "float")
PREFIX = "params."
"""`{params.NAME}` stands for the value of the job's param NAME."""

INTEGER = late(r"[-+]?[0-9]{1,18}\Z")
DECIMAL = late(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
FLAGS = {"true": "true", "false": "false"}
LONGEST = 65_536  # bytes of one value; a system takes twice that in one argument
WHOLE_FLOAT = 1e15  # below it a float without a fraction is written as a whole number


class Param(Record):
    """One declared param. `default` None: a value must be given. low, high: the range of a number, both included."""

    name: str
    type: str = "str"
    default: str | None = None
    help: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    place: Place | None = field(default=None, compare=False, repr=False)

    def canonical(self, text: str, base: str = "") -> str:
        """The one way to write this value: `+07` is `7`, `0.50` is `0.5`, a path is absolute (from the folder `base`).

        Raises ValueError with a sentence for what is no value of this param.
        """
        if "\0" in text:
            raise ValueError("the value contains a NUL character")
        if len(text.encode("utf-8", "surrogateescape")) > LONGEST:
            raise ValueError(f"the value is longer than {LONGEST:,} bytes")
        if self.type in NUMBERS:
            return self._number(text)
        if self.type == "bool":
            return _flag(text)
        if self.type == "choice":
            return self._choice(text)
        return _path(text, base) if self.type == "path" else text

    def _number(self, text: str) -> str:
        if self.type == "int":
            if not INTEGER.match(text):
                raise ValueError(f"expected a whole number, found {_short(text)}")
            whole = int(text)
            self._look_at_range(whole, str(whole))
            return str(whole)
        value = float(text) if DECIMAL.match(text) else math.nan
        if not math.isfinite(value):
            raise ValueError(f"expected a number, found {_short(text)}")
        canonical = number(value)
        self._look_at_range(value, canonical)
        return canonical

    def _look_at_range(self, value: float, text: str) -> None:
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise ValueError(f"expected a number {self.range}, found {text}")

    def _choice(self, text: str) -> str:
        if text in self.choices:
            return text
        # Imported here: only a mistake needs it.
        from difflib import get_close_matches

        near = get_close_matches(text[:100], self.choices, 1, 0.6)
        meant = f'; did you mean "{near[0]}"?' if near else ""
        raise ValueError(f"expected one of {', '.join(self.choices)}, found {_short(text)}{meant}")

    @property
    def range(self) -> str:
        """The range in words: `from 0 to 51`, `of at least 1`, `of at most 10`, or ""."""
        if self.low is None:
            return "" if self.high is None else f"of at most {number(self.high)}"
        low = number(self.low)
        return f"of at least {low}" if self.high is None else f"from {low} to {number(self.high)}"

    @property
    def kind(self) -> str:
        """Type and bounds in words: `int from 0 to 51`, `one of slow, fast`, `path`."""
        if self.type == "choice":
            return f"one of {', '.join(self.choices)}"
        return f"{self.type} {self.range}".rstrip()


class Given(NamedTuple):
    """A value somebody gave: its text, where it stands, the folder from which a relative path in it counts, and whether
    it was given when the job was first submitted (`former`) and only goes on being valid."""

    name: str
    text: str
    place: Place = NOWHERE
    base: str = ""
    former: bool = False


class Values(NamedTuple):
    """What a job's params are to be: the values given, of two for one name the later, and the job file's folder.
    shelves: where modules are looked for, as a person said it, and python: the program that executes a script, "" for
    this one, for a language that asks while it is read."""

    given: tuple[Given, ...] = ()
    base: str = ""
    shelves: tuple[str, ...] = ()
    python: str = ""


NO_VALUES = Values()


def number(value: float) -> str:
    """A finite float as short as can be: 23, 0.5, 1e+20."""
    return str(int(value)) if float(value).is_integer() and abs(value) < WHOLE_FLOAT else repr(float(value))


def named(params: Iterable[Param]) -> dict[str, Param]:
    """The params by name, the first of two that are called the same."""
    found: dict[str, Param] = {}
    for param in params:
        found.setdefault(param.name, param)
    return found


def _flag(text: str) -> str:
    if text.lower() not in FLAGS:
        raise ValueError(f"expected true or false, found {_short(text)}")
    return text.lower()


def _path(text: str, base: str) -> str:
    if not text:
        raise ValueError("expected a path, found nothing")
    return posixpath.normpath(posixpath.join(base, text))


def _short(text: str) -> str:
    return '"' + "".join(c if c.isprintable() else "?" for c in (text if len(text) <= 60 else f"{text[:57]}...")) + '"'
