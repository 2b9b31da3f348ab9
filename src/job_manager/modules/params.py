"""The params of one action against those of its module: what is wrong with them, and all of them with the defaults.

Knows nothing of where the action's values came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from job_manager.formats.yaml_reader import suggestion
from job_manager.model.errors import Place, Problem
from job_manager.model.expand import rebuilt
from job_manager.model.fanout import Combinations, Each, Filling, keys_in
from job_manager.model.job import Action, Job, ModuleCall
from job_manager.model.module import Module
from job_manager.model.params import PREFIX, named
from job_manager.model.record import replace
from job_manager.model.survey import survey
from job_manager.model.template import fields, fill
from job_manager.modules.shelf import Shelf

MOST_LOOKED_AT = 10_000  # values of one param that a fan-out gives, before the start


def params_problems(place: Place, action: Action, module: Module) -> Iterator[Problem]:
    """Values of params the module has not, values that it does not take, and those that are missing."""
    declared = named(module.params)
    for name, text in action.params:
        at = place._replace(path=f"{place.path}.params.{name}" if place.path else f"params.{name}")
        if name not in declared:
            yield Problem(at, f'module "{module.name}" has no param "{name}"', _meant(name, module))
            continue
        if any(field.startswith(PREFIX) for field in fields(text)):
            continue  # a value that is missing or wrong, of which has been said so
        try:
            for value in _values(action, text):
                declared[name].canonical(value)
        except ValueError as error:
            yield Problem(at, f'param "{name}" of module "{module.name}": {error}', declared[name].help)
    given = dict(action.params)
    for param in module.params:
        if param.default is None and param.name not in given:
            message = f'module "{module.name}" needs a value for its param "{param.name}" ({param.kind})'
            yield Problem(place, message, f"add params: {{{param.name}: VALUE}}")


def _values(action: Action, text: str) -> Iterator[str]:
    """The text, or what becomes of it for each item of the keys in it; nothing where these are not known yet."""
    keys = keys_in(text, action.foreach)
    asked = tuple(each for each in action.foreach if each.key in keys)
    if not asked:
        yield text
    elif not any(each.artifact for each in asked):
        combinations = Combinations([each.items() for each in asked])
        for number in range(min(len(combinations), MOST_LOOKED_AT)):
            yield fill(text, Filling(asked, combinations[number], combinations.positions(number)))


def _meant(name: str, module: Module) -> str:
    for kind, ports in (("input", module.inputs), ("output", module.outputs)):
        if any(port.param == name for port in ports):
            return f'"{name}" is an {kind} of this module: list it there'
    known = [param.name for param in module.params]
    return suggestion(name, known) or (f"its params: {', '.join(known)}" if known else "it has no params at all")


def with_defaults(job: Job, shelf: Shelf, base: str) -> Job:
    """The job with every param of its modules, in canonical text: so a default that changes makes another action of it.

    A relative path of the job counts from the folder `base`, one of a manifest from the module's own. Raises ValueError
    for what `params_problems` would have said.
    """
    names = {action.work.module for _, action in survey(job).actions if isinstance(action.work, ModuleCall)}
    taking = {name: module for name in names if (module := shelf.get(name)) is not None and module.params}

    def whole(action: Action) -> Action:
        module = taking.get(action.work.module) if isinstance(action.work, ModuleCall) else None
        return (
            action
            if module is None
            else replace(action, params=_whole(dict(action.params), module, base, action.foreach))
        )

    return rebuilt(job, whole) if taking else job


def _whole(
    given: Mapping[str, str], module: Module, base: str, foreach: tuple[Each, ...]
) -> tuple[tuple[str, str], ...]:
    values = {}
    for param in module.params:
        if param.name in given:
            text = given[param.name]
            values[param.name] = text if keys_in(text, foreach) else param.canonical(text, base)
        elif param.default is not None:
            values[param.name] = param.canonical(param.default, module.folder)
    return tuple(sorted(values.items()))
