"""Builders for small jobs: trees of actions that have a name and nothing to do. Knows no job language."""

from __future__ import annotations

from job_manager.model.fanout import Each
from job_manager.model.job import FILE, FILES, Action, Command, Input, Job, ModuleCall, Output, Task, Work
from job_manager.model.site import Installed, Site

Node = Task | Action


def action(
    name: str,
    *,
    retries: int | None = None,
    idempotent: bool | None = None,
    module: str = "",
    cpus: int | None = None,
    memory: int | None = None,
    **limits: int,
) -> Action:
    """A leaf: a command that does nothing, or a call of `module`. Other names are limits that it takes."""
    work: Work = ModuleCall(module) if module else Command(("true",))
    takes = tuple(sorted(limits.items()))
    return Action(name, work, retries=retries, idempotent=idempotent, cpus=cpus, memory=memory, limits=takes)


def linked(
    name: str,
    *,
    needs: tuple[str, ...] | None = None,
    when: str = "",
    reads: tuple[str, ...] = (),
    writes: tuple[str, ...] = (),
    foreach: tuple[Each, ...] = (),
) -> Action:
    """A leaf among others: a command that does nothing, with artifacts; one that it writes whose name ends in "/" is of
    kind files."""
    return Action(
        name,
        Command(("true",)),
        inputs=tuple(Input(artifact) for artifact in reads),
        outputs=tuple(Output(each.rstrip("/"), kind=FILES if each.endswith("/") else FILE) for each in writes),
        needs=needs,
        when=when,
        foreach=foreach,
    )


def growing(name: str) -> Action:
    """A leaf whose command prints more tasks and actions."""
    return Action(name, Command(("true",)), expand=True)


def serial(name: str, *children: Node | str) -> Task:
    """A task whose children run one after another. A text is an action of that name."""
    return Task(name, nodes(children))


def parallel(name: str, *children: Node | str) -> Task:
    """A task whose children run at once. A text is an action of that name."""
    return Task(name, nodes(children), parallel=True)


def job(*children: Node | str, name: str = "test", at_once: bool = False) -> Job:
    """A job of these children, one after another unless `at_once`."""
    return Job(name, nodes(children), parallel=at_once)


def nodes(children: tuple[Node | str, ...]) -> tuple[Node, ...]:
    """The nodes as they are; a text is an action of that name."""
    return tuple(action(child) if isinstance(child, str) else child for child in children)


def site(*modules: Installed) -> Site:
    """A site with these installed modules and paths that nobody looks at."""
    return Site(workdir="/nowhere", store="/nowhere", modules=modules)
