"""One object of a JSON job being read: the YAML reader's fields, where text has quotes and numbers have none.

Knows no key.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Collection, Mapping
from functools import partial

from job_manager.formats.words import Say
from job_manager.formats.yaml_reader import Fields, Reader, is_null
from job_manager.formats.yaml_reader import found as found_in_yaml
from job_manager.formats.yaml_tree import LINE_SHIFT, At, Map, Plain, Seq, Value, settle
from job_manager.model.quantity import LARGEST, LONGEST

WORDS = (("a mapping (key: value)", "an object"), ("a mapping (NAME: value)", "an object"), ("a mapping", "an object"))

HINTS = {'begin each item with "- "': "put it in brackets: [...]"}


class JsonReader(Reader):
    """Says what is wrong in JSON's words, and opens objects."""

    def add(self, at: At, path: str, message: str, hint: str, severity: str) -> None:
        for word, other in WORDS:
            message = message.replace(word, other)
        super().add(at, path, message, HINTS.get(hint, hint), severity)

    def fields(
        self,
        value: Value | None,
        at: At,
        path: str,
        known: Collection[str],
        required: Collection[str] = (),
        meant: Mapping[str, str] | None = None,
    ) -> Strict | None:
        fields = super().fields(value, at, path, known, required, meant)
        return None if fields is None else Strict(fields.map, path, self, required)


def found(value: Value) -> str:
    """What a value is, for "expected ..., found ..."."""
    return found_in_yaml(value).replace("a mapping", "an object")


def is_text(value: Value) -> bool:
    """Whether the value stands in quotes."""
    return isinstance(value, str) and not isinstance(value, Plain)


class Strict(Fields):
    """Like Fields; what is text has to stand in quotes, and what is a number must not."""

    __slots__ = ()

    def text(self, key: str, default: str | None = None) -> str | None:
        value = self.map.get(key)
        if value is None or is_null(value):
            if value is not None and key in self._required:
                self.wrong(key, f'required key "{key}" has no value')
            return default
        if not is_text(value):
            self.wrong(key, f"expected text, found {found(value)}", in_quotes(value))
            return default
        return str(value)

    def texts(self, key: str) -> list[tuple[str, At]] | None:
        value = self.map.get(key)
        if value is None or is_null(value):
            return None
        if not isinstance(value, Seq):
            self.wrong(key, f"expected a list, found {found(value)}", f'write it as "{key}": ["...", "..."]')
            return None
        taken = []
        for n, (item, at) in enumerate(zip(value, value.item_at, strict=True)):
            if is_text(item):
                taken.append((str(item), at))
            else:
                path = f"{self.path_of(key)}[{n}]"
                self.reader.error(at, path, f"expected text, found {found(item)}", in_quotes(item))
        return taken

    def number(self, key: str) -> float | None:
        """Any number; that it is finite is seen to by what reads the text."""
        value = self.map.get(key)
        if value is None or is_null(value):
            return None
        number = json.loads(value) if isinstance(value, Plain) else None
        if isinstance(number, bool) or not isinstance(number, int | float):
            self.wrong(key, f"expected a number, found {found(value)}")
            return None
        return float(number) + 0.0  # of the two zeros the one without a sign

    def duration(self, key: str, default: float | None = None) -> float | None:
        number = self.number(key)
        if number is not None and not 0 < number <= LONGEST:
            message = f"expected seconds, more than 0 and at most {int(LONGEST):,}, found {found(self.map[key])}"
            self.wrong(key, message)
            return default
        return default if number is None else number

    def size(self, key: str) -> int | None:
        return self.integer(key, 1, LARGEST)

    def inner(self, value: Seq, at: At, path: str) -> Strict:
        """An object that holds nothing but this list, under its own path."""
        holder = Map({path: value})
        settle(holder, array("Q"), [(at[0] - 1) << LINE_SHIFT | (at[1] - 1)] * 3)
        return Strict(holder, "", self.reader)

    def _is_text(self, value: Value) -> bool:
        return is_text(value)

    def _named_text(self, key: str, members: Map, name: str) -> str | None:
        if is_text(members[name]):
            return str(members[name])
        message = f"expected text, found {found(members[name])}"
        self.reader.error(members.value_at[name], f"{self.path_of(key)}.{name}", message, in_quotes(members[name]))
        return None


def in_quotes(value: Value) -> str:
    """A hint for what is no text and may be meant as one."""
    if isinstance(value, Plain) and not is_null(value):
        return f'put it in quotes: "{value[:60]}"'
    return 'write "" for an empty text' if isinstance(value, str) else ""


def say(reader: Reader, at: At, path: str) -> Say:
    """How to speak of one place."""
    return partial(_add, reader, at, path)


def _add(reader: Reader, at: At, path: str, severity: str, message: str, hint: str) -> None:
    reader.add(at, path, message, hint, severity)
