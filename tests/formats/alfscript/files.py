"""The scripts of this folder, good and bad, and what is said of one.

Knows nothing of what is right; that is in the files.
"""

from __future__ import annotations

from pathlib import Path

from job_manager import formats
from job_manager.formats.reading import Reading
from job_manager.model.errors import InputError
from tests.formats.cases import line

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad").glob("*.alf"))
GOLDEN = sorted(file for file in (HERE / "golden").iterdir() if file.suffix not in (".json", ".said"))


def drafted(file: Path) -> Reading:
    return formats.draft(str(file), "alf")


def said(file: Path) -> list[str]:
    """Everything said about a script, notes excepted."""
    try:
        found = list(drafted(file).problems)
    except InputError as error:
        found = error.problems
    return [line(problem) for problem in found if problem.severity != "note"]
