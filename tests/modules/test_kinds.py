"""Kinds of a job's artifacts held against what modules say, and readers who take one for another kind than it is.

Knows no files.
"""

from __future__ import annotations

import pytest

from job_manager import formats
from job_manager.model.job import actions
from job_manager.modules.agree import check_modules
from job_manager.modules.kinds import with_kinds
from job_manager.modules.manifest import read
from job_manager.modules.shelf import Shelf, find

MANIFEST = """\
name: mux
entrypoint: main.py
inputs:
  - {param_name: parts, type: video, kind: files}
  - {param_name: look, type: folder, kind: directory, optional: true}
  - {param_name: title, type: text, optional: true}
outputs:
  - {param_name: frames, type: image, kind: files, glob: "*.png"}
  - {param_name: site, type: folder, kind: directory, optional: true}
  - {param_name: film, type: video, optional: true}
"""
JOB = """\
name: j
version: 1
inputs: [{name: clips, kind: files, type: video}, {name: one, type: text}, {name: dir, kind: directory, type: folder}]
steps:
- entries:
  - {name: cut, foreach: {clip: clips}, cmd: [cp, "{clip}", "{o}"],
     outputs: [{name: "cut_{clip}", param_name: o, type: video}]}
- entries:
  - %s
- entries:
  - {cmd: [echo, "{clips}", "{one}", "{dir}"], inputs: [clips, one, dir]}
"""


@pytest.fixture
def shelf(make, tmp_path) -> Shelf:
    make("s/mux", manifest=MANIFEST)
    return find([str(tmp_path / "s")])


def reading(tmp_path, entry: str):
    file = tmp_path / "job.yaml"
    file.write_text(JOB % entry)
    return formats.draft(str(file))


def said(tmp_path, shelf: Shelf, entry: str) -> list[str]:
    found = reading(tmp_path, entry)
    problems = [*found.problems, *found.placed(check_modules(found.job, shelf))]
    return [
        f"{p.place.line}:{p.place.column} {p.place.path.removeprefix('steps[1].entries[0].')} | {p.message} | {p.hint}"
        for p in problems
        if p.severity != "note"
    ]


FRAMES = "outputs: [{name: f, param_name: frames, public: true}]"


def test_what_the_manifest_says_counts_where_the_job_says_nothing(tmp_path, shelf):
    entry = f"{{module: mux, inputs: [{{name: clips, param_name: parts}}, {{name: dir, param_name: look}}], {FRAMES}}}"
    assert said(tmp_path, shelf, entry) == []
    [_, mux, _] = [action for _, action in actions(with_kinds(reading(tmp_path, entry).job, shelf))]
    assert [use.kind for use in mux.inputs] == ["files", "directory"]
    assert [(use.kind, use.glob) for use in mux.outputs] == [("files", "*.png")]


@pytest.mark.parametrize("artifact", ["clips", '"cut_{clip}"'])
def test_several_files_are_read_from_a_person_and_from_a_fan_out(tmp_path, shelf, artifact):
    assert said(tmp_path, shelf, f"{{module: mux, inputs: [{{name: {artifact}, param_name: parts}}], {FRAMES}}}") == []


OVER = "foreach: goes over an artifact of kind: files, or of a foreach"
READ = '"clips" is several files, and read as one file'
PARTS = "inputs: [{name: clips, param_name: parts}, {name: clips, param_name: title}]"
ALL = "write kind: files to read them all, or foreach: to take them one by one"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            f"{{module: mux, {PARTS}, {FRAMES}}}",
            f"{READ} | {ALL}",
        ),
        (
            f"{{module: mux, inputs: [{{name: one, param_name: parts}}], {FRAMES}}}",
            '"one" is one file, and read as several files | leave out kind: files',
        ),
        (
            f"{{module: mux, inputs: [{{name: clips, param_name: parts, kind: file}}], {FRAMES}}}",
            '"parts" of module "mux" is several files, here it is one file | write kind: files, or leave it out',
        ),
        (
            "{cmd: [x, '{clips}'], inputs: [{name: clips, kind: file}]}",
            f'"clips" is several files, and read as one file | {ALL}',
        ),
        (
            "{cmd: [x, '{one}'], inputs: [{name: one, kind: files}]}",
            '"one" is one file, and read as several files | leave out kind: files',
        ),
        (
            "{cmd: [x, '{dir}'], inputs: [{name: dir, kind: files}]}",
            '"dir" is a directory, and read as several files | write kind: files and a glob like "*.png" at the output',
        ),
        (
            "{cmd: [x, '{p}'], inputs: [{name: 'cut_{clip}', param_name: p, kind: file}]}",
            f'"cut_{{clip}}" is written once for each item, and read as one file | {ALL}',
        ),
        (
            "{cmd: [x], foreach: {n: one}}",
            f'"one" is one file; there is nothing to go over | {OVER}',
        ),
        (
            "{cmd: [x], foreach: {n: dir}}",
            f'"dir" is a directory; there is nothing to go over | {OVER}',
        ),
    ],
)
def test_who_takes_one_kind_for_another_is_told(tmp_path, shelf, entry, expected):
    found = said(tmp_path, shelf, entry)
    assert any(expected in one for one in found), found
    assert all(one.startswith("9:") for one in found)


def test_a_module_called_for_each_takes_one(tmp_path, shelf, make):
    make("s/one", manifest="name: one\nentrypoint: main.py\ninputs: [{param_name: i, type: video}]\n")
    again = find([str(tmp_path / "s")])
    assert said(tmp_path, again, "{module: one, foreach: {c: clips}, inputs: [{name: c, param_name: i}]}") == []
    assert said(tmp_path, again, "{module: one, foreach: {c: 'cut_{clip}'}, inputs: [{name: c, param_name: i}]}") == []


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ("kind: folder", 'expected one of file, directory, files, found "folder"'),
        ('glob: "*.png"', "only an output of kind files has a glob"),
        ('kind: directory, glob: "*.png"', "only an output of kind files has a glob"),
        ('kind: files, glob: "a/*.png"', '"a/*.png" is no pattern for file names'),
        ('kind: files, glob: "*.png"', ""),
        ("kind: file", ""),
    ],
)
def test_kinds_in_a_manifest(make, port, said):
    folder = make("m", manifest=f"name: m\nentrypoint: main.py\noutputs: [{{param_name: o, type: t, {port}}}]\n")
    found = read(str(folder)).problems
    assert [problem.message for problem in found] == ([said] if said else [])


def test_an_input_of_a_manifest_has_no_glob(make):
    folder = make("m", manifest='name: m\nentrypoint: main.py\ninputs: [{param_name: i, type: t, glob: "*"}]\n')
    found = read(str(folder)).problems
    assert [p.message for p in found if p.place.path == "inputs[0].glob"] == ['unknown key "glob" is ignored']
