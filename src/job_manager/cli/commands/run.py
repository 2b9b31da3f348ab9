"""`jm run`: a job run here and waited for. Knows no rule itself."""

from __future__ import annotations

import os
from argparse import Namespace

from job_manager.cli.output import Output
from job_manager.cli.usage import Parser, add_run_options

SUMMARY = "Run a job here and wait for it. It is checked as a whole first: a mistake anywhere, and nothing starts."
MORE = """\
On a terminal it shows what runs now; elsewhere it prints a line when something begins or ends. After Ctrl-C
what runs has 10 s to end, a second Ctrl-C ends it at once; `jm resume` goes on, as after a failure or a crash."""
EXAMPLES = (
    ("jm run job.yaml clip.mp4", "the modules are in modules/ beside the job"),
    ("jm run job.yaml clip.mp4 --modules ~/shelf --out results/", "another shelf; results are copied to results/"),
    ("jm run job.yaml --input video=clip.mp4 --input subs=clip.srt -j 4", "inputs by name, 4 actions at once"),
    ("id=$(jm run -q job.yaml clip.mp4)", "the id alone; the exit code says how it went"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("run", SUMMARY, EXAMPLES, usage="JOB.yaml [FILE...] [options]", more=MORE)
    made.add_argument("job", metavar="JOB.yaml", help="the job file; - reads standard input")
    made.add_argument("files", metavar="FILE", nargs="*", default=[], help="the job's input files, in order")
    add_run_options(made)
    return made


def main(options: Namespace, out: Output) -> int:
    """Check, run, and say how it ended."""
    from job_manager.app.ahead import expect_a_run

    expect_a_run()  # before the many imports that follow
    from job_manager.app.running import new_id, run
    from job_manager.app.watching import Watch
    from job_manager.cli.ending import conclude, heed_no_more, heed_signals, interrupted, screen
    from job_manager.cli.place import home_of
    from job_manager.cli.wishes import checked

    out.starts = True
    loaded = checked(options)
    if loaded.problems:
        from job_manager.cli.reporting import show_notes

        show_notes(loaded.problems, out)
    home, id = home_of(options), new_id()
    shown = screen(out)
    heed_signals()
    try:
        try:
            outcome = run(home, loaded, Watch(shown, home.jobs), os.environ, id, config=options.config)
        finally:
            shown.close()
        code = conclude(home, outcome, loaded.problems, options, out)
        heed_no_more()
        return code
    except KeyboardInterrupt:
        raise interrupted(home, id, options) from None
