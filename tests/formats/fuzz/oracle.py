"""What must hold of whatever comes out of a reader: a job that can be written and read again, or problems with places.

Knows no language; everything else than an InputError is left to fly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from job_manager.formats.reading import Reading
from job_manager.model.document import digest, job_document, read_job
from job_manager.model.errors import InputError, Problem
from job_manager.model.job import Job

Draft = Callable[[bytes, str], Reading]


def survives(draft: Draft, raw: bytes, file: str) -> None:
    """Reads the bytes. Raises AssertionError, or what the reader raised, when the promise is broken."""
    try:
        reading = draft(raw, file)
    except InputError as error:
        assert error.problems
        look_at(error.problems, file)
        return
    assert isinstance(reading.job, Job)
    look_at(reading.problems, file)
    if not any(problem.severity == "error" for problem in reading.problems):
        look_at_job(reading.job)


def look_at_job(job: Job) -> None:
    """A job can be written, read again and named by its digest."""
    document = job_document(job)
    assert read_job(document) == job
    assert digest(document).startswith("sha256:")


def look_at_texts(problems: Iterable[Problem]) -> None:
    """Every problem has a sentence, and can be printed."""
    for problem in problems:
        assert problem.message and str(problem).encode("utf-8")


def look_at(problems: Iterable[Problem], file: str) -> None:
    """Every problem has a sentence and a place in the file, and can be printed."""
    problems = list(problems)
    look_at_texts(problems)
    for problem in problems:
        assert problem.place.file == file
        whole = problem.place.line == 0 and (problem.more or "limit" in problem.message)
        assert whole or (problem.place.line >= 1 and problem.place.column >= 1), problem
