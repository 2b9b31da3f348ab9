"""Conditions: what is one and what is none, what a value makes of it, and that its text always reads back as the same.

Knows no entries: a name that is asked for is a text here.
"""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from job_manager.model.condition import (
    DEEPEST,
    FALSE,
    LONGEST,
    SIGNS,
    STATES,
    TRUE,
    Both,
    Compared,
    Condition,
    Ended,
    Not,
    ParamValue,
    Value,
    holds,
    names_in,
    params_in,
    parse,
    renamed,
    simplified,
    text_of,
)
from tests.drawn import drawn


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("params.draft", ParamValue("draft")),
        ("yes", Value("yes")),
        ("''", Value("")),
        ("'it''s'", Value("it's")),
        ("params.crf >= 18", Compared(">=", ParamValue("crf"), Value("18"))),
        ("params.crf>=18", Compared(">=", ParamValue("crf"), Value("18"))),
        ('params.q == "very high"', Compared("==", ParamValue("q"), Value("very high"))),
        ("'params.q' == params.q", Compared("==", Value("params.q"), ParamValue("q"))),
        ("encode.failed", Ended("encode", "failed")),
        ("get/encode.mp4.done", Ended("get/encode.mp4", "done")),
        ('"my step/it".skipped', Ended("my step/it", "skipped")),
        ("encode.faild", Value("encode.faild")),
        ("not a.done", Not(Ended("a", "done"))),
        (
            "a.failed or b.failed and not c.done",
            Both(
                False,
                (Ended("a", "failed"), Both(True, (Ended("b", "failed"), Not(Ended("c", "done"))))),
            ),
        ),
        (
            "(a.failed or b.failed) and x",
            Both(True, (Both(False, (Ended("a", "failed"), Ended("b", "failed"))), Value("x"))),
        ),
        ("and.failed", Ended("and", "failed")),
        ("'and'", Value("and")),
    ],
)
def test_what_it_means(text, condition):
    assert parse(text) == condition
    assert parse(text_of(condition)) == condition


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the condition ends where a value is expected"),
        ("   ", "the condition ends where a value is expected"),
        ("params.a ==", "the condition ends where a value is expected"),
        ("not", "the condition ends where a value is expected"),
        ("a and", "the condition ends where a value is expected"),
        ("and b", '"and" stands where a value is expected'),
        ("a == or", '"or" stands where a value is expected'),
        (")", '")" stands where a value is expected'),
        ("(a", 'a ")" is missing'),
        ("a b", '"b" is not expected here'),
        ("a)", '")" is not expected here'),
        ("a == b == c", '"==" is not expected here'),
        ("a = b", '"= b" cannot be read; compare with ==, !=, <, <=, > or >='),
        ("!a", '"!a" cannot be read; compare with ==, !=, <, <=, > or >='),
        ('"a', '""a" cannot be read'),
        ("a.failed == true", "how an entry ended is not compared; write NAME.failed alone"),
        ("1 < a.done", "how an entry ended is not compared; write NAME.failed alone"),
        ("(" * (DEEPEST + 2) + "a" + ")" * (DEEPEST + 2), f"the condition is nested more than {DEEPEST} deep"),
        ("not " * (DEEPEST + 2) + "a", f"the condition is nested more than {DEEPEST} deep"),
        ("a" * (LONGEST + 1), "the condition has 4,097 characters; the limit is 4,096"),
    ],
)
def test_what_is_none(text, why):
    with pytest.raises(ValueError) as caught:
        parse(text)
    assert str(caught.value).startswith(why)


