"""Every promise of docs/promises.md names tests, every fault stands there once with its own, and all these tests exist.

Knows how the page is written."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"  - `(tests/[\w/]+\.py)::(\w+)`")


ROW = re.compile(r"\| [^|]+ \| (F\d\d) \| (.+) \|")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
NOT_PROMISED = 5  # at most
# What can happen to one machine: processes, storage, memory and children, time, inputs and size.
FAULTS = """
    F01 F02 F03 F05 F06 F07 F09 F10 F11 F12 F13
    F14 F15 F17 F18 F19 F20 F21 F22 F23 F25 F26 F27 F29
    F41 F42 F43 F45 F46 F47 F49 F50 F51 F53 F54
    F61 F62 F63
    F65 F66 F67 F69 F70 F71 F73 F74 F75
""".split()


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


def faults() -> list[tuple[str, str]]:
    """Every row about a fault: its number, and what is said of its tests."""
    text = (ROOT / "docs/promises.md").read_text(encoding="utf-8")
    return [(row[1], row[2]) for row in map(ROW.fullmatch, text.splitlines()) if row]


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
    assert_that_they_exist(held)


def assert_that_they_exist(tests: list[tuple[str, str]]) -> None:
    for file, test in tests:
        assert (ROOT / file).exists(), file
        assert test.lower().startswith("test"), test
        assert test in names(file), f"{file} has no {test}"


def test_every_fault_stands_there_once():
    assert sorted(fault for fault, _ in faults()) == sorted(FAULTS)
    assert sum(not NAMED.search(said) for _, said in faults()) <= NOT_PROMISED


@pytest.mark.parametrize(("fault", "said"), faults())
def test_a_fault_is_asserted_by_tests_that_exist_or_the_reason_is_measured(fault, said):
    found = [(file, test) for file, test in NAMED.findall(said)]
    assert found or ("not promised" in said and re.search(r"\d", said)), fault
    assert_that_they_exist(found)
    assert not found or re.sub(r"[ ,]", "", NAMED.sub("", said)) == "", "nothing but tests"


def test_there_are_promises():
    assert len(promises()) > 20
