"""JSON jobs in both forms: what is read of good files, and what is said of bad ones, at which line and column.

Beside each good file stands the document of its job, beside each bad one its `.expect`, one line a problem.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from job_manager import formats
from job_manager.model.document import digest, job_document, read_job
from job_manager.model.errors import InputError
from job_manager.model.job import Action, Echo, Function, Job, Shell, Task
from tests.formats.cases import HERE, line, problems

BAD = sorted((HERE / "bad_json").glob("*.json"))
GOOD = sorted((HERE / "good_json").glob("*.json"))
README = HERE / "good_json" / "mass_readme.json"


def read(text: str, folder: Path, name: str = "job.json") -> formats.Reading:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return formats.draft(str(file))


def job_of(path: Path) -> Job:
    reading = formats.read(str(path))
    return reading.template or reading.job


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_what_is_said_of_it(file, tmp_path):
    expected = file.with_suffix(".expect").read_text(encoding="utf-8").splitlines()
    assert [line(problem) for problem in problems(file.read_bytes(), tmp_path, "job.json")] == expected


def test_there_are_many_of_them():
    assert len(BAD) >= 45
    assert len(list((HERE / "bad_json").glob("*.expect"))) == len(BAD)


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_the_job_it_is(file):
    document = job_document(job_of(file))
    assert document == json.loads(file.with_suffix(".job").read_text(encoding="utf-8"))
    assert job_document(read_job(document)) == document


def test_our_form_is_known_by_its_mark_alone(tmp_path):
    body = '"Job": {"title": "j", "children": [{"Action": {"name": "x", "shell": "make"}}]}'
    ours = read(f'{{"format": "job_manager/1", {body}}}', tmp_path).checked().job
    (action,) = ours.children
    assert isinstance(action, Action) and (action.name, action.work, action.retries) == ("x", Shell("make"), None)
    (action,) = read(f"{{{body}}}", tmp_path).checked().job.children
    assert isinstance(action, Action) and action.work == Echo("Action(name='x', shell='make')") and action.retries == 2


@pytest.mark.parametrize("name", ["job.yaml", "job", "job.json", "job.yml"])
def test_the_text_tells_the_language_whatever_the_ending(name, tmp_path):
    assert read(README.read_text(encoding="utf-8"), tmp_path, name).job.children == job_of(README).children


def test_yaml_in_braces_is_no_json_job(tmp_path):
    text = '{"name": "j", "version": "1", "steps": [{"entries": [{"echo": "x"}]}]}'
    assert read(text, tmp_path, "job.yaml").checked().job.name == "j"
    assert read(text, tmp_path, "job").checked().job.name == "j"


def test_the_title_is_the_stem_where_there_is_none(tmp_path):
    reading = read(README.read_text(encoding="utf-8"), tmp_path, "my film.json")
    assert reading.job.name == "my film"
    assert [p.message for p in reading.problems if "title" in p.message] == [
        'the job has no title; it is called "my film"'
    ]


def test_the_order_that_nobody_said_is_noted_once(tmp_path):
    notes = [problem for problem in formats.read(str(README)).problems if problem.severity == "note"]
    (note,) = notes
    assert 'the order in "Transcoding": one after another, as mass has it' in note.message
    assert (note.place.line, note.place.path) == (19, "Job.children[1].Task")


def test_actions_of_mass_that_print_what_looks_like_a_command_are_warned_of():
    found = [one for one in formats.read(str(README)).problems if "looks like a command" in one.message]
    assert [problem.place.line for problem in found] == [12, 28, 40, 52]


def test_a_function_takes_what_is_no_control(tmp_path):
    text = '{"Job": {"title": "j", "children": [{"Action": {"title": 1, "input": [null], "_role": "r"}}]}}'
    (action,) = read(text, tmp_path).checked().job.children
    assert isinstance(action, Action)
    assert (action.name, action.work) == ("r", Function("r", '{"input":[null],"title":1}'))


def test_what_runs_after_an_error_stands_last_and_is_named_there(tmp_path):
    actions = ", ".join(
        f'{{"Action": {{"input": "{n}", "title": "a!", "_whenerror": {hook}}}}}'
        for n, hook in enumerate(("true", "false", "true"))
    )
    job = read(f'{{"Job": {{"title": "j", "parallel": false, "children": [{actions}]}}}}', tmp_path).checked().job
    assert [(node.name, node.hook, node.work) for node in job.children if isinstance(node, Action)] == [
        ("a!", "", Echo("1")),
        ("a", "error", Echo("0")),
        ("a-2", "error", Echo("2")),
    ]


def test_every_node_knows_its_place():
    file = str(HERE / "good_json" / "ours.json")
    job = formats.read(file).job
    task = job.children[0]
    assert isinstance(task, Task) and task.place == (file, 22, 7, "Job.children[1].Task")
    encode = task.children[0]
    assert isinstance(encode, Action) and encode.place is not None
    assert encode.place[1:] == (30, 13, "Job.children[1].Task.children[0].Action")
    assert encode.outputs[0].place is not None and encode.outputs[0].place[1:3] == (35, 29)


@pytest.mark.parametrize("path", sorted((HERE / "golden").glob("*.json")), ids=lambda path: path.stem)
def test_every_job_of_a_job_yaml_is_one_in_json(path, tmp_path):
    document = json.loads(path.read_text(encoding="utf-8"))
    job = job_of(path.with_suffix(".yaml"))
    text = json.dumps({"format": "job_manager/1", **job_document(job)})
    reading = read(text, tmp_path)
    assert digest(job_document(reading.template or reading.job)) == digest(job_document(job))
    assert reading.job.name == document["Job"]["title"]


def test_a_file_of_another_language_is_said_to_be_one(tmp_path):
    with pytest.raises(InputError, match="this is not JSON: it looks like Python"):
        read("from mass import Job\n", tmp_path)
