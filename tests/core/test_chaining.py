"""Leases before their turn: what comes next is given out while what it comes after is still at work.

Knows what is leased and what becomes of it; that nothing begins too early is the worker's, and tests/sim's to see.
"""

from __future__ import annotations

import pytest

from job_manager.core import events as e
from job_manager.core import said as s
from job_manager.core import table
from job_manager.core.decide import StartAttempt, StopAttempt, fresh_orders, orders
from job_manager.core.evolve import evolve
from job_manager.core.invariants import violations
from job_manager.core.state import State
from job_manager.model.job import ALWAYS, Action, Job, Output, Shell
from job_manager.model.record import replace
from job_manager.model.secret import Secret
from job_manager.testing import action, job, linked, parallel, serial, site
from tests.core.given import NOW, J, W, decided, ended, failed, given, kinds, leased, only, submitted, when

STEPS = job("a", "b", "c", "d")
LAYERS = job(parallel("one", "a", "b"), parallel("two", "c", "d"), parallel("three", "e"))


def going(one: Job, ahead: int = 8, **more: object) -> State:
    """The job with its first leases given out; nothing takes long there."""
    state = given(one, ahead=ahead, **more)  # type: ignore[arg-type]
    decided(state)
    return state


def chained(state: State) -> dict[int, tuple[int, ...]]:
    """What is leased before its turn, with the numbers of the actions after which each is to begin."""
    found = (order for order in orders(state) if isinstance(order, StartAttempt))
    return {order.action: tuple(one for one, _ in order.after) for order in found if order.after}


def test_steps_are_leased_ahead_each_after_the_one_before():
    state = going(STEPS)
    assert chained(state) == {1: (0,), 2: (1,), 3: (2,)}
    assert fresh_orders(state) == orders(state)
    assert not violations(state)


def test_when_its_turn_has_come_it_is_a_lease_like_any_other():
    state = going(STEPS)
    when(state, ended(0))
    assert decided(state) == []
    assert (list(state.jobs[J].early), chained(state)) == ([2, 3], {2: (1,), 3: (2,)})
    assert (state.workers[W].held, state.workers[W].early) == (1, 2)


def test_nothing_is_leased_ahead_while_nobody_knows_how_long_things_take():
    state = given(STEPS, ahead=8)
    state.jobs[J].pace = None
    assert kinds(decided(state)) == ["leased"]


def test_no_more_is_leased_ahead_than_is_done_in_no_time():
    state = given(job(*"abcdefgh"), ahead=8)
    state.jobs[J].pace = 0.07
    decided(state)
    assert len(chained(state)) == 4


def test_a_layer_comes_after_all_of_the_one_before():
    state = going(LAYERS)
    assert chained(state) == {2: (0, 1), 3: (0, 1), 4: (2, 3)}
    when(state, ended(0))
    assert chained(state) == {2: (1,), 3: (1,), 4: (2, 3)}


def test_what_has_needs_comes_after_these():
    state = going(job(linked("a"), linked("b"), linked("x", needs=("a", "b")), at_once=True))
    assert chained(state) == {2: (0, 1)}


@pytest.mark.parametrize(
    "first",
    [
        replace(action("a"), outputs=(Output("film.mkv"),)),
        replace(action("a"), expand=True),
        replace(action("a"), min_runtime=1.0),
        action("a", idempotent=False),
        replace(action("a"), env=(("TOKEN", Secret("token")),)),
        action("a", cpus=2),
    ],
    ids=["makes something", "grows", "has a least time", "must not run twice", "takes a secret", "takes two slots"],
)
def test_only_where_the_exit_code_says_it_all(first: Action):
    """Neither before it nor after it."""
    assert chained(going(job(first, "b", "c"))) == {}
    assert chained(going(job("z", first, "b"))) == {}


@pytest.mark.parametrize(
    "second", [replace(action("b"), when="a.failed", needs=("a",)), replace(action("b"), hook=ALWAYS)]
)
def test_nothing_that_asks_how_others_ended(second: Action):
    assert chained(going(job("a", second))) == {}


def test_nothing_where_two_logs_are_kept_or_memory_is_counted():
    assert chained(going(STEPS, site=replace(site(), split_streams=True))) == {}
    assert chained(going(job("a", "b", action("c", memory=1)), memory=8)) == {}


def test_a_lease_before_its_turn_takes_no_slot_from_others():
    state = going(STEPS)
    for event in (submitted(job("x", "y", at_once=True), id="j2"), e.WorkerJoined("j2", W, 2, 8, NOW)):
        evolve(state, event)
    assert [event.job for event in only(decided(state), e.ActionLeased)] == ["j2"]


def test_nothing_is_leased_ahead_while_another_job_waits_for_a_slot():
    state = given(STEPS, slots=1, ahead=8)
    for event in (submitted(job("x"), id="j2"), e.WorkerJoined("j2", W, 1, 8, NOW)):
        evolve(state, event)
    assert "chained" not in kinds(decided(state))


def test_what_came_after_a_failure_comes_back_and_waits_for_the_retry():
    state = going(job(action("a", retries=1), "b", "c"))
    when(state, ended(0, reason="code"))
    assert not violations(state)
    assert kinds(decided(state)) == ["returned", "returned", "retry-planned"]
    assert state.workers[W].early == 0
    assert kinds(decided(state, NOW + 10)) == ["retried", "leased"]
    assert kinds(when(state, ended(0, attempt=2)) + decided(state)) == ["succeeded", "leased", "chained"]
    assert state.jobs[J].attempts.tolist() == [2, 2, 2]


def test_after_a_failure_for_good_all_that_followed_is_skipped():
    state = going(STEPS)
    when(state, ended(0, reason="code"))
    assert kinds(decided(state)) == ["returned"] * 3 + ["failed", "skipped", "job-finished"]


