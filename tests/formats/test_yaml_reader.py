"""The YAML reader by itself: the tree and its places, merging, one set of words for both parsers, fields one by one."""

from __future__ import annotations

import gc

import pytest

from job_manager.formats.yaml_reader import Fields, Map, Plain, Reader, Seq, load, suggestion
from job_manager.formats.yaml_tree import locate
from job_manager.model.errors import InputError, Problem
from tests.formats.cases import BAD, GOLDEN, line


def tree(text: str) -> Map:
    root = load(text.encode(), "f.yaml")
    assert isinstance(root, Map)
    return root


def fields(text: str, required: tuple[str, ...] = ()) -> Fields:
    found = Reader("f.yaml").fields(tree(text), (1, 1), "", ("a", "b", "c"), required)
    assert found is not None
    return found


def said(found: Fields) -> list[str]:
    return [line(problem) for problem in found.reader.problems]


def test_the_tree_knows_where_everything_stands():
    root = tree("a: 1\nbb:\n  - x\n  -   yy: {z: 'q'}\n")
    assert root == {"a": "1", "bb": ["x", {"yy": {"z": "q"}}]}
    assert root.at == (1, 1)
    assert root.key_at == {"a": (1, 1), "bb": (2, 1)}
    assert root.value_at == {"a": (1, 4), "bb": (3, 3)}
    items = root["bb"]
    assert isinstance(items, Seq)
    assert (items.at, items.item_at) == ((3, 3), [(3, 5), (4, 7)])
    inner = items[1]
    assert isinstance(inner, Map)
    assert (inner.at, inner.key_at, inner.value_at) == ((4, 7), {"yy": (4, 7)}, {"yy": (4, 11)})
    assert locate(root, "bb[1].yy.z") == (4, 15)
    assert locate(root, "bb[1].yy.nothing") == (4, 11)
    assert locate(root, "bb[7]") == (3, 3)
    assert locate(root, "nothing") is None


def test_only_what_is_not_quoted_is_plain():
    root = tree("a: x\nb: 'x'\nc: \"x\"\nd: |\n  x\ne: >-\n  x\nf:\n")
    assert [key for key, value in root.items() if isinstance(value, Plain)] == ["a", "f"]
    assert [*root.values()] == ["x", "x", "x", "x\n", "x", ""]


@pytest.mark.parametrize("text", ["", "# only this\n", "---\n", "--- ~\n", "null\n", "\ufeff", "\r\n\r\n"])
def test_nothing_is_none(text):
    assert load(text.encode(), "f.yaml") is None


def test_columns_are_characters_and_every_line_end_ends_a_line():
    root = load("\ufeffä: ß\r\nb: 1\rc: 2\x85d: 3\u2028e: 4".encode(), "f.yaml")
    assert isinstance(root, Map)
    assert root.value_at == {"ä": (1, 4), "b": (2, 4), "c": (3, 4), "d": (4, 4), "e": (5, 4)}


def test_aliases_share_and_merging_lets_what_is_written_win():
    root = tree("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 0\nl: [*x, *x]\n")
    z, items = root["z"], root["l"]
    assert z == {"a": "0", "b": "2", "c": "4"}
    assert isinstance(z, Map)
    assert isinstance(items, Seq)
    assert z.value_at == {"a": (5, 6), "b": (1, 17), "c": (2, 17)}
    assert items[0] is items[1] is root["x"]
    assert items.item_at == [(6, 5), (6, 9)]


def test_a_quoted_merge_key_is_a_key():
    assert tree("'<<': 1\n") == {"<<": "1"}


def test_merging_twice_in_one_mapping_is_refused():
    with pytest.raises(InputError, match='the key "<<" is repeated'):
        tree("x: &x {a: 1}\ny: {<<: *x, <<: *x}\n")


def test_the_garbage_collector_is_as_before():
    tree("a: 1\n")
    assert gc.isenabled()
    gc.disable()
    try:
        tree("a: 1\n")
        assert not gc.isenabled()
    finally:
        gc.enable()
    with pytest.raises(InputError):
        tree("a: [\n")
    assert gc.isenabled()


@pytest.mark.parametrize("file", [*BAD, *GOLDEN], ids=lambda file: file.stem)
def test_the_parser_in_python_says_and_finds_the_same(file):
    def outcome(pure: bool) -> object:
        try:
            return load(file.read_bytes(), "f.yaml", pure=pure)
        except InputError as error:
            return error.problems

    if file.stem in ("lone_surrogate", "windows_path_in_quotes"):
        # It gives the column of the letter after the backslash, and reads half a surrogate pair before it is refused.
        assert all(isinstance(outcome(pure), list) for pure in (False, True))
        return
    assert outcome(pure=False) == outcome(pure=True)


def test_half_a_surrogate_pair_is_refused_by_both():
    for pure in (False, True):
        with pytest.raises(InputError, match="not valid Unicode text"):
            load(b'a: "\\ud800"', "f.yaml", pure=pure)


