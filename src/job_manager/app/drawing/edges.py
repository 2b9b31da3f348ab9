"""The edges between the boxes of a folded job: turns, needs, artifacts and hooks; few enough to be read.

What several edges between two boxes say is one edge, and what follows from others is marked. Knows no format.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from job_manager.app.drawing.boxes import ARTIFACT, HOOK, NEEDS, ORDER, SERIAL, Box, Edge
from job_manager.app.drawing.folding import Folding
from job_manager.app.drawing.reduction import implied
from job_manager.app.drawing.sketch import Sketch
from job_manager.model.job import Action

SPARSE = 30  # edges with artifacts; of more only those are drawn that nothing else says
SINKS = 4  # boxes from which a hook has an edge of its own
MOST = 400  # edges of a picture

Pairs = dict[tuple[str, str], Edge]


def edges(sketch: Sketch, folding: Folding) -> list[Edge]:
    """All edges, in the order of their ends."""
    found: Pairs = {}
    boxes = list(folding.job.all())
    place = {box.id: at for at, box in enumerate(boxes)}
    for source, target in _turns(boxes, _free(sketch, folding)):
        _add(found, source, target, ORDER)
    for source, target in _needs(sketch, folding):
        _add(found, source, target, NEEDS)
    carried: dict[tuple[str, str], dict[str, None]] = {}
    for source, target, artifact in _artifacts(sketch, folding):
        edge = _add(found, source, target, ARTIFACT)
        if edge is not None:
            carried.setdefault((source.id, target.id), {})[artifact] = None
    for pair, names in carried.items():
        found[pair].artifacts = tuple(names)
    listed = sorted(found.values(), key=lambda edge: (place[edge.source.id], place[edge.target.id]))
    _reduce(boxes, place, listed)
    _thin_out(found, listed)
    return [*listed, *_hooks(boxes, listed)]


def _add(found: Pairs, source: Box, target: Box, kind: str) -> Edge | None:
    pair = source.id, target.id
    if pair in found:
        return found[pair]
    if source is target or source in target.above() or target in source.above():
        return None
    found[pair] = Edge(source, target, kind)
    return found[pair]


# --- what says what -----------------------------------------------------------------------------------------------


def _free(sketch: Sketch, folding: Folding) -> set[str]:
    """The boxes that do not wait for their turn."""
    return {folding.of[node].id for node in _waiting(sketch) if node < sketch.size or not _is_inside(node, folding)}


def _is_inside(node: int, folding: Folding) -> bool:
    """Whether the box shows more than the node: what it has grown of, or others like it."""
    return not f"{folding.of[node].path}/".startswith(f"{folding.path(node)}/")


def _waiting(sketch: Sketch) -> Iterator[int]:
    """The nodes that need others and are drawn."""
    needs, hooks = sketch.shape.needs, sketch.shape.hooks
    return (node for node in needs if node not in hooks and (node < sketch.size or node in sketch.late))


def _turns(boxes: Iterable[Box], free: set[str]) -> Iterator[tuple[Box, Box]]:
    for box in boxes:
        if box.open and box.order == SERIAL:
            chain = [below for below in box.children if not below.hook and below.id not in free]
            yield from pairwise(chain)


def _needs(sketch: Sketch, folding: Folding) -> Iterator[tuple[Box, Box]]:
    for node in _waiting(sketch):
        yield from ((folding.of[other], folding.of[node]) for other in sketch.shape.needs[node] if other in folding.of)


def _artifacts(sketch: Sketch, folding: Folding) -> Iterator[tuple[Box, Box, str]]:
    shape = sketch.shape
    for index, action in enumerate(shape.as_written()):
        for name in _read(action):
            writer = shape.writer(name)
            if writer is not None and writer[0] != index:
                yield folding.of[shape.node_of[writer[0]]], folding.of[shape.node_of[index]], writer[1].artifact


def _read(action: Action) -> Iterable[str]:
    if not action.inputs and not action.foreach:
        return ()
    over = {each.key: each.artifact for each in action.foreach if each.artifact}
    names = [*over.values(), *(over.get(use.artifact, use.artifact) for use in action.inputs)]
    return dict.fromkeys(name for name in names if name)


def _hooks(boxes: Iterable[Box], listed: list[Edge]) -> Iterator[Edge]:
    """From what ends a task to its first hook, from there to the next."""
    followed = _followed(listed)
    for box in boxes:
        hooks = [below for below in box.children if below.hook]
        if not hooks:
            continue
        body = [below for below in box.children if not below.hook]
        ends = [below for below in body if (box.id, below.id) not in followed]
        ends = ends if len(ends) <= SINKS else []
        yield from (Edge(end, hooks[0], HOOK) for end in ends)
        yield from (Edge(one, other, HOOK) for one, other in pairwise(hooks))


def _followed(listed: Iterable[Edge]) -> set[tuple[str, str]]:
    """The boxes (behind the one they stand in) that something beside them follows."""
    found = set()
    for edge in listed:
        one, other = beside(edge)
        if one.parent is not None and one is not other:
            found.add((one.parent.id, one.id))
    return found


def beside(edge: Edge) -> tuple[Box, Box]:
    """The two boxes that stand side by side in one and hold (or are) the ends of the edge."""
    above = {box.id: box for box in edge.source.above()}
    low = edge.target
    while low.parent is not None and low.parent.id not in above:
        low = low.parent
    high = edge.source
    while high.parent is not None and high.parent is not low.parent:
        high = high.parent
    return high, low


# --- few enough ---------------------------------------------------------------------------------------------------


def _reduce(boxes: list[Box], place: dict[str, int], listed: list[Edge]) -> None:
    """Mark what follows from the rest. Each box is two vertices, its beginning (even) and its end."""
    follow: list[list[int]] = [[] for _ in range(2 * len(boxes))]
    for box in boxes:
        at = 2 * place[box.id]
        if not box.children:
            follow[at].append(at + 1)
        for below in box.children:
            inner = 2 * place[below.id]
            follow[at].append(inner)
            follow[inner + 1].append(at + 1)
    ends = [(2 * place[edge.source.id] + 1, 2 * place[edge.target.id]) for edge in listed]
    for source, target in ends:
        follow[source].append(target)
    known = implied(follow)
    for edge, pair in zip(listed, ends, strict=True):
        edge.implied = pair in known


def _is_alone(edge: Edge, found: Pairs) -> bool:
    """Whether the edge would lie upon another one: between tasks that hold nothing but its ends."""
    one, other = beside(edge)
    outer = (
        box for end, side in ((edge.source, one), (edge.target, other)) for box in end.above() if side in box.above()
    )
    holding = [box for box in outer if box.open]
    return (one.id, other.id) in found and bool(holding) and all(len(box.children) == 1 for box in holding)


def _thin_out(found: Pairs, listed: list[Edge]) -> None:
    """Decide what is drawn: an edge that says nothing new only for its artifacts, and those only while they are few. Of
    many they are said along the edge between the tasks that hold the ends."""
    many = sum(bool(edge.artifacts) for edge in listed) > SPARSE
    for edge in listed:
        edge.drawn = not edge.implied or (bool(edge.artifacts) and not many and not _is_alone(edge, found))
    for edge in [edge for edge in listed if edge.artifacts and not edge.drawn]:
        one, other = beside(edge)
        outer = found.get((one.id, other.id))
        if outer is not None and outer is not edge and outer.drawn:
            outer.artifacts = tuple(dict.fromkeys((*outer.artifacts, *edge.artifacts)))
    for edge in [edge for edge in listed if edge.drawn][MOST:]:
        edge.drawn = False
