"""`jm init`: a small project that works. Knows nothing of what stands in it."""

from __future__ import annotations

import os
from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser, UsageError, one_of

NAMES = ("words", "media", "render", "data")
SUMMARY = (
    "Make a small project in a new folder: a job, its modules, a sample. It works at once, with nothing but Python."
)
MORE = """\
words (the default) counts those of a text; media plays, mixes and draws a jingle; render turns a scene in six frames;
data cleans a week of orders and reports on it. Nothing that is there already is touched."""
EXAMPLES = (
    ("jm init my_project && cd my_project", "make it"),
    ("jm run job.yaml sample.txt --out results", "and run it there"),
    ("jm init --example render", "another one, in render/"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("init", SUMMARY, EXAMPLES, usage="DIR [options]", more=MORE)
    made.add_argument(
        "folder", metavar="DIR", nargs="?", help="the folder to make; with --example by default called like it"
    )
    made.add_argument("--example", metavar="NAME", type=one_of(*NAMES), help="words, media, render or data")
    return made


def main(options: Namespace, out: Output) -> int:
    """Write the project and say how to go on."""
    from job_manager.app.projects import EXAMPLES as PROJECTS
    from job_manager.app.projects import start
    from job_manager.cli.place import command

    name, example = options.folder or options.example, options.example or "words"
    if not name:
        raise UsageError("DIR is missing", usage="usage: jm init DIR [options]")
    names = start(name, example)
    folder = os.path.abspath(os.path.expanduser(name))
    for each in names:
        out.line("   ", each)
    out.line(Styled("made: ", "good"), folder)
    out.line("run it: ", f"cd {command_word(name)} && {command(None, 'run', 'job.yaml', PROJECTS[example].sample)}")
    out.value(folder)
    out.document({"folder": folder, "files": names})
    return 0


def command_word(text: str) -> str:
    """The text as one word of a shell command."""
    import shlex

    return shlex.quote(text)
