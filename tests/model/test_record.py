"""Records and named tuples are what dataclasses and typing would have made of the same text. Knows no other value."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import pytest

from job_manager.model.record import NamedTuple, Record, field, replace


class Point(Record):
    """A place."""

    x: int
    y: int = 0
    place: str | None = field(default=None, compare=False, repr=False)

    @property
    def both(self) -> tuple[int, int]:
        return self.x, self.y


class Other(Record):
    x: int
    y: int = 0


class Pair(NamedTuple):
    """Two."""

    a: int
    b: str = "b"

    def joined(self) -> str:
        return f"{self.a}{self.b}"


def test_a_record_is_made_by_place_and_by_name():
    made = Point(1, place="here")
    assert (made.x, made.y, made.place, made.both) == (1, 0, "here", (1, 0))
    assert Point(y=2, x=1).both == (1, 2)


@pytest.mark.parametrize("words", [{}, {"x": 1, "z": 2}])
def test_what_is_missing_or_unknown_is_an_error(words):
    with pytest.raises(TypeError, match="Point"):
        Point(**words)


def test_records_are_equal_by_what_is_compared():
    assert Point(1, place="here") == Point(1, place="there")
    assert hash(Point(1, place="here")) == hash(Point(1))
    assert Point(1) != Point(2)
    assert Point(1) != Other(1)
    assert Point(1) != (1, 0)


def test_a_record_shows_what_is_shown():
    assert repr(Point(1, place="here")) == "Point(x=1, y=0)"


def test_a_record_is_never_changed():
    made: Any = Point(1)
    with pytest.raises(AttributeError, match="cannot be changed"):
        made.x = 2
    with pytest.raises(AttributeError, match="cannot be removed"):
        del made.x
    with pytest.raises(AttributeError):
        made.z = 2
    assert not hasattr(made, "__dict__")


def test_a_record_with_other_values():
    assert replace(Point(1, 2, "here"), x=3).both == (3, 2)
    assert replace(Point(1, 2, "here"), x=3).place == "here"
    with pytest.raises(TypeError):
        replace(Point(1), z=3)


def test_copies_of_a_record():
    made = Point(1, 2, "here")
    assert copy.deepcopy(made) == copy.copy(made) == made
    assert copy.deepcopy(made).place == "here"


def test_a_record_is_taken_apart_by_match():
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_a_named_tuple_is_one():
    made = Pair(1)
    assert made == (1, "b")
    assert made.joined() == "1b"
    assert made._replace(b="c") == Pair(1, "c") == Pair._make([1, "c"])
    assert (Pair._fields, Pair._field_defaults) == (("a", "b"), {"b": "b"})
    assert Pair.__annotations__ == {"a": "int", "b": "str"}
    assert (Pair.__doc__, Pair.__module__, repr(made)) == ("Two.", __name__, "Pair(a=1, b='b')")
    assert (made._asdict(), copy.copy(made), copy.deepcopy(made)) == ({"a": 1, "b": "b"}, made, made)
    assert str(inspect.signature(Pair)) == "(a, b='b')"
    match made:
        case Pair(a, b):
            assert (a, b) == (1, "b")


def test_a_named_tuple_has_as_many_values_as_fields():
    wrong: Any = Pair
    for make in (wrong, lambda: wrong(1, 2, 3), lambda: wrong(1, c=2), lambda: wrong._make([1])):
        with pytest.raises(TypeError, match="Pair"):
            make()
    with pytest.raises(TypeError, match="no field c"):
        wrong(1)._replace(c=1)


def test_a_record_with_other_values_is_one_of_its_own():
    point = Point(1, 2, "here")
    other = replace(point, y=3)
    assert (other.x, other.y, other.place, type(other)) == (1, 3, "here", Point) and point.y == 2
    with pytest.raises(TypeError, match="Point has no field 'z'"):
        replace(point, z=1)


class Single(Record):
    only: str


def test_one_with_a_single_field_too():
    assert replace(Single("a"), only="b") == Single("b") and replace(Single("a")) == Single("a")
