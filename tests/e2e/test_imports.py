"""What the command line costs before it does anything: which modules are imported, and on whose way.

Knows the modules that are heavy; times are for the benchmarks.
"""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.e2e.person import PATIENCE, Folder, job

HEAVY = {
    "asyncio", "concurrent", "dataclasses", "email", "http", "importlib.metadata", "inspect", "logging",
    "multiprocessing", "pkg_resources", "puremagic", "rich", "ssl", "subprocess", "tempfile", "unittest", "urllib",
    "uuid", "xml", "zipfile",
}  # fmt: skip
OURS = "job_manager."
# What a run can do without as long as nothing is odd, nothing has failed and nobody asks: each was on its way once.
SELDOM = {
    "difflib", "selectors", "socket", "job_manager.app.cards", "job_manager.app.guest", "job_manager.core.explain",
    "job_manager.core.overall", "job_manager.formats.json_odd", "job_manager.formats.json_reader",
    "job_manager.formats.yaml_syntax", "job_manager.formats.job_yaml.entries", "typing", "signal", "locale",
}  # fmt: skip
MOST = {"--help": 30, "status": 162, "run": 268}  # modules, those that Python starts with not counted


def imported(here: Folder, *words: str) -> set[str]:
    """Every module that a command imported."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "job_manager", *words],
        cwd=here.path, env=here.env, capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    names = set(re.findall(r"^import time:[^|]*\|[^|]*\|\s+(\S+)$", done.stderr.decode(), re.MULTILINE))
    assert "job_manager.cli.main" in names, done.stderr
    return names - imported_by_python()


def imported_by_python() -> set[str]:
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", "pass"], capture_output=True, timeout=PATIENCE)
    return set(re.findall(r"^import time:[^|]*\|[^|]*\|\s+(\S+)$", done.stderr.decode(), re.MULTILINE))


def rooms(names: set[str]) -> set[str]:
    return {name.split(".")[1] for name in names if name.startswith(OURS)}


def heavy(names: set[str]) -> set[str]:
    return names & HEAVY


def test_the_help_of_the_whole_costs_next_to_nothing(here):
    for words in (("--help",), ()):
        names = imported(here, *words)
        assert rooms(names) == {"cli"}
        assert not heavy(names) and not names & {
            "argparse",
            "re",
            "json",
            "yaml",
            "sqlite3",
            "hashlib",
            "dataclasses",
            "inspect",
        }


@pytest.mark.parametrize(
    "verb",
    ["run", "resume", "check", "plan", "modules", "init", "new", "ls", "status", "logs", "rm", "schema", "version"],
)
def test_the_help_of_a_verb_needs_no_engine_and_no_language(here, verb):
    names = imported(here, verb, "--help")
    assert rooms(names) <= {"cli", "model"} and not heavy(names) and not names & {"yaml", "sqlite3", "shutil"}


def test_looking_needs_neither_yaml_nor_a_language(here):
    here.write("job.yaml", job("[{shell: 'true'}]"))
    here.jm("run", "job.yaml")
    for words in (("ls",), ("status",), ("logs",)):
        names = imported(here, *words)
        assert not names & {"yaml", "selectors", "job_manager.worker.worker"} and "formats" not in rooms(names)
        assert not heavy(names)


def test_a_run_imports_nothing_heavy(here):
    here.write("job.yaml", job("[{name: a, shell: 'true'}]"))
    names = imported(here, "run", "job.yaml")
    assert not heavy(names) and {"core", "engines", "worker", "formats"} <= rooms(names)
    assert not names & SELDOM


def test_the_number_of_modules_has_a_limit(here):
    here.write("job.yaml", job("[{name: a, shell: 'true'}]"))
    for words in (("run", "job.yaml"), ("status",), ("--help",)):
        names = imported(here, *words)
        assert len(names) <= MOST[words[0]], f"{words}: {len(names)} modules"


def test_checking_a_job_needs_no_engine(here):
    here.write("job.yaml", job("[{shell: 'true'}]"))
    names = imported(here, "check", "job.yaml")
    assert not rooms(names) & {"engines", "supervisor", "server"} and not heavy(names) and "sqlite3" not in names
