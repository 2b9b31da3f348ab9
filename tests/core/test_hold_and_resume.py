"""Held, taken up again, taken up with an edited text: at any moment, and what is kept.

Knows a person's wishes and what becomes of running attempts; rows of the table are test_table's.
"""

from __future__ import annotations

import pytest

from job_manager.core import events as e
from job_manager.core import said as s
from job_manager.core.decide import StartAttempt, StopAttempt, fresh_orders, next_timer, orders
from job_manager.core.evolve import fold
from job_manager.testing import HANGS, Farm, action, fails, job, parallel, script, serial
from tests.core.given import NOW, SITE, J, W, decided, failed, given, kinds, leased, only, when
from tests.core.rows import SCENARIOS, fans_out_and_leaves_out, out_of_time

THREE = job(parallel("p", "a", "b"), "c")


def test_when_held_nothing_starts_and_what_runs_is_told_to_end():
    farm = Farm(THREE, slots=2)
    farm.turn()
    farm.workers[0].slots = 1  # so that the second of them waits
    farm.settle()
    farm.hold(grace=7.0)
    farm.turn()
    assert orders(farm.supervisor.state) == [StopAttempt(J, 0, 1, W, 7.0), StopAttempt(J, 1, 1, W, 7.0)]
    farm.settle()
    assert kinds(farm.journal)[-3:] == ["job-held", "stopped", "returned"]
    assert farm.job.state == "interrupted"
    assert farm.states() == {"p/a": "ready", "p/b": "ready", "c": "waiting"}


def test_a_held_job_is_running_until_its_last_attempt_has_ended():
    farm = Farm(THREE, outcomes=script({0: HANGS}))
    farm.settle()
    farm.hold("paused")
    farm.supervisor.turn(farm.clock.wall())
    assert farm.job.state == "running"
    farm.say(s.AttemptEnded(J, 0, 1, W, NOW, NOW, "stopped"), s.AttemptEnded(J, 1, 1, W, NOW, NOW))
    farm.turn()
    assert farm.job.state == "paused"


def test_a_success_that_comes_while_held_counts():
    farm = Farm(THREE, slots=1, outcomes=script())
    farm.settle()
    farm.hold()
    farm.say(s.AttemptEnded(J, 0, 1, W, NOW, NOW))
    farm.settle()
    assert farm.states()["p/a"] == "succeeded"
    assert farm.states()["p/b"] == "ready"


def test_a_job_whose_last_action_ends_while_held_is_finished():
    farm = Farm(job("a"))
    farm.settle()
    farm.hold()
    farm.say(s.AttemptEnded(J, 0, 1, W, NOW, NOW))
    farm.turn()
    assert farm.job.state == "succeeded"


def test_retries_wait_while_held_and_come_when_taken_up():
    farm = Farm(job(action("a", retries=1)), outcomes=script({0: [fails()]}))
    farm.settle()
    farm.pass_time()
    farm.settle()
    farm.hold()
    farm.settle()
    assert next_timer(farm.supervisor.state) is None
    farm.clock.advance(1000)
    assert kinds(farm.turn()) == []
    farm.resume()
    assert kinds(farm.turn()) == ["job-resumed", "retried", "leased"]


def test_a_hold_that_ends_sooner_is_ordered_again():
    farm = Farm(job("a"), outcomes=script({0: HANGS._replace(heeds=False)}))
    farm.settle()
    farm.hold(grace=10.0)
    farm.settle()
    assert farm.states() == {"a": "running"}
    farm.hold(grace=0.0)
    farm.settle()
    assert farm.states() == {"a": "ready"}


def test_who_does_not_heed_ends_after_the_grace():
    farm = Farm(job("a"), outcomes=script({0: HANGS._replace(heeds=False)}))
    farm.settle()
    farm.hold(grace=10.0)
    farm.run()
    assert farm.clock.monotonic() == 10.0
    assert farm.job.state == "interrupted"


