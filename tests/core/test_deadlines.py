"""What time and other jobs do to a job: it is out of time, has waited too long, or follows others.

Knows a clock moved by hand; requests of people are test_wishes'.
"""

from __future__ import annotations

import pytest

from job_manager.core import events as e
from job_manager.core import said as s
from job_manager.core.decide import awaited, next_timer
from job_manager.core.ending import why_ended
from job_manager.core.evolve import fold
from job_manager.core.policy import GRACE
from job_manager.model.job import ALWAYS
from job_manager.model.record import replace
from job_manager.testing import HANGS, Farm, action, fails, job, lost, parallel, script, site, succeeds
from tests.core.given import NOW, J, W, decided, given, kinds, leased, only, started, submitted, when

FOUR = job(parallel("p", "a", "b"), "c", replace(action("tidy"), hook=ALWAYS))
HOUR = replace(FOUR, timeout=3600.0)


def test_when_its_time_has_run_out_all_that_is_left_is_ended_and_the_job_has_failed():
    farm = Farm(HOUR, outcomes=script({1: HANGS}))
    farm.run()
    assert farm.states() == {"p/a": "succeeded", "p/b": "failed", "c": "cancelled", "tidy": "cancelled"}
    assert kinds(farm.journal)[-4:] == ["job-timed-out", "attempt-failed", "failed", "job-finished"]
    assert farm.job.state == "failed"
    failure = farm.job.failures[1]
    assert (failure.reason, failure.message) == ("timeout", "the job's timeout of 1h 00m had passed")
    assert farm.clock.monotonic() == 3600.0


def test_the_time_counts_from_when_its_first_action_began():
    state = given(HOUR)
    assert next_timer(state) is None
    fold(state, [leased(0), started(0)])
    assert next_timer(state) == NOW + 3600.0
    assert decided(state, NOW + 3599.0) == [leased(1)]
    (event,) = only(decided(state, NOW + 3600.0), e.JobTimedOut)
    assert event == e.JobTimedOut(J, NOW + 3600.0, "timeout", 3600.0, GRACE)


def test_a_job_taken_up_again_has_its_time_anew_and_one_that_is_held_has_all_of_it():
    state = given(HOUR, leased(0), started(0), e.JobHeld(J, NOW, "paused", None))
    assert decided(state, NOW + 5000.0) == []
    assert next_timer(state) is None
    when(state, s.ReleaseJob(J), now=NOW + 5000.0)
    assert next_timer(state) == NOW + 5000.0 + 3600.0


def test_a_job_out_of_time_is_retried_with_all_its_time():
    farm = Farm(HOUR, outcomes=script({1: [HANGS, HANGS._replace(after=1800.0)]}))
    farm.run()
    farm.say(s.RetryActions(J, "failed"))
    farm.run()
    assert farm.job.state == "succeeded"


def test_what_waits_to_be_tried_again_is_not_when_time_has_run_out():
    one = replace(job(replace(action("a", retries=9), backoff=100.0)), timeout=10.0)
    farm = Farm(one, outcomes=script({0: fails()}))
    farm.run()
    assert farm.states() == {"a": "cancelled"}
    assert farm.job.state == "failed" and farm.supervisor.next_timer() is None


def test_what_must_not_run_twice_and_is_lost_at_the_end_of_its_time_is_lost():
    one = replace(job(action("a", idempotent=False), "b"), timeout=10.0)
    farm = Farm(one, outcomes=script({0: HANGS}))
    farm.settle()
    farm.clock.advance(11.0)
    farm.supervisor.turn(farm.clock.wall())
    farm.say(s.AttemptEnded(J, 0, 1, W, NOW, NOW, "lost"))
    farm.settle()
    assert farm.states() == {"a": "lost", "b": "cancelled"}
    assert farm.job.state == "failed"


def test_a_good_end_at_the_last_moment_is_a_good_end():
    farm = Farm(replace(job("a"), timeout=10.0), outcomes=script({0: HANGS}))
    farm.settle()
    farm.clock.advance(11.0)
    farm.supervisor.turn(farm.clock.wall())
    farm.say(s.AttemptEnded(J, 0, 1, W, NOW, NOW))
    farm.settle()
    assert farm.job.state == "succeeded"


