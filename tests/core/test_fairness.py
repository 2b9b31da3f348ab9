"""Which job is leased next, how much of it ahead, and which of its actions first.

Knows slots and durations; memory and limits are test_resources'.
"""

from __future__ import annotations

from itertools import pairwise

import pytest

from job_manager.core import events as e
from job_manager.core import said as s
from job_manager.core.evolve import fold
from job_manager.core.order import Order
from job_manager.core.order import _chains as any_chains
from job_manager.core.shape import Shape
from job_manager.core.state import State
from job_manager.model.fanout import Each
from job_manager.model.job import Job
from job_manager.model.record import replace
from job_manager.model.site import Site
from job_manager.testing import action, job, linked, parallel, serial, site
from tests.core import trees
from tests.core.given import NOW, J, W, decided, ended, given, only, play, submitted, when
from tests.drawn import drawn


def wide(count: int) -> Job:
    return job(*(action(f"a{n}") for n in range(count)), at_once=True)


def taken(events: list[e.Event]) -> list[int]:
    return [event.action for event in only(events, e.ActionLeased)]


def several(slots: int, *jobs: tuple[str, Job], ahead: int = 0, site: Site | None = None) -> State:
    """Jobs by id, submitted one after another; one worker for all."""
    state = fold(State(), [submitted(each, site, id, NOW + at) for at, (id, each) in enumerate(jobs)])
    return fold(state, [e.WorkerJoined(id, W, slots, ahead, NOW) for id, _ in jobs])


def turns(state: State) -> list[str]:
    return [event.job for event in only(decided(state), e.ActionLeased)]


def test_of_jobs_that_hold_as_much_the_first_submitted_comes_first():
    assert turns(several(4, ("z", wide(3)), ("a", wide(3)))) == ["z", "a", "z", "a"]
    assert turns(several(1, ("z", wide(3)), ("a", wide(3)))) == ["z"]


def test_the_job_that_holds_least_is_next_and_none_has_all_slots():
    state = several(4, (J, wide(9)))
    assert turns(state) == [J] * 4
    fold(state, [submitted(wide(9), id="j2", at=NOW + 1), e.WorkerJoined("j2", W, 4, 0, NOW)])
    for done, expected in ((0, ["j2"]), (1, ["j2"]), (2, [J]), (3, [J])):
        when(state, ended(done, state.jobs[J].attempts[done]))
        assert turns(state) == expected, done


def test_what_a_job_holds_are_slots_and_not_actions():
    big = job(*(action(f"a{n}", cpus=2) for n in range(4)), at_once=True)
    assert turns(several(6, (J, big), ("j2", wide(9)))) == [J, "j2", "j2", J]


def test_of_many_jobs_each_has_its_share():
    state = several(12, *((f"j{n}", wide(9)) for n in range(4)))
    decided(state)
    assert {id: len(each.leases) for id, each in state.jobs.items()} == dict.fromkeys(state.jobs, 3)


def test_a_job_of_a_higher_priority_comes_first_whatever_it_holds():
    state = several(4, (J, wide(9)), ("j2", replace(wide(9), priority=1.0)))
    assert turns(state) == ["j2"] * 4


def test_nothing_is_leased_ahead_before_anything_has_ended():
    state = several(2, (J, wide(9)), ahead=64)
    assert turns(state) == [J, J]


WAITING = [(0.001, 64), (0.0199, 15), (0.099, 3), (0.3, 2), (0.5, 2), (1.0, 1), (1.5, 0)]


@pytest.mark.parametrize(("seconds", "waiting"), WAITING)
def test_as_much_is_leased_ahead_as_is_done_in_no_time_or_one_for_each_slot(seconds, waiting):
    """A seventh of a second of work, or actions of half a second at most: what is leased has its directory already."""
    state = several(2, (J, wide(99)), ahead=64)
    decided(state)
    when(state, ended(0)._replace(ended=NOW + seconds))
    assert len(turns(state)) == 1 + waiting


def test_never_more_than_the_worker_takes():
    state = several(8, (J, wide(99)), ahead=2)
    decided(state)
    when(state, ended(0)._replace(ended=NOW + 0.3))
    assert len(turns(state)) == 1 + 2


def test_one_that_takes_long_is_remembered_for_a_while():
    state = several(1, (J, wide(200)), ahead=64)
    durations = [0.001, 100.0, *[0.001] * 30]
    found = []
    for at, seconds in enumerate(durations):
        decided(state)
        when(state, ended(at)._replace(ended=NOW + seconds))
        found.append(state.jobs[J].pace or 0.0)
    assert found[0] < 0.01 and found[1] > 10.0
    assert all(later < earlier for earlier, later in pairwise(found[1:]))


