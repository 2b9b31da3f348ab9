"""`jm graph`: a picture of a job file, or of a job that ran with its states. Knows no rule itself."""

from __future__ import annotations

import os
from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser, one_of, param_word, whole
from job_manager.model.hints import Any

SUMMARY = "Draw a job: its tree and what waits for what. A job that ran is drawn with its states."
MORE = (
    "JOB is a job file, which needs neither its inputs nor its modules, or the ID of a job.\n"
    "Siblings that are alike become one box, and what is too large stays closed: the picture stays readable."
)
EXAMPLES = (
    ("jm graph job.yaml -o job.svg", "a picture for any browser"),
    ("jm graph last -o state.svg", "how the newest job stands"),
    ("jm graph job.yaml", "a Mermaid flowchart, for Markdown"),
    ("jm graph job.yaml --format dot | dot -Tpdf > job.pdf", "drawn by Graphviz"),
)
FORMATS = ("svg", "dot", "mermaid", "json")  # those of app.graph
P_HELP = "the value of a param of the job file, or @FILE.yaml with several"


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("graph", SUMMARY, EXAMPLES, usage="[JOB.yaml|ID] [options]", more=MORE)
    add = made.add_argument
    add(
        "which",
        metavar="JOB",
        nargs="?",
        default="last",
        help="a job file (-: standard input), an id, or `last` (default)",
    )
    add(
        "--format",
        metavar="NAME",
        type=one_of(*FORMATS),
        help="svg, dot, mermaid or json (default: by FILE, else mermaid)",
    )
    add(
        "-o", "--output", metavar="FILE", help="write it there instead of to standard output; what is there is replaced"
    )
    add("--boxes", metavar="N", type=whole(10, 2000), help="draw about so many boxes at most (default: 150)")
    add("-p", "--param", metavar="NAME=VALUE", type=param_word, action="append", default=[], dest="params", help=P_HELP)
    return made


def main(options: Namespace, out: Output) -> int:
    """Draw it, and write it."""
    from job_manager.app.graph import BOXES, document, drawn, format_of, graph_of, write
    from job_manager.cli.place import home_of

    path = options.output if options.output != "-" else None
    format = options.format or format_of(path)
    graph = graph_of(home_of(options), options.which, options.params, os.getcwd(), options.boxes or BOXES)
    text = drawn(graph, format)
    if path is not None:
        path = write(path, text)
        out.line(Styled("written: ", "good"), path)
        out.value(path)
    elif not out.json:
        out.raw(text.encode())
    out.document(_document(document(graph), path))
    return 0


def _document(graph: dict[str, Any], path: str | None) -> dict[str, Any]:
    return {"file": path, **graph}
