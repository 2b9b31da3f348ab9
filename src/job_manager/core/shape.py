"""The shape of a job: its tree as flat arrays, made once. A barrier is a node, never n x m edges.

Node 0 is the job. Actions are numbered in listing order, so the actions below any node are one range, and so are those
of all later siblings of a node. A node with `needs` is free: it starts when these are over and not when its turn in the
tree comes, but what it stands in is over only when it is. Knows nothing of states.
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
    of actions. first, following: the chain in which children take turns, which passes over free nodes and those without
    actions. width: number of children with actions. names: of the nodes. node_of: action index -> node. paths: action
    -> path. needs: free node -> nodes it waits for; feeds: the same edges the other way round."""

    __slots__ = (
        "_wanted",
        "actions",
        "child",
        "feeds",
        "first",
        "following",
        "high",
        "leaf",
        "low",
        "names",
        "needs",
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
        self._wanted: dict[int, tuple[str, ...]] = {}
        self._grow(job)
        self.needs, self.feeds = self._edges()
        self._chain()

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
            if member.needs is not None:
                self._wanted[new] = member.needs
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

    def _edges(self) -> tuple[dict[int, tuple[int, ...]], dict[int, list[int]]]:
        needs: dict[int, tuple[int, ...]] = {}
        feeds: dict[int, list[int]] = {}
        if self._wanted:
            nodes = {self.path(node): node for node in range(len(self.parent))}
            for node, paths in self._wanted.items():
                # What has no actions is over at once: waiting for it is waiting for nothing.
                wanted = dict.fromkeys(nodes[path] for path in paths)
                needs[node] = tuple(other for other in wanted if self.low[other] < self.high[other])
                for needed in needs[node]:
                    feeds.setdefault(needed, []).append(node)
        return needs, feeds

    def path(self, node: int) -> str:
        """`task/task/action` of any node."""
        words = []
        while node:
            words.append(self.names[node])
            node = self.parent[node]
        return "/".join(reversed(words))

    def _chain(self) -> None:
        """Who follows whom, from the last node to the first: what has no actions has no turn and holds nothing up."""
        size = len(self.parent)
        self.first, self.following = array("i", [-1]) * size, array("i", [-1]) * size
        for node in range(size - 1, 0, -1):
            if self.low[node] == self.high[node]:
                continue
            parent = self.parent[node]
            self.width[parent] += 1
            if node not in self.needs:
                self.following[node] = self.first[parent]
                self.first[parent] = node

    def children(self, node: int) -> Iterator[int]:
        """The children of a node in listing order."""
        below = self.child[node]
        while below >= 0:
            yield below
            below = self.sibling[below]