def test_the_keeper_may_say_first_that_it_came_back():
    state = going(STEPS)
    when(state, ended(0, reason="code"), *(s.AttemptReturned(J, n, 1, W) for n in (1, 2, 3)))
    assert kinds(decided(state)) == ["failed", "skipped", "job-finished"]


def test_what_came_back_is_not_leased_ahead_again_before_something_has_succeeded():
    state = going(STEPS)
    when(state, s.AttemptReturned(J, 1, 1, W))
    assert kinds(decided(state)) == ["returned", "returned"]
    assert kinds(when(state, ended(0)) + decided(state)) == ["succeeded", "leased", "chained", "chained"]


def test_an_end_that_is_heard_before_that_of_what_it_comes_after_does_not_count():
    """A power cut may have taken the record of the other; else it is said again."""
    state = going(STEPS)
    assert when(state, s.AttemptBegan(J, 1, 1, W, NOW), ended(1)) == [e.ActionStarted(J, 1, 1, NOW)]
    assert not violations(state)
    assert kinds(when(state, ended(0), ended(1))) == ["succeeded", "succeeded"]


def test_of_what_had_begun_before_its_turn_nothing_counts_when_its_worker_is_gone():
    state = going(STEPS)
    when(state, s.AttemptBegan(J, 1, 1, W, NOW), ended(1), s.WorkerGone(J, W))
    assert state.jobs[J].states[1] == table.WAITING
    assert not violations(state)


def test_with_its_worker_all_of_it_comes_back():
    state = going(STEPS)
    when(state, s.AttemptBegan(J, 0, 1, W, NOW))
    assert kinds(when(state, s.WorkerGone(J, W))) == ["attempt-lost", "returned", "returned", "returned", "worker-left"]
    assert (state.workers[W].held, state.workers[W].early) == (0, 0)


def test_held_it_is_told_to_end_and_waits_again():
    state = going(STEPS)
    when(state, s.AttemptBegan(J, 0, 1, W, NOW), s.HoldJob(J, "paused", 4.0))
    assert orders(state) == [StopAttempt(J, n, 1, W, 4.0) for n in range(4)]
    when(state, *(s.AttemptReturned(J, n, 1, W) for n in (1, 2, 3)), ended(0, reason="stopped"))
    assert state.jobs[J].counted() == {"waiting": 3, "ready": 1}
    assert kinds(when(state, s.ReleaseJob(J)) + decided(state))[:2] == ["job-released", "leased"]


def test_cancelled_with_its_job_it_is_over_when_it_has_come_back():
    state = going(STEPS)
    when(state, s.CancelJob(J, 4.0), *(s.AttemptReturned(J, n, 1, W) for n in (1, 2, 3)), ended(0))
    decided(state)
    assert state.jobs[J].counted() == {"succeeded": 1, "cancelled": 3}
    assert state.jobs[J].finished == "cancelled"


def test_what_begins_while_its_job_is_being_ended_may_end_well():
    state = going(STEPS)
    when(state, s.CancelJob(J, 4.0), ended(0), ended(1), *(s.AttemptReturned(J, n, 1, W) for n in (2, 3)))
    assert state.jobs[J].counted() == {"succeeded": 2, "cancelled": 2}


def test_cancelled_alone_it_counts_when_its_turn_has_come():
    state = going(job("a", "b", "c"))
    when(state, s.CancelAction(J, 1, 4.0), s.AttemptReturned(J, 1, 1, W))
    assert kinds(decided(state)) == ["returned"]
    assert state.jobs[J].counted() == {"leased": 1, "waiting": 1, "cancelled": 1}
    when(state, ended(0))
    assert kinds(decided(state)) == ["skipped", "job-finished"]


def test_the_history_alone_gives_the_same_leases():
    state = going(LAYERS)
    history = [
        leased(0),
        leased(1),
        *(event for event in decided(given(LAYERS, ahead=8)) if kinds([event]) == ["chained"]),
    ]
    again = given(LAYERS, *history, ahead=8)
    assert again.jobs[J].early == state.jobs[J].early
    for one in (state, again):
        when(one, ended(0), ended(1))
    assert decided(again) == decided(state)


def test_a_job_that_failed_somewhere_else_goes_on_with_its_steps():
    one = job(serial("x", "a", "b", "c"), serial("y", "d", "e"), at_once=True)
    state = given(one, leased(0), leased(3), failed(0), ahead=8)
    decided(state)
    assert chained(state) == {4: (3,)}


def test_what_is_leased_before_its_turn_is_not_skipped_for_something_else_that_failed_meanwhile():
    """As when it had begun: nobody knows whether it has."""
    beside = linked("beside", needs=("first",))
    state = going(job("first", "a", replace(beside, idempotent=False), "b", "c"))
    when(state, ended(0))
    decided(state)
    assert chained(state) == {3: (1,), 4: (3,)}
    when(state, ended(2, reason="code"))
    assert kinds(decided(state)) == ["failed"]
    when(state, ended(1), ended(3), ended(4))
    assert kinds(decided(state)) == ["job-finished"]
    assert state.jobs[J].counted() == {"succeeded": 4, "failed": 1}


def test_of_shell_texts_the_exit_code_says_it_all_too():
    assert chained(going(job("a", replace(action("b"), work=Shell("make")), "c"))) == {1: (0,), 2: (1,)}


def test_people_see_it_waiting():
    state = going(STEPS)
    assert list(state.jobs[J].seen) == [table.LEASED, table.WAITING, table.WAITING, table.WAITING]
    assert state.jobs[J].counted(as_seen=True) == {"waiting": 3, "leased": 1}
    when(state, ended(0))
    assert list(state.jobs[J].seen)[:2] == [table.SUCCEEDED, table.LEASED]
