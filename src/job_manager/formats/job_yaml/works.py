"""What an entry of a job.yaml runs: a module, a command, a shell text, an echo.

Knows nothing of artifacts.
"""

from __future__ import annotations

from functools import partial

from job_manager.formats.job_yaml.scope import Scope
from job_manager.formats.words import Word
from job_manager.formats.yaml_reader import Fields, is_null
from job_manager.formats.yaml_tree import At
from job_manager.model.job import Command, Echo, ModuleCall, Shell, Work

WORKS = ("module", "cmd", "shell", "echo")


def read_work(fields: Fields, scope: Scope) -> tuple[Work, list[Word]]:
    """What an entry runs, and the words of it in which names may stand; an empty command when it cannot be told."""
    there = [key for key in fields.map if key in WORKS]
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
    return _command(fields) if key == "cmd" else _shell(fields)


def _refuse_works(fields: Fields, there: list[str]) -> None:
    if not there:
        message = "an entry needs one of module:, cmd:, shell: and echo:"
        fields.reader.error(
            fields.map.at, fields.path, message, "write module: NAME, cmd: [program, argument] or shell: text"
        )
    for key in there[1:]:
        line, column = fields.key_at(there[0])
        message = (
            f'an entry has one of module, cmd, shell and echo; this one has "{there[0]}" already (at {line}:{column})'
        )
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
    return Shell(text), [Word(text, partial(say, fields, fields.at("shell"), fields.path_of("shell")))]


def say(fields: Fields, at: At, path: str, severity: str, message: str, hint: str) -> None:
    """Notes a problem of an entry at this place."""
    fields.reader.add(at, path, message, hint, severity)
