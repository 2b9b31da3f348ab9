"""Who runs a module: the order of precedence over folders like real environments, and scripts run by themselves."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from job_manager.model.errors import InputError
from job_manager.modules.install import installed
from job_manager.modules.interpreter import choose
from job_manager.modules.manifest import read_manifest


@pytest.fixture
def environment(tmp_path):
    """`environment("name")`: a folder like a virtual environment's; the path of its interpreter."""

    def build(name):
        program = tmp_path / name / "bin" / "python"
        program.parent.mkdir(parents=True)
        os.symlink(sys.executable, program)
        return str(program)

    return build


def chosen(folder, python=None, **environ):
    choice = choose(read_manifest(str(folder)), python, {"PATH": "/usr/bin:/bin", **environ})
    assert not choice.problem, choice
    return choice.interpreter, choice.reason


def refused(folder, python=None, **environ):
    choice = choose(read_manifest(str(folder)), python, {"PATH": "/usr/bin:/bin", **environ})
    assert choice.problem
    return choice.problem


def test_the_order_from_the_manifest_down_to_jms_own(make, environment, tmp_path):
    venv, conda, asked = environment("venv"), environment("conda"), environment("asked")
    active = {"VIRTUAL_ENV": str(tmp_path / "venv"), "CONDA_PREFIX": str(tmp_path / "conda")}
    plain = make("plain")
    assert chosen(plain) == (os.path.abspath(sys.executable), "the Python that runs jm")
    assert chosen(plain, CONDA_PREFIX=active["CONDA_PREFIX"]) == (conda, "the active environment (CONDA_PREFIX)")
    assert chosen(plain, **active) == (venv, "the active environment (VIRTUAL_ENV)")
    assert chosen(plain, asked, **active) == (asked, "--python, JM_PYTHON or jm.toml")
    own = environment("plain/.venv")
    assert chosen(plain, asked, **active) == (own, ".venv in its folder")
    other = environment("plain/other")
    make("plain", more="python: other/bin/python\n")
    assert chosen(plain, asked, **active) == (other, "python: in its manifest")


def test_the_links_of_an_environment_are_not_resolved(make, environment):
    own = environment("m/.venv")
    assert chosen(make("m"))[0] == own != os.path.realpath(own)


def test_the_manifest_may_name_a_program_an_absolute_path_or_a_folder(make, environment, tmp_path):
    asked = environment("env")
    on_path = f"{tmp_path}/env/bin"
    assert chosen(make("a", more="python: python\n"), PATH=on_path)[0] == asked
    assert chosen(make("b", more=f"python: {asked}\n"))[0] == asked
    assert chosen(make("c", more="python: ../env\n"))[0] == asked
    assert os.path.expanduser("~/nonesuch/python") in refused(make("d", more="python: ~/nonesuch/python\n"))


def test_the_choice_on_the_command_line_is_read_from_the_current_directory(make, environment, tmp_path, monkeypatch):
    asked = environment("env")
    monkeypatch.chdir(tmp_path)
    for python in ("env/bin/python", "./env", asked):
        assert chosen(make("m"), python)[0] == asked
    assert chosen(make("m"), "python", PATH=f"{tmp_path}/env/bin")[0] == asked


def test_a_missing_interpreter_is_a_problem_not_a_surprise(make, tmp_path):
    folder = make("m")
    assert "nonesuch is not on PATH" in refused(folder, "nonesuch")
    assert "does not exist" in refused(folder, "/nonesuch/python")
    assert "folder without bin/python" in refused(folder, str(tmp_path))
    assert "not an executable file" in refused(folder, str(folder / "main.py"))
    (folder / ".venv" / "bin").mkdir(parents=True)
    os.symlink("/gone/python3.9", folder / ".venv" / "bin" / "python")
    assert ".venv in its folder" in refused(folder) and "link to a file that does not exist" in refused(folder)
    make("m", more="python: gone/python\n")
    assert "python: in its manifest" in refused(folder)
    with pytest.raises(InputError) as caught:
        installed(read_manifest(str(folder)), None, {})
    (problem,) = caught.value.problems
    assert problem.place.file.endswith("manifest.yaml") and 'module "m"' in problem.message and problem.hint


