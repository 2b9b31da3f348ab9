"""`jm modules check` on good and bad modules: facts at their places, and none of the module's code run."""

from __future__ import annotations

import sys

from job_manager.modules.check import check


def said(folder, python=None, environ=None):
    return [(p.place.line, p.severity, p.message) for p in check(str(folder), python, environ or {"PATH": "/bin"})]


def test_a_good_module_has_nothing_to_say(make):
    assert said(make("m")) == []


def test_a_mistake_in_the_program_is_at_its_line_and_nothing_is_run(make, tmp_path):
    folder = make("m")
    (folder / "main.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n\nif True\n    pass\n")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert said(folder) == [(3, "error", f"Python {version} cannot compile it: expected ':'")]
    assert not (tmp_path / "ran").exists()
    assert list(folder.glob("**/*.pyc")) == []


def test_under_another_python_a_syntax_error_is_only_a_warning(make):
    folder = make("m", more="python: /bin/sh\n")
    (folder / "main.py").write_text("print 'two'\n")
    assert [severity for _, severity, _ in said(folder)] == ["warning"]


def test_the_files_beside_the_program_are_looked_at_too(make):
    folder = make("m")
    (folder / "broken.py").write_bytes(b"x = '\xff'\n")
    (folder / "nul.py").write_bytes(b"x = 1\0\n")
    (folder / "deep.py").write_text("(" * 500 + ")" * 500)
    (folder / "odd.py").write_text("x is 1\n")  # only a SyntaxWarning
    found = check(str(folder), None, {})
    assert {p.place.file.rsplit("/", 1)[1] for p in found} == {"broken.py", "nul.py", "deep.py"}
    assert {p.severity for p in found} == {"warning"}


def test_a_python_program_without_ending_is_compiled_a_shell_script_is_not(make):
    folder = make("m", entrypoint="run")
    (folder / "run").write_text("#!/usr/bin/env python3\nif\n")
    assert [line for line, *_ in said(folder)] == [2]
    (folder / "run").write_text("#!/bin/sh\nif\n")
    (folder / "run").chmod(0o755)
    assert said(folder) == []


def test_mistakes_of_manifest_program_and_interpreter_are_said_together(make):
    folder = make("m", entrypoint="main.sh", more="retries: 1\ntimout: 1\n")
    (folder / "main.sh").write_text("#!/bin/sh\n")
    (folder / "lib.py").write_text("def\n")
    found = said(folder)
    assert [(severity, message.split(" ")[0]) for _, severity, message in found] == [
        ("warning", "Python"),
        ("error", "main.sh"),
        ("warning", "unknown"),
    ]


def test_a_broken_manifest_does_not_keep_the_program_from_being_looked_at(make):
    folder = make("m", manifest="name: m\n")
    (folder / "main.py").write_text("if\n")
    assert [severity for _, severity, _ in said(folder)] == ["warning", "error"]


def test_what_is_missing_for_people_is_noted(make):
    found = said(make("m", manifest="name: m\nentrypoint: main.py\n"))
    assert [severity for _, severity, _ in found] == ["note", "note"]


def test_a_missing_interpreter_is_said(make):
    assert "not on PATH" in said(make("m"), "nonesuch")[0][2]
