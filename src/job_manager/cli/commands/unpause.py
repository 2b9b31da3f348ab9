"""`jm unpause`: a paused job goes on. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output
from job_manager.cli.usage import Parser
from job_manager.model.hints import Any

SUMMARY = "Let a paused job go on. What has failed stays failed; for that there is `jm retry`."
EXAMPLES = (("jm unpause last", "the newest job"), ("jm unpause 3fa8", "the job whose id begins like that"))


def parser() -> Parser:
    """The options of this verb."""
    from job_manager.cli.asking import add_target

    made = Parser("unpause", SUMMARY, EXAMPLES, usage="ID")
    add_target(made, "never")
    return made


def main(options: Namespace, out: Output) -> int:
    """Ask, and say so."""
    from job_manager.app.requests import unpause
    from job_manager.cli.asking import asked, tell

    def build(found: Any, _: int | None) -> Any:
        return unpause(found.job)

    return tell(asked(options, build, action="never"), "it goes on", options, out)
