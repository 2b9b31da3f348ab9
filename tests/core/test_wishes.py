"""What people ask for beside submitting: to pause and release, to cancel, to come first.

Knows the requests and what becomes of the job. What runs again or is left out is in test_again; that all of it holds in
any history is test_random's.
"""

from __future__ import annotations

import pytest

from job_manager.core import events as e
from job_manager.core import said as s
from job_manager.core.admit import admit
from job_manager.core.decide import StopAttempt, fresh_orders, orders
from job_manager.core.evolve import fold
from job_manager.core.state import State
from job_manager.model.document import job_document
from job_manager.model.errors import NotFound, Refused
from job_manager.model.fanout import Each
from job_manager.model.job import ALWAYS, ON_ERROR, Action
from job_manager.model.record import replace
from job_manager.testing import (
    HANGS,
    Farm,
    action,
    fails,
    job,
    linked,
    parallel,
    script,
    succeeds,
)
from tests.core.given import NOW, SITE, J, W, decided, ended, given, kinds, leased, only, play, started, when
from tests.core.making import fan

FOUR = job(parallel("p", "a", "b"), "c", "d")


def hook(name: str, when: str = ALWAYS) -> Action:
    return replace(action(name), hook=when)


def ran(farm: Farm, since: int = 0) -> list[str]:
    """Paths of what was leased, in order."""
    return [farm.job.shape.paths[event.action] for event in only(farm.journal[since:], e.ActionLeased)]


def said(farm: Farm, *words: s.Said) -> list[str]:
    """What follows at once, as kinds of events."""
    since = len(farm.journal)
    farm.say(*words)
    farm.settle()
    assert farm.supervisor.refused == []
    return kinds(farm.journal[since:])


def states(farm: Farm) -> list[str]:
    return list(farm.states().values())


# --- heard once ---------------------------------------------------------------------------------------------------

ONCE = [
    (s.SubmitJob("j2", job_document(FOUR), SITE, "r"), 1),
    (s.HoldJob(J, "paused", None, "r"), 1),
    (s.CancelJob(J, 1.0, "r"), 1),
    (s.CancelAction(J, 0, 1.0, "r"), 1),
    (s.SkipAction(J, 0, "r"), 1),
    (s.SetPriority(J, 5.0, "r"), 1),
    (s.ResumeJob(J, SITE, request="r"), 1),
]


@pytest.mark.parametrize(("word", "count"), ONCE, ids=lambda value: type(value).__name__)
def test_a_request_counts_once_and_its_events_name_it(word, count):
    state = given(FOUR)
    made = when(state, word, word)
    assert len(made) == count
    assert {event.request for event in made} == {"r"}  # type: ignore[union-attr]
    assert state.jobs[word.job].requests == {"r"}
    assert when(state, word) == []


def test_a_request_said_again_does_nothing_even_if_it_would_now():
    """A file that was read, and is read once more after a crash."""
    state = given(FOUR)
    when(state, s.HoldJob(J, "paused", None, "one"), s.ReleaseJob(J, "two"))
    assert when(state, s.HoldJob(J, "paused", None, "one")) == []
    assert state.jobs[J].held == ""


def test_requests_without_an_id_are_heard_as_often_as_they_mean_something():
    state = given(FOUR)
    assert kinds(when(state, s.HoldJob(J, "paused", None), s.ReleaseJob(J), s.HoldJob(J, "paused", None))) == [
        "job-held",
        "job-released",
        "job-held",
    ]


@pytest.mark.parametrize(
    "word",
    [
        s.ReleaseJob("nobody"),
        s.CancelJob("nobody", 1.0),
        s.CancelAction("nobody", 0, 1.0),
        s.RetryActions("nobody", "failed"),
        s.SkipAction("nobody", 0),
        s.SetPriority("nobody", 1.0),
        s.CancelAction(J, 99, 1.0),
        s.SkipAction(J, -1),
        s.RetryActions(J, "only", 99),
    ],
)
def test_what_names_no_job_or_action_is_not_found(word):
    with pytest.raises(NotFound):
        admit(given(FOUR), word, NOW)


