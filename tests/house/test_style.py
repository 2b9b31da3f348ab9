"""Names, opening words, lengths and depth of the project's files, and each check held against an offender.

Knows the examples that must be caught; the measures are in style.py.
"""

from __future__ import annotations

import pytest

from tests.house import style
from tests.house.source import FOLDERS, read, shown, written

EVERY = read(*FOLDERS)
SRC = read("src")
OPENING = '"""What it is."""\n'


def test_no_name_says_nothing():
    found = style.banned_names(EVERY)
    assert not found, shown(found)


def test_every_file_says_what_it_is():
    found = style.without_opening(EVERY)
    assert not found, shown(found)


def test_no_file_is_too_long():
    found = style.too_long(EVERY)
    assert not found, shown(found)


def test_functions_stay_within_the_hard_limits():
    found = style.beyond_limits(SRC)
    assert not found, shown(found)


@pytest.mark.parametrize(
    "files",
    [
        {"src/job_manager/core/utils.py": OPENING},
        {"src/job_manager/common/job.py": OPENING},
        {"src/job_manager/core/job.py": "class SignalHandler: ..."},
        {"src/job_manager/core/job.py": "def load_data(): ..."},
        {"src/job_manager/core/job.py": "class Job:\n    async def getInfo(self): ..."},
        {"tests/core/test_job.py": "def make_obj(): ..."},
    ],
)
def test_a_name_that_says_nothing_is_found(files):
    assert len(style.banned_names(written(files))) == 1


@pytest.mark.parametrize(
    "text", ["def fdatasync(): ...", "class Metadata: ...", "def handle_data(self): ...", "def test_media_info(): ..."]
)
def test_names_that_say_something_are_left_alone(text):
    assert style.banned_names(written({"src/job_manager/core/handled.py": text})) == []


@pytest.mark.parametrize(
    ("text", "count"), [("", 1), ("x = 1", 1), ('x = 1\n"""late"""', 1), ('"""  """', 1), (OPENING, 0)]
)
def test_a_file_without_opening_words_is_found(text, count):
    assert len(style.without_opening(written({"src/job_manager/core/job.py": text}))) == count


def test_a_file_over_the_limit_is_found():
    lines = style.FILE_LINES
    assert style.too_long(written({"src/a.py": "x = 1\n" * lines})) == []
    assert len(style.too_long(written({"src/a.py": "x = 1\n" * (lines + 1)}))) == 1


def function(lines: int) -> str:
    return "def f():\n" + "    x = 1\n" * (lines - 1)


def test_a_function_over_the_limit_is_found():
    short = "def f(): ...\n" * 30
    assert style.beyond_limits(written({"src/a.py": short + function(style.FUNCTION_LINES)})) == []
    assert len(style.beyond_limits(written({"src/a.py": short + function(style.FUNCTION_LINES + 1)}))) == 1


def test_a_long_tail_is_found():
    assert len(style.beyond_limits(written({"src/a.py": function(style.P95_LINES + 1) * 2}))) == 1


def test_a_docstring_does_not_count_as_length():
    text = 'def f():\n    """' + "words\n" * 200 + '"""\n    return 1\n'
    assert style.measures(written({"src/a.py": text}))[0].lines == 2


def nested(depth: int) -> str:
    heads = ["if a:", "for b in c:", "while d:", "with e:", "try:", "if g:"][:depth]
    text = "def f():\n" + "".join("    " * (level + 1) + head + "\n" for level, head in enumerate(heads))
    text += "    " * (depth + 1) + "x = 1\n"
    return text + ("    " * 5 + "finally:\n" + "    " * 6 + "y = 1\n" if depth >= 5 else "")


@pytest.mark.parametrize("depth", range(1, 7))
def test_depth_is_measured_and_limited(depth):
    sources = written({"src/a.py": nested(depth)})
    assert style.measures(sources)[0].depth == depth
    assert len(style.beyond_limits(sources)) == (depth > style.DEPTH)


def test_an_elif_and_an_inner_function_are_no_deeper():
    text = "def f():\n    if a:\n        x\n    elif b:\n        def g():\n            for c in d: x\n"
    assert [each.depth for each in style.measures(written({"src/a.py": text}))] == [1, 1]


def test_the_summary_names_what_is_past_the_guide():
    text = style.summary(style.measures(written({"src/a.py": function(50)})))
    assert "longest 50" in text
    assert "src/a.py:1 f: 50 lines" in text
