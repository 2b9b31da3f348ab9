"""Who is leased next: by priority and then in listing order, as far as slots, memory and limits go.

Memory and limits count from the lease on, so what takes some of them is leased only when it can begin at once. What
lacks a resource is passed over, and from then on nothing later gets that resource before it: what it lacks is closed to
all who come after, and what it has already is kept for it. The actions of one priority that take the same resources
stand in one queue, so a look costs what is leased and the number of queues, however many wait in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import islice
from typing import TypeVar

from job_manager.core import events as e
from job_manager.core import policy
from job_manager.core.state import FIRST, JobState, Queue, State, WorkerState
from job_manager.model.need import PLAIN, Need

Front = tuple[float, int, tuple[str, ...], Iterator[int]]
Member = TypeVar("Member", int, tuple[float, int])


def leases(state: State) -> list[e.Event]:
    """The leases of the first job that can have any; the next job is asked once these are folded."""
    round = Round(state)
    for job in sorted(state.jobs.values(), key=_turn):
        if not _may_lease(job) or job.workers & round.awaited:
            continue
        # Most jobs take nothing but slots, one each.
        by_need = job.needs or job.scarce or job.queues
        asked = _with_needs(round, job) if by_need else _plain(state, job, round.overtaking)
        found = list(islice(asked, _room(job)))
        if found:
            return found
        if round.awaited & job.workers:
            continue
        # What waits for a free slot would wait for ever if later jobs were leased ahead of it.
        round.overtaking = round.overtaking and not job.queues and _idempotent(job, job.ready[0])
    return []


def _turn(job: JobState) -> tuple[float, float, str]:
    return -job.priority, job.submitted_at, job.id


def _may_lease(job: JobState) -> bool:
    return bool(job.ready or job.queues) and bool(job.workers) and job.due and not job.held and _room(job) != 0


def _room(job: JobState) -> int | None:
    """How many more may be leased; None: as many as there are slots."""
    return None if job.job.max_active is None else max(0, job.job.max_active - len(job.leases))


def _idempotent(job: JobState, action: int) -> bool:
    return policy.idempotent(job, job.shape.written(action))


def first(heap: list[Member], count: int) -> Iterator[Member]:
    """The `count` smallest of a heap in order, leaving it as it is: costs count log count, whatever the heap holds."""
    front = [(heap[0], 0)] if heap else []
    while front and count > 0:
        member, at = heappop(front)
        yield member
        count -= 1
        for below in (2 * at + 1, 2 * at + 2):
            if below < len(heap):
                heappush(front, (heap[below], below))


# --- one slot each --------------------------------------------------------------------------------------------------


def _plain(state: State, job: JobState, overtaking: bool) -> Iterator[e.Event]:
    free, behind = _places(state, job)
    places = [*free, *(behind if overtaking else ())]
    for taken, action in enumerate(first(job.ready, len(places))):
        # What must not run twice is leased only when it can begin at once.
        if taken >= len(free) and not _idempotent(job, action):
            return
        yield e.ActionLeased(job.id, action, job.attempts[action] + 1, places[taken])


def _places(state: State, job: JobState) -> tuple[list[str], list[str]]:
    """Workers, one for each lease they can take: those with free slots, then those with room behind their slots.

    Least loaded first, so that no worker hoards work while another is idle."""
    free: list[tuple[int, str]] = []
    behind: list[tuple[int, str]] = []
    for name in job.workers:
        worker = state.workers[name]
        free += [(held, name) for held in range(worker.held, worker.slots)]
        full = max(worker.held, worker.slots)
        behind += [(held - worker.slots, name) for held in range(full, worker.slots + worker.ahead)]
    return [name for _, name in sorted(free)], [name for _, name in sorted(behind)]


# --- with needs -----------------------------------------------------------------------------------------------------


class Round:
    """One look at all that is ready. `used`: amounts that are taken or kept for what was passed over; `closed`: what
    these lack; `held`: slots by worker. `overtaking`: may later ones wait behind the slots; `awaited`: workers
    for whose slots somebody waits, and which nobody after it may have."""

    def __init__(self, state: State) -> None:
        self._workers = state.workers
        self.used = dict(state.used)
        self.held = {name: worker.held for name, worker in state.workers.items()}
        self.closed: set[str] = set()
        self.overtaking = True
        self.awaited: set[str] = set()

    def lacking(self, takes: Need, job: JobState) -> list[str]:
        """The resources of which there is not enough left."""
        workers = [self._workers[name] for name in job.workers]
        return [
            name
            for name, amount in takes.amounts
            if self.used.get(name, 0) + amount > max(worker.total(name) for worker in workers)
        ]

    def pass_over(self, takes: Need, lacking: list[str]) -> None:
        """Nothing later gets before it what it lacks; what it does not lack is kept for it."""
        self.closed.update(lacking)
        self._count(takes, without=lacking)

    def take(self, worker: str, takes: Need) -> None:
        """It is leased."""
        self.held[worker] += takes.cpus
        self._count(takes)

    def _count(self, takes: Need, without: list[str] | None = None) -> None:
        for name, amount in takes.amounts:
            if name not in (without or ()):
                self.used[name] = self.used.get(name, 0) + amount

    def place(self, job: JobState, cpus: int, at_once: bool) -> str | None:
        """The least loaded worker with so many free slots, else one with room behind them; None: it has to wait."""
        known = [(self.held[name], name, self._workers[name]) for name in job.workers]
        free = [(held, name) for held, name, worker in known if _free(worker, held, cpus)]
        if free:
            return min(free)[1]
        if at_once or not self.overtaking or job.scarce:
            return None
        behind = [(held - one.slots, name) for held, name, one in known if held + cpus <= one.slots + one.ahead]
        return min(behind)[1] if behind else None


def _free(worker: WorkerState, held: int, cpus: int) -> bool:
    # What takes more than all slots runs alone, as the keeper has it: slots may be fewer than when it was checked.
    return held + cpus <= worker.slots or (held == 0 < worker.slots)


def _with_needs(round: Round, job: JobState) -> Iterator[e.Event]:
    for action in _in_order(job, round.closed):
        takes = job.needs.get(action, PLAIN)
        lacking = round.lacking(takes, job) if takes.amounts else []
        if lacking:
            round.pass_over(takes, lacking)
            continue
        worker = round.place(job, takes.cpus, bool(takes.amounts) or not _idempotent(job, action))
        if worker is None:
            round.awaited |= job.workers
            return
        round.take(worker, takes)
        yield e.ActionLeased(job.id, action, job.attempts[action] + 1, worker)


def _in_order(job: JobState, closed: set[str]) -> Iterator[int]:
    """What is ready, by priority and in listing order, without the queues of which a resource is closed or becomes
    so."""
    fronts: list[Front] = []
    _queue_up(fronts, FIRST, first(job.ready, len(job.ready)))
    for queue, heap in job.queues.items():
        _queue_up(fronts, queue, first(heap, len(heap)))
    while fronts:
        rank, action, names, members = heappop(fronts)
        if not closed.intersection(names):
            yield action
            _queue_up(fronts, (rank, names), members)


def _queue_up(fronts: list[Front], queue: Queue, members: Iterator[int]) -> None:
    action = next(members, None)
    if action is not None:
        heappush(fronts, (queue[0], action, queue[1], members))
