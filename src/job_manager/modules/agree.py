"""Whether a job's actions and the modules they call agree: every parameter supplied, none too many, types alike.

Reads the job and the shelf, starts nothing. Rules: reference seed-systems S17, S18, D5; bad-inputs B41, B46, B65.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from job_manager.formats.yaml_reader import suggestion
from job_manager.model.errors import NOWHERE, Place, Problem
from job_manager.model.expect import misfits
from job_manager.model.job import FILE, Action, Input, Job, ModuleCall, Output
from job_manager.model.module import Module, Port
from job_manager.model.record import NamedTuple
from job_manager.model.survey import survey
from job_manager.model.types import same_type
from job_manager.modules.kinds import kind_problems
from job_manager.modules.params import params_problems
from job_manager.modules.shelf import Shelf

REASONS = 3  # of an unusable module, in one message


class Side(NamedTuple):
    """The inputs or outputs of a module, by parameter; `kind` is input or output, `other` the other side's names."""

    kind: str
    ports: dict[str, Port]
    other: frozenset[str]


class Contract(NamedTuple):
    """What a module promises, ready to be held against any number of actions."""

    module: Module
    inputs: Side
    outputs: Side


def contract(module: Module) -> Contract:
    """The contract of a module."""
    inputs, outputs = ({port.param: port for port in ports} for ports in (module.inputs, module.outputs))
    return Contract(
        module,
        Side("input", inputs, frozenset(outputs)),
        Side("output", outputs, frozenset(inputs)),
    )


def check_modules(job: Job, shelf: Shelf, loose: bool = False) -> list[Problem]:
    """Every disagreement between the job and the shelf, at its place in the job.

    Types that differ are errors, or warnings when `loose`. The cost is linear in the job: a module is looked up once.
    """
    problems: list[Problem] = []
    known: dict[str, Contract | Problem] = {}
    types = Types(job, "warning" if loose else "error")
    for path, action in survey(job).actions:
        if isinstance(action.work, ModuleCall):
            name = action.work.module
            if name not in known:
                known[name] = _look_up(name, shelf)
                problems.extend(shelf.warnings(name))
            problems.extend(_check(path, action, known[name], types))
        else:
            types.add(action, None)
    problems.extend(types.clashes())
    usable = {name: found.module for name, found in known.items() if isinstance(found, Contract)}
    problems.extend(kind_problems(job, usable))
    return problems


def check_action(action: Action, module: Module, loose: bool = False, path: str = "") -> list[Problem]:
    """Every disagreement between one action and its module. `path` stands in for an action that has no place."""
    severity = "warning" if loose else "error"
    supplied = [*_supplied(path, action, contract(module)), *params_problems(_place(action, path), action, module)]
    return [*supplied, *_typed(action, contract(module), severity), *_expected(action, contract(module))]


def _look_up(name: str, shelf: Shelf) -> Contract | Problem:
    """The contract, or what is wrong with calling this module; the place is to be put in."""
    module = shelf.get(name)
    if module is not None:
        return contract(module)
    reasons = shelf.why_unusable(name)
    if not reasons:
        return _unknown(name, shelf)
    said = "; ".join(str(reason._replace(hint="")) for reason in reasons[:REASONS])
    more = f"; and {len(reasons) - REASONS} more" if len(reasons) > REASONS else ""
    return Problem(NOWHERE, f'module "{name}" cannot be used: {said}{more}', reasons[0].hint)


def _unknown(name: str, shelf: Shelf) -> Problem:
    if shelf.absent:  # only the default may be missing, so there is nothing else
        message = f'no module "{name}"; the modules folder {shelf.absent[0]} does not exist'
        return Problem(NOWHERE, message, "say where the modules are: --modules DIR, or JM_MODULES")
    where = ", ".join(shelf.searched) or "nowhere: there is no modules folder"
    near = ", ".join(shelf.nearest(name))
    known = f"known: {near}; " if near else "the shelf is empty; "
    return Problem(NOWHERE, f'no module "{name}"; {known}searched: {where}', shelf.suggest(name) or "see jm modules")


def _check(path: str, action: Action, found: Contract | Problem, types: Types) -> Iterator[Problem]:
    if isinstance(found, Problem):
        types.add(action, None)
        yield found._replace(place=_place(action, path))
        return
    types.add(action, found)
    yield from _supplied(path, action, found)
    yield from params_problems(_place(action, path), action, found.module)
    yield from _typed(action, found, types.severity)
    yield from _expected(action, found)


def _place(action: Action, path: str) -> Place:
    return action.place or Place("", 0, 0, path)


