"""Repairing a damaged journal: what would be kept and lost of every job, and doing it.

The last good prefix of each job is kept, nothing is made up. Knows no terminal and no page of a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from job_manager.app import wiring
from job_manager.app.home import Home
from job_manager.core import table
from job_manager.core.admit import admit
from job_manager.core.events import KINDS, Event, unpack
from job_manager.core.evolve import evolve
from job_manager.core.policy import idempotent
from job_manager.core.said import HoldJob
from job_manager.core.state import JobState, State
from job_manager.model.hints import Any
from job_manager.model.record import NamedTuple
from job_manager.ports.history import Damage
from job_manager.ports.mending import Salvaged, packed_events
from job_manager.worker import adoption

GONE = "gone"
MOST_FACTS = 50  # of a job that are said one by one


class JobPlan(NamedTuple):
    """What becomes of a job. `lost`: how many of its events are; `facts`: what they had said, as far as that can still
    be read, in words; `paused`: actions that must not run twice and may have run, so that a person has to say how to go
    on; `unreadable`: why what is kept cannot be used, or ""."""

    id: str
    name: str
    state: str
    kept: int
    lost: int
    facts: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()
    unreadable: str = ""


class Plan(NamedTuple):
    """`damages` is empty when there is nothing to repair."""

    damages: tuple[Damage, ...]
    jobs: tuple[JobPlan, ...]
    copies: tuple[str, ...] = ()


def plan(home: Home) -> Plan:
    """What a repair would keep and lose. Needs no lock and changes nothing."""
    found = tuple(wiring.damages(home, thorough=True))
    saved = wiring.mending(home).salvage() if found else ()
    return Plan(found, tuple(_planned(each)[0] for each in saved))


def repair(home: Home) -> Plan:
    """Put a journal with what can be kept in the place of the damaged one, of which a copy stays beside it.

    Harmless to do again, and at any moment undone or done. Raises Refused when somebody holds the directory."""
    if not os.path.isdir(home.jobs):
        return Plan((), ())
    home.lock()
    try:
        wiring.finish_mending(home)
        found = tuple(wiring.damages(home, thorough=True))
        return _repair(home, found) if found else Plan((), ())
    finally:
        home.unlock()


def _repair(home: Home, found: tuple[Damage, ...]) -> Plan:
    mending = wiring.mending(home)
    saved = mending.salvage()
    _end_forgotten(home, {each.job for each in saved if each.events > each.kept})
    copies = mending.keep_copy()
    planned = [_planned(each) for each in saved]
    now = wiring.system_clock().wall()
    held = [(now, event) for each, state in planned for event in _held(each, state, now)]
    mending.write(saved, held)
    return Plan(found, tuple(each for each, _ in planned), tuple(copies))


def _held(planned: JobPlan, state: State | None, now: float) -> Sequence[Event]:
    """That a job waits for a person's word, where it has to."""
    if not planned.paused or state is None:
        return ()
    return admit(state, HoldJob(planned.id, "paused", 0.0), now)


def _end_forgotten(home: Home, jobs: set[str]) -> None:
    """What still runs of jobs that have lost events: no journal knows of it, and it would run beside its repetition."""
    for trace in adoption.keepers(home.keepers):
        if any(left.token.partition("/")[0] in jobs for left in adoption.leftovers(trace)):
            adoption.end_leftovers(trace, 0.0)


def _planned(saved: Salvaged) -> tuple[JobPlan, State | None]:
    lost = saved.events - saved.kept
    facts = tuple(packed_events(saved.unproven)) if lost else ()
    plan = JobPlan(saved.job, saved.name, GONE, saved.kept, lost)
    if not saved.turns:
        return plan._replace(facts=tuple(_in_words(_as_it_was(saved), facts, lost, gone=True))), None
    try:
        state = _folded(saved)
    except MemoryError:
        raise  # says nothing of the job
    except Exception as error:  # whatever an event can do to the fold: the others are kept all the same
        why = str(error).partition("\n")[0] or type(error).__name__
        return plan._replace(state="unreadable", unreadable=why), None
    job = state.job(saved.job)
    paused = tuple(_may_have_run(job)) if lost and not job.finished else ()
    shown = "paused" if paused else job.state
    return plan._replace(state=shown, facts=tuple(_in_words(job, facts, lost)), paused=paused), state


def _as_it_was(saved: Salvaged) -> JobState | None:
    """A job of which nothing is proven, for the names of its actions, if its beginning can still be read."""
    try:
        state = State()
        evolve(state, unpack(saved.job, next(packed_events(saved.unproven))))
        return state.job(saved.job)
    except Exception:  # what was changed may be anything
        return None


def _folded(saved: Salvaged) -> State:
    state = State()
    for packed in packed_events(saved.turns):
        evolve(state, unpack(saved.job, packed))
    return state


def _may_have_run(job: JobState) -> Iterator[str]:
    """Actions that are not to run twice and whose end may be among what is lost."""
    for index in job.shape.listed():
        if job.states[index] not in table.FINAL and not idempotent(job, job.shape.written(index)):
            yield job.shape.paths[index]


# --- what was lost, in words ------------------------------------------------------------------------------------------

SAID = {
    "succeeded": "had succeeded; it runs again",
    "failed": "had failed for good; it is tried again",
    "attempt-failed": "had a failed attempt; that is forgotten",
    "started": "had begun an attempt; that is forgotten",
    "lost": "was lost: its outcome was not known",
    "grown": "had printed what stands below it; it is asked again",
    "fanned-out": "had been fanned out; its items are found anew",
}
OF_JOB = {
    "job-submitted": "it had been submitted",
    "job-held": "it had been held",
    "job-resumed": "it had been taken up again",
    "job-finished": "it had finished as {2}",
    "job-cancelled": "it had been cancelled",
    "job-retried": "it had been tried again",
}
BETTER = {"succeeded": ("started", "attempt-failed"), "failed": ("started", "attempt-failed")}


def _in_words(job: JobState | None, facts: Iterable[list[Any]], lost: int, gone: bool = False) -> Iterator[str]:
    """What the lost events had said that somebody may have relied upon; and how many cannot be read any more. `gone`:
    nothing of it runs again."""
    if not lost:
        return
    said: dict[tuple[str, int], str] = {}
    read = 0
    for event in facts:
        kind, action = str(event[0]), event[1] if len(event) > 1 and isinstance(event[1], int) else -1
        read += kind in KINDS
        if kind in OF_JOB:
            said[kind, -1] = OF_JOB[kind].format(*map(_word, [*event, "", ""]))
        elif kind in SAID and action >= 0:
            for less in BETTER.get(kind, ()):
                said.pop((less, action), None)
            words = SAID[kind].partition(";")[0] if gone else SAID[kind]
            said[kind, action] = f"{_path(job, action)} {words}"
    yield from list(said.values())[:MOST_FACTS]
    if len(said) > MOST_FACTS:
        yield f"and {len(said) - MOST_FACTS} more"
    if read < lost:
        yield f"of {lost - read} events nothing can be read any more"


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _path(job: JobState | None, action: int) -> str:
    paths = job.shape.paths if job is not None else ()
    return paths[action] if action < len(paths) else f"action {action}"
