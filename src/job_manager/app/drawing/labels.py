"""Where the words beside edges stand: on the edge, where they hide no box, no arrow and not each other; else nowhere.

What finds no place is still in the tooltip of its edge. Knows rectangles and ways only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from job_manager.app.drawing.captions import along
from job_manager.app.drawing.layout import Rect
from job_manager.app.drawing.routes import Point, Route
from job_manager.app.drawing.words import text_width
from job_manager.model.record import NamedTuple

SIZE, HIGH = 10.0, 13.0
POINT = 12.0  # of an arrow


class Label(NamedTuple):
    """Words, and the room that they take."""

    text: str
    rect: Rect


def labels(ways: Iterable[Route], solid: list[Rect]) -> list[Label]:
    """The words of all edges that have some and for which there is a place."""
    ways = list(ways)
    taken = [*solid, *(Rect(x - POINT / 2, y - POINT, POINT, POINT) for x, y in (way.points[-1] for way in ways))]
    found = []
    for way in ways:
        text = along(way.edge)
        if not text:
            continue
        wide = text_width(text, SIZE) + 4.0
        for x, y in _places(way.points):
            rect = Rect(x - wide / 2, y - HIGH / 2, wide, HIGH)
            if not any(_meet(rect, other) for other in taken):
                taken.append(rect)
                found.append(Label(text, rect))
                break
    return found


def _places(points: list[Point]) -> Iterator[Point]:
    """Points on the way: in the middles of its parts, then nearer to their ends."""
    parts = list(pairwise(points))
    for share in (0.5, 0.3, 0.7, 0.15, 0.85):
        for (x, y), (to_x, to_y) in parts:
            # Where a curve with vertical ends is.
            bent = share * share * (3 - 2 * share)
            yield x + (to_x - x) * bent, y + (to_y - y) * share


def _meet(one: Rect, other: Rect) -> bool:
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom
