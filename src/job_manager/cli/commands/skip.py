"""`jm skip`: a job is to go on without one of its actions. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output
from job_manager.cli.usage import Parser
from job_manager.model.hints import Any

SUMMARY = "Go on without an action: what follows it runs as if it had been left out on purpose."
MORE = "What reads a file that it was to make is left out, too. An action that runs has to be cancelled first."
EXAMPLES = (
    ("jm skip last/notify", "the action failed, or has not begun: the job goes on without it"),
    ("jm skip 3fa8/upload/part2", "one of unknown outcome that must not run twice"),
)


def parser() -> Parser:
    """The options of this verb."""
    from job_manager.cli.asking import add_target

    made = Parser("skip", SUMMARY, EXAMPLES, usage="ID/ACTION", more=MORE)
    add_target(made, "must")
    return made


def main(options: Namespace, out: Output) -> int:
    """Ask, and say so."""
    from job_manager.app.requests import skip
    from job_manager.cli.asking import asked, tell

    def build(found: Any, action: int | None) -> Any:
        return skip(found.job, action)

    name = options.target.partition("/")[2]
    return tell(asked(options, build, action="must"), f"it goes on without {name}", options, out)
