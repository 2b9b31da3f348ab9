"""From an action and its paths to the argv that is run. argv always, a shell only where the job says `shell`.

Pure: `jm plan` shows with it what the worker will do. Knows no process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from job_manager.model.job import Action, Command, Echo, Function, Input, ModuleCall, Order, Output, Shell
from job_manager.model.percent import Known, filled
from job_manager.model.site import Installed
from job_manager.model.template import fill, mentioned
from job_manager.worker.functions import CALL_FILE, CALLER

SHELL = "/bin/sh"


Paths = str | list[str]
LONGEST_TEXT = 30_000  # characters of a shell text; a system takes 128 KiB in one word
MOST_BYTES = 1_000_000  # of paths in one list; a system takes about twice that with all the rest
NO_LISTS: Mapping[str, str] = MappingProxyType({})


def argv(
    action: Action,
    module: Installed | None,
    paths: Mapping[str, Paths],
    lists: Mapping[str, str] = NO_LISTS,
    folder: str = "",
    signs: Known | None = None,
) -> list[str]:
    """The words to run. `paths` has the absolute path of every artifact the action reads or writes, or a list of them;
    `lists` for each such list the file in which it is written; `module` is the installed module of a module action,
    or the runner of an order or a function (InvariantBroken's business to be there); `folder` the directory of the
    attempt; `signs` says what `%j` and the like stand for in a command."""
    uses: list[Input | Output] = [*action.inputs, *action.outputs]
    if isinstance(action.work, ModuleCall):
        assert module is not None
        return [*program(module), *_parameters(uses, paths, lists), *_options(action)]
    if isinstance(action.work, Order):
        assert module is not None
        return [*program(module), f"{folder}/order.json"]
    if signs is not None and isinstance(action.work, Command) and action.work.percent:
        return [filled(word, signs) for word in action.work.argv]
    values = path_values(uses, paths, lists) | dict(action.params)
    if isinstance(action.work, Command):
        return [word for text in action.work.argv for word in _words(text, values)]
    if isinstance(action.work, Echo):
        return [SHELL, "-c", 'printf "%s\\n" "$1"', "echo", action.work.text]
    if isinstance(action.work, Function):
        return [*(program(module) if module else CALLER), f"{folder}/{CALL_FILE}"]
    if not isinstance(action.work, Shell):
        raise TypeError(f"nobody here serves the role {action.role}")
    text = _shell_text(action.work, values)
    file = script_file(lists)
    # A script may be as long as it likes; the programs in it get a word for each path.
    return [SHELL, file] if file and len(text) > LONGEST_TEXT else [SHELL, "-c", text]


def script(action: Action, paths: Mapping[str, Paths], lists: Mapping[str, str]) -> str:
    """The text of a shell action that is too long to be given as a word, and has to stand in its `script_file`; else
    ""."""
    if not isinstance(action.work, Shell):
        return ""
    text = _shell_text(action.work, path_values([*action.inputs, *action.outputs], paths, lists) | dict(action.params))
    return text if len(text) > LONGEST_TEXT else ""


def script_file(lists: Mapping[str, str]) -> str:
    """Where the text of a shell action is written when it is long: beside the lists, for only these make it so."""
    return next((f"{file.rpartition('/')[0]}/shell.sh" for file in lists.values()), "")


def _shell_text(work: Shell, values: Mapping[str, Paths]) -> str:
    from shlex import quote  # of a job without a shell nothing is quoted before it is shown

    # Each path is quoted by itself: several are several words.
    spelt = {name: " ".join(map(quote, _as_list(value))) for name, value in values.items()}
    return fill(work.text, spelt)


def _as_list(value: Paths) -> list[str]:
    return [value] if isinstance(value, str) else value


def _words(text: str, values: Mapping[str, Paths]) -> list[str]:
    """The word with its names filled in: once for each file of a list that is in it, and not at all when that is
    empty."""
    if "{" not in text:
        return [text]
    found = [name for name in mentioned(text) if isinstance(values.get(name), list)]
    plain = {name: value for name, value in values.items() if isinstance(value, str)}
    if not found:
        return [fill(text, plain)]
    return [fill(text, plain | {found[0]: path}) for path in values[found[0]]]


def program(module: Installed) -> list[str]:
    """The words that start a module: its interpreter, if any, and its entrypoint."""
    entrypoint = f"{module.folder}/{module.entrypoint}"
    return [module.interpreter, entrypoint] if module.interpreter else [entrypoint]


def _parameters(uses: Iterable[Input | Output], paths: Mapping[str, Paths], lists: Mapping[str, str]) -> list[str]:
    words: list[str] = []
    for use in uses:
        if use.artifact in paths:
            words += [f"--{use.param}", *_spelt_out(use.artifact, paths[use.artifact], lists)]
    return words


def _spelt_out(artifact: str, path: Paths, lists: Mapping[str, str]) -> list[str]:
    if isinstance(path, str):
        return [path]
    if sum(len(each) for each in path) > MOST_BYTES and artifact in lists:
        return [f"@{lists[artifact]}"]
    return path


def _options(action: Action) -> list[str]:
    return [word for name, value in action.params for word in (f"--{name}", value)]


def path_values(
    uses: Iterable[Input | Output], paths: Mapping[str, Paths], lists: Mapping[str, str]
) -> dict[str, Paths]:
    """What `{name}` stands for: the parameter's name or the artifact's own, the parameter's winning."""
    found: dict[str, Paths] = {}
    by_param: dict[str, Paths] = {}
    for use in uses:
        path = paths.get(use.artifact, [])  # what is optional and not there is no word at all
        value: Paths = path if isinstance(path, str) else _spelt_out(use.artifact, path, lists)
        file = lists.get(use.artifact)
        for name, into in ((use.artifact, found), (use.param, by_param)):
            if name:
                into[name] = value
                into.update({f"{name}.list": file} if file else {})
    return found | by_param


def display(words: Iterable[str]) -> str:
    """The argv as text to copy into a shell. Lines stay lines; a word with other characters that do not show is written
    as `$'...'`, which bash, zsh and ksh know."""
    return " ".join(map(_pastable, words))


def _pastable(word: str) -> str:
    if all(line.isprintable() for line in word.split("\n")):
        from shlex import quote

        return quote(word)
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
