"""What people have run again, and what they go on without: what follows from it, and what stays as it is.

Knows the requests and what becomes of the job; that all of it holds in any history is test_random's.
"""

from __future__ import annotations

import pytest

from job_manager.core import events as e
from job_manager.core import said as s
from job_manager.core.admit import admit
from job_manager.model.errors import Refused
from job_manager.model.fanout import Each
from job_manager.model.job import ON_ERROR, Job
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
from tests.core.given import NOW, J, given, leased, only, started, when
from tests.core.making import fan
from tests.core.test_wishes import FOUR, hook, ran, said, states

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
