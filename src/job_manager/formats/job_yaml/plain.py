"""Entries that say what they run, read and write and no more, as the many of a big job do, with nothing to remark on.

What is read here is what `entries` reads, without its questions. Knows nothing of entries that say more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import starmap

from job_manager.formats.job_yaml.scope import Scope
from job_manager.formats.words import SHELL_SIGNS
from job_manager.formats.yaml_reader import Fields
from job_manager.formats.yaml_tree import Map, Plain, Seq, Value, position
from job_manager.model.errors import Place
from job_manager.model.job import Action, Command, Input, Output, Shell, Work, plain_action, plain_input, plain_output
from job_manager.model.names import is_ordinary
from job_manager.model.pattern import late

ORDINARY = frozenset({"name", "cmd", "shell", "retries", "inputs", "outputs"})
PROGRAM = late(r"[A-Za-z0-9_./+-]{1,200}\Z")
RETRIES = late(r"[0-9]{1,2}\Z")
LONGEST, MOST = 1000, 100  # characters of a word, words of a command


def work_of(entry: Value, scope: Scope) -> Work | None:
    """What an entry runs in which there is nothing to look at but its name; None where there may be."""
    if not isinstance(entry, Map) or not entry.keys() <= ORDINARY or ("cmd" in entry) is ("shell" in entry):
        return None
    retries = entry.get("retries")
    if retries is not None and not (isinstance(retries, Plain) and RETRIES.match(retries)):
        return None
    reads = _artifacts(entry, "inputs") if "inputs" in entry else ()
    writes = _artifacts(entry, "outputs") if "outputs" in entry else ()
    if reads is None or writes is None:
        return None
    if "shell" in entry:
        return None if writes else _shell(entry["shell"])
    return _command(entry["cmd"], {*reads, *writes}, set(writes), scope.commands)


def _artifacts(entry: Map, key: str) -> Sequence[str] | None:
    """The names of artifacts of which nothing else is said; None where there is more."""
    names = entry[key]
    if isinstance(names, Seq) and all(isinstance(name, str) and is_ordinary(name) for name in names):
        return names  # type: ignore[return-value]  # all are texts
    return None


def inputs_of(entry: Map, path: str, file: str) -> tuple[Input, ...]:
    """What it reads."""
    return tuple(starmap(plain_input, _placed(entry, "inputs", path, file))) if "inputs" in entry else ()


def outputs_of(entry: Map, path: str, file: str) -> tuple[Output, ...]:
    """What it writes."""
    return tuple(starmap(plain_output, _placed(entry, "outputs", path, file))) if "outputs" in entry else ()


def _placed(entry: Map, key: str, path: str, file: str) -> Iterator[tuple[str, Place]]:
    names = entry[key]
    assert isinstance(names, Seq)
    for number, (name, mark) in enumerate(zip(names, names.member_marks(len(names)), strict=True)):
        yield str(name), Place(file, *position(mark), f"{path}.{key}[{number}]")


def retries_of(entry: Map) -> int | None:
    """How often it is tried again; nothing said and 0 are the same."""
    return int(str(entry["retries"])) or None if "retries" in entry else None


def _command(words: Value, named: set[str], written: set[str], known: dict[tuple[str, ...], Command]) -> Work | None:
    """named: what may stand in braces; written: what has to."""
    if not isinstance(words, Seq) or not 0 < len(words) <= MOST:
        return None
    for word in words:
        if not isinstance(word, str) or not word or len(word) > LONGEST or word in SHELL_SIGNS:
            return None
        if "{" in word:
            name = word[1:-1]
            if name not in named or word[0] != "{" or word[-1] != "}":
                return None
            written.discard(name)
        elif word.startswith("$("):
            return None
    if written or not PROGRAM.match(str(words[0])):
        return None
    argv = tuple(map(str, words))
    # A big job runs the same few commands over and over: each is kept once. The unique ones are not remembered.
    return known.get(argv) or (known.setdefault(argv, Command(argv)) if len(known) < 10_000 else Command(argv))


def _shell(text: Value) -> Work | None:
    plainly = isinstance(text, str) and len(text) <= LONGEST and "{" not in text and text.strip()
    return Shell(str(text)) if plainly and not (isinstance(text, Plain) and len(text) < 5) else None


def members(fields: Fields, key: str, scope: Scope) -> tuple[Action, ...] | None:
    """The entries of a list, when there is nothing to look at in any of them and each has a name of its own."""
    items = fields.map.get(key)
    if not isinstance(items, Seq) or not items:
        return None
    works = [work_of(entry, scope) for entry in items]
    if None in works:
        return None
    names = [entry.get("name") for entry in items]  # type: ignore[union-attr]  # all are mappings
    if not all(isinstance(name, str) and is_ordinary(name) for name in names):
        return None
    if len({name.lower() for name in names}) < len(names):  # type: ignore[union-attr]
        return None
    made = tuple(_actions(items, works, scope.file, fields.path_of(key)))
    for action in made:
        scope.see(action.outputs)
    return made


def _actions(items: Seq, works: list[Work | None], file: str, path: str) -> Iterator[Action]:
    for number, (entry, work, mark) in enumerate(zip(items, works, items.member_marks(len(items)), strict=True)):
        assert isinstance(entry, Map) and work is not None
        here = f"{path}[{number}]"
        place = Place(file, *position(mark), here)
        uses = inputs_of(entry, here, file), outputs_of(entry, here, file)
        yield plain_action(str(entry["name"]), work, "", place, retries_of(entry), *uses)
