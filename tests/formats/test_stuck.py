"""`stuck:` in every language that has it: a duration, a mapping or false; of an action, of a task, of the whole job."""

from __future__ import annotations

from pathlib import Path

import pytest

from job_manager import formats
from job_manager.model.errors import InputError
from job_manager.model.job import Stuck, actions

YAML = """
name: j
version: 1
stuck: 1h
steps:
- name: s
  stuck: {after: 10m, kill: true}
  entries:
  - {name: a, cmd: ["true"]}
  - {name: b, cmd: ["true"], stuck: 90}
  - name: t
    stuck: 5m
    tasks:
    - {name: c, cmd: ["true"]}
- name: u
  entries:
  - {name: d, cmd: ["true"]}
  - {name: e, cmd: ["true"], stuck: false}
  - {name: f, cmd: ["true"], stuck: {after: 1s, kill: false}}
"""
JSON = """
{"format": "job_manager/1", "Job": {"title": "j", "stuck": 3600, "children": [
  {"Task": {"name": "s", "parallel": true, "stuck": {"after": 600, "kill": true}, "children": [
    {"Action": {"name": "a", "argv": ["true"]}},
    {"Action": {"name": "b", "argv": ["true"], "stuck": 90}},
    {"Task": {"name": "t", "stuck": 300, "children": [{"Action": {"name": "c", "argv": ["true"]}}]}}]}},
  {"Task": {"name": "u", "parallel": true, "children": [
    {"Action": {"name": "d", "argv": ["true"]}},
    {"Action": {"name": "e", "argv": ["true"], "stuck": false}},
    {"Action": {"name": "f", "argv": ["true"], "stuck": {"after": 1}}}]}}]}}
"""
PYTHON = """
from job_manager import Action, Job, Task
with Job("j", stuck="1h") as job:
    with Task("s", parallel=True, stuck={"after": "10m", "kill": True}):
        Action(cmd=["true"], _role="cmd", _title="a")
        Action(cmd=["true"], _role="cmd", _title="b", _stuck=90)
        with Task("t", stuck="5m"):
            Action(cmd=["true"], _role="cmd", _title="c")
    with Task("u", parallel=True):
        Action(cmd=["true"], _role="cmd", _title="d")
        Action(cmd=["true"], _role="cmd", _title="e", _stuck=False)
        Action(cmd=["true"], _role="cmd", _title="f", _stuck={"after": "1s"})
"""
EXPECTED = {
    "s/a": Stuck(600.0, True),
    "s/b": Stuck(90.0),
    "s/t/c": Stuck(300.0),
    "u/d": Stuck(3600.0),
    "u/e": Stuck(0.0),
    "u/f": Stuck(1.0),
}


@pytest.mark.parametrize(("name", "text"), [("j.yaml", YAML), ("j.json", JSON), ("j.py", PYTHON)])
def test_what_is_said_above_holds_for_all_below_that_say_nothing(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    job = formats.read(str(tmp_path / name)).job
    assert {path: action.stuck for path, action in actions(job)} == EXPECTED


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("soon", "expected a duration"),
        ("0", "expected a duration"),
        ("true", "expected a duration"),
        ("2y", "expected a duration"),
        ("9999d", "is longer than a year"),
        ("{kill: true}", 'required key "after" is missing'),
        ("{after: 1s, kill: maybe}", "expected true or false"),
        ("{after: 1s, killl: true}", 'unknown key "killl"'),
        ("[1s]", "expected a duration"),
    ],
)
def test_what_is_no_such_thing_is_refused_with_its_place(tmp_path: Path, value: str, message: str) -> None:
    file = tmp_path / "j.yaml"
    file.write_text(f"name: j\nversion: 1\nsteps:\n- entries:\n  - cmd: ['true']\n    stuck: {value}\n")
    with pytest.raises(InputError) as caught:
        formats.read(str(file))
    [problem] = caught.value.problems
    assert message in problem.message and problem.place.line == 6
