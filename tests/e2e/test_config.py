"""`jm config` and the settings as the other commands follow them, through the real command.

Knows the files as a person writes them; every mistake of theirs is in tests/app/test_config.py.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from job_manager.app.settings import SETTINGS
from tests.e2e.person import Folder, job

MANIFEST = "name: which\nentrypoint: main.py\noutputs: [{param_name: said, type: text}]\n"
MODULE = "import sys\nopen(sys.argv[2], 'w').write(sys.executable)\n"
CALL = "[{module: which, outputs: [{name: said.txt, param_name: said, public: true}]}]"
SHOW_ENV = "[{name: show, shell: 'env > {env.txt}', outputs: [{name: env.txt, public: true}], env: {OWN: 1}}]"


def rows(here: Folder, *words: str, **env: str) -> dict[str, tuple[object, str]]:
    told = here.jm("config", "--json", *words, env=env)
    assert told.code == 0, told
    return {row["name"]: (row["value"], row["source"]) for row in told.json["settings"]}


def test_the_documents_and_lines_of_jm_config(here):
    here.write("jm.toml", 'jobs = 3\nout = "results"\n[limits]\ngpu = 2\n')
    here.write(".config/job_manager/config.toml", 'jobs = 9\nmemory = "2G"\n')
    found = rows(here, "--verify", "--modules", "a", JM_COLOR="never")
    assert list(found) == [name if name != "limits" else "limits.gpu" for name in SETTINGS]
    assert found["jobs"] == (3, "jm.toml:1")
    assert found["out"] == (str(here.path / "results"), "jm.toml:2")
    assert found["limits.gpu"] == (2, "jm.toml:4")
    assert found["memory"] == (2 << 30, f"{here.path}/.config/job_manager/config.toml:2")
    assert found["color"] == ("never", "JM_COLOR")
    assert found["verify"] == (True, "command line") and found["modules"] == ([str(here.path / "a")], "command line")
    assert found["home"] == (str(here.path / ".jm"), "default")
    assert found["python"] == (None, "default") and found["keep_temp"] == (False, "default")
    files = here.jm("config", "--json").json["files"]
    assert [(os.path.basename(file["path"]), file["read"]) for file in files] == [
        ("jm.toml", True), ("pyproject.toml", False), ("config.toml", True)
    ]  # fmt: skip
    quiet = here.jm("config", "-q").out.splitlines()
    assert "jobs=3" in quiet and "python=" in quiet and "keep_temp=false" in quiet and "limits.gpu=2" in quiet
    told = here.jm("config").out
    assert "jm.toml:1" in told and "jm's own" in told and "2G" in told


def test_jobs_modules_and_out_of_a_project(here):
    here.write("shelf/which/manifest.yaml", MANIFEST)
    here.write("shelf/which/main.py", MODULE)
    here.write("jobs/job.yaml", job(CALL))
    here.write(
        "jm.toml", f'home = "state"\nmodules = ["shelf"]\njobs = 3\nout = "results"\npython = "{sys.executable}"\n'
    )
    plan = here.jm("plan", "jobs/job.yaml", "--json").json
    assert plan["slots"] == 3 and plan["modules"] == [str(here.path / "shelf")]
    told = here.jm("run", "jobs/job.yaml")
    assert told.code == 0, told
    assert here.read("results/said.txt") == sys.executable
    assert (here.path / "state" / "journal.db").exists() and not (here.path / ".jm").exists()
    assert len(here.jm("ls", "-q").out.split()) == 1
    assert here.jm("modules", "-q").out.split() == ["which"]
    assert here.jm("run", "jobs/job.yaml", "--out", "other", "-j", "2").code == 0
    assert (here.path / "other" / "said.txt").exists()
    assert here.jm("plan", "jobs/job.yaml", "--json", "-j", "2").json["slots"] == 2
    assert here.jm("plan", "jobs/job.yaml", "--json", env={"JM_JOBS": "4"}).json["slots"] == 4
    assert here.jm("plan", "jobs/job.yaml", "--json", "--out", "").json["out"] is None


def test_the_form_in_pyproject(here):
    here.write("pyproject.toml", '[project]\nname = "film"\n\n[tool.job_manager]\nhome = "state"\n')
    assert here.jm("run", "-q", "job.yaml").code == 2
    here.write("job.yaml", job("[{cmd: ['true']}]"))
    assert here.jm("run", "-q", "job.yaml").code == 0
    assert (here.path / "state").is_dir()
    assert rows(here)["home"] == (str(here.path / "state"), "pyproject.toml:5")


def test_a_job_goes_on_with_what_it_began_with(here):
    here.write("jm.toml", 'out = "first"\nkeep_temp = true\n')
    here.write(
        "job.yaml",
        job("[{shell: 'test -e ok && echo 1 > {a.txt} && echo 2 > {b.txt}', name: a,"
            " outputs: [{name: a.txt, public: true}, {name: b.txt}]}]"),
    )  # fmt: skip
    assert here.jm("run", "job.yaml").code == 1
    here.write("jm.toml", 'out = "second"\n')
    here.write("ok", "")
    assert here.jm("resume", "last").code == 0
    assert here.read("first/a.txt") == "1\n" and not (here.path / "second").exists()
    assert len(list(here.path.glob(".jm/jobs/*/temp/b.txt"))) == 1


def test_resume_takes_from_now_what_was_not_set_then_and_what_is_said(here):
    here.write("job.yaml", job("[{shell: 'test -e ok && echo 1 > {a.txt}', outputs: [{name: a.txt, public: true}]}]"))
    assert here.jm("run", "job.yaml").code == 1
    here.write("ok", "")
    here.write("jm.toml", 'out = "second"\n')
    assert here.jm("resume", "last", env={"JM_OUT": "third"}).code == 0
    assert here.read("third/a.txt") == "1\n"
    assert here.jm("resume", "last", "--out", "fourth").code == 0
    assert here.read("fourth/a.txt") == "1\n"


@pytest.mark.parametrize("words", [("run", "job.yaml"), ("ls",), ("config",), ("status",), ("check", "job.yaml")])
def test_nothing_starts_with_a_mistake_in_a_file(words, here):
    here.write("jm.toml", 'jobs = "many"\nmodule = ["x"]\n')
    here.write("job.yaml", job("[{cmd: [touch, made]}]"))
    told = here.jm(*words, env={"JM_VERIFY": "maybe"})
    assert told.code == 2 and not told.out
    assert [line.split(" ")[0] for line in told.err.splitlines() if not line.startswith(" ")] == [
        "JM_VERIFY:", "jm.toml:1:1:", "jm.toml:2:1:", "3"
    ]  # fmt: skip
    assert 'did you mean "modules"?' in told.err
    assert not (here.path / "made").exists() and not (here.path / ".jm").exists()
    document = here.jm(*words, "--json").json
    assert [problem["line"] for problem in document["error"]["problems"]] == [1, 2]


def test_help_and_version_read_no_file(here):
    here.write("jm.toml", "this is not TOML")
    for words in (["--help"], ["run", "--help"], ["config", "--help"], ["version"], ["init", "made"]):
        assert here.jm(*words).code == 0


def environment(here: Folder, **env: str) -> dict[str, str]:
    here.write("job.yaml", job(SHOW_ENV))
    told = here.jm("run", "job.yaml", "--out", "results", env=env)
    assert told.code == 0, told
    return dict(line.partition("=")[::2] for line in here.lines("results/env.txt"))


def test_a_clean_environment(here):
    mine = {"SECRET": "s", "LICENSE_SERVER": "l", "AWS_REGION": "r", "AWSOME": "a", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    assert environment(here, SECRET="s")["SECRET"] == "s"
    here.write("jm.toml", 'environment = "clean"\npass_env = ["LICENSE_SERVER", "AWS_*"]\n')
    seen = environment(here, **mine)
    assert "SECRET" not in seen and "AWSOME" not in seen and "PYTHONPATH" not in seen
    assert {name: seen[name] for name in ("LICENSE_SERVER", "AWS_REGION", "LC_ALL", "TZ")} == {
        name: mine[name] for name in ("LICENSE_SERVER", "AWS_REGION", "LC_ALL", "TZ")
    }
    assert seen["PATH"] == here.env["PATH"] and seen["HOME"] == here.env["HOME"] and seen["OWN"] == "1"
    assert seen["JM_TASK_NAME"] == "show"
    assert environment(here, JM_ENVIRONMENT="inherit", SECRET="s")["SECRET"] == "s"
    assert environment(here, JM_PASS_ENV="SECRET", SECRET="s")["SECRET"] == "s"


def test_a_resumed_job_gets_a_clean_environment_too(here):
    here.write("jm.toml", 'environment = "clean"\n')
    here.write("job.yaml", job("[{shell: 'env > seen; test -e ok'}]"))
    assert here.jm("run", "job.yaml", env={"SECRET": "s"}).code == 1
    here.write("ok", "")
    (here.path / "seen").unlink()
    assert here.jm("resume", "last", env={"SECRET": "s"}).code == 0
    assert "JM_ATTEMPT=2" in here.lines("seen") and "SECRET=s" not in here.lines("seen")


def test_colours_always_and_never(here):
    here.write("job.yaml", job("[{cmd: ['true']}]"))
    assert "\x1b[" in here.jm("check", "job.yaml", "--color", "always", env={"NO_COLOR": "1"}).out
    assert "\x1b[" in here.jm("check", "job.yaml", env={"JM_COLOR": "always"}).out
    assert "\x1b[" not in here.jm("check", "job.yaml").out
    here.write("jm.toml", 'color = "never"\n')
    typed = here.type("check", "job.yaml")
    assert typed.end() == 0 and "\x1b[" not in typed.text
    typed = here.type("check", "job.yaml", "--color", "auto")
    assert typed.end() == 0 and "\x1b[" in typed.text


def test_the_original_command_line_has_no_settings(here):
    here.write("jm.toml", "this is not TOML")
    here.write("job.yaml", job("[{shell: 'echo 1 > {a.txt}', outputs: [{name: a.txt}]}]"))
    (here.path / "temp").mkdir()
    (here.path / "modules").mkdir()
    assert here.jm("job.yaml").code == 0


def test_a_directory_that_is_gone(here):
    Path(here.path / "gone").mkdir()
    script = f"cd gone && rmdir ../gone && {sys.executable} -m job_manager ls --home '{here.path}/state'"
    here.write("job.yaml", job(f'[{{name: a, shell: "{script}"}}]'))
    assert here.jm("run", "job.yaml", env={"PYTHONPATH": here.env["PYTHONPATH"]}).code == 0
