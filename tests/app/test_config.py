"""The settings: which source is stronger, and everything wrong with each of them at its place.

Knows the files as a person writes them; the real command is tried in tests/e2e/test_config.py.
"""

from __future__ import annotations

import os
import re
from itertools import combinations
from pathlib import Path

import pytest

from job_manager.app.config import Configured, configure
from job_manager.app.config_file import FILE_LIMIT
from job_manager.app.settings import SETTINGS, Config
from job_manager.app.toml_places import places
from job_manager.model.errors import InputError
from tests.house.source import ROOT

# A value for each setting as it stands in a file; as a variable; and what is then meant, in a folder F.
VALUES = {
    "home": ('"state"', "state", "F/state"),
    "modules": ('["a", "/b"]', "a:/b", ("F/a", "/b")),
    "python": ('"venv/bin/python"', "venv/bin/python", "F/venv/bin/python"),
    "jobs": ("7", "7", 7),
    "out": ('"results"', "results", "F/results"),
    "keep_temp": ("true", "yes", True),
    "verify": ("true", "1", True),
    "loose_types": ("true", "on", True),
    "color": ('"never"', "never", "never"),
    "environment": ('"clean"', "clean", "clean"),
    "pass_env": ('["A", "LIC_*"]', "A, LIC_*", ("A", "LIC_*")),
    "cpus": ("3", "3", 3),
    "memory": ('"8G"', "8G", 8 * 2**30),
    "limits": ("{gpu = 2}", "gpu=2", (("gpu", 2),)),
    "services": ('["nuke", "prman"]', "nuke, prman", ("nuke", "prman")),
    "envkeys": (
        '{"nuke-15" = {LANG = "C", A = "b=c"}}',
        "nuke-15=LANG=C;A=b=c",
        (("nuke-15", (("A", "b=c"), ("LANG", "C"))),),
    ),
    "zone": ('"UNC"', "UNC", "UNC"),
    "stuck": ('"10m"', "10m", 600.0),
    "disk_floor": ('"1G"', "1G", 2**30),
}


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def user(tmp_path) -> Path:
    folder = tmp_path / "home" / ".config" / "job_manager"
    folder.mkdir(parents=True)
    return folder / "config.toml"


def settings(here: Path, given=None, **environ: str) -> Configured:
    return configure(given or {}, {"HOME": str(here.parent / "home"), **environ}, str(here))


def problems(here: Path, **environ: str) -> list[str]:
    with pytest.raises(InputError) as refused:
        settings(here, **environ)
    return [str(problem) for problem in refused.value.problems]


def meant(value, folder: Path):
    if isinstance(value, tuple):
        return tuple(meant(each, folder) for each in value)
    return value.replace("F/", f"{folder}/") if isinstance(value, str) else value


# --- every setting from every source ----------------------------------------------------------------------------------


def test_the_table_and_the_values_of_this_test_are_complete():
    assert list(VALUES) == list(SETTINGS) == list(Config._fields)
    assert [row.variable for row in SETTINGS.values()] == [f"JM_{name.upper()}" for name in SETTINGS]
    for name, (written, _, value) in VALUES.items():
        assert SETTINGS[name].unset != value, written


def test_nothing_set_is_the_defaults(here):
    found = settings(here)
    assert found.config == Config()
    assert {row.source for row in found.rows()} == {"default"}
    assert not any(file.there for file in found.files)


@pytest.mark.parametrize("name", VALUES)
def test_a_setting_in_each_file(name, here, user):
    written, _, value = VALUES[name]
    line = f"\n{name} = {written}\n"
    for path, text, folder, source in (
        (here / "jm.toml", line, here, "jm.toml:2"),
        (here / "pyproject.toml", f"[project]\n[tool.job_manager]{line}", here, "pyproject.toml:3"),
        (user, line, user.parent, f"{user}:2"),
    ):
        path.write_text(text)
        found = settings(here)
        assert getattr(found.config, name) == meant(value, folder)
        assert [row.source for row in found.rows() if row.source != "default"] == [source]
        assert [file.path for file in found.files if file.there] == [source.rpartition(":")[0]]
        path.unlink()


