"""Every row of the transition table is taken by a history, and every step that is not in it is refused.

Knows no rule of its own: the table is the judge.
"""

from __future__ import annotations

from itertools import product

import pytest

from job_manager.core import events as e
from job_manager.core import table
from job_manager.core.evolve import evolve
from job_manager.core.state import State
from job_manager.model.errors import InvariantBroken
from job_manager.model.fanout import Each
from job_manager.testing import action, job, linked, serial
from tests.core.given import NOW, J, W, decided, failed, given, leased, lost, play, ran, started, submitted
from tests.core.rows import SCENARIOS, every_row, rows_taken, told

ONE = job(serial("s", action("a", idempotent=False), "b"))

# How an action comes into each state: the state of action 0 (for waiting and skipped, of action 1).
REACHED = {
    table.WAITING: (1, lambda: given(ONE)),
    table.READY: (0, lambda: given(ONE)),
    table.LEASED: (0, lambda: given(ONE, leased())),
    table.RUNNING: (0, lambda: given(ONE, leased(), started())),
    table.RETRYING: (0, lambda: given(ONE, leased(), failed())),
    table.SUCCEEDED: (0, lambda: given(ONE, *ran(0))),
    table.FAILED: (0, lambda: given(ONE, leased(), failed(), e.ActionFailed(J, 0))),
    table.LOST: (0, lambda: given(ONE, leased(), lost(), e.ActionLost(J, 0))),
    table.SKIPPED: (1, lambda: after(given(ONE, leased(), failed()))),
    table.CANCELLED: (0, lambda: given(ONE, e.ActionCancelled(J, 0, NOW, 0.0))),
    table.FANNED: (0, lambda: given(job(linked("f", foreach=(Each("n", ("1", "2")),))))),
}


def after(state: State) -> State:
    decided(state)
    return state


def about(kind: type, at: int, attempt: int) -> e.Event:
    """An event of this kind about the action."""
    made: dict[type, e.Event] = {
        e.ActionLeased: e.ActionLeased(J, at, attempt + 1, W),
        e.ActionChained: e.ActionChained(J, at, attempt + 1, W, ()),
        e.LeaseReturned: e.LeaseReturned(J, at, attempt),
        e.ActionStarted: e.ActionStarted(J, at, attempt, NOW),
        e.AttemptStopped: e.AttemptStopped(J, at, attempt, NOW),
        e.AttemptLost: e.AttemptLost(J, at, attempt, NOW),
        e.AttemptFailed: e.AttemptFailed(J, at, attempt, NOW, NOW, "code", 1, ""),
        e.ActionSucceeded: e.ActionSucceeded(J, at, attempt, NOW, NOW),
        e.RetryPlanned: e.RetryPlanned(J, at, NOW + 1),
        e.ActionRetried: e.ActionRetried(J, at),
        e.ActionFailed: e.ActionFailed(J, at),
        e.ActionLost: e.ActionLost(J, at),
        e.ActionsSkipped: e.ActionsSkipped(J, at, at + 1, 0, 1),
        e.ActionsOmitted: e.ActionsOmitted(J, at, at + 1, 1),
        e.FannedOut: e.FannedOut(J, at, [["1"]]),
        e.FanOutFailed: e.FanOutFailed(J, at, NOW, ""),
        e.Grown: e.Grown(J, at, []),
        e.ActionCancelled: e.ActionCancelled(J, at, NOW, 0.0),
        e.JobRetried: e.JobRetried(J, NOW, [[at, at + 1]]),
        e.ActionExcused: e.ActionExcused(J, at, NOW),
    }
    return made[kind]


def test_every_row_of_the_table_is_taken():
    taken = {scenario.__name__: rows_taken(scenario().journal) for scenario in SCENARIOS}
    together = set().union(*taken.values())
    for name, rows in taken.items():
        print(f"{name}:", *sorted(map(told, rows)), sep="\n  ")
    assert sorted(map(told, every_row() - together)) == []
    assert sorted(map(told, together - every_row())) == []


def test_every_state_is_reached():
    assert set(REACHED) == set(range(len(table.NAMES)))
    for state, (at, history) in REACHED.items():
        assert history().jobs[J].states[at] == state, table.NAMES[state]