# --- pause and release ------------------------------------------------------------------------------------------------


def test_paused_what_runs_goes_on_and_nothing_new_starts():
    farm = Farm(FOUR, slots=1)
    farm.settle()
    assert said(farm, s.HoldJob(J, "paused", None)) == ["job-held"]
    assert fresh_orders(farm.supervisor.state) == [] and farm.job.stopping == {}
    assert farm.job.state == "running"
    farm.run()
    assert farm.job.state == "paused"
    assert states(farm) == ["succeeded", "ready", "waiting", "waiting"]
    assert said(farm, s.ReleaseJob(J))[:2] == ["job-released", "leased"]
    assert farm.run().state == "succeeded"


def test_a_pause_outlasts_an_interruption():
    state = given(FOUR, leased(0))
    when(state, s.HoldJob(J, "paused", None))
    (event,) = when(state, s.HoldJob(J, "down", 3.0))
    assert event == e.JobHeld(J, NOW, "paused", 3.0)
    assert orders(state) == [StopAttempt(J, 0, 1, W, 3.0)]


def test_an_interrupted_job_can_be_paused():
    state = given(FOUR)
    assert kinds(when(state, s.HoldJob(J, "interrupted", 0.0), s.HoldJob(J, "paused", None))) == ["job-held"] * 2
    assert state.jobs[J].held == "paused"
    assert when(state, s.HoldJob(J, "interrupted", 0.0)) == []


def test_a_release_retries_nothing_that_failed():
    farm = Farm(job("a", "b", at_once=True), slots=1, outcomes=script({0: fails(), 1: HANGS}))
    farm.run()
    farm.hold(grace=0.0)
    farm.settle()
    assert said(farm, s.ReleaseJob(J)) == ["job-released", "leased", "started"]
    assert states(farm) == ["failed", "running"]


def test_nothing_is_released_that_is_not_held():
    state = given(FOUR)
    assert when(state, s.ReleaseJob(J)) == []
    play(state)
    assert when(state, s.ReleaseJob(J)) == []


def test_a_job_may_be_submitted_paused():
    state = State()
    made = when(state, s.SubmitJob(J, job_document(FOUR), SITE, "r", paused=True))
    assert kinds(made) == ["job-submitted", "job-held"]
    assert state.jobs[J].state == "paused"


# --- cancel -----------------------------------------------------------------------------------------------------------


def test_a_cancelled_job_ends_what_runs_and_starts_nothing():
    one = job(parallel("p", "a", "b", "c"), "d", hook("tidy"))
    farm = Farm(one, outcomes=script({0: HANGS, 1: HANGS}))
    farm.settle()
    assert said(farm, s.CancelJob(J, 5.0, "r")) == ["job-cancelled", "stopped", "stopped", "job-finished"]
    assert farm.job.state == "cancelled"
    assert set(states(farm)) == {"cancelled"}
    assert only(farm.journal, e.JobFinished)[-1].counts == {"cancelled": 5}
    assert farm.job.failures[0].reason == "cancelled"
    farm.run()
    assert len(farm.workers[0].begun) == 2


def test_leases_that_have_not_begun_come_back_cancelled():
    farm = Farm(FOUR)
    farm.turn()  # ordered, not begun
    assert said(farm, s.CancelJob(J, 5.0)) == ["job-cancelled", "returned", "returned", "job-finished"]


def test_a_success_in_the_meantime_is_a_success():
    farm = Farm(FOUR, outcomes=script({0: HANGS, 1: HANGS}))
    farm.settle()
    farm.say(s.CancelJob(J, 5.0), s.AttemptEnded(J, 0, 1, W, NOW, NOW))
    farm.settle()
    assert states(farm) == ["succeeded", "cancelled", "cancelled", "cancelled"]
    assert farm.job.state == "cancelled"


def test_a_job_that_has_come_to_a_good_end_when_it_was_to_be_cancelled_has_succeeded():
    farm = Farm(job("a"), outcomes=script({0: HANGS}))
    farm.settle()
    farm.say(s.CancelJob(J, 5.0), s.AttemptEnded(J, 0, 1, W, NOW, NOW))
    farm.settle()
    assert farm.job.state == "succeeded"


