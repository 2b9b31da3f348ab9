"""What a script is when it has been read: operators in a tree, with their words and options.

Knows where each stands; not what it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from job_manager.formats.alfscript.options import Operator, Option
from job_manager.formats.alfscript.text import At, Text
from job_manager.formats.alfscript.words import Word
from job_manager.model.errors import Problem
from job_manager.model.record import NamedTuple

PATH_PARTS = 12
NO_BODIES: Mapping[str, list[Node]] = MappingProxyType({})


class Given(NamedTuple):
    """An option as it was given: what the table says about it, where it begins in `value.source`, its value's word."""

    option: Option
    start: int
    value: Word

    @property
    def at(self) -> At:
        """Line and column of the option's name."""
        return self.value.source.at(self.start)


class Node:
    """One operator.

    `words`: what stands without an option. `given`: by the option's first spelling (`-title`).
    `bodies`: the operators in its scripts (`subtasks`). `role` and `number`: of which script of its parent it is which.
    """

    __slots__ = ("bodies", "given", "number", "operator", "parent", "role", "source", "start", "words")

    def __init__(self, operator: Operator, name: Word, parent: Node | None, role: str, number: int) -> None:
        self.operator, self.parent, self.role, self.number = operator, parent, role, number
        self.source, self.start = name.source, name.start
        self.words: tuple[Word, ...] = ()
        self.given: dict[str, Given] = {}
        self.bodies: Mapping[str, list[Node]] = NO_BODIES

    def __repr__(self) -> str:
        return f"Node({self.operator.name} at {self.at})"

    @property
    def at(self) -> At:
        """Line and column of the operator's name."""
        return self.source.at(self.start)

    def body(self, role: str) -> list[Node]:
        """The list of operators of one of its scripts, to be filled while reading."""
        if not isinstance(self.bodies, dict):
            self.bodies = {}
        found: list[Node] = self.bodies.setdefault(role, [])
        return found

    @property
    def path(self) -> str:
        """The way to it, such as `job.subtasks[0].cmds[1]`; of a very deep one only the end of the way."""
        parts: list[str] = []
        node: Node | None = self
        while node is not None and len(parts) <= PATH_PARTS:
            parts.append(f"{node.role}[{node.number}]" if node.parent else node.operator.name.lower())
            node = node.parent
        return ("..." if node else "") + ".".join(reversed(parts))

    def variable(self) -> str:
        """The name that an Iterate or Assign gives a value to; "" where it is missing, which is said."""
        return self.words[0].text if self.words else ""

    def title(self) -> Word | None:
        """The word with the title, however it is given; of an Instance, the title that it names."""
        if "-title" in self.given:
            return self.given["-title"].value
        return self.words[0] if self.words and self.operator.letter in "TN" else None


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """A file as read. `nodes`: every operator, each before what is inside it.

    `settings`: what `set NAME VALUE` at the top gave. `version`: of the `##AlfredToDo` header, or "". `problems`: in
    order, errors among them.
    """

    job: Node | None
    nodes: list[Node] = field(repr=False)
    version: str
    settings: Mapping[str, Word]
    text: Text = field(repr=False)
    problems: list[Problem]
