"""Our own form of a JSON job: everything that the model can say, under the keys of `model.document`.

Knows nothing of mass's form. A file in this form says so: "format" beside "Job".
"""

from __future__ import annotations

from job_manager.formats.conditions import EXAMPLE, fault
from job_manager.formats.job_yaml import more
from job_manager.formats.job_yaml.entries import MOST_RETRIES
from job_manager.formats.job_yaml.scope import Scope
from job_manager.formats.json.artifacts import read_inputs, read_job_inputs, read_outputs
from job_manager.formats.json.fields import JsonReader, Strict
from job_manager.formats.json.nodes import Member, Node, in_order, members
from job_manager.formats.json.params import read_foreach, read_params
from job_manager.formats.json.works import WORK_KEYS, look_at_work, read_work
from job_manager.formats.stuck import read_stuck, spread
from job_manager.formats.wording import suggestion
from job_manager.formats.yaml_reader import is_null
from job_manager.formats.yaml_tree import At
from job_manager.model import names
from job_manager.model.job import HOOKS, Action, Job, ModuleCall, Task, usual_retries
from job_manager.model.need import MOST_CPUS, MOST_OF_A_LIMIT, limit_name
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

FORMAT = "job_manager/1"
JOB_KEYS = (
    *("title", "version", "parallel", "inputs", "params", "priority", "paused", "after", "max_active", "dirmaps"),
    *("timeout", "wait_timeout", "wishes", "stuck", "children"),
)
TASK_KEYS = ("name", "title", "parallel", "needs", "when", "priority", "wishes", "stuck", "children")
ACTION_KEYS = (
    *("name", "title", *WORK_KEYS, "inputs", "outputs", "timeout", "retries", "env", "params", "foreach", "when"),
    *("cpus", "memory", "limits", "hook", "retry_on", "min_runtime", "priority", "tags", "expand", "workdir"),
    *("backoff", "wishes", "idempotent", "needs", "stuck"),
)
OWN_KEYS = frozenset((*JOB_KEYS, *TASK_KEYS, *ACTION_KEYS)) - {"title", "parallel", "children"}
MASS = f'that is mass\'s form, of files without "format": "{FORMAT}"'
_SERIAL = 'write "parallel": false, or leave it out'
JOB_MEANT = {
    "serialsubtasks": _SERIAL,
    "title": 'write "title": "my job"',
    "children": 'write "children": [...] with tasks and actions',
    "hooks": 'a hook is an Action among the children, with "hook": "error", "success" or "always"',
}
TASK_MEANT = JOB_MEANT | {"hook": "an Action is a hook, a Task is none", "title": ""}
MEANT = {
    "cmd": 'did you mean "argv" (a list of words) or "shell" (a text)?',
    **dict.fromkeys(("_role", "_whenerror", "input", "msg"), MASS),
    "children": "an action has no children: make it a Task",
}
LONGEST_TITLE = 128


