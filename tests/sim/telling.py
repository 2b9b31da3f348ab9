"""A life told from its seed, and a failing one made short: misfortunes and jobs are left out one by one while it fails.

Knows nothing of what is right; a life judges itself.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from tests.sim.plan import Plan
from tests.sim.world import World

REGRESSIONS = Path(__file__).with_name("regressions.txt")


class Failure(NamedTuple):
    """`without`: names of faults and jobs that are left out; `why` in words; `story` has what happened."""

    seed: int
    without: tuple[str, ...]
    why: str
    story: tuple[str, ...]

    @property
    def line(self) -> str:
        """The line that repeats it."""
        without = f" --without {','.join(self.without)}" if self.without else ""
        return f"python -m tests.sim --from {self.seed} --seeds 1{without}"


def lived(seed: int, without: Collection[str] = ()) -> World | Failure:
    """One life: the world at its end, or why it failed."""
    world = World(seed, without)
    try:
        return world.run()
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        return Failure(seed, tuple(sorted(without)), why, tuple(world.story))


def shrunk(failure: Failure) -> Failure:
    """The same life with as little as possible in it, so that it still fails."""
    plan = Plan(failure.seed)
    names = [fault.name for fault in plan.faults] + [name for name in plan.jobs if len(plan.jobs) > 1]
    for name in names:
        if name in failure.without or len({*plan.jobs} - {*failure.without, name}) == 0:
            continue
        found = lived(failure.seed, {*failure.without, name})
        failure = found if isinstance(found, Failure) else failure
    return failure


def kept() -> list[tuple[int, tuple[str, ...]]]:
    """Lives that have failed once: (seed, without), one a line with a word on what it was."""
    found = []
    for line in REGRESSIONS.read_text(encoding="ascii").splitlines():
        words = line.partition("#")[0].split()
        if words:
            found.append((int(words[0]), tuple(words[1].split(",")) if len(words) > 1 else ()))
    return found


def keep(failure: Failure) -> None:
    """Have it run for ever."""
    if (failure.seed, failure.without) not in kept():
        why = failure.why.splitlines()[0][:100].encode("ascii", "replace").decode()
        with REGRESSIONS.open("a", encoding="ascii") as stream:
            stream.write(f"{failure.seed} {','.join(failure.without)}  # {why}\n")
