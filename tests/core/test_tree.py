"""How a tree goes on: what becomes ready when, what is skipped when something fails, and when the job is over.

Knows trees of names; attempts and retries are test_decide's.
"""

from __future__ import annotations

import pytest

from job_manager.core import events as e
from job_manager.core.evolve import evolve
from job_manager.model.job import Task
from job_manager.testing import Farm, action, fails, job, lost, parallel, script, serial
from tests.core.given import J, decided, given, kinds, only, play


def run(tree, *bad: int, slots: int = 9) -> Farm:
    """The job with these actions failing, run to its end."""
    farm = Farm(tree, slots=slots, outcomes=script({at: fails() for at in bad}))
    farm.run()
    return farm


def skips(farm: Farm) -> list[tuple[int, int, int]]:
    return [(event.first, event.end, event.because) for event in only(farm.journal, e.ActionsSkipped)]


def order(farm: Farm) -> list[str]:
    return [farm.job.shape.paths[at] for _, at, _ in farm.workers[0].begun]


@pytest.mark.parametrize(
    "tree",
    [
        job(),
        job(serial("s")),
        job(parallel("p")),
        job(serial("s", parallel("p", serial("t"), serial("u")))),
        job(at_once=True),
        job(serial("s"), parallel("p"), at_once=True),
    ],
)
def test_a_job_without_actions_succeeds_at_once(tree):
    farm = Farm(tree, workers=[])
    farm.turn()
    assert kinds(farm.journal) == ["job-submitted", "job-finished"]
    assert farm.job.state == "succeeded"
    assert farm.journal[-1] == e.JobFinished(J, farm.clock.wall(), "succeeded", {})


def test_a_single_action():
    farm = run(job("a"))
    assert (farm.job.state, farm.states()) == ("succeeded", {"a": "succeeded"})
    farm = run(job("a"), 0)
    assert (farm.job.state, farm.states()) == ("failed", {"a": "failed"})


@pytest.mark.parametrize("at", ["first", "middle", "last"])
def test_an_empty_task_is_over_as_soon_as_it_starts(at):
    children: list[Task | str] = ["a", "b"]
    children.insert(["first", "middle", "last"].index(at), serial("none", parallel("at all")))
    farm = run(job(*children))
    assert farm.job.state == "succeeded"
    assert order(farm) == ["a", "b"]


def test_serial_is_one_after_another_and_parallel_at_once():
    tree = job(serial("s", "a", parallel("p", "b", serial("t", "c", "d")), "e"), "f")
    state = given(tree, slots=9)
    steps = []
    while leases := [event.action for event in only(play_step(state), e.ActionLeased)]:
        steps.append(leases)
    assert steps == [[0], [2, 1], [3], [4], [5]]


def play_step(state):
    made = decided(state)
    job_state = state.jobs[J]
    for at, lease in list(job_state.leases.items()):
        evolve(state, e.ActionSucceeded(J, at, lease.attempt, 0.0, 0.0))
    return made


def test_in_a_parallel_step_siblings_finish_and_later_steps_do_not_start():
    farm = run(job(parallel("p", "a", "b", "c"), parallel("q", "d", "e"), "f"), 1, slots=1)
    assert list(farm.states().values()) == ["succeeded", "failed", "succeeded", "skipped", "skipped", "skipped"]
    assert skips(farm) == [(3, 6, 1)]
    assert farm.job.state == "failed"
    assert order(farm) == ["p/a", "p/b", "p/c"]


NESTED = job(serial("s", "a", serial("t", "b", "c", "d"), "e", "f"), "g")


@pytest.mark.parametrize(
    ("bad", "ranges"),
    [
        (0, [(1, 6, 0), (6, 7, 0)]),
        (1, [(2, 4, 1), (4, 6, 1), (6, 7, 1)]),
        (2, [(3, 4, 2), (4, 6, 2), (6, 7, 2)]),
        (3, [(4, 6, 3), (6, 7, 3)]),
        (4, [(5, 6, 4), (6, 7, 4)]),
        (5, [(6, 7, 5)]),
        (6, []),
    ],
)
def test_in_nested_serial_tasks_each_level_skips_its_own_rest(bad, ranges):
    farm = run(NESTED, bad)
    assert skips(farm) == ranges
    expected = ["succeeded"] * bad + ["failed"] + ["skipped"] * (6 - bad)
    assert list(farm.states().values()) == expected


def test_in_a_parallel_task_only_the_failed_branch_is_skipped():
    tree = job(parallel("p", serial("s", "a", "b", "c"), serial("t", "d", "e")), "f")
    farm = run(tree, 0)
    assert skips(farm) == [(1, 3, 0), (5, 6, 0)]
    assert list(farm.states().values()) == ["failed", "skipped", "skipped", "succeeded", "succeeded", "skipped"]


def test_the_first_that_failed_is_named_when_several_did():
    farm = run(job(parallel("p", "a", "b", "c"), "d"), 1, 2)
    assert skips(farm) == [(3, 4, 1)]


def test_a_lost_action_is_named_too():
    farm = Farm(job(parallel("p", "a", action("b", idempotent=False)), "c"), outcomes=script({1: lost()}))
    farm.run()
    assert skips(farm) == [(2, 3, 1)]


def test_when_only_empty_tasks_are_left_nothing_is_skipped():
    farm = run(job(serial("s", "a", serial("none"), parallel("at all")), "b"), 0)
    assert skips(farm) == [(1, 2, 0)]
    assert farm.job.state == "failed"


def test_a_failure_in_the_last_place_skips_nothing_and_fails_the_job():
    farm = run(job(serial("s", "a", serial("t", "b"))), 1)
    assert skips(farm) == []
    assert farm.job.state == "failed"


def test_the_end_counts_every_action_and_comes_once():
    farm = run(job(parallel("p", "a", "b"), "c"), 1)
    finished = only(farm.journal, e.JobFinished)
    assert len(finished) == 1
    assert finished[0] == farm.journal[-1]
    assert farm.journal[-1][3] == {"succeeded": 1, "failed": 1, "skipped": 1}


def test_the_job_is_not_over_while_a_sibling_runs_or_waits_for_its_retry():
    farm = Farm(job(action("a"), action("b", retries=1), at_once=True), outcomes=script({0: fails(), 1: fails()}))
    farm.settle()
    farm.pass_time()
    farm.settle()
    assert farm.states() == {"a": "failed", "b": "retrying"}
    assert farm.job.state == "running"
    farm.run()
    assert kinds(farm.journal).count("job-finished") == 1


def test_states_of_a_job_are_those_of_its_leaves():
    state = given(job("a", "b"))
    assert state.jobs[J].state == "waiting"
    decided(state)
    assert state.jobs[J].state == "running"
    play(state)
    assert state.jobs[J].state == "succeeded"
