"""`jm rm`: remove jobs with everything they left. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output
from job_manager.cli.usage import Parser

SUMMARY = (
    "Remove jobs: their history, logs and artifacts. What `--out` copied elsewhere stays, and so does every other job."
)
EXAMPLES = (
    ("jm rm 3fa8", "the job whose id begins like that"),
    ("jm rm last", "the newest"),
    ("jm ls -q | xargs jm rm", "all of this directory"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("rm", SUMMARY, EXAMPLES, usage="ID...")
    made.add_argument("ids", metavar="ID", nargs="+", help="a job's id, the unique beginning of one, or `last`")
    return made


def main(options: Namespace, out: Output) -> int:
    """Remove them one by one; all words are understood before the first is removed."""
    from job_manager.app.looking import resolve
    from job_manager.app.removing import remove
    from job_manager.cli.place import home_of

    home = home_of(options)
    removed = []
    for id in dict.fromkeys(resolve(home, word) for word in options.ids):
        removed.append(remove(home, id))
        out.line("removed job ", id)
        out.value(id)
    out.document({"removed": removed})
    return 0
