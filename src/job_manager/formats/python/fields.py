"""What is said of a node, as the mapping that the YAML reader's `Fields` reads: one code says what is wrong with it.

Every value stands where the call of its node does. Knows no key.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence

from job_manager.formats.python.rows import Row
from job_manager.formats.yaml_reader import Fields, Reader, found, is_null
from job_manager.formats.yaml_tree import LINE_SHIFT, Map, Plain, Seq, Value, settle
from job_manager.model.errors import Place, Problem
from job_manager.model.hints import Any
from job_manager.model.params import number as number_text

NOWHERE = "<nowhere>"  # the file of a node that nobody wrote into a file, until its problems are said
WHOLE = "the job"  # what is said instead
WORDS = {"mapping (key: value)": "dict", "mapping (NAME: value)": "dict", "a mapping": "a dict", "mapping": "dict"}


def fields_of(row: Row, reader: Reader, body: Mapping[str, Any]) -> Fields:
    """The body of a row ready for reading. What is said through it is said of the file and place of the row."""
    reader.file = row.place.file if row.place else NOWHERE
    line, column = (row.place.line, row.place.column) if row.place else (1, 1)
    mark = (max(line, 1) - 1) << LINE_SHIFT | max(column, 1) - 1
    value = _value(dict(body), array("q"), mark)
    assert isinstance(value, Map)
    return Fields(value, row.path, reader)


def known(row: Row, reader: Reader, body: Mapping[str, Any], keys: Collection[str]) -> Fields:
    """The same, and said what is wrong with the call itself and with keys that are none of these."""
    fields = fields_of(row, reader, body)
    for key, message, hint in row.flaws:
        reader.error(fields.map.at, f"{row.path}.{key}" if key else row.path, message, hint)
    reader.fields(fields.map, fields.map.at, row.path, keys)
    return fields


def as_value(value: Any) -> Value:
    """A value as the YAML reader would have it, without a place."""
    return _value(value, array("q"), 0)


def _value(value: Any, marks: array[int], mark: int) -> Value:
    # Recursion is bounded by tree.plain.
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        mapping = Map({key: _value(member, marks, mark) for key, member in value.items()})
        settle(mapping, marks, [mark] * (2 * len(mapping) + 1))
        return mapping
    if isinstance(value, list):
        members = Seq(_value(member, marks, mark) for member in value)
        settle(members, marks, [mark] * (len(members) + 1))
        return members
    return Plain(scalar_text(value))


def scalar_text(value: bool | int | float | None) -> str:
    """A value that is no text as YAML would say it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else number_text(value)


def read_row_needs(fields: Fields, paths: Sequence[str]) -> tuple[str, ...] | None:
    """What a node needs: names as written, and the paths of nodes that were named themselves."""
    value = fields.map.get("needs")
    if value is None or is_null(value):
        return None
    if isinstance(value, str):
        return (str(value),)
    if not isinstance(value, Seq):
        fields.wrong("needs", f"expected a list of tasks and actions, or of their names, found {found(value)}")
        return None
    read: list[str] = []
    for each in value:
        if isinstance(each, Map) and (row := _row_number(each.get("row"), len(paths))) is not None:
            read.append(paths[row])
        elif isinstance(each, str) and not isinstance(each, Plain):
            read.append(each)
        else:
            fields.wrong("needs", f"expected a task, an action or its name, found {found(each)}")
    return tuple(read)


def _row_number(value: Value | None, count: int) -> int | None:
    """The number of a row as the process of the script gives it, None for anything else."""
    fits = isinstance(value, Plain) and value.isdecimal() and len(value) < 10 and int(value) < count
    return int(str(value)) if fits else None


def placed(problem: Problem) -> Problem:
    """The problem as it is said: in Python's words, and without a place where there is none."""
    message = problem.message
    for word, other in WORDS.items():
        message = message.replace(word, other)
    message = message.replace("expected true or false", "expected True or False")
    place = problem.place
    if place.file == NOWHERE:
        place = Place(WHOLE, 0, 0, place.path)
    return problem._replace(place=place, message=message)
