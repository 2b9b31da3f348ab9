"""The values YAML text is read into: mappings, lists and text that know where they stand.

Knows nothing of how they are parsed, and nothing of jobs or manifests.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from job_manager.model.hints import Union
from job_manager.model.pattern import late

At = tuple[int, int]  # 1-based line and column, in characters

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
# A mark is `line << 32 | column`, both 0-based: one number instead of a tuple for every node of a big file.
LINE_SHIFT = 32
_COLUMN = (1 << LINE_SHIFT) - 1
STEP = late(r"\[([0-9]{1,9})\]|([^.\[\]]+)")


def position(mark: int) -> At:
    """The 1-based line and column of a packed mark."""
    return (mark >> LINE_SHIFT) + 1, (mark & _COLUMN) + 1


class Plain(str):
    """An unquoted scalar: may be read as null, bool or number. Quoted and block scalars are plain `str`."""

    __slots__ = ()


class _Marked:
    """Where a container and its members stand: a slice of the marks of the whole file."""

    __slots__ = ()
    # The marks of the whole file, and where its own begin: itself, then its members (of a mapping key, value, key ...).
    _marks: array[int]
    _first: int

    @property
    def at(self) -> At:
        """Where it begins."""
        return position(self._marks[self._first])

    def member_marks(self, count: int) -> array[int]:
        """The first `count` marks of its members, packed."""
        return self._marks[self._first + 1 : self._first + 1 + count]


class Map(dict[str, "Value"], _Marked):
    """A mapping; `at` is where it begins. Its keys are exact `str`, in the order written."""

    __slots__ = ("_first", "_marks")

    def member_at(self, key: str) -> At:
        """The position of one value."""
        return position(self._marks[self._first + 2 + 2 * list(self).index(key)])

    @property
    def key_at(self) -> dict[str, At]:
        """The position of each key."""
        return dict(zip(self, map(position, self.member_marks(2 * len(self))[::2]), strict=True))

    @property
    def value_at(self) -> dict[str, At]:
        """The position of each value."""
        return dict(zip(self, map(position, self.member_marks(2 * len(self))[1::2]), strict=True))


class Seq(list["Value"], _Marked):
    """A list; `at` is where it begins."""

    __slots__ = ("_first", "_marks")

    def member_at(self, index: int) -> At:
        """The position of one item."""
        return position(self._marks[self._first + 1 + index])

    @property
    def item_at(self) -> list[At]:
        """The position of each item."""
        return [position(mark) for mark in self.member_marks(len(self))]


def settle(container: Map | Seq, marks: array[int], own: Iterable[int]) -> None:
    """Gives a container its place in the marks of the file; once, when it is complete."""
    container._marks = marks
    container._first = len(marks)
    marks.extend(own)


def locate(root: Value | None, path: str) -> At | None:
    """Where the value at `steps[0].name` stands, or the innermost value on the way to it that there is, or None."""
    at: At | None = None
    value = root
    for index, key in STEP.findall(path):
        if isinstance(value, Map) and key in value:
            at, value = value.member_at(key), value[key]
        elif isinstance(value, Seq) and index and int(index) < len(value):
            at, value = value.member_at(int(index)), value[int(index)]
        else:
            break
    return at


def alike(one: Value, other: Value) -> bool:
    """Whether two trees are the same and stand at the same places."""
    if one.__class__ is not other.__class__ or one != other:
        return False
    if isinstance(one, str) or isinstance(other, str):
        return True
    keyed = isinstance(one, Map)
    if keyed and list(one) != list(other):
        return False
    many = len(one) * (1 + keyed)
    if one.at != other.at or list(one.member_marks(many)) != list(other.member_marks(many)):
        return False
    # Recursion is bounded by how deep a file may be nested.
    pairs = zip(_members(one), _members(other), strict=True)
    return all(alike(mine, yours) for mine, yours in pairs)


def _members(container: Map | Seq) -> Iterable[Value]:
    return container.values() if isinstance(container, Map) else container


Value = Union[Map, Seq, str]  # noqa: UP007  the classes' bases name it before it exists
