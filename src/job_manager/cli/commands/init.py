"""`jm init`: a small project that works. Knows nothing of what stands in it."""

from __future__ import annotations

import os
from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser

SUMMARY = (
    "Make a small project in a new folder: a job, one module, a sample. It works at once, with nothing but Python."
)
EXAMPLES = (
    ("jm init my_project && cd my_project", "make it"),
    ("jm run job.yaml sample.txt --out results", "and run it there"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("init", SUMMARY, EXAMPLES, usage="DIR", more="Nothing that is there already is touched.")
    made.add_argument("folder", metavar="DIR", help="the folder to make")
    return made


def main(options: Namespace, out: Output) -> int:
    """Write the project and say how to go on."""
    from job_manager.app.projects import start
    from job_manager.cli.place import command

    names = start(options.folder)
    folder = os.path.abspath(os.path.expanduser(options.folder))
    for name in names:
        out.line("   ", name)
    out.line(Styled("made: ", "good"), folder)
    out.line("run it: ", f"cd {command_word(options.folder)} && {command(None, 'run', 'job.yaml', 'sample.txt')}")
    out.value(folder)
    out.document({"folder": folder, "files": names})
    return 0


def command_word(text: str) -> str:
    """The text as one word of a shell command."""
    import shlex

    return shlex.quote(text)
