"""Values of YAML that keep their kind: numbers, flags and nothing, where they are written as in JSON, else text.

Everything else in a job is text as written; the arguments of functions are not. Knows no key.
"""

from __future__ import annotations

import json
import math

from job_manager.formats.json_number import LARGEST, LONGEST_NUMBER, NUMBER
from job_manager.formats.yaml_reader import FLAGS, Reader, is_null
from job_manager.formats.yaml_tree import At, Map, Plain, Seq, Value
from job_manager.model.hints import Any
from job_manager.model.pattern import late
from job_manager.model.wording import quoted

_NUMBER = late(rf"(?:{NUMBER})\Z")


def typed(value: Value, at: At, path: str, reader: Reader) -> Any:
    """The value as Python has it: dict, list, text, int, float, bool or None. Numbers that two readers might not take
    for the same are noted as mistakes."""
    # Recursion is bounded by how deep a YAML file may be nested.
    if isinstance(value, Map):
        places = value.value_at
        return {key: typed(member, places[key], f"{path}.{key}", reader) for key, member in value.items()}
    if isinstance(value, Seq):
        items = zip(value, value.item_at, strict=True)
        return [typed(item, where, f"{path}[{n}]", reader) for n, (item, where) in enumerate(items)]
    if not isinstance(value, Plain):
        return str(value)
    if is_null(value) or value in FLAGS:
        return FLAGS.get(value)
    return _number(value, at, path, reader) if _NUMBER.match(value) else str(value)


def _number(text: str, at: At, path: str, reader: Reader) -> Any:
    number = json.loads(text) if len(text) <= LONGEST_NUMBER else math.inf
    if abs(number) <= LARGEST or (isinstance(number, float) and math.isfinite(number)):
        return number
    message = f"the number {quoted(text)} is out of range"
    reader.error(at, path, message, f"whole numbers go to {LARGEST:,}; in quotes it is text")
    return None
