"""What an entry of a job.yaml runs: a module, a command, a shell text, an echo, a function or an order.

Knows nothing of artifacts.
"""

from __future__ import annotations

from functools import partial

from job_manager.formats.job_yaml.scope import Scope
from job_manager.formats.orders import read_calls
from job_manager.formats.words import Word
from job_manager.formats.yaml_reader import Fields, found, is_null
from job_manager.formats.yaml_tree import At, Map, Seq
from job_manager.formats.yaml_typed import typed
from job_manager.model.document import canonical
from job_manager.model.job import Command, Echo, Function, ModuleCall, Order, Pairs, Shell, Work
from job_manager.model.wording import quoted

WORKS = ("module", "cmd", "shell", "echo", "role", "order")
BESIDE = {"arguments": "role", "script": "role", "modules": "order", "log": "order"}
BUILT_IN = ("module", "cmd", "shell", "echo", "order")


def read_work(fields: Fields, scope: Scope) -> tuple[Work, list[Word]]:
    """What an entry runs, and the words of it in which names may stand; an empty command when it cannot be told."""
    there = [key for key in fields.map if key in WORKS]
    _look_at_beside(fields, there)
    if len(there) != 1:
        _refuse_works(fields, there)
        return Command(()), []
    key = there[0]
    if is_null(fields.map[key]):
        fields.wrong(key, f'"{key}" has no value')
        return Command(()), []
    if key == "module":
        return _module(fields, scope), []
    if key == "echo":
        return Echo(fields.text("echo") or ""), []
    if key in ("role", "order"):
        return (_function(fields) if key == "role" else _order(fields)), []
    return _command(fields) if key == "cmd" else _shell(fields)


def _look_at_beside(fields: Fields, there: list[str]) -> None:
    for key, of in BESIDE.items():
        if key in fields.map and of not in there:
            meant = 'did you mean "shell"?' if key == "script" else f"write {of}: beside it"
            fields.reader.error(fields.key_at(key), fields.path_of(key), f'"{key}" belongs to "{of}"', meant)


def _refuse_works(fields: Fields, there: list[str]) -> None:
    if not there:
        message = "an entry needs one of module:, cmd:, shell:, echo:, role: and order:"
        fields.reader.error(
            fields.map.at, fields.path, message, "write module: NAME, cmd: [program, argument] or shell: text"
        )
    for key in there[1:]:
        line, column = fields.key_at(there[0])
        message = f'an entry has one of {", ".join(WORKS)}; this one has "{there[0]}" already (at {line}:{column})'
        fields.reader.error(fields.key_at(key), fields.path_of(key), message, "make it two entries")


def _module(fields: Fields, scope: Scope) -> Work:
    name = scope.text(fields, "module")
    if name is not None and not name.strip():
        fields.wrong("module", "the module's name is empty")
    return ModuleCall(name) if name else Command(())


def _command(fields: Fields) -> tuple[Work, list[Word]]:
    value = fields.map["cmd"]
    if isinstance(value, str) and value.strip():
        listed = ", ".join(f'"{word}"' for word in value.split()[:6])
        hint = f"write cmd: [{listed}] - or shell: if a shell is to read it"
        fields.wrong("cmd", "expected a list with the program and its arguments, found one text", hint)
        return Command(()), []
    texts = fields.texts("cmd") if not isinstance(value, str) else []
    if texts is None:
        return Command(()), []
    if not value or isinstance(value, str) or (texts and not texts[0][0].strip()):
        fields.wrong("cmd", "the command is empty", 'write cmd: ["program", "argument"]')
    path = fields.path_of("cmd")
    spoken = [Word(text, partial(say, fields, at, f"{path}[{n}]")) for n, (text, at) in enumerate(texts)]
    percent = bool(fields.flag("percent"))
    return Command(tuple(word.text for word in spoken), percent), [] if percent else spoken


def _shell(fields: Fields) -> tuple[Work, list[Word]]:
    text = fields.text("shell")
    if text is None:
        return Command(()), []
    if not text.strip():
        fields.wrong("shell", "the shell text is empty")
    return Shell(text), [Word(text, partial(say_at, fields, "shell"))]


def _function(fields: Fields) -> Work:
    role, script = fields.text("role") or "", fields.text("script") or ""
    if not role.strip():
        fields.wrong("role", "the role is empty")
        return Command(())
    if script and not script.startswith("/"):
        fields.wrong("script", f"{quoted(script)} is not an absolute path", "write it from / on, or leave it out")
    if role in BUILT_IN and not script:
        fields.wrong("role", f"the role {quoted(role)} is built in", f"write {role}: ... instead")
    value = fields.map.get("arguments")
    if value is None or is_null(value):
        return Function(role, "{}", script)
    if not isinstance(value, Map):
        fields.wrong("arguments", f"expected a mapping with the function's arguments, found {found(value)}")
        return Function(role, "{}", script)
    return Function(role, canonical(_typed(fields, "arguments", value)), script)


def _typed(fields: Fields, key: str, value: Map) -> object:
    return typed(value, fields.at(key), fields.path_of(key), fields.reader)


def _order(fields: Fields) -> Work:
    modules = _modules(fields)
    value = fields.map["order"]
    if isinstance(value, Seq) and not value:
        fields.wrong("order", "there is nothing to call", "write a list of {module: ALIAS, function: NAME}")
    calls = read_calls(fields, "order", dict(modules), partial(typed, reader=fields.reader))
    return Order(modules, calls, fields.text("log") or "")


def _modules(fields: Fields) -> Pairs:
    """Aliases and the paths of their modules, as listed."""
    # Texts by name come sorted; here the order is that of the file.
    paths = dict(fields.named_texts("modules", lambda name: None if name.strip() else "an alias needs a name"))
    value = fields.map.get("modules")
    return tuple((name, paths[name]) for name in value if name in paths) if isinstance(value, Map) else ()


def say_at(fields: Fields, key: str, severity: str, message: str, hint: str) -> None:
    """Notes a problem of what stands under a key of an entry."""
    say(fields, fields.at(key), fields.path_of(key), severity, message, hint)


def say(fields: Fields, at: At, path: str, severity: str, message: str, hint: str) -> None:
    """Notes a problem of an entry at this place."""
    fields.reader.add(at, path, message, hint, severity)
