"""Whole scripts become jobs: the golden ones exactly these, the bad ones refused at their place with these words.

Beside each bad script stands its `.expect`, beside each good one its canonical `.json` and, with notes, its `.said`.
"""

from __future__ import annotations

import json
import resource
import time

import pytest

from job_manager import formats
from job_manager.formats import alfscript
from job_manager.model.document import job_document
from job_manager.model.errors import InputError
from job_manager.model.job import actions
from tests.formats.alfscript.files import BAD, GOLDEN, drafted, said
from tests.formats.cases import line
from tests.formats.fuzz.oracle import survives


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
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2**20  # KiB; nothing has grown without bound


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
