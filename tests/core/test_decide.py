"""What must happen next: retries and their waits, losses and their budget, leases and who may take them.

Knows histories as events; how a tree goes on is in test_tree.
"""

from __future__ import annotations

import pytest

from job_manager.core import events as e
from job_manager.core import said as s
from job_manager.core.decide import decide, is_due, next_timer
from job_manager.core.evolve import evolve, fold
from job_manager.core.policy import LONGEST_DELAY, MAX_LOSSES, MAX_STARVED
from job_manager.core.state import State
from job_manager.model.job import Job
from job_manager.model.record import replace
from job_manager.model.site import Installed
from job_manager.testing import Farm, ScriptedWorker, action, fails, job, lost, script, serial, site
from tests.core import given as g
from tests.core.given import NOW, J, W, decided, failed, given, kinds, leased, only, ran, started, submitted, when


def retried_until_over(retries: int | None, reason: str = "code") -> list[e.Event]:
    farm = Farm(job(action("a", retries=retries)), outcomes=script({0: fails(reason=reason)}))
    farm.run()
    return farm.journal


@pytest.mark.parametrize(("retries", "attempts"), [(None, 1), (0, 1), (1, 2), (3, 4)])
def test_an_action_is_tried_once_more_than_its_retries(retries, attempts):
    journal = retried_until_over(retries)
    assert [event.attempt for event in only(journal, e.ActionLeased)] == list(range(1, attempts + 1))
    assert kinds(journal)[-3:] == ["attempt-failed", "failed", "job-finished"]


@pytest.mark.parametrize("reason", ["output-invalid", "spawn", "cancelled", "upstream"])
def test_what_cannot_go_better_is_not_tried_again(reason):
    assert len(only(retried_until_over(5, reason), e.ActionLeased)) == 1


@pytest.mark.parametrize("reason", ["code", "signal", "timeout", "oom", "stuck", "output-missing"])
def test_what_may_go_better_is_tried_again(reason):
    assert len(only(retried_until_over(2, reason), e.ActionLeased)) == 3


def test_an_attempt_that_found_the_disk_full_costs_no_retry_and_is_not_repeated_for_ever():
    journal = retried_until_over(0, "disk")
    assert len(only(journal, e.ActionLeased)) == 1 + MAX_STARVED
    assert kinds(journal)[-3:] == ["attempt-failed", "failed", "job-finished"]
    waits = [event.due for event in only(journal, e.RetryPlanned)]
    assert waits == sorted(waits) and len(waits) == MAX_STARVED


@pytest.mark.parametrize(("retries", "attempts"), [(None, 1), (2, 3)])
@pytest.mark.parametrize("said", [{"idempotent": False}, {"retry_on": ("disk",)}])
def test_what_may_not_simply_be_repeated_is_not_on_a_full_disk_either(said, retries, attempts):
    one = replace(action("a", retries=retries), **said)
    farm = Farm(job(one), outcomes=script({0: fails(reason="disk")}))
    farm.run()
    assert len(only(farm.journal, e.ActionLeased)) == attempts


def waits(id: str, retries: int) -> list[float]:
    """Seconds between each failure and the retry planned for it."""
    state = fold(State(), [submitted(job(action("a", retries=retries)), id=id), e.WorkerJoined(id, W, 1, 0, NOW)])
    found, now = [], NOW
    for attempt in range(1, retries + 1):
        fold(state, [e.ActionLeased(id, 0, attempt, W), failed(attempt=attempt)._replace(job=id)])
        (planned,) = decide(state, now)
        assert isinstance(planned, e.RetryPlanned)
        found.append(planned.due - now)
        now = planned.due
        fold(state, [planned, e.ActionRetried(id, 0)])
    return found


def test_the_waits_double_up_to_five_minutes_spread_by_a_quarter():
    for made, (wait, whole) in enumerate(zip(waits("j1", 12), [1.0 * 2**n for n in range(12)], strict=True)):
        whole = min(whole, LONGEST_DELAY)
        assert 0.75 * whole <= wait <= 1.25 * whole, made


def test_the_spread_is_the_same_for_the_same_history_and_differs_between_jobs():
    assert waits("j1", 6) == waits("j1", 6)
    assert waits("j1", 6) != waits("j2", 6)


def test_any_number_of_retries_has_a_wait():
    state = given(job(action("a", retries=5000)))
    state.jobs[J].spent[0] = 4000
    fold(state, [leased(), failed()])
    (planned,) = decide(state, NOW)
    assert isinstance(planned, e.RetryPlanned)
    assert planned.due - NOW <= 1.25 * LONGEST_DELAY


