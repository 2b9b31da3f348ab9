"""Actions whose commands print more tasks and actions: these stand below them, and they are over when these are.

Given jobs that grow, when actions end, then what may start, how it ends, and what a person's resume keeps.
"""

from __future__ import annotations

import pytest

from job_manager.core import events as e
from job_manager.core import growing as rules
from job_manager.core import said as s
from job_manager.core.evolve import evolve
from job_manager.model.document import children_document
from job_manager.model.errors import InvariantBroken
from job_manager.model.job import ALWAYS, ON_ERROR
from job_manager.model.record import replace
from job_manager.testing import (
    HANGS,
    Farm,
    Outcome,
    action,
    fails,
    growing,
    job,
    linked,
    parallel,
    printing,
    script,
    serial,
    succeeds,
)
from tests.core.given import J, ended, given, kinds, leased, only, ran, started, when
from tests.core.test_needs import begun_by

NEW = children_document((action("new"),))


def grown_farm(*children, outcomes, slots=1, **more):
    farm = Farm(job(*children, **more), slots=slots, outcomes=script(outcomes))
    farm.run()
    return farm


def test_what_was_printed_runs_below_and_what_comes_after_waits_for_it():
    farm = grown_farm(serial("s", growing("a"), "b"), outcomes={0: printing(serial("t", "x", "y"), "z")})
    assert begun_by(farm) == ["s/a", "s/a/t/x", "s/a/t/y", "s/a/z", "s/b"]
    assert farm.job.finished == "succeeded"
    assert [farm.job.shape.paths[at] for at in farm.job.shape.listed()] == [
        *["s/a", "s/a/t/x", "s/a/t/y", "s/a/z", "s/b"]
    ]


def test_success_and_growth_are_one_turn():
    state = given(job(growing("a"), "b"), leased(), started())
    said = ended()._replace(grown=NEW)
    assert kinds(when(state, said)) == ["succeeded", "grown"]
    assert when(state, said) == []  # said again


def test_nothing_printed_is_nothing_to_wait_for():
    farm = grown_farm(growing("a"), growing("b"), "c", outcomes={1: printing(serial("empty"))})
    assert begun_by(farm) == ["a", "b", "c"]
    assert farm.job.finished == "succeeded"
    assert len(only(farm.journal, e.Grown)) == 2


def test_only_what_expands_grows():
    state = given(job("a", "b"), *ran(0))
    with pytest.raises(InvariantBroken, match="is not to grow"):
        evolve(state, e.Grown(J, 0, NEW))
    assert kinds(when(given(job("a"), leased()), ended()._replace(grown=NEW))) == ["succeeded"]


def test_a_failure_inside_is_a_failure_of_the_action_it_grew_of():
    farm = grown_farm(serial("s", growing("a"), "b"), "c", outcomes={0: printing("x", "y"), 3: fails()})
    assert farm.states() == {
        "s/a": "succeeded",
        "s/b": "skipped",
        "c": "skipped",
        "s/a/x": "failed",
        "s/a/y": "succeeded",
    }
    assert farm.job.finished == "failed"


def test_what_grew_grows():
    outcomes = {0: printing(growing("b"), "x"), 2: printing(serial("t", growing("c"), "y")), 4: printing("z")}
    farm = grown_farm(growing("a"), "last", outcomes=outcomes)
    assert list(farm.states()) == ["a", "last", "a/b", "a/x", "a/b/t/c", "a/b/t/y", "a/b/t/c/z"]
    assert set(farm.states().values()) == {"succeeded"}
    begun = begun_by(farm)
    assert begun.index("a/b/t/c/z") < begun.index("a/b/t/y") < begun.index("last") == len(begun) - 1
    paths = [farm.job.shape.paths[at] for at in farm.job.shape.listed()]
    assert paths == ["a", "a/b", "a/b/t/c", "a/b/t/c/z", "a/b/t/y", "a/x", "last"]


def test_the_hooks_around_run_when_what_has_grown_is_over_and_those_inside_before():
    tidy, sorry = replace(action("tidy"), hook=ALWAYS), replace(action("sorry"), hook=ON_ERROR)
    inner = serial("t", "x", replace(action("own"), hook=ON_ERROR))
    farm = grown_farm(serial("s", growing("a"), "b", tidy, sorry), "c", outcomes={0: printing(inner), 5: fails()})
    assert begun_by(farm) == ["s/a", "s/a/t/x", "s/a/t/own", "s/tidy", "s/sorry"]
    assert farm.job.finished == "failed"


def test_it_may_wait_for_what_stands_outside_and_is_over_or_not():
    late = linked("late", needs=("q/slow", "q/quick"))
    within = linked("within", needs=("p/a/late",))
    outcomes = {0: printing(late, within, "at-once"), 2: succeeds(50.0)}
    one = job(parallel("p", growing("a")), parallel("q", "quick", "slow"), at_once=True)
    farm = Farm(one, slots=3, outcomes=script(outcomes))
    farm.run()
    began = {path: farm.job.began[at] for at, path in enumerate(farm.job.shape.paths)}
    assert began["p/a/at-once"] < began["p/a/late"] < began["p/a/within"]
    assert farm.job.finished == "succeeded"


