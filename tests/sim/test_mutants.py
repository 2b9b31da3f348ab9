"""The mutants are of the code as it is: what each takes back stands there once, and what it leaves is Python."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.sim.mutations import ALL

SRC = Path(__file__).resolve().parents[2] / "src/job_manager"


@pytest.mark.parametrize("mutant", [each for each in ALL if each.file], ids=lambda each: each.name)
def test_a_mutant_can_be_made(mutant):
    text = (SRC / mutant.file).read_text()
    assert text.count(mutant.old) == 1
    ast.parse(text.replace(mutant.old, mutant.new))
