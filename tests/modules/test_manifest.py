"""Manifests as people write them, and everything that can be wrong with one, at its place."""

from __future__ import annotations

import json
import os
import sys

import pytest

from job_manager.model.errors import InputError
from job_manager.model.site import Site
from job_manager.model.site_document import read_site, site_document
from job_manager.modules.install import installed
from job_manager.modules.manifest import read, read_manifest

SEED = """\
name: example_module    # Name of the module
description: Doing some stuff with the video # User-friendly description of the module
entrypoint: main.py     # Entry point of the module, python script placed in the same folder

# Accepted input files
inputs:
  - param_name: input 
    type: video

# Produced output files
outputs:
  - param_name: output
    type: audio
"""  # noqa: W291 - the blank after `input` is in the original


def problems_of(folder):
    with pytest.raises(InputError) as caught:
        read_manifest(str(folder))
    return [
        (p.place.line, p.place.column, p.place.path, p.message) for p in caught.value.problems if p.severity == "error"
    ]


def only(folder):
    (problem,) = problems_of(folder)
    return problem


def test_the_seeds_own_manifest_is_valid_as_it_stands(make):
    module = read_manifest(str(make("example_module", manifest=SEED)))
    assert (module.name, module.entrypoint) == ("example_module", "main.py")
    assert module.description == "Doing some stuff with the video"
    assert [(p.param, p.type, p.optional) for p in module.inputs] == [("input", "video", False)]
    assert [(p.param, p.type, p.allow_empty) for p in module.outputs] == [("output", "audio", False)]
    assert module.idempotent and module.python is None and module.timeout is None and module.retries is None
    assert os.path.isabs(module.folder)


def test_every_optional_key_is_taken(make):
    more = """\
version: 1.10
timeout: 1h30m
retries: 2
env: {LANG: C.UTF-8, A: "1"}
idempotent: false
python: .venv/bin/python
x-owner: me
"""
    manifest = """\
name: full
entrypoint: ./src/../main.py
outputs:
  - {param_name: a, type: json, optional: true}
  - {param_name: b, type: text, allow_empty: true}
inputs:
  - {param_name: c, type: video, optional: true}
"""
    folder = make("full", manifest=manifest.replace("./src/../", "./"), more=more)
    module = read_manifest(str(folder))
    assert (module.version, module.timeout, module.retries, module.idempotent) == ("1.10", 5400.0, 2, False)
    assert module.env == (("A", "1"), ("LANG", "C.UTF-8")) and module.python == ".venv/bin/python"
    assert module.entrypoint == "main.py" and module.description == ""
    assert [(p.optional, p.allow_empty) for p in (*module.outputs, *module.inputs)] == [
        (True, False),
        (False, True),
        (True, False),
    ]


@pytest.mark.parametrize("ports", ["inputs:\noutputs:\n", "", "inputs: []\noutputs: ~\n"])
def test_ports_may_be_null_or_absent(make, ports):
    module = read_manifest(str(make("m", manifest=f"name: m\ndescription: d\nentrypoint: main.py\n{ports}")))
    assert module.inputs == () and module.outputs == ()


def test_the_other_ending_is_read_too(make):
    folder = make("m")
    (folder / "manifest.yaml").rename(folder / "manifest.yml")
    assert read_manifest(str(folder)).name == "m"


def test_the_readmes_old_name_gets_advice(make):
    folder = make("m")
    (folder / "manifest.yaml").rename(folder / "modules.yaml")
    with pytest.raises(InputError) as caught:
        read_manifest(str(folder))
    (problem,) = caught.value.problems
    assert problem.place.file.endswith("m/modules.yaml") and problem.hint == "rename it to manifest.yaml"


def test_no_manifest_no_folder_no_file(make, tmp_path):
    folder = make("m")
    (folder / "manifest.yaml").unlink()
    assert "there is no manifest.yaml" in only(folder)[3]
    assert "does not exist" in only(tmp_path / "none")[3]
    assert "is not a folder" in only(folder / "main.py")[3]
    (folder / "manifest.yaml").mkdir()
    assert "Is a directory" in only(folder)[3]
    (folder / "manifest.yaml").rmdir()
    os.mkfifo(folder / "manifest.yaml")
    assert "not a regular file" in only(folder)[3]
    (folder / "manifest.yaml").unlink()
    (folder / "manifest.yaml").write_text("#" * (1 << 20) + "\n")
    assert "the limit is 1,048,576" in only(folder)[3]


