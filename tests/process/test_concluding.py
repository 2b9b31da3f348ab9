"""The thread that publishes: when it tells of what is done, and that it tells of everything."""

from __future__ import annotations

import select
import threading
from typing import Any

import pytest

from job_manager.worker.concluding import BEAT, MANY, Concluder
from tests.process.keeping import DEADLINE


@pytest.fixture
def concluder():
    made: Concluder[Any] = Concluder()
    yield made
    made.close()


def told(concluder: Concluder[Any]) -> list[Any]:
    """What is collected once there is said to be something."""
    assert select.select([concluder], [], [], DEADLINE)[0]
    return concluder.finished()


@pytest.mark.parametrize("waiting", [0, MANY])
def test_everything_is_told_in_its_order_whoever_waits(concluder, waiting):
    for number in range(100):
        concluder.give(lambda number=number: number, waiting)
    found: list[int] = []
    while len(found) < 100:
        found += told(concluder)
    assert found == list(range(100)) and concluder.open == 0


def test_where_many_orders_wait_what_is_done_is_told_together(concluder):
    third = threading.Event()
    concluder.give(lambda: 1, MANY)
    concluder.give(lambda: 2, MANY)
    concluder.give(third.set, MANY)
    assert third.wait(DEADLINE)
    assert told(concluder)[:2] == [1, 2]


def test_the_last_is_told_with_nothing_after_it_and_what_somebody_waits_for_at_once(concluder):
    concluder.give(lambda: 1, MANY)
    assert told(concluder) == [1]
    concluder.give(lambda: 2)
    assert told(concluder) == [2]


def test_what_the_work_raises_is_raised_where_it_is_collected(concluder):
    concluder.give(lambda: 1 // 0, MANY)
    with pytest.raises(ZeroDivisionError):
        told(concluder)


def test_what_was_collected_before_it_was_told_is_not_told_for_ever(concluder):
    concluder.give(lambda: 1, MANY)
    found: list[int] = []
    while not found:
        found = concluder.finished()
    assert select.select([concluder], [], [], DEADLINE)[0]  # its mark
    assert concluder.finished() == [] and not select.select([concluder], [], [], 0)[0]


def test_who_is_told_late_looks_by_himself(concluder):
    """What is done does not wait for what is worked on after it."""
    go = threading.Event()
    concluder.give(lambda: 1, MANY)
    concluder.give(go.wait, MANY)
    assert concluder.next_timeout() == BEAT
    found: list[int] = []
    while not found:
        found = concluder.finished()
    assert found == [1]
    concluder.give(lambda: 2)
    assert concluder.next_timeout() is None
    go.set()
