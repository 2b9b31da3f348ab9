"""`jm pause`: nothing more of a job starts. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output
from job_manager.cli.usage import Parser
from job_manager.model.hints import Any

SUMMARY = "Pause a job: what runs comes to its end, and nothing more of it starts until `jm unpause`."
EXAMPLES = (("jm pause last", "the newest job"), ("jm pause 3fa8", "the job whose id begins like that"))


def parser() -> Parser:
    """The options of this verb."""
    from job_manager.cli.asking import add_target

    made = Parser("pause", SUMMARY, EXAMPLES, usage="ID")
    add_target(made, "never")
    return made


def main(options: Namespace, out: Output) -> int:
    """Ask, and say so."""
    from job_manager.app.requests import pause
    from job_manager.cli.asking import asked, tell

    def build(found: Any, _: int | None) -> Any:
        return pause(found.job)

    return tell(asked(options, build, action="never"), "paused; what runs comes to its end", options, out)
