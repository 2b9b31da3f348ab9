"""Orders are read from the state: the full reading and what changed say the same, whatever was lost on the way.

Knows leases and holds; what a worker does with an order is the worker's.
"""

from __future__ import annotations

import pytest

from job_manager.core import events as e
from job_manager.core.decide import Order, StartAttempt, StopAttempt, fresh_orders, orders
from job_manager.core.evolve import evolve
from job_manager.core.state import Lease, State
from job_manager.testing import ScriptedWorker, job
from tests.core.given import NOW, J, W, ended, given, leased, started, when
from tests.core.rows import SCENARIOS

WIDE = job("a", "b", "c", at_once=True)


def test_a_lease_is_an_order_to_start_until_it_ends():
    state = given(WIDE, leased(0), started(0), leased(1))
    assert orders(state) == [StartAttempt(J, 0, 1, W), StartAttempt(J, 1, 1, W)]
    when(state, ended(0))
    assert orders(state) == [StartAttempt(J, 1, 1, W)]


def test_orders_of_one_worker():
    state = given(WIDE, e.WorkerJoined(J, "w2", 1, 0, NOW), leased(0), leased(1, worker="w2"))
    assert orders(state, "w2") == [StartAttempt(J, 1, 1, "w2")]


def test_what_changed_is_said_once():
    state = given(WIDE, leased(0))
    assert fresh_orders(state) == [StartAttempt(J, 0, 1, W)]
    assert fresh_orders(state) == []
    evolve(state, leased(1))
    assert fresh_orders(state) == [StartAttempt(J, 1, 1, W)]


def test_what_was_over_before_it_was_read_is_not_ordered():
    state = given(WIDE, leased(0), e.LeaseReturned(J, 0, 1), leased(0, attempt=2))
    assert fresh_orders(state) == [StartAttempt(J, 0, 2, W)]


def test_held_jobs_order_the_end_of_what_is_open():
    state = given(WIDE, leased(0), started(0), leased(1))
    fresh_orders(state)
    evolve(state, e.JobHeld(J, NOW, "paused", 4.0))
    assert fresh_orders(state) == orders(state) == [StopAttempt(J, 0, 1, W, 4.0), StopAttempt(J, 1, 1, W, 4.0)]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.__name__)
def test_what_changed_adds_up_to_the_full_reading(scenario):
    """Whoever hears every fresh order and forgets what has ended knows what the full reading says, at every event."""
    state, known = State(), {}
    for event in scenario().journal:
        evolve(state, event)
        for order in fresh_orders(state):
            known[order.action] = order
        leases = state.jobs[J].leases
        known = {at: _as_of_now(order, leases) for at, order in known.items() if at in leases}
        assert sorted(known.values()) == sorted(orders(state))


def _as_of_now(order: Order, leases: dict[int, Lease]) -> Order:
    """What has ended since is waited for no more."""
    if isinstance(order, StopAttempt):
        return order
    return order._replace(after=tuple(each for each in order.after if each[0] in leases))


def test_a_worker_passes_over_orders_of_another_incarnation_and_those_it_knows():
    worker = ScriptedWorker(W, slots=9)
    repeated: list[Order] = [StartAttempt(J, 0, 1, W), StartAttempt(J, 0, 1, W), StartAttempt(J, 0, 1, "w0")]
    worker.carry_out(repeated, NOW)
    worker.work(NOW)
    worker.carry_out(repeated, NOW)
    worker.work(NOW)
    assert worker.begun == [(J, 0, 1)]
