"""Reads a YAML file whose shape is known: takes the fields out one by one and notes every mistake at its place.

For job files and module manifests alike; knows the keys of neither.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping

from job_manager.formats.wording import PROBLEM_LIMIT, clipped, nearest, suggestion
from job_manager.formats.yaml_builder import NOT_TEXT, Builder, Unlike
from job_manager.formats.yaml_library import library
from job_manager.formats.yaml_text import checked
from job_manager.formats.yaml_tree import NULLS, At, Map, Plain, Seq, Value
from job_manager.model.bulk import bulk
from job_manager.model.errors import InputError, Place, Problem
from job_manager.model.hints import Any, TypeVar
from job_manager.model.names import env_name, secret_name
from job_manager.model.pattern import late
from job_manager.model.quantity import seconds, size
from job_manager.model.secret import KEY, Env, EnvValue, Secret
from job_manager.model.wording import quoted

__all__ = ["At", "Fields", "Map", "Plain", "Reader", "Seq", "Value", "load", "suggestion"]

T = TypeVar("T")

FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
NUMBER = late(r"[-+]?[0-9]{1,20}(?:\.[0-9]{0,20})?(?:[eE][-+]?[0-9]{1,3})?\Z")
INTEGER = late(r"[-+]?[0-9]+\Z")
SUGGESTIONS = 20  # of one mapping: guessing costs more than reading
BIG = 24 * 1024  # bytes of a file from which on it is worth looking for what is written alike
EVENT_LIMIT = 40_000_000  # a million entries written as in the README are 28 million


def load(
    raw: bytes, file: str, *, pure: bool = False, flaws: list[Problem] | None = None, big: int = BIG
) -> Value | None:
    """The one document in `raw`, or None when there is nothing in it. `file` is how messages name it.

    Raises InputError: not UTF-8, not YAML, tags, repeated keys, aliases that explode, nesting, several documents.
    pure: the parser in Python even where libyaml is there. flaws: takes the mistakes that the tree can do without
    (tags, repeated keys, keys that are no text), which raise otherwise; of a repeated key the first value stands.
    big: bytes from which on items that are written alike are read by a pattern, which gives the same.
    """
    yaml = library()
    raw = checked(raw, file)
    if len(raw) >= big and not pure and yaml.__with_libyaml__:
        try:
            return _load_cut(raw, file, yaml)
        except (yaml.YAMLError, InputError, Unlike):
            pass  # read from its beginning, it says where it is wrong
    builder = Builder(file)
    parser = _parser(raw, pure, yaml)
    try:
        with bulk():
            _feed(parser, builder, yaml)
    except yaml.YAMLError as error:
        from job_manager.formats.yaml_syntax import explained

        raise InputError([*builder.problems, *explained(error, raw, file, builder.opened).problems]) from None
    return builder.finish(flaws)


def _load_cut(raw: bytes, file: str, yaml: Any) -> Value | None:
    """The same, where most of a big file is of one kind and nothing in it is wrong. Raises Unlike and others."""
    # Imported here: nearly every file is small.
    from yaml import cyaml

    from job_manager.formats.yaml_rows import Cut

    parse = cyaml.CParser  # type: ignore[attr-defined]
    with bulk():
        cut = Cut(raw.decode("utf-8"), parse, yaml)
        builder = Builder(file, cut.runs)
        if not cut.runs or cut.events >= EVENT_LIMIT:
            raise Unlike
        _feed(parse(cut.left), builder, yaml, EVENT_LIMIT - cut.events)
    return builder.finish_cut()


def _parser(raw: bytes, pure: bool, yaml: Any) -> Any:

    if yaml.__with_libyaml__ and not pure:
        from yaml import cyaml

        return cyaml.CParser(raw)  # type: ignore[attr-defined]
    from yaml.parser import Parser
    from yaml.reader import Reader as Characters
    from yaml.scanner import Scanner

    class PureParser(Characters, Scanner, Parser):
        def __init__(self, source: bytes) -> None:
            Characters.__init__(self, source)
            Scanner.__init__(self)
            Parser.__init__(self)

    return PureParser(raw)


def _feed(parser: Any, builder: Builder, yaml: Any, limit: int = EVENT_LIMIT) -> None:
    scalar, alias, stream = yaml.ScalarEvent, yaml.AliasEvent, yaml.StreamEndEvent
    opening = {yaml.MappingStartEvent: Map, yaml.SequenceStartEvent: Seq}
    closing = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
    documents = 0
    for _ in range(limit):
        event = parser.get_event()
        kind = type(event)
        if kind is scalar:
            builder.scalar(event)
        elif kind in closing:
            builder.close()
        elif kind in opening:
            builder.open(event, opening[kind]())
        elif kind is alias:
            builder.alias(event)
        elif kind is yaml.DocumentStartEvent:
            documents += 1
            if documents > 1:
                builder.refuse_document(event)
                return
        elif kind is stream:
            return
    raise builder.too_much(event)


class Reader:
    """Collects what is wrong while values are taken out of one file.

    `at` is a line and column, `path` the way to a value such as `steps[0].name`.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._unsaid = 0

    def error(self, at: At, path: str, message: str, hint: str = "") -> None:
        """A mistake: `raise_if_errors` will raise."""
        self.add(at, path, message, hint, "error")

    def warn(self, at: At, path: str, message: str, hint: str = "") -> None:
        """Something that works and is probably not meant."""
        self.add(at, path, message, hint, "warning")

    def note(self, at: At, path: str, message: str, hint: str = "") -> None:
        """Something worth knowing."""
        self.add(at, path, message, hint, "note")

    def add(self, at: At, path: str, message: str, hint: str, severity: str) -> None:
        """A problem of any severity."""
        if len(self.problems) >= PROBLEM_LIMIT:
            self._unsaid += severity == "error"
            return
        self.problems.append(Problem(Place(self.file, *at, path), clipped(message), hint, severity))

    def said(self) -> list[Problem]:
        """Everything noted, with a last word on what there was no room for."""
        if self._unsaid:
            message = f"{self._unsaid:,} more mistakes are not shown"
            self.problems.append(Problem(Place(self.file, 0, 0), message, more=self._unsaid))
            self._unsaid = 0
        return self.problems

    @property
    def failed(self) -> bool:
        """Whether a mistake was noted."""
        return any(p.severity == "error" for p in self.problems)

    def raise_if_errors(self) -> None:
        """Raises one InputError with everything noted, warnings included, when there is an error among it."""
        self.said()
        if self.failed:
            raise InputError(self.problems)

    def fields(
        self,
        value: Value | None,
        at: At,
        path: str,
        known: Collection[str],
        required: Collection[str] = (),
        meant: Mapping[str, str] | None = None,
    ) -> Fields | None:
        """The mapping `value` ready for reading, or None (noted) when it is none. Keys like `x-mine` are anybody's.

        meant: hints for keys that are wrong here and mean something elsewhere, and for required ones that are missing.
        """
        if value is None:
            keys = ", ".join(f'"{key}"' for key in required)
            self.error(at, path, f"the file is empty; a mapping is expected{f' with {keys}' if keys else ''}")
            return None
        if not isinstance(value, Map):
            self.error(at, path, f"expected a mapping (key: value), found {found(value)}")
            return None
        unknown = [key for key in value if key not in known and not key.startswith("x-")]
        if unknown:
            self._unknown(value, path, unknown, known, meant or {})
        for key in required:
            if key not in value:
                hint = _misspelt(key, unknown[:SUGGESTIONS]) or (meant or {}).get(key, "")
                self.error(at, path, f'required key "{key}" is missing', hint)
        return Fields(value, path, self, required)

    def _unknown(
        self, members: Map, path: str, unknown: list[str], known: Collection[str], meant: Mapping[str, str]
    ) -> None:
        places = members.key_at
        for n, key in enumerate(unknown):
            near = suggestion(key, known) if n < SUGGESTIONS else ""
            hint = meant.get(key) or near or f"known here: {', '.join(known)}"
            self.error(places[key], _joined(path, key), f"unknown key {quoted(key)}", hint)


