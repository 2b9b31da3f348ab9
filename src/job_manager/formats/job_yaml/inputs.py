"""The inputs of a job in job.yaml: a mapping, a list or a name, and which file an input without a name is.

Knows nothing of the person's files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from job_manager.formats.job_yaml.scope import Scope, one_of
from job_manager.formats.yaml_reader import Fields, is_null
from job_manager.formats.yaml_tree import At, Map, Value
from job_manager.model.job import FILE, Action, Job, JobInput, Task
from job_manager.model.names import artifact_name, folded
from job_manager.model.record import replace
from job_manager.model.survey import survey
from job_manager.model.wording import quoted

SPELLINGS = ("input_artifacts", "input_artifact", "inputs")
KEYS = ("name", "param_name", "type", "public", "kind")
"""`public` says nothing about an input; the original's files have it, so it is read and left."""


def read_inputs(fields: Fields, scope: Scope) -> list[JobInput]:
    """The job's inputs as written: one without a name has "" for its artifact."""
    key = one_of(fields, SPELLINGS)
    if key is None:
        return []
    read = (_read_input(value, at, path, scope) for value, at, path in _items(fields, key))
    return [given for given in read if given is not None]


def _items(fields: Fields, key: str) -> Iterator[tuple[Value, At, str]]:
    value = fields.map[key]
    if isinstance(value, Map) or (isinstance(value, str) and not is_null(value)):
        yield value, fields.at(key), fields.path_of(key)
        return
    for _, item, at, path in fields.items(key):
        yield item, at, path


def _read_input(value: Value, at: At, path: str, scope: Scope) -> JobInput | None:
    place = scope.place(at, path)
    if isinstance(value, str) and not is_null(value):
        return JobInput(str(value), place=place)
    fields = scope.reader.fields(value, at, path, KEYS)
    if fields is None:
        return None
    # Imported here: most jobs say no more of an input than its name.
    from job_manager.formats.job_yaml.entries import read_kind

    fields.flag("public")
    name = fields.text("name")
    if name == "":
        fields.wrong("name", "the name is empty")
    kind = read_kind(fields) or FILE
    return JobInput(name or "", fields.text("param_name"), fields.text("type") or None, kind, place)


def bound(inputs: list[JobInput], tasks: Iterable[Task | Action], scope: Scope) -> tuple[JobInput, ...]:
    """The inputs, each with the name of its artifact.

    The README's inputs have none: there it is the one name that entries read and nobody writes; of several such
    names the one that is the input's param.
    """
    nameless = [given for given in inputs if not given.artifact]
    if not nameless:
        return tuple(inputs)
    missing = _missing(inputs, tasks)
    by_param = {id(g): g.param for g in nameless if g.param in missing}
    missing = [name for name in missing if name not in by_param.values()]
    left = [given for given in nameless if id(given) not in by_param]
    if len(left) > 1 or (left and len(missing) > 1):
        _refuse(left, missing, scope)
    by_order = {id(given): name for given, name in zip(left, missing, strict=False)}
    names = {**by_order, **by_param}
    named = [g if g.artifact else replace(g, artifact=names.get(id(g)) or g.param or "input") for g in inputs]
    # Names without an input belong to the mistake just noted; they are not each to be noted once more.
    return (*named, *_without_input(missing[len(left) :] if left else [], named))


def _without_input(spare: list[str], named: list[JobInput]) -> Iterator[JobInput]:
    # Of two that differ only in how they are spelt the second is one that nobody gives, as is what is no name at all.
    taken = {folded(given.artifact) for given in named}
    for name in spare:
        if folded(name) not in taken and artifact_name(name) is None:
            taken.add(folded(name))
            yield JobInput(name)


def _missing(inputs: list[JobInput], tasks: Iterable[Task | Action]) -> list[str]:
    """The names that are read, in order, and that nobody writes or gives."""
    every = [action for _, action in survey(Job("", tuple(tasks))).actions]
    known = {output.artifact for action in every for output in action.outputs}
    known |= {given.artifact for given in inputs} | {""}
    return list(dict.fromkeys(name for action in every for name in _read(action) if name not in known))


def _read(action: Action) -> Iterator[str]:
    keys = {each.key for each in action.foreach}
    yield from (each.artifact for each in action.foreach if each.artifact)
    yield from (use.artifact for use in action.inputs if use.artifact not in keys)


def _refuse(left: list[JobInput], missing: list[str], scope: Scope) -> None:
    names = ", ".join(quoted(name) for name in missing[:4]) + (" and more" if len(missing) > 4 else "")
    for n, given in enumerate(left):
        assert given.place is not None
        place = given.place
        if missing:
            message = (
                f"this input needs a name: which of {names} is it?" if len(missing) > 1 else "this input needs a name"
            )
            hint = f"add name: {missing[min(n, len(missing) - 1)]}"
        else:
            message, hint = "of several inputs each needs a name", "add name: the file name under which entries read it"
        scope.reader.error((place.line, place.column), place.path, message, hint)
