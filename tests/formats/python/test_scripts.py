"""Job scripts read as jm reads them: the job they are, and what is said of bad ones at the right line and column."""

from __future__ import annotations

import json
import time

import pytest

from job_manager import formats
from job_manager.formats.python import script
from job_manager.model.document import job_document, read_job
from job_manager.model.errors import InputError
from job_manager.model.job import Action, Function, Job, Task, actions
from tests.e2e.person import PATIENCE, gone
from tests.formats.python.corpus import BAD, GOLDEN, HERE, placed, problems, said

BUILT = "from job_manager import Action, Job, Task\n\nwith Job('j') as job:\n    Action('a')\n"


def read(folder, text: str, name: str = "job.py"):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return formats.read(str(path))


def refused(folder, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(folder, text)
    return [f"{p.place.line}:{p.place.column} {p.message}" for p in caught.value.problems if p.severity == "error"]


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_the_job_it_is(file, tmp_path):
    job = formats.read(str(placed(file, tmp_path))).job
    document = json.loads(json.dumps(job_document(job)).replace(str(tmp_path), "FOLDER"))
    assert document == json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    assert read_job(job_document(job)) == job


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_what_is_said_of_it(file, tmp_path):
    assert said(file, tmp_path) == file.with_suffix(".expect").read_text(encoding="utf-8").splitlines()


def test_there_are_many_of_them():
    assert len(BAD) >= 45
    assert len(list((HERE / "bad").glob("*.expect"))) == len(BAD)


def test_the_samples_of_the_readme_say_that_commands_are_printed(tmp_path):
    found = problems(placed(HERE / "golden" / "readme_transcoding.script", tmp_path))
    assert [p.place.line for p in found if "looks like a command" in p.message] == [8, 11, 13, 15]
    assert problems(placed(HERE / "golden" / "readme_echo.script", tmp_path, "echo.py")) == []


def test_the_transcoding_sample_has_the_tree_of_its_json_and_alfscript(tmp_path):
    job = formats.read(str(placed(HERE / "golden" / "readme_transcoding.script", tmp_path, "sample.py"))).job
    assert job.name == "sample" and len(list(actions(job))) == 4
    transcoding = job.children[1]
    assert isinstance(transcoding, Task) and [child.name for child in transcoding.children] == [
        "Transcoding to profile #0", "Transcoding to profile #1", "Transcoding to profile #2, audio only",
    ]  # fmt: skip


def test_the_default_order_is_noted_once(tmp_path):
    reading = read(
        tmp_path,
        "from mass import *\nwith Job('j') as j:\n  with Task('a'):\n    Action('1'); Action('2')\n  Action('3')\n",
    )
    notes = [problem for problem in reading.problems if "order" in problem.message]
    assert [(n.severity, n.place.line) for n in notes] == [("note", 2)]
    assert "nor of 1 more" in notes[0].message


def test_every_node_knows_its_place_also_in_another_file(tmp_path):
    (tmp_path / "parts.py").write_text("from job_manager import Action\n\ndef part():\n    return Action('p')\n")
    job = read(tmp_path, BUILT + "    from parts import part\n    part()\n").job
    first, second = (child.place for child in job.children)
    assert first is not None and second is not None
    assert (first.file, first.line, first.column) == (str(tmp_path / "job.py"), 4, 5)
    assert (second.file, second.line) == (str(tmp_path / "parts.py"), 4)


def test_a_role_is_served_by_the_file_that_registers_it(tmp_path):
    (tmp_path / "serving.py").write_text(
        "from mass.scheduler.worker import BaseWorker\n\n@BaseWorker().role('f')\ndef f(): ...\n"
    )
    text = "import serving\nfrom mass import Job, Action\nwith Job('j') as j:\n"
    text += "    Action(_role='f')\n    Action(_role='g')\n"
    reading = read(tmp_path, text)
    works = [action.work for _, action in actions(reading.job)]
    assert works == [Function("f", "{}", str(tmp_path / "serving.py")), Function("g", "{}", "")]
    assert reading.roles == ("f",)


def test_arguments_are_saved_by_the_protocol(tmp_path):
    text = (
        "import json, mass\nfrom mass import Job, Task, Action\nfrom mass.input_handler import InputHandler\n"
        "from mass.scheduler.swf import SWFWorker\n\n"
        "@SWFWorker().role('f')\ndef f(x): ...\n\n"
        "@InputHandler('local').saver('local')\ndef save(data, genealogy):\n    return [data, genealogy]\n\n"
        "with Job('j') as job:\n  with Task('t'):\n    Action('text')\n    Action(_role='f', x=1, _timeout=3)\n"
        "mass.submit(job, protocol='local')\n"
    )
    action = next(action for _, action in actions(read(tmp_path, text).job) if action.role == "f")
    assert isinstance(action.work, Function) and action.timeout == 3.0
    assert json.loads(action.work.arguments) == {"_protocol": "local", "_body": [{"x": 1}, ["j", "t", "Action3"]]}


def test_run_hands_over_and_reads_no_further(tmp_path):
    assert read(tmp_path, BUILT + "result = job.run('clip.mp4')\nraise ValueError\n").job.name == "j"
    assert read(tmp_path, BUILT + "import asyncio\nasyncio.run(job.run_async())\nraise ValueError\n").job.name == "j"
    assert read(tmp_path, BUILT + "assert job.check() == []\njob.plan()['children']\n").job.name == "j"


def test_what_an_exception_left_behind_counts_for_nothing(tmp_path):
    text = (
        BUILT
        + "try:\n    with Job('k'):\n        with Task('t'):\n            raise KeyError\nexcept KeyError:\n    pass\n"
    )
    assert read(tmp_path, text).job.name == "j"


def test_submit_only_hands_over(tmp_path):
    assert (
        read(tmp_path, "import mass\n" + BUILT + "assert mass.submit(job) == ('j', '')\nmass.submit(job)\n").job.name
        == "j"
    )
    assert read(tmp_path, "import sys, mass\n" + BUILT + "mass.submit(job)\nsys.exit()\n").job.name == "j"
    assert read(tmp_path, "import mass\n" + BUILT + "with Job('k'): pass\nmass.submit(job)\n").job.name == "j"


def test_what_a_script_prints_is_noted(tmp_path):
    reading = read(tmp_path, BUILT + "for n in range(5): print(n)\n")
    assert "the script prints: 0 | 1 | 2 (and 2 more lines)" in [problem.message for problem in reading.problems]


def test_an_endless_script_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "SECONDS", 1.0)
    assert refused(tmp_path, BUILT + "while True: pass\n") == ["1:1 the script takes longer than 1 s"]


