"""Which program runs a module here, and why, in words.

Knows nothing of how the process is started. Rule: issue, section 1: the manifest's `python:`, else `.venv` in the
module's folder, else the choice of `--python`, JM_PYTHON or the configuration, else the active environment, else jm's
own interpreter.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping

from job_manager.model.module import Module
from job_manager.model.record import NamedTuple

PYTHON_ENDINGS = (".py", ".pyw", ".pyz")
# What these are written in is no secret, and it is not Python.
OTHER_ENDINGS = (".sh", ".bash", ".zsh", ".pl", ".rb", ".js", ".mjs", ".lua", ".r", ".exe", ".jar", ".php")
LARGEST = 1 << 20  # bytes of an entrypoint that are looked at
ACTIVE = ("VIRTUAL_ENV", "CONDA_PREFIX")


class Choice(NamedTuple):
    """`interpreter` is an absolute path, or "" for an entrypoint that runs as itself; `reason` says why in words.

    `problem` is a sentence when the module cannot be run like that, and `hint` what to do.
    """

    interpreter: str
    reason: str
    problem: str = ""
    hint: str = ""


def choose(module: Module, python: str | None, environ: Mapping[str, str]) -> Choice:
    """What runs `module`. `python` is what --python or JM_PYTHON says: a program on PATH, a path from the current
    directory, or the folder of an environment; `environ` is the environment of the person."""
    if module.python is not None:
        return _found(module.python, "python: in its manifest", module.folder, environ)
    own = _as_itself(os.path.join(module.folder, module.entrypoint), environ)
    if own is not None:
        return own
    return choose_python(module.folder, python, environ)


def choose_python(folder: str, python: str | None, environ: Mapping[str, str]) -> Choice:
    """The Python for code in `folder` that is no module with a manifest: chosen as for one that names none."""
    choices = _choices(folder, python, environ)
    return next(choices, Choice("", "nothing", "no Python interpreter was found", "give one with --python"))


def _choices(folder: str, python: str | None, environ: Mapping[str, str]) -> Iterator[Choice]:
    venv = os.path.join(folder, ".venv", "bin", "python")
    if os.path.lexists(venv):
        yield _found(venv, ".venv in its folder", folder, environ)
    if python:
        yield _found(python, "--python, JM_PYTHON or jm.toml", os.getcwd(), environ)
    for variable in ACTIVE:
        active = _in_environment(environ.get(variable, ""))
        if active:
            yield Choice(active, f"the active environment ({variable})")
    if sys.executable:
        yield Choice(os.path.abspath(sys.executable), "the Python that runs jm")


def _in_environment(folder: str) -> str:
    programs = (os.path.join(folder, "bin", name) for name in ("python", "python3"))
    # A variable may still name an environment that was deleted since: it is passed over.
    return next((os.path.abspath(path) for path in programs if folder and _runs(path)), "")


def _found(written: str, source: str, base: str, environ: Mapping[str, str]) -> Choice:
    path = os.path.expanduser(written)
    if "/" not in path:
        on_path = which(path, environ)
        hint = f"install it, or change {source}"
        return Choice(on_path, source) if on_path else Choice("", source, f"{source}: {path} is not on PATH", hint)
    path = os.path.normpath(os.path.join(base, path))
    inner = _in_environment(path) if os.path.isdir(path) else ""
    if inner or _runs(path):
        return Choice(inner or path, source)
    return Choice("", source, f"{source}: {path} {_lacking(path)}", "make the environment again, or choose another")


def _lacking(path: str) -> str:
    if os.path.isdir(path):
        return "is a folder without bin/python"
    if os.path.exists(path):
        return "is not an executable file"
    return "is a link to a file that does not exist" if os.path.islink(path) else "does not exist"


def _runs(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def which(name: str, environ: Mapping[str, str]) -> str:
    """The absolute path of the program `name` on the PATH of `environ`, or ""."""
    folders = environ.get("PATH", os.defpath).split(os.pathsep)
    paths = (os.path.join(os.path.abspath(folder), name) for folder in folders)
    return next((path for path in paths if _runs(path)), "")


def is_python(path: str) -> bool:
    """Whether an entrypoint is one that an interpreter of Python runs."""
    return _as_itself(path, os.environ) is None


def _as_itself(path: str, environ: Mapping[str, str]) -> Choice | None:
    """The choice for an entrypoint that is not Python; None when an interpreter of Python runs it."""
    name = os.path.basename(path)
    ending = os.path.splitext(name)[1].lower()
    first = _first_line(path)
    if ending in PYTHON_ENDINGS or _names_python(first):
        return None
    runnable = first.startswith(b"#!") or b"\0" in first  # what is no text says itself what it is
    executable = os.access(path, os.X_OK)
    if not runnable and ending not in OTHER_ENDINGS and (not executable or _is_python(path)):
        return None  # Python without its ending, as the original ran it
    if not executable:
        return Choice("", "it is not Python", f"{name} is not Python and not executable", f"chmod +x {path}")
    if not runnable:
        hint = "begin it with a line such as #!/bin/sh, or name its program in the manifest: python: PROGRAM"
        return Choice("", "it is not Python", f"{name} does not say in its first line what runs it", hint)
    lacking = _missing_interpreter(first, environ)
    if lacking:
        return Choice("", "it is not Python", f"the first line of {name} names {lacking}, which is not there", "")
    return Choice("", "it runs as itself")


def _is_python(path: str) -> bool:
    """Whether a text without a word on what it is can be read as Python."""
    # Imported here: nearly every entrypoint says what it is.
    import ast
    import warnings

    try:
        with open(path, "rb") as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(stream.read(LARGEST))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _first_line(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.readline(256)
    except OSError:
        return b""


def _names_python(first: bytes) -> bool:
    words = _shebang(first)
    if words and os.path.basename(words[0]) == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return bool(words) and os.path.basename(words[0]).startswith(("python", "pypy"))


def _shebang(first: bytes) -> list[str]:
    # Only the newline ends it: a carriage return before it belongs to the name, and such a script does not start.
    text = first[2:].decode("utf-8", "surrogateescape").removesuffix("\n") if first.startswith(b"#!") else ""
    return text.strip(" \t").replace("\t", " ").split(" ")


def _missing_interpreter(first: bytes, environ: Mapping[str, str]) -> str:
    words = _shebang(first)
    if not words[0]:
        return ""
    if not os.path.exists(words[0]):
        return ascii(words[0])
    if os.path.basename(words[0]) != "env" or len(words) < 2 or words[1].startswith("-"):
        return ""
    return "" if which(words[1], environ) else ascii(words[1])
