"""`jm retry`: what failed, or more of a job, is to run again. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output
from job_manager.cli.usage import Parser, UsageError
from job_manager.model.hints import Any

SUMMARY = "Run again what failed, was cancelled or is lost, and what was skipped because of it."
MORE = "This asks whoever runs the job, and does not wait; `jm resume ID` does the same here, and waits."
EXAMPLES = (
    ("jm retry last", "everything that did not succeed"),
    ("jm retry 3fa8 --from encode", "this action and all that follows from it, also what succeeded"),
    ("jm retry last --only encode", "this action alone"),
)


def parser() -> Parser:
    """The options of this verb."""
    from job_manager.cli.asking import add_target

    made = Parser("retry", SUMMARY, EXAMPLES, usage="ID [--failed | --from ACTION | --only ACTION]", more=MORE)
    add_target(made, "never")
    made.add_argument("--failed", action="store_true", help="what did not succeed (default)")
    made.add_argument("--from", metavar="ACTION", dest="beginning", default="", help="an action and what follows it")
    made.add_argument("--only", metavar="ACTION", default="", help="an action, and nothing that follows it")
    return made


def main(options: Namespace, out: Output) -> int:
    """Ask, and say so."""
    from job_manager.app.looking import action_index
    from job_manager.app.requests import retry
    from job_manager.cli.asking import asked, tell

    if sum(map(bool, (options.failed, options.beginning, options.only))) > 1:
        raise UsageError("--failed, --from and --only exclude each other", usage=parser().usage_line())
    mode = "from" if options.beginning else "only" if options.only else "failed"
    name = options.beginning or options.only

    def build(found: Any, _: int | None) -> Any:
        return retry(found.job, found.layout, mode, action_index(found.job, name) if name else None)

    what = {"failed": "what did not succeed", "from": f"{name} and what follows it", "only": f"{name} alone"}[mode]
    return tell(asked(options, build, action="never"), f"{what} is run again", options, out)
