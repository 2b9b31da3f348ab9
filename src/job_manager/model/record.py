"""Immutable values at half the price: `Record` for named fields, `NamedTuple` for tuples whose fields have names.

What dataclasses and typing make of the same text costs 60 ms of every start; so they are made here, without text that
is compiled anew. Checkers see the familiar ones. Knows no value.
"""

from __future__ import annotations

# The last is what reads a field of every named tuple, in C.
from collections import _tuplegetter, namedtuple  # type: ignore[attr-defined]
from collections.abc import Callable, Iterable
from operator import attrgetter
from types import CodeType, FunctionType

from job_manager.model.hints import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple

R = TypeVar("R", bound="Record")


class _Field:
    """What is special about a field: it is not compared, or not shown."""

    def __init__(self, default: Any, compare: bool, repr: bool) -> None:
        self.default, self.compare, self.repr = default, compare, repr


def field(*, default: Any, compare: bool = True, repr: bool = True) -> Any:
    """The default of a field that does not count when two records are compared, or is not shown."""
    return _Field(default, compare, repr)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class _RecordType(type):
    """Makes a class with a slot for each annotated name, and the methods that go by them. `__beside__`: names of slots
    for what is found of a value, and is no part of it."""

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> _RecordType:
        if not bases:
            return super().__new__(mcs, name, bases, body)
        fields = tuple(body["__annotations__"])
        given = {each: body.pop(each) for each in fields if each in body}
        special = {each: value for each, value in given.items() if isinstance(value, _Field)}
        body |= {"__slots__": (*fields, *body.pop("__beside__", ())), "__match_args__": fields}
        body["_shown"] = tuple(each for each in fields if each not in special or special[each].repr)
        made = super().__new__(mcs, name, bases, body)
        compared = [each for each in fields if each not in special or special[each].compare]
        defaults = [value.default if isinstance(value, _Field) else value for value in given.values()]
        puts = [made.__dict__[each].__set__ for each in fields]
        type.__setattr__(made, "__init__", _initial(made, fields, defaults, puts))
        type.__setattr__(made, "_key", attrgetter(*compared))
        type.__setattr__(made, "_puts", puts)
        type.__setattr__(made, "_values", _getter(fields))
        return made


def _initial(made: type, fields: tuple[str, ...], defaults: list[Any], puts: list[Callable[[Any, Any], None]]) -> Any:
    """The `__init__` of a record, which puts each argument into its slot."""

    def initial(self: Any, values: Iterable[Any]) -> None:
        for put, value in zip(puts, values, strict=True):
            put(self, value)

    return _taking(fields, defaults, initial, f"{made.__qualname__}.__init__")


def _getter(fields: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """What gives the values of all fields of a record."""
    if len(fields) > 1:
        return attrgetter(*fields)
    return lambda record: tuple([getattr(record, name) for name in fields])


def opened(made: type[R]) -> Any:
    """A class with the fields of this record whose instances can be changed: to make very many, whose fields are set
    one by one (a single instruction each), and which then become records by `one.__class__ = made`."""
    body = {"__slots__": made.__match_args__, "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type.__new__(_RecordType, made.__name__, made.__bases__, body)


class Record(metaclass=_RecordType):
    """A value with named fields. Equal when its class and all fields are that are compared; never changed."""

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]]
    _key: ClassVar[Any]
    _puts: ClassVar[Any]
    _values: ClassVar[Any]
    _shown: ClassVar[tuple[str, ...]]

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return bool(type(self)._key(self) == type(self)._key(other))

    def __hash__(self) -> int:
        return hash(type(self)._key(self))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._shown)
        return f"{type(self).__qualname__}({shown})"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} of a {type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{name} of a {type(self).__name__} cannot be removed")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in self.__match_args__)


def replace(record: R, **changes: Any) -> R:
    """The same record with other values in some fields. Raises TypeError for a field that it has not."""
    kind = type(record)
    made = object.__new__(kind)
    for put, value in zip(kind._puts, kind._values(record), strict=True):
        put(made, value)
    for name, value in changes.items():
        if name not in kind.__match_args__:
            raise TypeError(f"{kind.__name__} has no field {name!r}")
        kind.__dict__[name].__set__(made, value)
    return made


# --- arguments ------------------------------------------------------------------------------------------------------

_templates: dict[int, CodeType] = {}  # by how many arguments: `lambda _cls, a, b: _tuple_new(_cls, (a, b))`


def _taking(names: tuple[str, ...], defaults: list[Any], make: Callable[..., Any], place: str) -> FunctionType:
    """A function of these arguments that gives them to `make` as a tuple, behind its first.

    To compile one takes 30 us, and a start needs 150: so the code of one of that many arguments gets other names.
    """
    code = _templates.get(len(names))
    if code is None:
        like: Any = namedtuple("Like", [f"a{at}" for at in range(len(names))])  # type: ignore[misc]
        code = _templates[len(names)] = like.__new__.__code__
    (calls,) = code.co_names
    own = code.replace(co_varnames=(code.co_varnames[0], *names), co_qualname=place)
    return FunctionType(own, {calls: make, "__builtins__": {}}, place.rpartition(".")[2], tuple(defaults))


# --- tuples ---------------------------------------------------------------------------------------------------------


class _TupleType(type):
    """What `class Name(NamedTuple)` means: typing would compile every annotation to see whether it is one."""

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(mcs, name, bases, body)
        fields = body.pop("__annotations__", {})
        defaults = {each: body.pop(each) for each in fields if each in body}
        new = _taking(tuple(fields), list(defaults.values()), tuple.__new__, f"{name}.__new__")
        readers = {each: _tuplegetter(at, "") for at, each in enumerate(fields)}
        made: Any = type(name, (_Named,), {"__slots__": (), "__new__": new, **readers, **body})
        made._fields, made._field_defaults, made.__annotations__ = tuple(fields), defaults, fields
        made.__match_args__ = made._fields  # type: ignore[misc]
        return made


class _Named(tuple[Any, ...]):
    """What every named tuple can do."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]]

    @classmethod
    def _make(cls, values: Iterable[Any]) -> Any:
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"{cls.__name__} has {len(cls._fields)} fields, not {len(made)}")
        return made

    def _replace(self, /, **changes: Any) -> Any:
        made = self._make(map(changes.pop, self._fields, self))
        if changes:
            raise TypeError(f"{type(self).__name__} has no field {' '.join(changes)}")
        return made

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{type(self).__name__}({shown})"


if not TYPE_CHECKING:

    class NamedTuple(metaclass=_TupleType):
        """The same as that of typing, as far as it is used here."""