@pytest.mark.parametrize("name", VALUES)
def test_a_setting_in_the_environment(name, here):
    _, text, value = VALUES[name]
    variable = SETTINGS[name].variable
    found = settings(here, **{variable: text})
    assert getattr(found.config, name) == meant(value, here)
    assert [row.source for row in found.rows() if row.source != "default"] == [variable]
    assert settings(here, **{variable: ""}).config == Config()


def test_switches_can_be_switched_off_where_they_are_stronger(here):
    (here / "jm.toml").write_text("verify = true\nkeep_temp = true\n")
    assert settings(here, JM_VERIFY="0").config.verify is False
    assert settings(here, {"keep_temp": False}).config.keep_temp is False


# --- which is stronger ------------------------------------------------------------------------------------------------

SOURCES = ("command line", "environment", "jm.toml", "user")


def speak(source: str, number: int, here: Path, user: Path) -> tuple[dict[str, int], dict[str, str]]:
    if source == "command line":
        return {"jobs": number}, {}
    if source == "environment":
        return {}, {"JM_JOBS": str(number)}
    (here / source if source.endswith(".toml") else user).write_text(f"jobs = {number}\n")
    return {}, {}


@pytest.mark.parametrize(("stronger", "weaker"), list(combinations(SOURCES, 2)))
def test_each_pair(stronger, weaker, here, user):
    weak = speak(weaker, 1, here, user)
    assert settings(here, *weak[:1], **weak[1]).config.jobs == 1
    strong = speak(stronger, 2, here, user)
    assert settings(here, {**weak[0], **strong[0]}, **weak[1], **strong[1]).config.jobs == 2


def test_pyproject_is_a_project_file_like_the_other(here, user):
    user.write_text("jobs = 1\n")
    (here / "pyproject.toml").write_text("[tool.job_manager]\njobs = 2\n")
    assert settings(here).config.jobs == 2
    assert settings(here, JM_JOBS="3").config.jobs == 3


def test_settings_are_taken_one_by_one_and_limits_name_by_name(here, user):
    user.write_text('jobs = 1\nmemory = "1G"\n[limits]\ngpu = 1\nnuke = 5\n')
    (here / "jm.toml").write_text("jobs = 2\nlimits.gpu = 4\n")
    config = settings(here, JM_LIMITS="ffmpeg=3").config
    assert (config.jobs, config.memory) == (2, 2**30)
    assert config.limits == (("ffmpeg", 3), ("gpu", 4), ("nuke", 5))
    rows = {row.name: row.source for row in settings(here).rows()}
    assert rows["limits.gpu"] == "jm.toml:2" and rows["limits.nuke"] == f"{user}:5" and "limits" not in rows


# --- where files are looked for ---------------------------------------------------------------------------------------


def test_there_is_no_search_upwards(here, monkeypatch):
    (here / "jm.toml").write_text("jobs = 2\n")
    below = here / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    assert settings(below).config.jobs == 0


def test_xdg_config_home(here, user, tmp_path):
    user.write_text("jobs = 1\n")
    other = tmp_path / "xdg" / "job_manager" / "config.toml"
    other.parent.mkdir(parents=True)
    other.write_text('jobs = 2\nhome = "state"\n')
    config = settings(here, XDG_CONFIG_HOME=str(tmp_path / "xdg")).config
    assert (config.jobs, config.home) == (2, str(other.parent / "state"))
    assert settings(here, XDG_CONFIG_HOME="relative/is/none").config.jobs == 1
    assert settings(here, XDG_CONFIG_HOME="/dev/null").config.jobs == 0


def test_without_a_home_there_is_no_file_of_the_user(here):
    for environ in ({}, {"HOME": ""}, {"HOME": "relative"}):
        found = configure({}, environ, str(here))
        assert [file.path for file in found.files] == ["jm.toml", "pyproject.toml"]


def test_a_tilde_is_the_home(here, monkeypatch):
    monkeypatch.setenv("HOME", "/home/anna")
    (here / "jm.toml").write_text('out = "~/results"\npython = "python3.12"\n')
    config = settings(here).config
    assert (config.out, config.python) == ("/home/anna/results", "python3.12")


