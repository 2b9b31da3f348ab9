"""`expect:` of an output in YAML, in jobs and in manifests alike: keys and values, each wrong one at its place.

Knows nothing of how a file is looked into.
"""

from __future__ import annotations

from collections.abc import Callable

from job_manager.formats.yaml_reader import INTEGER, Fields, Seq, found, is_null
from job_manager.formats.yaml_tree import Plain
from job_manager.model import expect as model
from job_manager.model.expect import BOUNDS, KEYS, MOST, Expect, Value

KEY = "expect"
MEANT = {
    "length": 'did you mean "duration"?',
    "min_length": 'did you mean "min_duration"?',
    "size": 'did you mean "min_size" or "max_size"?',
    "resolution": "write width: 1920 and height: 1080",
    "rows": 'did you mean "min_rows"?',
    "lines": 'did you mean "min_rows"?',
    "framerate": 'did you mean "fps"?',
    "frame_rate": 'did you mean "fps"?',
    "has_audio": 'did you mean "audio"?',
    "max_frames": "write frames: N for exactly that many",
}


def read_expect(
    fields: Fields,
    type: str | None,
    *,
    known: bool = True,
    sequence: bool = False,
    params: bool = False,
    value_of: Callable[[Fields, str], Value | None] | None = None,
) -> Expect:
    """What an output expects of itself. `known`: its type is all there is to know, and what does not fit is an error;
    otherwise somebody else has a say in the type, and holds the two together. `params`: `{params.NAME}` may stand for a
    value; what it comes to is looked at when the values are known. value_of: how the value of a key is read, where not
    as in YAML."""
    value = fields.map.get(KEY)
    if value is None or is_null(value):
        return ()
    inner = fields.reader.fields(value, fields.at(KEY), fields.path_of(KEY), tuple(KEYS), (), MEANT)
    if inner is None:
        return ()
    value_of = value_of or _value
    read = {key: (params and _waiting(inner, key)) or value_of(inner, key) for key in KEYS if key in inner.map}
    expect = tuple(sorted((key, value) for key, value in read.items() if value is not None))
    _refuse_empty_bounds(inner, read)
    for misfit in model.misfits(type, expect, sequence) if known else ():
        inner.reader.error(inner.key_at(misfit.key), inner.path_of(misfit.key), misfit.message, misfit.hint)
    return expect


def _refuse_empty_bounds(fields: Fields, read: dict[str, Value | None]) -> None:
    for low, high in BOUNDS:
        least, most = read.get(low), read.get(high)
        if isinstance(least, int | float) and isinstance(most, int | float) and least > most:
            fields.wrong(low, f"is more than {high}: nothing is between the two")


def _waiting(fields: Fields, key: str) -> Value | None:
    written = fields.map[key]
    return str(written) if isinstance(written, str) and KEYS[key] != model.NAMES and model.waits(written) else None


def _value(fields: Fields, key: str) -> Value | None:
    kind = KEYS[key]
    if kind == model.FLAG:
        return fields.flag(key)
    if kind == model.DURATION:
        return fields.duration(key)
    if kind == model.NAMES:
        return _names(fields, key)
    if kind == model.COUNT:
        return fields.integer(key, 1, MOST)
    return _text(fields, key)


def _names(fields: Fields, key: str) -> Value | None:
    if isinstance(fields.map[key], Seq) and not fields.map[key]:
        fields.wrong(key, "the list is empty", "leave the key out when nothing is expected")
        return None
    texts = fields.texts(key)
    return tuple(text for text, _ in texts) if texts else None


def _text(fields: Fields, key: str) -> Value | None:
    written = fields.map[key]
    if is_null(written):
        return None
    if key == "frames" and isinstance(written, Plain) and INTEGER.match(written):
        return fields.integer(key, 1, MOST)
    text = str(written) if isinstance(written, str) and len(written) <= 100 else found(written)
    try:
        return model.meant(key, text) if key != "frames" else model.frames(text)
    except ValueError as error:
        fields.wrong(
            key, str(error), "without quotes" if not isinstance(written, Plain) and INTEGER.match(text) else ""
        )
        return None
