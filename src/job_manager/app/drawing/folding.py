"""The tree of a job folded to few boxes: alike siblings become one, long rows are cut, deep or large tasks stay closed.

A small job is shown whole. Knows no format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby

from job_manager.app.drawing.boxes import ACTION, BOXES, FAN, GROUP, GROWN, JOB, MORE, PARALLEL, SERIAL, TASK, Box
from job_manager.app.drawing.sketch import Sketch, pattern, program
from job_manager.core import table

DEPTH = 12  # boxes in boxes
ALIKE = 4  # siblings that are made one
HOOKS = 8  # of one task
LOUD = ("failed", "lost", "running", "retrying", "interrupted", "cancelled")
FAILED = 5  # of those that failed in a box, how many are named

Part = tuple[str, list[int]]
"""GROUP, MORE or "" for a single node; and the nodes."""


class Folding:
    """`job`: the box of the job, with all others in it; `of`: by node, the box that shows it."""

    def __init__(self, sketch: Sketch, boxes: int = BOXES) -> None:
        self._sketch, self._shape = sketch, sketch.shape
        self._boxes, self._width = boxes, max(8, boxes // 12)
        self._whole = sketch.size + len(sketch.late) - 1 <= boxes // 4
        self._own: dict[int, Box] = {}
        self._shown = 0
        self._alike = {} if self._whole else _kinds(sketch)
        self.job = self._single(0)
        self._unfold()
        self.of = self._who_shows()
        _number(self.job)

    def path(self, node: int) -> str:
        """`task/task/action` of a node."""
        return self._shape.path(node)

    def _unfold(self) -> None:
        """Level by level, as long as all of a level finds room; of one that does not, what there is to see."""
        level = [(self.job, 0)]
        for depth in range(DEPTH):
            parts = [(box, list(self._parts(node))) for box, node in level if self._sketch.holds(node)]
            if depth and self._shown + sum(len(each) for _, each in parts) > self._boxes:
                parts = [(box, each) for box, each in parts if box.state in LOUD]
            level = []
            for box, each in parts:
                if each and (not depth or self._shown + len(each) <= self._boxes):
                    level += self._opened(box, each)

    def _opened(self, box: Box, parts: list[Part]) -> Iterator[tuple[Box, int]]:
        """Draw these parts in the box; those of them that may be opened, too."""
        box.open = True
        self._shown += len(parts)
        for kind, nodes in parts:
            below = self._several(kind, nodes) if kind else self._single(nodes[0])
            below.parent = box
            box.children.append(below)
            self._own.update(dict.fromkeys(nodes, below))
            if not kind:
                yield below, self._through(below, nodes[0])

    def _through(self, box: Box, node: int) -> int:
        """A task that holds one single thing is shown as that, under both names."""
        names = [box.label]
        while self._sketch.action(node) is None:
            below = list(self._two(node))
            if len(below) != 1 or below[0] in self._shape.hooks:
                break
            node = below[0]
            self._own[node] = box
            names.append(self._sketch.title(node))
        if len(names) > 1:
            inner = self._single(node)
            for name in ("label", "kind", "role", "program", "order", "public", "percent", "path"):
                setattr(box, name, getattr(inner, name))
            box.when = box.when or inner.when
            box.within = " / ".join(names[:-1] if len(names) < 4 else [names[0], "…"])
        return node

    def _two(self, node: int) -> Iterator[int]:
        for count, below in enumerate(self._sketch.children(node)):
            if count == 2:
                return
            yield below

    # --- which boxes a task is shown as ---------------------------------------------------------------------------

    def _parts(self, node: int) -> Iterator[Part]:
        children = list(self._sketch.children(node))
        body = [below for below in children if below not in self._shape.hooks]
        hooks = [below for below in children if below in self._shape.hooks]
        parallel = bool(self._shape.parallel[node])
        yield from self._cut(self._joined(body, parallel), parallel)
        yield from (("", [hook]) for hook in hooks[:HOOKS])
        if hooks[HOOKS:]:
            yield MORE, hooks[HOOKS:]

    def _joined(self, body: list[int], parallel: bool) -> list[Part]:
        if self._whole or len(body) < ALIKE:
            return [("", [node]) for node in body]
        if parallel:
            classes: dict[int, list[int]] = {}
            for node in body:
                classes.setdefault(self._alike[node], []).append(node)
            runs = sorted((list(run) for nodes in classes.values() for run in _if_many(nodes)), key=lambda run: run[0])
        else:
            runs = [run for _, nodes in groupby(body, key=self._alike.__getitem__) for run in _if_many(list(nodes))]
        return [(GROUP if len(run) > 1 else "", run) for run in runs]

    def _cut(self, parts: list[Part], parallel: bool) -> list[Part]:
        """No more than there is room for: the first ones, some about which there is something to see, and of what runs
        one after another the last ones; the others as one, or where they stand."""
        if self._whole or len(parts) <= self._width:
            return parts
        room = self._width - 1
        loud = self._loudest(parts)[: room // 2]
        last = [] if parallel else [len(parts) - 2, len(parts) - 1]
        kept = set(loud) | set(last)
        kept.update(at for at in range(room - len(kept)) if at not in kept)
        if parallel:
            rest = [node for at, part in enumerate(parts) if at not in kept for node in part[1]]
            return [*(parts[at] for at in sorted(kept)), (MORE, rest)]
        return [*_with_gaps(parts, kept)]

    def _loudest(self, parts: list[Part]) -> list[int]:
        """Where something has failed, then where something runs."""
        if self._sketch.ran is None:
            return []
        ranks = [(LOUD.index(state), at) for at, part in enumerate(parts) if (state := self._state(part)) in LOUD]
        return [at for _, at in sorted(ranks)]

    def _state(self, part: Part) -> str:
        return worst(self._sketch.counts(part[1]))

    # --- boxes ----------------------------------------------------------------------------------------------------

    def _single(self, node: int) -> Box:
        action = self._sketch.action(node)
        box = Box("", JOB if node == 0 else TASK, self._shape.path(node), self._sketch.title(node))
        self._fill(box, [node])
        box.when = getattr(self._sketch.member(node), "when", "")
        if self._sketch.holds(node):
            box.order = PARALLEL if self._shape.parallel[node] else SERIAL
        if action is None:
            return box
        box.kind = FAN if action.foreach else GROWN if box.actions > 1 else ACTION
        box.role, box.program, box.hook = action.role, program(action), action.hook
        box.public = tuple(use.artifact for use in action.outputs if use.public)
        if box.state == self._sketch.names[table.RUNNING] == "running" and box.kind == ACTION:
            box.percent = self._sketch.percent(self._shape.leaf[node])
        return box

    def _several(self, kind: str, nodes: list[int]) -> Box:
        first = nodes[0]
        label = pattern(self._sketch.title(first)) if kind == GROUP else f"and {len(nodes):,} more"
        box = Box("", kind, self._shape.path(first), label, members=len(nodes))
        self._fill(box, nodes)
        actions = [self._sketch.action(node) for node in nodes]
        roles = {action.role if action else "" for action in actions}
        programs = {program(action) if action else "" for action in actions}
        box.role, box.program = (each.pop() if len(each) == 1 else "" for each in (roles, programs))
        box.hook = self._shape.hooks.get(first, "")
        return box

    def _fill(self, box: Box, nodes: Sequence[int]) -> None:
        sketch = self._sketch
        box.actions = sum(map(sketch.actions, nodes))
        box.unknown = any(map(sketch.unknown, nodes))
        box.counts = sketch.counts(nodes)
        box.state = worst(box.counts)
        if box.counts.get("failed") or box.counts.get("lost"):
            box.failed = sketch.bad(nodes, FAILED)

    def _who_shows(self) -> dict[int, Box]:
        shown = {0: self.job}
        for node in self._sketch.seen()[1:]:
            shown[node] = self._own.get(node) or shown[self._shape.parent[node]]
        return shown


def _if_many(nodes: list[int]) -> Iterator[list[int]]:
    if len(nodes) >= ALIKE:
        yield nodes
    else:
        yield from ([node] for node in nodes)


def _with_gaps(parts: list[Part], kept: set[int]) -> Iterator[Part]:
    for is_kept, run in groupby(range(len(parts)), key=kept.__contains__):
        several = [parts[at] for at in run]
        if is_kept or len(several) == 1:
            yield from several
        else:
            yield MORE, [node for part in several for node in part[1]]


def _kinds(sketch: Sketch) -> dict[int, int]:
    """For each node a number that those have in common that differ in numbers only: same title, work, and inside."""
    known: dict[Hashable, int] = {}
    kinds: dict[int, int] = {}
    for node in reversed(sketch.seen()):
        action = sketch.action(node)
        if action is not None:
            inside: Hashable = (action.role, program(action), action.hook, bool(action.foreach), action.expand)
        else:
            below = [kinds[child] for child in sketch.children(node)]
            parallel = bool(sketch.shape.parallel[node])
            inside = (parallel, frozenset(below) if parallel else tuple(kind for kind, _ in groupby(below)))
        whole = (pattern(sketch.title(node)), node in sketch.shape.needs, inside)
        kinds[node] = known.setdefault(whole, len(known))
    return kinds


def worst(counts: dict[str, int]) -> str:
    """The state of several in one word: that of the worst of them; what has begun and is not over is running."""
    for state in ("failed", "lost", "cancelled", "running", "interrupted", "retrying"):
        if counts.get(state):
            return state
    over = counts.get("succeeded", 0) + counts.get("skipped", 0)
    if over and over < sum(counts.values()):
        return "begun"
    if counts.get("succeeded"):
        return "succeeded"
    return next(iter(Counter(counts)), "")


def _number(job: Box) -> None:
    for number, box in enumerate(job.all()):
        box.id = f"b{number}"
