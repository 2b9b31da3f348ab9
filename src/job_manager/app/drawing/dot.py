"""A graph in the language of Graphviz: a cluster for each box that holds others. Knows nothing of jobs but their boxes.

Every text is a quoted string in which only backslashes, quotes and ampersands mean something.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.app.drawing.boxes import (
    ARTIFACT,
    ENDS,
    HOOK,
    NEEDS,
    ORDER,
    PARALLEL,
    STANDS,
    Box,
    Edge,
    Graph,
    walked,
)
from job_manager.app.drawing.captions import along, below, headline, inside, is_stack, title
from job_manager.app.drawing.svg_style import TONES
from job_manager.app.drawing.words import plain

ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "&": "&amp;"})
LOOKS = {ORDER: "penwidth=1.6", NEEDS: "", ARTIFACT: 'color="#8a94a6"', HOOK: "style=dashed"}


def written(graph: Graph) -> str:
    """The whole file."""
    return "\n".join(_lines(graph)) + "\n"


def quoted(*lines: str) -> str:
    """The lines as one quoted string."""
    return '"' + "\\n".join(plain(line).translate(ESCAPES) for line in lines if line) + '"'


def _lines(graph: Graph) -> Iterator[str]:
    yield "digraph job {"
    yield f"  label={quoted(headline(graph))}; labelloc=t; compound=true; newrank=true; rankdir=TB;"
    yield '  graph [fontname="sans-serif", fontsize=11, ranksep=0.4, nodesep=0.25];'
    yield '  node [shape=box, style="rounded,filled", fillcolor="#f4f6f9", color="#8a94a6",'
    yield '    fontname="sans-serif", fontsize=11];'
    yield '  edge [color="#5a6372", fontname="sans-serif", fontsize=9, arrowsize=0.7];'
    yield from _boxes(graph.job)
    yield from (_edge(edge) for edge in graph.edges if edge.drawn)
    yield "}"


def _boxes(job: Box) -> Iterator[str]:
    """Each box inside the one that it stands in."""
    for what, box, indent in walked(job):
        if what == STANDS:
            yield f"{indent}{_node(box)}"
        elif what == ENDS:
            yield f"{indent}}}"
        else:
            yield f"{indent}subgraph cluster_{box.id} {{"
            yield f"{indent}  {_cluster(box)}"


def _cluster(box: Box) -> str:
    style = "rounded,dotted" if box.order == PARALLEL else "rounded"
    line = f' color="{TONES[box.state][1]}";' if box.state in TONES else ' color="#a3adbd";'
    return f'label={quoted(title(box), inside(box))}; labeljust=l; style="{style}";{line}'


def _node(box: Box) -> str:
    looks = [f"label={quoted(title(box), below(box))}"]
    if is_stack(box):
        looks.append("peripheries=2")
    if box.hook:
        looks.append('style="rounded,filled,dashed"')
    if box.state in TONES:
        fill, line, *_ = TONES[box.state]
        looks.append(f'fillcolor="{fill}", color="{line}"')
    return f"{box.id} [{', '.join(looks)}];"


def _edge(edge: Edge) -> str:
    """Between leaves, as Graphviz wants it, and cut off at the borders of what they stand for."""
    tail, head = edge.source, edge.target
    looks = [LOOKS[edge.kind], f"label={quoted(along(edge))}" if edge.artifacts else ""]
    if tail.open:
        looks.append(f"ltail=cluster_{tail.id}")
    if head.open:
        looks.append(f"lhead=cluster_{head.id}")
    while tail.open:
        tail = tail.children[-1]
    while head.open:
        head = head.children[0]
    said = ", ".join(filter(None, looks))
    return f"  {tail.id} -> {head.id}" + (f" [{said}];" if said else ";")
