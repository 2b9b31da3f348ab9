"""A job as it is to be drawn: its shape, the titles, how many actions are below a node and how they stand.

Reads whole ranges of actions, never one by one. Knows no box.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import accumulate

from job_manager.core import table
from job_manager.core.shape import Shape
from job_manager.core.state import JobState
from job_manager.model.fanout import Each, numbers
from job_manager.model.job import Action, Command, Function, Job, ModuleCall, Shell, Task

DIGITS = re.compile(r"[0-9]+")
FEW = 12  # actions of a fan-out that are drawn each for itself
MOST_GROWN = 10_000  # actions that have grown, of all together, that are looked at
Seen = Callable[[str], str]


class Sketch:
    """`ran`: how the job stands, or None for one that was only read; `seen`: how a state is called here (app.looking);
    `percent`: how far a running action says it is."""

    def __init__(
        self,
        job: Job,
        shape: Shape,
        ran: JobState | None = None,
        seen: Seen = str,
        percent: Callable[[int], float | None] = lambda index: None,
    ) -> None:
        self.job, self.shape, self.ran = job, shape, ran
        self.percent = percent
        self._states = bytearray() if ran is None else ran.seen
        self.names = tuple(seen(name) for name in table.NAMES)
        self.nodes = list(_nodes(job))  # of the written ones; the others belong to fan-outs, or have grown
        self.size = len(self.nodes)
        self.late = dict(self._late())  # of these others, those that are few enough to be seen
        self._times = [self._time(index) for index in range(shape.actions.written)]
        self._known = [0, *accumulate(times or 0 for times in self._times)]
        self._open = [0, *accumulate(times is None for times in self._times)]

    def _late(self) -> Iterator[tuple[int, Task | Action]]:
        """The nodes that a job got while it ran."""
        shape, grown, few = self.shape, self.shape.grown, MOST_GROWN
        for node, graft in grown.items():
            first = shape.child[node]
            if graft.high - graft.low <= few and first >= 0:
                few -= graft.high - graft.low
                yield from enumerate(_members(graft.children), start=first)
        for node, fan in shape.fans.items() if self.ran is not None else ():
            if fan.high - fan.low <= FEW and shape.child[node] >= 0:
                yield from ((below, shape.actions[shape.leaf[below]]) for below in shape.children(node))

    def seen(self) -> list[int]:
        """All nodes that may be drawn, each behind what it stands in."""
        return [*range(self.size), *sorted(self.late)]

    def member(self, node: int) -> Job | Task | Action:
        """What stands at the node."""
        return self.nodes[node] if node < self.size else self.late[node]

    def title(self, node: int) -> str:
        """The node's title, or its name."""
        member = self.member(node)
        if not isinstance(member, Task | Action):
            return self.job.name
        return member.title or (member.name if node < self.size else self.shape.names[node])

    def action(self, node: int) -> Action | None:
        """The action of a node, or None for a task or the job."""
        member = self.member(node)
        return member if isinstance(member, Action) else None

    def holds(self, node: int) -> bool:
        """Whether there is something in the node to be drawn: a task, or an action with what it has become."""
        return self.action(node) is None or self.shape.child[node] in self.late

    def children(self, node: int) -> Iterator[int]:
        """The children of a task, and of an action what it stands for or has grown, where that is few."""
        return self.shape.children(node) if self.holds(node) else iter(())

    def actions(self, node: int) -> int:
        """How many actions there are below the node, as far as is known."""
        if node >= self.size:
            return sum(high - low for low, high in self.shape.spans(self.shape.low[node], self.shape.high[node]))
        return self._known[self.shape.high[node]] - self._known[self.shape.low[node]]

    def unknown(self, node: int) -> bool:
        """Whether something below it stands for nobody knows yet how many."""
        return node < self.size and self._open[self.shape.high[node]] > self._open[self.shape.low[node]]

    def counts(self, nodes: Iterable[int]) -> dict[str, int]:
        """How many actions below these nodes are in each state; empty when the job has not run."""
        if self.ran is None:
            return {}
        totals = [0] * len(table.NAMES)
        for node in nodes:
            for low, high in self.shape.spans(self.shape.low[node], self.shape.high[node]):
                _count(self._states, low, high, totals)
        totals[table.FANNED] = 0
        found: dict[str, int] = {}
        for name, total in zip(self.names, totals, strict=True):
            if total:
                found[name] = found.get(name, 0) + total
        return found

    def bad(self, nodes: Iterable[int], most: int) -> tuple[str, ...]:
        """The paths of the first actions below these nodes that failed."""
        ran, found = self.ran, list[str]()
        for node in nodes if ran is not None else ():
            for low, high in self.shape.spans(self.shape.low[node], self.shape.high[node]):
                assert ran is not None
                found += (self.shape.paths[index] for index in _bad(self._states, low, high, most - len(found)))
                if len(found) >= most:
                    return tuple(found)
        return tuple(found)

    def _time(self, index: int) -> int | None:
        action = self.shape.actions[index]
        if not action.foreach:
            return sum(high - low for low, high in self.shape.spans(index, index + 1))
        fan = self.shape.fan(index)
        if fan is not None:
            return len(fan.members)
        total = 1
        for each in action.foreach:
            times = _items(each)
            if times is None:
                return None
            total *= times
        return total


def _nodes(job: Job) -> Iterator[Job | Task | Action]:
    """As core.shape numbers them."""
    yield job
    yield from _members(job.children)


def _members(children: Iterable[Task | Action]) -> Iterator[Task | Action]:
    stack: list[Iterator[Task | Action]] = [iter(children)]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            continue
        yield node
        if isinstance(node, Task):
            stack.append(iter(node.children))


def _items(each: Each) -> int | None:
    if each.artifact:
        return None
    try:
        return _range(each.over, each.chunk) if each.over else len(each.values)
    except ValueError:
        return None  # said by those who check the job


@lru_cache(8)
def _range(text: str, chunk: int) -> int:
    return -(-len(numbers(text)) // max(1, chunk))


def _count(states: bytearray, low: int, high: int, totals: list[int]) -> None:
    if high - low == 1:
        totals[states[low]] += 1
        return
    part = states[low:high]
    for state in range(len(totals)):
        totals[state] += part.count(state)


def _bad(states: bytearray, low: int, high: int, most: int) -> Iterator[int]:
    for state in (table.FAILED, table.LOST):
        at = states.find(state, low, high)
        while at >= 0 and most > 0:
            yield at
            most -= 1
            at = states.find(state, at + 1, high)


def program(action: Action) -> str:
    """What the action runs: its module, the program of its command, the first word of its text; or ""."""
    work = action.work
    if isinstance(work, ModuleCall):
        return work.module
    if isinstance(work, Command):
        return work.argv[0].rsplit("/", 1)[-1] if work.argv else ""
    if isinstance(work, Shell):
        return next(iter(work.text[:200].split()), "")
    return work.role if isinstance(work, Function) else ""


def pattern(title: str) -> str:
    """The title with a star for each number: `frame 0001` and `frame 0002` are alike."""
    return DIGITS.sub("*", title)