def _supplied(path: str, action: Action, found: Contract) -> Iterator[Problem]:
    for side, given in ((found.inputs, action.inputs), (found.outputs, action.outputs)):
        yield from _superfluous(path, action, found.module, side, given)
        params = {one.param for one in given}
        if None in params:
            continue  # the nameless one may be what is missing
        for param, port in side.ports.items():
            if param not in params and not port.optional:
                message = f'module "{found.module.name}" needs {side.kind} "{param}" ({port.type})'
                hint = f"add {{name: FILE, param_name: {param}}} to its {side.kind}s"
                yield Problem(_place(action, path), message, hint)


def _superfluous(
    path: str, action: Action, module: Module, side: Side, given: Sequence[Input | Output]
) -> Iterator[Problem]:
    """Parameters the module has not. That one is given twice is found with the other checks of the job itself."""
    for one in given:
        place = one.place or _place(action, path)
        if one.param is not None and one.param not in side.ports:
            yield Problem(place, f'module "{module.name}" has no {side.kind} "{one.param}"', _meant(one.param, side))
        if one.param is None and one.place is None:  # whoever read it from a file has said so at its place
            message = f'"{one.artifact}" does not say which {side.kind} of module "{module.name}" it is'
            yield Problem(place, message, f"give it a param: {_listed(side.ports)}")


def _meant(param: str, side: Side) -> str:
    if param in side.other:
        opposite = "output" if side.kind == "input" else "input"
        return f'"{param}" is an {opposite} of this module: list it there'
    return suggestion(param, list(side.ports)) or f"its {side.kind}s: {_listed(side.ports)}"


def _listed(ports: dict[str, Port]) -> str:
    return ", ".join(ports) or "none"


def _typed(action: Action, found: Contract, severity: str) -> Iterator[Problem]:
    for side, given in ((found.inputs, action.inputs), (found.outputs, action.outputs)):
        for one in given:
            port = side.ports.get(one.param or "")
            if port is None or same_type(one.type, port.type):
                continue
            message = f'type {one.type} of "{one.artifact}" is not what module "{found.module.name}" declares'
            hint = f'{side.kind} "{port.param}" is {port.type} there'
            yield Problem(one.place or _place(action, ""), message, hint, severity)


def _expected(action: Action, found: Contract) -> Iterator[Problem]:
    """What an entry expects of an output that has its type from the manifest, and that can never be checked."""
    for output in action.outputs:
        port = found.outputs.ports.get(output.param or "")
        if port is None or output.type is not None:
            continue
        for misfit in misfits(port.type, output.expect, output.kind != FILE or port.kind != FILE):
            message = f'expect of "{output.artifact}": {misfit.message}'
            yield Problem(output.place or _place(action, ""), message, misfit.hint)


class Reads(NamedTuple):
    """One reading of an artifact: the type it is read as, and who says so when the entry does not."""

    artifact: str
    type: str
    says: str
    place: Place


class Types:
    """What each artifact is according to who makes it and who reads it, where a manifest has a say in it.

    What two entries of the job file say against each other is found by those who read the file.
    """

    def __init__(self, job: Job, severity: str) -> None:
        self.severity = severity
        self._made: dict[str, tuple[str | None, str]] = {i.artifact: (i.type, "") for i in job.inputs}
        self._reads: list[Reads] = []

    def add(self, action: Action, found: Contract | None) -> None:
        """Take note of the artifacts of one action; None for one that calls no (known) module."""
        for output in action.outputs:
            self._made[output.artifact] = _said(output, found.outputs if found else None, found)
        keys = {each.key: each.artifact for each in action.foreach if each.artifact}
        for given in action.inputs:
            type, says = _said(given, found.inputs if found else None, found)
            if type is not None:
                artifact = keys.get(given.artifact, given.artifact)
                self._reads.append(Reads(artifact, type, says, given.place or _place(action, "")))

    def clashes(self) -> Iterator[Problem]:
        """The readers who take an artifact for another type than its maker's."""
        for read in self._reads:
            made, maker = self._made.get(read.artifact, (None, ""))
            if same_type(made, read.type) or not (maker or read.says):
                continue
            by, reader = (f" ({who})" if who else "" for who in (maker, read.says))
            message = f'"{read.artifact}" is made as {made}{by} and read as {read.type}{reader}'
            yield Problem(read.place, message, "let both be of one type, or use --loose-types", self.severity)


def _said(one: Input | Output, side: Side | None, found: Contract | None) -> tuple[str | None, str]:
    """The type of an artifact in an entry, and the manifest that says it when the entry itself does not."""
    port = side.ports.get(one.param or "") if side else None
    if one.type is not None or port is None or found is None:
        return one.type, ""
    return port.type, f'manifest of "{found.module.name}"'
