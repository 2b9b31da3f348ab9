"""The process of one action of a role: reads the arguments, finds the function, calls it, keeps what it returns.

Started as `python calling.py CALL.json`; stands on the standard library until the script brings in more. Knows no job.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.path.pop(0)  # this folder: its files are no modules of the script

import inspect
import json
import os
import traceback
from collections.abc import Callable
from types import ModuleType
from typing import Any

REFUSED = 125  # the exit code when the function cannot take the arguments
FAILED = 1
OLDEST = (3, 11)  # of the Pythons that have what job_manager needs
SCRIPT = "jm_script"  # what a script is called that is in no package
PACKAGE_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Unfit(Exception):
    """The function cannot take these arguments."""


def main(argv: list[str]) -> int:
    """Make the call that the file describes; the exit code."""
    with open(argv[1], encoding="utf-8") as stream:
        call = json.load(stream)
    if sys.version_info < OLDEST:
        version, oldest = (".".join(map(str, each[:2])) for each in (sys.version_info, OLDEST))
        tell(call["error"], f"{sys.executable} is Python {version}, and job_manager needs {oldest}; see --python")
        return FAILED
    try:
        text = answer(call)
    except Unfit as error:
        tell(call["error"], str(error))
        sys.stderr.write(f"{error}\n")
        return REFUSED
    except Exception as error:
        tell(call["error"], "".join(traceback.format_exception_only(error)).strip())
        traceback.print_exception(shortened(error))
        return FAILED
    keep(call["result"], text)
    return 0


def answer(call: dict[str, Any]) -> str:
    """The JSON text of what the function returns."""
    function = served(call["role"], call["script"])
    arguments = loaded(call["arguments"])
    fitting = fitted(function, arguments)
    value = function(**fitting)
    if inspect.iscoroutine(value):
        import asyncio  # noqa: TID251 - the function is one for a loop, and this process is its own

        value = asyncio.run(value)
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        message = f"{call['role']} returned what JSON cannot say: {error}"
        raise TypeError(message) from None


def served(role: str, script: str) -> Callable[..., Any]:
    """The function that the script registers for the role."""
    bring()
    from job_manager.roles.registry import ROLES

    registered(script)
    if role not in ROLES:
        raise LookupError(f"{script} does not register the role {role!r} any more")
    return ROLES[role].function


def bring() -> None:
    """The Python that runs this may have no job_manager, or another: this one counts. All else of ours comes last,
    behind the script's own packages."""
    sys.path.insert(0, PACKAGE_ROOT)
    from job_manager.roles import registry

    assert registry.__file__.startswith(PACKAGE_ROOT)
    sys.path.pop(0)
    sys.path.append(PACKAGE_ROOT)


def registered(script: str) -> None:
    """Import the script for the functions that it registers; what it submits meanwhile is none of our business."""
    from job_manager.roles.registry import HandedOver, calling

    calling.append(script)
    try:
        imported(script)
    except (HandedOver, SystemExit):
        pass  # it wants to go on with what came of its job, or ends itself: its functions are what counts
    calling.clear()


def imported(script: str) -> ModuleType:
    """The script as a module: by its name where it is in a package, else by its file."""
    from importlib.util import find_spec, module_from_spec, spec_from_file_location

    folder, file = os.path.split(script)
    names = [file.removesuffix(".py")]
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, name = os.path.split(folder)
        names.insert(0, name)
    sys.path.insert(0, folder)
    sys.argv = [script]
    dotted = ".".join(names).removesuffix(".__init__")
    spec = find_spec(dotted) if len(names) > 1 else spec_from_file_location(SCRIPT, script)
    if spec is None or spec.loader is None:
        raise ImportError(f"{script} is no Python file")
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def loaded(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments, fetched by their protocol when they are kept elsewhere."""
    from job_manager.roles.registry import BODY, LOADER, LOADERS, PROTOCOL, Protocols

    if PROTOCOL not in arguments:
        return arguments
    if arguments[PROTOCOL] not in LOADERS and arguments.get(LOADER):
        registered(arguments[LOADER])
    fetched = Protocols().load({"protocol": arguments[PROTOCOL], "body": arguments[BODY]})
    if not isinstance(fetched, dict):
        raise TypeError(f"the loader of {arguments[PROTOCOL]!r} gave no arguments but {type(fetched).__name__}")
    return fetched


def fitted(function: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments as the function takes them: `input` is the only parameter of one that has just one. Raises
    Unfit."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return arguments
    takes = [name for name, each in signature.parameters.items() if each.kind is not each.VAR_KEYWORD]
    plain = len(takes) == len(signature.parameters)
    if plain and len(takes) == 1 and list(arguments) == ["input"]:
        arguments = {takes[0]: arguments["input"]}
    called = getattr(function, "__name__", function)
    for name in arguments:
        if plain and name not in takes:
            raise Unfit(f"{called}() got an unexpected keyword argument {name!r}")
    try:
        signature.bind(**arguments)
    except TypeError as error:
        raise Unfit(f"{called}() {error}") from None
    return arguments


def shortened(error: BaseException) -> BaseException:
    """The error without the lines of its traceback that are ours."""
    step = error.__traceback__
    while step is not None and step.tb_frame.f_code.co_filename == __file__:
        step = step.tb_next
    return error.with_traceback(step) if step is not None else error


def tell(file: str, message: str) -> None:
    """Write down why it failed, for the failure card."""
    with open(file, "w", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(message)


def keep(file: str, text: str) -> None:
    """Put the result where it stays, whole or not at all."""
    os.makedirs(os.path.dirname(file), 0o700, exist_ok=True)
    handle = os.open(f"{file}.part", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(handle, "w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(f"{file}.part", file)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
