"""Hooks: what runs when all else in its task is over, because it failed, did well, or in either case.

Given trees with hooks, when actions end, then what runs, in which order, and how the job ends.
"""

from __future__ import annotations

import pytest

from job_manager.core.said import ResumeJob
from job_manager.model.errors import Refused
from job_manager.model.job import ALWAYS, ON_ERROR, ON_SUCCESS, Action
from job_manager.model.record import replace
from job_manager.testing import HANGS, Farm, action, fails, job, parallel, script, serial, succeeds
from tests.core.test_needs import begun_by


def hook(name: str, on: str, retries: int | None = None) -> Action:
    return replace(action(name, retries=retries), hook=on)


ALL = (hook("sorry", ON_ERROR), hook("well", ON_SUCCESS), hook("tidy", ALWAYS))


def ran(*children, bad=(), **more):
    """The farm after the job's end, and the names of what began in order."""
    farm = Farm(job(*children, **more), slots=1, outcomes=script(dict.fromkeys(bad, fails())))
    farm.run()
    return farm, begun_by(farm)


def test_after_success_the_hooks_of_success_and_always_run_in_order():
    farm, begun = ran("a", "b", *ALL)
    assert begun == ["a", "b", "well", "tidy"]
    assert farm.states()["sorry"] == "skipped"
    assert farm.job.finished == "succeeded"


def test_after_a_failure_those_of_error_and_always_run_and_the_job_has_failed_for_its_own_reason():
    farm, begun = ran("a", "b", *ALL, bad=[0])
    assert begun == ["a", "sorry", "tidy"]
    assert list(farm.states().values()) == ["failed", "skipped", "succeeded", "skipped", "succeeded"]
    assert farm.job.finished == "failed"
    assert farm.job.failures[0].reason == "code"


def test_a_hook_waits_for_everything_in_a_parallel_task():
    _, begun = ran(parallel("p", "a", "b", "c", hook("sorry", ON_ERROR)), bad=[0])
    assert begun == ["p/a", "p/b", "p/c", "p/sorry"]


def test_what_comes_after_the_task_waits_for_its_hooks():
    _, begun = ran(serial("s", "a", hook("tidy", ALWAYS)), "b")
    assert begun == ["s/a", "s/tidy", "b"]


def test_each_failing_ancestor_runs_its_own_from_the_inside_out():
    inner = serial("inner", "a", hook("first", ON_ERROR))
    _, begun = ran(serial("outer", inner, "b", hook("second", ON_ERROR)), hook("third", ON_ERROR), bad=[0])
    assert begun == ["outer/inner/a", "outer/inner/first", "outer/second", "third"]


def test_a_hook_runs_although_the_task_before_it_never_began_and_has_one_itself():
    never = serial("never", "a", hook("first", ON_ERROR))
    farm, begun = ran(serial("outer", "bad", never, "b", hook("second", ON_ERROR)), bad=[0])
    assert begun == ["outer/bad", "outer/second"]
    assert farm.states()["outer/never/first"] == "skipped"


def test_hooks_are_not_inherited_by_what_is_below():
    _, begun = ran(serial("s", serial("t", "a")), hook("sorry", ON_ERROR), bad=[0])
    assert begun == ["s/t/a", "sorry"]


def test_the_hooks_of_what_never_began_do_not_run():
    farm, begun = ran("a", serial("s", "b", hook("tidy", ALWAYS), hook("sorry", ON_ERROR)), bad=[0])
    assert begun == ["a"]
    assert farm.states()["s/tidy"] == farm.states()["s/sorry"] == "skipped"


def test_a_task_of_nothing_but_hooks_runs_none():
    farm, begun = ran(serial("s", hook("tidy", ALWAYS)), "a")
    assert begun == ["a"]
    assert farm.job.finished == "succeeded"


def test_a_hook_of_success_that_fails_makes_its_task_fail():
    farm, begun = ran(serial("s", "a", hook("well", ON_SUCCESS), hook("tidy", ALWAYS)), "b", bad=[1])
    assert begun == ["s/a", "s/well", "s/tidy"]
    assert farm.states()["b"] == "skipped"
    assert farm.job.finished == "failed"


def test_a_hook_is_tried_again_like_any_action():
    tried = Farm(
        job("a", hook("sorry", ON_ERROR, retries=1)), slots=1, outcomes=script({0: fails(), 1: [fails(), succeeds()]})
    )
    tried.run()
    assert begun_by(tried) == ["a", "sorry", "sorry"]
    assert tried.states()["sorry"] == "succeeded"


def test_what_runs_again_is_followed_by_its_hooks_again():
    farm, _ = ran(serial("good", "a", hook("done", ALWAYS)), serial("s", "b", hook("tidy", ALWAYS)), bad=[2])
    farm.workers[0].outcomes = script()
    farm.resume()
    farm.run()
    assert begun_by(farm) == ["good/a", "good/done", "s/b", "s/tidy", "s/b", "s/tidy"]
    assert farm.job.finished == "succeeded"


def test_a_job_is_not_taken_up_while_a_hook_of_what_failed_is_at_work():
    farm = Farm(job("a", hook("sorry", ON_ERROR)), outcomes=script({0: fails(), 1: HANGS}))
    farm.run()
    farm.say(ResumeJob("j1", farm.site))
    farm.turn()
    [(_, refused)] = farm.supervisor.refused
    assert isinstance(refused, Refused)
    assert "sorry is at work" in str(refused)


@pytest.mark.parametrize("at_once", [False, True])
def test_hooks_of_a_job_whose_actions_are_free(at_once):
    first, second = replace(action("b"), needs=("a",)), replace(action("c"), needs=("b",))
    _, begun = ran("a", first, second, *ALL, bad=[1], at_once=at_once)
    assert begun == ["a", "b", "sorry", "tidy"]