@pytest.mark.parametrize(
    "scenario",
    [each for each in SCENARIOS if each not in (fans_out_and_leaves_out, out_of_time)],
    ids=lambda each: each.__name__,
)
@pytest.mark.parametrize("after", range(0, 40, 3))
def test_held_and_taken_up_at_any_point_the_job_comes_to_its_end(scenario, after):
    """The scenario's job stopped after a number of its events, with whatever is open then."""
    source = scenario()
    journal = source.journal[: after + 2]
    state = fold(type(source.supervisor.state)(), journal)
    when(state, s.WorkerAnnounced(J, "w9", 2, 1))
    if state.jobs[J].finished:
        assert when(state, s.HoldJob(J, "paused", 0.0)) == []
        return
    assert kinds(when(state, s.HoldJob(J, "interrupted", 0.0))) in (["job-held"], [])
    assert only(decided(state), e.ActionLeased) == []
    for at, lease in list(state.jobs[J].leases.items()):
        when(state, s.AttemptEnded(J, at, lease.attempt, lease.worker, NOW, NOW, "stopped"))
    if state.jobs[J].finished != "succeeded":
        assert kinds(when(state, s.ResumeJob(J, SITE, lost=True))) == ["job-resumed"]
    finish(state)
    assert state.jobs[J].state == "succeeded"


def finish(state):
    now = NOW
    while True:
        decided(state, now)
        leases = dict(state.jobs[J].leases)
        for at, lease in leases.items():
            when(state, s.AttemptEnded(J, at, lease.attempt, lease.worker, now, now))
        timer = next_timer(state)
        if not leases and timer is None:
            return
        now = max(now, timer or now)


def test_a_stop_is_not_taken_back_by_taking_the_job_up():
    """A worker that has given an attempt back must not be told to start that same attempt after all."""
    state = given(THREE, leased(0))
    when(state, s.HoldJob(J, "paused", 5.0))
    assert fresh_orders(state) == orders(state) == [StopAttempt(J, 0, 1, W, 5.0)]
    when(state, s.ResumeJob(J, SITE))
    assert orders(state) == [StopAttempt(J, 0, 1, W, 5.0)]
    when(state, s.AttemptReturned(J, 0, 1, W))
    decided(state)
    assert orders(state) == [StartAttempt(J, 0, 2, W), StartAttempt(J, 1, 1, W)]


def test_a_failed_job_goes_on_where_it_failed():
    farm = Farm(job("a", parallel("p", "b", "c"), "d"), outcomes=script({1: [fails(), fails(after=2.0)]}))
    farm.run()
    assert farm.states() == {"a": "succeeded", "p/b": "failed", "p/c": "succeeded", "d": "skipped"}
    farm.resume()
    farm.turn()
    assert farm.states() == {"a": "succeeded", "p/b": "leased", "p/c": "succeeded", "d": "waiting"}
    assert farm.job.finished_at == 0.0
    farm.run()
    assert farm.states()["p/b"] == "failed"
    farm.workers[0].outcomes = script()
    farm.resume()
    farm.run()
    assert farm.job.state == "succeeded"
    assert [at for _, at, _ in farm.workers[0].begun] == [0, 1, 2, 1, 1, 3]
    assert kinds(farm.journal).count("job-finished") == 3


def test_taking_up_gives_new_budgets():
    farm = Farm(job(action("a", retries=1)), outcomes=script({0: fails()}))
    farm.run()
    farm.resume()
    farm.run()
    assert len(only(farm.journal, e.AttemptFailed)) == 4


# --- edited -------------------------------------------------------------------------------------------------------


def failed_farm() -> Farm:
    """a, b and c ran; d failed; e was skipped."""
    farm = Farm(job("a", parallel("p", "b", "c"), "d", "e"), outcomes=script({3: fails()}))
    farm.run()
    return farm


def ran_again(farm: Farm, since: int) -> list[str]:
    return [farm.job.shape.paths[event.action] for event in only(farm.journal[since:], e.ActionLeased)]


