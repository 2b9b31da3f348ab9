"""JSON is read strictly, and every value has its line and column; what is wrong is said where it stands.

The values are held against the standard library's; what is said of mistakes stands in the table here.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import example
from hypothesis import strategies as st

from job_manager.formats.json_reader import load, simple
from job_manager.formats.yaml_tree import At, Map, Plain, Seq, Value
from job_manager.model.errors import InputError, Problem
from tests.drawn import drawn
from tests.formats.bounded import bounded
from tests.formats.cases import line
from tests.formats.json_mistakes import MISTAKES


def problems(raw: bytes) -> list[Problem]:
    flaws: list[Problem] = []
    try:
        load(raw, "job.json", flaws=flaws)
    except InputError as error:
        return list(error.problems)
    return sorted(flaws)


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_said_of_it(name):
    raw, expected = MISTAKES[name]
    said = [line(problem) for problem in problems(raw)]
    assert len(said) == len(expected)
    assert all(one.startswith(wanted) for one, wanted in zip(said, expected, strict=True)), said


@pytest.mark.parametrize("name", MISTAKES)
def test_without_a_place_for_flaws_every_mistake_raises(name):
    with pytest.raises(InputError) as caught:
        load(MISTAKES[name][0], "job.json")
    assert sorted(caught.value.problems) == sorted(problems(MISTAKES[name][0]))


@pytest.mark.parametrize("raw", [b"", b" \r\n\t", b"\xef\xbb\xbf"])
def test_nothing_is_nothing(raw):
    assert load(raw, "job.json") is None


GOOD = [
    b"\xef\xbb\xbf{}",
    b'{\r\n"a"\r:\n[ ]\r\n}',
    b'{"a": {}, "b": [], "c": [[], {}, [{}]]}',
    b"[-0, 1E5, 1.50, -9007199254740991, 5e-324, true, false, null]",
    rb'["\"\\\/\b\f\n\r\t\u0041\ud83d\ude00", "\u2028", ""]',
    '["\u2028\u2029\x7f\x85\ufeff", "名前"]'.encode(),
    b'"text"',
    b"12",
    b"null",
]


@pytest.mark.parametrize("raw", GOOD)
def test_good_texts_are_what_the_standard_library_reads(raw):
    tree = load(raw, "job.json")
    assert tree is not None
    assert simple(tree) == json.loads(raw)


def test_positions_count_characters_and_lines():
    tree = load('{"名": "x",\r\n\r "b": [1,\n  {"c": null}]}'.encode(), "job.json")
    assert isinstance(tree, Map)
    assert tree.at == (1, 1)
    assert tree.key_at == {"名": (1, 2), "b": (3, 2)}
    assert tree.value_at == {"名": (1, 7), "b": (3, 7)}
    inner = tree["b"]
    assert isinstance(inner, Seq)
    assert inner.item_at == [(3, 8), (4, 3)]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from("abcdefg") | TEXTS, inner, max_size=5),
    max_leaves=40,
)


@drawn(60, 400, VALUES, st.sampled_from([None, 0, 3]), st.booleans())
@example({"\u1e69": 1, "s": {"\u00e9": []}}, 2, True)
def test_what_the_standard_library_writes_is_read_with_its_places(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    flaws: list[Problem] = []
    tree = load(text.encode(), "job.json", flaws=flaws)
    assert tree is not None
    # Of two keys that differ only in how an accent is encoded the second is refused.
    assert flaws or simple(tree) == value
    assert all("accent" in flaw.message for flaw in flaws)
    look_at_places(tree, text.split("\n"))


def look_at_places(value: Value, lines: list[str]) -> None:
    if isinstance(value, Map):
        assert sign(lines, value.at) == "{"
        assert all(sign(lines, at) == '"' for at in value.key_at.values())
        below = [(member, value.value_at[key]) for key, member in value.items()]
    elif isinstance(value, Seq):
        assert sign(lines, value.at) == "["
        below = list(zip(value, value.item_at, strict=True))
    else:
        return
    for member, at in below:
        assert at == getattr(member, "at", at)
        if isinstance(member, Plain):
            assert lines[at[0] - 1].startswith(member, at[1] - 1)
        elif isinstance(member, str):
            assert sign(lines, at) == '"'
        look_at_places(member, lines)


def sign(lines: list[str], at: At) -> str:
    return lines[at[0] - 1][at[1] - 1]


@drawn(80, 600, VALUES, st.data())
def test_a_changed_text_is_read_as_the_standard_library_reads_it_or_refused(value, data):
    text = json.dumps(value, ensure_ascii=False)
    start = data.draw(st.integers(0, len(text)))
    end = start + data.draw(st.integers(0, 3))
    text = text[:start] + data.draw(st.text('[]{},:"\\ \n0-.e1tn', max_size=3)) + text[end:]
    try:
        tree = load(text.encode(), "job.json")
    except InputError:
        return
    if tree is None:
        assert not text.strip()
    else:
        assert simple(tree) == json.loads(text)


# Each a Python expression made in the child, and part of what is said of it.
BOMBS = {
    "lists": ("b'[' * 200_000", "nested deeper than 200 levels"),
    "objects": ("b'{\"a\":' * 200_000", "nested deeper than 200 levels"),
    "closed_lists": ("b'[' * 200_000 + b']' * 200_000", "nested deeper than 200 levels"),
    "closing": ("b']' * 200_000", 'a value is expected here, found "]"'),
    "commas": ("b'[' + b',' * 200_000", "there are more mistakes"),
    "comments": ("b'/**/' * 200_000 + b'{}'", "there are more mistakes"),
    "open_comments": ("b'/* ' * 200_000", "never closed"),
    "repeated": ("b'{' + b'\"a\": 1,' * 200_000 + b'\"a\": 1}'", "there are more mistakes"),
    "repeated_among_many": (
        "b'{' + b','.join(b'\"k%d\": 1' % (n % (25_000 * SIZE)) for n in range(50_000 * SIZE)) + b'}'",
        "there are more mistakes",
    ),
    "other_letters": (
        "('{' + ','.join(f'\"é{n}\": 1' for n in range(7_500 * SIZE)) + '}').encode()",
        "nothing",
    ),
    "long_text": ("b'[\"' + b'x' * (2 << 20) + b'\"]'", "this text has 2,097,152 characters"),
    "open_text": ("b'{\"a\": \"' + b'x' * (2 << 20)", "is not closed on its line"),
    "backslashes": ("b'[\"' + b'\\\\\\\\' * (1 << 19) + b'\"]'", "nothing"),
    "bad_escapes": ("b'[\"' + b'\\\\x' * (1 << 19) + b'\"]'", "there are more mistakes"),
    "digits": ("b'[' + b'9' * (2 << 20) + b']'", "this number has 2,097,152 characters"),
    "exponent": ("b'[1e' + b'9' * 100 + b']'", "out of range"),
    "dots": ("b'[' + b'1.' * (1 << 20) + b']'", "is no number of JSON"),
    "word": ("b'[' + b'x' * (2 << 20) + b']'", "a text stands in double quotes"),
    "blanks": ("b' ' * (8 << 20)", "nothing"),
    "lines": ("b'\\n' * (2 << 20) + b'[x y]'", "a value is expected here"),
    "empty_lists": ("b'[' + b'[],' * 50_000 * SIZE + b'[]]'", "nothing"),
    "quotes": ("b'\"' * 200_000", "there is text after the end"),
}
SIZES = [1, pytest.param(4, marks=pytest.mark.long)]
CHILD = """
SIZE = {size}
from job_manager.formats.json_reader import load
from job_manager.model.errors import InputError
found = []
try:
    load({raw}, "job.json", flaws=found)
except InputError as error:
    found = error.problems
assert all(len(str(problem)) < 2000 for problem in found)
print(found[0], found[-1]) if found else print("nothing")
"""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_within_bounds(name, size):
    raw, expected = BOMBS[name]
    # Ten times what it takes on a slow machine.
    done = bounded(CHILD.format(raw=raw, size=size), megabytes=300, seconds=20)
    assert done.code == 0, done.err[-2000:]
    assert expected in done.out


def test_a_file_beyond_the_limit_is_not_read():
    class Large(bytes):
        def __len__(self) -> int:
            return (256 << 20) + 1

    with pytest.raises(InputError, match=r"the file has 268,435,457 bytes; the limit is 268,435,456"):
        load(Large(b"{}"), "job.json")
