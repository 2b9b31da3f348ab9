"""Values as YAML says them: text, numbers, true and false, lists and maps. Nothing is ever evaluated.

Where YAML 1.1 and 1.2 differ it is as PyYAML reads it, which JobManager used, and a note says so. Knows no keys.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from job_manager.formats.yaml_reader import Reader
from job_manager.formats.yaml_tree import NULLS, At, Map, Plain, Seq, Value
from job_manager.model.hints import Any
from job_manager.model.pattern import late
from job_manager.model.wording import quoted

FLAGS = {"true": True, "false": False}
OLD_FLAGS = {"yes": True, "on": True, "no": False, "off": False}
SPELT = late(r"[a-z]+\Z|[A-Z][a-z]*\Z|[A-Z]+\Z")
WHOLE = late(r"[-+]?(?:0|[1-9][0-9]*)\Z")
OLD_WHOLE = late(r"[-+]?(?:0b[01_]+|0[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9_]*|0o[0-7]+)\Z")
REAL = late(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?\Z|[-+]?[0-9]+[eE][-+]?[0-9]+\Z")
SIXTIES = late(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
ENDLESS = late(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
DATE = late(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt\s].*)?\Z")
LONGEST_NUMBER = 100
LARGEST = 2**63
MOST_NOTES = 20
TEXT = "in quotes it is text"


class Typed:
    """Makes values, and notes at their place what cannot be one or may not be what is meant."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._notes = 0

    def value(self, value: Value, at: At, path: str) -> Any:
        """Text, int, float, bool, None, list or dict."""
        # Recursion is bounded by how deep a YAML file may be nested.
        if isinstance(value, Map):
            places = value.value_at
            return {key: self.value(member, places[key], f"{path}.{key}") for key, member in value.items()}
        if isinstance(value, Seq):
            places_of = value.item_at
            return [self.value(item, places_of[n], f"{path}[{n}]") for n, item in enumerate(value)]
        return self._scalar(value, at, path) if isinstance(value, Plain) else str(value)

    def _scalar(self, text: Plain, at: At, path: str) -> Any:
        if text in NULLS:
            return None
        if SPELT.match(text) and text.lower() in FLAGS:
            return FLAGS[text.lower()]
        if SPELT.match(text) and text.lower() in OLD_FLAGS:
            meant = OLD_FLAGS[text.lower()]
            self._note(at, path, f"{text} is read as {str(meant).lower()}, as YAML 1.1 has it")
            return meant
        first = text[:1]
        if first.isdigit() or first in ("-", "+", "."):
            return self._number(text, at, path)
        return str(text)

    def _number(self, text: str, at: At, path: str) -> Any:
        if ENDLESS.match(text):
            self._reader.error(at, path, f"{text} cannot be kept as a value", "pass it as text, and make it there")
            return None
        if DATE.match(text):
            self._note(at, path, f"the date {quoted(text)} is passed as text", "write it in quotes to say so")
            return str(text)
        for pattern, read in NUMBERS:
            if pattern.match(text):
                return self._bounded(text, read(text) if len(text) <= LONGEST_NUMBER else math.inf, at, path)
        return str(text)

    def _bounded(self, text: str, number: float, at: At, path: str) -> Any:
        if isinstance(number, int) and abs(number) < LARGEST:
            if not WHOLE.match(text):
                self._note(at, path, f"{text} is the number {number}, as YAML 1.1 has it")
            return number
        if not isinstance(number, int) and math.isfinite(number):
            if (text.endswith("0") and not text.endswith(".0")) or ":" in text or "_" in text:
                self._note(at, path, f"{text} is the number {number}")
            return number
        bound = "whole numbers go to 2^63 - 1, others to about 1.8e308"
        self._reader.error(at, path, f"the number {quoted(text)} is out of range", f"{bound}; {TEXT}")
        return None

    def _note(self, at: At, path: str, message: str, hint: str = TEXT) -> None:
        self._notes += 1
        if self._notes <= MOST_NOTES:
            self._reader.note(at, path, message, hint)


def _real(text: str) -> float:
    return float(text.replace("_", ""))


def _old_whole(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("-+").replace("_", "")
    for prefix, base in (("0b", 2), ("0x", 16), ("0o", 8), ("0", 8), ("", 10)):
        if digits.startswith(prefix):
            return sign * int(digits[len(prefix) :] or "0", base)
    return 0


def _sixties(text: str) -> float:
    """`1:30` is ninety in YAML 1.1."""
    sign = -1 if text.startswith("-") else 1
    *before, last = text.lstrip("-+").replace("_", "").split(":")
    total: float = 0
    for part in before:
        total = total * 60 + int(part)
    return sign * (total * 60 + (float(last) if "." in last else int(last)))


NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], float]], ...] = (
    (WHOLE, int),
    (REAL, _real),
    (OLD_WHOLE, _old_whole),
    (SIXTIES, _sixties),
)
