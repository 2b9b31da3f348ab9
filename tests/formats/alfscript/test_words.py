"""Words and list elements are Tcl's, each with its place; whatever the text is, reading it ends."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from job_manager.formats.alfscript.lists import elements
from job_manager.formats.alfscript.text import Text
from job_manager.formats.alfscript.words import BRACED, Word, commands
from tests.formats.alfscript import tcl
from tests.formats.alfscript.reading import Said

PIECES = (
    *"a b é 名 - # ; { } \" \\ ' ~ ,".split(),
    *(" ", "\t", "\n", "\\\n", "\\\n  ", "\r", "\f", "\\\\", "\\{", "\\}", '\\"', "\\;", "\\ ", "\\n", "\\t", "\\#"),
    *(
        "\\x41",
        "\\x4",
        "\\xg",
        "\\u540d",
        "\\u41",
        "\\U1f4",
        "\\101",
        "\\60",
        "\\408",
        "\\9",
        "{a}",
        "{a b}",
        "{}",
        '""',
    ),
    *('"a b"', "{$a [b] ${c}}", '{"}', "{\\}}", "{#}", "# c {\n", "\n# c\\\n d\n", "Task", "-title", "a{b", 'a"b'),
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


def replaces(text: str) -> bool:
    """Whether Tcl would replace something: that is text to us."""
    loose = (word for words in commands(Text(text), Said()) for word in words if word.kind != BRACED)
    return any(word.broken or "$" in word.raw or "[" in word.raw for word in loose) and "$" in text


def words_of(text: str) -> list[list[str]] | None:
    said = Said()
    found = [[word.text for word in words] for words in commands(Text(text), said)]
    return None if said.lines else found


def elements_of(text: str) -> list[str] | None:
    said = Said()
    found = [word.text for word in elements(Text(text), said)]
    return None if said.lines else found


@pytest.mark.needs("tclsh")
@settings(max_examples=15, phases=(Phase.reuse, Phase.generate))  # a whole batch is slow to shrink
@given(st.lists(TEXTS, min_size=60, max_size=60))
def test_our_words_are_tcls(texts):
    texts = [text for text in texts if not replaces(text)]
    for text, answer in zip(texts, tcl.ask("script", texts), strict=True):
        assert words_of(text) == (None if answer == "error" else tcl.commands(answer)), repr(text)


@pytest.mark.needs("tclsh")
@settings(max_examples=15, phases=(Phase.reuse, Phase.generate))  # a whole batch is slow to shrink
@given(st.lists(TEXTS, min_size=60, max_size=60))
def test_our_elements_are_tcls(texts):
    for text, answer in zip(texts, tcl.ask("list", texts), strict=True):
        assert elements_of(text) == (None if answer == "error" else tcl.words(answer.replace(";", " "))), repr(text)


def placed(text: str) -> list[tuple[str, tuple[int, int]]]:
    return [(word.text, word.at) for words in commands(Text(text), Said()) for word in words]


def test_each_word_has_its_place():
    text = '# c {\nJob -title {a\\\n  b} "q \\x41" a\\ b c;Task [x y] ${a b}c \\\n last'
    assert placed(text) == [
        ("Job", (2, 1)),
        ("-title", (2, 5)),
        ("a b", (2, 12)),
        ("q A", (3, 6)),
        ("a b", (3, 15)),
        ("c", (3, 20)),
        ("Task", (3, 22)),
        ("[x y]", (3, 27)),
        ("${a b}c", (3, 33)),
        ("last", (4, 2)),
    ]


def test_a_character_inside_a_word_has_its_place():
    [[word]] = commands(Text('"ab\\x41\\\n   cd"'), Said())
    inside = word.inside()
    assert inside.text == "abA cd"
    assert [inside.at(number) for number in range(7)] == [(1, 2), (1, 3), (1, 4), (1, 8), (2, 4), (2, 5), (2, 6)]


def test_an_element_of_an_element_has_its_place():
    [[word]] = commands(Text("{a\\\n {b {c\\ d}}}"), Said())
    [_, pair] = elements(word.inside(), Said())
    inner = [part.at for part in elements(pair.inside(), Said())]
    assert inner == [(2, 3), (2, 5)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a {b", "1:3 the brace opened here is never closed"),
        ('a\n "b', "2:2 the quote opened here is never closed"),
        ("a x[b", "1:4 the bracket opened here is never closed"),
        ("a ${b", "1:4 the brace opened here is never closed"),
        ("a {b}c d", '1:6 extra characters after close-brace: "c d"'),
        ('a "b"c d', '1:6 extra characters after close-quote: "c d"'),
        ("a {b}}", '1:6 extra characters after close-brace: "}"'),
        ("a {*}{b c}", '1:6 extra characters after close-brace: "{b c}"'),
    ],
)
def test_what_is_no_word_is_said_where_it_is(text, message):
    said = Said()
    list(commands(Text(text), said))
    assert said.lines == [message]


def counted(text: str) -> int:
    return sum(not word.broken for words in commands(Text(text), Said()) for word in words)


N = 300_000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{" * N + "}" * N, 1),
        ("{" * N, 0),
        ("a" + "\\ " * N, 1),
        ('"' + '\\"' * N + '"', 1),
        ("a " + "\\\n" * N, 1),
        ("[" * N, 0),
        ('"' + "${}" * N + '"', 1),
        (" ;\n" * N, 0),
        ("#\n" * N, 0),
        ("#" + "\\\\" * N, 0),
        ("{" + "\\{" * N + "}", 1),
        ("[]" * N, 1),
        ("a\n" * N, N),
    ],
    ids=range(13),
)
def test_large_texts_of_one_sign(text, words):
    assert counted(text) == words


def test_a_command_of_endless_words_is_refused():
    said = Said()
    [[first]] = commands(Text("a " * 200_000), said)
    assert isinstance(first, Word)
    assert said.lines == ["1:1 a command of more than 100,000 words"]
