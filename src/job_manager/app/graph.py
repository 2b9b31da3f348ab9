"""A job as a graph to be drawn: of a file that needs neither inputs nor modules, or of a job that ran, with its states.

Gives a Graph, and the text of it in a format; knows no terminal and writes no file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module

from job_manager.app.drawing.boxes import BOXES, Graph
from job_manager.app.drawing.edges import edges
from job_manager.app.drawing.folding import Folding
from job_manager.app.drawing.sketch import Sketch
from job_manager.app.home import Home
from job_manager.app.looking import Look, look
from job_manager.app.params import given_params
from job_manager.app.pythons import script_python
from job_manager.core.shape import Shape
from job_manager.formats import draft
from job_manager.model.errors import InputError, NotFound
from job_manager.model.hints import Any
from job_manager.model.job import Job
from job_manager.model.wording import quoted

Document = dict[str, Any]
SVG, DOT, MERMAID, JSON = "svg", "dot", "mermaid", "json"
__all__ = [
    "BOXES",
    "FORMATS",
    "SVG",
    "document",
    "drawn",
    "format_of",
    "graph_of",
    "graph_of_job",
    "graph_of_run",
    "read",
    "write",
]
FORMATS = (SVG, DOT, MERMAID, JSON)
ENDINGS = {".svg": SVG, ".dot": DOT, ".gv": DOT, ".mmd": MERMAID, ".mermaid": MERMAID, ".json": JSON}


def graph_of(home: Home, word: str, params: Sequence[str], cwd: str, boxes: int = BOXES) -> Graph:
    """The graph of the job file `word`, or of the job of that id. Raises InputError, NotFound, Refused, EngineError."""
    if is_file(word, cwd):
        return graph_of_job(read(word, params, cwd), boxes)
    if params:
        raise InputError(f"{quoted(word)} is no file, and a job that ran has its values: -p is for job files")
    try:
        return graph_of_run(look(home, word), boxes)
    except NotFound as error:
        if word == "last":
            raise
        raise NotFound(f"there is no file {quoted(word)}, and {error}", error.hint) from None


def is_file(word: str, cwd: str) -> bool:
    """Whether the word means a job file: it is there, or it does not look like the id of a job."""
    path = os.path.join(cwd, os.path.expanduser(word))
    try:
        there = os.path.exists(path) and not os.path.isdir(path)
    except ValueError:
        there = False
    return there or word in ("", "-") or any(c in word for c in "/.~\0")


def read(path: str, params: Sequence[str], cwd: str) -> Job:
    """The job in the file. Its inputs and modules need not be there. Raises InputError with every mistake of it."""
    given, problems = given_params(params, cwd)
    path = os.path.expanduser(path)
    if path != "-" and cwd != os.getcwd():
        path = os.path.join(cwd, path)
    reading = draft(path, None, loose=True, given=given, python=script_python(path))
    problems += [problem for problem in reading.problems if problem.severity == "error"]
    if problems:
        raise InputError(problems)
    return reading.job


def graph_of_job(job: Job, boxes: int = BOXES) -> Graph:
    """The graph of a job that has not run."""
    return _graph(Sketch(job, Shape(job)), boxes)


def graph_of_run(found: Look, boxes: int = BOXES) -> Graph:
    """The graph of a job with the states of its actions."""
    # Imported here: only what runs has logs to be read.
    from job_manager.app.progress import of_action

    def percent(index: int) -> float | None:
        return of_action(found.job, found.layout, index).percent()

    ran = found.job
    graph = _graph(Sketch(ran.job, ran.shape, ran, found.as_seen, percent), boxes)
    graph.id, graph.job.state = ran.id, found.state
    return graph


def _graph(sketch: Sketch, boxes: int) -> Graph:
    folding = Folding(sketch, boxes)
    inputs = tuple(given.artifact for given in sketch.job.inputs)
    return Graph(folding.job, edges(sketch, folding), sketch.job.version, inputs=inputs)


# --- formats ------------------------------------------------------------------------------------------------------


def drawn(graph: Graph, format: str) -> str:
    """The text of the graph in one of FORMATS, with a line end; the same for the same graph."""
    write: dict[str, Callable[[], Any]] = {
        SVG: lambda: import_module("job_manager.app.drawing.svg"),
        DOT: lambda: import_module("job_manager.app.drawing.dot"),
        MERMAID: lambda: import_module("job_manager.app.drawing.mermaid"),
    }
    if format == JSON:
        import json

        return json.dumps(document(graph), indent=2) + "\n"
    text: str = write[format]().written(graph)
    return text


def format_of(path: str | None) -> str:
    """The format that the ending of the file's name says; MERMAID for none. Raises InputError for another ending."""
    if path is None:
        return MERMAID
    ending = os.path.splitext(path)[1].lower()
    if ending not in ENDINGS:
        known = ", ".join(ENDINGS)
        raise InputError(f"-o {path}: the ending of the name does not say the format", f"{known}; or add --format NAME")
    return ENDINGS[ending]


def write(path: str, text: str) -> str:
    """Write the text to the file, in place of what is there; its path as given. Raises InputError."""
    path = os.path.expanduser(path)
    try:
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
    except (OSError, ValueError) as cause:
        said = cause.strerror if isinstance(cause, OSError) else str(cause)
        raise InputError(f"the graph cannot be written to {path}: {said}", "choose another file with -o") from cause
    return path


def document(graph: Graph) -> Document:
    """The graph with stable keys: boxes in the order of the job, each with the id of the one it stands in."""
    return {
        "id": graph.id or None,
        "name": graph.job.label,
        "version": graph.version,
        "state": graph.job.state or None,
        "inputs": list(graph.inputs),
        "boxes": list(_boxes(graph)),
        "edges": list(_edges(graph)),
    }


def _boxes(graph: Graph) -> Iterable[Document]:
    for box in graph.job.all():
        yield {
            "id": box.id,
            "parent": box.parent.id if box.parent else None,
            "kind": box.kind,
            "path": box.path,
            "label": box.label,
            "within": box.within or None,
            "role": box.role or None,
            "program": box.program or None,
            "order": box.order or None,
            "hook": box.hook or None,
            "when": box.when or None,
            "members": box.members,
            "actions": box.actions,
            "unknown": box.unknown,
            "open": box.open,
            "state": box.state or None,
            "counts": box.counts,
            "percent": box.percent,
            "failed": list(box.failed),
            "public": list(box.public),
        }


def _edges(graph: Graph) -> Iterable[Document]:
    for edge in graph.edges:
        yield {
            "source": edge.source.id,
            "target": edge.target.id,
            "kind": edge.kind,
            "artifacts": list(edge.artifacts),
            "implied": edge.implied,
        }
