"""`jm down`: the supervisor of a state directory is to end. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output
from job_manager.cli.usage import Parser, refuse

SUMMARY = "End the supervisor of this directory, and wait until it has ended. The next `jm up` goes on with its jobs."
MORE = "What runs is ended within 10 s, and is run again; that costs none of its retries."
EXAMPLES = (("jm down", "end what runs"), ("jm down --drain", "let what runs come to its end; nothing new starts"))


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("down", SUMMARY, EXAMPLES, usage="[--drain]", more=MORE)
    made.add_argument("--drain", action="store_true", help="let what runs come to its end")
    return made


def main(options: Namespace, out: Output) -> int:
    """Tell it, and wait."""
    refuse(options)
    from job_manager.app.supervising import end
    from job_manager.cli.place import home_of

    holder = end(home_of(options), "drain" if options.drain else "stop")
    out.document({"pid": holder["pid"]})
    out.line(f"the supervisor (process {holder['pid']}) has ended")
    return 0
