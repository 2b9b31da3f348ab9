"""A job as a Python script that builds it: `jm` reads it like any other, and Python runs it.

What an action may say is what an entry of a job.yaml may. Knows no other language.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping, Sequence

from job_manager.formats.job_yaml.works import WORKS
from job_manager.formats.job_yaml.writing import entry, job_head
from job_manager.formats.naming import default_name, names_of
from job_manager.formats.python.actions import OF_ORDER
from job_manager.formats.writing import Unsaid, too_deep
from job_manager.formats.yaml_writing import Bare, Typed, number
from job_manager.model.document import plain
from job_manager.model.hints import Any
from job_manager.model.job import (
    ALWAYS,
    ON_ERROR,
    ON_SUCCESS,
    Action,
    Command,
    Echo,
    Function,
    Job,
    ModuleCall,
    Order,
    Shell,
    Task,
)
from job_manager.model.params import number as number_text
from job_manager.model.wording import quoted

MOST_DEEP = 18  # Python takes 20 blocks in blocks
WHEN = {ON_ERROR: "_whenerror", ON_SUCCESS: "_whensuccess", ALWAYS: "_whenalways"}
SECONDS = ("_timeout", "_backoff", "_min_runtime")
LEFT = ("name", "title", "hook", "arguments", "script", "order", "modules", "log", *WORKS)  # said in another way
FILES = (".yaml", ".yml")  # a Job of that name reads such a file


def write(job: Job) -> bytes:
    """The text of the job. Raises InputError with everything that a script cannot say."""
    unsaid = Unsaid("Python")
    for task in too_deep(job, MOST_DEEP):
        unsaid.say(task, "", f"tasks nested deeper than {MOST_DEEP}", "make some of them one")
    unsaid.raise_if_any()
    lines = list(_Writer(unsaid).lines(job))
    unsaid.raise_if_any()
    return "".join(f"{line}\n" for line in lines).encode()


class _Writer:
    """One writing."""

    def __init__(self, unsaid: Unsaid) -> None:
        self.unsaid = unsaid

    def lines(self, job: Job) -> Iterator[str]:
        if job.name.endswith(FILES):
            self.unsaid.say(job, "title", f"the title {quoted(job.name)}", "Job of such a name reads that file")
        said = {key: value for key, value in job_head(job).items() if key != "name"}
        for key in ("timeout", "wait_timeout"):
            if "e" in repr(said.get(key, 0.0)):
                said[key] = number(said[key])
        if job.parallel:
            said["parallel"] = True
        yield "from job_manager import Action, Job, Task"
        yield ""
        yield from _opened("", "Job", job.name, said, " as job")
        yield from self._children(job, "    ")
        yield ""
        yield "job.run(show=True)"

    def _children(self, node: Job | Task, indent: str) -> Iterator[str]:
        if not node.children:
            yield f"{indent}pass"
        for child, (title, name) in zip(node.children, _titles(node), strict=True):
            named = {"name": name} if name else {}
            if isinstance(child, Action):
                yield f"{indent}{self._action(child, title, named)}"
                continue
            yield from _opened(indent, "Task", title, named | _of_task(child), "")
            # Recursion is bounded by MOST_DEEP.
            yield from self._children(child, f"{indent}    ")

    def _action(self, action: Action, title: str, named: Mapping[str, str]) -> str:
        body = entry(action, self.unsaid)
        work = _work(action, body)
        said = {f"_{key}": value for key, value in (*named.items(), *body.items()) if key not in LEFT or key in named}
        for key in SECONDS:
            if "e" in repr(said.get(key, 0.0)):
                said[key] = number(said[key])  # a duration has no exponent
        if action.retries is None and not isinstance(action.work, ModuleCall):
            said["_retries"] = 0  # mass's own number is another
        hook = {WHEN[action.hook]: True} if action.hook else {}
        return f"Action({', '.join(_arguments({**work, **({'_title': title} if title else {}), **hook, **said}))})"


def _work(action: Action, body: Mapping[str, Any]) -> dict[str, Any]:
    """body: the keys of its entry."""
    work = action.work
    if isinstance(work, Function):
        return _function(work)
    if isinstance(work, ModuleCall):
        return {"_role": "module", "_module": work.module}
    if isinstance(work, Command):
        return {"cmd": list(work.argv), "_role": "cmd"}
    if isinstance(work, Order):
        return {"_role": "order", **{key: body[key] for key in OF_ORDER if key in body}}
    texts = {Shell: "cmd", Echo: "input"}
    return {texts[type(work)]: work.text, "_role": action.role}


def _function(work: Function) -> dict[str, Any]:
    arguments: dict[str, Any] = plain(work.arguments)
    # Words that begin with `_` say how it is run, and None says nothing.
    apart = {name: Typed(value) for name, value in arguments.items() if name.startswith("_") or value is None}
    said = {name: value for name, value in arguments.items() if name not in apart}
    return {"_role": work.role, **said, **_said(_arguments=apart, _script=work.script)}


def _said(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}


def _titles(node: Job | Task) -> list[tuple[str, str]]:
    """What each child is to be called so that its name comes of it, and the name where it does not; an action may be
    called by what it does."""
    full = [(child.title or child.name, _default(child)) for child in node.children]
    short = [
        ("" if isinstance(child, Action) and not child.title else title, default)
        for child, (title, default) in zip(node.children, full, strict=True)
    ]
    meant = [(child.name, child.title) for child in node.children]
    for wanted in (short, full):
        if names_of(wanted, "task") == meant:
            return [(title, "") for title, _ in wanted]
    return [(child.title or child.name, child.name) for child in node.children]


def _of_task(task: Task) -> dict[str, Any]:
    said: dict[str, Any] = {"parallel": True} if task.parallel else {}
    if task.needs is not None:
        said["needs"] = list(task.needs)
    if task.when:
        said["when"] = task.when
    if task.wishes:
        said["wishes"] = dict(task.wishes)
    return said | ({} if task.priority is None else {"priority": Bare(number_text(task.priority))})


def _default(child: Task | Action) -> str:
    return default_name(child.work) if isinstance(child, Action) else "task"


def _opened(indent: str, kind: str, title: str, said: Mapping[str, Any], name: str) -> Iterator[str]:
    yield f"{indent}with {kind}({', '.join([repr(title), *_arguments(said)])}){name}:"


def _arguments(said: Mapping[str, Any]) -> Iterator[str]:
    odd = {key: value for key, value in said.items() if not key.isidentifier() or keyword.iskeyword(key)}
    for key, value in said.items():
        if key not in odd:
            yield f"{key}={_literal(value)}"
    if odd:
        yield f"**{_literal(odd)}"


def _literal(value: Any) -> str:
    """A value as Python writes it."""
    if isinstance(value, Bare):
        return value.text if _is_number(value.text) else repr(value.text)
    if isinstance(value, Typed):
        return repr(value.value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {_literal(member)}' for key, member in value.items())}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
