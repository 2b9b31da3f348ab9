"""The four kinds of trouble, by whose fault it is, and the problems an input may have.

Knows nothing of terminals, exit codes or where a problem is printed.
"""

from __future__ import annotations

from collections.abc import Iterable

from job_manager.model.record import NamedTuple


class Place(NamedTuple):
    """Where in a source a thing stands: 1-based line and column (in characters), and its path in the document."""

    file: str
    line: int
    column: int
    path: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{where}: {self.path}" if self.path else where


NOWHERE = Place("", 0, 0)


class Problem(NamedTuple):
    """One thing wrong (or odd) with an input: the place, what is wrong, and what to write instead.

    `more`: not one thing, but the last word on that many mistakes for which there was no room."""

    place: Place
    message: str
    hint: str = ""
    severity: str = "error"  # error | warning | note
    more: int = 0

    def __str__(self) -> str:
        head = f"{self.place}: {self.message}" if self.place.file else self.message
        label = "" if self.severity == "error" else f"{self.severity}: "
        return f"{label}{head}" + (f"\n   hint: {self.hint}" if self.hint else "")


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """The problems sorted by file and position, each once; what there was no room for comes last."""
    return sorted(set(problems), key=lambda p: (p.more > 0, *p.place, p.message))


class JobManagerError(Exception):
    """Base of every error this package raises on purpose."""

    hint: str = ""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        if hint:
            self.hint = hint


class InputError(JobManagerError):
    """Yours: the input is wrong. Carries every problem found, in order of position."""

    def __init__(self, problems: Iterable[Problem] | str, hint: str = "") -> None:
        if isinstance(problems, str):
            problems = [Problem(NOWHERE, problems, hint)]
        self.problems = in_order(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class Refused(JobManagerError):
    """Not now: the present state does not allow it; the message says what that state is."""


class NotFound(Refused):
    """No job, action or artifact answers to that name."""


class EngineError(JobManagerError):
    """The world: disk, journal or engine failed. The cause is chained; `retryable` says if trying again may help."""

    def __init__(self, message: str, hint: str = "", *, retryable: bool = False) -> None:
        super().__init__(message, hint)
        self.retryable = retryable


class InvariantBroken(JobManagerError):
    """Ours: the program contradicts itself. Carries the story of the action concerned, for the bug report."""

    def __init__(self, message: str, story: Iterable[str] = ()) -> None:
        self.story = tuple(story)
        super().__init__("\n  ".join([message, *self.story]))
