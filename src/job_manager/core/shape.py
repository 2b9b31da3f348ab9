"""The shape of a job: its tree as flat arrays, made once. A barrier is a node, never n x m edges.

Node 0 is the job. Actions are numbered in listing order, so the actions below any node are one range, and so are those
of all later siblings of a node. Knows nothing of states.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from job_manager.model.job import Action, Job, Task


class Shape:
    """parent, child (first), sibling (next): node numbers or -1. leaf: action index or -1. low, high: the node's range
    of actions. width: number of children. node_of: action index -> node."""

    __slots__ = (
        "actions",
        "child",
        "high",
        "leaf",
        "low",
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
        self.paths: list[str] = []
        self._grow(job)

    def _grow(self, job: Job) -> None:
        last = -1  # the sibling before the next node
        stack: list[tuple[int, int, str, Iterator[Task | Action]]] = [(0, -1, "", iter(job.children))]
        while stack:
            node, last, prefix, children = stack.pop()
            member = next(children, None)
            if member is None:
                self.high[node] = len(self.actions)
                continue
            new = self._add(node, last)
            stack.append((node, new, prefix, children))
            if isinstance(member, Task):
                self.parallel[new] = member.parallel
                stack.append((new, -1, f"{prefix}{member.name}/", iter(member.children)))
            else:
                self._add_action(new, prefix + member.name, member)

    def _add(self, parent: int, before: int) -> int:
        new = len(self.parent)
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

    def _add_action(self, node: int, path: str, action: Action) -> None:
        self.leaf[node] = len(self.actions)
        self.node_of.append(node)
        self.actions.append(action)
        self.paths.append(path)
        self.high[node] = len(self.actions)

    def children(self, node: int) -> Iterator[int]:
        """The children of a node in listing order."""
        below = self.child[node]
        while below >= 0:
            yield below
            below = self.sibling[below]
