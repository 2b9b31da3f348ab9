"""What a job would do, before it does: order, programs, argv and files, as plain values with stable keys.

Uses the worker's own functions, so that the plan is what will happen. Starts nothing, makes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain, islice

from job_manager.app.describing import param_document
from job_manager.app.home import Home
from job_manager.app.loading import Loaded
from job_manager.artifacts.outputs import declared
from job_manager.core import policy
from job_manager.core.fans import shape_of
from job_manager.core.parts import Fan
from job_manager.core.state import JobState
from job_manager.model.fanout import Each
from job_manager.model.hints import Any
from job_manager.model.job import FILES, Action, JobInput, ModuleCall, Output, Task
from job_manager.model.members import Members
from job_manager.model.params import Param
from job_manager.model.record import replace
from job_manager.model.secret import env_document
from job_manager.model.site import GivenFile, Site
from job_manager.model.survey import survey
from job_manager.worker.brief import Brief, Briefing, Reads, directory, list_files, paths, signs
from job_manager.worker.command import argv, display
from job_manager.worker.layout import layout_of

Document = dict[str, Any]
ID = "ID"  # stands for the id that the job will have
UNKNOWN = "EACH"  # stands for the name of a file that nobody has made yet


def steps(loaded: Loaded) -> int:
    """How many children the job has: the steps of a job.yaml."""
    return sum(1 for child in loaded.job.children if not getattr(child, "hook", ""))


def size(loaded: Loaded) -> int:
    """How many actions the job has, as far as can be known."""
    found = survey(loaded.job)
    if not any(action.foreach for _, action in found.actions):
        return found.size
    shape = shape_of(loaded.job, loaded.site)
    return len(shape.actions) - len(shape.fans)


def _with_all_inputs(loaded: Loaded) -> Site:
    """The site as it would be if the files that were left out had been given."""
    known = {given.name for given in loaded.site.inputs}
    given = {name.partition("/")[0] for name in known}
    missing = (i for i in loaded.job.inputs if i.artifact not in given and i.kind != FILES)
    left_out = (GivenFile(i.artifact, "", (0, 0, 0, 0)) for i in missing)
    return replace(loaded.site, inputs=(*loaded.site.inputs, *left_out))


class _Rest:
    """What is left out of a plan: how many actions, and of what kind."""

    def __init__(self, nodes: list[Task | Action]) -> None:
        self.kinds: dict[str, int] = {}
        self.nodes, self.size = len(nodes), 0
        self.steps = sum(1 for node in nodes if isinstance(node, Task))
        while nodes:
            node = nodes.pop()
            if isinstance(node, Task):
                nodes.extend(node.children)
            else:
                kind = f"module {node.work.module}" if isinstance(node.work, ModuleCall) else node.role
                self.kinds[kind] = self.kinds.get(kind, 0) + 1
                self.size += 1


class Plan:
    """The plan of a checked job that would run in `home`."""

    def __init__(self, loaded: Loaded, home: Home) -> None:
        self._loaded = loaded
        self._job = JobState(ID, loaded.job, _with_all_inputs(loaded), 0.0)
        self._layout = layout_of(home.jobs, ID, loaded.site)
        self._briefing = Briefing(self._job, self._layout)
        self._readers: dict[str, list[str]] = {}
        self._makers: dict[str, str] = {}  # a job input has none
        for _, path, action in survey(loaded.job).telling:
            over = {each.key: each.artifact for each in action.foreach if each.artifact}
            names = dict.fromkeys([*over.values(), *(over.get(use.artifact, use.artifact) for use in action.inputs)])
            for name in names:
                self._readers.setdefault(name, []).append(path)
            self._makers.update((output.artifact, path) for output in action.outputs)

    @property
    def size(self) -> int:
        """How many actions there are, as far as can be known."""
        return self._job.size

    def document(self, most: int | None = None) -> Document:
        """The plan: all of it, or with `most` of every list no more than the first so many; what is left out of one
        stands in its last place, as `{"more": ...}`."""
        job, site = self._loaded.job, self._loaded.site
        return {
            "name": job.name,
            "version": job.version,
            "parallel": job.parallel,
            "workdir": site.workdir,
            "slots": site.slots or None,
            "out": site.out or None,
            "modules": list(site.shelves),
            "inputs": [self._input(given) for given in job.inputs],
            "params": [self._param(param) for param in job.params],
            "public": list(self._public(most)),
            "counts": {"steps": steps(self._loaded), "actions": self._job.size, "open": self._open()},
            "children": self._children(most),
        }

    def _open(self) -> list[str]:
        """The entries of which nobody can say yet how many actions they are."""
        shape = self._job.shape
        return [shape.paths[action] for action in shape.written_fans if shape.fan(action) is None]

    def _input(self, wanted: JobInput) -> Document:
        given = [given.path for given in self._loaded.site.inputs if given.name.partition("/")[0] == wanted.artifact]
        return {
            "name": wanted.label,
            "artifact": wanted.artifact,
            "type": wanted.type,
            "kind": wanted.kind,
            "path": given[0] if given and wanted.kind != FILES else None,
            "files": len(given) if wanted.kind == FILES else None,
        }

    def _param(self, param: Param) -> Document:
        given = any(name == param.name for name, _ in self._loaded.site.params)
        return {**param_document(param), "value": self._loaded.values.get(param.name), "given": given}

    def _public(self, most: int | None) -> Iterator[Document]:
        outputs = self._public_outputs()
        for output in islice(outputs, most):
            yield {"artifact": output, "path": self._destination(output, public=True)}
        more = sum(1 for _ in outputs)
        if more:
            yield {"more": more}

    def destinations(self) -> Iterator[str]:
        """Where everything will be that is kept."""
        return (self._destination(output, public=True) for output in self._public_outputs())

    def _public_outputs(self) -> Iterator[str]:
        shape = self._job.shape
        for index, _, action in survey(self._loaded.job).telling:
            outputs, fan = action.outputs, shape.fan(index)
            if fan is None:
                yield from (output.artifact for output in outputs if output.public)
            else:
                columns = [fan.members.texts(output.artifact) for output in outputs if output.public]
                yield from chain.from_iterable(zip(*columns, strict=True))

    def _children(self, most: int | None) -> list[Document]:
        """The tree, without recursion: a job may be nested deeper than Python's stack."""
        top: list[Document] = []
        index = 0
        stack: list[tuple[Iterator[Task | Action], list[Document], str]] = [(iter(self._loaded.job.children), top, "")]
        while stack:
            members, into, prefix = stack[-1]
            node = next(members, None)
            if node is None:
                stack.pop()
                continue
            if len(into) == most:
                rest = _Rest([node, *members])
                into.append({"more": rest.nodes, "steps": rest.steps, "kinds": rest.kinds})
                index += rest.size
                continue
            number = f"{prefix}{len(into) + 1}"
            if isinstance(node, Action):
                into.append({"number": number, **self.action(index)})
                index += 1
                continue
            below: list[Document] = []
            task = {
                "number": number,
                "name": node.name,
                "title": node.title,
                "parallel": node.parallel,
                "needs": None if node.needs is None else list(node.needs),
                "when": node.when or None,
                "priority": node.priority,
            }
            into.append({**task, "children": below})
            stack.append((iter(node.children), below, f"{number}."))
        return top

    def action(self, index: int) -> Document:
        """One action: what runs, where, on what; of a fan-out the first of those it stands for."""
        written = self._job.shape.actions[index]
        fan = self._job.shape.fan(index) if written.foreach else None
        if written.foreach:
            described = self._described(self._briefing.brief(index, 1, self._sample(index)))
            makers = self._makers_for(written)
            for read, use in zip(described["reads"], self._sample(index).inputs, strict=True):
                read["from"] = makers.get(use.param or "") or read["from"]
            return {**described, **self._fan(index, fan)}
        return self._described(self._briefing.brief(index, 1))

    def _makers_for(self, written: Action) -> dict[str, str]:
        """Who makes what a fan-out reads, by param: its names have items in place of keys in each of its actions."""
        named = [(use.param or use.artifact, use.artifact) for use in written.inputs]
        named += [(each.key, each.artifact) for each in written.foreach]
        return {param: self._makers[name] for param, name in named if name in self._makers}

    def _sample(self, index: int) -> Action:
        """The first action of a fan-out, or one with a word in place of an item that is not known yet."""
        written, fan = self._job.shape.actions[index], self._job.shape.fan(index)
        if fan is not None and len(fan.members):
            return replace(fan.members[0], name=written.name)
        items = [[self._some_item(each)] if each.artifact else each.items()[:1] for each in written.foreach]
        return replace(Members(written, items)[0], name=written.name)

    def _some_item(self, each: Each) -> str:
        writer = self._job.shape.writer(each.artifact)
        if writer is not None and self._job.shape.actions[writer[0]].foreach:
            return each.artifact  # the name as it is written stands for all of them
        return f"{each.artifact}/{UNKNOWN}"

    def _fan(self, index: int, fan: Fan | None) -> Document:
        written = self._job.shape.actions[index]
        keys = [
            {"key": each.key, "over": each.over or list(each.values), "from": self._makers.get(each.artifact)}
            for each in written.foreach
        ]
        return {
            "name": written.name,
            "foreach": keys,
            "times": None if fan is None else len(fan.members),
            "needs": None if written.needs is None else list(written.needs),
            "when": written.when or None,
        }

    def _described(self, brief: Brief) -> Document:
        found = paths(brief, self._layout) | self._unmade(brief)
        folder = self._layout.store.attempt_path(brief.label)
        words = argv(brief.action, brief.module, found, list_files(brief, self._layout), folder, signs(brief))
        runner = brief.module
        module = runner if brief.action.role == "module" else None
        return {
            "name": brief.action.name,
            "path": brief.path,
            "role": brief.action.role,
            "module": module.name if module else None,
            "folder": module.folder if module else None,
            "interpreter": (runner.interpreter or None) if runner else None,
            "chosen": runner.chosen if runner else None,
            "argv": words,
            "command": display(words),
            "cwd": directory(brief, self._layout),
            "reads": [self._reads(read) for read in brief.reads],
            "writes": [self._writes(brief, output) for output in brief.action.outputs],
            "cpus": brief.cpus,
            "memory": brief.need.memory,
            "limits": dict(brief.need.limits),
            "warm": module is not None and module.warm,
            "preload": list(module.preload) if module else [],
            "timeout": brief.timeout,
            "retries": policy.retries(self._job, brief.action),
            "needs": None if brief.action.needs is None else list(brief.action.needs),
            "when": brief.action.when or None,
            "foreach": None,
            "times": 1,
            "expand": brief.action.expand,
            "hook": brief.action.hook or None,
            "priority": brief.action.priority,
            "tags": list(brief.action.tags),
            "retry_on": list(brief.action.retry_on),
            "min_runtime": brief.action.min_runtime,
            "stuck": None if brief.action.stuck is None else brief.action.stuck.after,
            "stuck_kill": brief.action.stuck is not None and brief.action.stuck.kill,
            "idempotent": brief.idempotent,
            "params": dict(brief.action.params),
            "env": {**(dict(module.env) if module else {}), **env_document(brief.action.env)},
        }

    def _unmade(self, brief: Brief) -> dict[str, list[str]]:
        """One path in place of those of several files that nobody has made yet."""
        names = [read.use.artifact for read in brief.reads if read.many and not read.sources]
        return {name: [self._briefing.source(name if "{" in name else f"{name}/{UNKNOWN}").path] for name in names}

    def _reads(self, read: Reads) -> Document:
        use = read.use
        return {
            "artifact": use.artifact,
            "param": use.param,
            "type": use.type,
            "path": read.sources[0].path if read.sources and not read.many else None,
            "many": read.many,
            "optional": use.optional,
            "from": self._makers.get(use.artifact) or self._makers.get(use.artifact.partition("/")[0]),
        }

    def _writes(self, brief: Brief, output: Output) -> Document:
        promised = declared(output, brief.module)
        return {
            "artifact": output.artifact,
            "param": output.param,
            "type": promised.type,
            "public": output.public,
            "optional": promised.optional,
            "path": self._destination(output.artifact, output.public),
            "readers": self._readers.get(output.group or output.artifact, []),
        }

    def _destination(self, artifact: str, public: bool) -> str:
        """Where the artifact will be when the job has succeeded (or, when it is not public, while it runs)."""
        out = self._loaded.site.out
        if public and out:
            return os.path.join(out, artifact)
        return self._layout.store.path(artifact, public)
