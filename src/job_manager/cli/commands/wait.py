"""`jm wait`: until a job is finished. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output
from job_manager.cli.usage import Parser, refuse

SUMMARY = "Wait until a job is finished; the exit code says how: 0 succeeded, 1 failed, 3 cancelled, 4 time is over."
EXAMPLES = (
    ("jm wait 3fa8", "however long it takes"),
    ("jm wait last --timeout 10m && echo done", "ten minutes at most"),
    ("jm wait last --json", "the job as data when it is over"),
)


def parser() -> Parser:
    """The options of this verb."""
    from job_manager.cli.asking import span

    made = Parser("wait", SUMMARY, EXAMPLES, usage="[ID] [--timeout TIME]")
    made.add_argument("id", metavar="ID", nargs="?", default="last", help="a job's id, its beginning, or `last`")
    made.add_argument("--timeout", metavar="TIME", type=span, help="wait no longer than that, e.g. 90s or 10m")
    return made


def main(options: Namespace, out: Output) -> int:
    """Wait, and say how it ended."""
    refuse(options)
    from job_manager.app.looking import resolve
    from job_manager.cli.attending import attend_silently
    from job_manager.cli.place import home_of

    home = home_of(options)
    return attend_silently(home, resolve(home, options.id), options.timeout, options, out)
