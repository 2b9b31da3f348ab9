"""Trees of any depth and chains of any length: no recursion, and a cost that grows with what happens, not faster.

Counts calls, never seconds, so that it says the same on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from job_manager.core import events as e
from job_manager.core.decide import decide, fresh_orders, quiet
from job_manager.core.evolve import evolve, fold
from job_manager.core.state import State
from job_manager.model.job import Job, Task
from job_manager.testing import action, job, parallel, serial
from tests.core.given import NOW, J, decided, failed, given, leased, play, submitted

# Far beyond what a recursion or a cost per level would stand; the long lane goes further.
DEEP = 2_000
DEPTHS = [DEEP, pytest.param(10 * DEEP, marks=pytest.mark.long)]
LENGTHS = [5_000, pytest.param(100_000, marks=pytest.mark.long)]


def nested(depth: int, kind: Callable[..., Task] = serial) -> Job:
    """a0 and b0 around a task with a1 and b1 around a task..."""
    inside = kind("t", "a", "b")
    for _ in range(depth):
        inside = kind("t", "a", inside, "b")
    return job(inside)


def chain(length: int) -> Job:
    return job(*(action(f"a{n}") for n in range(length)))


def calls(work: Callable[[], object]) -> int:
    """How many calls of Python and C functions the work makes."""
    made = 0

    def count(frame: FrameType, event: str, arg: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("kind", [serial, parallel])
def test_a_deep_tree_runs_to_its_end(kind, depth):
    state = given(nested(depth, kind), slots=512)
    play(state)
    assert state.jobs[J].counted() == {"succeeded": 2 * depth + 2}
    assert state.jobs[J].state == "succeeded"


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_innermost_failure_of_a_deep_tree_skips_every_level(depth):
    state = given(nested(depth))
    finished = play(state, lambda at: "code" if at == depth else "")
    assert state.jobs[J].counted() == {"succeeded": depth, "failed": 1, "skipped": depth + 1}
    assert isinstance(finished[-1], e.JobFinished)


def test_deep_empty_tasks_are_over_at_once():
    inside = serial("t")
    for _ in range(DEEP):
        inside = parallel("t", inside)
    state = given(job(inside, "a"))
    assert decided(state) == [leased(0)]


def through(state: State, length: int) -> None:
    """The chain's actions one after another, as a supervisor would take it: decide, orders, the end of each."""
    for at in range(length):
        (lease,) = decide(state, NOW)
        evolve(state, lease)
        quiet(state)
        assert fresh_orders(state)[0].action == at
        evolve(state, e.ActionSucceeded(J, at, 1, NOW, NOW))


@pytest.mark.parametrize("length", LENGTHS)
def test_a_long_chain_runs_to_its_end(length):
    state = given(chain(length))
    through(state, length)
    assert [e.NAMES[type(event)] for event in decide(state, NOW)] == ["job-finished"]


def grows(work: Callable[[int], Callable[[], object]], size: int = 250) -> float:
    """How many times the calls for four times the size are those for the size, per unit."""
    return calls(work(4 * size)) / (4 * calls(work(size)))


def long_chain(size: int) -> Callable[[], object]:
    state = given(chain(size))
    return lambda: through(state, size)


def deep_failure(size: int) -> Callable[[], object]:
    state = given(nested(size))
    return lambda: play(state, lambda at: "code" if at == size else "")


def wide_success(size: int) -> Callable[[], object]:
    state = given(job(*(f"a{n}" for n in range(size)), at_once=True), slots=4)
    return lambda: play(state)


def many_retries(size: int) -> Callable[[], object]:
    """All fail, wait, and are due at the same moment."""
    state = given(job(*(action(f"a{n}", retries=1) for n in range(size)), at_once=True), slots=0)

    def work() -> None:
        for at in range(size):
            fold(state, [leased(at), failed(at), e.RetryPlanned(J, at, NOW + 5)])
            decided(state)
        assert len(decided(state, NOW + 5)) == size

    return work


def submission(size: int) -> Callable[[], object]:
    event = submitted(nested(size))
    return lambda: evolve(State(), event)


def held_and_taken_up(size: int) -> Callable[[], object]:
    state = given(chain(size), e.JobHeld(J, NOW, "paused", 1.0))
    return lambda: evolve(state, e.JobResumed(J, NOW, submitted(chain(1)).site))


@pytest.mark.parametrize("work", [long_chain, deep_failure, wide_success, many_retries, submission, held_and_taken_up])
def test_the_cost_grows_no_faster_than_the_work(work):
    assert grows(work) < 1.25


def test_a_turn_costs_what_changed_and_not_what_waits():
    """One success in a job with many ready actions and many planned retries."""

    def one_turn(size: int) -> int:
        state = given(job(*(action(f"a{n}", retries=9) for n in range(size)), at_once=True), slots=2)
        for at in range(size // 2):
            fold(state, [leased(at), failed(at), e.RetryPlanned(J, at, NOW + 5)])
        decided(state)
        open_lease = next(iter(state.jobs[J].leases))
        evolve(state, e.ActionSucceeded(J, open_lease, 1, NOW, NOW))
        return calls(lambda: decided(state))

    assert one_turn(4000) <= one_turn(40) * 1.5


def test_paths_of_a_deep_tree_are_not_all_written_out():
    shape = given(nested(DEEP)).jobs[J].shape
    assert shape.paths[0] == "t/a"
    assert shape.paths[2 * DEEP + 1] == "t/b"
    assert len(shape.paths[DEEP]) == 2 * (DEEP + 1) + 1
    assert shape.paths[:2] == ["t/a", "t/t/a"]
