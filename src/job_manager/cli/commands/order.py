"""`jm order`: an order of JobManager run on this machine, as its own `Job.py` did. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.commands import run
from job_manager.cli.output import Output
from job_manager.cli.usage import Parser, add_run_options

SUMMARY = "Run an order of JobManager here, whatever its ClassType says: what Job.py did."
MORE = """\
It is checked as a whole first. Progress goes to .jobstatus, what is printed to job.log, both beside the file.
`jm run` does the same for an order whose ClassType is Local."""
EXAMPLES = (
    ("jm order CONFIG.yaml", "all its calls, one after another"),
    ("jm order CONFIG.yaml -log run.log", "what is printed goes to run.log beside CONFIG.yaml"),
    ("python -m job_manager.order CONFIG.yaml -log run.log", "the same"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("order", SUMMARY, EXAMPLES, usage="CONFIG.yaml [options]", more=MORE)
    made.add_argument("job", metavar="CONFIG.yaml", help="the file; - reads standard input")
    made.add_argument("-log", "--log", metavar="FILE", default="", help="the log of all calls (default: job.log)")
    add_run_options(made)
    made.set_defaults(files=[], here=True, format="order")
    return made


def main(options: Namespace, out: Output) -> int:
    """As `jm run`, on this machine."""
    options.format = options.format or "order"
    return run.main(options, out)
