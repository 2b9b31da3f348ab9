"""Errors as people and scripts read them, and the exit code of each kind (architecture, decision 14).

Knows the kinds of trouble of the model, not where they come from.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Interrupted, UsageError
from job_manager.model.errors import (
    EngineError,
    InputError,
    InvariantBroken,
    JobManagerError,
    NotFound,
    Problem,
    Refused,
    in_order,
)
from job_manager.model.hints import Any

OK, FAILED, INPUT, CANCELLED, TIMED_OUT, ENGINE, NOTHING_RAN, REFUSED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 7, 130
KINDS: tuple[tuple[type[JobManagerError], str, int], ...] = (
    (UsageError, "usage", INPUT),
    (Interrupted, "interrupted", INTERRUPTED),
    (InputError, "input", INPUT),
    (NotFound, "not-found", REFUSED),
    (Refused, "refused", REFUSED),
    (EngineError, "engine", ENGINE),
)
COLOURS = {"error": "bad", "warning": "warn", "note": "quiet"}


def report(error: Exception, out: Output) -> int:
    """Say what went wrong, on the right stream and in the right form; the exit code."""
    kind, code = _kind(error)
    if out.json:
        out.document({"error": _document(error, kind, code)})
    elif isinstance(error, InputError):
        show_problems(error.problems, out)
    elif isinstance(error, Interrupted):
        if error.hint:
            out.error(Styled(str(error), "warn"))
        show_resume(error.hint, out)
    elif kind == "internal":
        _confess(error, out)
    else:
        _explain(error, out)
    if kind == "internal" and os.environ.get("JM_DEBUG") == "1":
        # Imported here: somebody is looking for a fault of ours.
        import traceback

        traceback.print_exception(error)
    return code


def _kind(error: Exception) -> tuple[str, int]:
    for kind, name, code in KINDS:
        if isinstance(error, kind):
            return name, code
    return ("system" if _is_of_system(error) else "internal"), ENGINE


def _is_of_system(error: Exception) -> bool:
    return isinstance(error, OSError) or _is_want_of_memory(error)


def _is_want_of_memory(error: Exception) -> bool:
    """Also what the loader says of a library for which no room was left."""
    return isinstance(error, MemoryError) or (isinstance(error, ImportError) and "failed to map segment" in str(error))


def _explain(error: Exception, out: Output) -> None:
    if _is_of_system(error):
        out.error(Styled("error: ", "bad"), _of_system(error))
        return
    out.error(Styled("error: ", "bad"), str(error))
    hint = getattr(error, "hint", "")
    if hint:
        out.error(Styled("   hint: ", "quiet"), hint)
    usage = getattr(error, "usage", "")
    if usage:
        out.error(Styled(usage, "quiet"))


def show_resume(command: str, out: Output) -> None:
    """How to go on with an interrupted job; nothing when there is none."""
    if command:
        out.error(Styled("go on with it: ", "strong"), command)


def _of_system(error: Exception) -> str:
    if not isinstance(error, OSError):
        return "there is not enough memory; what was recorded is kept (`ulimit -v` says how much jm may use)"
    if isinstance(error, FileNotFoundError) and error.filename is None:
        return "the current directory does not exist any more"  # what os.getcwd says of it
    where = f": {error.filename}" if isinstance(error.filename, str) else ""
    return f"{error.strerror or error}{where}"


def _confess(error: Exception, out: Output) -> None:
    name = type(error).__name__
    out.error(Styled("internal error: ", "bad"), f"{name}: {str(error) or 'no more is known'}")
    for line in error.story if isinstance(error, InvariantBroken) else ():
        out.error("   ", line)
    hint = "this is a fault of job_manager: please report it, with what JM_DEBUG=1 adds; state and results are kept"
    out.error(Styled("   hint: ", "quiet"), hint)


def _document(error: Exception, kind: str, code: int) -> dict[str, Any]:
    problems = error.problems if isinstance(error, InputError) else []
    message = counted(problems) if problems else str(error) or type(error).__name__
    message = _of_system(error) if kind == "system" else message
    return {
        "kind": kind,
        "exit": code,
        "message": message,
        "hint": getattr(error, "hint", ""),
        "problems": [problem_document(problem) for problem in problems],
    }


def problem_document(problem: Problem) -> dict[str, Any]:
    """A problem with stable keys; line and column are 0 where it has no place in a file."""
    place = problem.place
    return {
        "severity": problem.severity,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "path": place.path,
        "message": problem.message,
        "hint": problem.hint,
    }


def show_problems(problems: Iterable[Problem], out: Output) -> None:
    """All problems of an input that is refused, in order, and how many there are."""
    problems = in_order(problems)
    for problem in problems:
        _show(problem, out.error)
    out.error(Styled(counted(problems), "bad"), "; nothing was started" if out.starts else "")


def show_notes(problems: Iterable[Problem], out: Output) -> None:
    """Warnings and notes, and problems of what is only listed: they stop nothing."""
    for problem in in_order(problems):
        _show(problem, out.note)


def _show(problem: Problem, say: Any) -> None:
    place = f"{problem.place}: " if problem.place.file else ""
    label = "" if problem.severity == "error" and place else f"{problem.severity}: "
    colour = COLOURS.get(problem.severity, "")
    say(Styled(place, "strong"), Styled(label, colour), problem.message)
    for number, line in enumerate(problem.hint.splitlines()):
        say(Styled("   hint: " if number == 0 else "         ", "quiet"), line)


def counted(problems: Iterable[Problem]) -> str:
    """`3 errors, 1 warning`; those for which there was no room count, too."""
    counts = {"error": 0, "warning": 0, "note": 0}
    for problem in problems:
        counts[problem.severity] += problem.more or 1
    return ", ".join(f"{count:,} {severity}{'s' if count > 1 else ''}" for severity, count in counts.items() if count)


def unwritten(out: Output, code: int) -> int:
    """The exit code when all is said: a reader who left, or a terminal that was closed, changes nothing; a full disk
    does."""
    fault = out.fault
    if fault is None or fault.errno in (errno.EPIPE, errno.EIO):
        return code
    out.json = False  # the document could not be written, so there is no other place to say it
    out.error(Styled("error: ", "bad"), f"the output could not be written: {fault.strerror}")
    return code or ENGINE
