"""A JSON document written piece by piece is the one that the standard library writes. Knows no document of ours."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from job_manager.cli.json_text import pieces
from tests.drawn import drawn

ATOMS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())
VALUES = st.recursive(
    ATOMS, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4))
)


@drawn(100, 2000, VALUES)
def test_any_value_is_written_as_the_standard_library_does(value):
    assert "".join(pieces(value)) == json.dumps(value, indent=2)


def test_an_iterator_is_written_as_a_list_while_it_is_read():
    read: list[int] = []

    def rows():
        for number in range(3):
            read.append(number)
            yield {"row": [number]}

    document = {"rows": rows(), "none": iter(()), "last": 1}
    written = ""
    for piece in pieces(document):
        written += piece
        assert written.count('"row"') <= len(read) <= written.count('"row"') + 1
    assert written == json.dumps({"rows": [{"row": [number]} for number in range(3)], "none": [], "last": 1}, indent=2)
