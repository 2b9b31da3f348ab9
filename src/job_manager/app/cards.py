"""The failure card: all that a person needs to know about an action that failed, as plain values with stable keys.

Reads the state and the end of the log; knows no terminal.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator

from job_manager.app.finishing import Outcome, results
from job_manager.app.home import Home
from job_manager.app.looking import Look, status
from job_manager.app.progress import piece
from job_manager.core import policy, table
from job_manager.core.overall import first_failed as first_failed
from job_manager.core.phrases import reason_in_words
from job_manager.core.state import Failure, JobState
from job_manager.model.errors import JobManagerError
from job_manager.model.hints import Any
from job_manager.model.pattern import late
from job_manager.model.secret import secrets_of
from job_manager.model.wording import quoted
from job_manager.worker.attempt import words
from job_manager.worker.brief import Brief, Briefing, directory, inherited, variables
from job_manager.worker.command import display
from job_manager.worker.last_words import error_text
from job_manager.worker.layout import Layout, layout_of

Document = dict[str, Any]
LINES = 20
CARDS = 50  # of one job, in its JSON
LINE = 2000  # characters of one line of a log that are shown
NO_MODULE = late(r"ModuleNotFoundError: No module named '?([^'\s;]+)|ImportError: (.+)")
TOO_BIG = os.strerror(errno.E2BIG)
NOT_FOUND = late(r"(?:^|: )([^:\s]+): (?:command )?not found\s*$", re.MULTILINE)


def card(job: JobState, layout: Layout, index: int) -> Document:
    """The card of one failed action."""
    attempt = job.attempts[index]
    brief = Briefing(job, layout).brief(index, attempt)
    failure = job.failure(index)
    log = _existing(layout.log(brief.path, attempt))
    errors = _existing(layout.log(brief.path, attempt, "err"))
    tail = last_lines(errors or log)
    line = _argv(brief, layout)
    return {
        "path": brief.path,
        "title": brief.action.title,
        "state": table.NAMES[job.states[index]],
        "reason": failure.reason,
        "code": failure.code,
        "message": reason_in_words(failure),
        "attempt": attempt,
        "tries": 1 + policy.retries(job, brief.action),
        "seconds": max(0.0, job.ended[index] - job.began[index]) if job.began[index] else None,
        "argv": line,
        "command": display(line),
        "interpreter": brief.module.interpreter or None if brief.module else None,
        "chosen": brief.module.chosen if brief.module else None,
        "cwd": directory(brief, layout),
        "directory": _existing(layout.store.attempt_path(brief.label)),
        "error_file": [] if _is_unseen(brief, failure) else _error_lines(brief, layout),
        "log": log,
        "err": errors,
        "tail": tail,
        "hints": [*_too_big(brief, failure, layout, line), *_hints(brief, failure, tail)],
    }


def _existing(path: str) -> str | None:
    return path if os.path.exists(path) else None


def _is_unseen(brief: Brief, failure: Failure) -> bool:
    """Whether nobody has looked through its files for secrets: its end was never heard of."""
    return failure.reason == "lost" and bool(secrets_of(brief.action.env))


def _error_lines(brief: Brief, layout: Layout) -> list[str]:
    text = error_text(layout.store.attempt_path(brief.label)).decode("utf-8", "backslashreplace")
    return [_drawn(row) for row in text.replace("\r\n", "\n").strip("\n").split("\n")] if text.strip() else []


def _argv(brief: Brief, layout: Layout) -> list[str]:
    try:
        return words(brief, layout)
    except (JobManagerError, KeyError):
        return []  # the module is gone from the site: the failure's own words say so


def last_lines(path: str | None, lines: int = LINES) -> list[str]:
    """The last lines of a log as text, bytes that are none as `\\x80`. Of what a program drew over with carriage
    returns only the last is left. Reads a bounded piece."""
    if path is None:
        return []
    text = piece(path, from_end=True).decode("utf-8", "backslashreplace")
    rows = text.replace("\r\n", "\n").rstrip("\n").split("\n") if text else []
    return [_drawn(row) for row in rows[-lines:]]


def _drawn(row: str) -> str:
    parts = [part for part in row.split("\r") if part.strip()]
    row = parts[-1] if parts else ""
    return row if len(row) <= LINE else f"{row[:LINE]}..."


# --- what may help ----------------------------------------------------------------------------------------------------


def _hints(brief: Brief, failure: Failure, tail: list[str]) -> Iterator[str]:
    text = "\n".join(tail)
    missing = NO_MODULE.search(text)
    if missing and brief.module is not None and brief.module.interpreter:
        yield from _other_python(brief, missing.group(1))
    not_started = failure.reason == "spawn" and not _is_explained(failure.message)
    if not_started or (failure.reason == "code" and failure.code == 127 and NOT_FOUND.search(text)):
        yield "the program was not found or cannot be run: install it, give its whole path, or look at PATH"
    if failure.reason == "signal" and failure.code == 9:
        yield "SIGKILL comes from outside: perhaps the system was out of memory (`dmesg` may say so)"
    if failure.reason == "oom":
        yield "more `memory:` on the entry, or in the module's manifest, lets fewer run beside it and gives it more"
    if failure.reason == "timeout":
        yield "`timeout:` of the entry or of the module's manifest gives it more time"
    if failure.reason == "output-missing" and "a file of that name" not in failure.message:
        yield f"it must write each output to the path it is given; {_given(brief)}"
    if failure.reason == "output-invalid" and "is empty" in failure.message:
        yield "if an empty file is right, say `allow_empty: true` on the output"
    if failure.reason in ("lost",) and not brief.idempotent:
        yield "it is declared `idempotent: false`, so `jm resume` starts it again only with --retry-lost"


def _is_explained(message: str) -> bool:
    return message.endswith(TOO_BIG) or "secret" in message


def _too_big(brief: Brief, failure: Failure, layout: Layout, words: list[str]) -> Iterator[str]:
    """Of a program that the system would not start with so much: how much it was."""
    if failure.reason != "spawn" or not failure.message.endswith(TOO_BIG):
        return
    added = inherited(os.environ) | variables(brief, layout, "", 0.0)
    sizes, more = _sizes(words), _sizes(f"{name}={value}" for name, value in added.items())
    yield (
        f"the command line has {sum(sizes):,} bytes (the longest word {max(sizes, default=0):,}), the environment "
        f"{sum(more):,} (the longest variable {max(more):,}); a system takes about 2,000,000 in all and "
        "131,072 in one: put what is long into a file"
    )


def _sizes(texts: Iterable[str]) -> list[int]:
    return [len(text.encode("utf-8", "surrogatepass")) + 1 for text in texts]


def _other_python(brief: Brief, name: str | None) -> Iterator[str]:
    assert brief.module is not None
    what = f"the Python package {quoted(name)}" if name else "an import"
    yield f"{what} is missing in {brief.module.interpreter} ({brief.module.chosen})"
    own = f"`python:` in {brief.module.folder}/manifest.yaml, a .venv in that folder"
    if brief.action.role != "module":
        own = f"a .venv in {brief.action.workdir}"
    yield f"choose another: {own}, --python PATH, or an active environment"


def _given(brief: Brief) -> str:
    if brief.action.role == "module":
        named = ", ".join(f"--{output.param}" for output in brief.action.outputs)
        return f"here after {named}"
    return "in the text it stands where you write " + ", ".join(f"{{{o.artifact}}}" for o in brief.action.outputs)


# --- the end of a run -------------------------------------------------------------------------------------------------


def brief_card(job: JobState, index: int) -> Document:
    """One line of a failed action: its path, reason and message."""
    failure = job.failure(index)
    return {"path": job.shape.paths[index], "reason": failure.reason, "message": reason_in_words(failure)}


def failure_cards(home: Home, outcome: Outcome) -> tuple[Document, list[Document]]:
    """The card of the action that failed first, and a line for each other failed one."""
    first, *others = first_failed(outcome.job)
    return card(outcome.job, _layout(home, outcome.job), first), [brief_card(outcome.job, index) for index in others]


def _layout(home: Home, job: JobState) -> Layout:
    return layout_of(home.jobs, job.id, job.site)


def account(home: Home, outcome: Outcome) -> Document:
    """How a run ended: the job's status, its results, and a card for each of the first failures."""
    job, layout = outcome.job, _layout(home, outcome.job)
    cards = [card(job, layout, index) for index in first_failed(job)[:CARDS]]
    return {**status(Look(job, layout, False)), "results": results(home, outcome), "failures": cards}