def test_all_mistakes_are_said_at_once_each_at_its_place(make):
    manifest = """\
name: a/b
entrypoint: ../main.py
timeout: 5 parsecs
retries: -1
idempotent: maybe
env: {JM_ID: x, "a=b": y}
inputs:
  - param_name: -rf
    type: video
  - type: video
  - nonsense
outputs:
  - param_name: ok
"""
    found = problems_of(make("m", manifest=manifest))
    assert [place[:3] for place in found] == [
        (1, 7, "name"),
        (2, 13, "entrypoint"),
        (3, 10, "timeout"),
        (4, 10, "retries"),
        (5, 13, "idempotent"),
        (6, 7, "env.JM_ID"),
        (6, 17, "env.a=b"),
        (8, 17, "inputs[0].param_name"),
        (10, 5, "inputs[1]"),
        (11, 5, "inputs[2]"),
        (13, 5, "outputs[0]"),
    ]


def test_a_repeated_key_and_a_tag_hide_no_other_mistake(make):
    text = "name: m\nname: n\nentrypoint: main.py\ninputs: !!set\n  a:\noutputs:\n  - {param_name: o}\ntimeout: soon\n"
    assert [problem[:2] for problem in problems_of(make("m", manifest=text)) if problem[:2] != (4, 9)] == [
        (2, 1),
        (7, 5),
        (8, 10),
    ]


@pytest.mark.parametrize(
    ("line", "column", "path", "message"),
    [
        ("warm: maybe", 7, "warm", 'expected true or false, found "maybe"'),
        ("warm: 1", 7, "warm", "expected true or false, found 1"),
        ("preload: numpy\nwarm: true", 10, "preload", 'expected a list, found "numpy"'),
        ("preload: [os, no/such]\nwarm: true", 15, "preload[1]", '"no/such" cannot be the name of a Python module'),
        ("preload: [.os]\nwarm: true", 11, "preload[0]", '".os" cannot be the name of a Python module'),
        ("preload: [3]\nwarm: true", 11, "preload[0]", '"3" cannot be the name of a Python module'),
        ("preload: [{a: 1}]\nwarm: true", 11, "preload[0]", "expected text, found a mapping"),
        ("preload: [os, json, os]\nwarm: true", 21, "preload[2]", '"os" is repeated'),
        ("preload: [main]\nwarm: true", 11, "preload[0]", '"main" is the entrypoint, which is run and not imported'),
        ("preload: [numpy]", 10, "preload", "nothing is imported before the start of a module that is not warm"),
        (
            "preload: [numpy]\nwarm: false",
            10,
            "preload",
            "nothing is imported before the start of a module that is not warm",
        ),
        ("cpus: 0", 7, "cpus", "expected a whole number from 1 to 4,096, found 0"),
        ("cpus: many", 7, "cpus", 'expected a whole number, found "many"'),
        ("memory: lots", 9, "memory", 'expected a size like 512M, 8G or 1.5G, found "lots"'),
        ("memory: {a: 1}", 9, "memory", "expected a size like 512M, 8G or 1.5G, found a mapping"),
        ("limits: gpu", 9, "limits", 'expected a mapping (NAME: number), found "gpu"'),
        ("limits: {gpu: x}", 15, "limits.gpu", 'expected a whole number, found "x"'),
        ("limits: {a b: 1}", 10, "limits.a b", '"a b" cannot be a name: letters, digits, _ and -, at most 64'),
        ("limits: {memory: 1}", 10, "limits.memory", "memory is no limit but a key of its own: memory: 4G"),
    ],
)
def test_what_a_module_takes_is_held_to_its_form(make, line, column, path, message):
    assert only(make("m", manifest=f"name: m\nentrypoint: main.py\n{line}\n")) == (3, column, path, message)


