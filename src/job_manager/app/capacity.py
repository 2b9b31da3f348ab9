"""How much a run has to give: what was said and is set, else what is found here; and whether a job can be met with it.

What can never be satisfied is said before anything starts. Knows no state and no terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from job_manager.app.settings import Config
from job_manager.formats.wording import suggestion
from job_manager.model.errors import NOWHERE, Place, Problem
from job_manager.model.hints import Any
from job_manager.model.job import Action, Job, ModuleCall
from job_manager.model.need import MEMORY, Amounts, need
from job_manager.model.quantity import size_text
from job_manager.model.record import NamedTuple
from job_manager.model.site import Installed
from job_manager.model.survey import survey
from job_manager.model.wording import quoted
from job_manager.worker.machine import found_cpus, found_memory, memory_is_enforced


class Capacity(NamedTuple):
    """`slots` are CPUs as actions count them; `memory` in bytes or None (nobody knows); `limits` sorted by name. The
    words say where slots and memory come from."""

    slots: int
    memory: int | None
    limits: Amounts = ()
    slots_from: str = ""
    memory_from: str = ""


def capacity(slots: int, config: Config) -> Capacity:
    """What a run with `-j slots` (0: nothing was said) has."""
    chosen = slots or config.cpus or found_cpus()
    slots_from = f"-j {slots}" if slots else "the setting cpus" if config.cpus else "this machine"
    memory = config.memory or found_memory()
    return Capacity(
        chosen, memory, config.limits, slots_from, "the setting memory" if config.memory else "this machine"
    )


def here() -> dict[str, Any]:
    """What is found on this machine: CPUs, bytes of memory (or None), and whether memory is enforced."""
    return {"cpus": found_cpus(), "memory": found_memory(), "memory_enforced": memory_is_enforced()}


class Wanted(NamedTuple):
    """Something asked for in vain: `key` as in an entry, the hint, and the module whose manifest asks, or ""."""

    key: str
    message: str
    hint: str
    module: str


def check_needs(job: Job, modules: Iterable[Installed], here: Capacity) -> list[Problem]:
    """What can never be satisfied, each thing at the first entry that asks for it; and whether memory is enforced."""
    installed = {module.name: module for module in modules}
    first: dict[Wanted, tuple[str, Action, list[str]]] = {}
    asks_memory = False
    for path, action in survey(job).actions:
        module = installed.get(action.work.module) if isinstance(action.work, ModuleCall) else None
        if not (action.cpus or action.memory or action.limits or module):
            continue
        asks_memory = asks_memory or need(action, module).memory is not None
        for wanted in _in_vain(action, module, here):
            first.setdefault(wanted, (path, action, []))[2].append(path)
    problems = [_problem(wanted, *found) for wanted, found in first.items()]
    return [*problems, *_not_enforced(asks_memory)]


def _in_vain(action: Action, module: Installed | None, here: Capacity) -> Iterator[Wanted]:
    takes = need(action, module)
    said = {"cpus": action.cpus, MEMORY: action.memory, **{f"limits.{name}": n for name, n in action.limits}}
    limits = dict(here.limits)

    def wanted(key: str, message: str, hint: str) -> Wanted:
        return Wanted(key, message, hint, "" if said.get(key) is not None or module is None else module.name)

    if takes.cpus > here.slots:
        there = f"there {'is' if here.slots == 1 else 'are'} {here.slots}"
        yield wanted("cpus", f"{takes.cpus} cpus can never be had: {there} ({here.slots_from})", "-j N has N of them")
    if takes.memory and here.memory is not None and takes.memory > here.memory:
        there = f"there is {size_text(here.memory)} ({here.memory_from})"
        yield wanted(MEMORY, f"{size_text(takes.memory)} of memory can never be had: {there}", "")
    for name, amount in takes.limits:
        if name not in limits:
            near = suggestion(name, list(limits))
            declare = f"say how many there are in jm.toml: limits = {{{name} = {amount}}}"
            message = f"nobody has said how many there are of {quoted(name)}"
            yield wanted(f"limits.{name}", message, f"{near} Else {declare}" if near else declare)
        elif amount > limits[name]:
            message = f"{amount} of {quoted(name)} can never be had: there {_are(limits[name])} (the setting limits)"
            yield wanted(f"limits.{name}", message, "")


def _are(count: int) -> str:
    return f"is {count}" if count == 1 else f"are {count}"


def _problem(wanted: Wanted, path: str, action: Action, paths: list[str]) -> Problem:
    place = action.place or Place("", 0, 0, path)
    more = f" (and for {len(paths) - 1} more)" if len(paths) > 1 else ""
    who = f'module "{wanted.module}": ' if wanted.module else ""
    place = place._replace(path=f"{place.path}.{wanted.key}" if place.path else wanted.key)
    return Problem(place, f"{who}{wanted.message}{more}", wanted.hint)


def _not_enforced(asks: bool) -> Iterator[Problem]:
    if asks and not memory_is_enforced():
        text = "memory is only reserved here, not enforced: jm may not make cgroups (v2) of its own"
        yield Problem(NOWHERE, text, severity="note")
