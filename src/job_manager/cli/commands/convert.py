"""`jm convert`: a job file in another job language, all of it or nothing. Knows no language."""

from __future__ import annotations

import os
from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser

SUMMARY = "Write a job file in another job language, when that can say everything in it. Nothing of the job is run."
MORE = "It is read back and compared before OUT is made. What cannot be said is named, each at its place."
EXAMPLES = (
    ("jm convert job.json job.yaml", "from JSON to YAML; the endings say so"),
    ("jm convert job.yaml - --to json", "print it as JSON"),
    ("jm convert old.yaml job.yaml --force", "replace what is there"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("convert", SUMMARY, EXAMPLES, usage="IN OUT [options]", more=MORE)
    made.add_argument("source", metavar="IN", help="the job file; - reads standard input")
    made.add_argument("target", metavar="OUT", help="the file to write; - writes to standard output")
    made.add_argument("--to", metavar="NAME", help="the language of OUT (default: by its ending)")
    made.add_argument("--format", metavar="NAME", help="the language of IN (default: by its text and ending)")
    made.add_argument("--force", action="store_true", help="replace OUT when it is there")
    return made


def main(options: Namespace, out: Output) -> int:
    """Convert, and say what became of it."""
    from job_manager.app.converting import convert, save
    from job_manager.app.watching import counted
    from job_manager.cli.reporting import problem_document, show_notes

    source, target = (path if path == "-" else os.path.expanduser(path) for path in (options.source, options.target))
    made = convert(source, target, options.to, options.format)
    show_notes(made.problems, out)
    if target != "-":
        save(made, target, force=options.force)
        out.line(Styled("written: ", "good"), f"{target} ({made.language}, {counted(made.actions, 'action')})")
        out.value(target)
    elif not out.json:
        out.raw(made.text)
    out.document(
        {
            "file": None if target == "-" else os.path.abspath(target),
            "language": made.language,
            "name": made.job.name,
            "text": made.text.decode() if target == "-" else None,
            "problems": [problem_document(problem) for problem in made.problems],
        }
    )
    return 0
