"""What a shape is made of: actions by index, their paths, and ranges that come late, of fan-outs and of grafts.

Knows nothing of the tree and of states.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence

from job_manager.model.hints import overload
from job_manager.model.job import Action, Task
from job_manager.model.members import Members
from job_manager.model.record import NamedTuple

Child = Task | Action


class Fan(NamedTuple):
    """A fan-out whose items are known: the written action's index, and the range of the actions that it stands for."""

    action: int
    low: int
    high: int
    members: Members


class Graft(NamedTuple):
    """What the command of an action has printed: the action's index, the range of the actions in it, and its nodes."""

    action: int
    low: int
    high: int
    children: tuple[Child, ...]


class Actions(Sequence[Action]):
    """The actions of a job by index; those of fan-outs are made when they are asked for."""

    __slots__ = ("_lows", "_open", "_parts", "_size", "own")

    def __init__(self) -> None:
        self.own: list[Action] = []  # the written ones, for whoever asks for very many one after another
        self._open = self.own  # what is appended goes here
        self._parts: list[Sequence[Action]] = []  # what came late
        self._lows: list[int] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> Action: ...

    @overload
    def __getitem__(self, at: slice) -> list[Action]: ...

    def __getitem__(self, at: int | slice) -> Action | list[Action]:
        if isinstance(at, slice):
            return [self[index] for index in range(*at.indices(len(self)))]
        if at < len(self.own):
            return self.own[at]
        part = bisect_right(self._lows, at) - 1
        return self._parts[part][at - self._lows[part]]

    def add(self, actions: Sequence[Action]) -> None:
        """Written actions, or the next ones of the graft that was opened last."""
        self._open.extend(actions)
        self._size += len(actions)

    def open(self) -> None:
        """A graft begins, behind all others."""
        self._open = []
        self._add(self._open)

    def extend(self, members: Sequence[Action]) -> None:
        """The actions of a fan-out, behind all others."""
        self._add(members)
        self._size += len(members)

    def _add(self, part: Sequence[Action]) -> None:
        self._lows.append(self._size)
        self._parts.append(part)

    @property
    def written(self) -> int:
        """How many are written in the job; the others come of fan-outs and grafts."""
        return len(self.own)


class Paths(Sequence[str]):
    """The path (`task/task/action`) of every action in listing order, made when it is asked for: written out, those of
    a deep tree would be as large as the square of its depth."""

    __slots__ = ("_names", "_node_of", "_parent")

    def __init__(self, parent: array[int], names: list[str], node_of: array[int]) -> None:
        self._parent = parent
        self._names = names
        self._node_of = node_of

    def __len__(self) -> int:
        return len(self._node_of)

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> list[str]: ...

    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[index] for index in range(*at.indices(len(self)))]
        node = self._node_of[at]
        words = []
        while node:
            words.append(self._names[node])
            node = self._parent[node]
        return "/".join(reversed(words))
