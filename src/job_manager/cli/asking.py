"""What short commands that ask something of a job have in common: the words on the line, and what is said of it.

Knows no rule: whether it can be is said by the core.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

from job_manager.cli.output import Output
from job_manager.cli.usage import Parser, UsageError, refuse
from job_manager.model.hints import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from job_manager.app.asking import Asked


def span(text: str) -> float:
    """A type for argparse: a span of time like 10s, 1h30m or 90."""
    import argparse

    from job_manager.model.quantity import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_target(made: Parser, action: str = "maybe") -> None:
    """The ID, with `/ACTION` behind it: maybe, must or never."""
    metavar = {"maybe": "ID[/ACTION]", "must": "ID/ACTION", "never": "ID"}[action]
    made.add_argument("target", metavar=metavar, help="a job's id, its beginning, or `last`")


def asked(options: Namespace, build: Callable[[Any, int | None], Any], *, action: str = "maybe") -> Asked:
    """Ask what `build(how the job stands, index of the action or None)` makes. Raises UsageError, Refused."""
    refuse(options)
    from job_manager.app.asking import ask
    from job_manager.app.looking import action_index
    from job_manager.cli.place import home_of

    word, slash, name = options.target.partition("/")
    if action == "must" and not name:
        raise UsageError("which action is meant is missing", "write ID/ACTION; `jm status ID` lists the actions")
    if action == "never" and slash:
        raise UsageError("this goes for whole jobs only", f"write {word}")
    return ask(home_of(options), word, lambda found: build(found, action_index(found.job, name) if name else None))


def tell(asked: Asked, words: str, options: Namespace, out: Output) -> int:
    """Say what has come of it; the exit code."""
    out.value(asked.id)
    out.document({"id": asked.id, "heard": asked.heard, "supervised": asked.supervised})
    out.line(f"job {asked.id}: {words}")
    if not asked.heard:
        show_waiting(asked.id, options, out)
    return 0


def show_waiting(id: str, options: Namespace, out: Output) -> None:
    """Nobody is there to hear it: it is kept, and how it comes about."""
    from job_manager.cli.output import Styled
    from job_manager.cli.place import command

    up, resume = command(options.home, "up"), command(options.home, "resume", id)
    out.note(Styled("note: ", "quiet"), f"no supervisor is running; this is kept, and heard by `{up}` or `{resume}`")


def number(text: str) -> float:
    """A type for argparse: a finite number."""
    import argparse
    import math

    from job_manager.model.wording import quoted

    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"expected a number, found {quoted(text)}")
    return value


def show_goes_on(job: Any, timed_out: bool, options: Namespace, out: Output, where: str = "") -> None:
    """The job is not over, and nobody waits for it here any more."""
    from job_manager.cli.output import Styled, of_state
    from job_manager.cli.place import command

    why = "the time is over; " if timed_out else ""
    out.note(f"{why}job {job.id} goes on{where and f' {where}'} (", of_state(job.state), ")")
    for label, verb in (("watch: ", "watch"), ("cancel:", "cancel")):
        out.note(Styled(f"  {label} ", "quiet"), command(options.home, verb, job.id))