class Canonical:
    """The reading of one file."""

    def __init__(self, scope: Scope, reader: JsonReader) -> None:
        self.scope = scope
        self.reader = reader

    def job(self, fields: Strict) -> Job:
        """The job of what is said of it."""
        scope = self.scope
        scope.params = read_params(fields)
        inputs = read_job_inputs(fields, scope)
        scope.see(inputs)
        return Job(
            name=fields.text("title") or "",
            children=spread(self._children(fields), fields),
            version=fields.text("version") or "",
            inputs=inputs,
            parallel=bool(fields.flag("parallel")),
            params=scope.params,
            priority=fields.number("priority"),
            paused=bool(fields.flag("paused")),
            after=more.read_after(fields),
            max_active=fields.integer("max_active", 1, more.MOST_ACTIVE),
            timeout=fields.duration("timeout"),
            wait_timeout=fields.duration("wait_timeout"),
            dirmaps=_dirmaps(fields),
            wishes=more.read_wishes(fields),
            source=scope.file,
            place=scope.place(fields.map.at, fields.path),
        )

    def _children(self, fields: Strict) -> tuple[Node, ...]:
        taken: dict[str, At] = {}
        read = [self._node(member, taken) for member in members(fields, self.reader)]
        found = in_order(node for node in read if node is not None)
        for node in found:
            if isinstance(node, Action):
                self.scope.see(node.outputs)
        return found

    def _node(self, member: Member, taken: dict[str, At]) -> Node | None:
        task = member.kind == "Task"
        keys, required = (TASK_KEYS, ("name", "children")) if task else (ACTION_KEYS, ("name",))
        fields = self.reader.fields(member.body, member.at, member.path, keys, required, TASK_MEANT if task else MEANT)
        if fields is None:
            return None
        name, title = _named(fields, taken)
        return self._task(fields, name, title, member) if task else self._action(fields, name, title, member)

    def _task(self, fields: Strict, name: str, title: str, member: Member) -> Task:
        # Recursion is bounded by how deep a JSON text may be nested.
        return Task(
            name,
            spread(self._children(fields), fields),
            bool(fields.flag("parallel")),
            title,
            _needs(fields),
            _when(fields),
            fields.number("priority"),
            more.read_wishes(fields),
            self.scope.place(member.at, member.path),
        )

    def _action(self, fields: Strict, name: str, title: str, member: Member) -> Action:
        read = read_work(fields)
        hook = _hook(fields)
        called = isinstance(read.work, ModuleCall)
        action = Action(
            name=name,
            work=read.work,
            inputs=read_inputs(fields, called, self.scope),
            outputs=read_outputs(fields, called, self.scope),
            title=title,
            timeout=fields.duration("timeout"),
            retries=usual_retries(read.work, fields.integer("retries", 0, MOST_RETRIES)),
            env=fields.env("env"),
            idempotent=fields.flag("idempotent"),
            params=fields.named_texts("params", names.param_name),
            needs=None if hook else _needs(fields),
            foreach=() if hook else read_foreach(fields),
            when=_when(fields),
            cpus=fields.integer("cpus", 1, MOST_CPUS),
            memory=fields.size("memory"),
            limits=fields.counts("limits", MOST_OF_A_LIMIT, limit_name),
            hook=hook,
            retry_on=more.read_retry_on(fields),
            backoff=fields.duration("backoff"),
            min_runtime=fields.duration("min_runtime"),
            stuck=read_stuck(fields),
            priority=fields.number("priority"),
            tags=more.read_tags(fields),
            expand=more.read_expand(fields, hook),
            workdir=more.read_workdir(fields),
            wishes=more.read_wishes(fields),
            place=self.scope.place(member.at, member.path),
        )
        look_at_work(fields, read, action, self.scope)
        return action


class Named(NamedTuple):
    """The name and the title of a node; no title is said that is the name."""

    name: str
    title: str


def _named(fields: Strict, taken: dict[str, At]) -> Named:
    name, title = fields.text("name") or "", fields.text("title") or ""
    reason = names.artifact_name(name) if "name" in fields.map and fields.text("name") is not None else None
    if reason:
        fields.wrong("name", f"{reason}; names are part of paths", 'put it under "title", and a plain name here')
    elif name:
        first = taken.setdefault(names.folded(name), fields.at("name"))
        if first != fields.at("name"):
            message = f"the name {quoted(name)} is repeated; it is first used at {first[0]}:{first[1]}"
            fields.wrong("name", message, "no two are alike beside each other")
    return Named(name, "" if title == name else title)


def _needs(fields: Strict) -> tuple[str, ...] | None:
    texts = fields.texts("needs")
    return None if texts is None else tuple(text for text, _ in texts)


def _when(fields: Strict) -> str:
    text = fields.text("when") or ""
    wrong = fault(text) if text else ""
    if wrong:
        fields.wrong("when", wrong, EXAMPLE)
    return "" if wrong else text


def _hook(fields: Strict) -> str:
    hook = fields.text("hook")
    if hook is None:
        return ""
    if hook not in HOOKS:
        fields.wrong("hook", f"expected one of {', '.join(HOOKS)}, found {quoted(hook)}", suggestion(hook, HOOKS))
        return ""
    more.refuse_beside_hook(fields)
    return hook


def _dirmaps(fields: Strict) -> tuple[tuple[str, str, str], ...]:
    """Rows of from, to and zone."""
    rows = []
    for _, value, at, path in fields.items("dirmaps"):
        row = fields.inner(value, at, path).texts(path) if isinstance(value, list) else None
        if row is None or len(row) != 3:
            message = "expected a list of three texts: from, to and the zone"
            fields.reader.error(at, path, message, 'write ["/from", "/to", "NFS"]')
        else:
            rows.append((row[0][0], row[1][0], row[2][0]))
    return tuple(rows)


def is_said(fields: Strict, key: str) -> bool:
    """Whether there is a value under the key."""
    return key in fields.map and not is_null(fields.map[key])