def test_a_pyproject_of_others_is_theirs(here):
    for text in ("[tool.other]\njobs = 'no'\n", "this is not TOML\n", "[tool]\njob_manager = {}\n"):
        (here / "pyproject.toml").write_text(text)
        assert settings(here).config == Config()
    (here / "jm.toml").write_text("jobs = 2\n")
    (here / "pyproject.toml").write_text('[project]\nname = "job_manager"\n')
    assert settings(here).config.jobs == 2


def test_two_files_of_one_project(here):
    (here / "jm.toml").write_text("jobs = 2\n")
    (here / "pyproject.toml").write_text("[tool.job_manager]\nverify = true\n")
    (found,) = problems(here)
    assert "jm.toml and pyproject.toml both have settings" in found and "[tool.job_manager]" in found


# --- what is wrong ----------------------------------------------------------------------------------------------------

# A line, the column of its mistake, and words of the message.
WRONG = {
    "home": [("home = 3", 1, "home: expected text in quotes, found the number 3"), ('home = ""', 1, "is empty")],
    "modules": [
        ('modules = "shelf"', 1, 'modules: expected a list, found the text "shelf"'),
        ('modules = ["a", 4]', 17, "modules[1]: expected text in quotes, found the number 4"),
        ('modules = ["a", ""]', 17, "modules[1]: the text is empty"),
    ],
    "python": [("python = 3.11", 1, "python: expected text in quotes, found the number 3.11")],
    "jobs": [
        ("jobs = 0", 1, "jobs: expected a whole number from 1 to 4096, found the number 0"),
        ("jobs = 4097", 1, "found the number 4097"),
        ('jobs = "4"', 1, 'found the text "4"'),
        ("jobs = true", 1, "found true"),
        ("jobs = 1.5", 1, "found the number 1.5"),
        ("jobs = 1979-05-27", 1, "found a date or time"),
    ],
    "out": [("out = true", 1, "out: expected text"), ('out = "a\\u0000b"', 1, "a control character")],
    "keep_temp": [('keep_temp = "yes"', 1, 'keep_temp: expected true or false, found the text "yes"')],
    "verify": [("verify = 1", 1, "verify: expected true or false, found the number 1")],
    "loose_types": [("loose_types = []", 1, "loose_types: expected true or false, found a list")],
    "color": [('color = "alway"', 1, 'expected "auto" or "always" or "never", found the text "alway"; did you mean')],
    "environment": [("environment = {}", 1, 'environment: expected "inherit" or "clean", found a table')],
    "pass_env": [
        ('pass_env = ["A-B"]', 13, 'pass_env[0]: "A-B" is no name of an environment variable'),
        ('pass_env = ["JM_HOME"]', 13, "variables of jm itself are never passed on"),
        ('pass_env = "A"', 1, "pass_env: expected a list"),
    ],
    "cpus": [("cpus = -1", 1, "cpus: expected a whole number from 1 to 4096, found the number -1")],
    "memory": [
        ('memory = "lots"', 1, 'memory: expected a size like 512M, 8G or 1.5G, found "lots"'),
        ("memory = 0", 1, "is no size"),
        ("memory = 1.5", 1, "expected a size"),
    ],
    "limits": [
        ('limits = {gpu = 1, nuke = "x"}', 20, "limits.nuke: expected a whole number from 0 to 1000000, found"),
        ("limits.gpu = -1", 8, "limits.gpu: expected a whole number"),
        ('limits = {"a b" = 1}', 11, '"a b" cannot be a name'),
        ('limits = {memory = "4G"}', 11, "limits.memory: memory is no limit but a key of its own: memory: 4G"),
        ("limits = 3", 1, "limits: expected a table, found the number 3"),
    ],
    "services": [('services = "nuke"', 1, "services: expected a list"), ('services = [""]', 13, "the text is empty")],
    "envkeys": [
        ('envkeys = {nuke = "A"}', 12, "envkeys.nuke: expected a table of variables, found the text"),
        ('envkeys = {nuke = {"A B" = "x"}}', 12, '"A B" is not a name of an environment variable'),
        ("envkeys = {nuke = {A = 1}}", 12, "expected text in quotes, found the number 1"),
        ('envkeys = {"a b" = {A = "x"}}', 12, '"a b" cannot be a name: no blanks'),
    ],
    "zone": [('zone = ""', 1, "the text is empty")],
    "stuck": [
        ("stuck = true", 1, "expected a duration like 90s, 5m or 2h, or false, found true"),
        ('stuck = "soon"', 1, "expected a duration like 90s, 5m, 2h or 1h30m"),
        ("stuck = []", 1, "found a list"),
    ],
    "disk_floor": [("disk_floor = -1", 1, "expected a size"), ("disk_floor = false", 1, "expected a size")],
    "unknown": [
        ("job = 4", 1, 'job: there is no setting "job"\n   hint: did you mean "jobs"?'),
        ("keep-temp = true", 1, 'did you mean "keep_temp"?'),
        ("limit.gpu = 4", 1, 'did you mean "limits"?'),
        ('"x\\u001b[0m" = 4', 1, "there is no setting"),
        ("zzz = 4", 1, "the settings: home, modules"),
    ],
}


