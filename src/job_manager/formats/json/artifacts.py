"""Inputs and outputs in our JSON form, of the job and of its actions.

Knows nothing of who makes what; the checks of the whole job do.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.formats.job_yaml.entries import read_glob, read_kind
from job_manager.formats.job_yaml.scope import Scope
from job_manager.formats.json.fields import Strict, is_text
from job_manager.formats.yaml_expect import read_expect
from job_manager.formats.yaml_reader import Fields, is_null
from job_manager.formats.yaml_tree import Plain
from job_manager.model import expect
from job_manager.model.errors import Place
from job_manager.model.expect import KEYS, MOST
from job_manager.model.job import FILE, Input, JobInput, Output

JOB_INPUT_KEYS = ("name", "param", "type", "kind")
INPUT_KEYS = (*JOB_INPUT_KEYS, "optional")
OUTPUT_KEYS = (*INPUT_KEYS, "public", "allow_empty", "glob", "group", "expect")
MEANT = {"param_name": 'did you mean "param"?'}
READ_MEANT = MEANT | {
    "public": "whether a file is kept is said where it is made",
    "glob": "say at the output which files count",
    "expect": "expect is for outputs: it is looked at when the file has been written",
}


def _each(fields: Strict, key: str, keys: tuple[str, ...], called: bool) -> Iterator[tuple[Strict, Place]]:
    required = ("name", "param") if called else ("name",)
    meant = MEANT if keys is OUTPUT_KEYS else READ_MEANT
    for _, value, at, path in fields.items(key):
        inner = fields.reader.fields(value, at, path, keys, required, meant)
        if isinstance(inner, Strict):
            yield inner, Place(fields.reader.file, *at, path)


def _name(fields: Strict, scope: Scope) -> str:
    name = scope.text(fields, "name")
    if name == "":
        fields.wrong("name", "the name is empty")
    return name or ""


def read_job_inputs(fields: Strict, scope: Scope) -> tuple[JobInput, ...]:
    """What the job is given."""
    return tuple(
        JobInput(_name(one, scope), one.text("param"), one.text("type") or None, read_kind(one) or FILE, place)
        for one, place in _each(fields, "inputs", JOB_INPUT_KEYS, called=False)
    )


def read_inputs(fields: Strict, called: bool, scope: Scope) -> tuple[Input, ...]:
    """What an action reads. called: it is a module, which takes each by a parameter."""
    return tuple(
        Input(
            _name(one, scope),
            scope.text(one, "param"),
            scope.text(one, "type") or None,
            read_kind(one),
            bool(one.flag("optional")),
            place,
        )
        for one, place in _each(fields, "inputs", INPUT_KEYS, called)
    )


def read_outputs(fields: Strict, called: bool, scope: Scope) -> tuple[Output, ...]:
    """What an action writes."""
    return tuple(_output(one, place, called, scope) for one, place in _each(fields, "outputs", OUTPUT_KEYS, called))


def _output(fields: Strict, place: Place, called: bool, scope: Scope) -> Output:
    type, kind = scope.text(fields, "type") or None, read_kind(fields) or FILE
    known = type is not None or not called
    return Output(
        _name(fields, scope),
        scope.text(fields, "param"),
        type,
        bool(fields.flag("public")),
        bool(fields.flag("optional")),
        bool(fields.flag("allow_empty")),
        kind=kind,
        glob=read_glob(fields),
        group=fields.text("group") or "",
        expect=read_expect(fields, type, known=known, sequence=kind != FILE, value_of=_expected, params=True),
        place=place,
    )


def _expected(fields: Fields, key: str) -> expect.Value | None:
    """The value of one key of `expect`: sizes in bytes, durations in seconds, rates as numbers."""
    kind, written = KEYS[key], fields.map[key]
    if is_null(written):
        return None
    if kind == expect.FLAG:
        return fields.flag(key)
    if kind == expect.DURATION:
        return fields.duration(key)
    if kind == expect.SIZE:
        return fields.size(key)
    if kind == expect.NAMES:
        return _names(fields, key)
    if kind == expect.RATE:
        return _rate(fields, key)
    return _frames(fields, key) if kind == expect.FRAMES and is_text(written) else fields.integer(key, 1, MOST)


def _names(fields: Fields, key: str) -> expect.Value | None:
    texts = fields.texts(key)
    if texts == [] and not fields.map[key]:
        fields.wrong(key, "the list is empty", "leave the key out when nothing is expected")
    return tuple(text for text, _ in texts) if texts else None


def _rate(fields: Fields, key: str) -> float | None:
    number = fields.number(key)
    if number is not None and not 0 < number < 1e6:
        fields.wrong(key, f"expected frames a second, more than 0, found {Plain(str(fields.map[key]))[:40]}")
        return None
    return number


def _frames(fields: Fields, key: str) -> str | None:
    text = str(fields.map[key])
    try:
        expect.numbers(text)
    except ValueError as error:
        fields.wrong(key, str(error))
        return None
    return text
