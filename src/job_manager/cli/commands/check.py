"""`jm check`: every mistake of a job, at once, before anything starts. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser, add_run_options

SUMMARY = "Find every mistake in a job: keys, modules, artifacts, types, files. Nothing is started or made."
MORE = "Files may be left out; those that are given are looked at, too. All mistakes are printed with their line."
EXAMPLES = (
    ("jm check job.yaml", "the job and the modules it calls"),
    ("jm check job.yaml clip.mp4 --modules ~/shelf", "with its file, and another shelf"),
    ("jm check job.yaml --json", "the mistakes as data, with line and column"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("check", SUMMARY, EXAMPLES, usage="JOB.yaml [FILE...] [options]", more=MORE)
    made.add_argument("job", metavar="JOB.yaml", help="the job file; - reads standard input")
    made.add_argument("files", metavar="FILE", nargs="*", default=[], help="the job's input files, in order")
    add_run_options(made)
    return made


def main(options: Namespace, out: Output) -> int:
    """Check, and say what was found."""
    from job_manager.app.planning import size, steps
    from job_manager.app.watching import counted
    from job_manager.cli.reporting import problem_document, show_notes
    from job_manager.cli.wishes import checked

    loaded = checked(options, files_needed=False)
    actions, groups = size(loaded), steps(loaded)
    show_notes(loaded.problems, out)
    out.line(
        Styled("ok: ", "good"), f"{counted(actions, 'action')} in {counted(groups, 'step')}, job ", loaded.job.name
    )
    problems = [problem_document(problem) for problem in loaded.problems]
    counts = {"steps": groups, "actions": actions}
    out.document({"ok": True, "name": loaded.job.name, "counts": counts, "problems": problems})
    return 0
