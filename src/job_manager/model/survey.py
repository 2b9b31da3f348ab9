"""What a job's checks have to look at: its tasks, and the actions that say more than a command to run.

A big job is mostly a hundred thousand commands, and a dozen checks each have nothing to say about any of them. Found
once for a tree. Knows no check.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from job_manager.model.job import Action, Command, Echo, Job, Shell, Task
from job_manager.model.record import NamedTuple

PLAIN_WORKS = frozenset({Command, Shell, Echo})
# What does not matter here: its name and title, how often and for how long it may run, its place.
_TELLING = (
    "inputs",
    "outputs",
    "env",
    "params",
    "needs",
    "foreach",
    "when",
    "cpus",
    "memory",
    "limits",
    "hook",
    "tags",
)
_told = attrgetter(*_TELLING, "wishes", "expand")
_NOTHING = _told(Action("", Command(())))


class Survey(NamedTuple):
    """Of a tree, in listing order: its tasks, the actions that say more than a command to run with their indices and
    paths, and the number of all actions."""

    tasks: tuple[Task, ...]
    telling: tuple[tuple[int, str, Action], ...]
    size: int

    @property
    def actions(self) -> Iterator[tuple[str, Action]]:
        """Path and action of those that say more."""
        return ((path, action) for _, path, action in self.telling)

    @property
    def nodes(self) -> Iterator[Task | Action]:
        """Everything that may have needs, a condition or wishes."""
        yield from self.tasks
        yield from (action for _, _, action in self.telling)


def is_telling(action: Action) -> bool:
    """Whether it says more than what a command, a shell text or an echo is, and how often and how long it may run."""
    return action.work.__class__ not in PLAIN_WORKS or _told(action) != _NOTHING


def survey(job: Job) -> Survey:
    """The survey of a job; made once for its tree."""
    found: Survey | None = getattr(job, "surveyed", None)
    if found is None:
        found = _surveyed(job)
        object.__setattr__(job, "surveyed", found)  # the tree never changes
    return found


def _surveyed(job: Job) -> Survey:
    tasks: list[Task] = []
    telling: list[tuple[int, str, Action]] = []
    size = 0
    stack: list[tuple[str, Iterator[Task | Action]]] = [("", iter(job.children))]
    while stack:
        prefix, children = stack[-1]
        for node in children:
            if node.__class__ is Action:
                if node.work.__class__ not in PLAIN_WORKS or _told(node) != _NOTHING:
                    telling.append((size, prefix + node.name, node))
                size += 1
            else:
                tasks.append(node)  # type: ignore[arg-type]  # what is no action is a task
                stack.append((f"{prefix}{node.name}/", iter(node.children)))  # type: ignore[union-attr]
                break
        else:
            stack.pop()
    return Survey(tuple(tasks), tuple(telling), size)
