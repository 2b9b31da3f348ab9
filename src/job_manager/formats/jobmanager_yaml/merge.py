"""Two YAML mappings put into one text: their own lines where these can follow each other, else the same values anew.

No key may be in both. Knows no key and writes no file.
"""

from __future__ import annotations

import json
import re

from job_manager.formats.jobmanager_yaml.values import Typed
from job_manager.formats.yaml_reader import Reader, found, load
from job_manager.formats.yaml_text import BOM
from job_manager.formats.yaml_tree import Map, Plain, Seq, Value
from job_manager.model.document import canonical
from job_manager.model.errors import InputError
from job_manager.model.pattern import late
from job_manager.model.wording import quoted

Source = tuple[bytes, str]  # the text, and the file's name for messages
EDGE = late(rb"\A(?:\s*(?:#[^\n]*)?\n)*---[ \t]*\r?\n|^\.\.\.[ \t]*\r?\n?\Z", re.MULTILINE)
SIMPLE = late(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


def merged(first: Source, second: Source) -> tuple[bytes, list[str]]:
    """The text of both, and the keys in it. Raises InputError: with all keys that are in both."""
    one, two = (_mapping(*source) for source in (first, second))
    _refuse_shared(one, first[1], two, second[1])
    whole = {**one, **two}
    for text in (_joined(first[0], second[0]), _written(whole)):
        if _same(text, whole):
            return text, list(whole)
    raise InputError(f"{first[1]} and {second[1]} cannot be put into one file")


def _mapping(raw: bytes, file: str) -> Map:
    root = load(raw, file)
    if isinstance(root, Map):
        return root
    reader = Reader(file)
    if root is None:
        reader.error((1, 1), "", "the file is empty; a mapping is expected")
    else:
        at = root.at if isinstance(root, Seq) else (1, 1)
        reader.error(at, "", f"expected a mapping (key: value), found {found(root)}")
    raise InputError(reader.problems)


def _refuse_shared(one: Map, first: str, two: Map, second: str) -> None:
    reader = Reader(second)
    for key in two:
        if key in one:
            line, column = one.key_at[key]
            where = f"{first}:{line}:{column}"
            reader.error(two.key_at[key], key, f"the key {quoted(key)} is in both files; it is at {where}, too")
    reader.raise_if_errors()


def _joined(first: bytes, second: bytes) -> bytes:
    texts = [EDGE.sub(b"", raw.removeprefix(BOM)) for raw in (first, second)]
    return b"".join(text if text.endswith(b"\n") else text + b"\n" for text in texts)


def _same(text: bytes, whole: dict[str, Value]) -> bool:
    try:
        root = load(text, "")
    except InputError:
        return False
    return isinstance(root, Map) and _read(root) == _read(whole)


def _read(members: dict[str, Value]) -> str:
    return canonical({key: _typed(value) for key, value in members.items()})


def _typed(value: Value) -> object:
    return Typed(Reader("")).value(value, (1, 1), "")


def _written(whole: dict[str, Value]) -> bytes:
    return "".join(f"{_key(key)}: {_flow(value)}\n" for key, value in whole.items()).encode("utf-8")


def _flow(value: Value) -> str:
    # Recursion is bounded by how deep a YAML file may be nested.
    if isinstance(value, Map):
        return "{" + ", ".join(f"{_key(key)}: {_flow(member)}" for key, member in value.items()) + "}"
    if isinstance(value, Seq):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, Plain) and (SIMPLE.match(value) or not isinstance(_typed(value), str)):
        return str(value) or "null"
    return json.dumps(str(value), ensure_ascii=False)


def _key(key: str) -> str:
    return key if SIMPLE.match(key) else json.dumps(key, ensure_ascii=False)
