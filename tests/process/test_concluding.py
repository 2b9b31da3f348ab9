"""The thread that publishes: when it tells of what is done, and that it tells of everything."""

from __future__ import annotations

import select
import threading
from functools import partial
from typing import Any

import pytest

from job_manager.artifacts.settling import whole
from job_manager.worker import concluding
from job_manager.worker.concluding import BEAT, MOST, QUICK, Concluder, keeps_busy
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


@pytest.mark.parametrize("busy", [False, True])
def test_everything_is_told_in_its_order_whoever_waits(concluder, busy):
    for number in range(100):
        concluder.give(whole(partial(int, number)), busy)
    found: list[int] = []
    while len(found) < 100:
        found += told(concluder)
    assert found == list(range(100)) and concluder.open == 0


def test_where_many_orders_wait_what_is_done_is_told_together(concluder):
    third = threading.Event()
    concluder.give(whole(lambda: 1), busy=True)
    concluder.give(whole(lambda: 2), busy=True)
    concluder.give(whole(third.set), busy=True)
    assert third.wait(DEADLINE)
    assert told(concluder)[:2] == [1, 2]


def test_the_last_is_told_with_nothing_after_it_and_what_somebody_waits_for_at_once(concluder):
    concluder.give(whole(lambda: 1), busy=True)
    assert told(concluder) == [1]
    concluder.give(whole(lambda: 2))
    assert told(concluder) == [2]


def test_where_there_can_be_no_thread_it_is_done_by_who_gives_it(concluder, monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    for number in range(3):
        concluder.give(whole(partial(int, number)), busy=True)
        assert told(concluder) == [number]
    concluder.give(whole(lambda: 1 // 0))
    with pytest.raises(ZeroDivisionError):
        told(concluder)


def test_a_thread_that_fails_itself_says_so(concluder, monkeypatch):
    monkeypatch.setattr(concluding, "together", lambda *_: 1 // 0)
    concluder.give(whole(int))
    with pytest.raises(ZeroDivisionError):
        told(concluder)


@pytest.mark.parametrize(
    ("files", "most"), [(-1, MOST), (1 << 20, MOST), (91, MOST), (64, 7), (54, 3), (46, 1), (20, 1)]
)
def test_fewer_are_published_together_where_few_files_may_be_open(monkeypatch, files, most):
    monkeypatch.setattr("os.sysconf", lambda name: {"SC_OPEN_MAX": files}[name])
    assert concluding.most_at_once() == most


def test_what_the_work_raises_is_raised_where_it_is_collected(concluder):
    concluder.give(whole(lambda: 1 // 0), busy=True)
    with pytest.raises(ZeroDivisionError):
        told(concluder)


def test_what_was_collected_before_it_was_told_is_not_told_for_ever(concluder):
    concluder.give(whole(lambda: 1), busy=True)
    found: list[int] = []
    while not found:
        found = concluder.finished()
    assert select.select([concluder], [], [], DEADLINE)[0]  # its mark
    assert concluder.finished() == [] and not select.select([concluder], [], [], 0)[0]


def test_who_is_told_late_looks_by_himself(concluder):
    """What is done does not wait for what is worked on after it."""
    go = threading.Event()
    concluder.give(whole(lambda: 1), busy=True)
    concluder.give(whole(go.wait), busy=True)
    assert concluder.next_timeout() == BEAT
    found: list[int] = []
    while not found:
        found = concluder.finished()
    assert found == [1]
    concluder.give(whole(lambda: 2))
    assert concluder.next_timeout() is None
    go.set()


def test_who_waits_for_what_has_ended():
    """Somebody does, unless what the keeper has keeps all slots busy until it is told; after a long action always."""
    assert not keeps_busy(open=2, slots=2, elapsed=0.1)
    assert keeps_busy(open=3, slots=2, elapsed=0.1) and not keeps_busy(open=3, slots=2, elapsed=0.08)
    assert keeps_busy(open=35, slots=2, elapsed=0.003) and not keeps_busy(open=30, slots=2, elapsed=0.003)
    assert not keeps_busy(open=100, slots=2, elapsed=QUICK)


def test_only_so_many_are_published_together(concluder):
    """Each of them has files open."""
    go, open_at_once, most = threading.Event(), 0, [0]

    class Disk:
        def settle(self):
            assert go.wait(DEADLINE)

    def work():
        nonlocal open_at_once
        open_at_once += 1
        most[0] = max(most[0], open_at_once)
        yield [Disk()]
        open_at_once -= 1

    for _ in range(3 * MOST):
        concluder.give(work(), busy=True)
    go.set()
    while concluder.open:
        told(concluder)
    assert 0 < most[0] <= MOST