def test_a_shorter_grace_said_later_counts_and_a_longer_one_does_not():
    state = given(FOUR, leased(0), leased(1))
    assert kinds(when(state, s.CancelJob(J, 10.0), s.CancelJob(J, 20.0))) == ["job-cancelled"]
    assert kinds(when(state, s.CancelJob(J, 2.0))) == ["job-cancelled"]
    assert [order.grace for order in orders(state) if isinstance(order, StopAttempt)] == [2.0, 2.0]
    assert kinds(when(state, s.CancelAction(J, 0, 0.0))) == ["cancelled"]
    assert [order.grace for order in orders(state) if isinstance(order, StopAttempt)] == [0.0, 2.0]


def test_cancelled_while_it_waits_to_be_tried_again():
    farm = Farm(job(action("a", retries=3), "b"), outcomes=script({0: fails()}))
    farm.settle()
    farm.pass_time()
    farm.settle()
    assert states(farm) == ["retrying", "waiting"]
    assert said(farm, s.CancelJob(J, 5.0)) == ["job-cancelled", "job-finished"]
    assert farm.supervisor.next_timer() is None


def test_a_failure_of_what_is_being_cancelled_is_not_tried_again():
    state = given(job(action("a", retries=3), "b"), leased(0), started(0))
    when(state, s.CancelJob(J, 5.0), ended(0, reason="code"))
    assert kinds(decided(state)) == ["job-finished"]
    assert state.jobs[J].counted() == {"cancelled": 2}


@pytest.mark.parametrize("word", [s.CancelJob(J, 0.0), s.CancelAction(J, 0, 0.0)])
def test_what_must_not_run_twice_and_is_lost_while_it_is_cancelled_is_lost(word):
    state = given(job(action("a", idempotent=False), "b"), leased(0), started(0))
    when(state, word, ended(0, reason="lost"))
    assert "lost" in kinds(decided(state))
    assert state.jobs[J].counted()["lost"] == 1
    assert state.jobs[J].finished == ("cancelled" if isinstance(word, s.CancelJob) else "failed")


@pytest.mark.parametrize("word", [s.CancelJob(J, 0.0), s.CancelAction(J, 0, 0.0)])
def test_what_is_cancelled_when_its_worker_is_gone_is_cancelled(word):
    state = given(job("a", "b"), leased(0), started(0))
    when(state, word, s.WorkerGone(J, W))
    decided(state)
    assert state.jobs[J].counted()["cancelled"] >= 1
    assert state.jobs[J].finished


def test_a_fan_out_that_is_not_known_yet_is_cancelled_and_found_when_it_runs_again():
    one = job(linked("makes", writes=("m/",)), fan("f", Each("x", over="m")))
    files = [["m", 1, 1, 1, 1, "", {"files": [["1", 1, 1, 1], ["2", 2, 1, 1]]}]]
    farm = Farm(one, outcomes=script({0: [HANGS, succeeds()._replace(outputs=files)]}))
    farm.settle()
    said(farm, s.CancelJob(J, 0.0))
    assert farm.job.counted() == {"cancelled": 2}
    said(farm, s.RetryActions(J, "failed"))
    assert farm.run().state == "succeeded"
    assert farm.job.counted() == {"succeeded": 3}


def test_a_cancelled_job_can_be_cancelled_again_and_a_finished_one_cannot():
    state = given(FOUR)
    when(state, s.CancelJob(J, 0.0))
    decided(state)
    assert when(state, s.CancelJob(J, 0.0)) == []
    other = given(FOUR)
    play(other)
    with pytest.raises(Refused, match="job j1 has ended as succeeded"):
        admit(other, s.CancelJob(J, 0.0), NOW)


def test_before_it_is_due_paused_or_held_a_job_is_cancelled_at_once():
    for history in ([], [e.JobHeld(J, NOW, "paused", 0.0)]):
        state = given(FOUR, *history)
        when(state, s.CancelJob(J, 10.0))
        assert kinds(decided(state)) == ["job-finished"]


