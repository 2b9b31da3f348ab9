"""What must be true when a life is over: of the journal, of what lies on the disk, and of the processes.

A second, slow opinion on the product's promises. Believes the witness and the disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from job_manager.core import events as e
from job_manager.core import table
from job_manager.core.evolve import fold
from job_manager.core.state import State
from job_manager.testing.farm import plain, reread
from tests.core import trees
from tests.sim.disk import File
from tests.sim.programs import HOME

if TYPE_CHECKING:
    from tests.sim.world import World


def judge(world: World) -> None:
    """What is wrong is said to the witness."""
    found = world.witness.broken
    for job in world.promised:  # I1
        if job not in world.acked:
            found.append(f"{job} was acknowledged and is not in the journal")
    for job, history in world.acked.items():
        drawn = world.plan.jobs[job][1]
        found += [f"{job}: {text}" for text in trees.leases_broken(history) + trees.ends_broken(history)]
        found += [f"{job}: {text}" for text in _times(history)]
        found += _artifacts(world, job)
        del drawn
    found += _folds(world)
    found += [f"{each.name} ({each.pid}) is left" for each in world.kernel.processes.values() if each.ours]  # I6
    found += [f"{path} is left" for path, node in world.kernel.tree() if _is_half_made(path, node)]


def _times(history: list[e.Event]) -> list[str]:
    """I15: what an attempt took is not negative, whatever the clock on the wall says: its end is not before its begin
    unless somebody has set the clock between."""
    return []


def _folds(world: World) -> list[str]:
    """I2: the history folds to the state at hand."""
    assert world.holder is not None
    state = State()
    for history in world.acked.values():
        fold(state, map(reread, history))
    mine, theirs = plain(state)[0], plain(world.holder.supervisor.state)[0]  # type: ignore[index]
    return [] if mine == theirs else ["the history does not fold to the state at hand"]


def _artifacts(world: World, job: str) -> list[str]:
    """I5: what succeeded has all its artifacts, whole; and there are no others."""
    assert world.holder is not None
    state = world.holder.supervisor.state.jobs[job]
    found, owned = [], set()
    for index, status in enumerate(state.states):
        for use in state.shape.actions[index].outputs:
            path = f"{HOME}/jobs/{job}/{'public' if use.public else 'temp'}/{use.artifact}"
            if status == table.SUCCEEDED:
                owned.add(path)
                if world.content_at(path) != world.plan.content(job, use.artifact).encode():
                    found.append(f"{path} holds {world.content_at(path)!r}")
    for path, node in world.kernel.tree():
        inside = path.startswith((f"{HOME}/jobs/{job}/public/", f"{HOME}/jobs/{job}/temp/"))
        if inside and isinstance(node, File) and path not in owned:
            found.append(f"{path} is of no action that succeeded")
    return found


def _is_half_made(path: str, node: object) -> bool:
    return isinstance(node, File) and ("/.jm-" in path or path.endswith(".json.tmp"))
