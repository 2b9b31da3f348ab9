"""What people ask for beside submitting: to pause and release, cancel, run again, go on without, come first.

Knows the requests and what becomes of the job; that all of it holds in any history is test_random's.
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
from job_manager.model.job import ALWAYS, ON_ERROR, Action, Job
from job_manager.model.record import replace
from job_manager.testing import (
    HANGS,
    Farm,
    action,
    fails,
    growing,
    job,
    linked,
    lost,
    parallel,
    printing,
    script,
    serial,
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


# --- run again --------------------------------------------------------------------------------------------------------


def failed_farm() -> Farm:
    """a and b run at once; b fails; c and d are skipped, sorry runs."""
    farm = Farm(
        replace(FOUR, children=(*FOUR.children, hook("sorry", ON_ERROR))), outcomes=script({1: [fails(), succeeds()]})
    )
    farm.run()
    assert states(farm) == ["succeeded", "failed", "skipped", "skipped", "succeeded"]
    return farm


def test_what_failed_and_what_was_skipped_for_it_runs_again():
    farm = failed_farm()
    since = len(farm.journal)
    assert said(farm, s.RetryActions(J, "failed", request="r"))[:2] == ["job-retried", "leased"]
    (event,) = only(farm.journal[since:], e.JobRetried)
    assert list(event.actions) == [(1, 5)]
    farm.run()
    assert farm.job.state == "succeeded"
    assert ran(farm, since) == ["p/b", "c", "d"]
    assert farm.states()["sorry"] == "skipped"  # nothing to be sorry for


def test_from_an_action_all_that_follows_runs_again_also_what_succeeded():
    farm = Farm(job("a", parallel("p", serial("s", "b", "c"), "x"), "d", hook("tidy")))
    farm.run()
    since = len(farm.journal)
    said(farm, s.RetryActions(J, "from", 1))
    farm.run()
    assert ran(farm, since) == ["p/s/b", "p/s/c", "d", "tidy"]
    assert farm.job.state == "succeeded"


def test_only_the_action_runs_again_and_what_follows_stays():
    farm = Farm(job("a", "b", "c"))
    farm.run()
    since = len(farm.journal)
    said(farm, s.RetryActions(J, "only", 1))
    assert farm.job.state == "running"
    farm.run()
    assert ran(farm, since) == ["b"]
    assert farm.job.state == "succeeded"


def test_only_leaves_skipped_what_was_skipped():
    farm = failed_farm()
    since = len(farm.journal)
    said(farm, s.RetryActions(J, "only", 1))
    farm.run()
    assert ran(farm, since) == ["p/b"]
    assert states(farm)[:4] == ["succeeded", "succeeded", "skipped", "skipped"]
    assert farm.job.state == "failed"
    said(farm, s.RetryActions(J, "failed"))
    assert farm.run().state == "succeeded"


def test_an_action_runs_again_while_others_are_at_work():
    one = job(parallel("p", "a", "b"), "c")
    farm = Farm(one, outcomes=script({0: [fails(), succeeds()], 1: HANGS._replace(after=50.0)}))
    farm.settle()
    farm.pass_time()
    farm.settle()
    assert states(farm) == ["failed", "running", "waiting"]
    said(farm, s.RetryActions(J, "failed"))
    assert farm.run().state == "succeeded"
    assert ran(farm) == ["p/a", "p/b", "p/a", "c"]


def test_what_is_to_be_tried_again_later_runs_at_once_when_asked():
    farm = Farm(job(action("a", retries=3)), outcomes=script({0: [fails(), succeeds()]}))
    farm.settle()
    farm.pass_time()
    farm.settle()
    assert said(farm, s.RetryActions(J, "only", 0)) == ["job-retried", "leased", "started"]
    assert farm.run().state == "succeeded"
    assert farm.supervisor.next_timer() is None


def test_budgets_are_fresh():
    farm = Farm(job(action("a", retries=1), action("b", retries=1)), outcomes=script({0: fails()}))
    farm.run()
    said(farm, s.RetryActions(J, "failed"))
    farm.run()
    assert len(only(farm.journal, e.AttemptFailed)) == 4


def test_what_may_have_run_runs_again_when_a_person_says_so():
    once = action("once", idempotent=False)
    farm = Farm(job(once, "b"), outcomes=script({0: [lost(), lost(), succeeds()]}))
    farm.run()
    with pytest.raises(Refused, match="may have run already"):
        admit(farm.supervisor.state, s.RetryActions(J, "failed"), NOW)
    said(farm, s.RetryActions(J, "only", 0))  # that is to say so
    farm.run()
    assert states(farm) == ["lost", "skipped"]
    said(farm, s.RetryActions(J, "failed", lost=True))
    assert farm.run().state == "succeeded"


def test_what_failed_runs_again_and_what_may_have_run_does_not():
    once = action("once", idempotent=False)
    farm = Farm(job(parallel("p", once, "b"), "c"), outcomes=script({0: lost(), 1: [fails(), succeeds()]}))
    farm.run()
    since = len(farm.journal)
    said(farm, s.RetryActions(J, "failed"))
    farm.run()
    assert ran(farm, since) == ["p/b"]
    assert farm.states() == {"p/once": "lost", "p/b": "succeeded", "c": "skipped"}


def test_what_was_lost_is_made_again_with_what_needs_it():
    """`also`: what an artifact was made by that is not there any more."""
    farm = Farm(job("a", "b", "c"))
    farm.run()
    since = len(farm.journal)
    said(farm, s.RetryActions(J, "only", 2, also=[0]))
    farm.run()
    assert ran(farm, since) == ["a", "c"]
    assert farm.job.state == "succeeded"


def test_a_retried_job_is_held_no_more_unless_it_is_paused():
    for why, held in (("interrupted", ""), ("down", ""), ("paused", "paused")):
        farm = Farm(job("a", "b", at_once=True), outcomes=script({0: fails(), 1: HANGS}))
        farm.run()
        farm.hold(why, grace=0.0)
        farm.settle()
        said(farm, s.RetryActions(J, "failed"))
        assert farm.job.held == held


@pytest.mark.parametrize(
    ("word", "why"),
    [
        (s.RetryActions(J, "failed"), "nothing of job j1 has failed"),
        (s.RetryActions(J, "only", 0), "p/a of job j1 is at work"),
        (s.RetryActions(J, "from", 0), "p/a of job j1 is at work"),
        (s.RetryActions(J, "only", 2), "c is waiting; it runs when its turn comes"),
    ],
)
def test_what_cannot_run_again_now_is_refused(word, why):
    with pytest.raises(Refused, match=why):
        admit(given(FOUR, leased(0), started(0)), word, NOW)


def test_what_follows_and_is_at_work_is_in_the_way():
    farm = Farm(FOUR, outcomes=script({2: HANGS}))
    farm.run()
    for mode in ("only", "from"):
        with pytest.raises(Refused, match="c of job j1 is at work"):
            admit(farm.supervisor.state, s.RetryActions(J, mode, 0), NOW)


def test_what_follows_a_failure_cannot_run_before_that():
    farm = failed_farm()
    for mode in ("only", "from"):
        with pytest.raises(Refused, match="c follows p/b, which is failed"):
            admit(farm.supervisor.state, s.RetryActions(J, mode, 2), NOW)


def test_while_a_job_is_being_cancelled_nothing_runs_again():
    state = given(FOUR, leased(0))
    when(state, s.CancelJob(J, 5.0))
    for mode in ("failed", "only", "from"):
        with pytest.raises(Refused, match="is being ended: 1 of its attempts"):
            admit(state, s.RetryActions(J, mode, 1), NOW)


def test_what_has_printed_more_cannot_print_it_twice():
    farm = Farm(job("z", growing("a"), "b"), outcomes=script({1: printing(parallel("new", "c"))}))
    farm.run()
    for word in (s.RetryActions(J, "only", 1), s.RetryActions(J, "from", 0)):
        with pytest.raises(Refused, match="a has printed what is part of the job now"):
            admit(farm.supervisor.state, word, NOW)
    said(farm, s.RetryActions(J, "from", farm.job.shape.paths.index("a/new/c")))
    assert farm.run().state == "succeeded"


def test_members_of_a_fan_out_run_again_together_or_alone():
    farm = Farm(job(fan("f", Each("n", ("1", "2", "3"))), "z"), outcomes=script({3: [fails(), succeeds()]}))
    farm.run()
    since = len(farm.journal)
    said(farm, s.RetryActions(J, "only", 3))
    farm.run()
    assert len(ran(farm, since)) == 1
    said(farm, s.RetryActions(J, "from", 0))
    farm.run()
    assert len(ran(farm, since)) == 1 + 4
    assert farm.job.state == "succeeded"


def test_what_was_left_out_by_its_condition_is_asked_again_when_what_it_asks_for_runs_again():
    rescue = linked("rescue", needs=("ship",), when="ship.failed")
    party = linked("party", needs=("ship",), when="ship.succeeded")
    never = linked("never", when="false")
    farm = Farm(job(action("ship"), rescue, party, never, at_once=True), outcomes=script({0: [fails(), succeeds()]}))
    farm.run()
    assert states(farm) == ["failed", "succeeded", "skipped", "skipped"]
    since = len(farm.journal)
    said(farm, s.RetryActions(J, "failed"))
    farm.run()
    assert ran(farm, since) == ["ship", "party"]
    assert states(farm) == ["succeeded", "succeeded", "succeeded", "skipped"]


def test_a_hook_runs_again_alone_and_after_what_it_follows():
    farm = Farm(job(serial("s", "a", hook("tidy")), "b"))
    farm.run()
    since = len(farm.journal)
    said(farm, s.RetryActions(J, "only", 1))
    farm.run()
    assert ran(farm, since) == ["s/tidy"]
    said(farm, s.RetryActions(J, "from", 0))
    farm.run()
    assert ran(farm, since) == ["s/tidy", "s/a", "s/tidy", "b"]


# --- go on without ----------------------------------------------------------------------------------------------------


def test_without_what_failed_what_follows_runs():
    farm = failed_farm()
    since = len(farm.journal)
    assert said(farm, s.SkipAction(J, 1, "r"))[:2] == ["excused", "leased"]
    farm.run()
    assert ran(farm, since) == ["c", "d"]
    assert farm.states()["p/b"] == "skipped" and farm.job.state == "succeeded"
    assert farm.job.missed == 0


def test_what_reads_something_of_it_is_left_out_too():
    one = job(linked("a", writes=("x",)), linked("b", reads=("x",)), "c")
    farm = Farm(one, outcomes=script({0: fails()}))
    farm.run()
    said(farm, s.SkipAction(J, 0))
    farm.run()
    assert farm.states() == {"a": "skipped", "b": "skipped", "c": "succeeded"}
    assert farm.job.state == "succeeded"


def test_skipped_before_its_turn_in_a_serial_task():
    farm = Farm(job(serial("s", "a", "b", "c")))
    farm.settle()
    assert said(farm, s.SkipAction(J, 1)) == ["excused"]
    farm.run()
    assert ran(farm) == ["s/a", "s/c"]
    assert farm.job.state == "succeeded"


@pytest.mark.parametrize("mode", ["failed", "from"])
def test_what_a_person_left_out_stays_so_over_a_retry(mode):
    farm = Farm(job("a", "b", "c"), outcomes=script({2: [fails(), succeeds()]}))
    farm.turn()
    said(farm, s.SkipAction(J, 1))
    farm.run()
    assert states(farm) == ["succeeded", "skipped", "failed"]
    farm.say(s.RetryActions(J, mode, 0))
    farm.run()
    assert states(farm) == ["succeeded", "skipped", "succeeded"]
    farm.say(s.RetryActions(J, "only", 1))
    farm.run()
    assert states(farm) == ["succeeded"] * 3


def test_what_a_person_left_out_stays_so_when_the_job_is_taken_up():
    farm = Farm(job("a", "b"), outcomes=script({1: [fails(), succeeds()]}))
    farm.turn()
    farm.say(s.CancelAction(J, 0, 0.0))
    farm.settle()
    said(farm, s.SkipAction(J, 0))
    farm.run()
    farm.resume()
    farm.run()
    assert states(farm) == ["skipped", "succeeded"]
    assert farm.job.state == "succeeded"


def test_what_is_left_of_a_fan_out_is_skipped_with_it():
    farm = Farm(job(fan("f", Each("n", ("1", "2", "3"))), "z"), outcomes=script({3: fails(), 4: fails()}))
    farm.run()
    said(farm, s.SkipAction(J, 0))
    farm.run()
    assert farm.job.counted() == {"succeeded": 2, "skipped": 2}
    assert farm.job.state == "succeeded"


def test_a_lost_one_is_gone_on_without():
    farm = Farm(job(action("once", idempotent=False), "b"), outcomes=script({0: lost()}))
    farm.run()
    said(farm, s.SkipAction(J, 0))
    farm.run()
    assert states(farm) == ["skipped", "succeeded"]


def test_another_failure_keeps_skipped_what_needs_it():
    one: Job = job(parallel("p", "a", "b"), "c")
    farm = Farm(one, outcomes=script({0: fails(), 1: fails()}))
    farm.run()
    said(farm, s.SkipAction(J, 0))
    assert states(farm) == ["skipped", "failed", "skipped"]
    assert farm.job.state == "failed"


@pytest.mark.parametrize(
    ("at", "why"),
    [(0, "is succeeded; there is nothing to skip"), (1, "it is at work"), (3, "something before it did not succeed")],
)
def test_what_cannot_be_skipped_is_refused(at, why):
    one = job(parallel("p", "a", "b", serial("s", "x", "y")), "c")
    farm = Farm(one, slots=3, outcomes=script({1: HANGS, 2: fails()}))
    farm.run()
    with pytest.raises(Refused, match=why):
        admit(farm.supervisor.state, s.SkipAction(J, at), NOW)


def test_of_a_cancelled_job_nothing_is_skipped_and_what_is_left_out_is_left_out_once():
    farm = Farm(FOUR)
    farm.turn()
    said(farm, s.SkipAction(J, 3))
    assert said(farm, s.SkipAction(J, 3)) == []
    farm.say(s.CancelJob(J, 0.0))
    farm.settle()
    with pytest.raises(Refused, match="job j1 was cancelled"):
        admit(farm.supervisor.state, s.SkipAction(J, 0), NOW)


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
