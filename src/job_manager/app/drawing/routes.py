"""The ways of edges between placed boxes: out at the bottom, in at the top, and around what stands between.

Knows rectangles only; what they show it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from job_manager.app.drawing.boxes import Box, Edge
from job_manager.app.drawing.edges import beside
from job_manager.app.drawing.layout import Layout, Rect
from job_manager.model.record import NamedTuple

GAP = 9.0  # between an edge and a box that it passes
SPREAD = 0.7  # of a box's side, over which its edges are spread

Point = tuple[float, float]


class Route(NamedTuple):
    """An edge and its way: the first point, then in turn what is passed, straight from top to bottom."""

    edge: Edge
    points: list[Point]


def routes(layout: Layout, job: Box, edges: Iterable[Edge]) -> list[Route]:
    """The ways of all edges that are drawn, in their order."""
    shown = [edge for edge in edges if edge.drawn]
    out = _ports(shown, layout, outgoing=True)
    into = _ports(shown, layout, outgoing=False)
    solid = [box for box in job.all() if box.parent is not None]
    found = []
    for at, edge in enumerate(shown):
        start = (out[at], layout.rects[edge.source.id].bottom)
        end = (into[at], layout.rects[edge.target.id].y)
        found.append(Route(edge, [start, *_around(start, end, _between(edge, solid, layout)), end]))
    return found


def _ports(edges: Sequence[Edge], layout: Layout, *, outgoing: bool) -> dict[int, float]:
    """Where on the side of its box each edge begins (or ends), in the order of where they go to."""
    by_box: dict[str, list[int]] = {}
    for at, edge in enumerate(edges):
        by_box.setdefault((edge.source if outgoing else edge.target).id, []).append(at)
    found: dict[int, float] = {}
    for id, members in by_box.items():
        rect = layout.rects[id]
        members.sort(key=lambda at: layout.rects[(edges[at].target if outgoing else edges[at].source).id].middle)
        wide = min(rect.width * SPREAD, 22.0 * (len(members) - 1))
        step = wide / (len(members) - 1) if len(members) > 1 else 0.0
        for number, at in enumerate(members):
            found[at] = rect.middle - wide / 2 + number * step
    return found


def _between(edge: Edge, solid: Iterable[Box], layout: Layout) -> list[Rect]:
    """What must not be crossed: the outermost boxes between the ends that hold neither of them, in what holds both."""
    both = beside(edge)[0].parent
    outside = {box.id for box in both.above()} - {both.id} if both is not None else set()
    holding = {box.id for box in (*edge.source.above(), *edge.target.above())} - outside
    top, bottom = layout.rects[edge.source.id].bottom, layout.rects[edge.target.id].y
    found = []
    for box in solid:
        rect = layout.rects[box.id]
        outermost = box.parent is not None and box.parent.id in holding and box.id not in holding | outside
        if outermost and rect.bottom > top and rect.y < bottom:
            found.append(rect)
    return found


def _around(start: Point, end: Point, rects: list[Rect]) -> list[Point]:
    """The points at which it passes rectangles; one that begins beside the start is passed straight downwards."""
    points: list[Point] = []
    here = start
    for band in _bands(rects):
        top = max(start[1], min(rect.y for rect in band) - 4.0)
        bottom = min(end[1], max(rect.bottom for rect in band) + 4.0)
        share = (top - here[1]) / (end[1] - here[1]) if end[1] > here[1] else 0.0
        x = _free(here[0] + (end[0] - here[0]) * max(0.0, min(1.0, share)), band)
        points += [(x, top), (x, bottom)]
        here = points[-1]
    return points


def _bands(rects: list[Rect]) -> list[list[Rect]]:
    """Rectangles that share a height, together; from top to bottom."""
    bands: list[list[Rect]] = []
    low = 0.0
    for rect in sorted(rects, key=lambda rect: (rect.y, rect.x)):
        if bands and rect.y < low:
            bands[-1].append(rect)
            low = max(low, rect.bottom)
        else:
            bands.append([rect])
            low = rect.bottom
    return bands


def _free(wanted: float, band: list[Rect]) -> float:
    """The x nearest to the wanted one that crosses nothing in the band."""
    candidates = [wanted, *(x for rect in band for x in (rect.x - GAP, rect.right + GAP))]
    candidates.sort(key=lambda x: (abs(x - wanted), x))
    free = (x for x in candidates if not any(rect.x - GAP < x < rect.right + GAP for rect in band))
    return next(free, wanted)
