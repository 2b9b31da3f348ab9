"""`jm ls`: the jobs of a state directory. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output, Styled, of_state
from job_manager.cli.usage import Parser, one_of, refuse
from job_manager.model.hints import Any

STATES = (
    "submitted",
    "waiting",
    "running",
    "paused",
    "interrupted",
    "succeeded",
    "failed",
    "cancelled",
    "unreadable",
)
NAME = 100  # columns of a job's name
SUMMARY = "List the jobs of the state directory, newest first."
EXAMPLES = (
    ("jm ls", "the jobs of ./.jm"),
    ("jm ls -q", "the ids alone, newest first"),
    ("jm ls --state failed", "those alone; may be repeated"),
    ("jm ls --json", 'as data: {"jobs": [{"id", "name", "state", ...}]}'),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("ls", SUMMARY, EXAMPLES, usage="[options]")
    made.add_argument(
        "--state", metavar="STATE", type=one_of(*STATES), action="append", default=[], help=", ".join(STATES)
    )
    return made


def main(options: Namespace, out: Output) -> int:
    """Print the table."""
    refuse(options)
    from job_manager.app.looking import verified_list
    from job_manager.cli.place import home_of

    home = home_of(options)
    listed, damages = verified_list(home)
    damages += [f"{job['id']} is unreadable: {job['problem']}" for job in listed if job["problem"]]
    jobs = [job for job in listed if not options.state or job["state"] in options.state]
    out.document({"jobs": jobs})
    for job in jobs:
        out.value(job["id"])
    if out.talks:
        _show(jobs, out)
        if not jobs and options.state:
            out.line(f"there is no such job in {home.path}")
        elif not jobs:
            out.line(f"there are no jobs in {home.path}; `jm run JOB.yaml` makes one, `jm init DIR` a project to try")
    return _say(damages, options, out) if damages else 0


def _say(damages: list[str], options: Namespace, out: Output) -> int:
    from job_manager.cli.place import command
    from job_manager.cli.reporting import ENGINE

    for damage in damages:
        out.error(Styled("error: ", "bad"), damage)
    out.error(Styled("   hint: ", "quiet"), f"`{command(options.home, 'repair', '--dry-run')}` shows what can be kept")
    return ENGINE


def _show(jobs: list[dict[str, Any]], out: Output) -> None:
    from job_manager.cli.escaping import escape, pad, shorten, width
    from job_manager.model.quantity import human

    rows = [
        (j["id"], j["state"], _when(j["submitted"]), _took(j, human), shorten(escape(j["name"]), NAME)) for j in jobs
    ]
    if not rows:
        return
    heads = ("ID", "STATE", "SUBMITTED", "TOOK", "JOB")
    widths = [max(width(row[column]) for row in [heads, *rows]) for column in range(4)]
    out.line(Styled("  ".join(pad(head, n) for head, n in zip(heads, [*widths, 0], strict=True)).rstrip(), "quiet"))
    for id, state, when, took, name in rows:
        shown = of_state(state, pad(state, widths[1]))
        out.line(pad(id, widths[0]), "  ", shown, "  ", pad(when, widths[2]), "  ", pad(took, widths[3]), "  ", name)


def _took(job: dict[str, Any], human: Any) -> str:
    return human(max(0.0, job["finished"] - job["submitted"])) if job["finished"] else "-"


def _when(at: float) -> str:
    import time

    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
