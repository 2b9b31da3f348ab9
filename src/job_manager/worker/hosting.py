"""The jobs that a worker has taken on: how to brief their attempts, and whose they are. Knows no keeper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from job_manager.core.state import Lease
from job_manager.model.hints import Any
from job_manager.model.quantity import human
from job_manager.model.record import NamedTuple
from job_manager.ports.clock import Clock
from job_manager.worker.adoption import KeeperTrace
from job_manager.worker.attempt import read_token
from job_manager.worker.brief import Brief, Briefing, inherited
from job_manager.worker.keeper_link import Order


class Note(NamedTuple):
    """Something a person should know although nothing has been decided: of an action, or of the whole job (-1)."""

    job: str
    action: int
    message: str


class Caller(NamedTuple):
    """Whose job it is: the environment and the umask that its children get, None for the worker's own."""

    environ: dict[str, str] | None
    umask: int | None


class Jobs:
    """Briefings by job, of those that are open; and which jobs were ever met here."""

    def __init__(self) -> None:
        self.briefings: dict[str, Briefing] = {}
        self.met: set[str] = set()
        self.stuck = 0.0  # seconds of nothing after which an action that says nothing of it counts as stuck; 0: never
        self._callers: dict[str, Caller] = {}
        self._said: set[tuple[str, str]] = set()  # of what keepers have noted, by job

    def open(self, briefing: Briefing, environ: Mapping[str, str] | None, umask: int | None) -> None:
        """From now on this job is ours."""
        job = briefing.job.id
        self.briefings[job] = briefing
        self._callers[job] = Caller(None if environ is None else inherited(environ), umask)
        self.met.add(job)

    def close(self, job: str) -> None:
        """It is no more; one that is not known is none to forget."""
        self.briefings.pop(job, None)
        self._callers.pop(job, None)

    def surround(self, order: Order, job: str) -> Order:
        """The order with the environment and the umask that the job came with, and with what holds where nothing is
        said."""
        caller = self._callers[job]
        if caller.environ is not None:
            order["bare"], order["env"] = True, {**caller.environ, **order["env"]}
        order["umask"] = caller.umask
        if order.get("stuck") is None and self.stuck:
            order["stuck"] = (self.stuck, False)
        return order

    def noted(self, rows: Iterable[Sequence[str]]) -> list[Note]:
        """What keepers say of attempts (tokens), as notes: of each job the same words once, whichever action it is."""
        found = []
        for name, words in rows:
            job, index, _ = read_token(name)
            if job in self.briefings and (job, words) not in self._said:
                self._said.add((job, words))
                found.append(Note(job, index, words))
        return found

    def leases(self, worker: str) -> list[tuple[Briefing, Brief, Lease]]:
        """Of all jobs."""
        return [(briefing, *held) for briefing in self.briefings.values() for held in leases(briefing, worker)]

    def slots_of_others(self, worker: str) -> int:
        """How many slots are under lease of other incarnations than this one."""
        held = [(briefing, *each) for briefing in self.briefings.values() for each in briefing.job.leases.items()]
        return sum(b.brief(index, lease.attempt).need.cpus for b, index, lease in held if lease.worker != worker)

    def deadlines(self, trace: KeeperTrace, clock: Clock) -> dict[str, float]:
        """When the time of each open attempt that a keeper has begun is over, in monotonic seconds."""
        found: dict[str, float] = {}
        now, wall = clock.monotonic(), clock.wall()
        for name, begun in trace.begun.items():
            job, index, attempt = read_token(name)
            timeout = self.briefings[job].brief(index, attempt).timeout if job in self.briefings else None
            if timeout and name not in trace.exits:
                found[name] = now + max(0.0, begun.began + timeout - wall)
        return found

    def places(self, jobs: Mapping[str, object] | None = None) -> list[str]:
        """The folders to which attempts of these jobs (of all) write."""
        layouts = [each.layout for job, each in self.briefings.items() if jobs is None or job in jobs]
        return list(dict.fromkeys(path for layout in layouts for path in (layout.folder, layout.store.root)))


def leases(briefing: Briefing, worker: str) -> list[tuple[Brief, Lease]]:
    """What a worker's incarnation has under lease of one job, in the order in which it was leased: what begins only
    when others have ended comes after these."""
    held = [(index, lease) for index, lease in briefing.job.leases.items() if lease.worker == worker]
    return [(briefing.brief(index, lease.attempt), lease) for index, lease in held]


def still_notes(rows: Iterable[Sequence[Any]], now: float) -> list[Note]:
    """Of attempts (tokens) that run: since when nothing moves, or that something does again. `now`: Unix time."""
    found = []
    for name, since in rows:
        words = since and f"no output and no processor time for {human(now - since)}: is it stuck?"
        found.append(Note(*read_token(name)[:2], words or "it moves again"))
    return found
