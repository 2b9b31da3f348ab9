"""From an action and its paths to the argv that is run. argv always, a shell only where the job says `shell`.

Pure: `jm plan` shows with it what the worker will do. Knows no process.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

from job_manager.model.job import Action, Command, Input, ModuleCall, Output
from job_manager.model.site import Installed
from job_manager.model.template import fill

SHELL = "/bin/sh"


def argv(action: Action, module: Installed | None, paths: Mapping[str, str]) -> list[str]:
    """The words to run. `paths` has the absolute path of every artifact the action reads or writes; `module` is the
    installed module of a module action (InvariantBroken's business to be there)."""
    if isinstance(action.work, ModuleCall):
        assert module is not None
        return [*program(module), *_parameters([*action.inputs, *action.outputs], paths), *_options(action)]
    values = _values([*action.inputs, *action.outputs], paths) | dict(action.params)
    if isinstance(action.work, Command):
        return [fill(word, values) for word in action.work.argv]
    return [SHELL, "-c", fill(action.work.text, values, shlex.quote)]


def program(module: Installed) -> list[str]:
    """The words that start a module: its interpreter, if any, and its entrypoint."""
    entrypoint = f"{module.folder}/{module.entrypoint}"
    return [module.interpreter, entrypoint] if module.interpreter else [entrypoint]


def _parameters(uses: Iterable[Input | Output], paths: Mapping[str, str]) -> list[str]:
    words: list[str] = []
    for use in uses:
        words += [f"--{use.param}", paths[use.artifact]]
    return words


def _options(action: Action) -> list[str]:
    return [word for name, value in action.params for word in (f"--{name}", value)]


def _values(uses: Iterable[Input | Output], paths: Mapping[str, str]) -> dict[str, str]:
    """What `{name}` stands for: the parameter's name or the artifact's own, the parameter's winning."""
    by_artifact = {use.artifact: paths[use.artifact] for use in uses}
    return by_artifact | {use.param: paths[use.artifact] for use in uses if use.param}


def display(words: Iterable[str]) -> str:
    """The argv as text to copy into a shell. Lines stay lines; a word with other characters that do not show is written
    as `$'...'`, which bash, zsh and ksh know."""
    return " ".join(map(_pastable, words))


def _pastable(word: str) -> str:
    if all(line.isprintable() for line in word.split("\n")):
        return shlex.quote(word)
    return "$'" + "".join(map(_escaped, word)) + "'"


def _escaped(character: str) -> str:
    number = ord(character)
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    if 0xDC80 <= number <= 0xDCFF:  # a byte that was no text when it was decoded
        return f"\\x{number - 0xDC00:02x}"
    return f"\\x{number:02x}" if number < 0x80 else f"\\U{number:08x}"
