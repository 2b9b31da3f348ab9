"""The signs of Alfscript in words: each says what it says, and everything else stays as it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_manager.model.percent import Known, filled, mapped, means_something

KNOWN = Known("j1", "17", True, 4, "host", "/home/anna", (("X:/", "/mnt/x/"), ("X", "/never/"), ("/a (b)", "/c")))
WORDS = {
    "%j/%t": "j1/17",
    "-recover": "-recover",
    "%r%r": "11",
    "-t:%n": "-t:4",
    "%h %H": "host -h host",
    "%h(some id)": "host(some id)",
    "%h(id)x": "hostx",
    "%h()": "host",
    "%D(X:/film)/%n": "/mnt/x/film/4",
    "%D(/a (b)/c)": "/c/c",
    "%D(elsewhere)": "elsewhere",
    "%D()": "",
    "%D(never closed": "%D(never closed",
    "%D": "%D",
    "100%% of 5%": "100% of 5%",
    "%%j": "%j",
    "%Y-%m-%d %04d %s %x %": "%Y-%m-%d %04d %s %x %",
    "~": "/home/anna",
    "~/x": "/home/anna/x",
    "~anna/x": "~anna/x",
    "a~/x": "a~/x",
    "{j} $j": "{j} $j",
    "%D(%j)": "%j",
}


@pytest.mark.parametrize(("word", "said"), WORDS.items())
def test_a_word(word, said):
    assert filled(word, KNOWN) == said


@given(st.text(alphabet="%jtrnhHD()~/{}aX:\\ "))
def test_what_means_nothing_stays(word):
    if not means_something([word]):
        assert filled(word, KNOWN) == word


def test_which_words_mean_something():
    assert not means_something(["ls", "-l", "%s", "~anna", "100 %"])
    assert all(means_something(["ls", word]) for word in ("%j", "a%%", "~", "~/a", "%D(x)", "%h"))


def test_the_first_row_that_fits_maps_and_an_empty_one_never_does():
    assert mapped("X:/a", (("", "no"), ("X:/", "/x/"), ("X:/a", "/y"))) == "/x/a"
    assert mapped("a", ()) == "a"


def test_without_a_home_there_is_none():
    assert filled("~/x", KNOWN._replace(home="")) == "~/x"
