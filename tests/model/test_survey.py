"""What the checks of a big job pass over has nothing that any of them looks at. Knows no check."""

from __future__ import annotations

import pytest

from job_manager.model.document import action_document, children_document, read_children
from job_manager.model.errors import Place
from job_manager.model.fanout import Each
from job_manager.model.job import (
    Action,
    Command,
    Echo,
    Function,
    Input,
    Job,
    ModuleCall,
    Order,
    Output,
    Shell,
    Stuck,
    Task,
    plain_action,
)
from job_manager.model.record import replace
from job_manager.model.survey import survey

PLAIN = Action("a", Command(("true",)))
# Of every field of an action a value that says something.
SAID = {
    "inputs": (Input("x"),),
    "outputs": (Output("x"),),
    "env": (("A", "b"),),
    "params": (("a", "b"),),
    "needs": (),
    "foreach": (Each("k", ("1",)),),
    "when": "false",
    "cpus": 1,
    "memory": 1,
    "limits": (("gpu", 1),),
    "hook": "always",
    "tags": ("gpu",),
    "wishes": (("a", "b"),),
    "expand": True,
}
BESIDE = {
    "name": "b",
    "title": "b",
    "timeout": 1.0,
    "retries": 1,
    "idempotent": False,
    "retry_on": ("1",),
    "min_runtime": 1.0,
    "priority": 1.0,
    "workdir": "/",
    "backoff": 1.0,
    "stuck": Stuck(1.0),
    "place": Place("f", 1, 1, "p"),
}


def test_every_field_of_an_action_is_looked_at_or_is_not():
    assert {*SAID, *BESIDE, "work"} == set(Action.__match_args__)


@pytest.mark.parametrize("name", SAID)
def test_an_action_that_says_more_is_looked_at(name):
    telling = replace(PLAIN, **{name: SAID[name]})
    job = Job("j", (PLAIN, Task("t", (telling, PLAIN))))
    assert survey(job).telling == ((1, "t/a", telling),)


@pytest.mark.parametrize("work", [ModuleCall("m"), Function("r"), Order()])
def test_what_is_no_command_is_looked_at(work):
    assert survey(Job("j", (replace(PLAIN, work=work),))).telling


@pytest.mark.parametrize("name", BESIDE)
def test_how_often_and_how_long_it_runs_is_nothing_to_look_at(name):
    assert not survey(Job("j", (replace(PLAIN, **{name: BESIDE[name]}),))).telling


def test_tasks_and_all_actions_are_counted():
    inner = Task("i", (PLAIN, PLAIN))
    found = survey(Job("j", (PLAIN, Task("t", (inner, PLAIN)), Task("u"))))
    assert [task.name for task in found.tasks] == ["t", "i", "u"]
    assert found.size == 4


def test_it_is_no_part_of_the_value_and_made_once():
    job = Job("j", (PLAIN,))
    assert survey(job) is survey(job)
    assert job == Job("j", (PLAIN,)) and "surveyed" not in repr(job)
    assert survey(replace(job, children=())).size == 0


@pytest.mark.parametrize("work", [Command(("a", "b")), Command(("a",), True), Shell("a"), Shell(""), Echo("")])
@pytest.mark.parametrize("said", [{}, *({name: value} for name, value in (SAID | BESIDE).items())], ids=str)
def test_a_plain_action_is_an_action_and_its_document_reads_back(work, said):
    action = replace(PLAIN, work=work, **said)
    for retries in (None, 0, 3):
        one = replace(action, retries=retries)
        assert read_children(children_document((one,))) == (one,)
        assert action_document(one) == {
            key: value for key, value in action_document(replace(one, tags=("t",))).items() if key != "tags"
        } | ({"tags": ["gpu"]} if one.tags else {})


def test_a_plain_action_is_what_the_constructor_makes():
    place, uses = Place("f", 1, 2, "p"), ((Input("x"),), (Output("y"),))
    made = plain_action("n", Command(("a",)), "t", place, 2, *uses)
    same = Action("n", Command(("a",)), *uses, title="t", retries=2, place=place)
    assert made == same and type(made) is Action and repr(made) == repr(same)
    assert all(getattr(made, name) == getattr(same, name) for name in Action.__match_args__)
    with pytest.raises(AttributeError, match="cannot be changed"):
        made.name = "m"  # type: ignore[misc]
