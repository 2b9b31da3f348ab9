"""Every reader is fuzzed a moment in the default lane and half a minute in the long one; and the fuzzer finds faults.

`python -m tests.formats.fuzz READER --seconds 600 --seed 7` goes on for longer.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import base_seed
from tests.formats.fuzz.mutate import Mutator, words_of
from tests.formats.fuzz.targets import ROOT, targets

MOMENT, HALF_A_MINUTE = 0.7, 30


def fuzzed(name: str, seconds: float, found: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "tests.formats.fuzz", name, "--seconds", str(seconds), "--found", str(found)]
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    env = os.environ | {"PYTHONPATH": path} | settings
    return subprocess.run([*argv, "--seed", str(base_seed())], env=env, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("name", targets())
def test_a_moment(name, tmp_path):
    done = fuzzed(name, MOMENT, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.parametrize("name", targets())
def test_half_a_minute(name, tmp_path):
    done = fuzzed(name, HALF_A_MINUTE, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


# What is said of the failure, and the input after it was made short.
FAULTS = {
    "planted-deep": ("ValueError at planted.py", b"{[steps}"),
    "planted-grows": ("MemoryError at planted.py", b"g"),
    "planted-dies": ("killed by SIGABRT", b"d"),
}


@pytest.mark.parametrize("name", ["planted-dies", *(pytest.param(n, marks=pytest.mark.long) for n in list(FAULTS)[:2])])
def test_a_fault_is_found_made_short_and_written_down(name, tmp_path):
    said, shortest = FAULTS[name]
    done = fuzzed(name, 4 if name == "planted-deep" else 2, tmp_path, FUZZ_PLANTED="1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert said in done.stdout and f"seed {base_seed()}" in done.stdout and "to repeat it:" in done.stdout
    assert [file.read_bytes() for file in tmp_path.rglob("*.planted")] == [shortest]


@pytest.mark.long
def test_what_hangs_is_ended_and_made_short(tmp_path):
    done = fuzzed("planted-loops", 5, tmp_path, FUZZ_PLANTED="1")
    assert done.returncode == 1 and "planted-loops: slow" in done.stdout, done.stdout + done.stderr
    assert len(list(tmp_path.rglob("*.planted"))) == 1


def test_the_same_seed_makes_the_same_inputs(rng):
    corpus = targets()["job.yaml"].corpus()
    words = words_of(corpus, "job_manager.formats.")
    assert {b"allow_empty", b"foreach", b"param_name"} <= set(words)
    state = rng.getstate()
    made = [Mutator(rng, corpus, words).mutant(raw) for raw in corpus]
    rng.setstate(state)
    assert made == [Mutator(rng, corpus, words).mutant(raw) for raw in corpus]
