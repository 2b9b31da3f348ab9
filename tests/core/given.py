"""Given these events, when this is said, then these events: the words the core's tests are written in.

Knows how a history begins (a job, a worker) and no rule about how it goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from job_manager.core import events as e
from job_manager.core import said as s
from job_manager.core.admit import admit
from job_manager.core.decide import decide, quiet
from job_manager.core.evolve import evolve, fold
from job_manager.core.state import State
from job_manager.model.document import job_document
from job_manager.model.job import Job
from job_manager.model.site import Site
from job_manager.model.site_document import site_document
from job_manager.testing import site as plain_site

Kind = TypeVar("Kind")
J, W = "j1", "w1"
NOW = 1000.0
SITE = site_document(plain_site())


def submitted(job: Job, site: Site | None = None, id: str = J, at: float = NOW) -> e.JobSubmitted:
    return e.JobSubmitted(id, at, job_document(job), site_document(site) if site else SITE)


def given(
    job: Job,
    *events: e.Event,
    slots: int = 2,
    ahead: int = 0,
    site: Site | None = None,
    memory: int | None = None,
    **limits: int,
) -> State:
    """The job submitted, one worker joined, then the events. Other names are limits that there are. Where something
    may wait behind the slots it is known that nothing takes long."""
    joined = e.WorkerJoined(J, W, slots, ahead, NOW, memory, tuple(limits.items()))
    state = fold(State(), [submitted(job, site), joined, *events])
    state.jobs[J].pace = 0.0 if ahead else None
    return state


def leased(action: int = 0, attempt: int = 1, worker: str = W) -> e.ActionLeased:
    return e.ActionLeased(J, action, attempt, worker)


def started(action: int = 0, attempt: int = 1) -> e.ActionStarted:
    return e.ActionStarted(J, action, attempt, NOW)


def failed(action: int = 0, attempt: int = 1, reason: str = "code") -> e.AttemptFailed:
    return e.AttemptFailed(J, action, attempt, NOW, NOW + 1, reason, 1, "")


def lost(action: int = 0, attempt: int = 1) -> e.AttemptLost:
    return e.AttemptLost(J, action, attempt, NOW)


def succeeded(action: int = 0, attempt: int = 1) -> e.ActionSucceeded:
    return e.ActionSucceeded(J, action, attempt, NOW, NOW + 1)


def ran(*actions: int) -> list[e.Event]:
    """Each leased, started and succeeded, one after another."""
    return [event for action in actions for event in (leased(action), started(action), succeeded(action))]


def ended(action: int = 0, attempt: int = 1, reason: str = "", worker: str = W) -> s.AttemptEnded:
    return s.AttemptEnded(J, action, attempt, worker, NOW, NOW + 1, reason, None if reason == "" else 1)


def when(state: State, *said: s.Said, now: float = NOW) -> list[e.Event]:
    """What admit makes of it, folded word by word."""
    made = []
    for word in said:
        admitted = admit(state, word, now)
        fold(state, admitted)
        made += admitted
    return made


def decided(state: State, now: float = NOW) -> list[e.Event]:
    """Everything that follows by itself at this moment, folded."""
    made: list[e.Event] = []
    while follows := decide(state, now):
        for event in follows:
            evolve(state, event)
        made += follows
    quiet(state)
    return made


def kinds(events: Iterable[object]) -> list[str]:
    return [e.NAMES[type(event)] for event in events]


def only(events: Iterable[e.Event], *types: type[Kind]) -> list[Kind]:
    return [event for event in events if isinstance(event, types)]


def play(state: State, end: Callable[[int], str] = lambda action: "") -> list[e.Event]:
    """Decide and end every leased action at once, with the reason `end` gives, until nothing is left to do."""
    made: list[e.Event] = []
    while True:
        made += decided(state)
        leases = state.jobs[J].leases
        if not leases:
            return made
        for action, lease in list(leases.items()):
            made += when(state, s.AttemptEnded(J, action, lease.attempt, lease.worker, NOW, NOW, end(action)))
