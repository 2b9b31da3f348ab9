"""What a loop does when the journal cannot be written: it waits longer and longer, and says so once."""

from __future__ import annotations

import pytest

from job_manager.app.storage_trouble import LONGEST, StorageTrouble
from job_manager.model.errors import EngineError
from job_manager.testing import FakeClock

FULL = EngineError("the disk is full: /x", "free some space", retryable=True)
HELD = EngineError("another program holds /x", "close it", retryable=True)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def told():
    return []


@pytest.fixture
def trouble(clock, told):
    return StorageTrouble(clock, told.append)


def test_without_trouble_nothing_is_held_back_and_nothing_said(trouble, told):
    trouble.over()
    trouble.give_up()
    assert (trouble.active, trouble.holds_back(), trouble.seconds(), told) == (False, False, None, [])


def test_the_waits_grow_to_a_limit_and_each_ends_with_a_try(trouble, clock):
    waits = []
    for _ in range(8):
        trouble.met(FULL)
        waits.append(trouble.seconds())
        assert trouble.holds_back()
        clock.advance(waits[-1])
        assert not trouble.holds_back()
    assert waits == [0.25, 0.5, 1.0, 2.0, 4.0, LONGEST, LONGEST, LONGEST]


def test_it_is_said_when_it_begins_when_it_changes_and_when_it_is_over(trouble, clock, told):
    for error in (FULL, FULL, HELD, HELD):
        trouble.met(error)
        clock.advance(10)
    trouble.over()
    trouble.over()
    assert told == [
        "the disk is full: /x; nothing new is begun until it can be written again: free some space",
        "another program holds /x; nothing new is begun until it can be written again: close it",
        "the journal can be written again, after 40.0 s",
    ]


def test_what_cannot_heal_is_raised_and_so_is_what_somebody_does_not_want_to_wait_for(trouble, told):
    with pytest.raises(EngineError, match="the disk failed"):
        trouble.met(EngineError("the disk failed"))
    assert told == []
    trouble.met(FULL)
    with pytest.raises(EngineError, match="the disk is full"):
        trouble.give_up()


def test_the_next_trouble_begins_with_a_short_wait_again(trouble, clock):
    for _ in range(5):
        trouble.met(FULL)
    trouble.over()
    trouble.met(HELD)
    assert trouble.seconds() == 0.25