def test_what_a_module_takes(make):
    module = read_manifest(str(make("m", more="cpus: 2\nmemory: 1.5G\nlimits: {nuke: 2, gpu: 1}\n")))
    assert (module.cpus, module.memory, module.limits) == (2, 3 * 2**29, (("gpu", 1), ("nuke", 2)))


def test_only_python_can_be_warm(make):
    folder = make("m", manifest="name: m\nentrypoint: run.sh\nwarm: true\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    assert only(folder) == (3, 7, "warm", 'only Python can be warm, and "run.sh" is not Python')
    (folder / "run.sh").write_text("#!/usr/bin/env python3\n")
    assert read_manifest(str(folder)).warm


def test_what_a_warm_module_preloads_is_taken(make):
    module = read_manifest(str(make("m", more="warm: true\npreload: [numpy, numpy.fft, _own]\n")))
    assert module.warm and module.preload == ("numpy", "numpy.fft", "_own")
    module = read_manifest(str(make("n", more="warm: true\n")))
    assert module.warm and module.preload == ()
    assert not read_manifest(str(make("o"))).warm


def test_missing_keys_are_named(make):
    found = problems_of(make("m", manifest="description: x\n"))
    assert {message for *_, message in found} == {
        'required key "name" is missing',
        'required key "entrypoint" is missing',
    }
    assert "is empty" in only(make("n", manifest="# nothing\n"))[3]
    assert "expected a mapping" in only(make("o", manifest="- a\n"))[3]


@pytest.mark.parametrize("param", ["-rf", "--x=y", "a b", ";id", "naïve", "1st", "", "x" * 65, "help"])
def test_parameters_that_cannot_be_options_are_refused(make, param):
    manifest = f"name: m\nentrypoint: main.py\ninputs:\n  - {{param_name: {json.dumps(param)}, type: video}}\n"
    line, column, path, _ = only(make("m", manifest=manifest))
    assert (line, column, path) == (4, 18, "inputs[0].param_name")


@pytest.mark.parametrize("param", ["i", "subtitle-file", "Out_2", "x" * 64])
def test_parameters_that_can_be_options_are_taken(make, param):
    manifest = f"name: m\nentrypoint: main.py\ninputs:\n  - {{param_name: {param}, type: video}}\n"
    assert read_manifest(str(make("m", manifest=manifest))).inputs[0].param == param


def test_a_parameter_may_stand_once_over_inputs_and_outputs(make):
    more = "  - param_name: input\n    type: json\n"
    line, _, path, message = only(make("m", more=more))
    assert (line, path) == (10, "outputs[1].param_name")
    assert message == 'parameter "input" is repeated; first at 5:17'


def test_keys_nobody_knows_are_ignored_as_the_original_does_and_likely_slips_are_said(make):
    reading = read(str(make("m", more="author: me\ntimout: 5m\nx-any: 1\n")))
    assert reading.module is not None
    assert [(p.severity, p.place.line, p.hint) for p in reading.problems] == [
        ("note", 10, ""),
        ("warning", 11, 'did you mean "timeout"?'),
    ]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("../main.py", "leads out"),
        ("a/../../main.py", "leads out"),
        ("/bin/sh", "absolute"),
        ("''", "is empty"),
        ("mian.py", "does not exist"),
        ("sub", "is a folder"),
        ("main.py/x", "Not a directory"),
        ("outside.py", "link that leads out"),
        ("pipe", "not a regular file"),
        ("loop", "cannot be read"),
    ],
)
def test_entrypoints_stay_inside_and_are_files(make, written, words, tmp_path):
    folder = make("shelf/m", entrypoint=written)
    (folder / "sub").mkdir()
    (tmp_path / "shelf" / "main.py").touch()
    (tmp_path / "outside.py").touch()
    os.symlink(tmp_path / "outside.py", folder / "outside.py")
    os.symlink("loop", folder / "loop")
    os.mkfifo(folder / "pipe")
    line, column, path, message = only(folder)
    assert (line, column, path) == (3, 13, "entrypoint") and words in message


def test_a_misspelt_entrypoint_gets_a_hint(make):
    reading = read(str(make("m", entrypoint="mian.py")))
    assert reading.problems[0].hint == 'did you mean "main.py"?'


