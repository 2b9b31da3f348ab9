"""What is made in bulk is neither collected meanwhile nor gone through right after it."""

from __future__ import annotations

import gc
import weakref

import pytest

from job_manager.model.bulk import VERY_MANY, bulk


class Value:
    """Something that is tracked."""


def ring() -> Value:
    made = Value()
    made.itself = made  # type: ignore[attr-defined]  # garbage that only a collection finds
    return made


@pytest.fixture
def fresh(monkeypatch):
    """As in a process that has made nothing in bulk yet."""
    monkeypatch.setattr("job_manager.model.bulk._aged", [])


def test_the_first_very_many_that_were_made_in_bulk_are_old_at_once_and_can_be_collected_all_the_same(fresh):
    with bulk():
        assert not gc.isenabled()
        made = [ring() for _ in range(VERY_MANY + 1)]
    assert gc.isenabled() and gc.get_freeze_count() == 0
    assert any(one is made for one in gc.get_objects(generation=2))
    del made
    assert gc.collect() > VERY_MANY
    with bulk():
        made = [ring() for _ in range(VERY_MANY + 1)]
    assert not any(one is made for one in gc.get_objects(generation=2))


def test_garbage_of_many_small_ones_does_not_pile_up():
    """As in a process that reads one small job after the other."""
    gc.collect()
    rings = [weakref.ref(made) for made in map(one_in_bulk, range(200_000))]
    assert sum(one() is not None for one in rings) < 100_000


def one_in_bulk(_: int) -> Value:
    with bulk():
        return ring()


def test_within_another_it_changes_nothing_and_a_failure_ends_it():
    with pytest.raises(ValueError), bulk():
        with bulk():
            pass
        assert not gc.isenabled()
        raise ValueError
    assert gc.isenabled()