def test_resumed_a_cancelled_job_runs_what_did_not_succeed():
    farm = Farm(FOUR, outcomes=script({0: succeeds(), 1: [HANGS, succeeds()]}))
    farm.run()
    said(farm, s.CancelJob(J, 0.0))
    farm.resume()
    farm.run()
    assert farm.job.state == "succeeded"
    assert ran(farm) == ["p/a", "p/b", "p/b", "c", "d"]


def test_of_one_cancelled_action_what_follows_is_skipped_and_it_is_to_blame():
    farm = Farm(FOUR, outcomes=script({0: HANGS}))
    farm.run()
    assert said(farm, s.CancelAction(J, 0, 1.0)) == ["cancelled", "stopped", "skipped", "job-finished"]
    assert farm.states() == {"p/a": "cancelled", "p/b": "succeeded", "c": "skipped", "d": "skipped"}
    assert {event.because for event in only(farm.journal, e.ActionsSkipped)} == {0}
    assert farm.job.state == "failed"


def test_an_action_is_cancelled_before_its_turn_and_what_comes_before_it_goes_on():
    farm = Farm(FOUR)
    farm.settle()
    assert said(farm, s.CancelAction(J, 2, 1.0)) == ["cancelled"]
    farm.run()
    assert farm.states() == {"p/a": "succeeded", "p/b": "succeeded", "c": "cancelled", "d": "skipped"}
    assert farm.job.state == "failed"


def test_what_a_fan_out_stands_for_is_cancelled_with_it():
    farm = Farm(job(fan("f", Each("n", ("1", "2", "3"))), "z"), slots=1, outcomes=script({2: HANGS}))
    farm.run()
    said(farm, s.CancelAction(J, 0, 0.0))
    assert farm.job.counted() == {"cancelled": 3, "skipped": 1}


def test_hooks_follow_a_cancelled_action_as_they_follow_a_failure():
    farm = Farm(job("a", hook("sorry", ON_ERROR)), outcomes=script({0: HANGS}))
    farm.settle()
    said(farm, s.CancelAction(J, 0, 0.0))
    farm.run()
    assert farm.states() == {"a": "cancelled", "sorry": "succeeded"}


def test_there_is_nothing_to_cancel_of_what_is_over():
    farm = Farm(job("a", "b"), outcomes=script({1: fails()}))
    farm.run()
    for index, state in enumerate(("succeeded", "failed")):
        with pytest.raises(Refused, match=f"is {state}; there is nothing to cancel"):
            admit(farm.supervisor.state, s.CancelAction(J, index, 0.0), NOW)


# --- priority ---------------------------------------------------------------------------------------------------------


def test_a_priority_said_later_counts_from_then_on():
    state = given(FOUR, slots=1)
    fold(state, [e.JobSubmitted("j2", NOW + 1, job_document(FOUR), SITE), e.WorkerJoined("j2", W, 1, 0, NOW)])
    assert when(state, s.SetPriority("j2", 3.0, "r")) == [e.PriorityChanged("j2", NOW, 3.0, "r")]
    assert when(state, s.SetPriority("j2", 3.0)) == []
    assert [event.job for event in only(decided(state), e.ActionLeased)] == ["j2"]


def test_the_priority_of_what_is_over_means_nothing():
    state = given(FOUR)
    play(state)
    with pytest.raises(Refused, match="has ended as succeeded"):
        admit(state, s.SetPriority(J, 3.0), NOW)


@pytest.mark.parametrize("wish", [s.SkipAction, lambda job, action: s.CancelAction(job, action, 0.0)])
def test_a_member_that_was_settled_before_its_fan_out_is_left_out_does_not_hold_up_the_job(wish):
    farm = Farm(job("a", replace(fan("f", Each("k", ("x", "y"))), when="false"), "b"), outcomes=script({0: HANGS}))
    farm.settle()
    assert said(farm, wish(J, 3)) != []
    farm.say(s.AttemptEnded(J, 0, 1, W, NOW, NOW))
    farm.run()
    assert farm.job.finished
