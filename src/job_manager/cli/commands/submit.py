"""`jm submit`: jobs given to the supervisor of the state directory. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser, UsageError, add_run_options
from job_manager.model.hints import Any

SUMMARY = "Give a job to the supervisor of this directory (`jm up`), now or later, and do not wait for it."
MORE = """\
It is checked as a whole first. The id that is printed survives a power cut. Without a running supervisor the job waits
for the next. Its actions inherit the supervisor's environment, not that of this command."""
EXAMPLES = (
    ("jm submit job.yaml clip.mp4 other.yaml", "two jobs; the first is given a file"),
    ("id=$(jm submit -q job.yaml clip.mp4 --request-id nightly-2026-11-26)", "however often: one job"),
    ("jm submit second.yaml --after last --priority 5", "begins when the newest job has succeeded"),
    ("jm submit job.yaml clip.mp4 --wait", "and wait; the exit code says how it went"),
)


def parser() -> Parser:
    """The options of this verb."""
    from job_manager.cli.asking import number

    made = Parser("submit", SUMMARY, EXAMPLES, usage="JOB.yaml [FILE...] [JOB.yaml [FILE...]]... [options]", more=MORE)
    made.add_argument("job", metavar="JOB.yaml", help="the job file; - reads standard input")
    made.add_argument("files", metavar="FILE", nargs="*", default=[], help="the job's input files, in order")
    add = made.add_argument
    add("--wait", action="store_true", help="wait until it is finished")
    add("--priority", metavar="N", type=number, help="the higher the sooner; 0 is usual")
    add("--request-id", metavar="X", default="", help="the same id gives the same job, however often it is submitted")
    add("--after", metavar="ID", action="append", default=[], help="begin when that job has succeeded; may be repeated")
    add("--paused", action="store_true", help="start nothing before `jm unpause`")
    add_run_options(made)
    return made


def main(options: Namespace, out: Output) -> int:
    """Check, submit, and say the id."""
    from job_manager.app.submitting import Submission, submit
    from job_manager.cli.place import home_of
    from job_manager.cli.reporting import show_notes
    from job_manager.cli.wishes import all_checked

    if options.wait and options.json:
        raise UsageError("--wait and --json do not go together", "submit first, then `jm wait ID --json`")
    out.starts = True
    every = all_checked(options)
    if len(every) > 1 and options.request_id:
        raise UsageError("--request-id is for one job", "submit each with an id of its own")
    for loaded in every:
        show_notes(loaded.problems, out)
    home = home_of(options)
    said = Submission(options.request_id, options.priority, tuple(options.after), options.paused)
    submitted = [(loaded, submit(home, loaded, said)) for loaded in every]
    out.document({"jobs": [_document(loaded, asked) for loaded, asked in submitted]})
    for loaded, asked in submitted:
        out.value(asked.id)
        _tell(asked, loaded, options, out)
    _tell_of_supervisor(submitted[-1][1], options, out)
    return max(_wait(home, asked.id, options, out) for _, asked in submitted) if options.wait else 0


def _document(loaded: Any, asked: Any) -> dict[str, Any]:
    return {"id": asked.id, "name": loaded.job.name, "heard": asked.heard, "supervised": asked.supervised}


def _tell(asked: Any, loaded: Any, options: Namespace, out: Output) -> None:
    from job_manager.cli.place import command

    out.line("submitted job ", Styled(loaded.job.name, "strong"), f"  {asked.id}")
    for label, verb in (("watch: ", "watch"), ("cancel:", "cancel")) if not options.wait else ():
        out.line(Styled(f"  {label} ", "quiet"), command(options.home, verb, asked.id))


def _tell_of_supervisor(asked: Any, options: Namespace, out: Output) -> None:
    from job_manager.cli.place import command

    if not asked.supervised:
        up = command(options.home, "up")
        out.note(Styled("note: ", "quiet"), f"no supervisor is running; `{up}` starts one, which takes up what waits")


def _wait(home: Any, id: str, options: Namespace, out: Output) -> int:
    from job_manager.cli.attending import attend_shown, attend_silently

    out.flush()
    # The id has been said.
    return attend_shown(home, id, options, out) if out.talks else attend_silently(home, id, None, options, out)