def test_entrypoints_below_and_through_links_inside_are_fine(make, tmp_path):
    folder = make("m", entrypoint="bin/tool.py")
    (folder / "bin").mkdir()
    os.symlink("../main.py", folder / "bin" / "tool.py")
    assert read_manifest(str(folder)).entrypoint == "bin/tool.py"
    os.symlink(folder, tmp_path / "linked")
    assert read_manifest(str(tmp_path / "linked")).entrypoint == "bin/tool.py"


def test_broken_yaml_has_a_place_and_the_name_is_still_known(make):
    reading = read(str(make("folder", manifest="name: the_name # x\nentrypoint: [main.py\n")))
    assert reading.module is None and reading.name == "the_name"
    assert reading.problems[0].place.line in (2, 3)
    assert read(str(make("folder", manifest="- [\n"))).name == "folder"


@pytest.mark.parametrize("content", [b"name: \xff\n", b"a: &x [*x]\n", b"a: 1\na: 2\n", b"!!python/object:os.x {}\n"])
def test_hostile_yaml_is_refused_at_a_place(make, content):
    folder = make("m")
    (folder / "manifest.yaml").write_bytes(content)
    assert problems_of(folder)


def test_two_manifests_in_one_folder_are_a_mistake_that_names_both(make):
    folder = make("m", name="called")
    (folder / "manifest.yml").write_text((folder / "manifest.yaml").read_text())
    _, _, _, message = only(folder)
    assert "manifest.yaml and manifest.yml" in message and read(str(folder)).name == "called"
    (folder / "manifest.yml").unlink()
    os.symlink("manifest.yaml", folder / "manifest.yml")
    assert read_manifest(str(folder)).name == "called"


EXPECTING = """\
name: m
entrypoint: main.py
inputs:
  - {param_name: input, type: video, expect: {width: 3}}
outputs:
  - param_name: output
    type: TYPE
    expect: EXPECT
"""


def test_what_is_expected_of_an_output(make):
    written = EXPECTING.replace("TYPE", "video").replace("EXPECT", "{min_duration: 3s, frames: 240, audio: true}")
    module = read_manifest(str(make("m", manifest=written)))
    assert module.outputs[0].expect == (("audio", True), ("frames", 240), ("min_duration", 3.0))
    assert module.inputs[0].expect == ()


@pytest.mark.parametrize(
    ("type", "expect", "column", "key", "message"),
    [
        ("video", "{min_durtion: 3s}", 14, ".min_durtion", 'unknown key "min_durtion"'),
        ("video", "{min_duration: soon}", 28, ".min_duration", "expected a duration like 90s, 5m, 2h or 1h30m, found"),
        ("audio", "{width: 3}", 14, ".width", "width can never be checked on the type audio"),
        ("thing", "{width: 3}", 14, ".width", "width can never be checked: the type thing is not looked into"),
        ("video", "30s", 13, "", 'expected a mapping (key: value), found "30s"'),
        ("csv", "{columns: a}", 23, ".columns", 'expected a list, found "a"'),
    ],
)
def test_what_is_wrong_with_an_expectation(make, type, expect, column, key, message):
    line, at, path, said = only(make("m", manifest=EXPECTING.replace("TYPE", type).replace("EXPECT", expect)))
    assert (line, at, path) == (8, column, f"outputs[0].expect{key}") and said.startswith(message)


def test_a_module_cannot_ask_for_a_secret_by_itself(make):
    manifest = "name: m\nentrypoint: main.py\nenv: {TOKEN: {secret: deploy}}\n"
    ((_, _, path, message),) = (place[:4] for place in problems_of(make("m", manifest=manifest)))
    assert path == "env.TOKEN" and message == "only a job may ask for a secret"


def test_what_a_site_keeps_of_a_warm_module_is_read_again(make):
    module = installed(read_manifest(str(make("m", more="warm: true\npreload: [os, json]\n"))), sys.executable, {})
    plain = installed(read_manifest(str(make("n"))), sys.executable, {})
    site = Site("/w", "/s", modules=(module, plain))
    document = site_document(site)
    assert read_site(json.loads(json.dumps(document))) == site
    assert [("warm" in row, row.get("preload")) for row in document["modules"]] == [
        (True, ["os", "json"]),
        (False, None),
    ]