def test_every_setting_has_its_mistakes():
    assert set(WRONG) == {*SETTINGS, "unknown"}


@pytest.mark.parametrize(("line", "column", "words"), [each for cases in WRONG.values() for each in cases])
def test_a_mistake_in_a_file(line, column, words, here):
    (here / "jm.toml").write_text(f"# a comment with = and [\n{line}\n")
    (found,) = problems(here)
    assert found.startswith(f"jm.toml:2:{column}: ") and words in found
    assert "\x1b" not in found
    name = line.partition(" ")[0]
    if name in SETTINGS:
        assert f"as in: {SETTINGS[name].write}" in found


# What stands before, the whole file; the place; words.
BROKEN = [
    ("jobs: 4\n", "1:5", "a setting is written NAME = VALUE"),
    ("jobs = 4\nout = results\n", "2:7", "text stands in quotes"),
    ("jobs = 4\njobs = 5\n", "2:9", "stands in a file once"),
    ("[limits]\n[limits]\n", "2:8", "stands in a file once"),
    ("jobs = \n", "1:8", "this is not TOML"),
    ('out = "results', "1:15", "this is not TOML"),
    ("modules = [" + "[" * 50_000, "1:1", "nested too deep"),
    ("jobs = " + "9" * 5000, "1:5008", "this is not TOML"),
]


@pytest.mark.parametrize(("text", "place", "words"), BROKEN)
def test_a_file_that_is_not_toml(text, place, words, here):
    (here / "jm.toml").write_text(text)
    (found,) = problems(here)
    assert found.startswith(f"jm.toml:{place}: ") and words in found


def test_a_mistake_is_placed_inside_tables_and_after_texts_of_many_lines(here):
    text = '[tool.other]\ntext = """\njobs = 0 \\"\n"""\n[tool.job_manager]\njobs = 1\n\n[tool.job_manager.limits]\n'
    (here / "pyproject.toml").write_text(text + 'gpu = "two"\n')
    (found,) = problems(here)
    assert found.startswith("pyproject.toml:9:1: limits.gpu: ")


def test_a_table_that_is_none(here):
    (here / "pyproject.toml").write_text("[tool]\njob_manager = 4\n")
    (found,) = problems(here)
    assert found.startswith("pyproject.toml:2:1: expected a table") and "[tool.job_manager]" in found


def test_all_mistakes_of_all_sources_at_once(here, user):
    user.write_text("jobs = 0\n")
    (here / "jm.toml").write_text('cpus = "x"\n\nverifi = true\n')
    found = problems(here, JM_JOBS="many", JM_LIMITS="gpu", JM_VERIFY="perhaps", JM_MEMORY="x")
    assert [each.split(": ")[0] for each in found] == [
        f"{user}:1:1", "JM_JOBS", "JM_LIMITS", "JM_MEMORY", "JM_VERIFY", "jm.toml:1:1", "jm.toml:3:1"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("variable", "text", "words"),
    [
        ("JM_JOBS", "0", "expected a whole number from 1 to 4096"),
        ("JM_JOBS", "9" * 5000, "expected a whole number"),
        ("JM_COLOR", "blue", 'expected "auto" or "always" or "never"'),
        ("JM_KEEP_TEMP", "2", "expected true or false"),
        ("JM_LIMITS", "gpu=x", "expected a whole number"),
        ("JM_LIMITS", "gpu", "expected NAME=VALUE"),
        ("JM_PASS_ENV", "A B", "is no name of an environment variable"),
    ],
)
def test_a_mistake_in_a_variable(variable, text, words, here):
    (found,) = problems(here, **{variable: text})
    assert found.startswith(f"{variable}: ") and words in found


