"""One configuration file: TOML to checked settings, each with its line, and everything that is wrong with the file.

A file that is not there has no settings. Knows the table of settings, not which file is stronger than another.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence

from job_manager.app.settings import SETTINGS, Setting, checked, resolved
from job_manager.model.errors import Place, Problem
from job_manager.model.hints import Any
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

FILE_LIMIT = 1 << 20
ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})
BOM = b"\xef\xbb\xbf"
AT = r" \(at line (\d+), column (\d+)\)$"
# What tomllib says, and what whoever wrote that wanted to write.
HINTS = (
    ("after a key", "a setting is written NAME = VALUE"),
    ("Invalid value", 'text stands in quotes: out = "results"'),
    ("Cannot overwrite", "a setting stands in a file once"),
    ("Cannot declare", "a table stands in a file once"),
)


class Said(NamedTuple):
    """What one source says of one setting. `source`: where, for people."""

    value: Any
    source: str


class ConfigFile:
    """A file as read. `there`: whether it has anything to say to jm."""

    def __init__(
        self, path: str, there: bool = False, said: Mapping[str, Said] | None = None, problems: Sequence[Problem] = ()
    ) -> None:
        self.path = path
        self.there = there
        self.said = said or {}
        self.problems = problems


class _Unreadable(Exception):
    """Why there are no settings: the argument is a Problem."""


def read_config(path: str, table: tuple[str, ...] = (), *, base: str, foreign: bool = False) -> ConfigFile:
    """The settings in the file at `path`, or in its `table`. Paths count from `base`.

    `foreign`: the file belongs to others as well, and what does not mention the table is theirs."""
    try:
        raw = _bytes(path)
        if raw is None or (foreign and table[-1].encode() not in raw):
            return ConfigFile(path)
        text = _text(path, raw)
        return _settings(path, text, _document(path, text), table, base)
    except _Unreadable as why:
        return ConfigFile(path, True, {}, (why.args[0],))


def _bytes(path: str) -> bytes | None:
    """The content; None when there is no file."""
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise _Unreadable(Problem(Place(path, 0, 0), "this is not a file", "remove it, or put a file there"))
        with open(path, "rb") as stream:
            raw = stream.read(FILE_LIMIT + 1)
    except OSError as cause:
        if cause.errno in ABSENT:
            return None
        hint = f"make it readable: chmod u+r {path}" if cause.errno == errno.EACCES else ""
        raise _Unreadable(Problem(Place(path, 0, 0), f"the file cannot be read: {cause.strerror}", hint)) from cause
    if len(raw) > FILE_LIMIT:
        text = f"the file has more than {FILE_LIMIT:,} bytes"
        raise _Unreadable(Problem(Place(path, 0, 0), text, "settings need a few lines"))
    return raw


def _text(path: str, raw: bytes) -> str:
    raw = raw.removeprefix(BOM)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as cause:
        before = raw[: cause.start].decode("utf-8")
        place = Place(path, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise _Unreadable(Problem(place, "this is not UTF-8", "save the file as UTF-8")) from cause


def _document(path: str, text: str) -> Mapping[str, Any]:
    # Imported here: a run without configuration files does without them.
    import re
    import tomllib

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _Unreadable(Problem(Place(path, 1, 1), "lists or tables are nested too deep")) from None
    except ValueError as cause:
        said = str(cause)
        at = re.search(AT, said)
        line, column = (int(at[1]), int(at[2])) if at else _last(text)
        hint = next((hint for words, hint in HINTS if words in said), "")
        what = re.sub(AT, "", said).removesuffix(" (at end of document)")
        raise _Unreadable(Problem(Place(path, line, column), f"this is not TOML: {what[:200]}", hint)) from None


def _last(text: str) -> tuple[int, int]:
    lines = text.rstrip("\n").split("\n")
    return len(lines), len(lines[-1]) + 1


def _settings(path: str, text: str, document: Mapping[str, Any], table: tuple[str, ...], base: str) -> ConfigFile:
    own: Any = document
    for name in table:
        own = own.get(name, {}) if isinstance(own, dict) else {}
        if own == {}:
            return ConfigFile(path)
    # Imported here, as tomllib is.
    from job_manager.app.toml_places import places

    reading = _Reading(path, table, places(text), base)
    if not isinstance(own, dict):
        reading.say((), f"expected a table, found {quoted(str(own))}", f"write [{'.'.join(table)}]")
        own = {}
    said = dict(reading.settings(own))
    return ConfigFile(path, True, said, reading.problems)


class _Reading:
    """The table of settings of one file."""

    def __init__(
        self, path: str, table: tuple[str, ...], spots: Mapping[tuple[str | int, ...], tuple[int, int]], base: str
    ) -> None:
        self._path = path
        self._table = table
        self._spots = spots
        self._base = base
        self.problems: list[Problem] = []

    def _place(self, path: tuple[str | int, ...]) -> Place:
        whole = (*self._table, *path)
        known = next((whole[:end] for end in range(len(whole), 0, -1) if whole[:end] in self._spots), ())
        line, column = self._spots.get(known, (1, 1))
        return Place(self._path, line, column, _words(path))

    def say(self, path: tuple[str | int, ...], message: str, hint: str = "") -> None:
        self.problems.append(Problem(self._place(path), message, hint))

    def settings(self, own: Mapping[str, Any]) -> Iterator[tuple[str, Said]]:
        for name, value in own.items():
            setting = SETTINGS.get(name)
            if setting is None:
                self._unknown(name)
                continue
            right, wrong = checked(setting, value)
            for path, message in wrong:
                self.say((name, *path), message, f"as in: {setting.write}")
            if not wrong:
                yield from self._said(setting, right)

    def _unknown(self, name: str) -> None:
        from job_manager.formats.wording import nearest  # only a mistake needs it

        near = nearest(name, SETTINGS)
        hint = f'did you mean "{near}"?' if near else f"the settings: {', '.join(SETTINGS)}"
        self.say((name,), f"there is no setting {quoted(name)}", hint)

    def _said(self, setting: Setting, value: Any) -> Iterator[tuple[str, Said]]:
        value = resolved(setting, value, self._base)
        if setting.many != "table":
            yield setting.name, Said(value, self._source((setting.name,)))
            return
        for name, count in value:
            yield f"{setting.name}.{name}", Said(count, self._source((setting.name, name)))

    def _source(self, path: tuple[str | int, ...]) -> str:
        return f"{self._path}:{self._place(path).line}"


def _words(path: tuple[str | int, ...]) -> str:
    words = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in words)[:200]
