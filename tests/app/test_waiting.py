"""For what an action waits, in words, as the leasing has it."""

from __future__ import annotations

from job_manager.app.waiting import waits
from job_manager.testing import action, job
from tests.core.given import J, decided, given, leased, started


def test_what_is_leased_ahead_comes_next_and_what_is_ready_waits_too():
    actions = job(*(action(f"a{n}", cpus=2) for n in range(4)), at_once=True)
    state = given(actions, leased(0), started(0), leased(1), slots=2, ahead=2)
    assert {at: said for at, said in waits(state, state.jobs[J]).items() if at < 3} == {
        1: "cpus: takes 2, and 2 of 2 in use; it comes next",
        2: "cpus: takes 2, and 2 of 2 in use",
    }


def test_what_is_leased_and_has_a_slot_waits_for_nothing():
    state = given(job(action("a"), action("b"), at_once=True), slots=2, ahead=2)
    decided(state)
    assert waits(state, state.jobs[J]) == {}
