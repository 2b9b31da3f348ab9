"""The warm modules with which a job begins: their interpreters come up while the job is being submitted.

A hint and no more: whatever is foreseen wrongly is an interpreter that nobody asks for, and it is dropped. Starts
nothing; knows no keeper.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from job_manager.model.job import Action, Job, ModuleCall, Task
from job_manager.model.secret import secrets_of
from job_manager.model.site import Installed, Site
from job_manager.worker.attempt import warmth
from job_manager.worker.brief import Brief, variables
from job_manager.worker.command import program
from job_manager.worker.keeper_link import Foreseen
from job_manager.worker.layout import Layout

ENOUGH = 2  # actions for which an interpreter is worth its while


def foreseen(job: Job, site: Site, layout: Layout) -> list[Foreseen]:
    """Of each kind of interpreter that several of the first actions want, what they have in common."""
    if site.waits or job.paused or job.after:
        return []
    firsts: dict[tuple[object, ...], list[tuple[Action, Installed]]] = {}
    for action in _first(job.children, job.parallel):
        module = site.runs(action) if isinstance(action.work, ModuleCall) else None
        if module is not None and module.warm and module.interpreter and not secrets_of(action.env):
            count = ENOUGH if action.foreach else 1
            firsts.setdefault((module.name, action.env, action.cpus), []).extend([(action, module)] * count)
    return [_of(*some[0], site, layout) for some in firsts.values() if len(some) >= ENOUGH]


def _first(children: Sequence[Task | Action], parallel: bool) -> Iterator[Action]:
    """The actions that wait for no other."""
    for child in children if parallel else children[:1]:
        if child.needs:
            continue
        if isinstance(child, Task):
            yield from _first(child.children, child.parallel)
        elif not child.hook:
            yield child


def _of(action: Action, module: Installed, site: Site, layout: Layout) -> Foreseen:
    brief = Brief(
        job="",
        job_name="",
        number=0,
        attempt=1,
        path=action.name,
        action=action,
        module=module,
        reads=(),
        workdir=site.workdir,
        timeout=None,
        idempotent=True,
        split_streams=False,
        verify=False,
        counted=site.counted,
    )
    return {"argv": program(module), "env": variables(brief, layout, "", 0.0), "warm": warmth(module)}
