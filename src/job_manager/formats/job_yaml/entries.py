"""An entry of a job.yaml: a module, a command or a shell text with the artifacts it reads and writes.

Knows nothing of other entries, and does not judge what depends on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from job_manager.formats import words
from job_manager.formats.conditions import EXAMPLE, fault
from job_manager.formats.job_yaml import more
from job_manager.formats.job_yaml.foreach import read_foreach
from job_manager.formats.job_yaml.naming import Wanted, wanted_name
from job_manager.formats.job_yaml.plain import inputs_of, outputs_of, retries_of, said_of
from job_manager.formats.job_yaml.scope import Scope, one_of
from job_manager.formats.job_yaml.works import BESIDE, WORKS, read_work, say_at
from job_manager.formats.stuck import read_stuck
from job_manager.formats.wording import suggestion
from job_manager.formats.words import Word
from job_manager.formats.yaml_expect import read_expect
from job_manager.formats.yaml_reader import Fields, is_null
from job_manager.formats.yaml_tree import At, Map, Value
from job_manager.model.fanout import Each, spoken
from job_manager.model.hints import Any
from job_manager.model.job import (
    FILE,
    FILES,
    KINDS,
    Action,
    Input,
    ModuleCall,
    Output,
    Shell,
    Work,
    plain_action,
    usual_retries,
)
from job_manager.model.names import param_name
from job_manager.model.need import MOST_CPUS, MOST_OF_A_LIMIT, limit_name
from job_manager.model.record import NamedTuple
from job_manager.model.template import mentioned
from job_manager.model.wording import quoted

INPUTS = ("input_artifacts", "inputs")
OUTPUTS = ("output_artifacts", "outputs")
KEYS = (
    *WORKS,
    *BESIDE,
    "name",
    "inputs",
    "outputs",
    "input_artifacts",
    "output_artifacts",
    "timeout",
    "retries",
    "env",
    "idempotent",
    "needs",
    "params",
    "foreach",
    "when",
    "cpus",
    "memory",
    "limits",
    "percent",
    *more.OF_ENTRY,
)
HOOK_KEYS = ("hook", *KEYS)
MEANT = {
    **dict.fromkeys(("cpu", "cores", "threads"), 'did you mean "cpus"?'),
    **dict.fromkeys(("mem", "ram"), 'did you mean "memory"?'),
    **dict.fromkeys(("gpu", "gpus"), "write limits: {gpu: 1}, and how many there are into jm.toml"),
    "resources": "write cpus:, memory: and limits: into the entry itself",
    "hook": "write it under hooks: of the step, the task or the job",
    "depends_on": 'did you mean "needs" (names of other entries)?',
    "after": 'did you mean "needs" (names of other entries)?',
    "for_each": 'did you mean "foreach"?',
    "matrix": 'did you mean "foreach"?',
    "if": 'did you mean "when"?',
    "command": 'did you mean "cmd" (a list of words) or "shell" (a text)?',
    "run": 'did you mean "shell" (a text) or "cmd" (a list of words)?',
    "kwargs": 'did you mean "arguments"?',
    "function": "write role: and the name under which the function is registered",
    "args": 'write program and arguments as one list: cmd: ["program", "argument"]',
    "entries": "only a step has entries; a task in it has tasks: [...]",
    "public": "public belongs to an output: outputs: [{name: ..., public: true}]",
    "input_artifact": 'did you mean "input_artifacts"? It is a list',
    "output_artifact": 'did you mean "output_artifacts"? It is a list',
}
READ_KEYS = ("name", "param_name", "type", "public", "kind", "optional")
WRITTEN_KEYS = (*READ_KEYS, "allow_empty", "glob", "expect")
READ_MEANT = {
    "allow_empty": "only an output may be allowed to be empty",
    "glob": "say at the output which files count",
    "expect": "expect is for outputs: it is looked at when the file has been written",
}
PARAM_MEANT = {"param": 'did you mean "param_name"?'}
MOST_RETRIES = 1_000
NO_NAMES = words.Names(())
NO_WORDS: list[Word] = []  # of an entry in which there is nothing to look at


class Entry(NamedTuple):
    """An entry half read: what it runs, the words of it that are to be looked at, and when, if it is a hook."""

    fields: Fields
    at: At
    work: Work
    words: list[Word]
    hook: str = ""


def begun(fields: Fields, at: At, scope: Scope, hook: str = "") -> Entry:
    """An entry of which it is known what it runs."""
    return Entry(fields, at, *read_work(fields, scope), hook)


def wanted_name_of(entry: Entry) -> Wanted:
    """What the entry is to be called."""
    return wanted_name(entry.fields, entry.work)


def action(entry: Entry, name: str, title: str, scope: Scope, retries: int | None = None) -> Action:
    """The whole entry under its name. retries: of one that does not say them, unless it is a module."""
    fields = entry.fields
    if entry.words is NO_WORDS:
        uses = inputs_of(fields.map, fields.path, scope.file), outputs_of(fields.map, fields.path, scope.file)
        place, when = scope.place(entry.at, fields.path), said_of(fields.map, scope)
        return plain_action(name, entry.work, title, place, retries_of(fields.map), *uses, when)
    foreach = read_foreach(fields)
    called = isinstance(entry.work, ModuleCall)
    inputs = _inputs(fields, called, scope)
    outputs = _outputs(fields, called, scope)
    params = fields.named_texts("params", param_name)
    if entry.words:
        look_at_words(entry, inputs, outputs, [name for name, _ in params], foreach, scope)
    return Action(
        name=name,
        work=entry.work,
        inputs=inputs,
        outputs=outputs,
        title=title,
        retries=usual_retries(entry.work, fields.integer("retries", 0, MOST_RETRIES, None if called else retries)),
        params=params,
        foreach=foreach,
        hook=entry.hook,
        expand=more.read_expand(fields, entry.hook),
        place=scope.place(entry.at, fields.path),
        **{key: SAID[key](fields) for key in fields.map if key in SAID},
    )


def read_when(fields: Fields) -> str:
    """The condition as it is written, "" when there is none or it is no condition."""
    text = fields.text("when")
    if text is None:
        return ""
    wrong = fault(text)
    if wrong:
        fields.wrong("when", wrong, EXAMPLE)
    return "" if wrong else text


def read_needs(fields: Fields) -> tuple[str, ...] | None:
    """The names as written; what they mean is found when the whole job is read."""
    value = fields.map.get("needs")
    if value is None or is_null(value):
        return None
    if isinstance(value, str):
        return (str(value),)
    return tuple(text for text, _ in fields.texts("needs") or ())


# What an action has by the same name and most entries do not say: these are not asked for it.
SAID: Mapping[str, Callable[[Fields], Any]] = {
    "timeout": lambda fields: fields.duration("timeout"),
    "env": lambda fields: fields.env("env"),
    "idempotent": lambda fields: fields.flag("idempotent"),
    "needs": read_needs,
    "when": read_when,
    "cpus": lambda fields: fields.integer("cpus", 1, MOST_CPUS),
    "memory": lambda fields: fields.size("memory"),
    "limits": lambda fields: fields.counts("limits", MOST_OF_A_LIMIT, limit_name),
    "retry_on": more.read_retry_on,
    "backoff": lambda fields: fields.duration("backoff"),
    "min_runtime": lambda fields: fields.duration("min_runtime"),
    "stuck": read_stuck,
    "priority": lambda fields: fields.number("priority"),
    "tags": more.read_tags,
    "workdir": more.read_workdir,
    "wishes": more.read_wishes,
}


def look_at_words(
    entry: Entry,
    inputs: tuple[Input, ...],
    outputs: tuple[Output, ...],
    params: list[str],
    foreach: tuple[Each, ...],
    scope: Scope,
    key: str = "cmd",
) -> None:
    """Says what is wrong or odd about the words of the entry. key: where those of a command stand."""
    shell = isinstance(entry.work, Shell)
    braces = any("{" in word.text for word in entry.words)
    names = _names(entry, words.declared(inputs, outputs), params, foreach, scope) if braces else NO_NAMES
    used = words.look_at(entry.words, names, shell=shell)
    words.look_at_total(entry.words, partial(say_at, entry.fields, key))
    words.look_at_unused(outputs, used, scope.later)
    _look_at_unused_params(entry.fields, [name for name in params if name not in used])


def _names(
    entry: Entry, declared: frozenset[str], params: list[str], foreach: tuple[Each, ...], scope: Scope
) -> words.Names:
    """What may stand in braces."""
    lists = {name for word in entry.words for name in mentioned(word.text) if name.removesuffix(".list") in declared}
    known = spoken(foreach) | (declared | lists | scope.param_names | frozenset(params))
    return words.Names(known, scope.seen, keys={each.key: each.forms for each in foreach})


def _look_at_unused_params(fields: Fields, names: list[str]) -> None:
    written = fields.map.get("params")
    if not isinstance(written, Map):
        return
    for name in names:
        hint = f'put "{{{name}}}" where its value belongs'
        message = f"nothing in the command uses the param {quoted(name)}"
        fields.reader.warn(written.value_at[name], f"{fields.path_of('params')}.{name}", message, hint)


def _inputs(fields: Fields, called: bool, scope: Scope) -> tuple[Input, ...]:
    key = one_of(fields, INPUTS)
    if key is None:
        return ()
    read = (_input(value, at, path, called, scope) for _, value, at, path in fields.items(key))
    return tuple(item for item in read if item is not None)


def _outputs(fields: Fields, called: bool, scope: Scope) -> tuple[Output, ...]:
    key = one_of(fields, OUTPUTS)
    if key is None:
        return ()
    read = (_output(value, at, path, called, scope) for _, value, at, path in fields.items(key))
    return tuple(item for item in read if item is not None)


def _input(value: Value, at: At, path: str, called: bool, scope: Scope) -> Input | None:
    place = scope.place(at, path)
    if isinstance(value, str) and not is_null(value):
        return Input(_short(value, at, path, called, scope), place=place)
    fields = scope.reader.fields(value, at, path, READ_KEYS, _required(called), READ_MEANT | PARAM_MEANT)
    if fields is None:
        return None
    name = _artifact(fields, scope)
    if fields.flag("public"):
        scope.public_reads.append((name, fields.at("public"), fields.path_of("public")))
    return Input(
        name,
        scope.text(fields, "param_name"),
        scope.text(fields, "type") or None,
        kind=read_kind(fields),
        optional=bool(fields.flag("optional")),
        place=place,
    )


def _output(value: Value, at: At, path: str, called: bool, scope: Scope) -> Output | None:
    place = scope.place(at, path)
    if isinstance(value, str) and not is_null(value):
        return Output(_short(value, at, path, called, scope), place=place)
    fields = scope.reader.fields(value, at, path, WRITTEN_KEYS, _required(called), PARAM_MEANT)
    if fields is None:
        return None
    type, kind = scope.text(fields, "type") or None, read_kind(fields) or FILE
    return Output(
        _artifact(fields, scope),
        scope.text(fields, "param_name"),
        type,
        bool(fields.flag("public")),
        bool(fields.flag("optional")),
        bool(fields.flag("allow_empty")),
        kind=kind,
        glob=read_glob(fields),
        expect=read_expect(fields, type, known=type is not None or not called, sequence=kind != FILE, params=True),
        place=place,
    )


def read_kind(fields: Fields) -> str | None:
    """The kind of an artifact, None when nothing (or nothing of the sort) is said."""
    kind = fields.text("kind")
    if kind is None or kind in KINDS:
        return kind
    fields.wrong("kind", f"expected one of {', '.join(KINDS)}, found {quoted(kind)}", suggestion(kind, KINDS))
    return None


def read_glob(fields: Fields) -> str:
    """Which names of an output of several files count, or ""."""
    glob = fields.text("glob")
    if glob is None:
        return ""
    if fields.text("kind") != FILES:
        fields.wrong("glob", "only an output of kind files has a glob", f"write kind: {FILES} beside it")
    elif "/" in glob or not glob.strip():
        fields.wrong("glob", f"{quoted(glob)} is no pattern for file names", 'write something like "*.png"')
    return glob


def _required(called: bool) -> tuple[str, ...]:
    return ("name", "param_name") if called else ("name",)


def _artifact(fields: Fields, scope: Scope) -> str:
    name = scope.text(fields, "name")
    if name == "":
        fields.wrong("name", "the name is empty")
    return name or ""


def _short(value: str, at: At, path: str, called: bool, scope: Scope) -> str:
    if called:
        message = "an artifact of a module needs the parameter by which the module takes it"
        scope.reader.error(at, path, message, f"write {{name: {value[:60]}, param_name: ...}}")
    return str(value)
