"""Entries in which there is nothing to look at are read as all others are: the same jobs, and the same said of them."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from hypothesis import strategies as st

from job_manager.formats.job_yaml import draft, plain, steps
from job_manager.model.errors import InputError
from job_manager.model.job import Command, actions
from tests.drawn import drawn

HEAD = 'name: n\nversion: "1"\nparams: {go: {type: str, default: "no"}}\ninputs: [{name: given.txt}]\n'
NAMES = ["a", "b", "A", "frame_0001", "con", "null", "~", "'null'", "a.b.c", "'a b'", "é", "[x]", "''"]
COMMANDS = [
    "[true]",
    "['true', x]",
    "[cat, '{given.txt}']",
    "[touch, '{made}']",
    "['$(x)']",
    "[a, [b]]",
    "[]",
    "x",
    "['|']",
]
CONDITIONS = [
    *(
        "params.go == yes",
        "\"params.go == 'yes'\"",
        "true",
        '"true"',
        "null",
        '""',
        "params.no == 1",
        "a.failed",
        "nonsense",
    ),
    *("[x]", "params.go ==", "1", "0", "'params.go == no and params.go != x'"),
]
KEYS = {
    "name": NAMES,
    "cmd": COMMANDS,
    "shell": ["echo hi", "'{given.txt}'", "'true'", "yes", "''", "[x]"],
    "when": CONDITIONS,
    "retries": ["0", "1", "99", "100", "-1", "x", "'1'"],
    "inputs": ["[given.txt]", "[]", "[{name: given.txt}]", "[nobody]", "x"],
    "outputs": ["[made]", "[con]", "[made, made]", "[{name: made, public: true}]", "null"],
    "title": ["x"],
}
USUAL = {"name": NAMES[:4], "cmd": COMMANDS[:2], "when": CONDITIONS[:2]}
ONE_KEY = st.sampled_from([(key, value) for key, values in KEYS.items() for value in values])
ODD = st.builds(lambda one, two: dict([one, two]), ONE_KEY, ONE_KEY)
USUALLY = st.fixed_dictionaries(
    {key: st.sampled_from(USUAL[key]) for key in ("name", "cmd")}, optional={"when": st.sampled_from(USUAL["when"])}
)
NEARLY = st.builds(lambda usual, one: {**usual, one[0]: one[1]}, USUALLY, ONE_KEY)
STEP = st.lists(st.one_of(NEARLY, NEARLY, USUALLY, ODD), min_size=1, max_size=3)


@contextmanager
def every_entry_asked():
    with pytest.MonkeyPatch.context() as patch:
        for name in ("steps", "members", "work_of"):
            patch.setattr(plain, name, lambda *_: None)
        yield


def read(text):
    """The job, where its actions stand, and what is said of it."""
    try:
        reading = draft(text.encode(), "job.yaml")
    except InputError as error:
        return None, [], error.problems
    return reading.job, [action.place for _, action in actions(reading.job)], reading.problems


def written(entries_of_steps):
    lines = [HEAD, "steps:\n"]
    for step in entries_of_steps:
        lines.append("  - entries:\n")
        lines += ["      - {" + ", ".join(f"{key}: {value}" for key, value in entry.items()) + "}\n" for entry in step]
    return "".join(lines)


def compare(text):
    found = read(text)
    with every_entry_asked():
        assert read(text) == found


@drawn(300, 5000, st.lists(STEP, min_size=1, max_size=3))
def test_any_entries_are_read_alike(drawn_steps):
    compare(written(drawn_steps))


@pytest.mark.parametrize("value", CONDITIONS)
def test_any_condition_is(value):
    compare(written([[{"name": f"a{n}", "cmd": "[true]", "when": value} for n in range(2)]]))


def test_ordinary_ones_are_asked_nothing(monkeypatch):
    monkeypatch.setattr(steps, "read_steps", lambda *_: pytest.fail("they are"))
    job, _, _ = read(written([[{"name": f"a{n}", "cmd": "[true]", "when": CONDITIONS[n]} for n in range(2)]]))
    assert len(job.children[0].children) == 2


def test_of_equal_commands_there_is_one():
    job, _, _ = read(written([[{"name": f"a{n}", "cmd": "[cat, x]"} for n in range(3)]]))
    first, *others = job.children[0].children
    assert first.work == Command(("cat", "x")) and all(other.work is first.work for other in others)


def test_a_command_that_is_known_is_looked_at_again_where_its_sense_depends_on_the_entry():
    for more in ({"outputs": "[made]"}, {"inputs": "[given.txt]"}):
        for words in ("[touch, x]", "[touch, '{given.txt}']", "[touch, '{made}']"):
            first, then = {"name": "a", "cmd": words}, {"name": "b", "cmd": words}
            compare(written([[first, {**then, **more}]]))
            compare(written([[{**first, **more}, then]]))
