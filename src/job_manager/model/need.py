"""What an action takes of a machine while it runs: CPUs, memory, and counted things such as licences.

The entry's word counts before the module's, in `limits` name by name. Knows nothing of how much there is, nor of who
counts.
"""

from __future__ import annotations

from collections.abc import Collection

from job_manager.model.hints import TYPE_CHECKING
from job_manager.model.names import PARAM
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

if TYPE_CHECKING:
    from job_manager.model.job import Action
    from job_manager.model.module import Module
    from job_manager.model.site import Installed

MEMORY = "memory"  # among the names of limits, which none of them may have
MOST_CPUS = 4096
MOST_OF_A_LIMIT = 1_000_000
OWN_KEYS = {"cpus": "cpus: 2", MEMORY: "memory: 4G"}

Amounts = tuple[tuple[str, int], ...]


class Need(NamedTuple):
    """`cpus` in slots; `amounts` of memory (in bytes, under MEMORY) and of each limit, sorted by name, none of
    them 0."""

    cpus: int = 1
    amounts: Amounts = ()

    @property
    def memory(self) -> int | None:
        """Bytes, or None when nothing is said of memory."""
        return next((amount for name, amount in self.amounts if name == MEMORY), None)

    @property
    def names(self) -> tuple[str, ...]:
        """What there are amounts of."""
        return tuple(name for name, _ in self.amounts)

    @property
    def limits(self) -> Amounts:
        """The counted things alone."""
        return tuple(pair for pair in self.amounts if pair[0] != MEMORY)


PLAIN = Need()


def need(action: Action, module: Module | Installed | None, counted: Collection[str] = ()) -> Need:
    """What the action takes; `module` is the one it calls, if any; of its tags those that are `counted`, one of each.
    Nearly always PLAIN."""
    cpus, memory, limits = action.cpus, action.memory, action.limits
    if module is not None:
        cpus = module.cpus if cpus is None else cpus
        memory = module.memory if memory is None else memory
        if module.limits:
            limits = tuple({**dict(module.limits), **dict(limits)}.items())
    if counted and action.tags:
        limits = tuple({**{tag: 1 for tag in action.tags if tag in counted}, **dict(limits)}.items())
    if cpus is None and memory is None and not limits:
        return PLAIN
    amounts = {**dict(limits), **({MEMORY: memory} if memory else {})}
    return Need(cpus or 1, tuple(sorted((name, amount) for name, amount in amounts.items() if amount)))


def limit_name(name: str) -> str | None:
    """Why something cannot be the name of a limit, or None."""
    if name in OWN_KEYS:
        return f"{name} is no limit but a key of its own: {OWN_KEYS[name]}"
    return None if PARAM.match(name) else f"{quoted(name)} cannot be a name: letters, digits, _ and -, at most 64"