def test_fields_that_are_there():
    found = fields("a: text\nb: [x, 2, no, null, '']\nc: {N: 1.10, M: ''}\n")
    assert found.text("a") == "text" and type(found.text("a")) is str
    assert found.texts("b") == [("x", (2, 5)), ("2", (2, 8)), ("no", (2, 11)), ("null", (2, 15)), ("", (2, 21))]
    assert found.env("c") == (("M", ""), ("N", "1.10"))
    assert [(n, value, at, path) for n, value, at, path in found.items("b")][2] == (2, "no", (2, 11), "b[2]")
    assert said(found) == []


@pytest.mark.parametrize("text", ["x-none: 1", "a:", "a: ~", "a: null"])
def test_fields_that_are_absent_or_null_give_the_default(text):
    found = fields(text)
    assert found.text("a", "d") == "d"
    assert found.flag("a", True) is True
    assert found.integer("a", 0, 9, 7) == 7
    assert found.duration("a", 1.5) == 1.5
    assert (found.texts("a"), found.env("a"), list(found.items("a"))) == (None, (), [])
    assert said(found) == []


@pytest.mark.parametrize(("text", "flag"), [("true", True), ("True", True), ("FALSE", False), ("false", False)])
def test_flags(text, flag):
    assert fields(f"a: {text}").flag("a") is flag


@pytest.mark.parametrize("text", ["yes", "'true'", "1", "on", "[true]", "{}", "y"])
def test_what_is_no_flag(text):
    found = fields(f"a: {text}")
    assert found.flag("a", False) is False
    assert said(found)[0].startswith("1:4 a | expected true or false, found ")


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("9", 9), ("+3", 3), ("-2", -2), ("007", 7)])
def test_integers(text, number):
    assert fields(f"a: {text}").integer("a", -2, 9) == number


@pytest.mark.parametrize("text", ["-3", "10", "1.0", "1e1", "'1'", "0x1", "1_0", "x", "[]", "9" * 6000, "1:30"])
def test_what_is_no_integer(text):
    found = fields(f"a: {text}")
    assert found.integer("a", -2, 9, 5) == 5
    assert said(found)[0].startswith("1:4 a | expected a whole number")


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("'5m'", 300), ("1h30m", 5400), ("500ms", 0.5)])
def test_durations(text, seconds):
    assert fields(f"a: {text}").duration("a") == seconds


def test_required_keys_must_have_a_value_when_it_is_taken():
    found = fields("a:\nb: ''\n", ("a", "b"))
    assert (found.text("a"), found.text("b")) == (None, "")
    assert said(found) == ['1:3 a | required key "a" has no value']


def test_keys_unknown_and_missing_are_said_with_a_guess():
    reader = Reader("f.yaml")
    reader.fields(tree("entreis: 1\nx-mine: 2\nqqq: 3\n"), (1, 1), "top", ("entries", "name"), ("entries", "name"))
    assert [line(problem) for problem in reader.problems] == [
        '1:1 top.entreis | unknown key "entreis" | did you mean "entries"?',
        '3:1 top.qqq | unknown key "qqq" | known here: entries, name',
        '1:1 top | required key "entries" is missing | "entreis" looks like it, misspelt',
        '1:1 top | required key "name" is missing',
    ]
    with pytest.raises(InputError) as caught:
        reader.raise_if_errors()
    assert len(caught.value.problems) == 4


def test_warnings_and_notes_raise_nothing():
    reader = Reader("f.yaml")
    reader.warn((1, 2), "a", "odd", "so what")
    reader.note((3, 4), "", "well")
    reader.raise_if_errors()
    assert [str(problem) for problem in reader.problems] == [
        "warning: f.yaml:1:2: a: odd\n   hint: so what",
        "note: f.yaml:3:4: well",
    ]


@pytest.mark.parametrize(
    ("word", "guess"),
    [
        ("stepz", "steps"),
        ("Steps", "steps"),
        ("input-artifacts", "input_artifacts"),
        ("zebra", None),
        ("s" * 200, None),
    ],
)
def test_suggestions(word, guess):
    expected = f'did you mean "{guess}"?' if guess else ""
    assert suggestion(word, ("steps", "input_artifacts", "name")) == expected


def test_a_message_never_carries_a_megabyte():
    reader = Reader("f.yaml")
    reader.error((1, 1), "a", "x" * 1_000_000)
    assert len(reader.problems[0].message) < 700


def test_what_the_tree_can_do_without_is_left_out_and_the_rest_keeps_its_places():
    flaws: list[Problem] = []
    root = load(b"a: &x {b: 1, b: 2, null: 3, c: !t 4}\n? [k]\n: v\nd: {<<: *x, e: 5}\n", "f.yaml", flaws=flaws)
    assert root == {"a": {"b": "1", "c": "4"}, "d": {"e": "5", "b": "1", "c": "4"}}
    assert [flaw.place[1:3] for flaw in flaws] == [(1, 14), (1, 20), (1, 32), (2, 3)]
    assert [locate(root, path) for path in ("a.b", "a.c", "d", "d.e", "d.c")] == [
        (1, 11),
        (1, 32),
        (4, 4),
        (4, 16),
        (1, 32),
    ]


def test_what_leaves_no_tree_is_refused_whoever_takes_the_flaws():
    flaws: list[Problem] = []
    with pytest.raises(InputError) as caught:
        load(b"a: 1\na: *nothing\n", "f.yaml", flaws=flaws)
    assert [problem.place.line for problem in caught.value.problems] == [2, 2] and not flaws
