"""What a job would do, before it does: order, programs, argv and files, as plain values with stable keys.

Uses the worker's own functions, so that the plan is what will happen. Starts nothing, makes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from job_manager.app.describing import param_document
from job_manager.app.home import Home
from job_manager.app.loading import Loaded
from job_manager.artifacts.outputs import declared
from job_manager.core import policy
from job_manager.core.state import JobState
from job_manager.model.job import Action, Input, Output, Task
from job_manager.model.params import Param
from job_manager.model.site import GivenFile, Site
from job_manager.worker.brief import Brief, Briefing, directory, paths
from job_manager.worker.command import argv, display
from job_manager.worker.layout import Layout

Document = dict[str, Any]
ID = "ID"  # stands for the id that the job will have


def steps(loaded: Loaded) -> int:
    """How many children the job has: the steps of a job.yaml."""
    return len(loaded.job.children)


def size(loaded: Loaded) -> int:
    """How many actions the job has."""
    stack: list[Task | Action] = list(loaded.job.children)
    count = 0
    while stack:
        node = stack.pop()
        if isinstance(node, Task):
            stack.extend(node.children)
        else:
            count += 1
    return count


def _with_all_inputs(loaded: Loaded) -> Site:
    """The site as it would be if the files that were left out had been given."""
    known = {given.name for given in loaded.site.inputs}
    left_out = (GivenFile(i.artifact, "", (0, 0, 0, 0)) for i in loaded.job.inputs if i.artifact not in known)
    return replace(loaded.site, inputs=(*loaded.site.inputs, *left_out))


class Plan:
    """The plan of a checked job that would run in `home`."""

    def __init__(self, loaded: Loaded, home: Home) -> None:
        self._loaded = loaded
        self._job = JobState(ID, loaded.job, _with_all_inputs(loaded), 0.0)
        self._layout = Layout(home.jobs, ID, loaded.site.store and os.path.join(loaded.site.store, ID))
        self._briefing = Briefing(self._job, self._layout)
        self._readers: dict[str, list[str]] = {}
        self._makers: dict[str, str] = {}  # a job input has none
        for path, action in zip(self._job.shape.paths, self._job.shape.actions, strict=True):
            for use in action.inputs:
                self._readers.setdefault(use.artifact, []).append(path)
            self._makers.update((output.artifact, path) for output in action.outputs)

    def document(self) -> Document:
        """The whole plan."""
        job, site = self._loaded.job, self._loaded.site
        return {
            "name": job.name,
            "version": job.version,
            "parallel": job.parallel,
            "workdir": site.workdir,
            "slots": site.slots or None,
            "out": site.out or None,
            "modules": list(site.shelves),
            "inputs": [self._input(given.artifact, given.label, given.type) for given in job.inputs],
            "params": [self._param(param) for param in job.params],
            "public": [use for action in self._job.shape.actions for use in self._public(action)],
            "counts": {"steps": steps(self._loaded), "actions": len(self._job.shape.actions)},
            "children": list(self._children()),
        }

    def _input(self, artifact: str, label: str, type: str | None) -> Document:
        path = next((given.path for given in self._loaded.site.inputs if given.name == artifact), None)
        return {"name": label, "artifact": artifact, "type": type, "path": path}

    def _param(self, param: Param) -> Document:
        given = any(name == param.name for name, _ in self._loaded.site.params)
        return {**param_document(param), "value": self._loaded.values.get(param.name), "given": given}

    def _public(self, action: Action) -> Iterator[Document]:
        for output in action.outputs:
            if output.public:
                yield {"artifact": output.artifact, "path": self.destination(output)}

    def _children(self) -> list[Document]:
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
            number = f"{prefix}{len(into) + 1}"
            if isinstance(node, Action):
                into.append({"number": number, **self.action(index)})
                index += 1
                continue
            below: list[Document] = []
            task = {"number": number, "name": node.name, "title": node.title, "parallel": node.parallel}
            into.append({**task, "children": below})
            stack.append((iter(node.children), below, f"{number}."))
        return top

    def action(self, index: int) -> Document:
        """One action: what runs, where, on what."""
        brief = self._briefing.brief(index, 1)
        words = argv(brief.action, brief.module, paths(brief, self._layout))
        module = brief.module
        return {
            "name": brief.action.name,
            "path": brief.path,
            "role": brief.action.role,
            "module": module.name if module else None,
            "folder": module.folder if module else None,
            "interpreter": (module.interpreter or None) if module else None,
            "chosen": module.chosen if module else None,
            "argv": words,
            "command": display(words),
            "cwd": directory(brief, self._layout),
            "reads": [self._reads(use) for use in brief.action.inputs],
            "writes": [self._writes(brief, output) for output in brief.action.outputs],
            "cpus": brief.cpus,
            "memory": brief.need.memory,
            "limits": dict(brief.need.limits),
            "timeout": brief.timeout,
            "retries": policy.retries(self._job, brief.action),
            "needs": None if brief.action.needs is None else list(brief.action.needs),
            "idempotent": brief.idempotent,
            "params": dict(brief.action.params),
            "env": {**(dict(module.env) if module else {}), **dict(brief.action.env)},
        }

    def _reads(self, use: Input) -> Document:
        source = self._briefing.source(use.artifact)
        maker = self._makers.get(use.artifact)
        return {"artifact": use.artifact, "param": use.param, "type": use.type, "path": source.path, "from": maker}

    def _writes(self, brief: Brief, output: Output) -> Document:
        promised = declared(output, brief.module)
        return {
            "artifact": output.artifact,
            "param": output.param,
            "type": promised.type,
            "public": output.public,
            "optional": promised.optional,
            "path": self.destination(output),
            "readers": self._readers.get(output.artifact, []),
        }

    def destination(self, output: Output) -> str:
        """Where the artifact will be when the job has succeeded (or, when it is not public, while it runs)."""
        out = self._loaded.site.out
        if output.public and out:
            return os.path.join(out, output.artifact)
        return self._layout.store.path(output.artifact, output.public)
