"""foreach, kinds, when and tasks in job.yaml: what they come to, and every mistake in them at its place.

Knows nothing of modules or of the files that a person gives.
"""

from __future__ import annotations

import pytest

from job_manager.formats import read
from job_manager.model.document import job_document, read_job
from job_manager.model.fanout import Each
from job_manager.model.job import FILES, Action, Job, Task, actions
from tests.formats.cases import HERE, lines, problems

GOOD = """\
name: good
version: 1
params: {from: 1, quality: low}
inputs:
  - {name: clips, kind: files, type: video}
  - {name: look, kind: directory}
parallel: false
tasks:
  - name: each
    foreach: {clip: clips, crf: [18, "23"], frame: "{params.from}-10x3", chunk: 2}
    cmd: [enc, "{clip}", "{crf:03}", "{frame.first:04}", "{frame.count}", "{clip.stem}", "{look}", "{out}"]
    inputs: [look, {name: clip, param_name: source, type: video}]
    outputs: [{name: "{clip.stem}_{crf}_{frame.first}.mp4", param_name: out}]
    env: {CRF: "{crf}"}
  - name: group
    parallel: true
    when: params.quality == low
    tasks:
      - {name: split, shell: "x > {frames}", outputs: [{name: frames, kind: files, glob: "f_*.png", allow_empty: true}]}
      - name: inner
        needs: [split]
        tasks:
          - name: draw
            foreach: {frame: frames}
            shell: draw {frame} {frame.name} {frame.suffix} {frame.index}
          - {name: say, cmd: [echo], needs: [each, split], when: split.failed and not each.skipped}
  - name: gather
    cmd: [cat, "{all}", "{all.list}", "{frames}"]
    inputs:
      - {name: "{clip.stem}_{crf}_{frame.first}.mp4", param_name: all, kind: files}
      - {name: frames, kind: files, optional: true}
"""


def good(tmp_path) -> Job:
    path = tmp_path / "job.yaml"
    path.write_text(GOOD)
    return read(str(path)).job


def test_a_good_one_says_nothing_and_comes_back_from_its_document(tmp_path):
    assert lines(GOOD.encode(), tmp_path) == []
    job = good(tmp_path)
    assert read_job(job_document(job)) == job


def test_what_it_comes_to(tmp_path):
    job = good(tmp_path)
    found = dict(actions(job))
    assert list(found) == ["each", "group/split", "group/inner/draw", "group/inner/say", "gather"]
    assert found["each"].foreach == (
        Each("clip", over="clips"), Each("crf", ("18", "23")), Each("frame", over="1-10x3", chunk=2)
    )  # fmt: skip
    assert [given.kind for given in job.inputs] == ["files", "directory"]
    [frames] = found["group/split"].outputs
    assert (frames.kind, frames.glob, frames.allow_empty) == (FILES, "f_*.png", True)
    assert found["group/inner/say"].when == "group/split.failed and not each.skipped"
    _, group, _ = job.children
    assert isinstance(group, Task) and group.parallel and group.when == ""  # settled by the value
    _, inner = group.children
    assert isinstance(inner, Task) and not inner.parallel and inner.needs == ("group/split",)
    assert [use.optional for use in found["gather"].inputs] == [False, True]


def test_steps_may_be_serial_wait_and_have_conditions(tmp_path):
    path = tmp_path / "job.yaml"
    path.write_text(
        "name: j\nversion: 1\nsteps:\n- {name: my step, parallel: false, entries: [{name: a, cmd: [x]}, {cmd: [y]}]}\n"
        "- {name: b, needs: [my step], when: \"'my step'.failed\", entries: [{cmd: [x]}]}\n"
    )
    first, second = read(str(path)).job.children
    assert isinstance(first, Task) and isinstance(second, Task)
    assert (first.parallel, second.parallel, second.needs) == (False, True, ("my step",))
    assert second.when == '"my step".failed'


def test_a_long_list_of_nested_tasks_keeps_its_order(tmp_path):
    path = tmp_path / "job.yaml"
    path.write_text("name: j\nversion: 1\ntasks: " + "[{name: t, tasks: " * 20 + "[{name: a, cmd: [x]}]" + "}]" * 20)
    [(where, found)] = actions(read(str(path)).job)
    assert where == "t/" * 20 + "a" and isinstance(found, Action)


