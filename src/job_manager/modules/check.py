"""What `jm modules check` says of one module: its manifest, its program, what runs it. Runs none of its code.

Knows nothing of jobs and prints nothing.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from importlib.machinery import SourceFileLoader

from job_manager.model.errors import Place, Problem, in_order
from job_manager.model.module import Module
from job_manager.modules.digest import FILES, source_files
from job_manager.modules.interpreter import PYTHON_ENDINGS, Choice, choose
from job_manager.modules.manifest import read


def check(folder: str, python: str | None = None, environ: Mapping[str, str] | None = None) -> list[Problem]:
    """Everything wrong or odd with the module in `folder`, sorted by place; empty for a good one.

    `python` and `environ` as for `install.installed`.
    """
    reading = read(folder)
    problems = list(reading.problems)
    ours = True
    if reading.module is not None:
        choice = choose(reading.module, python, os.environ if environ is None else environ)
        ours = os.path.realpath(choice.interpreter) == os.path.realpath(sys.executable)
        problems += _of_choice(folder, reading.module, choice)
        problems += _of_manifest(reading.module)
    problems += _of_sources(folder, reading.module.entrypoint if reading.module else "", ours)
    return in_order(problems)


def _of_choice(folder: str, module: Module, choice: Choice) -> Iterator[Problem]:
    if choice.problem:
        yield Problem(Place(os.path.join(folder, module.entrypoint), 0, 0), choice.problem, choice.hint)


def _of_manifest(module: Module) -> Iterator[Problem]:
    place = module.place or Place("", 0, 0)
    if not module.description.strip():
        yield Problem(place, "there is no description", "say in a sentence what it does: jm modules shows it", "note")
    if not module.outputs:
        yield Problem(place, "it declares no outputs: nothing it writes can be used by another action", "", "note")


def _of_sources(folder: str, entrypoint: str, ours: bool) -> Iterator[Problem]:
    for number, name in enumerate(source_files(folder)):
        if number == FILES:
            return
        path = os.path.join(folder, name)
        ending = os.path.splitext(name)[1].lower()
        if ending in (".py", ".pyw") or (name == entrypoint and _is_python_text(path, ending)):
            # Only the entrypoint is sure to be run, and only jm's own Python is the one that compiles here.
            yield from _of_source(path, "error" if ours and name == entrypoint else "warning")


def _is_python_text(path: str, ending: str) -> bool:
    if ending in PYTHON_ENDINGS:
        return False  # .py was seen; a .pyz is no text
    try:
        with open(path, "rb") as stream:
            first = stream.readline(256)
    except OSError:
        return False
    return first.startswith(b"#!") and b"python" in first


def _of_source(path: str, severity: str) -> Iterator[Problem]:
    try:
        with open(path, "rb") as stream:
            source = stream.read()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Compiles as an import would, and stops there: nothing is run and no .pyc is written.
            SourceFileLoader("module", path).source_to_code(source, path)
    except SyntaxError as error:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        place = Place(path, error.lineno or 0, error.offset or 0)
        yield Problem(place, f"Python {version} cannot compile it: {error.msg}", "", severity)
    except (ValueError, RecursionError, MemoryError) as error:
        said = str(error) or type(error).__name__
        yield Problem(Place(path, 0, 0), f"Python cannot compile it: {said}", "", severity)
    except OSError as error:
        yield Problem(Place(path, 0, 0), f"cannot be read: {error.strerror}")
