"""Code that could run somebody else's text, tests that mock or hope: none here, and each kind is caught.

Knows the examples that must be caught; what is dangerous and why is in dangers.py.
"""

from __future__ import annotations

import pytest

from tests.house import dangers
from tests.house.source import read, shown, written


def test_nothing_runs_foreign_text_or_objects():
    found = dangers.dangers(read("src", "examples", "bench", "tools"))
    assert not found, shown(found)


def test_tests_neither_mock_nor_hope():
    found = dangers.false_comfort(read("tests"))
    assert not found, shown(found)


@pytest.mark.parametrize(
    "text",
    [
        "eval(text)",
        "exec(text)",
        "compile(text, 'x', 'exec')",
        "import pickle",
        "def f():\n    from pickle import loads",
        "import yaml.x, marshal",
        "yaml.load(text)",
        "yaml.unsafe_load(text)",
        "from yaml import full_load",
        "os.system('ls')",
        "subprocess.getoutput('ls')",
        "subprocess.run('ls', shell=True)",
        "Popen('ls', shell=wanted)",
        "start(words, shell=True)",
    ],
)
def test_a_danger_is_found(text):
    assert len(dangers.dangers(written({"src/a.py": text}))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "re.compile('x')",
        "os.execv('/bin/true', ['true'])",
        "subprocess.run(['ls'], shell=False)",
        "Command(shell='sort < {a}')",
        "json.load(file)",
        "yaml.parse(stream, Loader=yaml.CSafeLoader)",
        "tree.eval(x)",
    ],
)
def test_what_only_looks_like_a_danger_is_left_alone(text):
    assert dangers.dangers(written({"src/a.py": text})) == []


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.sleep(1)",
        "def test():\n    sleep(0.1)",
        "def test():\n    while True:\n        def later():\n            sleep(1)",
        "from unittest.mock import patch",
        "from unittest import mock",
        "import unittest.mock",
    ],
)
def test_false_comfort_is_found(text):
    assert len(dangers.false_comfort(written({"tests/test_a.py": text}))) == 1


@pytest.mark.parametrize(
    "text", ["while not seen():\n    time.sleep(0.01)", "CHILD = 'import time; time.sleep(60)'", "import unittest"]
)
def test_a_poll_and_a_child_that_sleeps_are_left_alone(text):
    assert dangers.false_comfort(written({"tests/test_a.py": text})) == []
