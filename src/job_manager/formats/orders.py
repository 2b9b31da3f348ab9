"""An order as an entry of a job says it: its calls with the variables they take and give, in JSON and in YAML alike.

Knows not how a value is written, nor JobManager's own files.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Collection, Iterator

from job_manager.formats.wording import suggestion
from job_manager.formats.yaml_reader import Fields
from job_manager.formats.yaml_tree import At, Value
from job_manager.model.document import canonical
from job_manager.model.errors import Place
from job_manager.model.hints import Any
from job_manager.model.job import Argument, Call
from job_manager.model.wording import quoted

CALL_KEYS = ("module", "function", "inputs", "outputs", "declares", "log")
ARGUMENT_KEYS = ("name", "value")
MEANT = {
    "Module": 'did you mean "module"?',
    "Function": 'did you mean "function"?',
    "args": 'did you mean "inputs"?',
    "output": 'did you mean "outputs"? It is a list',
}
ValueOf = Callable[[Value, At, str], Any]


def read_calls(fields: Fields, key: str, aliases: Collection[str], value_of: ValueOf) -> tuple[Call, ...]:
    """The calls under this key. aliases: the modules that they may name; value_of: a value as Python has it."""
    calls = [_call(fields, value, at, path, aliases, value_of) for _, value, at, path in fields.items(key)]
    return tuple(call for call in calls if call is not None)


def _call(outer: Fields, value: Value, at: At, path: str, aliases: Collection[str], value_of: ValueOf) -> Call | None:
    fields = outer.reader.fields(value, at, path, CALL_KEYS, ("module", "function"), MEANT)
    if fields is None:
        return None
    module, function = fields.text("module") or "", fields.text("function") or ""
    if module and module not in aliases:
        hint = suggestion(module, aliases) or f"its modules: {', '.join(aliases) or 'none'}"
        fields.wrong("module", f"there is no module {quoted(module)} under modules", hint)
    if function and not function.isidentifier():
        fields.wrong("function", f"{quoted(function)} is not a name of a function", "the function's name alone")
    return Call(
        module,
        function,
        tuple(_arguments(fields, "inputs", value_of)),
        tuple(_outputs(fields)),
        tuple(_arguments(fields, "declares", value_of)),
        fields.text("log") or "",
        Place(fields.reader.file, *at, path),
    )


def _outputs(fields: Fields) -> Iterator[str]:
    seen = set[str]()
    for number, (name, at) in enumerate(fields.texts("outputs") or ()):
        path = f"{fields.path_of('outputs')}[{number}]"
        if name in seen:
            fields.reader.error(at, path, f"the variable {quoted(name)} is named twice")
        elif _is_variable(fields, name, at, path):
            seen.add(name)
            yield name


def _arguments(fields: Fields, key: str, value_of: ValueOf) -> Iterator[Argument]:
    for _, value, at, path in fields.items(key):
        inner = fields.reader.fields(value, at, path, ARGUMENT_KEYS, ("name",))
        name = inner.text("name") if inner else None
        if inner is None or name is None or not _is_variable(fields, name, inner.at("name"), inner.path_of("name")):
            continue
        written = inner.map.get("value")
        text = "" if written is None else canonical(value_of(written, inner.at("value"), inner.path_of("value")))
        if not text and key == "declares":
            inner.reader.error(at, path, "a variable that is declared needs a value", "add value: to it")
        yield Argument(name, text)


def _is_variable(fields: Fields, name: str, at: At, path: str) -> bool:
    if name.isidentifier() and not keyword.iskeyword(name):
        return True
    fields.reader.error(at, path, f"{quoted(name)} cannot be a variable of Python", "letters, digits and _")
    return False
