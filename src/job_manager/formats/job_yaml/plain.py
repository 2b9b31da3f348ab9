"""Entries that say what they run, read and write, and when, as the many of a big job do, with nothing to remark on.

What is read here is what `entries` reads, without its questions. Knows nothing of entries that say more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import starmap

from job_manager.formats.conditions import fault
from job_manager.formats.job_yaml.scope import Scope
from job_manager.formats.words import SHELL_SIGNS
from job_manager.formats.yaml_reader import Fields
from job_manager.formats.yaml_tree import Map, Plain, Seq, Value, position
from job_manager.model.errors import Place
from job_manager.model.hints import Any
from job_manager.model.job import (
    NOTHING,
    Action,
    Command,
    Input,
    Output,
    Shell,
    Task,
    Work,
    plain_action,
    plain_input,
    plain_output,
)
from job_manager.model.names import are_ordinary, is_ordinary
from job_manager.model.pattern import late

ORDINARY = frozenset({"name", "cmd", "shell", "retries", "inputs", "outputs", "when"})
PROGRAM = late(r"[A-Za-z0-9_./+-]{1,200}\Z")
RETRIES = late(r"[0-9]{1,2}\Z")
OF_STEP = frozenset({"name", "entries"})
EMPTY = Plain("")
LONGEST, MOST = 1000, 100  # characters of a word, words of a command


def work_of(entry: Value, scope: Scope) -> Work | None:
    """What an entry runs in which there is nothing to look at but its name; None where there may be."""
    if not isinstance(entry, Map) or not entry.keys() <= ORDINARY or ("cmd" in entry) is ("shell" in entry):
        return None
    retries = entry.get("retries")
    if retries is not None and not (isinstance(retries, Plain) and RETRIES.match(retries)):
        return None
    if "when" in entry and not _is_condition(entry["when"], scope.conditions):
        return None
    reads = _artifacts(entry, "inputs") if "inputs" in entry else ()
    writes = _artifacts(entry, "outputs") if "outputs" in entry else ()
    if reads is None or writes is None:
        return None
    if "shell" in entry:
        return None if writes else _shell(entry["shell"])
    return _command(entry["cmd"], {*reads, *writes}, set(writes), scope.commands)


def _is_condition(text: Value, known: dict[str, str]) -> bool:
    if not isinstance(text, str):
        return False
    if text in known:
        return True
    plainly = not fault(text)
    if plainly and len(known) < 10_000:
        known[str(text)] = str(text)
    return plainly


def said_of(entry: Map, scope: Scope) -> Mapping[str, str]:
    """What else it says: its condition. Of equal ones there is one text."""
    if "when" not in entry:
        return NOTHING
    text = str(entry["when"])
    return {"when": scope.conditions.get(text, text)}


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
    if not written:
        try:
            seen = known.get(tuple(words))  # type: ignore[arg-type]  # where not all are texts it is not there
        except TypeError:
            return None  # a mapping or a list
        if seen is not None:
            return seen
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
    made = Command(tuple(map(str, words)))
    # A big job runs the same few commands over and over: each is kept once, unless its sense depends on the entry.
    if len(known) < 10_000 and not named:
        known[made.argv] = made
    return made


def _shell(text: Value) -> Work | None:
    plainly = isinstance(text, str) and len(text) <= LONGEST and "{" not in text and text.strip()
    return Shell(str(text)) if plainly and not (isinstance(text, Plain) and len(text) < 5) else None


def members(fields: Fields, key: str, scope: Scope) -> tuple[Action, ...] | None:
    """The entries of a list, when there is nothing to look at in any of them and each has a name of its own."""
    items = fields.map.get(key)
    works = _works(items, scope)
    if works is None:
        return None
    assert isinstance(items, Seq)
    return _actions(items, works, scope, fields.path_of(key))


def steps(fields: Fields, scope: Scope) -> tuple[Task, ...] | None:
    """The steps of a job, when there is nothing to look at in any of them, nor in their entries."""
    found = fields.map.get("steps")
    if not isinstance(found, Seq) or not found or not all(isinstance(step, Map) for step in found):
        return None
    if not all(step.keys() <= OF_STEP for step in found):  # type: ignore[union-attr]  # all are mappings
        return None
    names = [step.get("name", f"step{number}") for number, step in enumerate(found, 1)]  # type: ignore[union-attr]
    if not _are_names(names):
        return None
    works = [_works(step.get("entries"), scope) for step in found]  # type: ignore[union-attr]
    if None in works:
        return None
    made = []
    for number, (name, own, mark) in enumerate(zip(names, works, found.member_marks(len(found)), strict=True)):
        items, path = found[number]["entries"], f"steps[{number}]"  # type: ignore[index, call-overload]
        assert isinstance(items, Seq) and own is not None
        place = Place(scope.file, *position(mark), path)
        made.append(Task(str(name), _actions(items, own, scope, f"{path}.entries"), True, place=place))
        # The tree of a big file is given back while the job grows.
        found[number] = EMPTY
    return tuple(made)


def _works(items: Value | None, scope: Scope) -> list[Work] | None:
    """What each of some entries runs, when there is nothing to look at in any and each has a name of its own."""
    if not isinstance(items, Seq) or not items:
        return None
    works = []
    for entry in items:
        work = work_of(entry, scope)
        if work is None:
            return None
        works.append(work)
    return works if _are_names([entry.get("name") for entry in items]) else None  # type: ignore[union-attr]


def _are_names(names: list[Any]) -> bool:
    """Whether nothing can be said against any of these names, and no two are the same."""
    try:
        sure = are_ordinary(names)
    except TypeError:
        return False  # a mapping, a list, or none
    return sure and (len(names) == 1 or len(set(map(str.lower, names))) == len(names))


def _actions(items: Seq, works: list[Work], scope: Scope, path: str) -> tuple[Action, ...]:
    made, file = [], scope.file
    for number, (work, mark) in enumerate(zip(works, items.member_marks(len(items)), strict=True)):
        entry, here = items[number], f"{path}[{number}]"
        assert isinstance(entry, Map)
        place = Place(file, *position(mark), here)
        if len(entry) == 2:  # its name and what it runs
            made.append(plain_action(str(entry["name"]), work, "", place))
            continue
        reads, writes = inputs_of(entry, here, file), outputs_of(entry, here, file)
        if writes:
            scope.see(writes)
        name, retries, more = str(entry["name"]), retries_of(entry), said_of(entry, scope)
        made.append(plain_action(name, work, "", place, retries, reads, writes, more))
    return tuple(made)
