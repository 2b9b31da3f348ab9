"""Priorities, how many may run at once, jobs that start paused or not before a time, and after what is tried again.

Given jobs that say so, when time passes, then what is leased.
"""

from __future__ import annotations

from job_manager.core.decide import decide
from job_manager.core.events import ActionLeased, WorkerJoined
from job_manager.core.evolve import fold
from job_manager.model.job import Action, Job, Task
from job_manager.model.record import replace
from job_manager.testing import Farm, action, fails, job, parallel, script, site, succeeds
from tests.core.given import given, kinds, leased, submitted
from tests.core.test_needs import begun_by


def first(name: str, priority: float, gpu: int = 0) -> Action:
    return replace(action(name, gpu=gpu), priority=priority)


def order(tree: Job, **more) -> list[str]:
    farm = Farm(tree, slots=1, **more)
    farm.run()
    return begun_by(farm)


def test_the_higher_priority_runs_first_and_equal_ones_in_listing_order():
    assert order(job(parallel("p", "a", first("b", 5), first("c", -1), first("d", 5)))) == ["p/b", "p/d", "p/a", "p/c"]


def test_a_task_s_priority_is_that_of_what_is_below_unless_it_has_its_own():
    urgent = replace(parallel("u", "c", first("d", 1)), priority=9.0)
    assert order(job(parallel("p", "a", first("b", 2), urgent))) == ["p/u/c", "p/b", "p/u/d", "p/a"]


def test_priority_counts_among_those_that_take_resources_too():
    tree = job(parallel("p", action("a", gpu=1), first("b", 1, gpu=1), "c", first("d", 2)))
    assert order(tree, limits={"gpu": 1}) == ["p/d", "p/b", "p/a", "p/c"]


def test_of_two_jobs_that_of_the_higher_priority_goes_first():
    one, other = job("a"), replace(job("b"), priority=1.0)
    state = given(one, submitted(other, id="j2", at=2000.0), slots=1)
    fold(state, [WorkerJoined("j2", "w1", 1, 0, 2000.0)])
    assert decide(state, 2000.0) == [ActionLeased("j2", 0, 1, "w1")]


def test_no_more_than_max_active_are_leased_at_once():
    tree = replace(job(parallel("p", *"abcd")), max_active=2)
    state = given(tree, slots=4, ahead=4)
    assert kinds(decide(state, 0.0)) == ["leased", "leased"]
    fold(state, [leased(0), leased(1)])
    assert decide(state, 0.0) == []


def test_a_job_may_start_paused_and_goes_on_when_it_is_taken_up():
    farm = Farm(replace(job("a"), paused=True))
    farm.run()
    assert farm.job.state == "paused"
    assert begun_by(farm) == []
    farm.resume()
    farm.run()
    assert farm.job.finished == "succeeded"


def test_nothing_starts_before_its_time():
    farm = Farm(job("a"), site=replace(site(), not_before=Farm(job("x")).clock.wall() + 3600))
    farm.settle()
    assert begun_by(farm) == []
    assert farm.supervisor.next_timer() == farm.job.site.not_before
    farm.run()
    assert farm.job.began[0] >= farm.job.site.not_before
    assert farm.job.finished == "succeeded"


def retried(*on: str, code: int = 1, reason: str = "code") -> int:
    tree = job(replace(action("a", retries=1), retry_on=on))
    farm = Farm(tree, outcomes=script({0: [fails(code, reason=reason), succeeds()]}))
    farm.run()
    return len(begun_by(farm)) - 1


def test_after_what_is_tried_again():
    assert retried() == 1
    assert retried("75", code=75) == 1
    assert retried("75", code=1) == 0
    assert retried("timeout", reason="timeout") == 1
    assert retried("timeout", "75", code=1) == 0
    assert retried("9", code=9, reason="signal") == 0  # an exit code is no signal
    assert retried("-9", code=9, reason="signal") == 1
    assert retried("-9", code=9) == 0
    assert retried(reason="output-invalid") == 0
    assert retried("output-invalid", reason="output-invalid") == 1


def test_a_deep_tree_has_its_priority():
    node: Task = replace(parallel("t", "a"), priority=None)
    for _ in range(50):
        node = Task("t", (node,))
    assert order(job(parallel("p", "b", replace(node, priority=3.0))))[0].endswith("/a")