TEXTS = st.text(st.characters(blacklist_characters="\n", blacklist_categories=["Cs"]), max_size=8)
WORDS = st.sampled_from(
    ["a", "my step/b", "params.x", "x.failed", "and", "not", "it's", 'say "so"', "", "1", " ", "=="]
)
NAMES = st.one_of(TEXTS, WORDS).filter(bool)
PARAMS = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,7}", fullmatch=True).map(ParamValue)
OPERANDS = st.one_of(PARAMS, st.one_of(TEXTS, WORDS).map(Value))
LEAVES = st.one_of(
    OPERANDS,
    st.builds(Ended, NAMES, st.sampled_from(STATES)),
    st.builds(Compared, st.sampled_from(SIGNS), OPERANDS, OPERANDS),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    LEAVES,
    lambda below: st.one_of(
        st.builds(Not, below), st.builds(Both, st.booleans(), st.lists(below, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=8,
)


@drawn(80, 1000, CONDITIONS)
def test_its_text_reads_back_as_the_same(condition):
    assert parse(text_of(condition)) == condition


PIECES = st.lists(
    st.sampled_from(
        ["a", "params.x", "x.failed", "and", "or", "not", "(", ")", "==", "<", "'", '"', " ", "!", "=", "1"]
    )
)


@drawn(80, 1000, st.one_of(st.text(), PIECES.map("".join), PIECES.map(" ".join)))
def test_any_text_is_a_condition_or_a_sentence(text):
    try:
        condition = parse(text)
    except ValueError as why:
        assert str(why)
        return
    assert parse(text_of(condition)) == condition
    assert isinstance(holds(simplified(condition, {}), lambda name: "failed"), bool)


@drawn(40, 400, CONDITIONS, st.dictionaries(st.sampled_from("abx"), st.sampled_from(["", "0", "1", "text", "nan"])))
def test_values_leave_only_questions_after_entries(condition, values):
    left = simplified(condition, values)
    assert not list(params_in(left))
    assert left in (TRUE, FALSE) or list(names_in(left))
    assert parse(text_of(left)) == left


@pytest.mark.parametrize(
    ("text", "values", "settled"),
    [
        ("params.a", {"a": "yes"}, True),
        ("params.a", {"a": ""}, False),
        ("params.a", {"a": "False"}, False),
        ("params.a", {"a": "0.0"}, False),
        ("params.a", {"a": "00"}, True),
        ("params.a", {}, False),
        ("params.a == 1.0", {"a": "1"}, True),
        ("params.a < 9", {"a": "10"}, False),
        ("params.a < 9", {"a": "10x"}, True),  # texts, letter by letter
        ("params.a == high", {"a": "High"}, False),
        ("params.a == nan", {"a": "5"}, False),
        ("params.a == nan", {"a": "nan"}, True),
        ("params.a != b", {"a": "b"}, False),
        ("not params.a or params.b", {"a": "1", "b": "1"}, True),
        ("params.a and params.b", {"a": "1", "b": "0"}, False),
    ],
)
def test_values_settle_it(text, values, settled):
    assert simplified(parse(text), values) == (TRUE if settled else FALSE)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("x.failed and params.a", "x.failed"),
        ("x.failed or params.a", "true"),
        ("x.failed and not params.a", "false"),
        ("not (x.failed and (y.done or z.done) and params.a)", "not (x.failed and (y.done or z.done))"),
    ],
)
def test_what_values_leave_of_it(text, left):
    assert text_of(simplified(parse(text), {"a": "1"})) == left


@pytest.mark.parametrize(
    ("text", "end", "then"),
    [
        ("a.succeeded", "succeeded", True),
        ("a.succeeded", "skipped", False),
        ("a.done", "failed", True),
        ("a.done", "skipped", True),
        ("not a.failed", "failed", False),
        ("a.failed or b.skipped", "skipped", True),
        ("a.failed and b.skipped", "skipped", False),
    ],
)
def test_how_it_is_asked(text, end, then):
    assert holds(parse(text), lambda name: end) is then


def test_names_are_changed_everywhere():
    changed = renamed(parse("a.failed and not (b.done or a.done) or params.a"), lambda e: Ended(f"s/{e.name}", e.state))
    assert text_of(changed) == "(s/a.failed and not (s/b.done or s/a.done)) or params.a"
    assert list(names_in(changed)) == ["s/a", "s/b", "s/a"] and list(params_in(changed)) == ["a"]
