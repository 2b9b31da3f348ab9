"""One action of a script: which role it asks for, what of its words is an argument and what says how it is run.

Reads it as the entry of a job.yaml that says the same. Knows no other action.
Rules: reference seed-systems M3, M5, M6, M8, D26, D29, D32, D33.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from job_manager.formats.job_yaml import entries
from job_manager.formats.job_yaml.more import refuse_beside_hook
from job_manager.formats.job_yaml.scope import Scope
from job_manager.formats.naming import default_name
from job_manager.formats.python.fields import NOWHERE, as_value, fields_of, read_row_needs, scalar_text
from job_manager.formats.python.rows import Row
from job_manager.formats.wording import suggestion
from job_manager.formats.yaml_reader import Fields, found
from job_manager.formats.yaml_tree import Plain
from job_manager.model.document import canonical
from job_manager.model.hints import Any
from job_manager.model.job import ALWAYS, HOOKS, ON_ERROR, ON_SUCCESS, Action, Echo, Function, Work
from job_manager.model.record import NamedTuple, replace
from job_manager.model.template import fields as braces
from job_manager.roles.registry import BODY, LOADER, PROTOCOL

RETRIES = 2  # what mass does with an action that fails
OURS = ("echo", "cmd", "shell", "module", "order")
TEXTS = ("input", "cmd", "msg")
WHEN = {"whenerror": ON_ERROR, "whensuccess": ON_SUCCESS, "whenalways": ALWAYS}
SHARED = (
    *("needs", "retries", "timeout", "env", "idempotent", "foreach", "when", "cpus", "memory", "limits"),
    *("inputs", "outputs", "params", "priority", "tags", "expand", "workdir", "retry_on", "backoff", "min_runtime"),
    *("wishes", "percent", "stuck"),
)
NAMED = ("name", "title")
OF_FUNCTION = ("arguments", "script", "saved")
OF_ORDER = ("order", "modules", "log")
CONTROL = frozenset({*SHARED, *NAMED, *WHEN, "hook", "role", "module", "reads", *OF_FUNCTION})
PROGRAM = re.compile(r"[a-z0-9_.~/][\w.+/~-]*\Z")
PROGRAMS = frozenset(
    "awk bash cat cd chmod convert cp curl cut echo ffmpeg ffprobe find git grep gzip java ln ls make mkdir mv node "
    "perl pip python python3 rm rsync ruby scp sed sh sleep sort ssh tar touch unzip wget youtube-dl zip".split()
)


class ActionFields(NamedTuple):
    """An action half read: the entry it is, its title, what to call it without one, and its name, if it has one beside
    the title."""

    entry: entries.Entry
    title: str
    name: str
    default_name: str
    scope: Scope
    row: Row

    def action(self, name: str, title: str, paths: Sequence[str]) -> Action:
        """The whole action under its name. `paths`: of every row."""
        fields = self.entry.fields
        fields.reader.file = self.row.place.file if self.row.place else NOWHERE
        needs = read_row_needs(fields, paths)
        fields.map.pop("needs", None)
        made = entries.action(self.entry, name, title, self.scope, RETRIES)
        if made.hook:
            return replace(made, foreach=())
        return made if needs is None else replace(made, needs=needs)


def read_action(row: Row, artifacts: set[str], scope: Scope, scripts: Mapping[str, str]) -> ActionFields:
    """The action of a row. `artifacts`: the names known in the job; `scripts`: who serves which role."""
    reader = scope.reader
    said = {key: value for key, value in row.body.items() if value is not None}
    role = said.pop("_role", None)
    fields = fields_of(row, reader, {})  # for what is wrong with the call as a whole
    if role is not None and (not isinstance(role, str) or not role.strip()):
        reader.error(fields.map.at, f"{row.path}._role", f"expected the name of a role, found {role!r}")
        role = "echo"
    ours = role is None or (role in OURS and role not in scripts)
    control, arguments = _divided(row, said, ours, fields)
    if role == "module":
        control = {"module": "", **control, **arguments}
    text = _text(role, arguments, fields) if ours and role not in ("module", "order") else ""
    work = _work(role, text, control, arguments) if ours else _function(str(role), arguments, control, scripts, fields)
    words = [] if control.get("percent") else _braced(text)
    reads = [*_listed(control.pop("reads", [])), *(name for name in words if name in artifacts)]
    entry = _entry(row, work, _with_reads(control, reads), _hook(control, fields), scope)
    return ActionFields(entry, *_named(control, fields), _default(entry.work), scope, row)


def _divided(row: Row, said: Mapping[str, Any], ours: bool, fields: Fields) -> tuple[dict[str, Any], dict[str, Any]]:
    """What says how it is run, without its `_`, and the arguments. Of a function everything without `_` is one."""
    control: dict[str, Any] = {}
    arguments: dict[str, Any] = {}
    for key, value in said.items():
        name = key.removeprefix("_")
        if name not in CONTROL or not (ours or key.startswith("_")):
            arguments[key] = value
            if key.startswith("_"):
                _unknown(row, key, name, fields)
        elif name in control:
            fields.wrong(key, f'"{name}" and "_{name}" say the same', "keep one of them")
        else:
            control[name] = value
    for key, message, hint in row.flaws:
        fields.reader.error(fields.map.at, f"{row.path}.{key}" if key else row.path, message, hint)
    return control, {key: value for key, value in arguments.items() if not key.startswith("_")}


def _unknown(row: Row, key: str, name: str, fields: Fields) -> None:
    near = suggestion(name, CONTROL).replace('"', '"_', 1)
    what = f"unknown key {key!r}: what begins with _ says how an action is run"
    fields.reader.error(fields.map.at, f"{row.path}.{key}", what.replace("'", '"'), near)


def _with_reads(control: dict[str, Any], reads: Sequence[str]) -> dict[str, Any]:
    """The artifacts that are among the arguments are inputs, unless they are declared as something."""
    inputs, outputs = (_as_entry(key, control.get(key, [])) for key in ("inputs", "outputs"))
    if not reads or not isinstance(inputs, list) or not isinstance(outputs, list):
        return control
    declared = {each.get("name") if isinstance(each, dict) else each for each in (*inputs, *outputs)}
    return {**control, "inputs": [*inputs, *({"name": name} for name in dict.fromkeys(reads) if name not in declared)]}


def _listed(reads: Any) -> list[str]:
    return [str(each["name"]) for each in reads if isinstance(each, dict) and "name" in each]


def _braced(text: Any) -> list[str]:
    words = text if isinstance(text, list) else [text]
    return [name for word in words if isinstance(word, str) and "{" in word for name in braces(word)]


# --- what it does -----------------------------------------------------------------------------------------------------


def _text(role: str | None, arguments: Mapping[str, Any], fields: Fields) -> Any:
    """The one text of an action whose role is ours."""
    there = [key for key in TEXTS if key in arguments]
    if role is None and (not there or there == list(arguments) == ["cmd"]):
        return _as_call(arguments, fields)
    for key in arguments:
        if key not in TEXTS:
            hint = suggestion(key, [*TEXTS, *CONTROL]) or f"known here: cmd, input, {', '.join(sorted(SHARED))}"
            fields.wrong(key, f'unknown key "{key}"', hint)
    if len(there) != 1:
        both = " and ".join(f'"{key}"' for key in there)
        what = f"{both} both say what to do" if there else "the action says nothing to do"
        fields.reader.error(fields.map.at, fields.path, what, "keep one of them" if there else _example(role))
        return "?"
    return _checked(arguments[there[0]], there[0], role, fields)


def _example(role: str | None) -> str:
    return {"shell": 'write cmd="make all"', "cmd": 'write cmd=["program", "argument"]'}.get(role or "", 'write "text"')


def _checked(value: Any, key: str, role: str | None, fields: Fields) -> Any:
    if isinstance(value, str):
        if role is None and _looks_like_a_command(value):
            hint = 'to run it: Action(cmd=..., _role="shell")'
            message = "this looks like a command, and is printed: that is what an action without a role does"
            fields.reader.warn(fields.map.at, fields.path, message, hint)
        return value
    if isinstance(value, list) and role == "cmd":
        return value
    wanted = "text, or a list of the program and its arguments" if role == "cmd" else "text"
    hint = '_role="cmd" takes a list' if isinstance(value, list) else ""
    fields.wrong(key, f"expected {wanted}, found {found(as_value(value))}", hint)
    return "?"


def _as_call(arguments: Mapping[str, Any], fields: Fields) -> str:
    """What mass prints of an action that has no role and not one text."""
    message = "the action names no role: its arguments are printed"
    fields.reader.warn(fields.map.at, fields.path, message, 'say which: _role="shell", or a role of your own')
    return f"Action({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"


def _looks_like_a_command(text: str) -> bool:
    words = text.split()
    if not words or not PROGRAM.match(words[0]):
        return False
    return words[0].rsplit("/", 1)[-1] in PROGRAMS or any(re.match(r"--?[A-Za-z]", word) for word in words[1:])


def _work(
    role: str | None, text: Any, control: Mapping[str, Any], arguments: Mapping[str, Any]
) -> Echo | dict[str, Any]:
    """The work itself, or the keys of an entry that say it."""
    if role in (None, "echo"):
        return Echo(str(text))
    if role == "module":
        return {"module": control["module"]}
    if role == "order":
        return {"order": [], **{key: _exact(value) for key, value in arguments.items()}}
    return {"cmd": text} if isinstance(text, list) else {"shell": text}


def _exact(value: Any) -> Any:
    """The value with its numbers as JSON writes them: 1.0 is not 1."""
    # Recursion is bounded by tree.plain.
    if isinstance(value, dict):
        return {key: _exact(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_exact(member) for member in value]
    return Plain(repr(value)) if isinstance(value, float) else value


def _function(
    role: str, arguments: Mapping[str, Any], control: dict[str, Any], scripts: Mapping[str, str], fields: Fields
) -> Function:
    """`_arguments`: those that Python cannot name, or that are None; `_script`: the file that serves the role, where
    it is not this one."""
    saved, more = control.pop("saved", None), control.pop("arguments", {})
    script = control.pop("script", "") or scripts.get(role, "")
    if not isinstance(script, str) or (script and not script.startswith("/")):
        fields.wrong("_script", f"expected the absolute path of a file, found {script!r}")
        script = ""
    if not isinstance(more, dict):
        fields.wrong("_arguments", f"expected a dict with the function's arguments, found {found(as_value(more))}")
        more = {}
    given = {**arguments, **more}
    if isinstance(saved, dict):
        loader = {LOADER: saved["loader"]} if saved.get("loader") else {}
        given = {PROTOCOL: saved["protocol"], BODY: saved["body"], **loader}
    return Function(role, canonical(given), script)


def _entry(
    row: Row, work: Echo | Function | dict[str, Any], control: Mapping[str, Any], hook: str, scope: Scope
) -> entries.Entry:
    shared = {key: _as_entry(key, control[key]) for key in SHARED if key in control}
    fields = fields_of(row, scope.reader, {**work, **shared} if isinstance(work, dict) else shared)
    if hook:
        refuse_beside_hook(fields)
    if isinstance(work, dict):
        return entries.begun(fields, fields.map.at, scope, hook)
    return entries.Entry(fields, fields.map.at, work, [], hook)


def _as_entry(key: str, value: Any) -> Any:
    """A value in the words of a job.yaml: `param` for `param_name`, `{param: name}` for a list, texts for numbers."""
    if key in ("inputs", "outputs"):
        if isinstance(value, str):
            value = [value]
        if isinstance(value, dict):
            value = [{"name": name, "param": param} for param, name in value.items()]
        return [renamed(each) for each in value] if isinstance(value, list) else value
    if key in ("env", "params") and isinstance(value, dict):
        return {name: _as_text(text) for name, text in value.items()}
    if key in ("retry_on", "tags"):
        return [_as_text(each) for each in (value if isinstance(value, list) else [value])]
    return value


def renamed(use: Any) -> Any:
    """What is said of an artifact with `param_name` where a script may say `param`."""
    if not isinstance(use, dict) or "param" not in use:
        return use
    return {("param_name" if key == "param" else key): value for key, value in use.items()}


def _as_text(value: Any) -> Any:
    return scalar_text(value) if isinstance(value, bool | int | float) else value


# --- its name and its hook --------------------------------------------------------------------------------------------


def _named(control: Mapping[str, Any], fields: Fields) -> tuple[str, str]:
    """The title, and the name when both are given; either alone is the title."""
    for key in NAMED:
        value = control.get(key)
        if value is not None and not isinstance(value, str):
            fields.reader.error(fields.map.at, fields.path_of(key), f"expected text, found {value!r}")
    name, title = (value if isinstance(value := control.get(key), str) else "" for key in NAMED)
    return (title, name) if title and name else (title or name, "")


def _default(work: Work) -> str:
    return work.role if isinstance(work, Function) else default_name(work)


def _hook(control: Mapping[str, Any], fields: Fields) -> str:
    chosen = [hook for key, hook in WHEN.items() if _truth(control, key, fields)]
    named = control.get("hook")
    if named is not None:
        if named in HOOKS:
            chosen.append(str(named))
        else:
            near = suggestion(str(named), HOOKS) or f"one of {', '.join(HOOKS)}"
            fields.reader.error(fields.map.at, fields.path_of("hook"), f"there is no hook {named!r}", near)
    if len(set(chosen)) > 1:
        message = f"an action is one kind of hook, and here are {' and '.join(dict.fromkeys(chosen))}"
        fields.reader.error(fields.map.at, fields.path, message, "make it two actions")
    return chosen[0] if chosen else ""


def _truth(control: Mapping[str, Any], key: str, fields: Fields) -> bool:
    value = control.get(key, False)
    if value not in (True, False):
        fields.reader.error(fields.map.at, fields.path_of(f"_{key}"), f"expected True or False, found {value!r}")
    return value is True or value == 1