def test_a_retry_waits_for_its_time_and_the_timer_says_when():
    state = given(job(action("a", retries=1)), leased(), failed())
    (planned,) = decided(state)
    assert isinstance(planned, e.RetryPlanned)
    assert next_timer(state) == planned.due
    assert decided(state, planned.due - 0.001) == []
    assert kinds(decided(state, planned.due)) == ["retried", "leased"]
    assert next_timer(state) is None


def test_a_retry_planned_before_the_clock_was_set_back_does_not_wait_for_the_old_time():
    state = given(job(action("a", retries=1)), leased(), failed())
    fold(state, [e.RetryPlanned(J, 0, NOW + 86_400)])
    assert is_due(state, NOW)
    assert kinds(decided(state, NOW)) == ["retried", "leased"]


def test_who_wants_a_long_wait_has_it():
    state = given(job(replace(action("a", retries=1), backoff=10 * LONGEST_DELAY)), leased(), failed())
    (planned,) = decided(state)
    assert isinstance(planned, e.RetryPlanned) and planned.due - NOW >= 7.5 * LONGEST_DELAY
    assert not is_due(state, NOW) and decided(state, NOW) == [] and next_timer(state) == planned.due


def test_retries_that_are_due_come_in_order_and_others_wait():
    state = given(job(*(action(f"a{n}", retries=1) for n in range(5)), at_once=True), slots=0)
    for at, due in ((0, 5.0), (1, 1.0), (2, 9.0), (3, 3.0), (4, 2.0)):
        fold(state, [leased(at), failed(at), e.RetryPlanned(J, at, NOW + due)])
    made = only(decided(state, NOW + 3.0), e.ActionRetried)
    assert [event.action for event in made] == [1, 4, 3]
    assert next_timer(state) == NOW + 5.0


def test_a_loss_is_tried_again_at_once_and_costs_no_retry():
    farm = Farm(job(action("a", retries=1)), outcomes=script({0: [lost(), lost(), fails(), lost(), fails()]}))
    farm.run()
    assert kinds(
        only(farm.journal, e.AttemptLost, e.AttemptFailed, e.RetryPlanned, e.ActionRetried, e.ActionFailed)
    ) == [
        *("attempt-lost", "retried", "attempt-lost", "retried"),
        *("attempt-failed", "retry-planned", "retried"),
        *("attempt-lost", "retried"),
        *("attempt-failed", "failed"),
    ]


def test_losses_have_a_budget_of_their_own():
    farm = Farm(job("a"), outcomes=script({0: lost()}))
    farm.run()
    assert len(only(farm.journal, e.AttemptLost)) == MAX_LOSSES + 1
    assert farm.states() == {"a": "failed"}
    assert farm.job.failures[0].reason == "lost"


def test_what_must_not_run_twice_is_lost_with_its_first_loss():
    farm = Farm(job(serial("s", action("a", idempotent=False, retries=9), "b")), outcomes=script({0: lost()}))
    farm.run()
    assert farm.states() == {"s/a": "lost", "s/b": "skipped"}
    assert kinds(farm.journal)[-4:] == ["attempt-lost", "lost", "skipped", "job-finished"]
    assert farm.workers[0].begun == [(J, 0, 1)]


def test_a_failure_of_what_must_not_run_twice_is_no_loss():
    farm = Farm(job(action("a", idempotent=False, retries=1)), outcomes=script({0: [fails()]}))
    farm.run()
    assert len(only(farm.journal, e.AttemptFailed)) == 2
    assert farm.states() == {"a": "failed"}


def installed(**words: object) -> Installed:
    return Installed("m", "/m", "main.py", "/python", "", "sha256:0", **words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("own", "modules", "attempts"), [(None, {"retries": 2}, 3), (0, {"retries": 2}, 1), (1, {}, 2), (None, {}, 1)]
)
def test_retries_are_the_actions_word_else_its_modules(own, modules, attempts):
    farm = Farm(
        job(action("a", retries=own, module="m")), outcomes=script({0: fails()}), site=site(installed(**modules))
    )
    farm.run()
    assert len(only(farm.journal, e.AttemptFailed)) == attempts


@pytest.mark.parametrize(
    ("own", "modules", "state"), [(None, False, "lost"), (True, False, "failed"), (False, True, "lost")]
)
def test_whether_it_may_run_twice_is_the_actions_word_else_its_modules(own, modules, state):
    one = job(action("a", idempotent=own, module="m"))
    farm = Farm(one, outcomes=script({0: lost()}), site=site(installed(idempotent=modules)))
    farm.run()
    assert farm.states() == {"a": state}


# --- leases -------------------------------------------------------------------------------------------------------


def wide(count: int, *words: object) -> Job:
    return job(*(action(f"a{n}", idempotent=n not in words) for n in range(count)), at_once=True)


def taken(events: list[e.Event]) -> list[tuple[int, str]]:
    return [(event.action, event.worker) for event in events if isinstance(event, e.ActionLeased)]


