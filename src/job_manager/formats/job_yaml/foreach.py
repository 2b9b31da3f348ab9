"""`foreach:` of an entry in job.yaml: what each of its keys goes over.

Knows no other part of an entry, and does not look for the files that a key names.
"""

from __future__ import annotations

from job_manager.formats.yaml_reader import Fields, found, is_null
from job_manager.formats.yaml_tree import At, Map, Seq, Value
from job_manager.model.fanout import MOST, RANGE, Each
from job_manager.model.names import param_name

CHUNK = "chunk"
RESERVED = ("params", CHUNK)
HINT = "write foreach: {clip: FILES}, {crf: [18, 23]} or {frame: 1-240}"


def read_foreach(fields: Fields) -> tuple[Each, ...]:
    """The keys of the entry's fan-out in the order written."""
    value = fields.map.get("foreach")
    if value is None or is_null(value):
        return ()
    if not isinstance(value, Map) or not value:
        fields.wrong("foreach", f"expected keys with what they go over, found {_what(value)}", HINT)
        return ()
    inner = Fields(value, fields.path_of("foreach"), fields.reader)
    keys = (_each(inner, key, value[key], value.value_at[key]) for key in value if key != CHUNK)
    return _chunked(inner, [each for each in keys if each is not None])


def _what(value: Value) -> str:
    return "nothing in it" if isinstance(value, Map) else found(value)


def _each(inner: Fields, key: str, value: Value, at: At) -> Each | None:
    reader, path = inner.reader, inner.path_of(key)
    wrong = param_name(key) or (f'a key cannot be called "{key}"' if key in RESERVED else None)
    if wrong:
        reader.error(inner.key_at(key), path, wrong)
        return None
    from job_manager.model.errors import Place

    place = Place(reader.file, *at, path)
    if isinstance(value, Seq):
        values = inner.texts(key) or []
        if not values and not value:
            reader.error(at, path, "the list is empty: there would be nothing to do", "give it at least one value")
        return Each(key, tuple(text for text, _ in values), place=place) if values else None
    if not isinstance(value, str) or is_null(value) or not value.strip():
        message = f"expected a list of values, a range of numbers or the name of files, found {found(value)}"
        reader.error(at, path, message, HINT)
        return None
    return Each(key, over=value.strip(), place=place)


def _chunked(inner: Fields, keys: list[Each]) -> tuple[Each, ...]:
    if CHUNK not in inner.map:
        return tuple(keys)
    size = inner.integer(CHUNK, 1, MOST)
    ranges = [each for each in keys if each.over and (RANGE.match(each.over) or "{" in each.over)]
    if len(ranges) != 1:
        message = "chunk says how many numbers of a range go together; "
        message += "there is no range here" if not ranges else "there are several ranges here"
        inner.wrong(CHUNK, message, "write foreach: {frame: 1-240, chunk: 10}")
        return tuple(keys)
    return tuple(
        Each(each.key, each.values, each.over, size or 1, each.place) if each is ranges[0] else each for each in keys
    )
