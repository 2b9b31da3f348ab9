"""What is known while one job.yaml is read: its names so far, and what can only be said when all of it is known.

Knows no keys.
"""

from __future__ import annotations

from collections.abc import Iterable

from job_manager.formats.wording import PROBLEM_LIMIT
from job_manager.formats.yaml_reader import Fields, Reader
from job_manager.formats.yaml_tree import At
from job_manager.model.errors import Place, Problem
from job_manager.model.job import Command, Input, JobInput, Output
from job_manager.model.params import PREFIX, Param


class Scope:
    """The reading of one file. `seen`: artifact and param names so far; `late`: problems still to be placed exactly;
    `idle`: what seems to have nothing to do, if the rest is well."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.seen: set[str] = set()
        self.late: list[Problem] = []
        self.idle: list[Problem] = []
        self.params: tuple[Param, ...] = ()
        self.public_reads: list[tuple[str, At, str]] = []
        self.commands: dict[tuple[str, ...], Command] = {}  # of which a big job has the same few over and over
        self.conditions: dict[str, str] = {}  # the same; against these nothing can be said
        self._texts: dict[str, str] = {}

    @property
    def file(self) -> str:
        return self.reader.file

    def text(self, fields: Fields, key: str) -> str | None:
        """The key's text; equal texts are one object, of which a big job has the same few over and over."""
        text = fields.text(key)
        return None if text is None else self._texts.setdefault(text, text)

    def see(self, nodes: Iterable[JobInput | Input | Output]) -> None:
        """Remembers the names of these."""
        for node in nodes:
            self.seen.add(node.artifact)
            if node.param:
                self.seen.add(node.param)

    @property
    def param_names(self) -> frozenset[str]:
        """What stands in braces for the job's params."""
        return frozenset(PREFIX + param.name for param in self.params)

    def later(self, node: Input | Output, message: str, hint: str) -> None:
        """A warning about a node's name."""
        if node.place is not None and len(self.late) < PROBLEM_LIMIT:
            place = node.place._replace(path=f"{node.place.path}.name")
            self.late.append(Problem(place, message, hint, "warning"))

    def place(self, at: At, path: str) -> Place:
        """The place of a node in this file."""
        return Place(self.file, at[0], at[1], path)


def one_of(fields: Fields, keys: Iterable[str]) -> str | None:
    """The one of these keys that is there, or None; two are a mistake, for they say the same in different spellings."""
    there = sorted((key for key in keys if key in fields.map), key=list(fields.map).index)
    for key in there[1:]:
        line, column = fields.key_at(there[0])
        message = f'"{key}" and "{there[0]}" (at {line}:{column}) are two spellings of the same; only one can be given'
        fields.reader.error(fields.key_at(key), fields.path_of(key), message, f'put everything under "{there[0]}"')
    return there[0] if there else None
