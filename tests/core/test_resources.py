"""CPUs, memory and limits: what is leased while they last, who waits for them, and that nobody waits for ever.

Knows the core alone; that a machine is held to it is in tests/process.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import strategies as st

from job_manager.core import events as e
from job_manager.core import said as s
from job_manager.core.decide import decide, quiet
from job_manager.core.evolve import fold
from job_manager.core.invariants import overcommitted, violations
from job_manager.core.state import State
from job_manager.model.job import Action, Job, Task
from job_manager.model.record import replace
from job_manager.model.site import Installed
from job_manager.testing import Farm, action, job, parallel, script, serial, site, succeeds
from tests.core import given as g
from tests.core import trees
from tests.core.given import NOW, J, W, decided, ended, given, only, submitted, when
from tests.drawn import drawn


def at_once(*actions: Action) -> Job:
    return job(*actions, at_once=True)


def leased(events: list[e.Event]) -> list[int]:
    return [event.action for event in only(events, e.ActionLeased)]


def after(state: State, *done: int) -> list[int]:
    """Which are leased when these have succeeded."""
    for at in done:
        when(state, ended(at, state.jobs[J].attempts[at]))
    assert not violations(state) + overcommitted(state)
    return leased(decided(state))


# --- cpus -------------------------------------------------------------------------------------------------------------


def test_an_action_takes_as_many_slots_as_it_has_cpus():
    state = given(at_once(*(action(f"a{n}", cpus=2) for n in range(3))), slots=4)
    assert leased(decided(state)) == [0, 1]
    assert state.workers[W].held == 4
    assert after(state, 0) == [2]


def test_behind_the_slots_it_takes_its_cpus_too():
    state = given(at_once(*(action(f"a{n}", cpus=2) for n in range(9))), slots=2, ahead=4)
    assert leased(decided(state)) == [0, 1, 2]
    assert state.workers[W].held == 6


def test_what_waits_for_slots_is_not_overtaken_by_what_takes_fewer():
    big = action("big", cpus=2, idempotent=False)
    state = given(at_once(action("a"), action("b"), big, action("c")), slots=2)
    assert leased(decided(state)) == [0, 1]
    assert after(state, 0) == []
    assert after(state, 1) == [2]
    assert after(state, 2) == [3]


def test_no_later_job_takes_the_slots_for_which_an_earlier_one_waits():
    first = replace(at_once(action("a"), action("big", cpus=2, idempotent=False)), priority=1.0)
    state = given(first, slots=2)
    fold(state, [submitted(at_once(action("x"), action("y")), id="j2", at=NOW + 1), e.WorkerJoined("j2", W, 2, 0, NOW)])
    assert [(event.job, event.action) for event in only(decided(state), e.ActionLeased)] == [(J, 0)]
    assert after(state, 0) == [1]


def test_a_later_job_with_a_worker_of_its_own_does_not_wait():
    state = given(at_once(action("a"), action("big", cpus=2, idempotent=False)), slots=2)
    fold(state, [submitted(job("x"), id="j2", at=NOW + 1), e.WorkerJoined("j2", "w2", 2, 0, NOW)])
    assert [(event.job, event.worker) for event in only(decided(state), e.ActionLeased)] == [(J, W), ("j2", "w2")]


def test_more_cpus_than_slots_run_alone():
    state = given(at_once(action("a", cpus=8), action("b")), slots=2)
    assert leased(decided(state)) == [0]
    assert after(state, 0) == [1]
    assert leased(decided(given(at_once(action("a", cpus=8)), slots=0))) == []


# --- memory and limits ------------------------------------------------------------------------------------------------


def test_a_limit_of_one_lets_one_at_a_time():
    state = given(at_once(*(action(f"a{n}", gpu=1) for n in range(3))), slots=4, ahead=64, gpu=1)
    assert leased(decided(state)) == [0]
    assert after(state, 0) == [1]
    assert after(state, 1) == [2]
    assert state.used == {"gpu": 1}
    assert after(state, 2) == []
    assert state.used == {}


def test_memory_counts_from_the_lease_on():
    state = given(at_once(*(action(f"a{n}", memory=3) for n in range(4))), slots=4, ahead=64, memory=8)
    assert leased(decided(state)) == [0, 1]
    assert after(state, 1) == [2]


def test_memory_nobody_has_looked_for_is_no_limit():
    state = given(at_once(*(action(f"a{n}", memory=2**50) for n in range(4))), slots=4)
    assert leased(decided(state)) == [0, 1, 2, 3]


def test_a_limit_nobody_has_declared_is_none_at_all():
    assert leased(decided(given(at_once(action("a", gpu=1), action("b"))))) == [1]


@pytest.mark.parametrize("end", ["", "code", "stopped", "lost"])
def test_however_an_attempt_ends_it_gives_back_what_it_took(end):
    state = given(at_once(action("a", cpus=2, memory=5, gpu=1)), memory=8, gpu=1)
    assert leased(decided(state)) == [0]
    assert state.used == {"gpu": 1, "memory": 5} and state.workers[W].held == 2
    when(state, ended(reason=end))
    assert state.used == {} and state.workers[W].held == 0
    assert not violations(state)


def test_what_lacks_a_resource_is_passed_over_and_others_go_on():
    state = given(at_once(action("a", gpu=1), action("b", gpu=1), action("c"), action("d")), slots=3, gpu=1)
    assert leased(decided(state)) == [0, 2, 3]


def test_nothing_later_gets_the_resource_before_what_was_passed_over():
    big = action("big", gpu=3)
    state = given(at_once(action("a", gpu=2), big, action("b", gpu=1), action("c")), slots=8, gpu=3)
    assert leased(decided(state)) == [0, 3]
    assert after(state, 0) == [1]
    assert after(state, 1) == [2]


def test_what_the_one_that_waits_has_already_is_kept_for_it():
    both = action("both", memory=6, gpu=1)
    some = [action(f"m{n}", memory=3) for n in range(3)]
    state = given(at_once(action("a", gpu=1), both, *some), slots=8, memory=10, gpu=1)
    assert leased(decided(state)) == [0, 2]  # one fits beside what is kept
    assert after(state, 2) == [3]
    assert after(state, 0) == [1]
    assert after(state, 1, 3) == [4]


def test_a_later_job_waits_behind_what_an_earlier_one_waits_for():
    state = given(replace(at_once(action("a", gpu=1), action("b", gpu=2)), priority=1.0), slots=8, gpu=2)
    later = at_once(action("x", gpu=1), action("y"))
    joined = e.WorkerJoined("j2", W, 8, 0, NOW, None, (("gpu", 2),))
    fold(state, [submitted(later, id="j2", at=NOW + 1), joined])
    assert [(event.job, event.action) for event in only(decided(state), e.ActionLeased)] == [(J, 0), ("j2", 1)]


def test_where_something_takes_resources_nothing_is_leased_ahead():
    # The second with a gpu would have to wait behind all of them when the first is done.
    rest = [action(f"c{n}") for n in range(20)]
    state = given(at_once(action("a", gpu=1), action("b", gpu=1), *rest), slots=2, ahead=64, gpu=1)
    assert leased(decided(state)) == [0, 2]
    assert after(state, 0) == [1]


def test_what_takes_resources_waits_for_slots_and_is_not_overtaken():
    state = given(at_once(action("a"), action("b", cpus=2, gpu=1), action("c")), slots=2, gpu=1)
    assert leased(decided(state)) == [0]
    assert after(state, 0) == [1]


def test_an_incarnation_that_dies_still_holds_what_runs():
    state = given(at_once(action("a", gpu=1), action("b", gpu=1)), gpu=1)
    decided(state)
    fold(state, [e.WorkerJoined(J, "w2", 2, 0, NOW, None, (("gpu", 1),))])
    assert leased(decided(state)) == []
    when(state, s.WorkerGone(J, W))
    assert [event.worker for event in only(decided(state), e.ActionLeased)] == ["w2"]


def test_a_modules_word_counts_and_a_new_one_counts_for_what_is_leased_from_then_on():
    one = Installed("m", "/m", "main.py", "", "", "", limits=(("gpu", 1),))
    actions = [action(f"a{n}", module="m") for n in range(4)]
    state = given(at_once(*actions), site=site(one), slots=8, gpu=2)
    assert leased(decided(state)) == [0, 1]
    two = Installed("m", "/m", "main.py", "", "", "", limits=(("gpu", 2),))
    fold(state, [e.JobResumed(J, NOW, g.submitted(at_once(), site(two)).site)])
    assert state.used == {"gpu": 2}
    assert after(state, 0) == []
    assert after(state, 1) == [2]
    assert state.used == {"gpu": 2}


def test_the_totals_come_with_the_worker_and_a_change_is_news():
    state = given(job("a"), memory=8, gpu=1)
    same = s.WorkerAnnounced(J, W, 2, 0, 8, (("gpu", 1),))
    assert when(state, same) == []
    (news,) = when(state, same._replace(limits=(("gpu", 2),)))
    assert isinstance(news, e.WorkerJoined) and news.limits == (("gpu", 2),)
    assert state.workers[W].limits == {"gpu": 2}


def test_an_old_journal_has_workers_without_totals():
    event = e.unpack(J, ["worker-joined", W, 2, 64, NOW])
    assert event == e.WorkerJoined(J, W, 2, 64, NOW)


def test_ten_thousand_that_wait_for_one_gpu_cost_no_more_than_ten():
    def turns(size: int) -> float:
        state = given(at_once(*(action(f"a{n}", gpu=1) for n in range(size))), slots=4, gpu=1)
        decided(state)
        began = time.process_time()
        for at in range(10):
            when(state, ended(at))
            assert leased(decided(state)) == [at + 1]
        return time.process_time() - began

    turns(20)
    assert turns(10_000) < 20 * turns(20) + 0.05


# --- any history ------------------------------------------------------------------------------------------------------

needs = st.fixed_dictionaries(
    {},
    optional={
        "cpus": st.integers(1, 3),
        "memory": st.integers(1, 10),
        "gpu": st.integers(0, 2),
        "nuke": st.integers(1, 3),
        "idempotent": st.just(False),
    },
)
jobs = st.lists(st.lists(needs, min_size=1, max_size=8), min_size=1, max_size=4).map(
    lambda steps: job(*(step(f"s{at}", entries) for at, entries in enumerate(steps)))
)


def step(name: str, entries: list[dict[str, Any]]) -> Task:
    return parallel(name, *(action(f"a{n}", **takes) for n, takes in enumerate(entries)))


@drawn(40, 400, jobs, st.integers(3, 6), st.integers(0, 8), st.integers(0, 4))
def test_whatever_is_asked_for_nothing_is_overcommitted_and_all_come_to_their_turn(asked, slots, ahead, spread):
    """The farm looks after every turn for what is over-committed, and that the history folds to the same counts."""
    farm = Farm(
        asked, slots=slots, ahead=ahead, memory=10, limits={"gpu": 2, "nuke": 3},
        outcomes=lambda order: succeeds(float(order.action % (spread + 1))),
    )  # fmt: skip
    farm.run()
    assert farm.job.finished == "succeeded"
    assert farm.supervisor.state.used == {}
    assert trees.replay_broken(farm) == []
    farm.crash()
    farm.turn()
    assert farm.supervisor.state.used == {}


def test_a_stop_gives_everything_back():
    hangs = serial("s", action("a", memory=5, gpu=1), action("b", gpu=1))
    farm = Farm(job(hangs), memory=8, limits={"gpu": 1}, outcomes=script({}))
    farm.turn()
    assert farm.supervisor.state.used == {"gpu": 1, "memory": 5}
    farm.hold(grace=0.0)
    farm.settle()
    assert farm.supervisor.state.used == {}
    farm.resume()
    farm.run()
    assert farm.job.finished == "succeeded"


def test_deciding_again_without_news_says_nothing():
    state = given(at_once(*(action(f"a{n}", gpu=1) for n in range(3))), gpu=1)
    decided(state)
    assert decide(state, NOW) == []
    quiet(state)
    assert decide(state, NOW) == []
