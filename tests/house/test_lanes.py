"""The promises of tests/conftest.py: seeds repeat, samples are drawn, skips are seen, foreign settings stay out.

Runs pytest itself on small files with that conftest and the project's own settings; knows nothing of job_manager.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import ROOT

# What pytest makes of its plugins is kept for the next run; else each run spends most of its time on them.
FOREIGN = ("JM_", "PYTEST_", "PYTHONDONTWRITEBYTECODE")


@pytest.fixture
def lane(tmp_path: Path):
    """Writes a test file beside a copy of the conftest and returns what pytest printed about it, and its exit code."""

    def run(text: str, *options: str, **settings: str) -> tuple[str, int]:
        for name in ("pyproject.toml", "tests/conftest.py"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
        (tmp_path / "tests" / "test_it.py").write_text(text)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # of the plugins only the one that is spoken of here
        asked = [sys.executable, "-m", "pytest", "-p", "_hypothesis_pytestplugin", "-p", "no:cacheprovider", *options]
        ended = subprocess.run(
            asked,
            cwd=tmp_path,
            env={**environment, **settings},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        return ended.stdout + ended.stderr, ended.returncode

    return run


FAILS = """
from hypothesis import given, strategies as st
drawn = []
def test_numbers(rng):
    assert rng.random() < 0, f"drew {rng.random()}"
@given(st.integers())
def test_drawn(number):
    drawn.append(number)
def test_shown():
    assert not drawn, f"saw {drawn}"
"""


def drawings(printed: str) -> list[str]:
    return sorted(set(re.findall(r"(?:drew [\d.]+|saw \[.*?\])", printed)))


def test_a_seed_repeats_a_run_and_another_one_draws_anew(lane):
    first, other, again = (lane(FAILS, "-vv", **seed)[0] for seed in ({}, {"JM_SEED": "7"}, {"JM_SEED": "7"}))
    assert len(drawings(first)) == 2
    assert drawings(other) == drawings(again)
    assert not set(drawings(first)) & set(drawings(other))
    assert "JM_SEED=7 pytest 'tests/test_it.py::test_numbers'" in other


MANY = """
import os, pytest
@pytest.mark.long
@pytest.mark.parametrize("n", range(20))
def test_long(n): print(f"ran {n};")
def test_short(): assert not {"JM_HOME", "VIRTUAL_ENV"} & set(os.environ)
@pytest.mark.needs("sh", "no-such-program")
def test_needy(): pass
"""


def test_the_default_lane_is_short_and_shows_skips_and_no_foreign_setting_reaches_it(lane):
    printed, code = lane(MANY, JM_HOME="/somewhere", VIRTUAL_ENV="/elsewhere")
    assert code == 0
    assert "1 passed, 1 skipped, 20 deselected" in printed
    assert re.search(r"SKIPPED .*not on PATH: no-such-program", printed)


def test_a_sample_is_drawn_by_the_seed(lane):
    seeds = ("1", "1", "2")
    printed = [lane(MANY, "-s", "-m", "long", "--sample", "5", JM_SEED=seed)[0] for seed in seeds]
    ran = [set(re.findall(r"ran (\d+);", each)) for each in printed]
    assert [len(each) for each in ran] == [5, 5, 5]
    assert ran[0] == ran[1] != ran[2]
    assert "5 passed, 17 deselected" in printed[0]


def test_a_used_up_budget_skips_and_says_so(lane):
    printed, code = lane(MANY, "-m", "long", "--budget", "0")
    assert code == 0
    assert "20 skipped" in printed
    assert "the 0 s of this run were used up" in printed


def test_a_warning_and_an_unknown_marker_are_errors(lane):
    assert lane("import warnings\ndef test_it(): warnings.warn('careful')\n")[1] == 1
    assert lane("import pytest\n@pytest.mark.lnog\ndef test_it(): pass\n")[1] == 2
