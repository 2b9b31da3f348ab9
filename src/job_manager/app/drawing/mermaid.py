"""A graph as a Mermaid flowchart, which GitHub, GitLab and many editors draw. Knows nothing of jobs but their boxes.

In a text everything but letters, digits and harmless marks stands as a numbered entity, so that it ends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.app.drawing.boxes import ARTIFACT, ENDS, HOOK, JOB, PARALLEL, STANDS, Box, Edge, Graph, walked
from job_manager.app.drawing.captions import along, below, headline, inside, is_stack, title
from job_manager.app.drawing.svg_style import TONES
from job_manager.app.drawing.words import plain

HARMLESS = frozenset(" ,.:+-_/×→·…✔✘?▶▷↻■⊘")


def written(graph: Graph) -> str:
    """The whole text, without a fence around it."""
    return "\n".join(_lines(graph)) + "\n"


def escaped(text: str) -> str:
    """The text as it may stand between quotes."""
    return "".join(c if c.isalnum() or c in HARMLESS else f"#{ord(c)};" for c in plain(text))


def _lines(graph: Graph) -> Iterator[str]:
    yield "flowchart TB"
    yield f"  %% {escaped(headline(graph))}"
    yield from _boxes(graph.job)
    yield from (_edge(edge) for edge in graph.edges if edge.drawn)
    yield from _styles(graph.job)


def _boxes(job: Box) -> Iterator[str]:
    """Each box inside the one that it stands in."""
    for what, box, indent in walked(job):
        if what == STANDS:
            yield f"{indent}{_node(box)}"
        elif what == ENDS:
            yield f"{indent}end"
        else:
            yield f"{indent}subgraph {box.id}[{_words(title(box), inside(box))}]"


def _words(*lines: str) -> str:
    return '"' + "<br/>".join(escaped(line) for line in lines if line) + '"'


def _node(box: Box) -> str:
    words = _words(title(box), below(box))
    if box.hook:
        return f"{box.id}([{words}])"
    return f"{box.id}[[{words}]]" if is_stack(box) else f"{box.id}[{words}]"


def _edge(edge: Edge) -> str:
    arrow = "-.->" if edge.kind in (HOOK, ARTIFACT) else "-->"
    words = f"|{_words(along(edge))}|" if edge.artifacts else ""
    return f"  {edge.source.id} {arrow}{words} {edge.target.id}"


def _styles(job: Box) -> Iterator[str]:
    """The colours, and whom they are for. A text colour belongs to them: the fill is light on a dark page, too."""
    by_state: dict[str, list[str]] = {}
    boxes = [box for box in job.all() if box.kind != JOB]
    for box in boxes:
        if box.state in TONES and not box.open:
            by_state.setdefault(box.state, []).append(box.id)
    for state, (fill, line, *_) in TONES.items():
        if state in by_state:
            yield f"  classDef {state} fill:{fill},stroke:{line},color:#1f2430"
            yield f"  class {','.join(by_state[state])} {state}"
    hooks = [box.id for box in boxes if box.hook]
    if hooks:
        yield "  classDef hook stroke-dasharray:5 4"
        yield f"  class {','.join(hooks)} hook"
    at_once = [box.id for box in boxes if box.open and box.order == PARALLEL]
    if at_once:
        yield "  classDef parallel stroke-dasharray:2 3"
        yield f"  class {','.join(at_once)} parallel"
