"""The orders this folder tests with, and everything that is said of one.

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


def problems(file: Path) -> list[Problem]:
    """All that is said of the order in this file, read as one, notes excepted."""
    try:
        found: Iterable[Problem] = formats.draft(str(file), "order").problems
    except InputError as error:
        found = error.problems
    return [problem for problem in found if problem.severity != "note"]
