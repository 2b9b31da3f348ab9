"""Whole scripts become jobs: the golden ones exactly these, the bad ones refused at their place with these words.

Beside each bad script stands its `.expect`, beside each good one its canonical `.json` and, with notes, its `.said`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from job_manager import formats
from job_manager.formats import alfscript
from job_manager.formats.alfscript.options import OPTIONS
from job_manager.model.document import job_document
from job_manager.model.errors import InputError
from job_manager.model.job import actions
from tests.formats.alfscript.files import BAD, GOLDEN, drafted, said
from tests.formats.cases import line
from tests.formats.fuzz.oracle import survives
from tests.memory import OWN

READER = f"""
import sys
from job_manager import formats
from job_manager.model.errors import InputError
for file in sys.argv[1:]:
    try:
        formats.read(file)
    except InputError:
        pass
print({OWN})
"""


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_what_becomes_of_it(file):
    reading = drafted(file)
    assert job_document(reading.job) == json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    expected = file.with_suffix(".said").read_text(encoding="utf-8").splitlines()
    assert [line(problem) for problem in reading.problems] == expected
    assert formats.read(str(file), "alf").job == reading.job


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_what_is_said_of_it(file):
    before = time.process_time()
    expected = file.with_suffix(".expect").read_text(encoding="utf-8").splitlines()
    assert said(file) == expected
    if any(not one.startswith("warning ") for one in expected):
        with pytest.raises(InputError):
            formats.read(str(file))
    assert time.process_time() - before < 4  # for both readings


def test_there_are_many_of_them():
    assert len(BAD) >= 50
    assert len(list(BAD[0].parent.glob("*.expect"))) == len(BAD)


def test_none_of_them_grows_without_bound():
    """All one after another, in a process of their own."""
    done = subprocess.run([sys.executable, "-c", READER, *map(str, BAD)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 2**20  # kB


@pytest.mark.parametrize("file", [*GOLDEN, *BAD], ids=lambda file: file.stem)
def test_a_script_cut_anywhere_is_still_only_a_script(file):
    raw = file.read_bytes()
    for end in range(0, len(raw), max(1, len(raw) // 40)):
        survives(alfscript.draft, raw[:end], "job.alf")
        survives(alfscript.draft, raw[end:], "job.alf")


def test_the_place_of_what_is_checked_later_is_the_options():
    file = next(file for file in GOLDEN if file.stem == "tractor")
    reading = drafted(file)
    way = "job.subtasks[0].subtasks[0].cmds[0]"
    paths = [f"{way}.service", f"{way}.timeout", f"{way}.needs", "paused", "else.where"]
    row = file.read_text().splitlines()[15]
    assert reading.locate(paths) == {
        f"{way}.service": (16, row.index("{ Maya }") + 1),
        f"{way}.timeout": (16, row.index("3600") + 1),
        f"{way}.needs": (16, row.index("RemoteCmd") + 1),
        "paused": (3, 1),
    }


def errors(text: str) -> list[str]:
    found = alfscript.draft(text.encode(), "job.alf").problems
    return [problem.message for problem in found if problem.severity == "error"]


PIECES = [
    "{",
    "}",
    '"',
    "[",
    "]",
    "$f",
    "\\",
    "\n",
    ";",
    "#",
    " ",
    "{}",
    "[expr 1/0]",
    "[format %d a]",
    "Task {t} ",
    "Cmd ",
]
PIECES += [f" {name} " for name in OPTIONS] + [
    "Instance {frame 1} ",
    "Iterate i -from 1 -to 3 -template {",
    "é",
    "1",
    "%D(",
]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*GOLDEN, *BAD]), st.data())
def test_any_change_of_a_script(file, data):
    raw = file.read_bytes()
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(start, min(len(raw), start + 20)))
        raw = raw[:start] + data.draw(st.sampled_from(["", *PIECES])).encode() + raw[end:]
    survives(alfscript.draft, raw, "job.alf")


BARE = [
    "Iterate",
    "Iterate -subtasks {Task t}",
    "Iterate {} -from 1 -to 2 -template {Task t}",
    "Iterate -from 1 -to 2 -template {Task t} -subtasks {Task t}",
    "Instance",
    "Task",
    "Task {} -subtasks {Instance {}}",
    "Cmd",
    "Cmd TractorBuiltIn",
    "Cmd Alfred -msg {}",
]


@pytest.mark.parametrize("text", BARE)
def test_what_is_not_there_breaks_nothing(text):
    survives(alfscript.draft, f"Job -title {{j}} -subtasks {{{text}\n}}".encode(), "job.alf")
    survives(alfscript.draft, f"Job -title {{j}} -subtasks {{Task t -cmds {{{text}\n}}}}".encode(), "job.alf")


@pytest.mark.parametrize("depth", [500, 501, 5_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_what_is_too_deep_is_said_once(depth):
    text = "Job -title {j} -subtasks {" + "Task {t} -subtasks {" * depth + "}" * depth + "}"
    assert errors(text) == ["Tasks are nested more than 500 deep"] * (depth > 500)


@pytest.mark.parametrize("form", ["each", *(pytest.param(form, marks=pytest.mark.long) for form in ("gates", "row"))])
def test_barriers_of_instances_are_bounded(form):
    names = "".join(f"Task {{t{n}}} -cmds {{Cmd {{true}}}}\n" for n in range(1500))
    gate = "Task {gate} -subtasks {" + "; ".join(f"Instance {{t{n}}}" for n in range(1500)) + "}\n"
    each = "".join(f"Task {{u{n}}} -subtasks {{Instance {{gate}}}} -cmds {{Cmd {{true}}}}\n" for n in range(1500))
    gates = "".join(f"Task {{g{n}}} -subtasks {{Instance {{gate}}}}\n" for n in range(1500))
    row = "; ".join(f"Instance {{gate}}; Task {{v{n}}} -cmds {{Cmd {{true}}}}" for n in range(1500))
    more = {"each": each, "gates": gates, "row": f"Task {{row}} -serialsubtasks 1 -subtasks {{{row}}}"}[form]
    text = f"Job -title {{j}} -subtasks {{\n{names}{gate}{more}}}\n"
    assert errors(text) == ["the Instances stand for more than 2,000,000 dependencies"]


@pytest.mark.parametrize("name", ["job", "job.txt", "job.yaml", "job.ALF"])
@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_it_is_told_by_its_text(file, name):
    assert formats.told(name, file.read_bytes()).name == "alf"


def test_what_is_another_language_is_not_taken_for_it():
    for text in (b"Job: x\nsteps: []\n", b'{"Job": {"title": "-title"}}', b"name: j\nsteps: []\n#\nJobs -title\n"):
        assert formats.told("job", text).name != "alf"
    assert formats.told("job.alf", b"").name == "alf"


def test_2900_tasks_of_a_kilobyte_each_are_read_in_seconds_of_a_slow_machine():
    text = tractor_file(2900)
    assert len(text) > 2_600_000
    before = time.process_time()
    reading = alfscript.draft(text.encode(), "job.alf")
    assert time.process_time() - before < 5  # about half a second where nothing else runs
    assert sum(1 for _ in actions(reading.job)) == 2900


def tractor_file(tasks: int) -> str:
    """As a plug-in writes it: a task a frame, everything on one long line, each waiting for what is made before."""
    rows = [
        f"  Task {{frame {n}}} -subtasks {{\n    Instance {{ribs}}\n  }} -cmds {{\n"
        f"    RemoteCmd {{prman -t:%n -Progress -cwd %D(/shows/film/{'deep/' * 100}) -recover %r "
        f"%D(/shows/film/{'ribs/' * 40}shot.{n:04d}.rib)}} -service {{PixarRender,@.mem>=8}} -retryrc {{1 2}} "
        f"-tags {{prman}} -envkey {{{{prman-26.1}} {{setenv RMANTREE=/opt/pixar}}}} -atleast 4 -atmost 8\n"
        f"  }} -preview {{it frame.{n:04d}.exr}}"
        for n in range(tasks - 1)
    ]
    ribs = "  Task {ribs} -cmds {Cmd {make ribs}}"
    return "##AlfredToDo 3.0\nJob -title {big} -subtasks {\n" + "\n".join([*rows, ribs]) + "\n}\n"
