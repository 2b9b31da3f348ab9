"""What annotations are made of, at no price: `typing` takes 3 ms of every start, and in a running program nobody asks
what an annotation says. Checkers see typing's own. Knows no value.
"""

from __future__ import annotations

TYPE_CHECKING = False  # checkers know this name

if TYPE_CHECKING:
    from typing import IO as IO
    from typing import Any as Any
    from typing import AnyStr as AnyStr
    from typing import BinaryIO as BinaryIO
    from typing import ClassVar as ClassVar
    from typing import Generic as Generic
    from typing import NoReturn as NoReturn
    from typing import NotRequired as NotRequired
    from typing import Protocol as Protocol
    from typing import Self as Self
    from typing import TextIO as TextIO
    from typing import TypedDict as TypedDict
    from typing import TypeVar as TypeVar
    from typing import Union as Union
    from typing import cast as cast
    from typing import dataclass_transform as dataclass_transform
    from typing import overload as overload
else:

    class _Hint:
        """Stands for whatever only checkers ask about: a name, a base class, a form that takes types."""

        def __class_getitem__(cls, _):
            return cls

    Any = AnyStr = ClassVar = NoReturn = NotRequired = Self = Union = _Hint
    IO = BinaryIO = TextIO = Generic = Protocol = _Hint
    TypedDict = dict

    def TypeVar(name, *_, **__):  # noqa: N802  typing's name
        return name

    def cast(_, value):
        return value

    def dataclass_transform(**_):
        return overload

    def overload(one):
        return one
