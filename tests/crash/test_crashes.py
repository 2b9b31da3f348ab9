"""A few rounds of what is run in full by command: the kill loop, the sweep over system calls, the power cuts.

Knows nothing but their words; see tests.crash.loop, tests.crash.sweep and tests.crash.cuts.
"""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash import cuts, loop, restart, sweep

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.long
def test_kill_9_of_anything_while_people_ask(tmp_path: Path, seed: int) -> None:
    said, figures = loop.run(tmp_path, 25, 100, seed)
    assert said == [], figures


@pytest.mark.long
@pytest.mark.needs("strace")
@pytest.mark.parametrize("flow", sweep.FLOWS)
def test_kill_9_at_a_system_call_that_writes(flow: str, rng: random.Random) -> None:
    assert sweep.sweep(flow, 3, rng) == []


@pytest.mark.long
@pytest.mark.parametrize(
    "words", [("--cuts", "4"), pytest.param(("--without-fsync",), marks=pytest.mark.needs("strace"))]
)
def test_power_cuts(words: tuple[str, ...], seed: int) -> None:
    """Without fsync something has to be lost: else this would see nothing at all."""
    argv = [sys.executable, "-m", "tests.crash.cuts", *words, "--seed", str(seed)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=300)
    if done.returncode == cuts.SKIPPED:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_a_restart_with_ten_thousand_open_actions_dispatches_and_waits_for_nothing() -> None:
    """How fast is said by `python -m tests.crash.restart`; here, that it does, and that it rests."""
    seconds, idle = restart.measured(10_000, 1, quiet=3.0)
    assert len(seconds) == 1 and idle < 0.02