def test_a_script_that_prints_without_end_is_ended(tmp_path):
    found = refused(tmp_path, BUILT + "while True: print('x' * 1000)\n")
    assert found == ["1:1 the script prints more than 1,048,576 bytes"]


def test_nothing_that_a_script_has_started_is_left(tmp_path):
    text = "import subprocess, sys\nleft = subprocess.Popen(['sleep', '600'])\nprint(left.pid, flush=True)\n" + BUILT
    (note,) = (p.message for p in read(tmp_path, text).problems if "prints" in p.message)
    until = time.monotonic() + PATIENCE
    while not gone(int(note.split()[-1])):
        assert time.monotonic() < until


def test_a_script_is_executed_on_its_own(tmp_path):
    text = "import os, sys\nassert __name__ == '__main__' and sys.argv == [__file__]\n"
    text += "assert sys.path[0] == os.path.dirname(__file__) and sys.stdin.read() == ''\n"
    assert read(tmp_path, text + BUILT).job.name == "j"


def test_a_script_without_an_ending_is_known_by_its_first_line(tmp_path):
    assert read(tmp_path, "#!/usr/bin/env python3\n" + BUILT, "nightly").job.name == "j"


def test_a_job_as_deep_as_one_likes(tmp_path):
    text = "from contextlib import ExitStack\nfrom job_manager import Action, Job, Task\nwith ExitStack() as stack:\n"
    text += "    job = stack.enter_context(Job('j'))\n    for n in range(3000):\n"
    text += "        stack.enter_context(Task(f't{n}'))\n    Action('a')\n"
    node: Job | Task | Action = read(tmp_path, text).job
    depth = 0
    while isinstance(node, Job | Task):
        node, depth = node.children[0], depth + 1
    assert depth == 3001


@pytest.mark.parametrize("count", [2_000, pytest.param(20_000, marks=pytest.mark.long)])
def test_a_long_generated_script_is_read(count, tmp_path):
    lines = "".join(f"    Action('{n}')\n" for n in range(count))
    assert len(read(tmp_path, "from mass import *\nwith Job('j') as j:\n" + lines).job.children) == count