# --- files as they may be ---------------------------------------------------------------------------------------------


def test_a_variable_that_is_nearly_one_of_ours(here):
    said = problems(here, JM_JOBZ="3", JM_COLOUR="never")
    assert [one.split(":")[0] for one in said] == ["JM_COLOUR", "JM_JOBZ"]
    assert all("this is no setting of jm" in one for one in said)


def test_variables_that_actions_get_and_those_of_others_are_no_mistakes(here):
    page = (ROOT / "docs/reference/environment.md").read_text(encoding="utf-8")
    names = set(re.findall(r"JM_[A-Z_]+[A-Z]", page)) - {setting.variable for setting in SETTINGS.values()}
    assert len(names) > 10
    assert settings(here, **dict.fromkeys(names, "x"), JM_OF_SOMEBODY="1").config == Config()


def test_a_bom_and_windows_lines(here):
    (here / "jm.toml").write_bytes(b"\xef\xbb\xbfjobs = 3\r\nverify = true\r\n")
    assert settings(here).config[3] == 3 and settings(here).config.verify
    (here / "jm.toml").write_bytes(b"\xef\xbb\xbfjobs = 3\r\nverify = 1\r\n")
    assert problems(here)[0].startswith("jm.toml:2:1: verify")


def test_what_is_not_utf8_is_placed(here):
    (here / "jm.toml").write_bytes("out = 'é'\nhome = '".encode() + b"\xff'\n")
    assert problems(here)[0].startswith("jm.toml:2:9: this is not UTF-8")
    (here / "jm.toml").write_bytes("jobs = 3\n".encode("utf-16"))
    assert problems(here)[0].startswith("jm.toml:1:1: this is not UTF-8")


def test_a_file_that_is_too_large(here):
    (here / "jm.toml").write_bytes(b"#" * FILE_LIMIT)
    assert settings(here).config == Config()
    (here / "jm.toml").write_bytes(b"#" * (FILE_LIMIT + 1))
    assert problems(here) == ["jm.toml: the file has more than 1,048,576 bytes\n   hint: settings need a few lines"]


def test_what_is_no_file(here):
    (here / "jm.toml").mkdir()
    assert problems(here)[0].startswith("jm.toml: this is not a file")
    (here / "jm.toml").rmdir()
    os.mkfifo(here / "jm.toml")  # whoever reads it waits
    assert problems(here)[0].startswith("jm.toml: this is not a file")


def test_a_file_that_cannot_be_read(here, user):
    (here / "jm.toml").symlink_to("jm.toml")
    assert problems(here)[0].startswith("jm.toml: the file cannot be read: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(here, user):
    user.write_text("jobs = 1\n")
    user.chmod(0)
    assert problems(here)[0].startswith(f"{user}: the file cannot be read: Permission denied")
    user.parent.chmod(0)  # somebody else's home
    assert settings(here).config == Config()
    user.parent.chmod(0o700)


# --- places -----------------------------------------------------------------------------------------------------------


def test_places():
    text = (
        "a = 1\n"
        "  b.c = 'x # = [' # d = 3\n"
        "[ \"t\".'u' ]\n"
        "k = [ 1.5,\n"
        "   {x = 1, y = [2]}, # no ]\n"
        "  '''\n"
        "]''', ]\n"
        '"\\u0041" = """\nz = 1"""""\n'
        "[[many]]\n"
        "last = 1979-05-27 07:32:00\n"
    )
    found = places(text)
    assert found[("a",)] == (1, 1)
    assert found[("b",)] == (2, 3) and found[("b", "c")] == (2, 5)
    assert found[("t", "u")] == (3, 7)
    assert found[("t", "u", "k", 0)] == (4, 7)
    assert found[("t", "u", "k", 1, "y", 0)] == (5, 17)
    assert found[("t", "u", "k", 2)] == (6, 3)
    assert found[("t", "u", "A")] == (8, 1)
    assert found[("many", "last")] == (11, 1)
    assert len([path for path in found if "z" in path or "d" in path]) == 0
