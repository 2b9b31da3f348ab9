"""mass's form of a JSON job, as its README writes it and as its code needs it.

Keys that begin with _ say how an action is run, the others are what it is run with. Knows nothing of our own form.
Rules: reference seed-systems M1-M8, D26-D33.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from job_manager.formats.job_yaml.entries import Entry, look_at_words
from job_manager.formats.job_yaml.scope import Scope
from job_manager.formats.json.canonical import FORMAT, OWN_KEYS
from job_manager.formats.json.fields import JsonReader, Strict, found, is_text, say
from job_manager.formats.json.nodes import Member, Node, in_order, members
from job_manager.formats.json_reader import simple
from job_manager.formats.naming import default_name, names_of
from job_manager.formats.wording import suggestion
from job_manager.formats.words import Word
from job_manager.formats.yaml_reader import is_null
from job_manager.formats.yaml_tree import Seq
from job_manager.model.document import canonical
from job_manager.model.hints import Any
from job_manager.model.job import ON_ERROR, Action, Command, Echo, Function, Job, Shell, Task, Work, plain_action
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

GROUP_KEYS = ("title", "parallel", "serialsubtasks", "children")
CONTROL_KEYS = ("_role", "_whenerror")
TEXT_KEYS = ("input", "msg", "cmd")
RETRIES = 2  # what mass does with an action that fails
SHORT = 1000  # characters of a text in which there is nothing to look at but names
BUILT_IN = ("echo", "cmd", "shell")
USE_FORMAT = f'job_manager\'s own keys need "format": "{FORMAT}" beside "Job"'
GROUP_MEANT = dict.fromkeys(OWN_KEYS, USE_FORMAT) | {
    "serial": 'did you mean "serialsubtasks"?',
    "name": 'did you mean "title"?',
    "subtasks": 'did you mean "children"?',
    "tasks": 'did you mean "children"?',
}
PROGRAM = re.compile(r"[a-z0-9_.~/][\w.+/~-]*\Z")
PROGRAMS = frozenset(
    "awk bash cat cd chmod convert cp curl cut echo ffmpeg ffprobe find git grep gzip java ln ls make mkdir mv node "
    "perl pip python python3 rm rsync ruby scp sed sh sleep sort ssh tar touch unzip wget youtube-dl zip".split()
)


class Mass:
    """The reading of one file. `silent`: places of nodes of several children that do not say their order."""

    def __init__(self, scope: Scope, reader: JsonReader) -> None:
        self.scope = scope
        self.reader = reader
        self.silent: list[tuple[Strict, str]] = []

    def job(self, fields: Strict) -> Job:
        """The job of what is said of it, without its title's default."""
        children = self._children(fields, "job")
        place = self.scope.place(fields.map.at, fields.path)
        return Job(
            fields.text("title") or "", children, parallel=_parallel(fields), source=self.scope.file, place=place
        )

    def note_order(self) -> None:
        """Says once that it was not said in which order children run, and which it is then."""
        if not self.silent:
            return
        fields, title = self.silent[0]
        others = f", nor of {len(self.silent) - 1:,} more" if len(self.silent) > 1 else ""
        message = f"nothing is said of the order in {quoted(title)}{others}: one after another, as mass has it"
        hint = '"parallel": true runs them at once, "parallel": false says it'
        self.reader.note(fields.map.at, fields.path, message, hint)

    def _children(self, fields: Strict, title: str) -> tuple[Node, ...]:
        read = [half for member in members(fields, self.reader) if (half := self._half(member)) is not None]
        said = [key for key in ("parallel", "serialsubtasks") if not is_null(fields.map.get(key, ""))]
        if len(read) > 1 and not [key for key in said if key in fields.map]:
            self.silent.append((fields, fields.text("title") or title))
        read.sort(key=lambda half: half.hook)  # stable: hooks stand last
        names = names_of([(half.title, half.default) for half in read], "task")
        return in_order(self._whole(half, *name) for half, name in zip(read, names, strict=True))

    def _half(self, member: Member) -> Half | None:
        if member.kind == "Action":
            return read_action(member, self.scope, self.reader)
        fields = self.reader.fields(member.body, member.at, member.path, GROUP_KEYS, (), GROUP_MEANT)
        if fields is None:
            return None
        title = fields.text("title") or ""
        # Recursion is bounded by how deep a JSON text may be nested.
        task = Task("", self._children(fields, "task"), _parallel(fields))
        return Half(title, "task", task, member)

    def _whole(self, half: Half, name: str, title: str) -> Node:
        place = self.scope.place(half.member.at, half.member.path)
        if isinstance(half.made, Task):
            return Task(name, half.made.children, half.made.parallel, title, place=place)
        if half.hook:
            return Action(name, half.made, title=title, retries=RETRIES, hook=ON_ERROR, place=place)
        return plain_action(name, half.made, title, place, RETRIES)


class Half(NamedTuple):
    """A node without a name: its title, what to call it otherwise, the task or the work, and where it stands."""

    title: str
    default: str
    made: Task | Work
    member: Member
    hook: bool = False


def _parallel(fields: Strict) -> bool:
    parallel, serial = fields.flag("parallel"), fields.flag("serialsubtasks")
    if parallel is not None and parallel is serial:
        word = "true" if parallel else "false"
        message = f'"parallel": {word} and "serialsubtasks": {word} contradict each other'
        fields.wrong("serialsubtasks", message, "keep one of them")
    return parallel if parallel is not None else serial is False


