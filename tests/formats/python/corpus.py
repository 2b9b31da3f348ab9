"""The scripts this folder tests with: bad ones with what has to be said of them, good ones with the job they are.

They end in .script, for many of them are no Python that a linter would read. Knows no right answer itself.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from job_manager import formats
from job_manager.model.errors import InputError, Problem
from tests.formats.cases import line

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad").glob("*.script"))
LIBRARY = re.compile(r"/\S*/(?=\w+/\w+\.py)|(?<=\.py):\d+")  # of Python itself, which is elsewhere on each machine
GOLDEN = sorted((HERE / "golden").glob("*.script"))


def placed(file: Path, folder: Path, name: str = "job.py") -> Path:
    """The script under the name that a person would give it."""
    there = folder / name
    shutil.copyfile(file, there)
    return there


def problems(script: Path) -> list[Problem]:
    """Everything said about a script, notes excepted."""
    try:
        found: Iterable[Problem] = formats.draft(str(script)).problems
    except InputError as error:
        found = error.problems
    return [problem for problem in found if problem.severity != "note"]


def said(file: Path, folder: Path) -> list[str]:
    """The lines of a .expect file for this script."""
    return [LIBRARY.sub("...", line(problem)) for problem in problems(placed(file, folder))]


def write_expected() -> None:
    """Write down what is said of each bad script; look at the difference before it is committed."""
    import tempfile

    for file in BAD:
        with tempfile.TemporaryDirectory() as folder:
            text = "\n".join(said(file, Path(folder)))
        file.with_suffix(".expect").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_expected()
    sys.exit(0)
