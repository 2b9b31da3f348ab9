"""A graph as SVG: one file that any browser shows, light or dark, with tooltips and words for those who do not see it.

Needs no other program. Knows nothing of jobs but their boxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from job_manager.app.drawing.boxes import ARTIFACT, HOOK, ORDER, PARALLEL, Box, Edge, Graph
from job_manager.app.drawing.captions import (
    below,
    has_bar,
    headline,
    inside,
    is_frame,
    is_stack,
    title,
    tooltip,
)
from job_manager.app.drawing.labels import Label, labels
from job_manager.app.drawing.layout import TEXT_SIZE, TITLE_SIZE, Layout, Rect
from job_manager.app.drawing.routes import Route, routes
from job_manager.app.drawing.svg_style import TONES, style
from job_manager.app.drawing.words import clipped, listed, plain, text_width

MARGIN, TOP = 14.0, 52.0
LEAST_WIDTH = 420.0
ARROW = 5.0
BAR = ("succeeded", "skipped", "cancelled", "failed", "lost", "retrying", "interrupted", "running")  # from the left
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def written(graph: Graph) -> str:
    """The whole file."""
    layout = Layout(graph.job, graph.edges)
    ways = routes(layout, graph.job, graph.edges)
    solid = [layout.rects[box.id] for box in graph.job.all() if not box.open]
    return "\n".join([*_document(graph, layout, ways, labels(ways, solid))]) + "\n"


def escaped(text: str) -> str:
    """The text as XML has it, between tags and in quotes."""
    return plain(text).translate(ESCAPES)


def _document(graph: Graph, layout: Layout, ways: list[Route], names: list[Label]) -> Iterator[str]:
    whole = layout.rects[graph.job.id]
    least = text_width(_under_head(graph), TEXT_SIZE) + 3 * MARGIN
    left = min([MARGIN, *(x - MARGIN for way in ways for x, _ in way.points)])
    right = max([whole.width, *(x + MARGIN for way in ways for x, _ in way.points)])
    width, height = max(LEAST_WIDTH, least, right - left + 2 * MARGIN), whole.height + TOP + MARGIN
    shift = max((width - whole.width) / 2, MARGIN - left)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-labelledby="title desc">'
    )
    yield f'<title id="title">{escaped(graph.job.label[:200])}</title>'
    yield f'<desc id="desc">{escaped(headline(graph))}</desc>'
    yield f"<style>\n{style()}</style>"
    yield '<rect class="paper" width="100%" height="100%"/>'
    yield from _head(graph)
    yield f'<g transform="translate({shift:.1f} {TOP:.0f})">'
    boxes = list(graph.job.all())
    for box in boxes:
        if is_frame(box):
            yield _frame(box, layout.rects[box.id])
    yield from (_edge(way) for way in ways)
    for box in boxes:
        if is_frame(box):
            yield from _frame_words(box, layout.rects[box.id])
        elif not box.open:
            yield from _box(box, layout.rects[box.id])
    for name in names:
        yield from _label(name)
    yield "</g>\n</svg>"


def _head(graph: Graph) -> Iterator[str]:
    yield _text(MARGIN + 8, 28, f"{clipped(graph.job.label, 60)} {clipped(graph.version, 20)}".rstrip(), "head")
    yield _text(MARGIN + 8, 48, _under_head(graph), _with_state("small sign", graph.job))


def _under_head(graph: Graph) -> str:
    said = [inside(graph.job) if graph.job.state else headline(graph).rpartition(", ")[2]]
    said += [graph.id, f"reads {listed(graph.inputs)}" if graph.inputs else ""]
    if not graph.job.state and graph.job.open:
        said.insert(1, inside(graph.job))
    return " · ".join(filter(None, said))


# --- boxes ----------------------------------------------------------------------------------------------------------


def _frame(box: Box, rect: Rect) -> str:
    look = " parallel" if box.order == PARALLEL else ""
    return f"<g><title>{_tip(box)}</title>{_rect(rect, 9, _with_state(f'frame{look}', box))}</g>"


def _frame_words(box: Box, rect: Rect) -> Iterator[str]:
    """Over the edges, which may pass below them."""
    words, said = title(box), inside(box)
    yield _text(rect.x + 13, rect.y + 20, words, "title over")
    if said:
        at = rect.x + 24 + text_width(words, TITLE_SIZE) * 1.03
        yield _text(at, rect.y + 20, said, _with_state("small over sign", box))


def _box(box: Box, rect: Rect) -> Iterator[str]:
    yield f"<g><title>{_tip(box)}</title>"
    look = _with_state("box" + (" hook" if box.hook else ""), box)
    if is_stack(box):
        rect = rect._replace(width=rect.width - 6, height=rect.height - 6)
        for step in (6.0, 3.0):
            yield _rect(rect._replace(x=rect.x + step, y=rect.y + step), 6, look)
    yield _rect(rect, 6, look)
    said = below(box)
    yield _text(rect.middle, rect.y + (18 if said else 26), title(box), "title", "middle")
    if said:
        yield _text(rect.middle, rect.y + 34, said, _with_state("small sign", box), "middle")
    if has_bar(box):
        yield from _bar(box, rect)
    yield "</g>"


def _bar(box: Box, rect: Rect) -> Iterator[str]:
    """How many of what it stands for are in each state, or how far it is, as a bar at its foot."""
    x, width = rect.x + 8, rect.width - 16
    yield _rect(Rect(x, rect.bottom - 7, width, 3), 1, "bar")
    whole = float(sum(box.counts.values()))
    parts = [(box.state, box.percent / 100)] if box.percent is not None else [
        (state, box.counts[state] / whole) for state in BAR if state in box.counts
    ]  # fmt: skip
    for state, share in parts:
        part = width * max(0.0, min(1.0, share))
        yield _rect(Rect(x, rect.bottom - 7, max(part, 1.0), 3), 1, f"part s-{state}")
        x += part


def _with_state(look: str, box: Box) -> str:
    return f"{look} s-{box.state}" if box.state in TONES else look


def _tip(box: Box) -> str:
    return "\n".join(map(escaped, tooltip(box)))


# --- edges ----------------------------------------------------------------------------------------------------------


def _edge(way: Route) -> str:
    edge, points = way
    look = {ORDER: " order", ARTIFACT: " artifact", HOOK: " hooked"}.get(edge.kind, "")
    x, y = points[-1]
    point = f"M {x - ARROW:.1f} {y - ARROW * 1.6:.1f} h {2 * ARROW:.1f} l {-ARROW:.1f} {ARROW * 1.6:.1f} Z"
    path = _curve([*points[:-1], (x, y - ARROW)])
    return (
        f'<g><title>{_edge_tip(edge)}</title><path class="edge{look}" d="{path}"/><path class="point" d="{point}"/></g>'
    )


def _curve(points: list[tuple[float, float]]) -> str:
    x, y = points[0]
    said = [f"M {x:.1f} {y:.1f}"]
    for to_x, to_y in points[1:]:
        if abs(to_x - x) < 0.1:
            said.append(f"V {to_y:.1f}")
        else:
            bend = max(10.0, (to_y - y) / 2)
            said.append(f"C {x:.1f} {y + bend:.1f} {to_x:.1f} {to_y - bend:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return " ".join(said)


def _edge_tip(edge: Edge) -> str:
    ends = f"{clipped(edge.source.label)} → {clipped(edge.target.label)}"
    lines = [ends, *edge.artifacts[:10]]
    if len(edge.artifacts) > 10:
        lines.append(f"and {len(edge.artifacts) - 10:,} more")
    return "\n".join(escaped(line[:200]) for line in lines)


def _label(name: Label) -> Iterable[str]:
    yield _text(name.rect.middle, name.rect.bottom - 3, name.text, "along over", "middle")


# --- shapes ---------------------------------------------------------------------------------------------------------


def _rect(rect: Rect, round: int, look: str) -> str:
    return (
        f'<rect class="{look}" x="{rect.x:.1f}" y="{rect.y:.1f}" width="{rect.width:.1f}" '
        f'height="{rect.height:.1f}" rx="{round}"/>'
    )


def _text(x: float, y: float, words: str, look: str, anchor: str = "") -> str:
    where = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{look}" x="{x:.1f}" y="{y:.1f}"{where}>{escaped(words)}</text>'
