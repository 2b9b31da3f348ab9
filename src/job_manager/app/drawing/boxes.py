"""What a picture of a job consists of: boxes in boxes, and edges. Plain values; knows neither jobs nor formats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

JOB, TASK, ACTION, FAN, GROWN, GROUP, MORE = "job", "task", "action", "fan-out", "grown", "group", "more"
"""A group stands for siblings that are alike; `more` for those for which there is no room."""
BOXES = 150  # about as many as one can still look at
ORDER, NEEDS, ARTIFACT, HOOK = "order", "needs", "artifact", "hook"
SERIAL, PARALLEL = "serial", "parallel"


@dataclass(slots=True)
class Box:
    """A job, task, action, or several of these. `path`: of the (first) node; `label`: its title or name as written;
    `within`: those of the tasks that hold nothing else, and are not drawn.

    program: the module or program it runs, where that is one. order: SERIAL or PARALLEL of what holds others. hook,
    when: as in the model. members: how many siblings it stands for. actions: how many there are in it, as far as is
    known; `unknown`: nobody knows yet how many more. counts: how many of them are in each state, and `state` in one
    word ("" both for a job that has not run). percent: how far a running action says it is. public: the artifacts that
    are kept. failed: paths of some that failed. open: whether what is in it is drawn, as `children`.
    """

    id: str
    kind: str
    path: str
    label: str
    parent: Box | None = None
    within: str = ""
    role: str = ""
    program: str = ""
    order: str = ""
    hook: str = ""
    when: str = ""
    members: int = 1
    actions: int = 1
    unknown: bool = False
    state: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    percent: float | None = None
    public: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    open: bool = False
    children: list[Box] = field(default_factory=list)

    def above(self) -> Iterator[Box]:
        """Itself and all it stands in, from the inside out."""
        box: Box | None = self
        while box is not None:
            yield box
            box = box.parent

    def all(self) -> Iterator[Box]:
        """Itself and all that is drawn in it, in order."""
        stack = [self]
        while stack:
            box = stack.pop()
            yield box
            stack.extend(reversed(box.children))


@dataclass(slots=True)
class Edge:
    """`target` begins after `source`. artifacts: what goes along it. implied: other edges say the same, so that only
    the artifacts are new; `drawn`: whether a picture shows it."""

    source: Box
    target: Box
    kind: str
    artifacts: tuple[str, ...] = ()
    implied: bool = False
    drawn: bool = True


@dataclass(slots=True)
class Graph:
    """A picture: the job with all boxes in it, and the edges. `id`: of a job that ran, or ""."""

    job: Box
    edges: list[Edge]
    version: str = ""
    id: str = ""
    inputs: tuple[str, ...] = ()


OPENS, STANDS, ENDS = "opens", "stands", "ends"


def walked(job: Box) -> Iterator[tuple[str, Box, str]]:
    """Every box between the beginning and the end of the one that it stands in, with its indentation; a box that is not
    open, and a job that is none, only stands there."""
    stack: list[tuple[Box, str, Iterator[Box]]] = [(job, "  ", iter(job.children))]
    if not job.open:
        yield STANDS, job, "  "
    while stack:
        box, indent, children = stack[-1]
        inner = next(children, None)
        if inner is None:
            stack.pop()
            if box.kind != JOB:
                yield ENDS, box, indent[2:]
        elif not inner.open:
            yield STANDS, inner, indent
        else:
            yield OPENS, inner, indent
            stack.append((inner, f"{indent}  ", iter(inner.children)))
