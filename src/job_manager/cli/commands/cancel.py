"""`jm cancel`: a job, or one action of it, is to end. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output
from job_manager.cli.usage import Parser
from job_manager.model.hints import Any

SUMMARY = "Cancel a job or one of its actions: nothing of it starts any more, and what runs is ended."
MORE = """\
What runs is asked to end, and is ended after the grace. What had succeeded stays; `jm retry ID` takes a cancelled
job up again. What needs a cancelled action is skipped."""
EXAMPLES = (
    ("jm cancel 3fa8", "the job whose id begins like that; what runs has 10 s to end"),
    ("jm cancel last --now", "at once"),
    ("jm cancel last/encode --grace 1m", "one action, with a minute to end"),
)
GRACE = 10.0


def parser() -> Parser:
    """The options of this verb."""
    from job_manager.cli.asking import add_target, span

    made = Parser("cancel", SUMMARY, EXAMPLES, usage="ID[/ACTION] [--grace TIME | --now]", more=MORE)
    add_target(made)
    made.add_argument("--grace", metavar="TIME", type=span, default=GRACE, help="how long what runs has (default: 10s)")
    made.add_argument("--now", action="store_true", help="no grace at all")
    return made


def main(options: Namespace, out: Output) -> int:
    """Ask, and say so."""
    from job_manager.app.requests import cancel
    from job_manager.cli.asking import asked, tell

    grace = 0.0 if options.now else options.grace

    def build(found: Any, action: int | None) -> Any:
        return cancel(found.job, action, grace)

    what = "cancelled" if "/" not in options.target else f"{options.target.partition('/')[2]} is cancelled"
    return tell(asked(options, build), what, options, out)
