"""The settings that hold here: command line, environment, the project's file, the user's file, defaults.

The stronger source wins setting by setting, and in tables name by name. Files are looked for where the command is
typed and in the user's configuration folder; there is no search upwards. Knows no command.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from job_manager.app.config_file import ConfigFile, Said, read_config
from job_manager.app.settings import SETTINGS, Config, Setting, checked, from_text, resolved
from job_manager.model.errors import InputError, Place, Problem
from job_manager.model.hints import Any

PROJECT_FILE = "jm.toml"
PYPROJECT, TABLE = "pyproject.toml", ("tool", "job_manager")
PREFIX = "JM_"
ALIKE = 0.82  # how near a variable has to be to be taken for misspelt; those that jm gives its children are not
COMMAND_LINE, DEFAULT = "command line", "default"


class Row:
    """One setting as it holds. `name` of a member of a table is `limits.NAME`; `words` stand for a value that nobody
    has set."""

    def __init__(self, name: str, value: Any, source: str, words: str) -> None:
        self.name = name
        self.value = value
        self.source = source
        self.words = words


class Configured:
    """What holds, and which files were looked at, strongest first."""

    def __init__(self, config: Config, said: Mapping[str, Said], files: Sequence[ConfigFile]) -> None:
        self.config = config
        self.said = said
        self.files = files

    def rows(self) -> Iterator[Row]:
        """Every setting with its source, in the order of the table; one row for each member of a table."""
        for name, setting in SETTINGS.items():
            members = [key for key in self.said if key.startswith(f"{name}.")]
            for key in members or [name]:
                said = self.said.get(key, Said(setting.unset, DEFAULT))
                yield Row(key, said.value, said.source, setting.default)


def configure(given: Mapping[str, Any], environ: Mapping[str, str], cwd: str) -> Configured:
    """The settings for a command typed in `cwd`. `given` are those of its command line, already checked there.

    Raises InputError with every mistake of the environment and of all files, also of those that are overruled.
    """
    files = [*_project(cwd), *_user(environ)]
    spoken, problems = _environment(environ, cwd)
    both = [file.path for file in files if file.there and not os.path.isabs(file.path)]
    if len(both) > 1:
        problems.append(_two(both))
    problems += [problem for file in files for problem in file.problems]
    if problems:
        raise InputError(problems)
    typed = {name: value and resolved(SETTINGS[name], value, cwd) for name, value in given.items()}
    said = _strongest({name: Said(value, COMMAND_LINE) for name, value in typed.items()}, spoken, files)
    return Configured(_config(said), said, files)


def _project(cwd: str) -> Iterator[ConfigFile]:
    """The files of the current directory are called as they would be typed."""
    yield read_config(PROJECT_FILE, base=cwd)
    yield read_config(PYPROJECT, TABLE, base=cwd, foreign=True)


def _user(environ: Mapping[str, str]) -> Iterator[ConfigFile]:
    """XDG base directories: a relative XDG_CONFIG_HOME is as none; without HOME there is no user's file."""
    folder, home = environ.get("XDG_CONFIG_HOME", ""), environ.get("HOME", "")
    if not os.path.isabs(folder):
        folder = os.path.join(home, ".config")
    folder = os.path.join(folder, "job_manager")
    # A home that is another user's (sudo, su) is closed to us, which is no mistake of anybody.
    if os.path.isabs(folder) and os.access(folder, os.X_OK):
        yield read_config(os.path.join(folder, "config.toml"), base=folder)
    elif os.path.isabs(folder):
        yield ConfigFile(os.path.join(folder, "config.toml"))


def _two(paths: Iterable[str]) -> Problem:
    text = f"{' and '.join(paths)} both have settings for jm"
    return Problem(Place(PROJECT_FILE, 0, 0), text, f"keep those of one: {PROJECT_FILE}, or [{'.'.join(TABLE)}]")


def _environment(environ: Mapping[str, str], cwd: str) -> tuple[dict[str, Said], list[Problem]]:
    """What the variables say; an empty one says nothing."""
    said: dict[str, Said] = {}
    problems = list(_misspelt(environ))
    for setting in SETTINGS.values():
        text = environ.get(setting.variable, "")
        if not text:
            continue
        value, wrong = _of_text(setting, text)
        problems += [Problem(Place(setting.variable, 0, 0), message, _hint(setting)) for message in wrong]
        if not wrong:
            said |= _named(setting, resolved(setting, value, cwd))
    return said, problems


def _misspelt(environ: Mapping[str, str]) -> Iterator[Problem]:
    """Variables that are nearly those of settings; of the others that begin with JM_ nobody knows whose they are."""
    known = {setting.variable for setting in SETTINGS.values()}
    strange = [name for name in environ if name.startswith(PREFIX) and name not in known]
    if not strange:
        return
    from job_manager.formats.wording import nearest

    for name in strange:
        near = nearest(name, known, ALIKE)
        if near is not None:
            yield Problem(Place(name, 0, 0), "this is no setting of jm", f"did you mean {near}?")


def _of_text(setting: Setting, text: str) -> tuple[Any, list[str]]:
    try:
        value, wrong = checked(setting, from_text(setting, text))
    except ValueError as error:
        return None, [str(error)]
    return value, [message for _, message in wrong]


def _hint(setting: Setting) -> str:
    return "" if setting.many else f"{setting.kind.words}; unset it to have none"


def _named(setting: Setting, value: Any) -> dict[str, Said]:
    if setting.many != "table":
        return {setting.name: Said(value, setting.variable)}
    return {f"{setting.name}.{name}": Said(count, setting.variable) for name, count in value}


def _strongest(given: Mapping[str, Said], spoken: Mapping[str, Said], files: Iterable[ConfigFile]) -> dict[str, Said]:
    said: dict[str, Said] = {}
    for source in (given, spoken, *(file.said for file in files)):
        said |= {name: value for name, value in source.items() if name not in said}
    return said


def _config(said: Mapping[str, Said]) -> Config:
    plain: dict[str, Any] = {name: each.value for name, each in said.items() if name in SETTINGS}
    tables: dict[str, list[tuple[str, Any]]] = {}
    for name, each in said.items():
        table, dot, member = name.partition(".")
        if dot:
            tables.setdefault(table, []).append((member, each.value))
    return Config(**plain | {table: tuple(sorted(members)) for table, members in tables.items()})