def test_final_states_are_left_by_a_person_only():
    for event, row in table.TABLE.items():
        if event not in (e.JobResumed, table.Repeated, e.JobRetried, e.ActionExcused, table.Revived):
            assert not table.FINAL & {before for before, after in row.items() if before != after}, event
    assert table.TABLE[e.JobResumed][table.SUCCEEDED] == table.SUCCEEDED


# What happens to a whole job, or is concluded, passes over actions to which it means nothing; so do these over others.
OF_MANY = (
    *(e.JobResumed, e.JobCancelled, e.JobTimedOut),
    *(table.Unblocked, table.Repeated, table.Dropped, table.Revived),
)
PASSED_OVER = {
    *((state, e.JobRetried) for state in (table.WAITING, table.READY, table.FANNED)),
    *((table.FANNED, event) for event in (e.ActionCancelled, e.ActionExcused)),  # those that it stands for are meant
}
IMPOSSIBLE = [
    (state, event)
    for state, event in product(REACHED, table.TABLE)
    if event not in OF_MANY and state not in table.TABLE[event] and (state, event) not in PASSED_OVER
]


@pytest.mark.parametrize(("state", "kind"), IMPOSSIBLE, ids=lambda value: getattr(value, "__name__", str(value)))
def test_what_is_not_in_the_table_breaks_an_invariant(state, kind):
    at, history = REACHED[state]
    farm = history()
    with pytest.raises(InvariantBroken):
        evolve(farm, about(kind, at, farm.jobs[J].attempts[at]))


def test_the_error_names_job_event_action_and_state():
    with pytest.raises(InvariantBroken, match=r"job j1: ActionStarted cannot happen to s/a, which is ready"):
        evolve(given(ONE), started())


@pytest.mark.parametrize(
    "event",
    [
        e.LeaseReturned(J, 0, 2),
        e.ActionStarted(J, 0, 2, NOW),
        e.AttemptStopped(J, 0, 2, NOW),
        e.AttemptLost(J, 0, 2, NOW),
        e.AttemptFailed(J, 0, 2, NOW, NOW, "code", 1, ""),
        e.ActionSucceeded(J, 0, 2, NOW, NOW),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_event_of_another_attempt_breaks_an_invariant(event):
    with pytest.raises(InvariantBroken, match="attempt 1 is under lease, not 2"):
        evolve(given(ONE, leased()), event)


@pytest.mark.parametrize(
    ("history", "event"),
    [
        ([], leased(worker="stranger")),
        ([leased(), e.LeaseReturned(J, 0, 1)], leased(attempt=1)),
        ([e.JobHeld(J, NOW, "paused", 1.0)], leased()),
        ([leased(), failed(), e.RetryPlanned(J, 0, NOW)], e.RetryPlanned(J, 0, NOW)),
        ([leased(), failed(), e.RetryPlanned(J, 0, NOW)], e.ActionFailed(J, 0)),
        ([leased(), lost(), e.RetryPlanned(J, 0, NOW)], e.ActionLost(J, 0)),
        ([], e.ActionsSkipped(J, 1, 2, 0, 1)),
        ([], e.JobFinished(J, NOW, "failed", {})),
        ([leased()], e.JobFinished(J, NOW, "failed", {})),
        ([], submitted(ONE)),
        ([leased()], e.JobResumed(J, NOW, submitted(ONE).site, submitted(ONE).document)),
        ([], e.JobResumed(J, NOW, submitted(ONE).site, submitted(ONE).document, [(0, 0)])),
        (ran(0), e.Grown(J, 0, [])),
        ([], e.JobHeld("j2", NOW, "paused", 1.0)),
        ([], e.JobReleased(J, NOW)),
        ([e.JobCancelled(J, NOW, 0.0)], leased()),
        ([], e.WorkerLeft("j2", W, NOW)),
    ],
)
def test_what_contradicts_the_history_breaks_an_invariant(history, event):
    with pytest.raises(InvariantBroken):
        evolve(given(ONE, *history), event)


def test_a_job_finishes_once_and_is_then_left_alone():
    state = given(ONE)
    play(state)
    for event in (
        e.JobFinished(J, NOW, "succeeded", {}),
        e.JobHeld(J, NOW, "paused", 1.0),
        e.JobReleased(J, NOW),
        e.JobCancelled(J, NOW, 1.0),
        e.JobTimedOut(J, NOW, "timeout", 1.0, 1.0),
    ):
        with pytest.raises(InvariantBroken):
            evolve(state, event)