def test_an_environment_that_was_deleted_since_is_passed_over(make, tmp_path):
    assert chosen(make("m"), VIRTUAL_ENV=str(tmp_path / "gone"))[1] == "the Python that runs jm"
    assert chosen(make("m"), VIRTUAL_ENV="")[1] == "the Python that runs jm"


def script(make, name, content, mode=0o755):
    folder = make(f"m_{name}", entrypoint=name)
    (folder / name).write_bytes(content)
    (folder / name).chmod(mode)
    return folder


def test_an_executable_that_is_not_python_runs_as_itself(make):
    folder = script(make, "main.sh", b'#!/bin/sh\necho "$@"\n')
    assert chosen(folder, "nonesuch") == ("", "it runs as itself")
    module = installed(read_manifest(str(folder)), None, {"PATH": "/bin:/usr/bin"})
    said = subprocess.run([os.path.join(module.folder, module.entrypoint), "--a", "b"], capture_output=True, check=True)
    assert module.interpreter == "" and said.stdout == b"--a b\n"
    assert chosen(script(make, "tool", b"#!/usr/bin/env sh\n")) == ("", "it runs as itself")
    with open("/bin/true", "rb") as program:
        assert chosen(script(make, "binary", program.read())) == ("", "it runs as itself")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.py", b"#!/bin/sh\n"),
        ("x.py", b"print()\n"),
        ("run", b"#!/usr/bin/env python3\n"),
        ("run", b"#!/usr/bin/env -S python3 -u\n"),
        ("run", b"#!/opt/gone/python3.9 -u\n"),
        ("run", b"print('no ending, no first line')\n"),
        ("app.pyz", b"PK\x03\x04"),
    ],
)
def test_python_is_always_run_by_the_chosen_interpreter(make, name, content):
    for mode in (0o755, 0o644):
        folder = script(make, name, content, mode)
        assert chosen(folder)[0] == os.path.abspath(sys.executable)


@pytest.mark.parametrize(
    ("name", "content", "mode", "words"),
    [
        ("main.sh", b"#!/bin/sh\n", 0o644, "not executable"),
        ("main.sh", b"echo\n", 0o644, "not executable"),
        ("main.sh", b"echo\n", 0o755, "does not say in its first line"),
        ("tool", b"echo hello > there.txt\n", 0o755, "does not say in its first line"),
        ("tool", b"#!/bin/sh\n", 0o644, "not executable"),
        ("tool", b"#!/bin/sh\r\n", 0o755, r"'/bin/sh\r'"),
        ("tool", b"#!/gone/perl\n", 0o755, "/gone/perl"),
        ("tool", b"#!/usr/bin/env nonesuch\n", 0o755, "nonesuch"),
    ],
)
def test_a_program_that_could_not_start_is_said_beforehand(make, name, content, mode, words):
    assert words in refused(script(make, name, content, mode))


def test_what_is_installed_is_what_the_manifest_says(make):
    more = """\
  - {param_name: log, type: text, optional: true, allow_empty: true}
timeout: 90s
retries: 1
env: {A: b}
idempotent: false
"""
    folder = make("m", more=more)
    module = installed(read_manifest(str(folder)), None, {})
    assert (module.name, module.folder, module.entrypoint) == ("m", str(folder), "main.py")
    assert (module.timeout, module.retries, module.idempotent) == (90.0, 1, False)
    assert module.env == (("A", "b"),) and module.optional == module.allow_empty == ("log",)
    assert dict(module.types) == {"output": "audio", "log": "text"}
    assert module.digest.startswith("sha256:") and module.chosen == "the Python that runs jm"
