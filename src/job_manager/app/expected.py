"""What an author expects of an output held against what was written, file by file. Knows no module and ran nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from itertools import zip_longest

from job_manager.model.hints import Any
from job_manager.model.wording import quoted
from job_manager.modules.kinds import WORDS

LARGEST = 64 << 20  # bytes of an output that is compared


def differ(expected: str, written: str, output: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The files expected and how each is not what was written; of an output that is a folder those in it. `output` has
    its param, kind, type, and of several files their names."""
    if os.path.isdir(expected) != os.path.isdir(written):
        is_folder = "is a folder" if os.path.isdir(expected) else "is no folder"
        yield expected, f"{is_folder}, and the output {quoted(output['param'])} is {WORDS[output['kind']]}"
        return
    if not os.path.isdir(expected):
        pairs = [(expected, written)]
    else:
        wanted = set(_below(expected))
        there = set(_below(written)) if output["files"] is None else set(output["files"])
        pairs = [(os.path.join(expected, name), os.path.join(written, name)) for name in sorted(wanted & there)]
        yield from (
            (os.path.join(expected, name), "is expected, and was not written") for name in sorted(wanted - there)
        )
        for name in sorted(there - wanted):
            yield expected, f"has no {quoted(name)}, which was written"
    for one, other in pairs:
        message = difference(one, other, output["type"])
        if message:
            yield one, message


def _below(folder: str) -> Iterator[str]:
    """The files in a folder and in those in it, hidden ones left out."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (os.path.relpath(os.path.join(place, name), folder) for name in names if not name.startswith("."))


def difference(expected: str, written: str, type: str) -> str:
    """How the written file is not the expected one, as a sentence that follows its name; "" when it is. JSON may be
    written in another way."""
    wanted, found = _content(expected), _content(written)
    if wanted == found or (type.strip().lower() in ("json", "geojson", "application/json") and _same(wanted, found)):
        return ""
    try:
        lines, there = wanted.decode().splitlines(), found.decode().splitlines()
    except UnicodeDecodeError:
        return f"is not what was written: {len(wanted):,} bytes were expected, {len(found):,} found"
    pairs = enumerate(zip_longest(lines, there), 1)
    line, (one, other) = next((pair for pair in pairs if pair[1][0] != pair[1][1]), (0, ("", "")))
    if not line:
        return "is not what was written: line ends differ"
    return f"is not what was written: in line {line} expected {_shown(one)}, found {_shown(other)}"


def _content(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read(LARGEST)


def _same(wanted: bytes, found: bytes) -> bool:
    try:
        return bool(json.loads(wanted) == json.loads(found))
    except ValueError:
        return False


def _shown(line: str | None) -> str:
    return "nothing" if line is None else quoted(line)
