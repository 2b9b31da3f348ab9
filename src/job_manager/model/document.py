"""The canonical plain form of a job: dicts, lists, text and numbers only, and back.

Keyed as `{"Job": {..., "children": [{"Task": {...}}, {"Action": {...}}]}}`; a key whose value is the default is left
out, so one job has one document and one digest whatever its language was. Knows nothing of JSON text or files.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from job_manager.model.expect import from_document, to_document
from job_manager.model.fanout import Each
from job_manager.model.hints import Any
from job_manager.model.job import (
    FILE,
    Action,
    Argument,
    Call,
    Command,
    Echo,
    Function,
    Input,
    Job,
    JobInput,
    ModuleCall,
    Order,
    Output,
    Pairs,
    Shell,
    Stuck,
    Task,
    Work,
    plain_action,
)
from job_manager.model.params import Param
from job_manager.model.secret import env_document, read_env

Document = dict[str, Any]


class JobDocument(Document):
    """A document that still knows the job it was made of, for whoever has need of both. Never changed."""

    __slots__ = ("job",)

    def __init__(self, job: Job, content: Document) -> None:
        super().__init__(content)
        self.job = job


def kept(**values: Any) -> Document:
    """Those of the values that say something."""
    # A zero is kept: `retries: 0` says something that leaving it out does not.
    return {key: value for key, value in values.items() if value or (value == 0 and value is not False)}


def job_document(job: Job) -> JobDocument:
    """The document of a job."""
    body = kept(
        title=job.name,
        version=job.version,
        parallel=job.parallel,
        inputs=[kept(name=i.artifact, param=i.param, type=i.type, kind=_kind(i.kind)) for i in job.inputs],
        params=[_param(p) for p in job.params],
        priority=job.priority,
        paused=job.paused,
        after=job.after,
        max_active=job.max_active,
        timeout=job.timeout,
        wait_timeout=job.wait_timeout,
        dirmaps=[list(row) for row in job.dirmaps],
        wishes=dict(job.wishes),
    )
    return JobDocument(job, {"Job": {**body, "children": children_document(job.children)}})


def _kind(kind: str | None) -> str:
    return kind if kind and kind != FILE else ""


def _param(param: Param) -> Document:
    plain = kept(name=param.name, type=param.type, help=param.help, choices=list(param.choices))
    # Kept whenever given: an empty text is a default, and 0 a bound.
    optional = {"default": param.default, "low": param.low, "high": param.high}
    return plain | {key: value for key, value in optional.items() if value is not None}


def children_document(nodes: tuple[Task | Action, ...]) -> list[Document]:
    """The documents of a job's or task's children."""
    # Iterative: a job may be nested deeper than Python's stack.
    top: list[Document] = []
    work = [(nodes, top)]
    while work:
        members, into = work.pop()
        for node in members:
            if isinstance(node, Action):
                into.append({"Action": action_document(node)})
                continue
            below: list[Document] = []
            into.append({"Task": {**_task_document(node), "children": below}})
            work.append((node.children, below))
    return top


_beside_task = attrgetter("title", "needs", "when", "priority", "wishes")
_PLAIN_TASK = _beside_task(Task(""))


def _task_document(task: Task) -> Document:
    if _beside_task(task) == _PLAIN_TASK and task.name:  # one of many, which says little
        return {"name": task.name, "parallel": True} if task.parallel else {"name": task.name}
    return kept(
        name=task.name,
        title=task.title,
        parallel=task.parallel,
        when=task.when,
        priority=task.priority,
        wishes=dict(task.wishes),
    ) | _needs(task)


def _needs(node: Task | Action) -> Document:
    return {} if node.needs is None else {"needs": list(node.needs)}


def _read_needs(body: Document) -> tuple[str, ...] | None:
    return tuple(body["needs"]) if "needs" in body else None


_SAID_BESIDE = [name for name in Action.__match_args__ if name not in ("name", "title", "work", "retries", "place")]
_beside = attrgetter(*_SAID_BESIDE)
_NOTHING = _beside(Action("", Command(())))
PLAIN_KEYS = frozenset({"name", "title", "argv", "shell", "retries"})
# What is said of an action in one plain value, under its own name.
SIMPLE = frozenset("when timeout cpus memory hook min_runtime priority expand workdir backoff idempotent".split())
EASY_KEYS = PLAIN_KEYS | SIMPLE | {"module", "inputs", "outputs"}


def action_document(action: Action) -> Document:
    """The document of one action: its canonical text, by which a changed action is told from an unchanged one."""
    more = _more(action)  # the many of a big job say little: few questions
    if more.keys() <= SIMPLE:
        plain = {"name": action.name} if action.name else {}
        if action.title:
            plain["title"] = action.title
        plain |= _work(action.work)
        plain |= more
        return plain if action.retries is None else plain | {"retries": action.retries}
    return (
        kept(name=action.name, title=action.title)
        | _work(action.work)  # also an empty text, or a function without arguments, says what it is
        | kept(
            inputs=[_input(i) for i in action.inputs],
            outputs=[_output(o) for o in action.outputs],
            timeout=action.timeout,
            retries=action.retries,
            env=env_document(action.env),
            params=dict(action.params),
            foreach=[_each(each) for each in action.foreach],
            when=action.when,
            cpus=action.cpus,
            memory=action.memory,
            limits=dict(action.limits),
            hook=action.hook,
            retry_on=list(action.retry_on),
            backoff=action.backoff,
            min_runtime=action.min_runtime,
            stuck=action.stuck and kept(after=action.stuck.after, kill=action.stuck.kill),
            priority=action.priority,
            tags=list(action.tags),
            expand=action.expand,
            workdir=action.workdir,
            wishes=dict(action.wishes),
        )
        | ({} if action.idempotent is None else {"idempotent": action.idempotent})
        | _needs(action)
    )


def _more(action: Action) -> Document:
    """What is said of an action beside what every action says, by the names of the fields."""
    values = _beside(action)
    if values == _NOTHING:
        return {}
    usual = zip(_SAID_BESIDE, values, _NOTHING, strict=True)
    return {name: value for name, value, nothing in usual if value is not nothing and value != nothing}


def _input(use: Input) -> Document:
    # Of an input the kind `file` says something that leaving it out does not.
    return kept(name=use.artifact, param=use.param, type=use.type, kind=use.kind, optional=use.optional)


def _each(each: Each) -> Document:
    over = kept(over=each.over, chunk=each.chunk if each.chunk > 1 else None)
    return {"key": each.key, **(over or {"values": list(each.values)})}


def _read_each(body: Document) -> Each:
    return Each(body["key"], tuple(body.get("values", ())), body.get("over", ""), body.get("chunk", 1))


def _read_input(body: Document) -> Input:
    return Input(body["name"], body.get("param"), body.get("type"), body.get("kind"), body.get("optional", False))


def _work(work: Work) -> Document:
    if isinstance(work, ModuleCall):
        return {"module": work.module}
    if isinstance(work, Command):
        return {"argv": list(work.argv), **kept(percent=work.percent)}
    if isinstance(work, Shell):
        return {"shell": work.text}
    if isinstance(work, Echo):
        return {"echo": work.text}
    return order_document(work) if isinstance(work, Order) else _function(work)


def _function(work: Function) -> Document:
    return {"role": work.role, "arguments": plain(work.arguments), **kept(script=work.script)}


def order_document(order: Order) -> Document:
    """The document of an order: its modules and its calls."""
    calls = [_call(call) for call in order.calls]
    return {"order": calls, "modules": [list(pair) for pair in order.modules], **kept(log=order.log)}


def _call(call: Call) -> Document:
    return kept(
        module=call.module,
        function=call.function,
        inputs=[_argument(argument) for argument in call.inputs],
        outputs=list(call.outputs),
        declares=[_argument(argument) for argument in call.declares],
        log=call.log,
    )


def _argument(argument: Argument) -> Document:
    # A value may be null, which is not the same as none.
    return {"name": argument.name, **({"value": plain(argument.value)} if argument.value else {})}


def plain(text: str) -> Any:
    """The value of a JSON text."""
    import json

    return json.loads(text)


def canonical(value: Any) -> str:
    """The one JSON text of a value."""
    import json

    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _output(output: Output) -> Document:
    return kept(
        name=output.artifact,
        param=output.param,
        type=output.type,
        public=output.public,
        optional=output.optional,
        allow_empty=output.allow_empty,
        kind=_kind(output.kind),
        glob=output.glob,
        group=output.group,
        expect=to_document(output.expect),
    )


def job_of(document: Document) -> Job:
    """The job of a document: that which it was made of in this process, else what `read_job` makes of it."""
    return document.job if isinstance(document, JobDocument) else read_job(document)


def read_job(document: Document) -> Job:
    """The job of a document made by `job_document`. Raises KeyError, TypeError or ValueError on anything else."""
    body = document["Job"]
    return Job(
        name=body.get("title", ""),
        children=read_children(body["children"]),
        version=body.get("version", ""),
        inputs=tuple(
            JobInput(i["name"], i.get("param"), i.get("type"), i.get("kind", FILE)) for i in body.get("inputs", ())
        ),
        parallel=body.get("parallel", False),
        params=tuple(_read_param(p) for p in body.get("params", ())),
        priority=body.get("priority"),
        paused=body.get("paused", False),
        after=body.get("after", ""),
        max_active=body.get("max_active"),
        timeout=body.get("timeout"),
        wait_timeout=body.get("wait_timeout"),
        dirmaps=tuple((source, target, zone) for source, target, zone in body.get("dirmaps", ())),
        wishes=_pairs(body, "wishes"),
    )


def _pairs(body: Document, key: str) -> Pairs:
    return tuple(sorted(body.get(key, {}).items()))


def _read_param(body: Document) -> Param:
    choices = tuple(body.get("choices", ()))
    plain = {key: body[key] for key in ("type", "default", "help", "low", "high") if key in body}
    return Param(body["name"], **plain, choices=choices)


def read_children(documents: Sequence[Document]) -> tuple[Task | Action, ...]:
    """The children of documents made by `children_document`."""
    # Post-order without recursion: a task is made when its last child has been.
    done: list[list[Task | Action]] = [[]]
    work: list[Any] = [iter(documents)]
    open_tasks: list[Document] = []
    while work:
        document = next(work[-1], None)
        if document is None:
            work.pop()
            if open_tasks:
                done[-2].append(_read_task(open_tasks.pop(), tuple(done.pop())))
        elif "Action" in document:
            done[-1].append(_read_action(document["Action"]))
        else:
            open_tasks.append(document["Task"])
            work.append(iter(document["Task"]["children"]))
            done.append([])
    return tuple(done[0])


def _read_task(body: Document, children: tuple[Task | Action, ...]) -> Task:
    return Task(
        body.get("name", ""),
        children,
        body.get("parallel", False),
        body.get("title", ""),
        _read_needs(body),
        body.get("when", ""),
        body.get("priority"),
        _pairs(body, "wishes"),
    )


def _read_action(body: Document) -> Action:
    if body.keys() <= PLAIN_KEYS and ("argv" in body) is not ("shell" in body):
        plain = Command(tuple(body["argv"])) if "argv" in body else Shell(body["shell"])
        return plain_action(body["name"], plain, body.get("title", ""), None, body.get("retries"))
    work = _read_work(body)
    inputs = tuple([_read_input(use) for use in body.get("inputs", ())])
    outputs = tuple([_read_output(use) for use in body.get("outputs", ())])
    if body.keys() <= EASY_KEYS:
        more = {name: body[name] for name in SIMPLE.intersection(body)}
        return plain_action(body["name"], work, body.get("title", ""), None, body.get("retries"), inputs, outputs, more)
    return Action(
        name=body["name"],
        work=work,
        inputs=inputs,
        outputs=outputs,
        title=body.get("title", ""),
        timeout=body.get("timeout"),
        retries=body.get("retries"),
        env=read_env(body.get("env", {})),
        idempotent=body.get("idempotent"),
        needs=_read_needs(body),
        params=_pairs(body, "params"),
        foreach=tuple(_read_each(each) for each in body.get("foreach", ())),
        when=body.get("when", ""),
        cpus=body.get("cpus"),
        memory=body.get("memory"),
        limits=tuple(sorted(body.get("limits", {}).items())),
        hook=body.get("hook", ""),
        retry_on=tuple(body.get("retry_on", ())),
        min_runtime=body.get("min_runtime"),
        backoff=body.get("backoff"),
        stuck=Stuck(**body["stuck"]) if "stuck" in body else None,
        priority=body.get("priority"),
        tags=tuple(body.get("tags", ())),
        expand=body.get("expand", False),
        workdir=body.get("workdir", ""),
        wishes=_pairs(body, "wishes"),
    )


def _read_work(body: Document) -> Work:
    if "module" in body and "order" not in body:
        return ModuleCall(body["module"])
    if "argv" in body:
        return Command(tuple(body["argv"]), body.get("percent", False))
    if "shell" in body:
        return Shell(body["shell"])
    if "echo" in body:
        return Echo(body["echo"])
    if "order" in body:
        modules = tuple((alias, path) for alias, path in body["modules"])
        return Order(modules, tuple(map(_read_call, body["order"])), body.get("log", ""))
    return Function(body["role"], canonical(body["arguments"]), body.get("script", ""))


def _read_call(body: Document) -> Call:
    return Call(
        body.get("module", ""),
        body.get("function", ""),
        tuple(map(_read_argument, body.get("inputs", ()))),
        tuple(body.get("outputs", ())),
        tuple(map(_read_argument, body.get("declares", ()))),
        body.get("log", ""),
    )


def _read_argument(body: Document) -> Argument:
    return Argument(body["name"], canonical(body["value"]) if "value" in body else "")


def _read_output(body: Document) -> Output:
    return Output(
        body["name"],
        body.get("param"),
        body.get("type"),
        body.get("public", False),
        body.get("optional", False),
        body.get("allow_empty", False),
        body.get("kind", FILE),
        body.get("glob", ""),
        body.get("group", ""),
        from_document(body.get("expect", {})),
    )


def digest(document: Document) -> str:
    """`sha256:` and the hex digest of the document's canonical JSON text."""
    # Imported here: `jm --help` and `jm ls` never need a digest.
    import hashlib

    return "sha256:" + hashlib.sha256(canonical(document).encode("ascii")).hexdigest()