def test_what_waits_for_a_failed_one_is_skipped_though_that_is_over():
    late = linked("late", needs=("bad",))
    farm = grown_farm("bad", growing("a"), at_once=True, outcomes={0: fails(after=0.0), 1: printing(late, after=9.0)})
    assert farm.states() == {"bad": "failed", "a": "succeeded", "a/late": "skipped"}


@pytest.mark.parametrize("needed", ["s", "s/a", "s/b", "after/x", "s/tidy"])
def test_it_cannot_wait_for_what_waits_for_it(needed):
    tidy = replace(action("tidy"), hook=ALWAYS)
    outcomes = {0: printing(linked("late", needs=(needed,)))}
    farm = grown_farm(serial("s", growing("a"), "b", tidy), serial("after", "x"), outcomes=outcomes)
    assert farm.states()["s/a"] == "failed"
    assert farm.job.failures[0].reason == "output-invalid"
    assert f'it waits for "{needed}", which waits for it' in farm.job.failures[0].message


def test_it_cannot_wait_for_what_there_is_not():
    farm = grown_farm(growing("a"), outcomes={0: printing(linked("late", needs=("gone/x",)))})
    assert 'it waits for "gone/x", which there is not' in farm.job.failures[0].message


def test_how_deep_and_how_much_is_bounded(monkeypatch):
    endless = printing(growing("a"))
    farm = Farm(job(growing("a")), outcomes=lambda order: endless)
    farm.run()
    assert len(farm.job.states) == rules.DEEPEST + 1
    assert farm.job.failures[rules.DEEPEST].message == (
        "commands have printed commands that print commands, 20 deep; that is the limit"
    )
    assert farm.job.finished == "failed"
    monkeypatch.setattr(rules, "MOST", 3)
    many = grown_farm(growing("a"), outcomes={0: printing("x", "y", "z")})
    assert many.job.failures[0].message == "it printed 3 tasks and commands; the limit for a job is 3"


def test_taken_up_what_is_done_is_not_run_again_and_what_failed_is():
    outcomes = {0: printing(serial("t", "x", "y"), growing("g")), 4: printing("z"), 3: [fails(), succeeds()]}
    farm = grown_farm(growing("a"), "last", outcomes=outcomes)
    assert farm.job.finished == "failed"
    begun = len(farm.workers[0].begun)
    farm.crash()
    farm.turn()
    farm.resume()
    farm.run()
    assert farm.job.finished == "succeeded"
    assert begun_by(farm)[begun:] == ["a/t/y", "last"]
    assert len(only(farm.journal, e.Grown)) == 2


def test_with_an_edited_job_the_command_is_asked_again():
    outcomes: dict[int, Outcome | list[Outcome]] = {0: printing("x"), 1: [fails(), succeeds()]}
    farm = Farm(job(growing("a"), "b", "c"), slots=1, outcomes=script(outcomes))
    farm.run()
    since = len(farm.journal)
    assert farm.states() == {"a": "succeeded", "b": "failed", "c": "skipped", "a/x": "succeeded"}
    farm.resume(job(growing("a"), "b"), kept=[(0, 0)])
    farm.run()
    assert [event.action for event in only(farm.journal[since:], e.ActionLeased)] == [0, 2, 1]
    assert farm.states() == {"a": "succeeded", "b": "succeeded", "a/x": "succeeded"}


def test_held_while_its_command_prints_nothing_of_it_starts_before_the_job_goes_on():
    farm = Farm(job(growing("a")), outcomes=script({0: HANGS}))
    farm.settle()
    farm.say(s.HoldJob(J, "interrupted", 10.0))
    farm.say(s.AttemptEnded(J, 0, 1, "w1", 0.0, 1.0, grown=NEW))
    farm.turn()
    assert farm.states() == {"a": "succeeded", "a/new": "ready"}
    assert farm.job.state == "interrupted"
    farm.resume()
    farm.run()
    assert farm.job.finished == "succeeded"


def test_a_free_one_that_has_grown_goes_on_although_its_turn_never_comes():
    free = replace(growing("free"), needs=())
    farm = Farm(job(serial("s", "bad", free, "c")), slots=2, outcomes=script({0: fails(after=3.0), 1: printing("x")}))
    farm.run()
    assert farm.states() == {"s/bad": "failed", "s/free": "succeeded", "s/c": "skipped", "s/free/x": "succeeded"}
    farm.resume()
    farm.run()
    assert farm.job.finished == "failed"


def test_what_can_never_start_in_what_grew_below_a_free_one_is_skipped():
    """A range in a graft is in no range of what is written."""
    then = replace(serial("then", growing("a"), "b"), needs=("first",))
    outcomes = {0: succeeds(), 1: printing(serial("t", "x", "y"), growing("g")), 3: fails(), 5: printing("z")}
    farm = grown_farm(parallel("p", "first"), replace(then, needs=("p/first",)), outcomes=outcomes)
    assert farm.states() == {
        "p/first": "succeeded",
        "then/a": "succeeded",
        "then/b": "skipped",
        "then/a/t/x": "failed",
        "then/a/t/y": "skipped",
        "then/a/g": "succeeded",
        "then/a/g/z": "succeeded",
    }
    free = replace(growing("a"), needs=())
    farm = grown_farm(serial("s", free), outcomes={0: printing(serial("t", "x", "y")), 1: fails()})
    assert farm.states() == {"s/a": "succeeded", "s/a/t/x": "failed", "s/a/t/y": "skipped"}
