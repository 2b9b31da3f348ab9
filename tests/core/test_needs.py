"""Nodes that wait for named others instead of their turn, and actions of unknown outcome that wait for a word.

Given jobs with needs, when actions end, then what may start; the promises of the tree hold with them.
"""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from job_manager.core.said import ResumeJob
from job_manager.model.errors import Refused
from job_manager.model.job import Action, Job, Task
from job_manager.model.record import replace
from job_manager.testing import Farm, action, fails, job, lost, parallel, script, serial, succeeds
from tests.drawn import drawn


def free(name: str, *needs: str) -> Action:
    return replace(action(name), needs=needs)


def begun_by(farm: Farm) -> list[str]:
    """The paths of the actions in the order in which they began."""
    return [farm.job.shape.paths[action] for _, action, *_ in farm.workers[0].begun]


def test_a_free_action_starts_when_its_needs_are_there_and_not_with_its_step():
    one = job(parallel("first", "quick", "slow"), parallel("second", free("early", "first/quick"), "late"))
    farm = Farm(one, slots=2, outcomes=script({0: succeeds(1.0), 1: succeeds(50.0), 2: succeeds(1.0)}))
    farm.run()
    assert begun_by(farm) == ["first/quick", "first/slow", "second/early", "second/late"]
    early, slow = farm.job.ended[2], farm.job.ended[1]
    assert early < slow
    assert farm.job.finished == "succeeded"


def test_without_any_need_it_starts_at_once():
    farm = Farm(job("a", serial("s", free("b"), "c")), slots=2, outcomes=script({0: succeeds(9.0)}))
    farm.run()
    assert begun_by(farm)[:2] == ["a", "s/b"]
    assert farm.job.finished == "succeeded"


def test_what_needs_a_failed_one_is_skipped_and_its_siblings_are_not():
    one = job(parallel("p", "bad", free("child", "p/bad"), free("grandchild", "p/child"), "other"), "after")
    farm = Farm(one, outcomes=script({0: fails()}))
    farm.run()
    assert farm.states() == {
        "p/bad": "failed",
        "p/child": "skipped",
        "p/grandchild": "skipped",
        "p/other": "succeeded",
        "after": "skipped",
    }


def test_a_free_one_that_has_begun_ends_although_its_step_never_comes():
    one = job("bad", parallel("second", free("early"), "late"), parallel("third", "last"))
    farm = Farm(one, slots=2, outcomes=script({0: fails(after=1.0), 1: succeeds(9.0)}))
    farm.run()
    assert farm.states() == {
        "bad": "failed",
        "second/early": "succeeded",
        "second/late": "skipped",
        "third/last": "skipped",
    }
    assert farm.job.finished == "failed"


def test_a_free_task_that_has_begun_goes_on_although_its_step_never_comes():
    early = replace(serial("early", "one", "two"), needs=())
    farm = Farm(job("bad", parallel("second", early, "late")), slots=2, outcomes=script({0: fails()}))
    farm.run()
    assert farm.states() == {
        "bad": "failed",
        "second/early/one": "succeeded",
        "second/early/two": "succeeded",
        "second/late": "skipped",
    }
    assert farm.job.finished == "failed"


def test_a_free_task_that_fails_does_not_go_on():
    early = replace(serial("early", "one", "two"), needs=())
    farm = Farm(job("good", early), slots=2, outcomes=script({1: fails()}))
    farm.run()
    assert farm.states() == {"good": "succeeded", "early/one": "failed", "early/two": "skipped"}


def test_a_step_of_free_ones_that_is_over_early_does_not_bring_the_next_one_forward():
    one = job("slow", parallel("second", free("early")), "third")
    farm = Farm(one, slots=3, outcomes=script({0: succeeds(20.0), 1: succeeds(1.0)}))
    farm.run()
    assert begun_by(farm) == ["slow", "second/early", "third"]
    assert farm.job.finished == "succeeded"