# --- mistakes ---------------------------------------------------------------------------------------------------------

HEAD = """\
name: j
version: 1
params: {q: low}
inputs: [{name: clips, kind: files}, film]
steps:
- entries:
  - %s
- entries:
  - {cmd: [cat, "{film}", "{clips}", "{params.q}"], inputs: [film, clips]}
"""
WHEN = 'write when: params.quality == high, or when: encode.failed (and "encode" under needs:)'
BLOCKS = (HERE / "fanout.mistakes").read_text(encoding="utf-8").split("\n\n")
MISTAKES = [tuple(block.strip().split("\n")) for block in BLOCKS[1:] if block.strip()]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake[0])
def test_a_mistake_is_said_at_its_place_and_nothing_else(mistake, tmp_path):
    entry, *wrong = mistake
    expected = []
    if wrong:
        (column, path), said = wrong[0].split(" ", 1), wrong[1]
        expected = [f"7:{column} steps[0].entries[0].{path} | {said}"]
    assert lines((HEAD % entry).encode(), tmp_path) == expected


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (
            "parallel: true\nsteps:\n- entries:\n  - {cmd: [x]}\n",
            "3:11 parallel | steps run one after another | write tasks: instead of steps:, or leave it out",
        ),
        (
            "tasks:\n- {cmd: [x]}\nsteps:\n- entries: [{cmd: [x]}]\n",
            "3:1 tasks | a job has steps or tasks, not both | keep one of them",
        ),
        (
            "tasks:\n- {name: t, entries: [{cmd: [x]}]}\n",
            '4:13 tasks[0].entries | unknown key "entries" | did you mean "tasks"? Only a step has entries',
        ),
        (
            "tasks:\n- {steps: [{entries: [{cmd: [x]}]}]}\n",
            '4:4 tasks[0].steps | unknown key "steps" | did you mean "tasks"? Steps stand at the top of a job',
        ),
        ("tasks:\n- {cmd: [x]}\n- {name: t, tasks: []}\n", 'warning 5:20 tasks[1].tasks | "t" has nothing to do'),
        (
            "inputs: [c]\ntasks:\n- {cmd: [cat, '{c}'], inputs: [c]}\n- {cmd: [x, '{c}'], foreach: {c: [1]}}\n",
            (
                'warning 6:34 tasks[1].foreach.c | the key "c" is called like the job input (3:10): here the name '
                "stands for one item | give the key another name, or leave it if that is meant"
            ),
        ),
        ("parallel: 1\ntasks:\n- {cmd: [x]}\n", "3:11 parallel | expected true or false, found 1"),
        (
            "steps:\n- {entries: [{cmd: [x]}], parallel: 3}\n",
            "4:37 steps[0].parallel | expected true or false, found 3",
        ),
        (
            "steps:\n- {entries: [{cmd: [x]}], when: a =}\n",
            f'4:33 steps[0].when | "=" cannot be read; compare with ==, !=, <, <=, > or >= | {WHEN}',
        ),
        (
            "steps:\n- {entries: [{cmd: [x]}], needs: [y]}\n",
            '4:35 steps[0].needs[0] | no entry is called "y" | write an entry\'s name',
        ),
        (
            "steps:\n- {entries: [{cmd: [x]}], foreach: {n: [1]}}\n",
            (
                '4:27 steps[0].foreach | unknown key "foreach" | this belongs to an entry: write it under entries:, '
                "as entries: [{foreach: ...}]"
            ),
        ),
    ],
)
def test_a_mistake_in_the_tree(job, said, tmp_path):
    assert lines(f"name: j\nversion: 1\n{job}".encode(), tmp_path) == [said]


def test_tasks_that_run_in_parallel_cannot_read_from_each_other(tmp_path):
    job = "name: j\nversion: 1\n%stasks:\n- {shell: 'x > {o}', outputs: [o]}\n- {cmd: [cat, '{o}'], inputs: [o]}\n"
    assert lines((job % "").encode(), tmp_path) == []
    [one] = problems((job % "parallel: true\n").encode(), tmp_path)
    assert one.message.startswith('"o" is written in parallel') and one.place.path == "tasks[1].inputs[0].name"