# --- actions ----------------------------------------------------------------------------------------------------------


def read_action(member: Member, scope: Scope, reader: JsonReader) -> Half:
    """An action with everything but its name."""
    fields = Strict(member.body, member.path, reader)
    _look_at_control(fields)
    role = _role(fields)
    arguments = {key: value for key, value in fields.map.items() if not key.startswith("_")}
    hook = bool(fields.flag("_whenerror"))
    if role and role not in BUILT_IN:
        work: Work = Function(role, canonical({key: simple(value) for key, value in arguments.items()}))
        return Half("", role, work, member, hook)
    work = _work(fields, role, arguments)
    _look_at_words(fields, work, member, scope)
    return Half(fields.text("title") or "", default_name(work), work, member, hook)


def _role(fields: Strict) -> str | None:
    """The role that is named; that of texts for what is no role."""
    role = fields.text("_role")
    if role is not None and not role.strip():
        fields.wrong("_role", "the role is empty", "leave it out, and the action prints its text")
    named = "_role" in fields.map and not is_null(fields.map["_role"])
    return "echo" if named and not (role or "").strip() else role


def _look_at_control(fields: Strict) -> None:
    for key in fields.map:
        if key.startswith("_") and key not in CONTROL_KEYS:
            near = suggestion(key, CONTROL_KEYS) or f"known here: {', '.join(CONTROL_KEYS)}"
            message = f"unknown key {quoted(key)}: what begins with _ says how an action is run"
            fields.reader.error(fields.key_at(key), fields.path_of(key), message, near)
    if "children" in fields.map:
        fields.wrong("children", "an action has no children", "make it a Task")


def _work(fields: Strict, role: str | None, arguments: Mapping[str, Any]) -> Work:
    """What an action whose role is built in does."""
    there = [key for key in TEXT_KEYS if key in arguments]
    plain = [key for key in arguments if key not in ("title", "children")]
    if role is None and (not there or there == plain == ["cmd"]):
        return _as_call(fields, plain)
    for key in plain:
        if key not in TEXT_KEYS:
            hint = USE_FORMAT if key in OWN_KEYS else suggestion(key, TEXT_KEYS) or "known here: input, msg, cmd, title"
            fields.reader.error(fields.key_at(key), fields.path_of(key), f"unknown key {quoted(key)}", hint)
    if not there:
        hint = 'write "cmd": "make all"' if role != "echo" else 'write "input": "text"'
        fields.reader.error(fields.map.at, fields.path, "the action says nothing to do", hint)
        return Echo("")
    for key in there[1:]:
        message = f"{quoted(there[0])} and {quoted(key)} both say what to do"
        fields.reader.error(fields.key_at(key), fields.path_of(key), message, "keep one of them")
    return _of_text(fields, there[0], role)


def _of_text(fields: Strict, key: str, role: str | None) -> Work:
    value = fields.map[key]
    if isinstance(value, Seq) and role == "cmd":
        words = tuple(text for text, _ in fields.texts(key) or ())
        if not words or not words[0].strip():
            fields.wrong(key, "the command is empty", 'write ["program", "argument"]')
        return Command(words or ("?",))
    if not is_text(value):
        wanted = "text, or a list of the program and its arguments" if role == "cmd" else "text"
        hint = 'a list needs "_role": "cmd"' if isinstance(value, Seq) else ""
        fields.wrong(key, f"expected {wanted}, found {found(value)}", hint)
        return Echo("")
    if role in ("cmd", "shell"):
        if not str(value).strip():
            fields.wrong(key, "the shell text is empty")
        return Shell(str(value))
    if role is None and _looks_like_a_command(str(value)):
        message = "this looks like a command, and is printed: that is what an action without a role does"
        fields.reader.warn(fields.at(key), fields.path_of(key), message, 'to run it write "_role": "shell" beside it')
    return Echo(str(value))


def _as_call(fields: Strict, keys: list[str]) -> Work:
    """What mass prints of an action that has no role and not one text."""
    own = [key for key in keys if key in OWN_KEYS]
    hint = USE_FORMAT if own else 'say which: "_role": "shell", or a role of your own'
    message = "the action names no role: its arguments are printed"
    fields.reader.warn(fields.map.at, fields.path, message, hint)
    return Echo(f"Action({', '.join(f'{key}={simple(fields.map[key])!r}' for key in keys)})")


def _looks_like_a_command(text: str) -> bool:
    words = text.split()
    if not words or not PROGRAM.match(words[0]):
        return False
    return words[0].rsplit("/", 1)[-1] in PROGRAMS or any(re.match(r"--?[A-Za-z]", word) for word in words[1:])


def _look_at_words(fields: Strict, work: Work, member: Member, scope: Scope) -> None:
    if isinstance(work, Shell) and len(work.text) < SHORT and "{" not in work.text:
        return  # nothing is to be said of a short text without names: a big job has a hundred thousand of these
    key = next((key for key in TEXT_KEYS if key in fields.map), "cmd")
    texts = work.argv if isinstance(work, Command) else (work.text,) if isinstance(work, Shell) else ()
    path = fields.path_of(key)
    words = [Word(text, say(fields.reader, fields.at(key), path)) for text in texts]
    if words:
        look_at_words(Entry(fields, member.at, work, words), (), (), [], (), scope, key)
