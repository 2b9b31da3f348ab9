"""The `Order`: calls with the variables they take, give and begin with.

Whether a variable has a value by then is known before anything runs, since calls follow each other as written.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.formats.jobmanager_yaml.scope import Scope
from job_manager.formats.wording import suggestion
from job_manager.formats.yaml_reader import Fields, found, is_null
from job_manager.formats.yaml_tree import At, Map, Plain, Seq, Value
from job_manager.model.document import canonical
from job_manager.model.errors import Place
from job_manager.model.job import Argument, Call
from job_manager.model.wording import quoted

KEYS = ("Module", "Function", "Inputs", "Outputs", "Declares", "Log", "Modules")
MEANT = {
    "Input": 'did you mean "Inputs"? It is a list',
    "Output": 'did you mean "Outputs"? It is a list',
    "Declare": 'did you mean "Declares"?',
    "Args": 'did you mean "Inputs"?',
    "Module": "write Module: and one of the aliases under Modules:",
    "Function": "write Function: and the name of a function of that module",
}
DOCUMENT = "self.yaml"
STATUS, LOG = ".jobstatus", "job.log"
INPUT_FORM = "write - NAME: value, or - NAME for the value it has by then"
Pair = tuple[str, Value | None, At, At, str]  # name, value if one is written, places of both, path


def read_calls(fields: Fields, scope: Scope) -> tuple[Call, ...]:
    """The calls of the order, as far as they can be made out."""
    calls = [_call(value, at, path, scope) for _, value, at, path in fields.items("Order")]
    if "Order" in fields.map and not calls and (is_null(fields.map["Order"]) or fields.map["Order"] == []):
        fields.wrong("Order", "there is nothing to call", "write a list of {Module: ALIAS, Function: NAME}")
    return tuple(call for call in calls if call is not None)


def _call(value: Value, at: At, path: str, scope: Scope) -> Call | None:
    required = ("Function",) if isinstance(value, Map) and "Modules" in value else ("Module", "Function")
    fields = scope.reader.fields(value, at, path, KEYS, required, MEANT)
    if fields is None:
        return None
    module = _module(fields, scope)
    function = _function(fields, module, scope)
    declares = tuple(_arguments(fields, "Declares", scope))
    inputs = tuple(_arguments(fields, "Inputs", scope))
    outputs = _outputs(fields, scope)
    return Call(module, function, inputs, outputs, declares, _log(fields), Place(scope.reader.file, *at, path))


def _module(fields: Fields, scope: Scope) -> str:
    keys = [key for key in ("Module", "Modules") if key in fields.map]
    if len(keys) == 2:
        fields.wrong("Modules", '"Modules" and "Module" say the same here; only one can be given')
    if not keys:
        return ""
    alias = fields.text(keys[0]) or ""
    if alias and alias not in scope.defined and isinstance(scope.root.get("Modules", Map()), Map):
        hint = suggestion(alias, scope.defined) or f"its modules: {', '.join(scope.defined) or 'none'}"
        fields.wrong(keys[0], f"there is no module {quoted(alias)} under Modules", hint)
    return alias


def _function(fields: Fields, alias: str, scope: Scope) -> str:
    name = fields.text("Function") or ""
    if not name:
        return ""
    if not name.isidentifier():
        bare = name.split("(", 1)[0].strip()
        hint = f"without parentheses: Function: {bare}" if bare.isidentifier() else "the function's name alone"
        fields.wrong("Function", f"{quoted(name)} is not a name of a function", hint)
        return name
    names = scope.defined.get(alias)
    if names is not None and name not in names:
        message = f"the module {quoted(alias)} seems to have no {quoted(name)}"
        fields.reader.warn(fields.at("Function"), fields.path_of("Function"), message, suggestion(name, names))
    return name


def _log(fields: Fields) -> str:
    name = fields.text("Log") or ""
    plain = name.removeprefix("./")
    if plain in (STATUS, LOG):
        fields.wrong("Log", f"{quoted(name)} is written by the order itself", "choose another name")
    elif "Log" in fields.map and isinstance(fields.map["Log"], str) and not name.strip():
        fields.wrong("Log", "the name of the log is empty", "leave it out, and it is printed into job.log")
    elif "\n" in name:
        fields.wrong("Log", "the name of a log has one line")
    return name


def _outputs(fields: Fields, scope: Scope) -> tuple[str, ...]:
    names: list[str] = []
    for number, (name, at) in enumerate(fields.texts("Outputs") or ()):
        path = f"{fields.path_of('Outputs')}[{number}]"
        if name in names:
            scope.reader.error(at, path, f"the variable {quoted(name)} is named twice")
        elif scope.variable(name, at, path):
            names.append(name)
    scope.variables.update(dict.fromkeys(names))
    return tuple(names)


# --- Inputs and Declares ----------------------------------------------------------------------------------------------


def _arguments(fields: Fields, key: str, scope: Scope) -> Iterator[Argument]:
    given: dict[str, str] = {}
    for name, value, name_at, at, path in _pairs(fields, key):
        if not scope.variable(name, name_at, path):
            continue
        text = _text(name, value, at, path, key, scope)
        if text and given.setdefault(name, text) != text:
            hint = "give one of them another name"
            scope.reader.error(name_at, path, f"the variable {quoted(name)} is given two values in one call", hint)
        if text:
            scope.variables[name] = None
        yield Argument(name, text)


def _text(name: str, value: Value | None, at: At, path: str, key: str, scope: Scope) -> str:
    """The JSON text of the value, or "" for the one that the variable has by then."""
    if value is None or is_null(value):
        if key == "Declares":
            return "null"
        if name in scope.variables:
            return ""
        near = suggestion(name, scope.variables)
        hint = near or "nothing before this call gives it a value; None is passed"
        scope.reader.warn(at, path, f"the variable {quoted(name)} has no value here", hint)
        return "null"
    if isinstance(value, Plain) and value == DOCUMENT:
        return scope.document(at, path)
    return canonical(scope.typed.value(value, at, path))


def _pairs(fields: Fields, key: str) -> Iterator[Pair]:
    """The names with their values: of a list of names and of maps with one key each, or of one map."""
    value = fields.map.get(key)
    if value is None or is_null(value):
        return
    if isinstance(value, Map):
        yield from _members(value, fields.path_of(key))
        return
    if not isinstance(value, Seq):
        fields.wrong(
            key, f"expected a list of variables, found {found(value)}", f"{key}: and, on lines of its own, - NAME"
        )
        return
    for number, (item, at) in enumerate(zip(value, value.item_at, strict=True)):
        path = f"{fields.path_of(key)}[{number}]"
        if isinstance(item, Map) and len(item) == 1:
            yield from _members(item, path)
        elif isinstance(item, str) and not is_null(item):
            yield str(item), None, at, at, path
        else:
            _refuse(fields, item, at, path)


def _members(members: Map, path: str) -> Iterator[Pair]:
    keys, values = members.key_at, members.value_at
    for name, value in members.items():
        yield name, value, keys[name], values[name], f"{path}.{name}"


def _refuse(fields: Fields, item: Value, at: At, path: str) -> None:
    if isinstance(item, Map) and item:
        names = ", ".join(f"- {name}: ..." for name in list(item)[:3])
        message = f"this has {len(item)} variables; each is an item of its own"
        fields.reader.error(at, path, message, f'begin each with "- ": {names}')
        return
    fields.reader.error(at, path, f"expected a variable, found {found(item)}", INPUT_FORM)