def test_a_task_may_be_waited_for_and_may_wait():
    waiting = replace(serial("w", "x", "y"), needs=("group",))
    farm = Farm(job("a", parallel("group", "b", "c"), parallel("p", waiting, "z")), slots=9)
    farm.run()
    order = begun_by(farm)
    assert order.index("p/w/x") > max(order.index("group/b"), order.index("group/c"))
    assert farm.job.finished == "succeeded"


def test_empty_tasks_take_no_turn_and_hold_nothing_up():
    farm = Farm(
        job(Task("e"), "a", parallel("p", Task("f"), "b"), Task("g"), free("c", "e")), outcomes=script({0: fails()})
    )
    farm.run()
    assert farm.states() == {"a": "failed", "p/b": "skipped", "c": "succeeded"}
    assert farm.job.finished == "failed"


@st.composite
def jobs_with_needs(draw: st.DrawFn) -> Job:
    """Steps of entries, some of which need entries that are listed before them."""
    paths: list[str] = []
    steps = []
    for step in range(draw(st.integers(1, 4))):
        entries = []
        for entry in range(draw(st.integers(0, 4))):
            one = action(f"a{entry}")
            if draw(st.booleans()):
                one = replace(one, needs=tuple(draw(st.lists(st.sampled_from(paths), max_size=3)) if paths else ()))
            entries.append(one)
        steps.append(Task(f"s{step}", tuple(entries), parallel=draw(st.booleans())))
        paths += [f"s{step}/{one.name}" for one in entries] + [f"s{step}"]
    return Job("random", tuple(steps))


@drawn(60, 500, jobs_with_needs(), st.sets(st.integers(0, 15)), st.integers(1, 4), st.randoms(use_true_random=False))
def test_any_job_with_needs_comes_to_its_end(one, bad, slots, chance):
    """The farm checks after every turn that nothing began before what it needs; and nothing stays open."""
    farm = Farm(
        one,
        slots=slots,
        outcomes=lambda order: fails(after=chance.random()) if order.action in bad else succeeds(chance.random()),
    )
    farm.run()
    assert set(farm.states().values()) <= {"succeeded", "failed", "skipped"}
    expected = "failed" if bad & set(range(len(farm.job.states))) else "succeeded"
    assert farm.job.finished == expected
    farm.workers[0].outcomes = lambda order: succeeds()
    if farm.job.finished == "failed":
        farm.resume()
        farm.run()
    assert set(farm.states().values()) <= {"succeeded"}


def test_what_may_have_run_and_must_not_run_twice_waits_for_a_word():
    one = job(replace(action("pay"), idempotent=False), "thank")
    farm = Farm(one, outcomes=script({0: [lost(), succeeds()]}))
    farm.run()
    assert farm.states() == {"pay": "lost", "thank": "skipped"}
    farm.resume(lost=False)
    farm.run()
    assert farm.states() == {"pay": "lost", "thank": "skipped"}
    assert len(farm.workers[0].begun) == 1
    farm.resume(lost=True)
    farm.run()
    assert farm.states() == {"pay": "succeeded", "thank": "succeeded"}


def test_an_edit_does_not_run_it_again_either():
    farm = Farm(job(replace(action("pay"), idempotent=False)), outcomes=script({0: lost()}))
    farm.run()
    farm.resume(job(replace(action("pay"), idempotent=False), "more"), lost=False)
    farm.turn()
    [(said, why)] = farm.supervisor.refused
    assert isinstance(said, ResumeJob) and isinstance(why, Refused)
    assert "--retry-lost" in why.hint


@pytest.mark.parametrize("slots", [1, 4])
def test_a_wide_barrier_of_needs_is_counted_not_scanned(slots):
    names = [f"n{at}" for at in range(200)]
    gather = replace(action("gather"), needs=("wide",))
    farm = Farm(job(parallel("wide", *names), parallel("p", gather)), slots=slots)
    farm.run()
    assert begun_by(farm)[-1] == "p/gather"
    assert farm.job.shape.needs == {farm.job.shape.node_of[200]: (1,)}
