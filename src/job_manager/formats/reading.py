"""What reading a job file gives: the job, what is odd about it, and the way from a path in it back to line and column.

Knows no language; each one brings its own way of finding places.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType

from job_manager.model.errors import InputError, Place, Problem, in_order
from job_manager.model.job import Job
from job_manager.model.record import Record, field

Locate = Callable[[Iterable[str]], dict[str, tuple[int, int]]]


def _nowhere(paths: Iterable[str]) -> dict[str, tuple[int, int]]:
    return {}


class Reading(Record):
    """A job as read. `problems` are in order; `source` is the text it came from.

    From `formats.read` they are warnings and notes. From `formats.draft` there may be errors among them, and then the
    job is what could be made out: an artifact without a name is called "", an entry without work has an empty command.
    template: the job as it is written, where the values of its params were put in to make `job`; values: these.
    roles: those for which the job file itself brings functions.
    """

    job: Job
    problems: tuple[Problem, ...] = ()
    source: bytes = field(default=b"", repr=False)
    locate: Locate = field(default=_nowhere, repr=False, compare=False)
    template: Job | None = field(default=None, repr=False)
    values: Mapping[str, str] = field(default=MappingProxyType({}), repr=False)
    roles: tuple[str, ...] = ()

    def placed(self, problems: Iterable[Problem]) -> list[Problem]:
        """The problems with the exact place of the value that their path names, as far as the file has it.

        For checks made later on the job's nodes, whose own place is where the node begins: `Place(*node.place[:3],
        node.place.path + ".type")` becomes the line and column of the type.
        """
        problems = list(problems)
        if not problems:
            return []
        found = self.locate({p.place.path for p in problems if p.place.file == self.job.source})
        return in_order(moved(p, found.get(p.place.path)) for p in problems)

    def checked(self) -> Reading:
        """Itself. Raises InputError when there is an error among the problems, with all of them but the notes."""
        if any(p.severity == "error" for p in self.problems):
            raise InputError(p for p in self.problems if p.severity != "note")
        return self


def moved(problem: Problem, at: tuple[int, int] | None) -> Problem:
    """The problem at this line and column; as it is when there is none."""
    place = problem.place
    return problem if at is None or problem.more else problem._replace(place=Place(place.file, *at, place.path))


def without_echoes(flaws: Collection[Problem], problems: Iterable[Problem]) -> list[Problem]:
    """The problems, of one place the flaw alone: what a refused tag made of a value is not the person's mistake."""
    spots = {flaw.place[:3] for flaw in flaws}
    return [problem for problem in problems if problem in flaws or problem.place[:3] not in spots]
