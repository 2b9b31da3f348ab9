"""`jm new module NAME`: a module that works, with its test. Knows nothing of what stands in it."""

from __future__ import annotations

import os
from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser, one_of

LANGUAGES = ("python", "bash")
SUMMARY = "Write a new module that works, with a sample for `jm modules test`, to change into your own."
MORE = (
    "It goes to NAME in the first of the configured folders with modules, else to modules/NAME. Nothing is overwritten."
)
EXAMPLES = (
    ("jm new module count_words", "modules/count_words/, in Python"),
    ("jm new module checksum --lang bash --in ~/shelf", "on another shelf, as a script"),
    ("jm modules test modules/count_words", "run it on its sample"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("new", SUMMARY, EXAMPLES, usage="module NAME [options]", more=MORE)
    made.add_argument("what", metavar="module", type=one_of("module"), help="what is to be made")
    made.add_argument("name", metavar="NAME", help="what jobs will call it, and its folder")
    made.add_argument("--in", metavar="DIR", dest="shelf", help="the folder in which to make it (default: modules/)")
    made.add_argument(
        "--lang", metavar="WORD", type=one_of(*LANGUAGES), default="python", help="python (the default) or bash"
    )
    return made


def main(options: Namespace, out: Output) -> int:
    """Write it and say how to go on."""
    from job_manager.app.new_module import new_module
    from job_manager.cli.place import command

    shelf = options.shelf or next(iter(options.config.modules), "modules")
    made = new_module(options.name, shelf, options.lang)
    for name in made.files:
        out.line("   ", name)
    out.line(Styled("made: ", "good"), made.folder)
    here = os.path.join(os.getcwd(), "")
    typed = made.folder.removeprefix(here)
    out.line("test it: ", command(None, "modules", "test", typed))
    out.value(made.folder)
    out.document({"name": options.name, "folder": made.folder, "files": list(made.files)})
    return 0
