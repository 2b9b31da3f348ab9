"""Names that are looked at many at a time are judged as each by itself."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from job_manager.model.names import DEVICES, are_ordinary, is_ordinary
from tests.drawn import drawn

PIECES = st.sampled_from(
    [*sorted(DEVICES)[:6], "null", "Null", "con", "COM1", "a", "frame_0001", ".", "\n", " ", "ſ", "é", "x" * 61]
)
NAME = st.one_of(st.text(max_size=6), st.lists(PIECES, max_size=4).map("".join))


@drawn(300, 5000, st.lists(NAME, max_size=5))
def test_many_names_are_ordinary_only_if_each_is_and_none_is_nothing(names):
    each = all(is_ordinary(name) and name not in ("null", "Null", "NULL") for name in names)
    assert not are_ordinary(names) or each
    if not any(name.lower() == "null" for name in names):
        assert are_ordinary(names) == each


@pytest.mark.parametrize("odd", ["", "con", "aux.txt", "a b", "a\nb", "null", "a.b.c.d", "x" * 61])
def test_one_among_very_many_is_found(odd):
    names = [f"a{number}.0" for number in range(2500)]
    assert are_ordinary(names)
    for place in (0, 999, 1000, 2499):
        assert not are_ordinary([*names[:place], odd, *names[place + 1 :]])


def test_what_is_no_text_is_no_name():
    with pytest.raises(TypeError):
        are_ordinary(["a", {}])  # type: ignore[list-item]  # as a reader may find it
