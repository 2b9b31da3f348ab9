"""`jm prio`: a job gets another priority. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.asking import number
from job_manager.cli.output import Output
from job_manager.cli.usage import Parser
from job_manager.model.hints import Any

SUMMARY = "Give a job another priority: the higher the sooner its actions start. 0 is usual, below 0 comes last."
EXAMPLES = (("jm prio last 10", "before the others"), ("jm prio 3fa8 -- -5", "behind them"))


def parser() -> Parser:
    """The options of this verb."""
    from job_manager.cli.asking import add_target

    made = Parser("prio", SUMMARY, EXAMPLES, usage="ID N")
    add_target(made, "never")
    made.add_argument("priority", metavar="N", type=number, help="a number; what runs already is not touched")
    return made


def main(options: Namespace, out: Output) -> int:
    """Ask, and say so."""
    from job_manager.app.requests import prioritise
    from job_manager.cli.asking import asked, tell

    def build(found: Any, _: int | None) -> Any:
        return prioritise(found.job, options.priority)

    return tell(asked(options, build, action="never"), f"its priority is {options.priority:g}", options, out)
