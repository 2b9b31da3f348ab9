"""Going on with an edited job when what lay between the actions has been removed: what is needed again is made again.

Knows jobs that write down what ran.
"""

from __future__ import annotations

import pytest

from tests.e2e.test_fanout import FRAMES

TWO = """\
name: two
version: 1
steps:
  - entries:
      - {name: a, shell: "echo a >> runs; echo a1 > {x}", outputs: [x]}
      - {name: b, shell: "echo b >> runs; echo b > {y}", outputs: [y]}
      - {name: c, shell: "echo c >> runs; echo c > {z}", outputs: [{name: z, public: true}]}
  - entries:
      - name: join
        shell: "echo join >> runs; cat {x} {y} {z} > {o}"
        inputs: [x, y, z]
        outputs: [{name: o, public: true}]
"""
EACH = """\
name: each
version: 1
steps:
  - entries:
      - {name: make, shell: "echo make >> runs; touch {frames}/1 {frames}/2", outputs: [{name: frames, kind: files}]}
  - entries:
      - name: draw
        foreach: {frame: frames, crf: [18, 23]}
        shell: "echo {frame.stem}-{crf} >> runs; (echo {frame.stem}-{crf}; cat {frame}) > {out}"
        outputs: [{name: "{frame.stem}_{crf}", param_name: out}]
  - entries:
      - name: join
        shell: "echo join >> runs; cat {all} > {out}"
        inputs: [{name: "{frame.stem}_{crf}", param_name: all, kind: files}]
        outputs: [{name: all.txt, param_name: out, public: true}]
"""


def test_the_other_input_of_what_runs_again_is_made_again(here):
    here.write("job.yaml", TWO)
    assert here.jm("run", "job.yaml").code == 0
    here.write("runs", "")
    here.write("job.yaml", TWO.replace("a1", "a2"))
    told = here.jm("resume", "last", "job.yaml", "--out", "out")
    assert told.code == 0, told
    assert sorted(here.lines("runs")) == ["a", "b", "join"]  # c is public, and still there
    assert here.read("out/o") == "a2\nb\nc\n"


def test_so_are_the_other_actions_of_a_fan_out(here):
    here.write("job.yaml", EACH)
    assert here.jm("run", "job.yaml").code == 0
    here.write("runs", "")
    here.write("job.yaml", EACH.replace("[18, 23]", "[18, 28]"))
    told = here.jm("resume", "last", "job.yaml", "--out", "out")
    assert told.code == 0, told
    ran = here.lines("runs")
    assert (ran[0], sorted(ran[1:5]), ran[5:]) == ("make", ["1-18", "1-28", "2-18", "2-28"], ["join"])
    assert here.read("out/all.txt") == "1-18\n1-28\n2-18\n2-28\n"


def test_with_everything_still_there_only_what_changed_runs(here):
    here.write("job.yaml", EACH)
    assert here.jm("run", "job.yaml", "--keep-temp").code == 0
    here.write("runs", "")
    here.write("job.yaml", EACH.replace("cat {all}", "cat {all} {all}"))
    told = here.jm("resume", "last", "job.yaml", "--out", "out", "--keep-temp")
    assert told.code == 0, told
    assert here.lines("runs") == ["join"]
    assert here.read("out/all.txt") == "1-18\n1-23\n2-18\n2-23\n" * 2
    here.write("runs", "")
    again = here.jm("resume", "last", "job.yaml", "--out", "out", "--keep-temp")
    assert again.code == 0 and "nothing was left to do" in again.out and here.lines("runs") == []


def test_what_is_gone_and_nobody_reads_is_not_made_again(here):
    job = EACH.replace("; cat {frame})", ")")
    here.write("job.yaml", job)
    assert here.jm("run", "job.yaml").code == 0
    here.write("runs", "")
    here.write("job.yaml", job.replace("[18, 23]", "[18, 28]"))
    assert here.jm("resume", "last", "job.yaml", "--out", "out").code == 0
    assert sorted(here.lines("runs")) == ["1-18", "1-28", "2-18", "2-28", "join"]


@pytest.mark.parametrize(
    ("change", "ran"),
    {
        "another value": (("[18]", "[18, 23]"), ["draw f_1 23", "draw f_2 23", "draw f_3 23", "film"]),
        "another name": (("name: draw", "name: paint"), []),
        "a condition": (('shell: "echo draw', 'when: params.all\n        shell: "echo draw'), []),
        "another command": (
            ("cat {frame} >", "cat {frame} {frame} >"),
            ["draw f_1 18", "draw f_2 18", "draw f_3 18", "film"],
        ),
    }.values(),
)
def test_an_edit_of_what_was_found_late_keeps_the_members_that_did_not_change(here, change, ran):
    job = FRAMES.replace("version: 1", "version: 1\nparams: {all: true}").replace(
        "foreach: {frame: frames}", "foreach: {frame: frames, crf: [18]}"
    )
    job = job.replace("draw {frame.stem}", "draw {frame.stem} {crf}").replace(
        "{frame.stem}.png", "{frame.stem}_{crf}.png"
    )
    here.write("job.yaml", job)
    assert here.jm("run", "job.yaml", "--keep-temp").code == 0
    here.write("runs", "")
    here.write("job.yaml", job.replace(*change))
    told = here.jm("resume", "last", "job.yaml", "--out", "out")
    assert told.code == 0, told
    assert sorted(here.lines("runs")) == ran


def test_an_edit_by_which_two_would_write_one_file_is_told_of_at_the_fan_out(here):
    here.write("job.yaml", FRAMES)
    assert here.jm("run", "job.yaml", "--keep-temp").code == 0
    here.write("job.yaml", FRAMES.replace("{frame.stem}.png", "a{frame.suffix}.png"))
    told = here.jm("resume", "last", "job.yaml")
    assert told.code == 1 and "would be written by both" in told.out + told.err, told


def test_members_that_are_all_alike_are_kept_once_each(here):
    job = FRAMES.replace("draw {frame.stem} >>", "draw >>").replace(
        "foreach: {frame: frames}", "foreach: {frame: frames, crf: [18]}"
    )
    job = job[: job.index("test ! -e")] + 'true"\n'
    here.write("job.yaml", job)
    assert here.jm("run", "job.yaml", "--keep-temp").code == 0
    here.write("runs", "")
    here.write("job.yaml", job.replace("[18]", "[18, 23]"))
    told = here.jm("resume", "last", "job.yaml")
    assert told.code == 0, told
    assert here.lines("runs") == ["draw"] * 3
