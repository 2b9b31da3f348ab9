"""The job languages: text or Python in, `model.Job` out, with every mistake at its line and column.

Knows nothing of installed modules, of how a job runs, or of where a problem is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from job_manager.formats.reading import Reading
from job_manager.model.errors import InputError, Place, Problem
from job_manager.model.hints import Protocol
from job_manager.model.job import Action, Job, Task
from job_manager.model.params import Given, Values
from job_manager.model.record import NamedTuple

__all__ = ["LANGUAGES", "Reading", "draft", "printed", "read", "told"]

STDIN = "<stdin>"


class Draft(Protocol):
    """How a language is read: the bytes, the file's name for messages, whether types may disagree, values of params."""

    def __call__(self, raw: bytes, file: str, *, loose: bool, values: Values) -> Reading: ...


Write = Callable[[Job], bytes]


class Language(NamedTuple):
    """One job language: its name for `format`, the endings of its files, its reader, and how much the beginning of a
    file looks like it: 0 for not at all, CERTAIN when it can be no other.

    write: a job as a file of it, where one can be written; raises InputError with everything it cannot say."""

    name: str
    endings: tuple[str, ...]
    draft: Draft
    likeness: Callable[[bytes], int]
    write: Write | None = None


CERTAIN = 100
JOB_WORDS = (b"steps", b"tasks", b"Order", b"Modules", b"Job")
PYTHON_WORDS = (b"import mass", b"from mass", b"job_manager")
HEAD = 64 * 1024  # bytes that are looked at to tell a language


# Each language is imported when a file of it is read: `jm --help` reads nothing.


def _job_yaml(raw: bytes, file: str, *, loose: bool, values: Values) -> Reading:
    from job_manager.formats import job_yaml

    return job_yaml.draft(raw, file, loose=loose, values=values)


def _like_job_yaml(head: bytes) -> int:
    from job_manager.formats import likeness

    return likeness.of_job_yaml(head)


def _write_job_yaml(job: Job) -> bytes:
    from job_manager.formats.job_yaml import writing

    return writing.write(job)


def _order(raw: bytes, file: str, *, loose: bool, values: Values) -> Reading:
    from job_manager.formats import jobmanager_yaml

    return jobmanager_yaml.draft(raw, file, loose=loose, values=values)


def _like_order(head: bytes) -> int:
    from job_manager.formats import likeness

    return likeness.of_order(head)


def _write_order(job: Job) -> bytes:
    from job_manager.formats.jobmanager_yaml import writing

    return writing.write(job)


def _python(raw: bytes, file: str, *, loose: bool, values: Values) -> Reading:
    from job_manager.formats import python

    return python.draft(raw, file, loose=loose, values=values)


def _like_python(head: bytes) -> int:
    # Never certain: what calls itself YAML is not executed, whatever its first line says.
    first = head[:200].split(b"\n", 1)[0]
    return CERTAIN - 1 if first.startswith(b"#!") and b"python" in first else 0


def _write_python(job: Job) -> bytes:
    from job_manager.formats.python import writing

    return writing.write(job)


def _json(raw: bytes, file: str, *, loose: bool, values: Values) -> Reading:
    from job_manager.formats import json

    return json.draft(raw, file, loose=loose, values=values)


def _like_json(head: bytes) -> int:
    from job_manager.formats import likeness

    return likeness.of_json(head)


def _write_json(job: Job) -> bytes:
    from job_manager.formats.json import writing

    return writing.write(job)


def _alfscript(raw: bytes, file: str, *, loose: bool, values: Values) -> Reading:
    from job_manager.formats import alfscript

    return alfscript.draft(raw, file, loose=loose, values=values)


def _like_alfscript(head: bytes) -> int:
    from job_manager.formats import likeness

    return likeness.of_alfscript(head)


def _write_alfscript(job: Job) -> bytes:
    from job_manager.formats.alfscript import writing

    return writing.write(job)


# What looks like none and has the ending of none is taken for the first.
LANGUAGES = (
    Language("job.yaml", (".yaml", ".yml"), _job_yaml, _like_job_yaml, _write_job_yaml),
    Language("order", (".yaml", ".yml"), _order, _like_order, _write_order),
    Language("python", (".py",), _python, _like_python, _write_python),
    Language("json", (".json",), _json, _like_json, _write_json),
    Language("alf", (".alf", ".alfscript", ".jobscript"), _alfscript, _like_alfscript, _write_alfscript),
)


