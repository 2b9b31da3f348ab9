"""Good job.yaml files and the job each of them is; one job in either spelling has one digest."""

from __future__ import annotations

import io
import json
import sys

import pytest

from job_manager import formats
from job_manager.model.document import digest, job_document, read_job
from job_manager.model.errors import InputError, Problem
from job_manager.model.job import Action, Job, Task
from tests.formats.cases import GOLDEN, HERE

README = ("readme", "readme_code_spelling", "readme_crlf", "readme_cr", "readme_bom_no_final_newline")


def golden(name: str) -> Job:
    return formats.read(str(HERE / "golden" / f"{name}.yaml")).job


@pytest.mark.parametrize("file", [file for file in GOLDEN if file.with_suffix(".json").exists()], ids=lambda f: f.stem)
def test_the_job_it_is(file):
    document = job_document(formats.read(str(file)).job)
    assert document == json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_nothing_odd_is_said_of_it_and_its_document_is_the_job(file):
    reading = formats.read(str(file))
    assert not [problem for problem in reading.problems if problem.severity != "note"]
    assert read_job(job_document(reading.job)) == reading.job


@pytest.mark.parametrize("name", README[1:])
def test_one_job_has_one_digest_however_it_is_written(name):
    assert digest(job_document(golden(name))) == digest(job_document(golden("readme")))


def test_every_node_of_the_readme_knows_its_place():
    file = str(HERE / "golden" / "readme.yaml")
    job = formats.read(file).job
    step = job.children[0]
    assert isinstance(step, Task)
    entry = step.children[0]
    assert isinstance(entry, Action)
    places = [job.place, job.inputs[0].place, step.place, entry.place, entry.inputs[0].place, entry.outputs[0].place]
    assert places == [
        (file, 1, 1, ""),
        (file, 4, 5, "input_artifacts[0]"),
        (file, 7, 5, "steps[0]"),
        (file, 9, 9, "steps[0].entries[0]"),
        (file, 11, 13, "steps[0].entries[0].input_artifacts[0]"),
        (file, 15, 13, "steps[0].entries[0].output_artifacts[0]"),
    ]


def test_columns_count_characters_whatever_ends_the_lines():
    job = formats.read(str(HERE / "golden" / "names.yaml")).job
    (step,) = job.children
    assert isinstance(step, Task) and isinstance(step.children[0], Action)
    assert step.children[0].inputs[0].place == (job.source, 8, 18, "steps[0].entries[0].inputs[0]")
    place = golden("readme_cr").children[0].place
    assert place is not None and (place.line, place.column) == (7, 5)


def test_standard_input_is_a_file_too(monkeypatch):
    raw = (HERE / "golden" / "readme.yaml").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    reading = formats.read("-")
    assert reading.job == golden("readme")
    assert reading.job.source == "<stdin>"
    assert reading.source == raw


def test_the_language_is_the_first_where_no_ending_tells_and_can_be_named(tmp_path):
    file = tmp_path / "job"
    file.write_bytes((HERE / "golden" / "readme.yaml").read_bytes())
    assert formats.read(str(file)).job == formats.read(str(file), "job.yaml").job == golden("readme")
    with pytest.raises(InputError, match='"toml" is not a job language'):
        formats.read(str(file), "toml")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nope.yaml", "there is no such file"),
        ("there/nope.yaml", "there is no such file"),
        ("", "this is a directory, not a job file"),
        ("nul\0.yaml", "the file cannot be read: embedded null byte"),
        ("job.yaml/x", "the file cannot be read: Not a directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_in_a_sentence(name, message, tmp_path):
    (tmp_path / "job.yaml").write_bytes(b"name: j\n")
    with pytest.raises(InputError, match=message):
        formats.read(f"{tmp_path}/{name}")


def test_a_missing_file_is_told_what_is_there_instead(tmp_path):
    (tmp_path / "pipeline.yaml").write_bytes(b"name: j\n")
    with pytest.raises(InputError) as caught:
        formats.read(str(tmp_path / "pipelin.yaml"))
    assert caught.value.problems[0].hint == f"there is {tmp_path}/pipeline.yaml"


def test_a_draft_of_a_wrong_file_is_the_job_as_far_as_it_goes(tmp_path):
    file = tmp_path / "job.yaml"
    file.write_bytes(b"name: j\nversion: 1\nsteps:\n- entries:\n  - module: nope\n    timeout: soon\n  - {}\n")
    reading = formats.draft(str(file))
    assert [problem.message.split(",")[0] for problem in reading.problems] == [
        "expected a duration like 90s",
        "an entry needs one of module:",
    ]
    (step,) = reading.job.children
    assert isinstance(step, Task)
    assert [child.name for child in step.children] == ["nope", "cmd"]
    with pytest.raises(InputError):
        reading.checked()


def test_problems_found_later_are_moved_to_the_value_their_path_names():
    reading = formats.read(str(HERE / "golden" / "readme.yaml"))
    (step,) = reading.job.children
    assert isinstance(step, Task) and isinstance(step.children[0], Action)
    entry = step.children[0]
    assert entry.place is not None and entry.outputs[0].place is not None
    of_type = entry.outputs[0].place._replace(path=f"{entry.outputs[0].place.path}.type")
    of_nothing = entry.place._replace(path=f"{entry.place.path}.timeout")
    elsewhere = entry.place._replace(file="manifest.yaml")
    moved = reading.placed([Problem(place, "m") for place in (of_type, of_nothing, elsewhere)])
    assert {problem.place[:3] for problem in moved} == {
        (reading.job.source, 17, 19),
        (reading.job.source, 9, 9),
        ("manifest.yaml", 9, 9),
    }


def test_what_is_not_kept_and_not_read_is_noted(tmp_path):
    file = tmp_path / "job.yaml"
    file.write_bytes(b'name: j\nversion: 1\nsteps: [{entries: [{cmd: [a, "{b}"], outputs: [b]}]}]\n')
    (note,) = formats.read(str(file)).problems
    assert (note.severity, note.message) == ("note", 'nothing reads "b", and it is not kept')