@pytest.mark.parametrize("held", [False, True])
def test_what_has_not_begun_in_time_is_not_begun_any_more(held):
    farm = Farm(replace(FOUR, wait_timeout=60.0), workers=[])
    if held:
        farm.hold("paused", None)
    farm.turn()
    assert farm.supervisor.next_timer() == farm.clock.wall() + 60.0
    farm.clock.advance(60.0)
    assert kinds(farm.turn()) == ["job-timed-out", "job-finished"]
    assert farm.job.state == "failed" and set(farm.states().values()) == {"cancelled"}
    assert why_ended(farm.job) == "it had not begun within its wait_timeout of 1m 00s"


def test_what_has_begun_in_time_may_take_its_time():
    farm = Farm(replace(job("a", "b"), wait_timeout=0.5), outcomes=script({0: HANGS._replace(after=500.0)}))
    assert farm.run().state == "succeeded"


def test_a_backoff_is_the_first_of_the_waits():
    one = job(replace(action("a", retries=3), backoff=600.0))
    farm = Farm(one, outcomes=script({0: fails()}))
    farm.run()
    waits = [event.due - turn.now for turn in farm.turns for event in only(turn.events, e.RetryPlanned)]
    assert [450 <= wait <= 750 for wait in waits] == [True] * 3  # what is longer than five minutes does not grow


def test_a_loss_is_not_waited_for():
    farm = Farm(job(replace(action("a"), backoff=600.0)), outcomes=script({0: [lost(), fails()]}))
    farm.run()
    assert only(farm.journal, e.RetryPlanned) == []


# --- after other jobs -------------------------------------------------------------------------------------------------


def test_a_job_is_due_when_the_jobs_that_it_follows_have_succeeded():
    farm = Farm(job("a"), slots=4)
    farm.submit(job("b"), "j2")
    farm.submit(job("c"), "j3", replace(site(), after_jobs=("j1", "j2")))
    farm.run()
    order = [(event.job, type(event)) for event in farm.journal if isinstance(event, e.JobDue | e.JobFinished)]
    assert order.index(("j3", e.JobDue)) > max(order.index(("j1", e.JobFinished)), order.index(("j2", e.JobFinished)))
    assert [job.state for job in farm.jobs] == ["succeeded"] * 3


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_it_waits_while_one_of_them_has_not_succeeded_and_goes_on_when_that_is_retried(end):
    farm = Farm(job("a"), outcomes=lambda order: fails() if order.job == J and order.attempt == 1 else succeeds())
    farm.submit(job("c"), "j2", replace(site(), after_jobs=("j1",)))
    if end == "cancelled":
        farm.say(s.CancelJob(J, 0.0))
    farm.run()
    assert [each.state for each in farm.jobs] == [end, "waiting"]
    assert awaited(farm.supervisor.state, farm.jobs[1]) == ["j1"]
    assert farm.supervisor.next_timer() is None
    while farm.job.finished != "succeeded":
        farm.say(s.RetryActions(J, "failed"))
        farm.run()
    assert [each.state for each in farm.jobs] == ["succeeded", "succeeded"]


def test_of_a_job_that_nobody_knows_it_waits_and_can_be_cancelled():
    farm = Farm(job("a"), site=replace(site(), after_jobs=("gone",)))
    farm.run()
    assert farm.job.state == "waiting" and awaited(farm.supervisor.state, farm.job) == ["gone"]
    farm.say(s.CancelJob(J, 0.0))
    farm.run()
    assert farm.job.state == "cancelled"
    assert only(farm.journal, e.JobDue) == []


def test_both_the_time_and_the_other_jobs_have_to_come():
    start = NOW + 50.0
    state = given(job("a"), site=replace(site(), after_jobs=("j0",), not_before=start))
    fold(state, [submitted(job("z"), id="j0"), e.JobCancelled("j0", NOW, 0.0)])
    decided(state)
    assert next_timer(state) is None  # nothing comes of waiting
    other = given(job("a"), site=replace(site(), after_jobs=("j0",), not_before=start))
    fold(other, [submitted(job(), id="j0")])
    decided(other)
    assert next_timer(other) == start
    assert kinds(decided(other, start)) == ["job-due", "leased"]


@pytest.mark.parametrize("start", [0.0, 1.0, NOW - 1e6, NOW])
def test_a_time_that_is_over_is_due_at_once(start):
    farm = Farm(job("a"), site=replace(site(), not_before=start))
    farm.turn()
    assert farm.states() == {"a": "leased"}
    farm.run()
    assert farm.job.finished == "succeeded" and farm.supervisor.next_timer() is None
