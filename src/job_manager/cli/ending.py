"""From a wish to run to an exit code: which screen shows it, and what is said at the end. Used by run and resume.

Knows no rule: what happened is in the account that app.cards gives.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterable

from job_manager.app.home import Home
from job_manager.cli.output import Output, Styled, is_terminal
from job_manager.cli.reporting import CANCELLED, FAILED, INTERRUPTED, OK, problem_document, show_resume
from job_manager.cli.usage import Interrupted
from job_manager.model.errors import Problem, Refused
from job_manager.model.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from job_manager.app.finishing import Outcome
    from job_manager.cli.live import LiveScreen
    from job_manager.cli.story import Plain


CODES = {"succeeded": OK, "paused": OK, "failed": FAILED, "cancelled": CANCELLED}


def screen(out: Output) -> Plain | LiveScreen:
    """The live display on a terminal that can move its cursor, else lines; silence when quiet or JSON."""
    from job_manager.cli.story import Plain, Silent

    if not out.talks:
        return Silent(out)
    if is_terminal(sys.stdout) and os.environ.get("TERM", "dumb") != "dumb":
        from job_manager.cli.live import LiveScreen

        return LiveScreen(out)
    return Plain(out)


def heed_signals() -> None:
    """Before a run listens for them and after it has ended, being asked to end is what Ctrl-C is."""
    import _signal as signal  # type: ignore[import-not-found]  # without the enums

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # nohup stays what it is
            signal.signal(number, signal.default_int_handler)


def heed_no_more() -> None:
    """All is said and the exit code is decided: a late second Ctrl-C must not change it while Python ends."""
    import _signal as signal  # without the enums

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def interrupted(home: Home, word: str, options: Namespace) -> Interrupted:
    """Ctrl-C before a run began to listen for it, or after its end: what is in the journal can be taken up again."""
    from job_manager.app.looking import look
    from job_manager.cli.place import command

    heed_no_more()
    try:
        found = look(home, word)
        over = found.job.finished == "succeeded"
        message = (
            "interrupted: the job has succeeded, but its results may not all be in place" if over else "interrupted"
        )
        return Interrupted(message, command(options.home, "resume", found.job.id))
    except Refused:
        return Interrupted("interrupted before the job began")


def conclude(home: Home, outcome: Outcome, problems: Iterable[Problem], options: Namespace, out: Output) -> int:
    """Say how it ended, in the right form; the exit code."""
    from job_manager.cli.place import command

    job = outcome.job
    code = INTERRUPTED if outcome.goes_on else CODES.get(job.state, INTERRUPTED)
    resume = command(options.home, "resume", job.id)
    if out.json:
        _document(home, outcome, problems, code, resume, out)
        return code
    if outcome.goes_on:
        from job_manager.cli.asking import show_goes_on

        show_goes_on(job, False, options, out, outcome.goes_on)
        return code
    if job.state == "succeeded":
        _show_success(home, outcome, out)
        _mention_others(home, {job.id, *outcome.handed_on}, options, out)
    elif code == FAILED:
        _show_failure(home, outcome, resume, out)
    else:
        _show_interruption(outcome, resume, out)
    return code


def _document(home: Home, outcome: Outcome, problems: Iterable[Problem], code: int, resume: str, out: Output) -> None:
    from job_manager.app.cards import account

    noted = [problem_document(problem) for problem in problems]
    more = {"exit": code, "resume": resume if code else None, "problems": noted}
    out.document({**account(home, outcome), **more})


def _headline(outcome: Outcome, colour: str, out: Output) -> None:
    from job_manager.app.watching import counted
    from job_manager.model.quantity import human

    job = outcome.job
    counts = job.counted()
    done = counts.pop("succeeded", 0)
    left = counts.pop("waiting", 0) + counts.pop("ready", 0)
    others = [f"{number} {state}" for state, number in counts.items()] + ([f"{left} left"] if left else [])
    amount = ", ".join([f"{done} of {counted(job.size, 'action')} done", *others])
    took = f" after {human(max(0.0, job.finished_at - job.submitted_at))}" if job.finished_at else ""
    out.line("job ", Styled(job.job.name, "strong"), f"  {job.id} ", Styled(job.state, colour), f"{took}: {amount}")


def _show_success(home: Home, outcome: Outcome, out: Output) -> None:
    from job_manager.app.finishing import results

    _headline(outcome, "good", out)
    paths = results(home, outcome)
    if paths:
        out.line("results:" if len(paths) > 1 else "result:")
    for path in paths:
        out.line("  ", _short(path))


def _short(path: str) -> str:
    """A path below the current directory as it would be typed there."""
    here = os.path.join(os.getcwd(), "")
    return path[len(here) :] if path.startswith(here) else path


def _show_failure(home: Home, outcome: Outcome, resume: str, out: Output) -> None:
    from job_manager.app.cards import failure_cards
    from job_manager.cli.card import show_card

    _headline(outcome, "bad", out)
    first, others = failure_cards(home, outcome)
    show_card(first, others, outcome.job.missed, resume, out)


def _show_interruption(outcome: Outcome, resume: str, out: Output) -> None:
    _headline(outcome, "warn", out)
    show_resume(resume, out)


def _mention_others(home: Home, known: set[str], options: Namespace, out: Output) -> None:
    """A line when other jobs of the directory wait to be taken up again."""
    if not out.talks:
        return
    from job_manager.app.looking import INTERRUPTED as WAITING
    from job_manager.app.looking import SUBMITTED, job_list
    from job_manager.cli.place import command

    jobs = job_list(home)
    others = [job["id"] for job in jobs if job["state"] == WAITING and job["id"] not in known]
    if others:
        what = "1 interrupted job" if len(others) == 1 else f"{len(others)} interrupted jobs"
        more = ", ..." if len(others) > 3 else ""
        out.line(f"{what}: {', '.join(others[:3])}{more}; `{command(options.home, 'resume', others[0])}`")
    submitted = [job["id"] for job in jobs if job["state"] == SUBMITTED]
    if submitted:
        what = "1 submitted job waits" if len(submitted) == 1 else f"{len(submitted)} submitted jobs wait"
        out.line(f"{what} for a supervisor: `{command(options.home, 'up')}`")
