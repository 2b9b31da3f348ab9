"""What is made in bulk is neither collected meanwhile nor gone through right after it."""

from __future__ import annotations

import gc

import pytest

from job_manager.model.bulk import bulk


class Value:
    """Something that is tracked."""


def test_what_was_made_in_bulk_is_old_at_once_and_can_be_collected_all_the_same():
    with bulk():
        assert not gc.isenabled()
        made = Value()
        made.itself = made  # type: ignore[attr-defined]  # garbage that only a collection finds
    assert gc.isenabled() and gc.get_freeze_count() == 0
    assert any(one is made for one in gc.get_objects(generation=2))
    del made
    assert gc.collect() > 0


def test_within_another_it_changes_nothing_and_a_failure_ends_it():
    with pytest.raises(ValueError), bulk():
        with bulk():
            pass
        assert not gc.isenabled()
        raise ValueError
    assert gc.isenabled()
