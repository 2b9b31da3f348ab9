"""A graph as a Mermaid flowchart, which GitHub, GitLab and many editors draw. Knows nothing of jobs but their boxes.

In a text everything but letters, digits and harmless marks stands as a numbered entity, so that it ends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.app.drawing.boxes import ARTIFACT, HOOK, JOB, PARALLEL, Box, Edge, Graph
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
    stack: list[tuple[Box, str, Iterator[Box]]] = [(job, "  ", iter(job.children))]
    if not job.open:
        yield f"  {_node(job)}"
    while stack:
        box, indent, children = stack[-1]
        inner = next(children, None)
        if inner is None:
            stack.pop()
            if box.kind != JOB:
                yield f"{indent[2:]}end"
        elif not inner.open:
            yield f"{indent}{_node(inner)}"
        else:
            yield f"{indent}subgraph {inner.id}[{_words(title(inner), inside(inner))}]"
            stack.append((inner, f"{indent}  ", iter(inner.children)))


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
