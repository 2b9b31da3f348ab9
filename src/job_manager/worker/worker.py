"""The worker of this machine: takes orders, prepares attempts, has the keeper run them, watches, reports.

Decides nothing: no retry, no order of work. What it does not remember it asks the keeper, or reads from the records
that an earlier keeper left; so it may die at any instant.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from job_manager.core.decide import Order, StartAttempt, StopAttempt
from job_manager.core.said import AttemptBegan, AttemptEnded, AttemptReturned, Report, WorkerAnnounced, WorkerGone
from job_manager.core.state import Lease
from job_manager.model.errors import EngineError, InputError
from job_manager.model.secret import secrets_of
from job_manager.ports.clock import Clock
from job_manager.worker import adoption, ahead
from job_manager.worker.attempt import Ending, Unfit, conclude, ended, prepare, read_token, token
from job_manager.worker.brief import NO_SECRETS, Brief, Briefing, inherited
from job_manager.worker.concluding import Concluder
from job_manager.worker.growing import Grow, Grown, grown
from job_manager.worker.keeper import become_undumpable
from job_manager.worker.keeper_link import KeeperGone, KeeperLink

if TYPE_CHECKING:
    from job_manager.worker.hiding import Share

AHEAD = 64  # orders that wait in the keeper, so that neither a commit nor a round trip stands between two actions
HELLO_TIMEOUT = 10.0
LOST = Ending("lost", None, "")


class Worker:
    """One incarnation after another: `incarnation` names the present keeper, "" before `open`."""

    def __init__(self, keepers: str, slots: int, environ: dict[str, str], umask: int, clock: Clock) -> None:
        self._keepers = keepers
        self.slots = slots
        self.memory: int | None = None  # how much there is here, in bytes
        self.limits: tuple[tuple[str, int], ...] = ()
        self.grow: Grow | None = None  # who understands what expanding actions print
        self.secrets = ""  # the directory with the file of secrets
        self._shares: dict[str, Share] = {}  # of them what attempts have got that were begun here, by token
        self._environ = inherited(environ)
        self._umask = umask
        self._clock = clock
        self._briefings: dict[str, Briefing] = {}
        self._concluder = Concluder()
        self._link: KeeperLink | None = None
        self._orphans: tuple[str, adoption.Orphans] | None = None
        self._sent: set[str] = set()  # tokens given to the present keeper whose end is not reported
        self._begun: set[str] = set()  # tokens of which we know that they began, under whatever incarnation
        self._stale: list[str] = []  # ends that nobody waits for any more
        self._early: list[Any] = []  # messages read while waiting for a keeper's state
        self._resolved: list[adoption.KeeperTrace] = []  # dead keepers all of whose word has been said
        self._reaps = False
        self.incarnation = ""

    # --- beginning ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start a fresh keeper now, before it is needed: it takes a moment to come up."""
        self.incarnation = os.urandom(6).hex()
        folder = os.path.join(self._keepers, self.incarnation)
        self._link = KeeperLink.launch(folder, self.incarnation)
        self._link.hello(self.slots, self._environ, self._umask)

    def open(self, briefing: Briefing) -> list[Report]:
        """Take on a job: find what earlier incarnations left of it, adopt or resolve that, and offer ourselves."""
        job = briefing.job.id
        self._briefings[job] = briefing
        holders = {lease.worker for lease in briefing.job.leases.values()}
        traces = [t for t in adoption.keepers(self._keepers) if t.incarnation in holders or _began_any(t, job)]
        reports: list[Report] = []
        for trace in traces:
            if trace.incarnation == self.incarnation:
                continue
            if not (self._link is None and trace.alive and self._attach(trace)):
                reports += self._resolve(briefing, trace)
        reports += self._unheard_of(briefing, {trace.incarnation for trace in traces})
        if self._link is None:
            self.start()
        return [*reports, self._announcement(job)]

    def _announcement(self, job: str) -> WorkerAnnounced:
        return WorkerAnnounced(job, self.incarnation, self.slots, AHEAD, self.memory, self.limits)

    def _attach(self, trace: adoption.KeeperTrace) -> bool:
        """Take over a keeper whose worker died; its children go on."""
        link = KeeperLink.attach(trace.directory)
        if link is None:
            return False
        link.hello(self.slots, self._environ, self._umask)
        try:
            # Before anything may be prepared: which attempts are alive there?
            self._early = self._await_state(link)
        except KeeperGone:
            link.close()
            return False
        self._link, self.incarnation = link, trace.incarnation
        ahead.drop()
        for kind, content in self._early:
            if kind == "state":
                self._begun.update(str(row[0]) for row in _known(content))
        return True

    def _await_state(self, link: KeeperLink) -> list[Any]:
        import select

        messages: list[Any] = []
        give_up = self._clock.monotonic() + HELLO_TIMEOUT
        while not any(message[0] == "state" for message in messages):
            left = give_up - self._clock.monotonic()
            if left <= 0:
                raise KeeperGone("the keeper does not answer")
            link.flush()
            select.select([link], [], [], left)
            messages += link.receive()
        return messages

    def _resolve(self, briefing: Briefing, trace: adoption.KeeperTrace) -> Iterator[Report]:
        """What a keeper that is gone can still tell: ends that count, attempts that never began, and what is lost."""
        adoption.end_leftovers(trace, 0.0)
        ends = adoption.exits(trace)
        for brief, lease in _leases(briefing, trace.incarnation):
            name = token(brief.job, brief.number, lease.attempt)
            if name in ends:
                grow = self._growing(briefing, brief)
                share = self._share(name, brief)
                yield conclude(brief, ends[name], briefing.layout, trace.incarnation, grow, share)
            elif name in trace.begun:
                now = self._clock.wall()
                yield ended(brief, trace.incarnation, now, now, LOST)
            else:
                yield AttemptReturned(brief.job, brief.number, lease.attempt, trace.incarnation)
        yield WorkerGone(briefing.job.id, trace.incarnation)
        self._resolved.append(trace)

    def _unheard_of(self, briefing: Briefing, known: set[str]) -> list[Report]:
        """Incarnations that hold leases and left no trace at all."""
        named = {lease.worker for lease in briefing.job.leases.values()}
        return [WorkerGone(briefing.job.id, worker) for worker in sorted(named - known - {self.incarnation})]

    # --- working ------------------------------------------------------------------------------------------------

    def carry_out(self, orders: Sequence[Order]) -> list[Report]:
        """Prepare and send what is ordered; reports about attempts that cannot begin."""
        starts: list[Any] = []
        stops: list[tuple[str, float]] = []
        reports: list[Report] = []
        now = self._clock.wall()
        for order in orders:
            name = token(order.job, order.action, order.attempt)
            if isinstance(order, StopAttempt):
                stops.append((name, order.grace))
            elif order.worker == self.incarnation and name not in self._sent and name not in self._begun:
                self._prepare(order, name, now, starts, reports)
        self._send(starts, stops)
        if starts and not self._reaps:
            # After the first dispatch, since it takes some milliseconds; from now on the keeper may die.
            self._reaps = adoption.become_subreaper()
        return reports

    def _prepare(self, order: StartAttempt, name: str, now: float, starts: list[Any], reports: list[Report]) -> None:
        briefing = self._briefings[order.job]
        if briefing.job.leases.get(order.action) != Lease(order.worker, order.attempt):
            return  # an order from before; preparing it would clear away what the attempt has published since
        brief = briefing.brief(order.action, order.attempt)
        try:
            secrets = self._handed_out(name, brief)
            starts.append(prepare(brief, briefing.layout, self.incarnation, now, secrets))
            self._sent.add(name)
        except Unfit as unfit:
            reports.append(ended(brief, self.incarnation, now, now, Ending(unfit.reason, None, str(unfit))))

    def _handed_out(self, name: str, brief: Brief) -> Mapping[str, str]:
        """The secrets that an attempt gets; from then on this process's memory is nobody's to read. Raises Unfit."""
        if not secrets_of(brief.action.env):
            return NO_SECRETS
        from job_manager.worker.hiding import given  # few jobs have any

        try:
            got = given(brief.action.env, self.secrets)
        except (EngineError, InputError) as cause:
            raise Unfit("spawn", str(cause).partition("\n")[0]) from cause
        become_undumpable()
        self._shares[name] = got
        return got.values

    def _share(self, name: str, brief: Brief) -> Share | None:
        if not secrets_of(brief.action.env):
            return None
        from job_manager.worker.hiding import known_now

        return self._shares.get(name) or known_now(brief.action.env, self.secrets)

    def _send(self, starts: list[Any], stops: list[tuple[str, float]]) -> None:
        assert self._link is not None
        if starts:
            self._link.start(starts)
        if stops:
            self._link.stop(stops)
            if self._orphans is not None:
                for name, grace in stops:
                    self._orphans[1].stop(name, grace)
        self._link.flush()

    def receive(self) -> list[Report]:
        """What has happened since: reports in the order things happened. Starts a new keeper when the old one died."""
        assert self._link is not None
        reports: list[Report] = []
        try:
            for message in [*self._early_messages(), *self._link.receive()]:
                reports += self._read(message)
        except KeeperGone:
            reports += self._keeper_died()
        reports += self._from_orphans()
        return [*reports, *self._concluder.finished()]

    def _early_messages(self) -> list[Any]:
        early, self._early = self._early, []
        return early

    def _read(self, message: Any) -> list[Report]:
        verb, content = message
        return READERS[verb](self, content) if verb in READERS else []

    def _read_state(self, state: dict[str, Any]) -> list[Report]:
        began = self._read_began([(row[0], row[1], row[2], row[3]) for row in state["begun"]])
        return [*began, *self._read_exits(state["exits"])]

    def _read_began(self, rows: Iterable[Sequence[Any]]) -> list[Report]:
        reports: list[Report] = []
        for name, _, _, at in rows:
            self._begun.add(name)
            job, index, attempt = read_token(name)
            reports.append(AttemptBegan(job, index, attempt, self.incarnation, at))
        return reports

    def _read_returned(self, tokens: Iterable[str]) -> list[Report]:
        self._sent.difference_update(tokens)
        return [AttemptReturned(*read_token(name), self.incarnation) for name in tokens]

    def _read_exits(self, records: Iterable[Any]) -> list[Report]:
        return self._conclude(records, self.incarnation)

    def _conclude(self, records: Iterable[Any], worker: str) -> list[Report]:
        """Ends of attempts: at once where there is nothing to publish, else through the publishing thread."""
        reports: list[Report] = []
        for record in records:
            work = self._conclusion(record, worker)
            if work is None:
                continue
            if work.args[0].action.outputs or work.args[0].action.expand:
                self._concluder.give(work)
            else:
                reports.append(work())
        return reports

    def _conclusion(self, record: Any, worker: str) -> partial[AttemptEnded] | None:
        name = record["token"]
        job, index, attempt = read_token(name)
        self._sent.discard(name)
        self._begun.add(name)  # never to be prepared again, until its end is committed
        briefing = self._briefings.get(job)
        if briefing is None:
            return None  # of a job that is not ours to run now; its own holder will ask for it
        if briefing.job.leases.get(index) != Lease(worker, attempt):
            self._stale.append(name)
            return None
        brief = briefing.brief(index, attempt)
        grow, share = self._growing(briefing, brief), self._share(name, brief)
        return partial(conclude, brief, record, briefing.layout, worker, grow, share)

    def _growing(self, briefing: Briefing, brief: Brief) -> Callable[[str], Grown] | None:
        """How to read the log of an attempt whose action expands."""
        if not brief.action.expand or self.grow is None:
            return None
        return partial(grown, path=brief.path, action=brief.action, titles=briefing.titles, grow=self.grow)

    def committed(self, reports: Sequence[Report]) -> None:
        """These reports are in the journal: the keeper may forget the ends among them."""
        over = self._stale + [token(r.job, r.action, r.attempt) for r in reports if isinstance(r, AttemptEnded)]
        self._stale = []
        for name in over if self._shares else ():
            self._shares.pop(name, None)
        if over and self._link is not None:
            self._link.forget(over)
            self._begun.difference_update(over)
            self._link.flush()
        for trace in self._resolved:
            adoption.remove(trace)
        self._resolved = []

    # --- when the keeper dies -----------------------------------------------------------------------------------

    def _keeper_died(self) -> list[Report]:
        """Its children are ours now, since we are their subreaper; a new keeper takes what comes next."""
        assert self._link is not None
        self._link.close()
        old, trace = self.incarnation, self._own_trace()
        orphans = adoption.Orphans(trace, self._deadlines(trace))
        self._orphans = (old, orphans)
        told = {*orphans.trace.begun, *orphans.trace.exits}
        reports: list[Report] = [AttemptReturned(*read_token(name), old) for name in self._sent if name not in told]
        reports += self._conclude([end for name, end in orphans.trace.exits.items() if name in self._sent], old)
        self._sent.clear()
        self.start()
        announced = [self._announcement(job) for job in self._briefings]
        return [*reports, *announced]

    def _own_trace(self) -> adoption.KeeperTrace:
        return next(trace for trace in adoption.keepers(self._keepers) if trace.incarnation == self.incarnation)

    def _deadlines(self, trace: adoption.KeeperTrace) -> dict[str, float]:
        """When the time of each open attempt is over, in monotonic seconds."""
        found: dict[str, float] = {}
        now, wall = self._clock.monotonic(), self._clock.wall()
        for name, begun in trace.begun.items():
            job, index, attempt = read_token(name)
            timeout = self._briefings[job].brief(index, attempt).timeout if job in self._briefings else None
            if timeout and name not in trace.exits:
                found[name] = now + max(0.0, begun.began + timeout - wall)
        return found

    def _from_orphans(self) -> list[Report]:
        if self._orphans is None:
            return []
        old, orphans = self._orphans
        reports = self._conclude(orphans.poll(self._clock.monotonic()), old)
        if orphans.done and not self._concluder.open:
            # What left no exit status is lost with the incarnation; a child of a keeper we had only attached to is not
            # ours to reap, and must not live beside the next attempt.
            adoption.end_leftovers(orphans.trace, 0.0)
            orphans.close()
            self._resolved.append(orphans.trace)
            self._orphans = None
            reports += [WorkerGone(job, old) for job in self._briefings]
        return reports

    # --- waiting and ending -------------------------------------------------------------------------------------

    def readers(self) -> list[Any]:
        """What to wait on for reading."""
        assert self._link is not None
        return [self._link, self._concluder, *([self._orphans[1]] if self._orphans else [])]

    def writers(self) -> list[Any]:
        """What to wait on for writing."""
        assert self._link is not None
        return [self._link] if self._link.wants_write else []

    def flush(self) -> None:
        """Send on what the socket had no room for."""
        assert self._link is not None
        self._link.flush()

    def next_timeout(self) -> float | None:
        """Seconds until something of ours is due, or None."""
        return self._orphans[1].next_timeout() if self._orphans else None

    def close(self) -> None:
        """Let go: the keeper leaves when it has no child. When all that it did is committed its records go too."""
        ahead.drop()
        self._concluder.close()
        if self._link is None:
            return
        self._link.leave()
        self._link.flush()
        if not self._sent and not self._begun and self._link.ended():
            adoption.remove(self._own_trace())
        self._link.close()


READERS: dict[str, Callable[[Worker, Any], list[Report]]] = {
    "state": Worker._read_state,
    "began": Worker._read_began,
    "exited": Worker._read_exits,
    "returned": Worker._read_returned,
}


def _began_any(trace: adoption.KeeperTrace, job: str) -> bool:
    return any(name.startswith(f"{job}/") for name in trace.begun)


def _known(state: dict[str, Any]) -> list[Sequence[Any]]:
    return [*state["begun"], *([record["token"]] for record in state["exits"])]


def _leases(briefing: Briefing, worker: str) -> list[tuple[Brief, Lease]]:
    held = sorted((index, lease) for index, lease in briefing.job.leases.items() if lease.worker == worker)
    return [(briefing.brief(index, lease.attempt), lease) for index, lease in held]
