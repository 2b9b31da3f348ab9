"""`jm watch`: look on while a job runs. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output
from job_manager.cli.usage import Parser, refuse

SUMMARY = "Look on while a job runs, as `jm run` shows it, until it is finished. Ctrl-C ends the looking, not the job."
EXAMPLES = (("jm watch", "the newest job of this directory"), ("jm watch 3fa8", "the job whose id begins like that"))


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("watch", SUMMARY, EXAMPLES, usage="[ID]")
    made.add_argument("id", metavar="ID", nargs="?", default="last", help="a job's id, its beginning, or `last`")
    return made


def main(options: Namespace, out: Output) -> int:
    """Show it."""
    refuse(options)
    from job_manager.app.looking import resolve
    from job_manager.cli.attending import attend_shown
    from job_manager.cli.place import home_of

    home = home_of(options)
    return attend_shown(home, resolve(home, options.id), options, out)