def read(
    path: str, format: str | None = None, *, loose: bool = False, given: tuple[Given, ...] = (), base: str = ""
) -> Reading:
    """The job in the file `path` (`-`: standard input), checked as far as can be without knowing the modules.

    format: a name of LANGUAGES; by default the text and the file's ending tell. loose: types that disagree are only
    warned of. given: values of the job's params. base: where relative paths in the file count from; by default its own
    folder.
    Raises one InputError with every mistake of the file.
    """
    return draft(path, format, loose=loose, values=Values(given, base)).checked()


def draft(
    path: str,
    format: str | None = None,
    *,
    loose: bool = False,
    given: tuple[Given, ...] = (),
    python: str = "",
    values: Values | None = None,
) -> Reading:
    """Like `read`, but mistakes do not raise: they are among the problems, so that others can be said with them.

    python: the program that executes a script; by default this one. values: all at once, `given` and `python` too.
    Raises InputError only when no job can be made out at all: no such file, not the language.
    """
    named = language(format) if format is not None else None
    raw = _bytes(path)
    chosen = named or told(path, raw)
    values = values or Values(given, "", (), python)
    values = values._replace(base=values.base or folder_of(path))
    return chosen.draft(raw, STDIN if path == "-" else path, loose=loose, values=values)


def printed(
    raw: bytes, file: str, path: str, titles: Callable[[], Mapping[str, str]]
) -> tuple[tuple[Task | Action, ...], list[Problem]]:
    """What the command of an expanding action has printed, and what is odd about it; see alfscript.growing. Raises
    InputError with every mistake."""
    from job_manager.formats.alfscript import growing

    return growing.printed(raw, file, path, titles)


def folder_of(path: str) -> str:
    """The absolute folder of a job file; of standard input the current one."""
    import os

    return os.getcwd() if path == "-" else os.path.dirname(os.path.abspath(path))


def language(name: str) -> Language:
    """The language of this name. Raises InputError when there is none."""
    named = {language.name: language for language in LANGUAGES}
    if name not in named:
        raise InputError(f'"{name}" is not a job language', f"known: {', '.join(named)}")
    return named[name]


def told(path: str, raw: bytes) -> Language:
    """The language that a file is in, by its text and its ending.

    Among those that have its ending the one counts that it looks like most; another only where it looks like none of
    these, and either it can be no other or the ending says nothing. Of two that are alike the first is taken.
    """
    head = raw[:HEAD]
    ending = [language for language in LANGUAGES if path.lower().endswith(language.endings)]
    like, best = max(
        ((language.likeness(head), language) for language in ending or LANGUAGES), key=lambda found: found[0]
    )
    if not ending or like:
        return best
    return next((language for language in LANGUAGES if language.likeness(head) >= CERTAIN), ending[0])


def is_job(path: str) -> bool:
    """Whether the file at a path can only be meant as a job: by its ending and by its text."""
    if not path.lower().endswith(tuple(ending for language in LANGUAGES for ending in language.endings)):
        return False
    try:
        with open(path, "rb") as stream:
            head = stream.read(HEAD)
    except OSError:
        return False
    if path.lower().endswith(".py"):
        return any(word in head for word in PYTHON_WORDS)
    # Many files have a name and a version.
    return told(path, head).likeness(head) > 1 and any(word in head for word in JOB_WORDS)


def merged(first: str, second: str) -> tuple[bytes, list[str]]:
    """The YAML of two files as one text, and its keys. Raises InputError, with every key that is in both."""
    from job_manager.formats.jobmanager_yaml import merge

    return merge.merged((_bytes(first), first), (_bytes(second), second))


def _bytes(path: str) -> bytes:
    # One byte more than is allowed: a device without end is refused like a file that is too long.
    from job_manager.formats.yaml_text import FILE_LIMIT

    try:
        if path == "-":
            import sys

            return sys.stdin.buffer.read(FILE_LIMIT + 1)
        with open(path, "rb") as file:
            return file.read(FILE_LIMIT + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: Exception) -> InputError:
    place = Place(path or '""', 0, 0)
    if isinstance(error, FileNotFoundError):
        return InputError([Problem(place, "there is no such file", _nearby(path))])
    if isinstance(error, IsADirectoryError):
        inside = f"{path.rstrip('/')}/job.yaml"
        return InputError([Problem(place, "this is a directory, not a job file", _nearby(inside))])
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return InputError([Problem(place, f"the file cannot be read: {reason}")])


def _nearby(path: str) -> str:
    import os

    folder = os.path.dirname(path)
    try:
        there = sorted(name for name in os.listdir(folder or ".") if name.lower().endswith(LANGUAGES[0].endings))
    except OSError:
        return f"there is no directory {folder} either"
    if not there:
        return f"there is no job file in {folder or 'this directory'}; `jm init` makes one"
    return "there is " + ", ".join(os.path.join(folder, name) for name in there[:5])
