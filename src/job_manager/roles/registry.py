"""Who serves which role in this process: functions by role, and the savers, loaders and loggers that go with them.

A script registers them while it is imported, in the process that submits and again in the one that calls. Knows no job.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
PROTOCOL, BODY, LOADER = "_protocol", "_body", "_loader"
"""The arguments that stand for all the others when these are saved somewhere else; LOADER: the file of the loader."""


class HandedOver(BaseException):
    """The script has handed over its job where it wanted to go on with what came of it: it is read no further."""


class Served(NamedTuple):
    """A function that serves a role, and the absolute path of the file that registers it ("": there is none)."""

    function: Callable[..., Any]
    script: str


ROLES: dict[str, Served] = {}
SAVERS: dict[str, Callable[..., Any]] = {}
LOADERS: dict[str, Callable[..., Any]] = {}
LOGGERS: dict[str, list[Callable[[str], Any]]] = {}
calling: list[str] = []
"""The script that is imported at this moment only for its functions: what it submits is none of our business."""


def serve(role: str, function: Function) -> Function:
    """Register the function for the role; a later one takes the place of an earlier one."""
    if not str(role).strip() or role.startswith("_"):
        raise ValueError(f"a role is a name such as 'encode', not {role!r}")
    if not callable(function):
        raise TypeError(f"the role {role!r} needs a function, not {function!r}")
    ROLES[role] = Served(function, script_of(function))
    return function


def script_of(function: Callable[..., Any]) -> str:
    """The absolute path of the file that the function stands in, or ""."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    path = code.co_filename if code is not None else ""
    return os.path.abspath(path) if path and not path.startswith("<") else ""


class Protocols:
    """Where large arguments are kept instead of in the job: for each protocol a saver, which gives a token that JSON
    can say, and a loader, which gives back what was saved. All instances share them. `protocol` None: nowhere."""

    def __init__(self, protocol: str | None = None) -> None:
        self.protocol = protocol

    def saver(self, protocol: str) -> Callable[[Function], Function]:
        """A decorator for the function that saves. It is given those of `data` and `genealogy` that it names."""
        return lambda function: _put(SAVERS, protocol, function)

    def loader(self, protocol: str) -> Callable[[Function], Function]:
        """A decorator for the function that loads what a token stands for."""
        return lambda function: _put(LOADERS, protocol, function)

    def save(self, data: Any, genealogy: Sequence[str] = ()) -> dict[str, Any]:
        """What stands for the data. Raises KeyError when nobody saves by this protocol."""
        if self.protocol is None:
            return {"protocol": None, "body": data}
        if self.protocol not in SAVERS:
            raise KeyError(f"no saver is registered for the protocol {self.protocol!r}")
        save = SAVERS[self.protocol]
        return {"protocol": self.protocol, "body": save(**_wanted(save, data=data, genealogy=list(genealogy)))}

    def load(self, saved: Mapping[str, Any]) -> Any:
        """What `save` was given. Raises KeyError when nobody loads by its protocol."""
        protocol = saved.get("protocol")
        if protocol is None:
            return saved["body"]
        if protocol not in LOADERS:
            raise KeyError(f"no loader is registered for the protocol {protocol!r}")
        return LOADERS[protocol](saved["body"])


def _put(table: dict[str, Callable[..., Any]], name: str, function: Function) -> Function:
    table[name] = function
    return function


def _wanted(function: Callable[..., Any], **given: Any) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return given
    return {name: value for name, value in given.items() if name in parameters}


class Loggers:
    """Functions that are told of what happens, by level. All instances share them; `error` is told of failures."""

    def logger(self, level: str) -> Callable[[Function], Function]:
        """A decorator for a function that takes a message of that level."""

        def register(function: Function) -> Function:
            LOGGERS.setdefault(level, []).append(function)
            return function

        return register

    def log(self, level: str, message: str) -> None:
        """Tell all of that level."""
        for function in LOGGERS.get(level, ()):
            function(message)
