"""What must be true when a life is over: of the journal, of what lies on the disk, and of the processes.

A second, slow opinion on the product's promises. Believes the witness and the disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from job_manager.core import events as e
from job_manager.core import table
from job_manager.core.evolve import fold
from job_manager.core.state import State
from job_manager.testing.farm import reread
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
        found += [f"{job}: {text}" for text in trees.leases_broken(history) + _ends(history)]
        found += _artifacts(world, job)
    found += [f"{path} is left" for path, node in world.kernel.tree() if _is_half_made(path, node)]


def _ends(history: list[e.Event]) -> list[str]:
    """Nothing happens to a job that is over, unless a person wants it to."""
    over, found = False, []
    for event in history:
        if over and not isinstance(event, (*OPENS, *HARMLESS)):
            found.append(f"{event} after the end")
        over = isinstance(event, e.JobFinished) or (over and not isinstance(event, OPENS))
    return found


OPENS = (e.JobResumed, e.JobRetried, e.ActionExcused)
HARMLESS = (e.WorkerJoined, e.WorkerLeft, e.PriorityChanged, e.JobReleased)


def _artifacts(world: World, job: str) -> list[str]:
    """I5: what succeeded has all its artifacts, whole; and there are no others."""
    state = fold(State(), map(reread, world.acked[job])).jobs[job]
    done = state.finished == "succeeded"
    # Once it has succeeded what is not public is removed, also where a person has it go on later.
    retired = any(isinstance(event, e.JobFinished) and event.state == "succeeded" for event in world.acked[job])
    ever = {event.action for event in world.acked[job] if isinstance(event, e.ActionSucceeded)}
    # What was removed may be there again after a power cut, and on a full disk it cannot be removed; that is said.
    tidy = not (world.met["power cut"] or world.met["disk full"])
    found, owned = [], set()
    for index, status in enumerate(state.states):
        for use in state.shape.actions[index].outputs:
            path = f"{HOME}/jobs/{job}/{'public' if use.public else 'temp'}/{use.artifact}"
            if index in ever:
                owned.add(path)
            whole = world.content_at(path) == world.plan.content(job, use.artifact).encode()
            if status == table.SUCCEEDED and (use.public or not retired) and not whole:
                found.append(f"{path} holds {world.content_at(path)!r}")
    for path, node in world.kernel.tree():
        inside = path.startswith((f"{HOME}/jobs/{job}/public/", f"{HOME}/jobs/{job}/temp/"))
        if inside and isinstance(node, File) and path not in owned:
            found.append(f"{path} is of no action that succeeded")
        if done and tidy and path.startswith(tuple(f"{HOME}/jobs/{job}/{name}/" for name in ("work", "temp"))):
            found.append(f"{path} is left of a job that has succeeded")
    return found


def _is_half_made(path: str, node: object) -> bool:
    return isinstance(node, File) and ("/.jm-" in path or path.endswith(".json.tmp"))
