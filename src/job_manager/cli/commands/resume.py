"""`jm resume`: a job taken up again. Knows no rule itself."""

from __future__ import annotations

import os
from argparse import Namespace

from job_manager.cli.output import Output
from job_manager.cli.usage import JOB_ENDINGS, Parser, UsageError, add_run_options, refuse

SUMMARY = "Go on with a job after a failure, Ctrl-C or a crash. What succeeded is not run again."
MORE = """\
Modules are used as they are now. With an edited JOB.yaml, actions whose text and inputs are unchanged keep their
results. What was said to `jm run` (--out, --modules, ...) stays unless it is said anew."""
EXAMPLES = (
    ("jm resume", "the newest job of this directory"),
    ("jm resume 3fa8", "the job whose id begins like that"),
    ("jm resume last job.yaml", "after editing the job file"),
    ("jm resume last --python .venv/bin/python", "with another interpreter for its modules"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("resume", SUMMARY, EXAMPLES, usage="[ID [JOB.yaml [FILE...]]] [options]", more=MORE)
    made.add_argument(
        "id", metavar="ID", nargs="?", default="last", help="a job's id, its beginning, or `last` (default)"
    )
    made.add_argument("job", metavar="JOB.yaml", nargs="?", default="", help="the job file, if it was edited")
    made.add_argument(
        "files", metavar="FILE", nargs="*", default=[], help="the job's input files, if they are others now"
    )
    made.add_argument(
        "--retry-lost",
        action="store_true",
        help="run again what is declared idempotent: false and may have run already",
    )
    add_run_options(made)
    return made


def main(options: Namespace, out: Output) -> int:
    """Take it up, run it, and say how it ended."""
    _refuse_wrong(options)
    from job_manager.app.ahead import expect_a_run

    expect_a_run()  # before the many imports that follow
    from job_manager.app.resuming import resume
    from job_manager.app.watching import Watch
    from job_manager.cli.ending import conclude, heed_no_more, heed_signals, interrupted, screen
    from job_manager.cli.place import home_of
    from job_manager.cli.reporting import show_notes
    from job_manager.cli.wishes import says_something, wish

    out.starts = True
    asked = wish(options, options.job, options.files) if options.job or says_something(options) else None
    home = home_of(options)
    shown = screen(out)
    watch = Watch(shown, home.jobs)
    heed_signals()
    try:
        try:
            outcome, notes = resume(
                home, options.id, asked, watch, os.environ, os.getcwd(), options.config, options.retry_lost,
                tell=lambda problems: show_notes(problems, out),
            )  # fmt: skip
        finally:
            shown.close()
        if not watch.opened:
            out.value(outcome.job.id)
            out.line("nothing was left to do")
        code = conclude(home, outcome, notes, options, out)
        heed_no_more()
        return code
    except KeyboardInterrupt:
        raise interrupted(home, options.id, options) from None


def _refuse_wrong(options: Namespace) -> None:
    refuse(options)
    if options.id.lower().endswith(JOB_ENDINGS):  # no id has a dot
        from job_manager.model.wording import quoted

        hint = f"which job it is comes first: jm resume last {options.id}"
        raise UsageError(
            f"{quoted(options.id)} is no job id", hint, "usage: jm resume [ID [JOB.yaml [FILE...]]] [options]"
        )
