"""JSON text as `json.dumps(value, indent=2)` writes it, piece by piece: a document may be larger than is good to hold.

An iterator in a document is written as a list while it is read. Knows no document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from json.encoder import encode_basestring_ascii

from job_manager.model.hints import Any

STEP = "  "
OPEN = (dict, list, tuple, Iterator)


def pieces(value: Any, pad: str = "\n") -> Iterator[str]:
    """The text of a value; `pad`: what begins a line of it."""
    # Recursion is bounded by how deep our own documents are nested.
    inner = pad + STEP
    if isinstance(value, dict):
        if not any(isinstance(member, OPEN) for member in value.values()):
            rows = [f"{inner}{_atom(str(key))}: {_atom(member)}" for key, member in value.items()]
            yield f"{{{','.join(rows)}{pad}}}" if rows else "{}"
            return
        heads = ((f"{inner}{_atom(str(key))}: ", member) for key, member in value.items())
        yield from _members("{}", heads, pad)
    elif isinstance(value, OPEN):
        yield from _members("[]", ((inner, member) for member in value), pad)
    else:
        yield _atom(value)


def _members(ends: str, members: Iterator[tuple[str, Any]], pad: str) -> Iterator[str]:
    between, last = ends[0], ends
    for head, value in members:
        yield between + head
        yield from pieces(value, pad + STEP)
        between, last = ",", pad + ends[1]
    yield last


def _atom(value: Any) -> str:
    if value.__class__ is str:
        return encode_basestring_ascii(value)
    return "null" if value is None else json.dumps(value)
