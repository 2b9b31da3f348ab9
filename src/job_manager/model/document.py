"""The canonical plain form of a job and its site: dicts, lists, text and numbers only, and back.

Keyed as `{"Job": {..., "children": [{"Task": {...}}, {"Action": {...}}]}}`; a key whose value is the default is left
out, so one job has one document and one digest whatever its language was. Knows nothing of JSON text or files.
"""

from __future__ import annotations

from typing import Any

from job_manager.model.expect import from_document, to_document
from job_manager.model.fanout import Each
from job_manager.model.job import FILE, Action, Command, Input, Job, JobInput, ModuleCall, Output, Shell, Task, Work
from job_manager.model.params import Param
from job_manager.model.site import GivenFile, Installed, Site

Document = dict[str, Any]


def _kept(**values: Any) -> Document:
    # A zero is kept: `retries: 0` says something that leaving it out does not.
    return {key: value for key, value in values.items() if value or (value == 0 and value is not False)}


def job_document(job: Job) -> Document:
    """The document of a job."""
    body = _kept(
        title=job.name,
        version=job.version,
        parallel=job.parallel,
        inputs=[_kept(name=i.artifact, param=i.param, type=i.type, kind=_kind(i.kind)) for i in job.inputs],
        params=[_param(p) for p in job.params],
    )
    return {"Job": {**body, "children": _children(job.children)}}


def _kind(kind: str | None) -> str:
    return kind if kind and kind != FILE else ""


def _param(param: Param) -> Document:
    plain = _kept(name=param.name, type=param.type, help=param.help, choices=list(param.choices))
    # Kept whenever given: an empty text is a default, and 0 a bound.
    optional = {"default": param.default, "low": param.low, "high": param.high}
    return plain | {key: value for key, value in optional.items() if value is not None}


def _children(nodes: tuple[Task | Action, ...]) -> list[Document]:
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
            body = _kept(name=node.name, title=node.title, parallel=node.parallel, when=node.when) | _needs(node)
            into.append({"Task": body | {"children": below}})
            work.append((node.children, below))
    return top


def _needs(node: Task | Action) -> Document:
    return {} if node.needs is None else {"needs": list(node.needs)}


def _read_needs(body: Document) -> tuple[str, ...] | None:
    return tuple(body["needs"]) if "needs" in body else None


def action_document(action: Action) -> Document:
    """The document of one action: its canonical text, by which a changed action is told from an unchanged one."""
    return (
        _kept(
            name=action.name,
            title=action.title,
            **_work(action.work),
            inputs=[_input(i) for i in action.inputs],
            outputs=[_output(o) for o in action.outputs],
            timeout=action.timeout,
            retries=action.retries,
            env=dict(action.env),
            params=dict(action.params),
            foreach=[_each(each) for each in action.foreach],
            when=action.when,
            cpus=action.cpus,
            memory=action.memory,
            limits=dict(action.limits),
        )
        | ({} if action.idempotent is None else {"idempotent": action.idempotent})
        | _needs(action)
    )


def _input(use: Input) -> Document:
    # Of an input the kind `file` says something that leaving it out does not.
    return _kept(name=use.artifact, param=use.param, type=use.type, kind=use.kind, optional=use.optional)


def _each(each: Each) -> Document:
    over = _kept(over=each.over, chunk=each.chunk if each.chunk > 1 else None)
    return {"key": each.key, **(over or {"values": list(each.values)})}


def _read_each(body: Document) -> Each:
    return Each(body["key"], tuple(body.get("values", ())), body.get("over", ""), body.get("chunk", 1))


def _read_input(body: Document) -> Input:
    return Input(body["name"], body.get("param"), body.get("type"), body.get("kind"), body.get("optional", False))


def _work(work: Work) -> Document:
    if isinstance(work, ModuleCall):
        return {"module": work.module}
    return {"argv": list(work.argv)} if isinstance(work, Command) else {"shell": work.text}


def _output(output: Output) -> Document:
    return _kept(
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


def read_job(document: Document) -> Job:
    """The job of a document made by `job_document`. Raises KeyError, TypeError or ValueError on anything else."""
    body = document["Job"]
    return Job(
        name=body.get("title", ""),
        children=_read_children(body["children"]),
        version=body.get("version", ""),
        inputs=tuple(
            JobInput(i["name"], i.get("param"), i.get("type"), i.get("kind", FILE)) for i in body.get("inputs", ())
        ),
        parallel=body.get("parallel", False),
        params=tuple(_read_param(p) for p in body.get("params", ())),
    )


def _read_param(body: Document) -> Param:
    choices = tuple(body.get("choices", ()))
    plain = {key: body[key] for key in ("type", "default", "help", "low", "high") if key in body}
    return Param(body["name"], **plain, choices=choices)


def _read_children(documents: list[Document]) -> tuple[Task | Action, ...]:
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
    )


