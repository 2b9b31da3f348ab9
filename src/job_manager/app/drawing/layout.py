"""Where each box of a picture is: rows from top to bottom inside of each box, what follows below what it follows.

Longest way decides the row, the middle of the neighbours the place in it. Knows boxes and edges, no format.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from job_manager.app.drawing.boxes import JOB, Box, Edge
from job_manager.app.drawing.captions import below, has_bar, inside, is_stack, title
from job_manager.app.drawing.edges import beside
from job_manager.app.drawing.reduction import in_turn
from job_manager.app.drawing.words import text_width
from job_manager.model.record import NamedTuple

TITLE_SIZE, TEXT_SIZE = 13.0, 11.0
HIGH, LEAST, MOST = 44.0, 96.0, 350.0  # of a box without others in it
ACROSS, BETWEEN, WRAPPED = 20.0, 40.0, 16.0  # between boxes of a row, between rows, between parts of one row
PADDING, HEAD = 16.0, 30.0  # of a box that holds others
WIDEST = 1180.0  # of a row


class Rect(NamedTuple):
    """Left, top, width and height in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


Row = list[Box]
Links = dict[str, list[Box]]


class Layout:
    """`rects`: by the id of a box, where it is; that of the job is all."""

    def __init__(self, job: Box, edges: Iterable[Edge]) -> None:
        self._after: dict[str, Links] = {}  # by the box they stand in: who follows whom
        for edge in edges:
            if edge.drawn:
                one, other = beside(edge)
                if one is not other and one.parent is not None:
                    self._after.setdefault(one.parent.id, {}).setdefault(one.id, []).append(other)
        self._sizes: dict[str, tuple[float, float]] = {}
        self._offsets: dict[str, tuple[float, float]] = {}  # within the box they stand in
        for box in reversed(list(job.all())):
            self._sizes[box.id] = self._arranged(box) if box.children else _size(box)
        self.rects: dict[str, Rect] = {job.id: Rect(0.0, 0.0, *self._sizes[job.id])}
        for box in job.all():
            outer = self.rects[box.id]
            for inner in box.children:
                x, y = self._offsets[inner.id]
                self.rects[inner.id] = Rect(outer.x + x, outer.y + y, *self._sizes[inner.id])

    def _arranged(self, box: Box) -> tuple[float, float]:
        """Place what is in the box; its size."""
        after = self._after.get(box.id, {})
        layers = [self._wrapped(layer) for layer in _sorted(_layers(box.children, after), after)]
        head = 0.0 if box.kind == JOB else HEAD
        least = 0.0 if box.kind == JOB else _head_width(box)
        width = max(least, *(self._row_width(row) for rows in layers for row in rows))
        y = PADDING + head
        for at, rows in enumerate(layers):
            y += BETWEEN if at else 0.0
            for number, row in enumerate(rows):
                y += WRAPPED if number else 0.0
                self._place(row, PADDING + (width - self._row_width(row)) / 2, y)
                y += max(self._sizes[each.id][1] for each in row)
        return width + 2 * PADDING, y + PADDING

    def _place(self, row: Row, x: float, y: float) -> None:
        for box in row:
            self._offsets[box.id] = (x, y)
            x += self._sizes[box.id][0] + ACROSS

    def _row_width(self, row: Row) -> float:
        return sum(self._sizes[box.id][0] for box in row) + ACROSS * (len(row) - 1)

    def _wrapped(self, layer: Row) -> list[Row]:
        """The layer as rows that are not too wide and about equally so."""
        total = self._row_width(layer)
        count = int(-(-total // WIDEST))
        rows: list[Row] = [[]]
        for box in layer:
            wide = self._row_width([*rows[-1], box])
            if rows[-1] and (wide > WIDEST or wide - self._sizes[box.id][0] / 2 > total / count):
                rows.append([])
            rows[-1].append(box)
        return rows


def _size(box: Box) -> tuple[float, float]:
    text = max(text_width(title(box), TITLE_SIZE), text_width(below(box), TEXT_SIZE))
    return min(MOST, max(LEAST, text + 26.0)), HIGH + (6.0 if is_stack(box) else 0.0) + (6.0 if has_bar(box) else 0.0)


def _head_width(box: Box) -> float:
    return min(WIDEST, text_width(title(box), TITLE_SIZE) + text_width(inside(box), TEXT_SIZE) + 44.0)


def _layers(boxes: Sequence[Box], after: Links) -> list[Row]:
    """By the longest way from what follows nothing; hooks come last, one below the other."""
    place = {box.id: at for at, box in enumerate(boxes)}
    follow = [[place[other.id] for other in after.get(box.id, ())] for box in boxes]
    depth = [0] * len(boxes)
    seen: set[int] = set()
    for at in in_turn(follow):
        seen.add(at)
        for other in follow[at]:
            if other not in seen:
                depth[other] = max(depth[other], depth[at] + 1)
    body = [depth[at] for at, box in enumerate(boxes) if not box.hook]
    lowest = max(body, default=-1)
    for number, at in enumerate(at for at, box in enumerate(boxes) if box.hook):
        depth[at] = lowest + 1 + number
    layers: list[Row] = [[] for _ in range(max(depth) + 1)]
    for at, box in enumerate(boxes):
        layers[depth[at]].append(box)
    return [layer for layer in layers if layer]


def _sorted(layers: list[Row], after: Links) -> list[Row]:
    """Each layer by the middle of what stands above, then by that of what stands below, so that fewer edges cross."""
    before: Links = {}
    for layer in layers:
        for box in layer:
            for other in after.get(box.id, ()):
                before.setdefault(other.id, []).append(box)
    for links, order in ((before, layers[1:]), (after, layers[-2::-1]), (before, layers[1:])):
        place = _places(layers)
        for layer in order:
            layer.sort(key=lambda box: _middle(box, links, place))
            place.update(_places([layer]))
    return layers


def _places(layers: Iterable[Row]) -> dict[str, float]:
    return {box.id: (at + 0.5) / len(layer) for layer in layers for at, box in enumerate(layer)}


def _middle(box: Box, links: Links, place: dict[str, float]) -> float:
    others = links.get(box.id)
    return sum(place[other.id] for other in others) / len(others) if others else place[box.id]