def test_an_edited_job_keeps_what_is_kept_and_runs_the_rest():
    farm = failed_farm()
    farm.workers[0].outcomes = script()
    since = len(farm.journal)
    farm.resume(job("new", parallel("p", "c", "b"), "a", "f"), [(1, 2), (3, 0)])
    farm.run()
    assert farm.states() == {
        "new": "succeeded",
        "p/c": "succeeded",
        "p/b": "succeeded",
        "a": "succeeded",
        "f": "succeeded",
    }
    assert ran_again(farm, since) == ["new", "p/b", "f"]
    assert farm.job.state == "succeeded"


def test_a_kept_result_after_an_action_that_fails_now_stays():
    farm = failed_farm()
    farm.workers[0].outcomes = script({0: fails()})
    since = len(farm.journal)
    farm.resume(job("a", parallel("p", "b", "c"), "d"), [(1, 1), (2, 2)])
    farm.run()
    assert farm.states() == {"a": "failed", "p/b": "succeeded", "p/c": "succeeded", "d": "skipped"}
    assert ran_again(farm, since) == ["a"]
    assert farm.job.state == "failed"
    farm.workers[0].outcomes = script()
    farm.resume()
    farm.run()
    assert farm.job.state == "succeeded"
    assert ran_again(farm, since) == ["a", "a", "d"]


def test_an_edit_that_keeps_everything_is_over_at_once():
    farm = failed_farm()
    farm.resume(job("a", "b", "c"), [(0, 0), (1, 1), (2, 2)])
    assert kinds(farm.turn()) == ["job-resumed", "job-finished"]
    assert farm.job.state == "succeeded"


def test_kept_results_keep_outputs_and_times():
    farm = Farm(job("a", "b"), outcomes=script({1: fails()}))
    farm.settle()
    outputs = [["clip", 1, 2, 3, 4, "sha256:0"]]
    farm.say(s.AttemptEnded(J, 0, 1, W, 5.0, 6.0, outputs=outputs))
    farm.run()
    farm.resume(job("x", "a"), [(1, 0)])
    farm.turn()
    kept = farm.job
    assert (kept.results, kept.began[1], kept.ended[1], kept.attempts[1]) == ({1: outputs}, 5.0, 6.0, 1)


def test_an_attempt_number_is_never_used_twice_over_any_edits():
    """An attempt's token names one attempt for ever, whatever its index means after an edit."""
    farm = Farm(job("a", action("b", retries=3)), outcomes=script({1: fails()}))
    farm.run()
    farm.resume(job("a"), [(0, 0)])
    farm.run()
    farm.resume(job("a", "c"), [(0, 0)])
    farm.run()
    begun = farm.workers[0].begun
    assert len(begun) == len(set(begun)) == 6
    assert begun[-1] == (J, 1, 5)


def test_an_edit_of_a_succeeded_job_is_taken():
    farm = Farm(job("a"))
    farm.run()
    farm.resume(job("a", "b"), [(0, 0)])
    farm.run()
    assert farm.states() == {"a": "succeeded", "b": "succeeded"}


def test_an_edit_of_an_interrupted_job_starts_over_with_what_is_open_gone():
    farm = Farm(job(serial("s", "a", action("b", retries=9), "c")), outcomes=script({1: fails()}))
    farm.settle()
    for _ in range(4):
        farm.pass_time()
        farm.settle()
    farm.hold(grace=0.0)
    farm.settle()
    farm.workers[0].outcomes = script()
    farm.resume(job("b", "a"), [(1, 0)])
    farm.run()
    assert farm.states() == {"b": "succeeded", "a": "succeeded"}
    assert farm.job.timers == []


def test_a_retry_that_is_due_while_held_waits_whatever_else_happens():
    one = job(action("a", retries=1), "b", at_once=True)
    state = given(one, leased(0), leased(1), failed(0), e.RetryPlanned(J, 0, NOW + 1), e.JobHeld(J, NOW, "paused", 1.0))
    when(state, s.AttemptReturned(J, 1, 1, W))
    assert decided(state, NOW + 99) == []
    when(state, s.ResumeJob(J, SITE))
    assert kinds(decided(state, NOW + 99)) == ["retried", "leased", "leased"]
