"""Who is leased next, as far as slots, memory and limits go: of the jobs that of the highest priority, of those that
which holds least, of those that of which nothing has begun for the longest time; within a job by priority and then in
the order of its shape.

Memory and limits count from the lease on, so what takes some of them is leased only when it can begin at once. What
lacks a resource is passed over, and from then on nothing later gets that resource before it: what it lacks is closed to
all who come after, and what it has already is kept for it. The actions of one priority that take the same resources
stand in one queue, so a look costs what is leased and the number of queues, however many wait in them. Behind the slots
of a worker waits no more than is done in no time, and nothing at all of later jobs while an earlier one has no slot.
When nothing is ready any more, what comes next may be leased before its turn (core.chaining).
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import islice

from job_manager.core import events as e
from job_manager.core import policy
from job_manager.core.chaining import chained
from job_manager.core.order import action_at
from job_manager.core.state import FIRST, JobState, Queue, State, WorkerState
from job_manager.model.hints import TypeVar
from job_manager.model.need import PLAIN, Need
from job_manager.model.record import NamedTuple

Front = tuple[float, int, tuple[str, ...], Iterator[int]]
Member = TypeVar("Member", int, tuple[float, int])


def leases(state: State) -> list[e.Event]:
    """The leases of the first job that can have any; the next job is asked once these are folded."""
    asking = [job for job in state.jobs.values() if (job.ready or job.queues) and may_lease(state, job)]
    if not asking:
        some = (job for job in state.jobs.values() if job.leases and job.due and not (job.held or job.ending))
        return next((found for job in some if (found := list(chained(state, room(state, job), job)))), [])
    round = Round(state)
    if len(asking) > 1:
        asking.sort(key=turn)
    for job, other in zip(asking, [*asking[1:], None], strict=True):
        if job.workers & round.awaited:
            continue
        # Most jobs take nothing but slots, one each.
        by_need = job.needs or job.scarce or job.queues
        asked = _with_needs(round, job) if by_need else _plain(state, job, round.overtaking)
        found = list(islice(asked, room(state, job, other, bool(by_need))))
        if found:
            return found
        # What waits for a free slot would wait for ever if later jobs were leased ahead of it.
        round.overtaking = False
    return []


def turn(job: JobState) -> tuple[float, int, tuple[float, float, str]]:
    """By this the jobs are asked, one after another."""
    return -job.priority, job.slots, _place(job)


def _place(job: JobState) -> tuple[float, float, str]:
    """Among those that hold as much."""
    return job.latest, job.submitted_at, job.id


def may_lease(state: State, job: JobState) -> bool:
    """Whether the job may have leased what it has ready."""
    return bool(job.workers) and job.due and not job.held and room(state, job) != 0


def _cap(workers: dict[str, WorkerState], job: JobState) -> int:
    """How many slots the job may take; 0: all. A cap that is no less than there are limits nothing, least of all what
    waits behind the slots."""
    cap = job.site.cap
    return cap if cap and cap < sum(workers[name].slots for name in job.workers) else 0


def room(state: State, job: JobState, other: JobState | None = None, by_need: bool = False) -> int | None:
    """How many more may be leased before the other job has its turn; None: as many as there are slots."""
    rivals = other is not None and other.priority == job.priority
    if job.job.max_active is None and not job.site.cap and not rivals:
        return None
    limits = []
    if job.job.max_active is not None:
        limits.append(max(0, job.job.max_active - len(job.leases)))
    cap = _cap(state.workers, job)
    if cap:
        limits.append(max(0, cap - job.slots))
    if other is not None and rivals:
        # Where each may take several slots one is enough to look who holds less then.
        limits.append(1 if by_need else other.slots - job.slots + (_place(job) < _place(other)))
    return min(limits, default=None)


def idempotent(job: JobState, action: int) -> bool:
    """Whether the action may simply be run again; by its index."""
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
    for taken, place in enumerate(first(job.ready, len(places))):
        action = action_at(place)
        # What must not run twice is leased only when it can begin at once.
        if taken >= len(free) and not idempotent(job, action):
            return
        yield e.ActionLeased(job.id, action, job.attempts[action] + 1, places[taken])


def _places(state: State, job: JobState) -> tuple[list[str], list[str]]:
    """Workers, one for each lease they can take: those with free slots, then those with room behind their slots.

    Least loaded first, so that no worker hoards work while another is idle."""
    free: list[tuple[int, str]] = []
    behind: list[tuple[int, str]] = []
    for name in job.workers:
        worker = state.workers[name]
        if len(job.workers) == 1:
            return _places_of_one(name, worker, policy.ahead(job, worker))
        free += [(held, name) for held in range(worker.held, worker.slots)]
        full = max(worker.held, worker.slots)
        behind += [(held - worker.slots, name) for held in range(full, worker.slots + policy.ahead(job, worker))]
    return [name for _, name in sorted(free)], [name for _, name in sorted(behind)]


def _places_of_one(name: str, worker: WorkerState, ahead: int) -> tuple[list[str], list[str]]:
    free, left = worker.slots - worker.held, worker.slots + ahead - worker.held
    return [name] * free, [name] * (left if free < 0 else left - free)


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

    def want(self, job: JobState) -> str:
        """For what all workers of the job wait before they take anything, or ""."""
        wants = [self._workers[name].waits for name in job.workers]
        return wants[0] if all(wants) else ""

    def cap(self, job: JobState) -> int:
        """How many slots the job may take; 0: all."""
        return _cap(self._workers, job)

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
        behind = [
            (held - one.slots, name) for held, name, one in known if held + cpus <= one.slots + policy.ahead(job, one)
        ]
        return min(behind)[1] if behind else None


def _free(worker: WorkerState, held: int, cpus: int) -> bool:
    # What takes more than all slots runs alone, as the keeper has it: slots may be fewer than when it was checked.
    return held + cpus <= worker.slots or (held == 0 < worker.slots)


CAP, LACKS, SLOTS = "cap", "lacks", "slots"


class Refusal(NamedTuple):
    """Why an action is not leased now: it would take more than the job may have (`cap`), so much of `names` is not
    there (`lacks`), or no worker has room (`slots`)."""

    kind: str
    names: tuple[str, ...] = ()


def ask(round: Round, job: JobState, action: int, left: int | None) -> str | Refusal:
    """The worker that gets the action, which is then taken into account, or why there is none. `left`: slots that the
    job may still have, None: all."""
    takes = job.needs.get(action, PLAIN)
    if left is not None and takes.cpus > left and left < job.site.cap:
        return Refusal(CAP)  # what takes more than all it may have runs alone
    lacking = round.lacking(takes, job) if takes.amounts else []
    if lacking:
        round.pass_over(takes, lacking)
        return Refusal(LACKS, tuple(lacking))
    worker = round.place(job, takes.cpus, bool(takes.amounts) or not idempotent(job, action))
    if worker is None:
        round.awaited |= job.workers
        return Refusal(SLOTS)
    round.take(worker, takes)
    return worker


def slots_left(round: Round, job: JobState) -> int | None:
    """How many slots more the job may have; None: all."""
    cap = round.cap(job)
    return cap - job.slots if cap else None


def _with_needs(round: Round, job: JobState) -> Iterator[e.Event]:
    left = slots_left(round, job)
    for action in _in_order(job, round.closed):
        found = ask(round, job, action, left)
        if isinstance(found, str):
            left = None if left is None else left - job.needs.get(action, PLAIN).cpus
            yield e.ActionLeased(job.id, action, job.attempts[action] + 1, found)
        elif found.kind != LACKS:
            return


def _in_order(job: JobState, closed: set[str]) -> Iterator[int]:
    """What is ready, by priority and in the order of the shape, without the queues of which a resource is closed or
    becomes so."""
    fronts: list[Front] = []
    _queue_up(fronts, FIRST, first(job.ready, len(job.ready)))
    for queue, heap in job.queues.items():
        _queue_up(fronts, queue, first(heap, len(heap)))
    while fronts:
        rank, place, names, members = heappop(fronts)
        if not closed.intersection(names):
            yield action_at(place)
            _queue_up(fronts, (rank, names), members)


def _queue_up(fronts: list[Front], queue: Queue, members: Iterator[int]) -> None:
    place = next(members, None)
    if place is not None:
        heappush(fronts, (queue[0], place, queue[1], members))