def _misspelt(key: str, unknown: Collection[str]) -> str:
    near = nearest(key, unknown, 0.7)
    return "" if near is None else f"{quoted(near)} looks like it, misspelt"


def _joined(path: str, key: str) -> str:
    key = key if len(key) <= 80 else f"{key[:80]}..."
    return f"{path}.{key}" if path else key


class Fields:
    """One mapping being read. Each method takes a key; absent gives the default, wrong is noted and gives it too."""

    __slots__ = ("_required", "map", "path", "reader")

    def __init__(self, members: Map, path: str, reader: Reader, required: Collection[str] = ()) -> None:
        self.map = members
        self.path = path
        self.reader = reader
        self._required = required

    def at(self, key: str) -> At:
        """Where the key's value stands; where the mapping begins when there is none."""
        return self.map.member_at(key) if key in self.map else self.map.at

    def key_at(self, key: str) -> At:
        """Where the key itself stands."""
        return self.map.key_at[key] if key in self.map else self.map.at

    def path_of(self, key: str) -> str:
        """The path of the key's value in the file."""
        return _joined(self.path, key)

    def wrong(self, key: str, message: str, hint: str = "") -> None:
        """Notes a mistake in the key's value."""
        self.reader.error(self.at(key), self.path_of(key), message, hint)

    def text(self, key: str, default: str | None = None) -> str | None:
        """Text as it is written: `no` and `1.10` stay what they are. Null is absent."""
        value = self.map.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            self.wrong(key, f"expected text, found {found(value)}", _as_text(value))
            return default
        if is_null(value):
            if key in self._required:
                self.wrong(key, f'required key "{key}" has no value')
            return default
        return str(value)

    def flag(self, key: str, default: bool | None = None) -> bool | None:
        """`true` or `false`, nothing else."""
        value = self.map.get(key)
        if value is None or is_null(value):
            return default
        if isinstance(value, Plain) and value in FLAGS:
            return FLAGS[value]
        hint = "without quotes" if isinstance(value, str) and value in FLAGS else ""
        self.wrong(key, f"expected true or false, found {found(value)}", hint)
        return default

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int | None:
        """A whole number from `low` to `high`."""
        value = self.map.get(key)
        if value is None or is_null(value):
            return default
        if isinstance(value, Plain) and len(value) <= 20 and INTEGER.match(value) and low <= int(value) <= high:
            return int(value)
        number = self._whole(value, low, high, self.at(key), self.path_of(key))
        return default if number is None else number

    def _whole(self, value: Value, low: int, high: int, at: At, path: str) -> int | None:
        if not isinstance(value, Plain) or not INTEGER.match(value):
            hint = "without quotes" if isinstance(value, str) and INTEGER.match(value) else ""
            self.reader.error(at, path, f"expected a whole number, found {found(value)}", hint)
            return None
        # Python refuses to convert numbers of thousands of digits; the longest one meant here is short.
        number = int(value) if len(value) <= 20 else None
        if number is None or not low <= number <= high:
            self.reader.error(at, path, f"expected a whole number from {low:,} to {high:,}, found {found(value)}")
            return None
        return number

    def number(self, key: str) -> float | None:
        """A number such as 10, -1 or 2.5."""
        value = self.map.get(key)
        if value is None or is_null(value):
            return None
        number = float(value) if isinstance(value, Plain) and NUMBER.match(value) else math.inf
        if math.isfinite(number):
            return number + 0.0  # of the two zeros the one without a sign
        hint = "without quotes" if isinstance(value, str) and NUMBER.match(value) else ""
        self.wrong(key, f"expected a number, found {found(value)}", hint)
        return None

    def size(self, key: str) -> int | None:
        """Bytes, of `512M`, `8G`, `1.5GiB` or a number of bytes."""
        value = self.map.get(key)
        if value is None or is_null(value):
            return None
        if not isinstance(value, str):
            self.wrong(key, f"expected a size like 512M, 8G or 1.5G, found {found(value)}")
            return None
        try:
            return size(value if len(value) <= 100 else found(value))
        except ValueError as error:
            self.wrong(key, str(error))
            return None

    def counts(self, key: str, most: int, unfit: Callable[[str], str | None]) -> tuple[tuple[str, int], ...]:
        """A mapping of whole numbers from 0 to `most`, sorted by name. `unfit` as for `named_texts`."""
        value = self.map.get(key)
        if value is None or is_null(value):
            return ()
        if not isinstance(value, Map):
            self.wrong(key, f"expected a mapping (NAME: number), found {found(value)}", f"{key}: {{NAME: 1}}")
            return ()
        path = self.path_of(key)
        fit = [name for name in value if self._fit(key, value, name, unfit)]
        taken = {name: self._whole(value[name], 0, most, value.value_at[name], _joined(path, name)) for name in fit}
        return tuple(sorted((name, number) for name, number in taken.items() if number is not None))

    def duration(self, key: str, default: float | None = None) -> float | None:
        """Seconds, of `90s`, `5m`, `1h30m` or a number of seconds."""
        value = self.map.get(key)
        if value is None or is_null(value):
            return default
        try:
            return seconds(value if isinstance(value, str) and len(value) <= 100 else found(value))
        except ValueError as error:
            self.wrong(key, str(error))
            return default

    def texts(self, key: str) -> list[tuple[str, At]] | None:
        """A list of texts as written, each with its place; `null` in it is a word. None when absent or no list."""
        value = self.map.get(key)
        if value is None or is_null(value):
            return None
        if not isinstance(value, Seq):
            self.wrong(key, f"expected a list, found {found(value)}", f'write it as {key}: ["...", "..."]')
            return None
        taken: list[tuple[str, At]] = []
        for n, (item, at) in enumerate(zip(value, value.item_at, strict=True)):
            if isinstance(item, str) and not (isinstance(item, Plain) and item == ""):
                taken.append((str(item), at))
            else:
                hint = 'write "" for an empty text' if isinstance(item, str) else _as_text(item)
                self.reader.error(at, f"{self.path_of(key)}[{n}]", f"expected text, found {found(item)}", hint)
        return taken

    def env(self, key: str) -> Env:
        """Environment variables with their texts, or the secrets that they take, sorted by name."""
        return self._named(key, env_name, self._variable)

    def plain_env(self, key: str) -> tuple[tuple[str, str], ...]:
        """The same where no secret may be asked for."""
        return self._named(key, env_name, self._plain_variable)

    def named_texts(self, key: str, unfit: Callable[[str], str | None]) -> tuple[tuple[str, str], ...]:
        """A mapping of texts as written, sorted by name. `unfit`: why something cannot be one of these names."""
        return self._named(key, unfit, self._named_text)

    def _named(
        self, key: str, unfit: Callable[[str], str | None], read: Callable[[str, Map, str], T | None]
    ) -> tuple[tuple[str, T], ...]:
        value = self.map.get(key)
        if value is None or is_null(value):
            return ()
        if not isinstance(value, Map):
            self.wrong(key, f"expected a mapping (NAME: value), found {found(value)}", f"{key}: {{NAME: value}}")
            return ()
        taken = {name: read(key, value, name) for name in sorted(value) if self._fit(key, value, name, unfit)}
        return tuple((name, text) for name, text in taken.items() if text is not None)

    def _fit(self, key: str, members: Map, name: str, unfit: Callable[[str], str | None]) -> bool:
        reason = unfit(name)
        if reason:
            self.reader.error(members.key_at[name], _joined(self.path_of(key), name), reason)
        return reason is None

    def _variable(self, key: str, members: Map, name: str) -> EnvValue | None:
        value = members[name]
        if not isinstance(value, Map):
            return self._named_text(key, members, name)
        path = _joined(self.path_of(key), name)
        if KEY not in value:
            hint = _as_text(value) if any(map(is_null, value.values())) else ""
            self.reader.error(
                members.value_at[name], path, f"expected text or {{{KEY}: NAME}}, found {found(value)}", hint
            )
            return None
        for other in value:
            if other != KEY:
                message, hint = f"unknown key {quoted(other)}", f"only {KEY} stands here"
                self.reader.error(value.key_at[other], _joined(path, other), message, hint)
        secret = value[KEY]
        wrong = (
            secret_name(str(secret))
            if self._is_text(secret)
            else f"expected the name of a secret, found {found(secret)}"
        )
        if wrong:
            self.reader.error(value.value_at[KEY], _joined(path, KEY), wrong, f"{name[:60]}: {{{KEY}: NAME}}")
            return None
        return Secret(str(secret))

    def _is_text(self, value: Value) -> bool:
        return isinstance(value, str) and not is_null(value)

    def _plain_variable(self, key: str, members: Map, name: str) -> str | None:
        value = members[name]
        if not isinstance(value, Map) or KEY not in value:
            return self._named_text(key, members, name)
        hint = f"a job gives it: env: {{{name[:60]}: {{secret: ...}}}} of the entry that calls this"
        self.reader.error(
            members.value_at[name], _joined(self.path_of(key), name), "only a job may ask for a secret", hint
        )
        return None

    def _named_text(self, key: str, members: Map, name: str) -> str | None:
        text = members[name]
        if not isinstance(text, str) or is_null(text):
            hint = 'write "" for an empty value' if isinstance(text, str) else _as_text(text)
            message = f"expected text, found {found(text)}"
            self.reader.error(members.value_at[name], _joined(self.path_of(key), name), message, hint)
            return None
        return str(text)

    def items(self, key: str) -> Iterator[tuple[int, Value, At, str]]:
        """The items of a list with their index, place and path; nothing when it is absent, null or (noted) no list."""
        value = self.map.get(key)
        if value is None or is_null(value):
            return
        if not isinstance(value, Seq):
            hint = 'begin each item with "- "' if isinstance(value, Map) else ""
            self.wrong(key, f"expected a list, found {found(value)}", hint)
            return
        path = self.path_of(key)
        for n, (item, at) in enumerate(zip(value, value.item_at, strict=True)):
            yield n, item, at, f"{path}[{n}]"


def is_null(value: Value) -> bool:
    """Whether the value is nothing: `null`, `~` or left out."""
    return isinstance(value, Plain) and value in NULLS


def found(value: Value) -> str:
    """What a value is, for "expected ..., found ..."."""
    if isinstance(value, Map):
        return "a mapping"
    if isinstance(value, Seq):
        return "a list"
    if is_null(value):
        return "nothing"
    if not isinstance(value, Plain):
        return f"the text {quoted(value)}"
    return quoted(value)[1:-1] if NOT_TEXT.match(value) else quoted(value)


def _as_text(value: Value) -> str:
    # What people write without quotes and YAML does not read as text: {name}, [x], a lone dash, `key: value`.
    if isinstance(value, Map) and len(value) == 1:
        key, member = next(iter(value.items()))
        if is_null(member):
            return f'put it in quotes: "{{{key[:60]}}}"'
    if isinstance(value, Seq) and len(value) == 1 and is_null(value[0]):
        return 'put a lone dash in quotes: "-"'
    return "put it in quotes if it is meant as text"