def _read_action(body: Document) -> Action:
    return Action(
        name=body["name"],
        work=_read_work(body),
        inputs=tuple(_read_input(i) for i in body.get("inputs", ())),
        outputs=tuple(_read_output(o) for o in body.get("outputs", ())),
        title=body.get("title", ""),
        timeout=body.get("timeout"),
        retries=body.get("retries"),
        env=tuple(sorted(body.get("env", {}).items())),
        idempotent=body.get("idempotent"),
        needs=_read_needs(body),
        params=tuple(sorted(body.get("params", {}).items())),
        foreach=tuple(_read_each(each) for each in body.get("foreach", ())),
        when=body.get("when", ""),
        cpus=body.get("cpus"),
        memory=body.get("memory"),
        limits=tuple(sorted(body.get("limits", {}).items())),
    )


def _read_work(body: Document) -> Work:
    if "module" in body:
        return ModuleCall(body["module"])
    return Command(tuple(body["argv"])) if "argv" in body else Shell(body["shell"])


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


def site_document(site: Site) -> Document:
    """The document of a site."""
    return {
        "workdir": site.workdir,
        "store": site.store,
        **_kept(
            inputs=[[given.name, given.path, *given.identity] for given in site.inputs],
            modules=[_installed(m) for m in site.modules],
            shelves=list(site.shelves),
            python=site.python,
            slots=site.slots or None,
            loose_types=site.loose_types,
            out=site.out,
            keep_temp=site.keep_temp,
            verify=site.verify,
            split_streams=site.split_streams,
            base=site.base,
            params=dict(site.params),
            template=job_document(site.template) if site.template else None,
        ),
    }


def _installed(module: Installed) -> Document:
    plain = {name: getattr(module, name) for name in Installed.__slots__}
    plain |= {"env": dict(module.env), "optional": list(module.optional), "allow_empty": list(module.allow_empty)}
    plain["types"] = dict(module.types)
    asked = _kept(cpus=plain.pop("cpus"), memory=plain.pop("memory"), limits=dict(plain.pop("limits")))
    plain["expects"] = {param: to_document(expect) for param, expect in module.expects}
    return plain | asked


def read_site(document: Document) -> Site:
    """The site of a document made by `site_document`."""
    return Site(
        workdir=document["workdir"],
        store=document["store"],
        inputs=tuple(_read_given(*row) for row in document.get("inputs", ())),
        modules=tuple(_read_installed(m) for m in document.get("modules", ())),
        shelves=tuple(document.get("shelves", ())),
        python=document.get("python", ""),
        slots=document.get("slots", 0),
        loose_types=document.get("loose_types", False),
        out=document.get("out", ""),
        keep_temp=document.get("keep_temp", False),
        verify=document.get("verify", False),
        split_streams=document.get("split_streams", False),
        base=document.get("base", ""),
        params=tuple(sorted(document.get("params", {}).items())),
        template=read_job(document["template"]) if "template" in document else None,
    )


def _read_given(name: str, path: str, device: int, inode: int, size: int, mtime_ns: int) -> GivenFile:
    return GivenFile(name, path, (device, inode, size, mtime_ns))


def _read_installed(body: Document) -> Installed:
    env = tuple(sorted(body["env"].items()))
    types = tuple(sorted(body.get("types", {}).items()))
    limits = tuple(sorted(body.get("limits", {}).items()))
    optional, allow_empty = tuple(body["optional"]), tuple(body["allow_empty"])
    expects = tuple((param, from_document(members)) for param, members in body.get("expects", {}).items())
    read = {"env": env, "types": types, "optional": optional, "allow_empty": allow_empty, "expects": expects}
    return Installed(**{**body, **read, "limits": limits})


def digest(document: Document) -> str:
    """`sha256:` and the hex digest of the document's canonical JSON text."""
    # Imported here: `jm --help` and `jm ls` never need a digest.
    import hashlib
    import json

    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + hashlib.sha256(text.encode("ascii")).hexdigest()