def test_slots_are_filled_then_what_waits_behind_them_in_listing_order():
    state = given(wide(9), slots=2, ahead=3)
    assert taken(decided(state)) == [(at, W) for at in range(5)]
    assert decided(state) == []


def test_a_worker_with_more_leases_than_slots_takes_no_more():
    state = given(wide(9), leased(0), leased(1), leased(2), slots=1, ahead=2)
    assert decided(state) == []
    evolve(state, e.WorkerJoined(J, W, 1, 3, NOW))
    assert taken(decided(state)) == [(3, W)]


def test_free_slots_anywhere_come_before_waiting_behind_any():
    state = given(wide(9), e.WorkerJoined(J, "w2", 2, 2, NOW), slots=2, ahead=2)
    places = taken(decided(state))
    assert [at for at, _ in places] == list(range(8))
    assert sorted(worker for _, worker in places[:4]) == ["w1", "w1", "w2", "w2"]


def test_the_least_loaded_worker_comes_first():
    state = given(wide(9), e.WorkerJoined(J, "w2", 3, 0, NOW), leased(0), leased(1), slots=3)
    assert taken(decided(state)) == [(2, "w2"), (3, "w2"), (4, "w1"), (5, "w2")]


def test_what_must_not_run_twice_never_waits_behind_a_slot():
    state = given(wide(4, 1), slots=1, ahead=3)
    assert taken(decided(state)) == [(0, W)]
    when(state, g.ended(0))
    assert taken(decided(state)) == [(1, W), (2, W)]


def test_what_must_not_run_twice_takes_a_free_slot_of_another_worker():
    state = given(wide(4, 1), e.WorkerJoined(J, "w2", 2, 3, NOW), leased(0), slots=1, ahead=3)
    assert taken(decided(state))[0] == (1, "w2")


def test_a_later_job_is_not_leased_ahead_of_what_waits_for_a_free_slot():
    state = given(replace(wide(2, 1), priority=1.0), slots=1, ahead=3)
    fold(state, [submitted(wide(9), id="j2", at=NOW + 1), e.WorkerJoined("j2", W, 1, 3, NOW)])
    assert [(event.job, event.action) for event in only(decided(state), e.ActionLeased)] == [(J, 0)]
    when(state, g.ended(0))
    assert decided(state)[0] == e.ActionLeased(J, 1, 1, W)


def test_nothing_is_leased_to_a_worker_that_left():
    state = given(wide(3), e.WorkerLeft(J, W, NOW))
    assert decided(state) == []


def test_an_attempt_has_the_number_after_all_before_it():
    state = given(wide(1), leased(), started(), g.lost(), e.ActionRetried(J, 0))
    (lease,) = decided(state)
    assert isinstance(lease, e.ActionLeased)
    assert lease.attempt == 2


def test_an_attempt_under_lease_has_no_times_of_the_one_before():
    state = given(wide(1), leased(), started(), failed(), e.ActionRetried(J, 0))
    assert (state.jobs[J].began[0], state.jobs[J].ended[0]) == (NOW, NOW + 1)
    fold(state, [leased(attempt=2)])
    assert (state.jobs[J].began[0], state.jobs[J].ended[0]) == (0.0, 0.0)


def test_a_new_supervisor_leases_nothing_to_a_worker_that_has_not_spoken_to_it():
    farm = Farm(wide(3), slots=1)
    farm.turn()
    farm.workers = []
    farm.crash()
    assert kinds(farm.turn()) == ["worker-left"]
    farm.say(s.AttemptReturned(J, 0, 1, W), s.WorkerGone(J, W))
    farm.turn()
    farm.join(ScriptedWorker("w2"))
    farm.run()
    assert farm.job.state == "succeeded"
    assert only(farm.journal, e.AttemptLost) == []


def test_a_turn_with_nothing_due_has_nothing_to_say():
    state = given(wide(2), *ran(0, 1))
    assert kinds(decided(state)) == ["job-finished"]
    assert decided(state) == []


def test_a_storm_of_failures_is_slowed_down_and_its_history_stays_short():
    """Actions that fail at once, to be tried a thousand times each: within an hour there are some twenty attempts."""
    storm = Job("test", tuple(action(f"a{number}", retries=1000) for number in range(9)), parallel=True)
    farm = Farm(storm, outcomes=script({number: fails() for number in range(9)}), slots=9)
    end = farm.clock.wall() + 3600
    while farm.clock.wall() < end:
        farm.settle()
        assert farm.pass_time()
        farm.work()
    attempts = [farm.job.attempts[number] for number in range(9)]
    assert 15 <= min(attempts) <= max(attempts) <= 30
    assert len(farm.journal) < 9 * 30 * 5
