"""What the process of a script hands back, read: the rows of its job, or why there are none.

The script was free to write there itself, so nothing of it is taken on trust. Knows no process.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import isfinite

from job_manager.formats.python.places import Written
from job_manager.formats.python.rows import KINDS, Row
from job_manager.formats.python.tree import MOST_BITS, MOST_DEEP, Flaw
from job_manager.model.errors import InputError, Place, Problem
from job_manager.model.hints import Any
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

SUBMIT = "with Job(...) as job: ... and mass.submit(job), or job.run(), hand one over"
FARTHEST = 2**31 - 1  # the last line or column that is a place


class Answer(NamedTuple):
    """The rows of a job, and by role the file that serves it."""

    rows: list[Row]
    scripts: dict[str, str]


class Garbled(ValueError):
    """It is nothing that the process of a script says by itself."""


def read(answer: bytes, file: str, script: str, memory: int) -> Answer:
    """What was handed back by a script, `file` as typed and `script` as run, with so many bytes of memory. Raises
    InputError when it was no job."""
    head, _, rest = answer.partition(b"\n")
    try:
        said = _loaded(head)
        if "error" in said:
            raise InputError([_raised(said["error"], file, script, memory)])
        if "jobs" in said:
            raise InputError(list(_not_one(said, file, script)))
        return Answer(list(_rows(said, rest, file, script)), _scripts(said, file, script))
    except (Garbled, KeyError) as error:
        message = "what the script handed over is no whole job"
        hint = f"it is cut off, or was written by the script itself ({str(error) or 'nothing'})"
        raise InputError([Problem(Place(file, 1, 1), message, hint[:300])]) from error


# --- values -----------------------------------------------------------------------------------------------------------


def _loaded(line: bytes) -> dict[str, Any]:
    value = _json(line)
    if not isinstance(value, dict):
        raise Garbled("not what begins an answer")
    return value


def _json(line: bytes) -> Any:
    if not line.isascii():
        raise Garbled("not JSON")
    try:
        value = json.loads(line)
        if rb"\ud" in line.lower():
            json.dumps(value, ensure_ascii=False).encode()  # half of a pair is no text
    except (ValueError, RecursionError) as error:
        raise Garbled("not JSON") from error
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Garbled("a text is missing")
    return value


def _place(value: Any) -> Written:
    match value:
        case [str(file), int(line), int(column)] if 0 <= line <= FARTHEST and 0 <= column <= FARTHEST:
            return Written(file, int(line), int(column))
    raise Garbled("a place is missing")


def _look_at(value: Any, depth: int = 0) -> None:
    """Raises Garbled for what a body never holds."""
    if value is None or isinstance(value, str | bool):
        return
    if isinstance(value, int) and value.bit_length() <= MOST_BITS:
        return
    if isinstance(value, float) and isfinite(value):
        return
    if isinstance(value, list | dict) and depth <= MOST_DEEP:
        for each in value.values() if isinstance(value, dict) else value:
            _look_at(each, depth + 1)
        return
    raise Garbled("a value that no script can say")


# --- a job ------------------------------------------------------------------------------------------------------------


def _rows(said: dict[str, Any], rest: bytes, file: str, script: str) -> Iterator[Row]:
    lines = rest.splitlines()
    if not lines or said["rows"] != len(lines):
        raise Garbled(f"{len(lines):,} of {said['rows']} lines")
    kinds: list[str] = []
    for line in lines:
        row = _row(_json(line), kinds)
        if row.place is not None and row.place.file == script:
            row = row._replace(place=row.place._replace(file=file))  # called as it was typed
        kinds.append(row.kind)
        yield row


def _row(value: Any, kinds: list[str]) -> Row:
    """kinds: of the rows before."""
    match value:
        case [str(kind), int(parent), dict(body), place, list(flaws), str(path)]:
            pass
        case _:
            raise Garbled("not a row")
    above = parent == -1 if not kinds else 0 <= parent < len(kinds) and kinds[parent] != "Action"
    if kind not in KINDS or not above or isinstance(parent, bool):
        raise Garbled("a row that stands nowhere")
    _look_at(body)
    written = None if place is None else _place(place)
    return Row(kind, parent, body, written, tuple(_flaw(flaw) for flaw in flaws), path)


def _flaw(value: Any) -> Flaw:
    match value:
        case [str(key), str(message), str(hint)]:
            return Flaw(key, message, hint)
    raise Garbled("not a flaw")


def _scripts(said: dict[str, Any], file: str, script: str) -> dict[str, str]:
    roles = said["roles"]
    if not isinstance(roles, dict):
        raise Garbled("no roles")
    # A function of standard input stands in no file.
    return {role: _text(path) for role, path in roles.items() if path != script or not file.startswith("<")}


# --- none -------------------------------------------------------------------------------------------------------------


def _raised(error: Any, file: str, script: str, memory: int) -> Problem:
    if not isinstance(error, dict):
        raise Garbled("not an error")
    place = _here(error["place"], file, script)
    kind, message = _text(error["kind"]), _text(error["message"])
    if kind == "SystemExit":
        return Problem(place, f"the script ended itself with sys.exit({message}) before it handed over a job", SUBMIT)
    if kind == "MemoryError":
        return Problem(place, f"the script takes more than {memory >> 30} GB of memory", "put what is large into files")
    deeper = None if error["deeper"] is None else _place(error["deeper"])
    hint = f"raised at {deeper.file}:{deeper.line}" if deeper else ""
    text = f"{kind}: {message}" if message else kind
    return Problem(place, text if len(text) < 600 else f"{text[:600]}...", hint)


def _here(value: Any, file: str, script: str) -> Place:
    """A place in the script, which is called as it was typed, or in another file."""
    where = _place(value)
    return Place(file if where.file == script else where.file, where.line, where.column)


def _not_one(said: dict[str, Any], file: str, script: str) -> Iterator[Problem]:
    count, jobs = said["count"], said["jobs"]
    if not isinstance(count, int) or not isinstance(jobs, list):
        raise Garbled("no jobs")
    if not count or not jobs:
        yield Problem(Place(file, 1, 1), "the script makes no job", SUBMIT)
        return
    how = "hands over" if said["submitted"] else "makes"
    for number, job in enumerate(jobs):
        if not isinstance(job, dict):
            raise Garbled("not a job")
        place = _here(job["place"] or (script, 1, 1), file, script)
        title = _text(job["title"])
        which = f"{quoted(title)}, number {number + 1}" if title else f"number {number + 1}"
        hint = "" if number else ("split the script" if said["submitted"] else "say which: mass.submit(job)")
        yield Problem(place, f"the script {how} {count} jobs, and a run has one; this is {which}", hint)
