"""Every promise of docs/promises.md names tests, and every test it names exists. Knows how the page is written."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"  - `(tests/[\w/]+\.py)::(\w+)`")


def promises() -> dict[str, list[tuple[str, str]]]:
    """Sentence -> (file, test) of each that holds it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in (ROOT / "docs/promises.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("- "):
            found[line[2:]] = []
        elif line.startswith("  - "):
            matched = LINE.fullmatch(line)
            assert matched, f"not the name of a test: {line}"
            found[list(found)[-1]].append((matched[1], matched[2]))
    return found


def names(file: str) -> set[str]:
    """The tests of a file: its functions, and its classes or what is assigned to a name of theirs."""
    found = set()
    for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


@pytest.mark.parametrize("sentence", promises())
def test_a_promise_is_held_by_tests_that_exist(sentence):
    held = promises()[sentence]
    assert held, "nothing holds this promise"
    for file, test in held:
        assert (ROOT / file).exists(), file
        assert test.lower().startswith("test"), test
        assert test in names(file), f"{file} has no {test}"


def test_there_are_promises():
    assert len(promises()) > 20
