"""The shape of a job: its tree as flat arrays, made once. A barrier is a node, never n x m edges.

Node 0 is the job. Actions are numbered in listing order, so the actions below any node are one range, and so are those
of all later siblings of a node. Knows nothing of states.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import overload

from job_manager.model.job import Action, Job, Task


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


class Shape:
    """parent, child (first), sibling (next): node numbers or -1. leaf: action index or -1. low, high: the node's range
    of actions. width: number of children. names: of the nodes. node_of: action index -> node. paths: action -> path."""

    __slots__ = (
        "actions",
        "child",
        "high",
        "leaf",
        "low",
        "names",
        "node_of",
        "parallel",
        "parent",
        "paths",
        "sibling",
        "width",
    )

    def __init__(self, job: Job) -> None:
        self.parent = array("i", [-1])
        self.child = array("i", [-1])
        self.sibling = array("i", [-1])
        self.leaf = array("i", [-1])
        self.low = array("i", [0])
        self.high = array("i", [0])
        self.width = array("i", [0])
        self.parallel = bytearray([job.parallel])
        self.node_of = array("i")
        self.actions: list[Action] = []
        self.names = [""]
        self.paths = Paths(self.parent, self.names, self.node_of)
        self._grow(job)

    def _grow(self, job: Job) -> None:
        last = -1  # the sibling before the next node
        stack: list[tuple[int, int, Iterator[Task | Action]]] = [(0, -1, iter(job.children))]
        while stack:
            node, last, children = stack.pop()
            member = next(children, None)
            if member is None:
                self.high[node] = len(self.actions)
                continue
            new = self._add(node, last, member.name)
            stack.append((node, new, children))
            if isinstance(member, Task):
                self.parallel[new] = member.parallel
                stack.append((new, -1, iter(member.children)))
            else:
                self._add_action(new, member)

    def _add(self, parent: int, before: int, name: str) -> int:
        new = len(self.parent)
        self.names.append(name)
        for column, value in ((self.parent, parent), (self.child, -1), (self.sibling, -1), (self.leaf, -1)):
            column.append(value)
        for column in (self.low, self.high):
            column.append(len(self.actions))
        self.width.append(0)
        self.parallel.append(0)
        self.width[parent] += 1
        if before < 0:
            self.child[parent] = new
        else:
            self.sibling[before] = new
        return new

    def _add_action(self, node: int, action: Action) -> None:
        self.leaf[node] = len(self.actions)
        self.node_of.append(node)
        self.actions.append(action)
        self.high[node] = len(self.actions)

    def children(self, node: int) -> Iterator[int]:
        """The children of a node in listing order."""
        below = self.child[node]
        while below >= 0:
            yield below
            below = self.sibling[below]
