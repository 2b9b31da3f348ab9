"""Patterns for progress: those that authors write are taken, those that could take long or find nothing are refused.

The bound is real: what is taken is also held against lines made to hurt. Knows no log.
"""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import strategies as st

from job_manager.app.progress import LINE
from job_manager.modules.manifest import read
from job_manager.modules.progress_pattern import fault
from tests.drawn import drawn

GOOD = [
    r"(\d+)%",
    r"^PROGRESS (\d+(?:\.\d+)?)$",
    r"Rendered (\d+)/(\d+) Tiles",
    r"^\s*frame\s+(\d+)\s+of\s+(\d+)",
    r"Fra:(\d+) .*\| Rendered (\d+)",
    r".*?(\d{1,3})%",
    r"(?P<done>\d+) \| (?P<total>\d+)",
    r"\[(\d+)[/:](\d+)\]",
    r"(?:step|epoch) ([0-9.]+) of ([0-9.]+)",
    r"\\(\d+)\x25 é",
    r"a{2}(\d{3})[^]x]*",
    r"(\d+)%|done: (\d+)",
]


@pytest.mark.parametrize("pattern", GOOD)
def test_patterns_as_people_write_them(pattern):
    assert fault(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        (r"(\d+", "is no regular expression"),
        (r"*(\d+)", "is no regular expression"),
        (r"(\d+)[", "is no regular expression"),
        (r"(\d+){99999999999999999999}", "is no regular expression"),
        (r"\d+%", "has no group"),
        (r"(\d+)(\d+)(\d+)", "has 3 groups"),
        (r"(\d+)+%", "repeats a group"),
        (r"((?:\d|\d\d)*)%", "repeats a group"),
        (r"(?:a{1,3}){2,9}(\d)", "repeats a group"),
        (r"(\d+) \1", "which is too much here"),
        (r"(?i)at (\d+)%", "which is too much here"),
        (r"at (?=\d)(\d+)%", "which is too much here"),
        (r"(\d+)%(?!x)", "which is too much here"),
        (r".*.*.*(\d+)%", "could end at several places"),
        (r"a?a?a?a(\d+)", "could end at several places"),
        (r"x*x*x*x*y(\d+)", "could end at several places"),
        (r"\d*[0-5]*(?:x|3*)\d*(\d)", "could end at several places"),
        (r"[à-ü]*[é-ý]*[à-ê]*ê(\d)", "could end at several places"),
        (r"(a|b|c|d|e|f|g)", "alternatives"),
        ("x" * 201, "the limit is 200"),
    ],
)
def test_patterns_that_cannot_be_used(pattern, words):
    found = fault(pattern)
    assert found is not None and words in found.message


def hurting(pattern: str) -> list[str]:
    """Lines that make matching go back: long runs of everything that the pattern has, and nearly what it wants."""
    chars = sorted({*"a0 .x:", *(char for char in pattern if char in string.printable)})
    runs = [char * LINE for char in chars] + [(char + "0") * (LINE // 2) for char in chars]
    return [*runs, *(run[:-1] + "\x00" for run in runs), pattern * LINE]


@pytest.mark.parametrize("pattern", GOOD)
def test_what_is_taken_comes_to_an_end(pattern):
    for line in hurting(pattern):  # without the bounds some would take years
        re.compile(pattern, re.ASCII).search(line[:LINE])


PIECES = st.sampled_from([*r".* .*? \d+ \d* a+ a* a? [ab]* (?: ( )? ) | a b 0 \s* ^ $ [^a]* a{1,9} x".split(), " "])


@drawn(60, 600, st.lists(PIECES, max_size=14).map("".join))
def test_no_pattern_that_is_taken_hangs(pattern):
    if fault(pattern) is None:
        for line in ("a" * LINE, "0" * LINE, "a0" * (LINE // 2), "ab " * (LINE // 3)):
            re.compile(pattern, re.ASCII).search(line)


@drawn(60, 600, st.text(max_size=60))
def test_any_text_is_judged(pattern):
    fault(pattern)


@pytest.mark.parametrize(
    ("written", "place", "words"),
    [
        (r"progress: '(\d+'", (10, 11), "is no regular expression"),
        (r"progress: '\d+%'", (10, 11), "has no group"),
        (r"progress: ''", (10, 11), "is empty"),
        (r"progress: ['(\d+)']", (10, 11), "expected text, found a list"),
        (r"progress: '(\d+)*'", (10, 11), "repeats a group"),
    ],
)
def test_a_manifest_says_where_its_pattern_is_wrong(make, written, place, words):
    reading = read(str(make("m", more=written + "\n")))
    (problem,) = reading.problems
    assert reading.module is None and words in problem.message
    assert ((problem.place.line, problem.place.column), problem.place.path) == (place, "progress")


def test_a_manifest_with_a_good_pattern(make):
    module = read(str(make("m", more=r"progress: 'tile (\d+)/(\d+)'"))).module
    assert module is not None and module.progress == r"tile (\d+)/(\d+)"
    plain = read(str(make("n"))).module
    assert plain is not None and plain.progress == ""
