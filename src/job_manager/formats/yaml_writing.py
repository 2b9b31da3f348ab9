"""Plain values as YAML text for people: blocks where there is much, one line where there is little.

Every text comes back as it is, and no text comes back as a number. Knows no keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from job_manager.model.hints import Any

WIDTH = 100  # of what may stand in one line
PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./+-]*(?: [A-Za-z0-9_./+-]+)*\Z")
NOT_TEXT = frozenset("null true false yes no on off y n".split())
# What YAML does not take as it is, or takes for the end of a line.
ODD = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
BLOCK = re.compile("[^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]+\\Z")


class Flow(dict[str, Any]):
    """A mapping that stands in one line where that is not too long."""


class Bare:
    """Something that stands as it is, without quotes."""

    def __init__(self, text: str) -> None:
        self.text = text


class Typed:
    """A value whose numbers, flags and nothings are such, in one line."""

    def __init__(self, value: Any) -> None:
        self.value = value


def dumped(value: Mapping[str, Any]) -> str:
    """The text of a mapping."""
    return "".join(f"{line}\n" for line in _mapping(value, ""))


def text(value: str) -> str:
    """A text as a scalar in one line."""
    if PLAIN.match(value) and value.lower() not in NOT_TEXT:
        return value
    return quoted(value)


def quoted(value: str) -> str:
    """A text in double quotes."""
    return ODD.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def number(value: int | float) -> str:
    """A number without an exponent, exactly."""
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)


def _mapping(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, member in value.items():
        yield from _member(f"{indent}{text(key)}:", member, indent)


def _member(head: str, value: Any, indent: str) -> Iterator[str]:
    """The lines of one member. head: what stands before the value."""
    line = _line(value, WIDTH - len(head))
    if line is not None:
        yield f"{head} {line}"
    elif isinstance(value, Mapping):
        yield head
        yield from _mapping(value, f"{indent}  ")
    elif isinstance(value, str):
        yield f"{head} {'|' if value.endswith(chr(10)) else '|-'}"
        yield from (f"{indent}  {line}" if line else "" for line in value.removesuffix("\n").split("\n"))
    else:
        yield head
        for item in value:
            yield from _item(item, f"{indent}  ")


def _item(value: Any, indent: str) -> Iterator[str]:
    line = _line(value, WIDTH - len(indent))
    if line is not None:
        yield f"{indent}- {line}"
    elif isinstance(value, str):
        yield f"{indent}- {quoted(value)}"
    else:
        lines = list(_mapping(value, f"{indent}  "))
        yield f"{indent}- {lines[0].lstrip()}"
        yield from lines[1:]


def _line(value: Any, room: int) -> str | None:
    """The value in one line, or None when it takes several."""
    if isinstance(value, str):
        return None if _is_block(value) else text(value)
    if not isinstance(value, Mapping | Sequence):
        return _scalar(value)
    if not value:
        return "{}" if isinstance(value, Mapping) else "[]"
    line = _flow(value)
    return line if line is not None and len(line) <= room else None


def _flow(value: Any) -> str | None:
    """The value as it stands within brackets, or None when it must not."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Flow):
        parts = [(text(key), _flow(member)) for key, member in value.items()]
        return f"{{{', '.join(f'{key}: {part}' for key, part in parts)}}}"
    if isinstance(value, Mapping):
        return "{}" if not value else None
    if isinstance(value, Sequence):
        if any(isinstance(item, Mapping) for item in value):
            return None
        return f"[{', '.join(str(_flow(item)) for item in value)}]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, Typed):
        return ODD.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value.value, ensure_ascii=False))
    if isinstance(value, Bare):
        return value.text
    if value is None or isinstance(value, bool):
        return {None: "~", True: "true", False: "false"}[value]
    return number(value)


def _is_block(value: str) -> bool:
    """Whether a text of several lines can stand as they are."""
    lines = value.removesuffix("\n").split("\n")
    plain = len(lines) > 1 and BLOCK.match(value) and not value.endswith("\n\n")
    return bool(plain and lines[0].strip() and not lines[0].startswith(" ") and lines[-1].strip())
