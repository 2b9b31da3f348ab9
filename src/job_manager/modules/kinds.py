"""Kinds of artifacts in a job and in the manifests of its modules: whether one file is read where several are made.

Fills in what manifests say where the job says nothing. Knows nothing of what is on disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from job_manager.model.errors import NOWHERE, Place, Problem
from job_manager.model.expand import rebuilt
from job_manager.model.job import DIRECTORY, FILE, FILES, Action, Input, Job, ModuleCall, Output
from job_manager.model.module import Module, Port
from job_manager.model.record import replace
from job_manager.model.survey import survey
from job_manager.model.wording import quoted
from job_manager.modules.shelf import Shelf

MANY = "many"  # what all actions of a fan-out write, each one of it
WORDS = {FILE: "one file", DIRECTORY: "a directory", FILES: "several files", MANY: "written once for each item"}
HINTS = {
    (FILE, FILES): "write kind: files to read them all, or foreach: to take them one by one",
    (FILE, MANY): "write kind: files to read them all, or foreach: to take them one by one",
    (DIRECTORY, MANY): "write kind: files to read them all",
    (FILES, FILE): "leave out kind: files",
    (FILES, DIRECTORY): 'write kind: files and a glob like "*.png" at the output',
    (DIRECTORY, FILE): "leave out kind: directory",
    (FILE, DIRECTORY): "write kind: directory",
}
AGREE = {(FILE, FILE), (DIRECTORY, DIRECTORY), (DIRECTORY, FILES), (FILES, FILES), (FILES, MANY)}


def with_kinds(job: Job, shelf: Shelf) -> Job:
    """The job with the kinds that the manifests of its modules give to artifacts of which it says none itself."""
    return _told(job, _called(job, shelf))


def _called(job: Job, shelf: Shelf) -> dict[str, Module]:
    """The modules that a job calls, by name, those that can be used."""
    names = {action.work.module for _, action in survey(job).actions if isinstance(action.work, ModuleCall)}
    return {name: module for name in names if (module := shelf.get(name)) is not None}


def _told(job: Job, modules: Mapping[str, Module]) -> Job:
    special = {
        name: module for name, module in modules.items() if any(map(_special, (*module.inputs, *module.outputs)))
    }

    def whole(action: Action) -> Action:
        module = special.get(action.work.module) if isinstance(action.work, ModuleCall) else None
        return action if module is None else _with_kinds(action, module)

    return rebuilt(job, whole) if special else job


def _special(port: Port) -> bool:
    return port.kind != FILE


def _with_kinds(action: Action, module: Module) -> Action:
    reads = {port.param: port for port in module.inputs}
    writes = {port.param: port for port in module.outputs}
    return replace(
        action,
        inputs=tuple(_reading(use, reads.get(use.param or "")) for use in action.inputs),
        outputs=tuple(_writing(use, writes.get(use.param or "")) for use in action.outputs),
    )


def _reading(use: Input, port: Port | None) -> Input:
    return replace(use, kind=port.kind) if port is not None and use.kind is None and port.kind != FILE else use


def _writing(use: Output, port: Port | None) -> Output:
    if port is None or use.kind != FILE or port.kind == FILE:
        return use
    return replace(use, kind=port.kind, glob=use.glob or port.glob)


def kind_problems(job: Job, modules: Mapping[str, Module]) -> Iterator[Problem]:
    """Readers that take an artifact for another kind than it is; fan-outs over what is not several files. `modules`:
    those that it calls, by name."""
    job = _told(job, modules)
    made = {given.artifact: given.kind for given in job.inputs}
    for _, action in survey(job).actions:
        for output in action.outputs:
            made[output.artifact] = MANY if action.foreach else output.kind
    for _, action in survey(job).actions:
        yield from _against_module(action, modules)
        yield from _over(action, made)
        keys = {each.key for each in action.foreach}
        for use in action.inputs:
            if use.artifact not in keys and use.artifact in made:
                yield from _read(use, made[use.artifact], action)


def _read(use: Input, kind: str, action: Action) -> Iterator[Problem]:
    # A module that says nothing of several files takes one.
    wanted = use.kind or (FILE if isinstance(action.work, ModuleCall) and not action.foreach else None)
    if wanted is not None and (wanted, kind) not in AGREE:
        message = f"{quoted(use.artifact)} is {WORDS[kind]}, and read as {WORDS[wanted]}"
        yield Problem(_place(use.place, "kind" if use.kind else "name"), message, HINTS.get((wanted, kind), ""))


def _over(action: Action, made: dict[str, str]) -> Iterator[Problem]:
    for each in action.foreach:
        kind = made.get(each.artifact, FILES)
        if kind not in (FILES, MANY):
            message = f"{quoted(each.artifact)} is {WORDS[kind]}; there is nothing to go over"
            yield Problem(
                each.place or NOWHERE, message, "foreach: goes over an artifact of kind: files, or of a foreach"
            )


def _against_module(action: Action, modules: Mapping[str, Module]) -> Iterator[Problem]:
    module = modules.get(action.work.module) if isinstance(action.work, ModuleCall) else None
    if module is None:
        return
    ports = {port.param: port for port in (*module.inputs, *module.outputs)}
    uses: list[Input | Output] = [*action.inputs, *action.outputs]
    for use in uses:
        port = ports.get(use.param or "")
        if port is None or use.kind is None or use.kind == port.kind or (use.kind == FILE and isinstance(use, Output)):
            continue
        message = f'"{port.param}" of module "{module.name}" is {WORDS[port.kind]}, here it is {WORDS[use.kind]}'
        yield Problem(_place(use.place, "kind"), message, f"write kind: {port.kind}, or leave it out")


def _place(place: Place | None, key: str) -> Place:
    if place is None or not place.file:
        return place or NOWHERE
    return place._replace(path=f"{place.path}.{key}" if place.path else key)
