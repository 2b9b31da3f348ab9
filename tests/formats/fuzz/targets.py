"""What can be fuzzed: every language of `formats.LANGUAGES`, of those whose files are run what comes of it, and readers
below them.

A new language is here as soon as it is registered. Knows nothing of how inputs are made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from job_manager import formats
from job_manager.formats.json_reader import load
from job_manager.model.errors import InputError
from job_manager.model.params import NO_VALUES
from tests.formats.fuzz.oracle import look_at, look_at_job, look_at_texts, survives

ROOT = Path(__file__).parents[3]
CORPUS = ("tests/formats", "tests/docs", "examples", "src/job_manager/app/examples")
COUNT = re.compile(rb'(?<=^\{"rows": )[0-9]+')  # of a tree's lines: made right, so that other trees are read, too
LONGEST = 16_384  # bytes of a file that mutants are made of
WATCHED = str(Path(formats.__file__).parent)


@dataclass(frozen=True)
class Target:
    """One reader. `read` raises nothing on any bytes; `watched`: the folder whose lines are to be reached."""

    name: str
    endings: tuple[str, ...]
    read: Callable[[bytes], None]
    watched: str = WATCHED
    more: tuple[bytes, ...] = ()  # inputs beside the files with its endings

    def corpus(self) -> list[bytes]:
        """The files to begin with, each once, in an order that does not change."""
        found = {file.read_bytes() for file in self._files() if file.stat().st_size <= LONGEST}
        return sorted({b"", *self.more, *found}, key=lambda raw: (len(raw), raw))

    def _files(self) -> Iterator[Path]:
        for folder in CORPUS:
            for ending in self.endings:
                yield from (ROOT / folder).rglob(f"*{ending}")


def targets() -> dict[str, Target]:
    """All targets by name."""
    # A job in Python is run to be read: its mutants would do whatever they happen to say. What such a run hands back
    # is read like any other text.
    read = [_language(one) for one in formats.LANGUAGES if not any(end.startswith(".py") for end in one.endings)]
    return {target.name: target for target in (*read, _python_answer(), _json_text())}


def _language(language: formats.Language) -> Target:
    file = f"job{language.endings[0]}"

    def read(raw: bytes) -> None:
        survives(lambda raw, file: language.draft(raw, file, loose=False, values=NO_VALUES), raw, file)

    return Target(language.name, language.endings, read)


def _python_answer() -> Target:
    """What the process of a script hands back; the places in it are wherever it says."""
    from tests.formats.python.answers import corpus, read

    def read_answer(raw: bytes) -> None:
        head, _, rest = raw.partition(b"\n")
        try:
            reading = read(COUNT.sub(b"%d" % len(rest.splitlines()), head) + b"\n" + rest)
        except InputError as error:
            look_at_texts(error.problems)
            return
        look_at_texts(reading.problems)
        if not any(problem.severity == "error" for problem in reading.problems):
            look_at_job(reading.job)

    return Target("python", (".answer",), read_answer, more=corpus())


def _json_text() -> Target:
    """The lower half of what reads JSON: texts to values with places, whatever they mean."""
    from tests.formats.json_mistakes import MISTAKES

    def read(raw: bytes) -> None:
        try:
            load(raw, "job.json")
        except InputError as error:
            assert error.problems
            look_at(error.problems, "job.json")

    return Target("json-text", (".json",), read, more=tuple(raw for raw, _ in MISTAKES.values()))
