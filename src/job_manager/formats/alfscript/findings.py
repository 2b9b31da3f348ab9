"""What is wrong or odd in one file, collected while it is read.

Knows neither words nor operators. Reading ends when there is no room left: a file may have a mistake a million times.
"""

from __future__ import annotations

from job_manager.formats.alfscript.text import At
from job_manager.formats.wording import PROBLEM_LIMIT, clipped
from job_manager.model.errors import Place, Problem, in_order


class Enough(Exception):
    """There is no room for another mistake."""


class Findings:
    """The problems of one file. `at` is a line and column, `path` the way to what is meant (`job.subtasks[0].cmds`)."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._problems: set[Problem] = set()  # a mistake in a template is found on every pass
        self._full = False
        self.said_of = 0  # how often something was said

    def error(self, at: At, path: str, message: str, hint: str = "") -> None:
        """A mistake. Raises Enough when it was one too many."""
        self._add(at, path, message, hint, "error")

    def warn(self, at: At, path: str, message: str, hint: str = "") -> None:
        """Something that works and is probably not meant."""
        self._add(at, path, message, hint, "warning")

    def note(self, at: At, path: str, message: str, hint: str = "") -> None:
        """Something worth knowing."""
        self._add(at, path, message, hint, "note")

    def _add(self, at: At, path: str, message: str, hint: str, severity: str) -> None:
        self.said_of += 1
        problem = Problem(Place(self.file, *at, path), clipped(message), hint, severity)
        if len(self._problems) < PROBLEM_LIMIT:
            self._problems.add(problem)
        elif problem not in self._problems and severity == "error":
            self._full = True
            raise Enough

    def said(self) -> list[Problem]:
        """Everything, in the order of the file, with a last word when there was more."""
        found = in_order(self._problems)
        if self._full:
            message = f"there are more mistakes; reading ended after {PROBLEM_LIMIT:,}"
            found.append(Problem(Place(self.file, 0, 0), message, more=1))
        return found

    @property
    def failed(self) -> bool:
        """Whether a mistake was noted."""
        return any(problem.severity == "error" for problem in self._problems)
