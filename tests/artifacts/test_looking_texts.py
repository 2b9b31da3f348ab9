"""JSON, CSV and text looked into: what no reader can read is found, what is only odd is a note."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import strategies as st

from job_manager.artifacts.looking import texts
from tests.artifacts.made import look
from tests.drawn import drawn

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@drawn(40, 400, VALUES, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.booleans())
def test_everything_that_json_writes_passes(value, encoding, ascii):
    text = json.dumps(value, ensure_ascii=ascii)
    found = look(text.encode(encoding, "surrogatepass"), "json")
    assert found.faults == [] or any("\ud800" <= c <= "\udfff" for c in text)


@drawn(40, 400, st.dictionaries(st.text(), VALUES, min_size=1), st.data())
def test_an_object_cut_anywhere_is_found(value, data):
    whole = json.dumps(value).encode()
    assert look(whole[: data.draw(st.integers(1, len(whole) - 1))], "json").faults


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'{"a": [1, 2', "is cut off: it is JSON without an end (line 1, column 12)"),
        (b'{\n"a": "hel', "is cut off: it is JSON without an end (line 2, column 6)"),
        (b'{"a": 1,}', "is not JSON: Expecting property name enclosed in double quotes (line 1, column 9)"),
        (
            b'{"a": 1}\n{"a": 2}\n',
            "is not JSON: Extra data (line 2, column 1); several documents, one a line, are of the type jsonl",
        ),
        (b'{"a": "\xff"}', "is not JSON: the byte at 7 is not UTF-8"),
        (b'{"a": "\xc3', "is cut off: it ends in the middle of a character"),
    ],
)
def test_what_is_wrong_with_json(content, fault):
    found = look(content, "json").faults
    assert len(found) == 1 and found[0].replace("Illegal trailing comma before end of object", "") and (
        found[0] == fault or "trailing comma" in found[0]
    )  # fmt: skip


def test_keys():
    found = look(b'{"a": 1, "b": {"c": 2}}', "json", (("keys", ("a", "b")),))
    assert found.faults == [] and found.facts == {"probe": "json", "keys": ["a", "b"]}
    assert look(b'{"a": 1}', "json", (("keys", ("a", "c", "d")),)).faults == ["has no keys c, d; there is a"]
    assert look(b"[1]", "json", (("keys", ("a",)),)).notes == ["expected and not checked: keys a"]


def test_what_cannot_be_parsed_here_fails_nobody():
    for content in (b"[" * 200_000 + b"]" * 200_000, b"1" * 10_000, gzip.compress(b"{}")):
        found = look(content, "json", name="x.json.gz")
        assert found.faults == [] and found.notes


def test_a_large_document_is_looked_at_at_its_ends(monkeypatch):
    monkeypatch.setattr(texts, "MOST_JSON", 100)
    whole = json.dumps({"a": list(range(1000))}).encode()
    assert look(whole + b"\n", "json").faults == []
    assert look(whole[:-1], "json").faults == ["is cut off: it begins with { and does not end with }"]


def test_lines_of_json():
    assert look(b'{"a": 1}\n\n{"a": 2}', "jsonl", (("min_rows", 2),)).facts["rows"] == 2
    cut = look(b'{"a": 1}\n{"a":', "jsonl").faults
    assert cut == ["is cut off: its last line, 2, is JSON without an end"]
    assert look(b'{"a": 1}\nnonsense\n{}\n', "jsonl").faults == ["is not JSON: line 2"]
    assert look(b'{"a": 1}\n', "ndjson", (("min_rows", 2),)).faults == ["has 1 row, not at least 2"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table(encoding, separator):
    text = f'name{separator}size\r\n"a\nb"{separator}1\r\nü{separator}2\r\n'
    found = look(text.encode(encoding), "csv", (("columns", ("size", "name")), ("min_rows", 2)))
    assert (found.faults, found.notes) == ([], [])
    assert (found.facts["columns"], found.facts["rows"]) == (["name", "size"], 2)


def test_expectations_of_a_table():
    found = look(b"a,b\n1,2\n", "csv", (("columns", ("b", "c")), ("min_rows", 2)))
    assert found.faults == ["has no column c; there are a, b", "has 1 row, not at least 2"]


def test_what_is_odd_in_a_table_is_a_note():
    found = look(b'a,b\n1\n2,3\n4,"x', "csv")
    assert found.faults == [] and found.notes == [
        "row 1 has 1 value for 2 columns",
        "its last value begins with a quote and does not end with one: perhaps it is cut off",
    ]
    assert look(b"a\xff,b\n1,2\n", "csv").facts["rows"] == 1
    assert look(b"a" * (3 << 20), "csv").notes == ["it has a line of more than 1 MiB"]


@drawn(40, 400, st.binary(max_size=500))
def test_no_table_ever_makes_it_fail(content):
    for type in ("csv", "jsonl", "text", "json"):
        assert not any("looking into it failed" in note for note in look(content, type).notes)


def test_text():
    assert look("grün\n".encode(), "text").facts["encoding"] == "utf-8"
    assert look(b"green\n", "text").facts["encoding"] == "ascii"
    assert look("grün".encode("utf-16"), "text").facts["encoding"] == "utf-16"
    assert look("grün".encode("latin-1"), "text").faults == []
    assert look("grün".encode("latin-1"), "text").facts["encoding"] == "unknown"
    whole = "grün ist der Wald und schön".encode()
    assert look(whole[:-2], "text").faults == ["is cut off: it ends in the middle of a character"]
    assert look("grün".encode("utf-16")[:-1], "text").faults == ["is cut off: it ends in the middle of a character"]
    assert look(b"tr\xe8", "text").faults == []
