"""A job and its document say the same, whichever way is taken: the short one for actions that say little, or the
long."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from job_manager.model.document import EASY_KEYS, SIMPLE, action_document, job_document, job_of, read_job
from job_manager.model.errors import Place
from job_manager.model.job import Action, Command, Input, Job, ModuleCall, Output, Shell, Stuck, Task, Work

SAID: dict[str, st.SearchStrategy[Any]] = {
    "when": st.sampled_from(["", "params.a == 'b'"]),
    "timeout": st.sampled_from([None, 0.0, 1.5]),
    "cpus": st.sampled_from([None, 0, 2]),
    "memory": st.sampled_from([None, 0, 1 << 20]),
    "hook": st.sampled_from(["", "always"]),
    "min_runtime": st.sampled_from([None, 0.0, 2.0]),
    "priority": st.sampled_from([None, 0.0, -1.0]),
    "expand": st.booleans(),
    "workdir": st.sampled_from(["", "/tmp"]),
    "backoff": st.sampled_from([None, 0.0, 3.0]),
    "idempotent": st.sampled_from([None, False, True]),
    "retries": st.sampled_from([None, 0, 3]),
    "title": st.sampled_from(["", "A title"]),
    "inputs": st.sampled_from([(), (Input("x"),), (Input("x", "p", "text", "file", True), Input("y"))]),
    "outputs": st.sampled_from([(), (Output("z"),), (Output("z", public=True, kind="directory"),)]),
    # What has no short way:
    "tags": st.sampled_from([(), (), ("a",)]),
    "needs": st.sampled_from([None, None, (), ("b",)]),
    "stuck": st.sampled_from([None, None, Stuck(1.0, True)]),
    "env": st.sampled_from([(), (), (("A", "b"),)]),
}
WORKS: st.SearchStrategy[Work] = st.sampled_from(
    [Command(()), Command(("a", "b")), Command(("%j",), True), Shell(""), Shell("x"), ModuleCall("m")]
)


@given(st.lists(st.tuples(WORKS, st.fixed_dictionaries({}, optional=SAID)), min_size=1, max_size=4))
def test_a_job_is_what_its_document_says(actions):
    made = [Action(f"a{number}", work, **said) for number, (work, said) in enumerate(actions)]
    job = Job("job", (Task("step", tuple(made)),))
    back = read_job(job_document(job))
    assert back == job and repr(back) == repr(job)  # 1 and True are equal, too


@given(st.fixed_dictionaries({}, optional={name: SAID[name] for name in SIMPLE}))
def test_the_short_way_says_what_the_long_one_does(said):
    """An action that has tags as well goes the long way."""
    short = action_document(Action("a", Command(("x",)), **said))
    long = action_document(Action("a", Command(("x",)), tags=("t",), **said))
    assert long.pop("tags") == ["t"] and short == long
    assert short.keys() <= EASY_KEYS


OF_TASK: dict[str, st.SearchStrategy[Any]] = {
    "parallel": st.booleans(),
    "title": st.sampled_from(["", "A title"]),
    "needs": st.sampled_from([None, (), ("b",)]),
    "when": st.sampled_from(["", "false"]),
    "priority": st.sampled_from([None, 0, 2.5]),
    "wishes": st.sampled_from([(), (("zone", "a"),)]),
}


@given(st.sampled_from(["", "step"]), st.fixed_dictionaries({}, optional=OF_TASK))
def test_a_task_is_what_its_document_says(name, said):
    job = Job("job", (Task(name, (Action("a", Command(("x",))),), **said),))
    back = read_job(job_document(job))
    assert back == job and repr(back) == repr(job)


def test_a_document_knows_its_job_until_it_has_been_text():
    job = Job("job", (Action("a", Command(("x",)), place=Place("job.yaml", 3, 1)),))
    document = job_document(job)
    assert job_of(document) is job
    text = json.dumps(document)
    assert text == json.dumps(dict(document))
    again = job_of(json.loads(text))
    assert again == job and again is not job and again.children[0].place is None
