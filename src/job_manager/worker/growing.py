"""What the command of an expanding action has printed, on its way to the tasks that it stands for.

Reads the log of an attempt; who understands the text is given. Knows no job language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from job_manager.model.errors import InputError
from job_manager.model.hints import Any
from job_manager.model.job import Action
from job_manager.model.record import NamedTuple

LIMIT = 64 << 20  # bytes; a longer log may have a hole in it


class Printed(NamedTuple):
    """The text, its file for messages, the path of the action, the action, and how to find the paths of the job's tasks
    by their titles."""

    raw: bytes
    file: str
    path: str
    action: Action
    titles: Callable[[], Mapping[str, str]]


class Grown(NamedTuple):
    """Documents as in model.document.children_document, and what a person should know all the same."""

    children: Sequence[dict[str, Any]] = ()
    note: str = ""


Grow = Callable[[Printed], Grown]
"""Raises InputError with every mistake in what was printed."""


def grown(log: str, path: str, action: Action, titles: Callable[[], Mapping[str, str]], grow: Grow) -> Grown:
    """What an attempt with this log has grown. Raises ValueError with a sentence."""
    try:
        with open(log, "rb") as stream:
            raw = stream.read(LIMIT + 1)
    except OSError as cause:
        raise ValueError(f"what it printed cannot be read: {cause}") from cause
    if len(raw) > LIMIT:
        raise ValueError(f"it printed more than {LIMIT >> 20} MiB of tasks")
    try:
        return grow(Printed(raw, log, path, action, titles))
    except InputError as error:
        raise ValueError(f"what it printed cannot be run: {_first(error)}") from error


def _first(error: InputError) -> str:
    first, *others = [problem for problem in error.problems if problem.severity == "error"]
    more = f" (and {len(others)} more mistake{'s' * (len(others) > 1)})" if others else ""
    place = f"{first.place.line}:{first.place.column}: " if first.place.line else ""
    return f"{place}{first.message}{more}"
