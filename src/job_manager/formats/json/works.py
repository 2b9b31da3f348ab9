"""What an action of our JSON form runs: a module, a command, a shell text, an echo, a function or an order.

Knows nothing of artifacts beyond that words may name them.
"""

from __future__ import annotations

from job_manager.formats.job_yaml.entries import Entry, look_at_words
from job_manager.formats.job_yaml.scope import Scope
from job_manager.formats.json.fields import Strict, found, say
from job_manager.formats.json_reader import simple
from job_manager.formats.orders import read_calls
from job_manager.formats.words import Word
from job_manager.formats.yaml_reader import is_null
from job_manager.formats.yaml_tree import At, Map, Seq, Value
from job_manager.model.document import canonical
from job_manager.model.job import Action, Command, Echo, Function, ModuleCall, Order, Pairs, Shell, Work
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

WORKS = ("module", "argv", "shell", "echo", "role", "order")
BESIDE = {"percent": "argv", "arguments": "role", "script": "role", "modules": "order", "log": "order"}
WORK_KEYS = (*WORKS, *BESIDE)
BUILT_IN = {"cmd": "argv", "shell": "shell", "echo": "echo", "module": "module", "order": "order"}
NOTHING = Command(())


class Read(NamedTuple):
    """What is run, and its words with the key they stand under."""

    work: Work
    words: list[Word]
    key: str


def read_work(fields: Strict) -> Read:
    """What an action runs; an empty command when it cannot be told."""
    there = [key for key in fields.map if key in WORKS]
    for key, of in BESIDE.items():
        if key in fields.map and of not in there:
            fields.reader.error(fields.key_at(key), fields.path_of(key), f'"{key}" belongs to "{of}"', f'add "{of}"')
    if len(there) != 1:
        _refuse(fields, there)
        return Read(NOTHING, [], "argv")
    key = there[0]
    if is_null(fields.map[key]):
        fields.wrong(key, f'"{key}" has no value')
        return Read(NOTHING, [], key)
    if key in ("argv", "shell"):
        return _argv(fields) if key == "argv" else _shell(fields)
    return Read(_other(fields, key), [], key)


def look_at_work(fields: Strict, read: Read, action: Action, scope: Scope) -> None:
    """Says what is wrong or odd about the words of the action."""
    if read.words:
        entry = Entry(fields, fields.map.at, read.work, read.words, action.hook)
        params = [name for name, _ in action.params]
        look_at_words(entry, action.inputs, action.outputs, params, action.foreach, scope, read.key)


def _refuse(fields: Strict, there: list[str]) -> None:
    if not there:
        message = f"an action needs one of {', '.join(WORKS)}"
        fields.reader.error(fields.map.at, fields.path, message, 'write "argv": ["program", "argument"]')
    for key in there[1:]:
        line, column = fields.key_at(there[0])
        message = f'an action has one of {", ".join(WORKS)}; this one has "{there[0]}" already (at {line}:{column})'
        fields.reader.error(fields.key_at(key), fields.path_of(key), message, "make it two actions")


def _argv(fields: Strict) -> Read:
    texts = fields.texts("argv")
    if texts is not None and (not fields.map["argv"] or (texts and not texts[0][0].strip())):
        fields.wrong("argv", "the command is empty", 'write "argv": ["program", "argument"]')
    path, percent = fields.path_of("argv"), bool(fields.flag("percent"))
    words = [Word(text, say(fields.reader, at, f"{path}[{n}]")) for n, (text, at) in enumerate(texts or ())]
    return Read(Command(tuple(word.text for word in words), percent), [] if percent else words, "argv")


def _shell(fields: Strict) -> Read:
    text = fields.text("shell")
    if text is not None and not text.strip():
        fields.wrong("shell", "the shell text is empty")
    place = say(fields.reader, fields.at("shell"), fields.path_of("shell"))
    return Read(Shell(text or ""), [Word(text, place)] if text else [], "shell")


def _other(fields: Strict, key: str) -> Work:
    if key == "order":
        modules = _modules(fields)
        return Order(modules, read_calls(fields, "order", dict(modules), _value), fields.text("log") or "")
    text = fields.text(key)
    if key == "echo":
        return Echo(text or "")
    if text is None or not text.strip():
        fields.wrong(key, f'"{key}" is empty') if text is not None else None
        return NOTHING
    return ModuleCall(text) if key == "module" else _function(fields, text)


def _function(fields: Strict, role: str) -> Function:
    script = fields.text("script") or ""
    if script and not script.startswith("/"):
        fields.wrong("script", f"{quoted(script)} is not an absolute path", "write it from / on")
    if role in BUILT_IN and not script:
        fields.wrong("role", f"the role {quoted(role)} is built in", f'write "{BUILT_IN[role]}": ... instead')
    value = fields.map.get("arguments", Map())
    if not isinstance(value, Map):
        fields.wrong("arguments", f"expected an object with the function's arguments, found {found(value)}")
        return Function(role, "{}", script)
    return Function(role, canonical(simple(value)), script)


def _modules(fields: Strict) -> Pairs:
    """Pairs of alias and path."""
    pairs: dict[str, str] = {}
    for _, value, at, path in fields.items("modules"):
        pair = fields.inner(value, at, path).texts(path) if isinstance(value, Seq) else None
        if pair is None or len(pair) != 2:
            fields.reader.error(at, path, "expected a list of an alias and a path", 'write ["clean", "clean.py"]')
        elif pair[0][0] in pairs:
            fields.reader.error(pair[0][1], f"{path}[0]", f"the alias {quoted(pair[0][0])} is repeated")
        else:
            pairs[pair[0][0]] = pair[1][0]
    return tuple(pairs.items())


def _value(value: Value, at: At, path: str) -> object:
    return simple(value)
