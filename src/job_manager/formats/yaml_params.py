"""`params:` in YAML, of a job and of a module alike: what each is called, which values it takes, what it is by default.

Knows nothing of the values that will be given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from job_manager.formats.wording import suggestion
from job_manager.formats.yaml_reader import FLAGS, Fields, Reader, found, is_null
from job_manager.formats.yaml_tree import NULLS, At, Map, Plain, Value
from job_manager.model.errors import Place
from job_manager.model.params import DECIMAL, INTEGER, NUMBERS, TYPES, Param
from job_manager.model.record import NamedTuple, replace
from job_manager.model.wording import quoted

KEYS = ("name", "type", "default", "help", "range", "choices")
MEANT = {
    "min": "write range: [low, high]",
    "max": "write range: [low, high]",
    "values": 'did you mean "choices"?',
    "options": 'did you mean "choices"?',
    "enum": 'did you mean "choices"?',
    "description": 'did you mean "help"?',
    "param_name": 'did you mean "name"?',
    "value": 'did you mean "default"?',
    "required": "leave out default, and a value must be given",
}
OTHER_TYPES = {
    "integer": "int",
    "number": "float",
    "string": "str",
    "text": "str",
    "boolean": "bool",
    "flag": "bool",
    "enum": "choice",
    "file": "path",
    "directory": "path",
    "folder": "path",
}
Unfit = Callable[[str], str | None]


class _Written(NamedTuple):
    """One param as it stands: its name with the place, and what is said of it: keys, a default, or nothing."""

    name: str
    at: At
    path: str
    said: Fields | str | None
    said_at: At


def read_params(fields: Fields, key: str, unfit: Unfit) -> tuple[Param, ...]:
    """The params under this key: a list of mappings, or a mapping by name. `unfit`: why a name cannot be one.

    In the mapping `crf: 23` is short for `crf: {default: 23}`. Without `type:` it is what the default looks like.
    """
    taken: dict[str, Param] = {}
    for written in _written(fields, key):
        reason = unfit(written.name)
        if reason:
            fields.reader.error(written.at, written.path, reason)
        param = _param(written, fields.reader)
        first = taken.setdefault(param.name, param)
        if first is not param and first.place is not None:
            at = f"{first.place.line}:{first.place.column}"
            message = f"the param {quoted(param.name)} is repeated; it is first named at {at}"
            fields.reader.error(written.at, written.path, message)
    return tuple(taken.values())


def _written(fields: Fields, key: str) -> Iterator[_Written]:
    value, reader = fields.map.get(key), fields.reader
    if isinstance(value, Map):
        keys, values = value.key_at, value.value_at
        for name, member in value.items():
            path = f"{fields.path_of(key)}.{name}"
            yield _Written(name, keys[name], path, _said(reader, member, values[name], path), values[name])
        return
    if isinstance(value, str) and not is_null(value):
        fields.wrong(key, f"expected params by name, or a list of them, found {found(value)}", "write NAME: DEFAULT")
        return
    for _, item, at, path in fields.items(key):
        if isinstance(item, str) and not is_null(item):
            yield _Written(str(item), at, path, None, at)
            continue
        inner = reader.fields(item, at, path, KEYS, ("name",), MEANT)
        called = inner.text("name") if inner else None
        if inner is not None and called is not None:
            yield _Written(called, inner.at("name"), path, inner, at)


def _said(reader: Reader, member: Value, at: At, path: str) -> Fields | str | None:
    if isinstance(member, str):
        return None if is_null(member) else member
    fields = reader.fields(member, at, path, KEYS[1:], (), MEANT | {"name": "its name stands before the colon"})
    # Something was said, if nothing that can be made out: it is not a param whose value must be given.
    return "" if fields is None else fields


def _param(written: _Written, reader: Reader) -> Param:
    place, said = Place(reader.file, *written.at, written.path), written.said
    if isinstance(said, Fields):
        return _long(said, written.name, place)
    param = Param(written.name, _looks_like(said), place=place)
    if said is None:
        return param
    return _with_default(param, str(said), lambda reason: reader.error(written.said_at, written.path, reason))


def _looks_like(value: Value | None) -> str:
    if not isinstance(value, Plain):
        return "str"
    if value in FLAGS:
        return "bool"
    if INTEGER.match(value):
        return "int"
    return "float" if DECIMAL.match(value) else "str"


def _long(fields: Fields, name: str, place: Place) -> Param:
    kind = _type(fields)
    help = " ".join((fields.text("help") or "").split())
    param = Param(name, kind, None, help, *_range(fields, kind), _choices(fields, kind), place)
    if is_null(fields.map.get("default", Plain())):
        return param
    return _with_default(param, fields.text("default") or "", lambda reason: fields.wrong("default", reason))


def _with_default(param: Param, default: str, wrong: Callable[[str], None]) -> Param:
    if param.type == "choice" and not param.choices:
        return replace(param, default=default)  # of which has been said so
    try:
        canonical = param.canonical(default)
    except ValueError as error:
        wrong(str(error))
        return replace(param, default=default)
    # A path is made absolute when it is used: the folder it counts from is no part of the text.
    return replace(param, default=default if param.type == "path" else canonical)


def _type(fields: Fields) -> str:
    kind = fields.text("type")
    if kind is not None and kind in TYPES:
        return kind
    if kind is not None:
        meant = OTHER_TYPES.get(kind.casefold())
        hint = f'did you mean "{meant}"?' if meant else suggestion(kind, TYPES) or f"the types: {', '.join(TYPES)}"
        fields.wrong("type", f"there is no type {quoted(kind)} of params", hint)
        return "choice" if "choices" in fields.map else "str"
    if "choices" in fields.map:
        return "choice"
    looks = _looks_like(fields.map.get("default"))
    return "float" if "range" in fields.map and looks not in NUMBERS else looks


def _range(fields: Fields, kind: str) -> tuple[float | None, float | None]:
    bounds = fields.texts("range")
    if bounds is None:
        return None, None
    if kind not in NUMBERS:
        fields.wrong("range", f"only a number has a range, and this param is of type {kind}")
        return None, None
    if len(bounds) != 2:
        fields.wrong("range", f"expected a list of two numbers, found {len(bounds)}", "write range: [low, high]")
        return None, None
    low, high = (_bound(fields, n, *bound, kind) for n, bound in enumerate(bounds))
    if low is not None and high is not None and low > high:
        fields.wrong("range", "the range ends before it begins", "write range: [low, high]")
        return None, None
    return low, high


def _bound(fields: Fields, number: int, text: str, at: At, kind: str) -> float | None:
    if text in NULLS:
        return None
    try:
        return float(Param("", kind).canonical(text))
    except ValueError as error:
        hint = "write ~ for no bound"
        fields.reader.error(at, f"{fields.path_of('range')}[{number}]", str(error), hint)
        return None


def _choices(fields: Fields, kind: str) -> tuple[str, ...]:
    there = fields.map.get("choices")
    if kind != "choice":
        if there is not None:
            fields.wrong("choices", f"only a param of type choice has choices, and this one is of type {kind}")
        return ()
    if there is None or is_null(there) or there == []:
        key = "type" if there is None else "choices"
        fields.wrong(key, "a choice needs something to choose from", "write choices: [one, another]")
        return ()
    return _each_once(fields, fields.texts("choices") or [])


def _each_once(fields: Fields, listed: list[tuple[str, At]]) -> tuple[str, ...]:
    taken: dict[str, At] = {}
    for n, (text, at) in enumerate(listed):
        if text in taken:
            fields.reader.error(at, f"{fields.path_of('choices')}[{n}]", f"the choice {quoted(text)} is repeated")
        taken.setdefault(text, at)
    return tuple(taken)
