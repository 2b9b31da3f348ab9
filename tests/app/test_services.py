"""Expressions of service keys: what they mean, and that any text is either understood or refused with a sentence."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_manager.app.capacity import Capacity
from job_manager.app.env_keys import check_env_keys, with_env_keys
from job_manager.app.services import Machine, check_services, satisfied
from job_manager.app.settings import Config
from job_manager.model.job import Action, Command, Job, Task

MACHINE = Machine(frozenset({"prman", "nuke"}), {"mem": 8.0, "ncpus": 4.0})
ANSWERS = {
    "PRMan": True,
    "maya": False,
    "local:prman": True,
    "nuke, prman": True,
    "nuke && maya": False,
    "maya || nuke": True,
    "maya || nuke, houdini": False,
    "(maya || nuke), prman": True,
    "!maya": True,
    "!!nuke": True,
    "!(nuke,prman)": False,
    "@.mem >= 8": True,
    "@.mem>8": False,
    "@.nCPUs==4": True,
    "@.nCPUs < 4.5, prman": True,
    "@.disk > 5": True,  # nobody knows
    "prman-26": False,
}
WRONG = {
    "": "the service key ends where a key is expected",
    "a,": "the service key ends where a key is expected",
    "a b": '"b" is not expected in a service key',
    "(a": 'a ")" is missing in the service key',
    ")": 'the service key has ")" where a key is expected',
    "@.mem": "@.mem is compared with a number, as in @.mem >= 8",
    "@.mem > lots": "@.mem is compared with a number, as in @.mem >= 8",
    "a @ b": '"@ b" cannot be read in a service key',
    "!" * 60 + "a": "the service key is nested more than 50 deep",
    "(" * 60 + "a": "the service key is nested more than 50 deep",
}


@pytest.mark.parametrize(("text", "answer"), ANSWERS.items())
def test_an_expression(text, answer):
    assert satisfied(text, MACHINE) is answer


@pytest.mark.parametrize(("text", "words"), WRONG.items())
def test_what_is_no_expression(text, words):
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        satisfied(text, MACHINE)


@given(st.text(alphabet="ab,&|!()<>=@. 1\"'~", max_size=60))
def test_any_text_is_understood_or_refused(text):
    try:
        assert satisfied(text, MACHINE) in (True, False)
    except ValueError as error:
        assert str(error)


def work(name: str, *wishes: tuple[str, str], env: tuple[tuple[str, str], ...] = ()) -> Action:
    return Action(name, Command(("true",)), env=env, wishes=wishes)


JOB = Job(
    "j",
    (
        Task("t", (work("a", ("service", "maya")), Task("u", (work("b", ("envkey", "one two")),)), work("c"))),
        work("d", ("service", "maya"), env=(("A", "own"),)),
    ),
    wishes=(("envkey", "all"), ("service", "nuke")),
)


def test_services_are_checked_where_the_setting_says_which_there_are():
    here = Capacity(4, 2**33)
    assert [problem.severity for problem in check_services(JOB, (), here)] == ["note"]
    assert [problem.severity for problem in check_services(JOB, ("Nuke",), here)] == ["error", "error"]
    assert list(check_services(JOB, ("nuke", "maya"), here)) == []


def test_keys_give_variables_and_what_a_command_says_itself_is_stronger():
    keys = (("all", (("A", "1"), ("B", "1"))), ("two", (("B", "2"),)))
    job = with_env_keys(JOB, keys)
    first, last = job.children
    assert isinstance(first, Task) and isinstance(last, Action)
    inner = first.children[1]
    assert isinstance(inner, Task) and isinstance(inner.children[0], Action)
    assert inner.children[0].env == (("A", "1"), ("B", "2"))
    assert last.env == (("A", "own"), ("B", "1"))
    assert [child.name for child in first.children] == ["a", "u", "c"]
    assert with_env_keys(JOB, ()) is JOB
    assert [problem.message for problem in check_env_keys(JOB, Config(envkeys=keys))] == [
        'the environment key "one" has no effect here'
    ]
