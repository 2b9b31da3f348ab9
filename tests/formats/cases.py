"""The files this folder tests with, and how a problem is written down beside a bad one.

Knows nothing of what the right answers are; they are in the files.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from job_manager import formats
from job_manager.model.errors import InputError, Problem

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad").glob("*.yaml"))
GOLDEN = sorted((HERE / "golden").glob("*.yaml"))


def problems(raw: bytes, folder: Path, name: str = "job.yaml", *, loose: bool = False) -> list[Problem]:
    """Everything said about a job.yaml of these bytes, notes excepted."""
    file = folder / name
    file.write_bytes(raw)
    try:
        found: Iterable[Problem] = formats.draft(str(file), loose=loose).problems
    except InputError as error:
        found = error.problems
    return [problem for problem in found if problem.severity != "note"]


def line(problem: Problem) -> str:
    """`warning 3:7 steps[0].name | message | hint`: a problem as the .expect files have it."""
    severity = "" if problem.severity == "error" else f"{problem.severity} "
    place = problem.place
    hint = f" | {problem.hint}" if problem.hint else ""
    return f"{severity}{place.line}:{place.column} {place.path or '-'} | {problem.message}{hint}"


def lines(raw: bytes, folder: Path, *, loose: bool = False) -> list[str]:
    return [line(problem) for problem in problems(raw, folder, loose=loose)]
