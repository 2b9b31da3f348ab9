"""Values of a job's params as a person gives them: `NAME=VALUE`, or `@FILE.yaml` with a mapping of several.

Knows nothing of which params the job has.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from job_manager.model.errors import InputError, Place, Problem
from job_manager.model.params import Given

COMMAND_LINE = Place("command line", 0, 0)
BEFORE = Place("what was said to jm run", 0, 0)


def given_params(
    words: Sequence[str], cwd: str, former: Iterable[tuple[str, str]] = ()
) -> tuple[tuple[Given, ...], list[Problem]]:
    """The values in the words, the `former` ones before them, and what is wrong with their files.

    A relative path in a word counts from `cwd`, one in a file from the file's own folder.
    """
    found = [Given(name, text, BEFORE._replace(path=f"-p {name}"), former=True) for name, text in former]
    problems: list[Problem] = []
    for word in words:
        try:
            found += _of_file(word[1:], cwd, problems) if word.startswith("@") else [_of_word(word, cwd)]
        except InputError as error:
            problems += error.problems
    return tuple(found), problems


def _of_word(word: str, cwd: str) -> Given:
    name, _, text = word.partition("=")
    return Given(name, text, COMMAND_LINE._replace(path=f"-p {name}"), cwd)


def _of_file(typed: str, cwd: str, problems: list[Problem]) -> list[Given]:
    # Imported here: most values are words.
    from job_manager.formats.yaml_reader import Map, Reader, found, is_null, load

    path = os.path.join(cwd, os.path.expanduser(typed))
    value = load(_content(path, typed), typed)
    if value is None:
        return []
    reader = Reader(typed)
    if not isinstance(value, Map):
        hint = "write NAME: VALUE, one on a line"
        raise InputError([Problem(Place(typed, 1, 1), f"expected a mapping of params, found {found(value)}", hint)])
    taken = []
    places = value.value_at
    for name, text in value.items():
        if isinstance(text, str) and not is_null(text):
            taken.append(Given(name, str(text), Place(typed, *places[name], name), os.path.dirname(path)))
        else:
            reader.error(places[name], name, f"expected a value, found {found(text)}")
    problems += reader.said()
    return taken


def _content(path: str, typed: str) -> bytes:
    from job_manager.formats.yaml_text import FILE_LIMIT

    try:
        with open(path, "rb") as file:
            return file.read(FILE_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"-p @{typed}: the file cannot be read: {reason}"
        raise InputError([Problem(COMMAND_LINE, message)]) from None
