"""Why each ready action of a job has not been leased: the leasing's own look at all that is ready, told. Pure.

Leases nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from job_manager.core.leasing import CAP, LACKS, SLOTS, Round, ask, may_lease, room, slots_left, turn
from job_manager.core.order import action_at
from job_manager.core.state import FIRST, JobState, State
from job_manager.model.need import MEMORY, PLAIN, Need
from job_manager.model.quantity import size_text
from job_manager.model.record import NamedTuple
from job_manager.model.wording import named

NEXT, KEPT, ROOM, EARLIER, WORKER = "next", "kept", "room", "earlier", "worker"


class Stand(NamedTuple):
    """Where a ready action stands. kind: `next` (nothing is in its way), `slots` (none is free), `lacks` (so much of
    `names` is not there), `kept` (of `names` for `first`, which came before), `room` (as many of the job's actions are
    leased as may), `cap` (it takes more slots than the job may still have), `earlier` (a job before it waits for the
    slots), `worker` (no worker takes anything, for want of what `names` says). `before`: how many of the job come
    first, and `first` the first of them or -1."""

    action: int
    kind: str
    names: tuple[str, ...] = ()
    before: int = 0
    first: int = -1


def stands(state: State, job: JobState) -> list[Stand]:
    """Of each ready action, in the order in which they are leased; of a job that is held, as if it were not."""
    round = Round(state)
    for other in sorted(state.jobs.values(), key=turn):
        if other is job:
            return list(_look(state, round, job))
        if (other.ready or other.queues) and may_lease(state, other):
            deque(_look(state, round, other), 0)  # for what it takes, and for what it waits
    return []


def before(state: State, job: JobState) -> JobState | None:
    """The first of the jobs that are asked before this one and want the same workers."""
    ready = (other for other in state.jobs.values() if (other.ready or other.queues) and other.workers & job.workers)
    asking = (other for other in ready if may_lease(state, other))
    return min((other for other in asking if turn(other) < turn(job)), key=turn, default=None)


def _look(state: State, round: Round, job: JobState) -> Iterator[Stand]:
    order = _order(job)
    if not job.workers or job.workers & round.awaited:
        kind = EARLIER if job.workers else NEXT
        yield from (Stand(action, kind, (), at, order[0] if at else -1) for at, action in enumerate(order))
        return
    want = round.want(job)
    if want:
        yield from (Stand(action, WORKER, (want,), at, order[0] if at else -1) for at, action in enumerate(order))
        return
    many, left = room(state, job), slots_left(round, job)
    closed: dict[str, int] = {}  # who closed a resource
    for at, action in enumerate(order):
        stand = Stand(action, ROOM) if many == 0 else _ask(round, job, action, left, closed)
        if stand.kind == NEXT:
            many = None if many is None else many - 1
            left = None if left is None else left - job.needs.get(action, PLAIN).cpus
        yield stand._replace(before=at, first=stand.first if stand.first >= 0 else order[0] if at else -1)


def _ask(round: Round, job: JobState, action: int, left: int | None, closed: dict[str, int]) -> Stand:
    """What the leasing says when this one comes."""
    names = job.needs.get(action, PLAIN).names
    kept = tuple(name for name in names if name in round.closed)
    if kept:
        return Stand(action, KEPT, kept, first=closed.get(kept[0], -1))
    if job.workers & round.awaited:
        return Stand(action, SLOTS)
    found = ask(round, job, action, left)
    if isinstance(found, str):
        return Stand(action, NEXT)
    closed.update(dict.fromkeys(found.names, action))
    return Stand(action, found.kind, found.names)


def _order(job: JobState) -> list[int]:
    ranks = [(FIRST[0], place) for place in job.ready]
    ranks += [(queue[0], place) for queue, heap in job.queues.items() for place in heap]
    return [action_at(place) for _, place in sorted(ranks)]


# --- in words --------------------------------------------------------------------------------------------------------


def in_words(state: State, job: JobState, stand: Stand) -> str:
    """For what it waits, as `gpu: 1 of 1 in use by render/a`; "" when nothing is in its way."""
    takes = job.takes(stand.action)
    if stand.kind == LACKS:
        return "; ".join(in_use(state, job, name, takes) for name in stand.names)
    if stand.kind == KEPT:
        first = f"{job.shape.paths[stand.first]} comes" if stand.first >= 0 else "others come"
        return f"{stand.names[0]}: {first} before it"
    if stand.kind == WORKER:
        return stand.names[0]
    if stand.kind in (ROOM, CAP):
        return at_most(job)
    return slots(state, job, takes) if stand.kind in (SLOTS, EARLIER) else ""


def at_most(job: JobState) -> str:
    """How many of its own limit the job has: `max_active: 2 of 2 run`, `-j: 3 of 4 cpus in use`."""
    if job.job.max_active is not None and len(job.leases) >= job.job.max_active:
        return f"max_active: {len(job.leases)} of {job.job.max_active} run"
    return f"-j: {job.slots} of {job.site.cap} cpus in use"


def in_use(state: State, job: JobState, name: str, takes: Need) -> str:
    """How much of a resource is in use, and by whom."""
    wanted, total = dict(takes.amounts)[name], max(state.workers[worker].total(name) for worker in job.workers)
    used = state.used.get(name, 0)
    shown = [size_text(int(amount)) if name == MEMORY else f"{int(amount)}" for amount in (wanted, used, total)]
    holders = named(holding(state, job, name))
    # Where one is enough, how many it takes says nothing.
    takes_words = f"takes {shown[0]}, and " if wanted > 1 else ""
    return f"{name}: {takes_words}{shown[1]} of {shown[2]} in use{holders and f' by {holders}'}"


def slots(state: State, job: JobState, takes: Need) -> str:
    """How many slots are in use."""
    workers = [state.workers[worker] for worker in job.workers]
    total = sum(worker.slots for worker in workers)
    used = min(total, sum(worker.held for worker in workers))
    return f"cpus: {f'takes {takes.cpus}, and ' if takes.cpus > 1 else ''}{used} of {total} in use"


def holding(state: State, job: JobState, name: str = "") -> list[str]:
    """The paths of all that holds a resource (or "": a slot of a worker of the job), those of other jobs with their
    job's id, sorted."""
    found = []
    for other in state.jobs.values():
        before = "" if other is job else f"{other.id}/"
        for action, lease in other.leases.items():
            if name in other.holds.get(action, PLAIN).names if name else lease.worker in job.workers:
                found.append(before + other.shape.paths[action])
    return sorted(found)
