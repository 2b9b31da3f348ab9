"""What writers of job languages share: noting what a language cannot say, each at its place in the source.

Knows no language.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.formats.wording import PROBLEM_LIMIT
from job_manager.model.errors import NOWHERE, InputError, Place, Problem
from job_manager.model.hints import Protocol
from job_manager.model.job import Action, Job, Task
from job_manager.model.wording import quoted


class Placed(Protocol):
    """Anything of a job that knows where it was written."""

    @property
    def place(self) -> Place | None: ...


class Unsaid:
    """What the language of this name cannot say of one job."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.problems: list[Problem] = []

    def say(self, node: Placed, key: str, what: str, hint: str = "") -> None:
        """Notes something of this node. key: under which it stands in the source, or ""."""
        if len(self.problems) < PROBLEM_LIMIT:
            place = node.place or NOWHERE
            path = f"{place.path}.{key}".strip(".") if key else place.path
            self.problems.append(Problem(place._replace(path=path), f"{self.language} cannot say {what}", hint))

    def raise_if_any(self) -> None:
        """Raises InputError with everything noted."""
        if self.problems:
            raise InputError(self.problems)


def too_deep(job: Job, most: int) -> Iterator[Task]:
    """The tasks that stand one deeper than this."""
    level: list[Job | Task] = [job]
    for _ in range(most):
        level = [child for node in level for child in node.children if isinstance(child, Task)]
        if not level:
            return
    for node in level:
        yield from (child for child in node.children if isinstance(child, Task))


def unusual(node: Job | Task | Action, usual: Job | Task | Action) -> Iterator[tuple[str, str]]:
    """What is said of a node beyond the usual one, children aside: the keys of the model, and each in words."""
    for key in node.__match_args__:
        value = getattr(node, key)
        if key not in ("place", "children", "source", "name") and value != getattr(usual, key):
            yield key, f"{key} ({_short(value)})" if _short(value) else key
    if not isinstance(node, Job) and node.name != getattr(usual, "name", node.name):
        yield "name", f"the name {quoted(node.name)}"


def _short(value: object) -> str:
    """A value in a few words; of what has a name the names."""
    if isinstance(value, tuple):
        value = ", ".join(str(_named(each)) for each in value)
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _named(value: object) -> object:
    if isinstance(value, tuple):
        return value[0] if value else ""
    named = (getattr(value, key) for key in ("artifact", "key", "name") if hasattr(value, key))
    return next(named, value)


def nodes(job: Job) -> Iterator[Task | Action]:
    """Every node below the job, in listing order."""
    stack: list[Task | Action] = list(reversed(job.children))
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, Task):
            stack.extend(reversed(node.children))
