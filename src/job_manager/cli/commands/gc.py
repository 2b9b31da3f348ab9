"""`jm gc`: remove what nobody needs any more. Knows no rule itself."""

from __future__ import annotations

import argparse
from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser

DAYS = 86400.0
SUMMARY = "Remove jobs that ended long ago, with all they left, and what crashes have left lying about."
MORE = """\
Never a job that is not over, nor one that such a job waits for. What `--out` copied elsewhere stays. Failed jobs stay,
too, since they can be taken up again. The journal gives the room back to the disk."""
EXAMPLES = (
    ("jm gc -n", "what would be removed, and how much that is"),
    ("jm gc", "jobs that ended more than 30 days ago"),
    ("jm gc --older 12h --failed", "also those that failed"),
    ("jm gc --keep-logs", "their logs stay in jobs/ID/logs"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("gc", SUMMARY, EXAMPLES, usage="[options]", more=MORE)
    add = made.add_argument
    add("-n", "--dry-run", action="store_true", help="only say what would be removed")
    add("--older", metavar="TIME", type=_age, default=30 * DAYS, help="how long ago it must have ended (default: 30d)")
    add("--failed", action="store_true", help="remove jobs that failed, too")
    add("--keep-logs", action="store_true", help="keep the logs of the jobs that are removed")
    return made


def _age(text: str) -> float:
    from job_manager.model.quantity import seconds

    try:
        return 0.0 if text in ("0", "0s") else seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main(options: Namespace, out: Output) -> int:
    """Remove it, or only say what it is."""
    from job_manager.app.collecting import JOB, collect, waste
    from job_manager.cli.place import home_of
    from job_manager.model.quantity import size_text

    wishes = (home_of(options), options.older, options.failed, options.keep_logs)
    found = waste(*wishes) if options.dry_run else collect(*wishes)
    for each in found:
        if each.kind == JOB:
            out.value(each.name)
        words = f"  {each.words}" if each.words else ""
        out.line(f"{each.kind}  ", Styled(each.name, "strong"), f"{words}  ({size_text(each.size)})")
    total = sum(each.size for each in found)
    done = "would be removed" if options.dry_run else "removed"
    out.line(f"{done}: {size_text(total)}" if found else "there is nothing to remove")
    out.document(
        {
            "removed": [each._asdict() for each in found] if not options.dry_run else [],
            "would_remove": [each._asdict() for each in found] if options.dry_run else [],
            "bytes": total,
        }
    )
    return 0
