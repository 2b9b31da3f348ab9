"""What the core holds in memory: jobs, their actions' states, and the indices that make a turn cost what changed.

Only evolve writes here. Everything is rebuilt by folding the journal. Knows nothing of rules.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from job_manager.core import table
from job_manager.core.fans import Items, shape_of
from job_manager.core.order import Order
from job_manager.core.parts import Fan
from job_manager.core.shape import Shape
from job_manager.model.errors import InvariantBroken, NotFound
from job_manager.model.hints import Any
from job_manager.model.job import Job, ModuleCall
from job_manager.model.need import MEMORY, Need, need
from job_manager.model.record import NamedTuple
from job_manager.model.site import Site

Queue = tuple[float, tuple[str, ...]]
FIRST: Queue = (-0.0, ())
"""A queue of what is ready: minus the priority, and the names of the resources taken. Nearly all stands in this one."""


class Lease(NamedTuple):
    """Who may run the attempt."""

    worker: str
    attempt: int


class Failure(NamedTuple):
    """How an attempt ended that did not succeed; fields as in events.AttemptFailed."""

    attempt: int
    reason: str
    code: int | None
    message: str


class Skip(NamedTuple):
    """A range of actions that can never run, and why; fields as in events.ActionsSkipped."""

    first: int
    end: int
    because: int
    task: int


class JobState:
    """One job. Per action: states, attempts (made so far), began and ended (seconds, 0 unknown); the rest is sparse."""

    __slots__ = (
        "astray",
        "attempts",
        "began",
        "begun_at",
        "cancelling",
        "come",
        "counts",
        "doomed",
        "due",
        "early",
        "ended",
        "ending",
        "ends",
        "excused",
        "failures",
        "finished",
        "finished_at",
        "grace",
        "held",
        "highest",
        "holds",
        "id",
        "job",
        "latest",
        "leases",
        "losses",
        "needs",
        "notes",
        "omitted",
        "order",
        "over",
        "pace",
        "priority",
        "queues",
        "ready",
        "remaining",
        "requests",
        "results",
        "scarce",
        "shadow",
        "shape",
        "since",
        "site",
        "spent",
        "starved",
        "states",
        "stopping",
        "submitted_at",
        "timed",
        "timed_out",
        "timers",
        "turn",
        "undecided",
        "unfanned",
        "unmet",
        "unwanted",
        "wary",
        "workers",
    )

    def __init__(self, id: str, job: Job, site: Site, at: float) -> None:
        self.id = id
        self.submitted_at = at
        self.workers: set[str] = set()
        self.due = not site.waits  # whether the time has come before which nothing is to start
        self.held = ""  # why nothing new starts, or ""
        self.grace: float | None = 0.0  # of the hold, as in events.JobHeld
        self.ending = ""  # why all that is left is ended: cancelled | timeout
        self.timed_out: tuple[str, float] | None = None  # which limit, and how many seconds it was
        self.finished = ""  # succeeded | failed | cancelled
        self.finished_at = 0.0
        self.priority = job.priority or 0.0  # among jobs
        self.latest = 0.0  # when the last of its attempts began, whether it was heard or not
        self.pace: float | None = None  # seconds that an attempt takes, the later ones counting more; None: none ended
        self.requests: set[str] = set()  # ids of what persons asked for and what has been heard
        self.highest = 0  # no action has had a later attempt, whatever its index meant before an edit
        self.plan(job, site)
        self.wait_from(at)

    def plan(self, job: Job, site: Site, fans: Iterable[tuple[int, Items]] = ()) -> None:
        """Start over with this job: every action waiting, every index empty. `fans`: fan-outs that are known."""
        self.job = job
        self.timed = bool(job.timeout or job.wait_timeout)
        self.site = site
        self.shape: Shape = shape_of(job, site, fans)
        self.order = Order(self.shape)  # in which what is ready is leased
        size = len(self.shape.actions)
        self.states = bytearray(size)
        self.counts = [size] + [0] * (len(table.NAMES) - 1)
        for fan in self.shape.fans.values():
            self._fanned(fan)
        self.attempts = array("i", bytes(4 * size))
        self.began = array("d", bytes(8 * size))
        self.ended = array("d", bytes(8 * size))
        self.spent: dict[int, int] = {}  # attempts that count against `retries`
        self.starved: dict[int, int] = {}  # attempts that failed for want of room on a disk
        self.losses: dict[int, int] = {}  # attempts lost with their machine
        self.results: dict[int, Sequence[Sequence[Any]]] = {}  # outputs of what succeeded
        self.notes: dict[int, str] = {}  # what a person should know of something that succeeded
        self.failures: dict[int, Failure] = {}
        self.leases: dict[int, Lease] = {}
        self.holds: dict[int, Need] = {}  # what leases take, of those that take more than one slot
        # Leases of what has not come to its turn yet, and the nodes (of the shape) after which each begins; those of
        # them that cannot begin any more; and whether one has come back since an action has succeeded.
        self.early: dict[int, tuple[int, ...]] = {}
        self.astray: list[int] = []
        self.come: list[int] = []  # those whose turn has just come; evolve sees to them at once
        self.wary = False
        # Leases whose attempts were told to end, and the seconds that they have for it: that is never taken back.
        self.stopping: dict[int, float] = {}
        self.cancelling: set[int] = set()  # those of them that are not to run again
        self.excused: set[int] = set()  # actions that a person wants to go on without
        self.undecided: list[int] = []  # failed or lost, no verdict yet
        self.timers: list[tuple[float, int]] = []  # heap of (due, action) for planned retries
        self.reset_tree()

    def _fanned(self, fan: Fan) -> None:
        self.counts[self.states[fan.action]] -= 1
        self.states[fan.action] = table.FANNED
        self.counts[table.FANNED] += 1

    def grow(self, fan: Fan) -> None:
        """Room for the actions of a fan-out that has just become known."""
        self._fanned(fan)
        self.extend(self.shape.node_of[fan.action])

    def extend(self, node: int) -> None:
        """Room for what has just come into the shape below a node: all of it waits."""
        shape, first = self.shape, len(self.ends)
        size = len(shape.actions) - len(self.states)
        self.states.extend(bytes(size))
        self.counts[table.WAITING] += size
        self.attempts.extend([self.highest] * size)
        for times in (self.began, self.ended):
            times.extend([0.0] * size)
        self.remaining.extend(shape.width[first:])
        self.remaining[node] = shape.width[node]
        self.turn.extend([-1] * (len(shape.parent) - first))
        self.ends.extend(bytes(len(shape.parent) - first))
        fresh = (each for each in range(first, len(shape.parent)) if each in shape.needs)
        self.unmet.update((each, len(shape.needs[each])) for each in fresh)

    def wait_from(self, at: float) -> None:
        """Its times count from now on: of what it has to wait, or to run if something of it is at work."""
        self.since = at
        self.begun_at = at if self.leases else 0.0

    @property
    def deadline(self) -> tuple[float, str, float] | None:
        """When its time has run out, which limit that is, and how many seconds; None where it has none."""
        if not self.timed or self.finished or self.ending:
            return None
        start, limit, name = self.since, self.job.wait_timeout, "wait_timeout"
        if self.begun_at:
            start, limit, name = self.begun_at, None if self.held else self.job.timeout, "timeout"
        return (start + limit, name, limit) if limit else None

    def hear(self, request: str) -> None:
        """Somebody asked for this."""
        if request:
            self.requests.add(request)

    def stop(self, actions: Iterable[int], grace: float) -> None:
        """Their attempts are told to end: within the shortest of all graces that were ever given."""
        for action in actions:
            self.stopping[action] = min(grace, self.stopping.get(action, grace))

    def began_at(self, at: float) -> None:
        """An attempt has begun."""
        self.begun_at = self.begun_at or at
        if at > self.latest:
            self.latest = at

    def took(self, began: float, ended: float) -> None:
        """An attempt has ended."""
        if began > self.latest or not self.begun_at:
            self.began_at(began)
        seconds = ended - began if ended > began else 0.0  # clocks may be set back
        self.pace = seconds if self.pace is None else self.pace + (seconds - self.pace) / 8

    @property
    def slots(self) -> int:
        """How many slots its leases take; what has not come to its turn takes none."""
        return len(self.leases) - len(self.early) + sum(takes.cpus - 1 for takes in self.holds.values())

    def failure(self, action: int) -> Failure:
        """How the last attempt ended of an action that did not succeed, perhaps because it was cancelled."""
        reason = "cancelled" if self.states[action] == table.CANCELLED else "lost"
        return self.failures.get(action) or Failure(self.attempts[action], reason, None, "")

    def forget_queues(self) -> None:
        """Nothing is ready, and nothing is to be concluded."""
        # Heap of places in the order of the shape: those of priority 0 that take nothing but slots.
        self.ready: list[int] = []
        self.queues: dict[Queue, list[int]] = {}  # the others: a heap for each priority and set of resources taken
        self.needs: dict[int, Need] = {}  # what ready actions take, of those that take more than one slot
        self.doomed: list[Skip] = []
        self.unfanned: list[int] = []  # written actions whose turn has come and whose items are to be found
        self.unwanted: dict[int, None] = {}  # in order: nodes whose turn has come and whose condition does not hold

    def reset_tree(self) -> None:
        """Forget what has been concluded about the tree; evolve settles it anew."""
        self.forget_queues()
        self.shadow: Any = None  # a chaining.Shadow: the tree as it will be when all leases have ended well
        self.look_for_scarce()
        self.omitted = set(self.excused)  # actions that are left out on purpose: the others for their conditions
        self.over = False
        self.remaining = array("i", self.shape.width)  # children with actions that are not over
        self.ends = bytearray(len(self.shape.parent))  # 0 open, 1 over and well, 2 over or bound to be, and not well
        self.turn = array("i", [-1]) * len(self.shape.parent)  # in a serial node that has begun: whose turn it is
        self.unmet = {node: len(needed) for node, needed in self.shape.needs.items()}

    def look_for_scarce(self) -> None:
        """Find out whether anything in the job takes memory or a limit: then nothing is leased ahead, for what waits
        for a resource would, when it is there, have to wait for all that was leased meanwhile."""
        counted = self.site.counted
        self.scarce = any(
            action.memory or action.limits or (counted and action.tags) for action in self.shape.as_written()
        ) or any(module.memory or module.limits for module in self.site.modules)

    def stands_for(self, action: int) -> Sequence[int]:
        """The action itself, or those that it is fanned out to."""
        if self.states[action] != table.FANNED:
            return (action,)
        fan = self.shape.fans[self.shape.node_of[action]]
        return range(fan.low, fan.high)

    def takes(self, action: int) -> Need:
        """What the action takes while it runs."""
        leaf = self.shape.written(action)
        module = self.site.module(leaf.work.module) if isinstance(leaf.work, ModuleCall) else None
        return need(leaf, module, self.site.counted)

    def queue(self, action: int, takes: Need) -> Queue:
        """Where it stands while it is ready; FIRST is `ready`, the others are in `queues`."""
        if not self.shape.priorities:
            return (FIRST[0], takes.names) if takes.amounts else FIRST
        return -self.shape.priority(action), takes.names

    def move(self, action: int, event: type) -> None:
        """Take one action along the transition table. Raises InvariantBroken where the table has no such step."""
        before = self.states[action]
        after = table.TABLE[event].get(before)
        if after is None:
            raise self.broken(event, action)
        self.states[action] = after
        self.counts[before] -= 1
        self.counts[after] += 1

    def broken(self, event: type, action: int, why: str = "") -> InvariantBroken:
        """The error that this event cannot happen to the action now."""
        now = why or f"which is {table.NAMES[self.states[action]]}"
        return InvariantBroken(f"job {self.id}: {event.__name__} cannot happen to {self.shape.paths[action]}, {now}")

    @property
    def state(self) -> str:
        """The job's state, computed from its leaves: waiting, running, interrupted, paused, down, succeeded, failed or
        cancelled."""
        if self.finished:
            return self.finished
        if self.held and not self.leases:
            return self.held
        begun = self.size - self.counts[table.WAITING] - self.counts[table.READY]
        return "running" if begun else "waiting"

    @property
    def seen(self) -> bytearray:
        """The states as people see them: what was leased before its turn waits for that."""
        found = bytearray(self.states) if self.early else self.states
        for action in self.early:
            found[action] = table.WAITING
        return found

    @property
    def taken_up(self) -> bool:
        """Whether anybody has ever run it."""
        return bool(self.workers) or any(self.attempts)

    @property
    def size(self) -> int:
        """How many actions there are, as far as is known; a fan-out counts as those it stands for."""
        return len(self.states) - self.counts[table.FANNED]

    @property
    def missed(self) -> int:
        """How many were skipped for want of something; those that were left out on purpose are not missed."""
        return self.counts[table.SKIPPED] - len(self.omitted)

    def counted(self, as_seen: bool = False) -> dict[str, int]:
        """The number of actions by state name, zeros left out; `as_seen`: of the states as people see them."""
        found = list(self.counts)
        found[table.WAITING] += len(self.early) if as_seen else 0
        found[table.LEASED] -= len(self.early) if as_seen else 0
        counts = zip(table.NAMES, found, strict=True)
        return {name: count for name, count in counts if count and name != table.NAMES[table.FANNED]}


class WorkerState:
    """A worker's incarnation: how many slots it has, how many may be leased behind them, how many its leases take, how
    many leases are `early` and take none yet, and how much there is of memory (in bytes, None: nobody has looked) and
    of each limit where it runs. `waits`: for what it waits before it takes any, or "". `at`: when it announced that."""

    __slots__ = ("ahead", "at", "early", "held", "limits", "memory", "slots", "waits")

    def __init__(self, slots: int, ahead: int) -> None:
        self.slots = slots
        self.ahead = ahead
        self.held = self.early = 0
        self.memory: int | None = None
        self.limits: dict[str, int] = {}
        self.waits = ""
        self.at = 0.0

    @property
    def offer(self) -> tuple[int, int, int | None, dict[str, int], str]:
        """What it has announced."""
        return self.slots, self.ahead, self.memory, self.limits, self.waits

    def copy(self) -> WorkerState:
        """The same, to be changed apart."""
        made = WorkerState(self.slots, self.ahead)
        made.held, made.early, made.memory, made.limits = self.held, self.early, self.memory, dict(self.limits)
        made.waits, made.at = self.waits, self.at
        return made

    def total(self, name: str) -> float:
        """How much there is of a resource."""
        if name == MEMORY:
            return float("inf") if self.memory is None else self.memory
        return self.limits.get(name, 0)


class State:
    """All jobs whose streams were folded, the workers they know, what their leases take, and what changed since orders
    were last read. Memory and limits are those of one place: an incarnation that dies leaves what it began running
    there, beside what the next one begins."""

    __slots__ = ("changed", "jobs", "touched", "used", "workers")

    def __init__(self) -> None:
        self.jobs: dict[str, JobState] = {}
        self.workers: dict[str, WorkerState] = {}
        self.used: dict[str, int] = {}  # of memory and of limits, by all leases together
        self.changed: list[tuple[str, int]] = []  # leases to start, or to stop, since the last reading
        self.touched: set[str] = set()  # jobs about which there may be something to decide

    def shared(self) -> State:
        """What jobs have in common, as it is now, to be taken back to."""
        kept = State()
        kept.workers = {name: worker.copy() for name, worker in self.workers.items()}
        kept.used, kept.changed, kept.touched = dict(self.used), list(self.changed), set(self.touched)
        return kept

    def take_back(self, shared: State, jobs: Iterable[str]) -> None:
        """As if nothing had been folded of these jobs, of which nothing was known when `shared` was taken."""
        self.workers, self.used, self.changed, self.touched = (
            shared.workers, shared.used, shared.changed, shared.touched
        )  # fmt: skip
        for job in jobs:
            self.jobs.pop(job, None)

    def job(self, id: str) -> JobState:
        """The job of that id. Raises NotFound."""
        try:
            return self.jobs[id]
        except KeyError:
            raise NotFound(f"there is no job {id}") from None