def test_a_later_job_gets_its_slot_when_what_was_leased_ahead_is_done():
    """Nothing more is leased ahead while a job waits for a slot."""
    state = several(1, (J, wide(20)), ahead=4)
    decided(state)
    when(state, ended(0)._replace(ended=NOW))
    assert turns(state) == [J] * 5
    fold(state, [submitted(wide(3), id="j2", at=NOW + 1), e.WorkerJoined("j2", W, 1, 4, NOW)])
    for done in range(1, 5):
        when(state, ended(done)._replace(ended=NOW))
        assert turns(state) == []
    when(state, ended(5)._replace(ended=NOW))
    assert turns(state) == ["j2", J]


def test_with_a_single_slot_jobs_take_turns():
    state = several(1, (J, wide(9)), ("j2", wide(9)))
    order = []
    for now in range(6):
        order += turns(state)
        job = state.jobs[order[-1]]
        ((at, lease),) = job.leases.items()
        when(state, s.AttemptEnded(job.id, at, lease.attempt, W, NOW + now, NOW + now + 1))
    assert order == [J, "j2"] * 3


def test_a_job_with_a_cap_takes_no_more_slots():
    capped = replace(site(), cap=2)
    state = several(8, (J, wide(9)), ahead=9, site=capped)
    assert turns(state) == [J, J]
    when(state, ended(0)._replace(ended=NOW))
    assert turns(state) == [J]
    big = job(*(action(f"a{n}", cpus=n) for n in (1, 3, 1, 1)), at_once=True)
    state = several(8, (J, big), site=capped)
    for done, expected in ((None, [0]), (0, [1]), (1, [2, 3])):
        if done is not None:
            when(state, ended(done))
        assert taken(decided(state)) == expected


def test_a_cap_that_is_no_less_than_the_slots_limits_nothing():
    for one in (wide(20), job(*(action(f"a{n}", cpus=1 + n % 2) for n in range(20)), at_once=True)):
        state = several(2, (J, one), ahead=4, site=replace(site(), cap=2))
        decided(state)
        when(state, ended(0)._replace(ended=NOW))
        decided(state)
        assert state.jobs[J].slots > 2


# --- the longest chain first ------------------------------------------------------------------------------------------


def begun(one: Job, slots: int = 1) -> list[str]:
    """Paths in the order in which they are leased, each as soon as the one before has ended."""
    state = given(one, slots=slots)
    made = play(state)
    return [state.jobs[J].shape.paths[event.action] for event in only(made, e.ActionLeased)]


def test_what_a_longer_chain_follows_comes_first():
    long = serial("long", "a", "b", "c")
    assert begun(job("x", "y", long, at_once=True)) == ["long/a", "long/b", "x", "y", "long/c"]


def test_needs_make_chains_too():
    one = job(
        linked("lone", needs=()),
        linked("first", needs=()),
        linked("second", needs=("first",)),
        linked("third", needs=("second",)),
        linked("last", needs=("lone", "third")),
    )
    assert begun(one) == ["first", "second", "lone", "third", "last"]


def test_a_chain_goes_on_behind_the_task_that_it_ends():
    one = job(parallel("p", "x", serial("s", "y", "z")), parallel("q", "u", serial("t", "v", parallel("w", "a", "b"))))
    assert begun(one) == ["p/s/y", "p/x", "p/s/z", "q/t/v", "q/u", "q/t/w/a", "q/t/w/b"]


def test_equals_stay_in_listing_order_and_priorities_come_before_chains():
    first = replace(action("first"), priority=1.0)
    assert begun(job("x", serial("s", "a", "b"), first, at_once=True))[0] == "first"
    assert begun(job(serial("s", "a", "b"), serial("t", "c", "d"), at_once=True)) == ["s/a", "t/c", "s/b", "t/d"]


def test_a_fan_out_keeps_its_order_and_the_chain_of_what_it_came_of():
    many = linked("f", foreach=(Each("n", ("1", "2", "3")),))
    one = job("x", serial("s", many, "z"), at_once=True)
    assert [path.split("/")[:2] for path in begun(one)] == [*[["s", "f"]] * 3, ["x"], ["s", "z"]]


def longest(one: Job) -> list[int]:
    """The length of the longest chain from each action on, the slow way: what waits for it comes later in the list."""
    waits = trees.waits_for(one)
    found = [1] * len(waits)
    for at in reversed(range(len(waits))):
        for before in waits[at]:
            found[before] = max(found[before], found[at] + 1)
    return found


@drawn(60, 500, trees.plain_jobs)
def test_chains_are_as_long_as_a_second_opinion_says(one):
    """Also with the way that takes any tree."""
    shape = Shape(one)
    expected = longest(one)
    assert [Order(shape).chain(at) for at in range(len(expected))] == expected
    found = any_chains(shape, len(shape.parent))
    assert [found[shape.node_of[at]] for at in range(len(expected))] == expected
