"""`jm repair`: a damaged journal made whole, as far as it can be proven. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser
from job_manager.model.hints import Any

SUMMARY = "Repair a damaged journal: every job keeps its history up to the first event that is not as it was written."
MORE = """\
A copy of the damaged file stays beside it. When nothing is damaged, nothing is done. What had been said after the
break is listed; what ran there runs again, but for actions declared idempotent: false: their job is paused, since
they may have run, and waits for your word."""
EXAMPLES = (
    ("jm repair --dry-run", "what would be kept, and what is lost"),
    ("jm repair", "do it; refused while a jm runs jobs here"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("repair", SUMMARY, EXAMPLES, usage="[options]", more=MORE)
    made.add_argument("-n", "--dry-run", action="store_true", help="only say what would be kept and lost")
    return made


def main(options: Namespace, out: Output) -> int:
    """Say what is damaged, mend it, and say what became of each job."""
    from job_manager.app.repairing import plan, repair
    from job_manager.cli.place import home_of

    home = home_of(options)
    found = plan(home) if options.dry_run else repair(home)
    out.document(_document(found, options.dry_run))
    for job in found.jobs:
        out.value(job.id)
    if not found.damages:
        out.line("the journal is sound: there is nothing to repair")
        return 0
    for damage in found.damages:
        out.line(Styled("damaged: ", "bad"), str(damage))
    for job in found.jobs:
        _show_job(job, options, out)
    _show_end(found, options, out)
    return 0


def _show_job(job: Any, options: Namespace, out: Output) -> None:
    from job_manager.app.watching import counted
    from job_manager.cli.place import command

    lost = Styled(f", {counted(job.lost, 'event')} lost", "warn") if job.lost else ", nothing lost"
    out.line(Styled(job.id, "strong"), f"  {job.name}: {counted(job.kept, 'event')} kept", lost, f"; {job.state}")
    for fact in job.facts:
        out.line("    lost: ", fact)
    if job.unreadable:
        out.line("    what is kept cannot be used: ", job.unreadable)
    for path in job.paused:
        out.line(Styled("    may have run: ", "warn"), f"{path} (idempotent: false)")
    if job.paused:
        out.line("    it is paused; when you know what ran: ", command(options.home, "resume", job.id))


def _show_end(found: Any, options: Namespace, out: Output) -> None:
    from job_manager.cli.place import command

    if options.dry_run:
        out.line(Styled("to do it: ", "strong"), command(options.home, "repair"))
        return
    out.line("the journal is sound again")
    for path in found.copies:
        out.line("the damaged file is kept: ", path)


def _document(found: Any, dry_run: bool) -> dict[str, Any]:
    return {
        "damaged": bool(found.damages),
        "repaired": bool(found.damages) and not dry_run,
        "damages": [{"job": each.job or None, "event": each.event, "message": each.what} for each in found.damages],
        "jobs": [
            {
                "id": job.id,
                "name": job.name,
                "state": job.state,
                "kept": job.kept,
                "lost": job.lost,
                "facts": list(job.facts),
                "paused_for": list(job.paused),
                "problem": job.unreadable or None,
            }
            for job in found.jobs
        ],
        "copies": list(found.copies),
    }
