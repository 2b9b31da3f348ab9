"""The worker of this machine: takes orders, prepares attempts, has the keeper run them, watches, reports.

Decides nothing: no retry, no order of work. What it does not remember it asks the keeper, or reads from the records
that an earlier keeper left; so it may die at any instant.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from job_manager.artifacts.settling import at_once
from job_manager.core.decide import Order, StartAttempt, StopAttempt
from job_manager.core.said import AttemptBegan, AttemptEnded, AttemptReturned, Report, WorkerAnnounced, WorkerGone
from job_manager.core.state import Lease
from job_manager.model.hints import TYPE_CHECKING, Any
from job_manager.model.job import Action
from job_manager.ports.clock import Clock
from job_manager.worker import adoption, ahead, processes
from job_manager.worker.attempt import Ending, Unfit, ended, may_be_torn, read_token, token
from job_manager.worker.batch import Batch
from job_manager.worker.brief import Brief, Briefing, inherited
from job_manager.worker.child import UNWRITTEN
from job_manager.worker.code import Code
from job_manager.worker.concluding import Concluder, keeps_busy
from job_manager.worker.growing import Grow, Grown, grown
from job_manager.worker.hosting import Jobs, Note, leases, still_notes
from job_manager.worker.keeper_link import Foreseen, KeeperGone, KeeperLink, known_to
from job_manager.worker.plain import well_ended, went_well
from job_manager.worker.room import Room
from job_manager.worker.sharing import Shares
from job_manager.worker.traces import Starts, Traces, name_logs

if TYPE_CHECKING:
    from job_manager.artifacts.settling import Steps

AHEAD = 128  # orders that wait in the keeper, so that neither a commit nor a round trip stands between two actions
LOST = Ending("lost", None, "")


class Worker:
    """One incarnation after another: `incarnation` names the present keeper, "" before `open`."""

    def __init__(self, keepers: str, slots: int, environ: dict[str, str], umask: int, clock: Clock) -> None:
        self._keepers = keepers
        self._traces, self._starts = Traces(keepers), Starts()
        self.slots = slots
        self.memory: int | None = None  # how much there is here, in bytes
        self.limits: tuple[tuple[str, int], ...] = ()
        self.grow: Grow | None = None  # who understands what expanding actions print
        self.jobs, self.secrets, self.room, self.code = Jobs(), Shares(), Room(), Code()
        self._changed: dict[str, str] = {}  # what is to be said of the code that attempts (tokens) run
        self._environ, self._umask, self._clock = inherited(environ), umask, clock
        self._concluder: Concluder[AttemptEnded] = Concluder()
        self._link: KeeperLink | None = None
        self._orphans: list[tuple[str, adoption.Orphans]] = []  # of each keeper that has died, with its name
        self._notes: list[Note] = []
        self._sent: set[str] = set()  # tokens given to the present keeper whose end is not reported
        self._begun: set[str] = set()  # tokens of which we know that they began, under whatever incarnation
        self._stale: list[str] = []  # ends that nobody waits for any more
        self._ends: set[str] = set()  # tokens of ends that are heard and not committed yet
        self._older: dict[str, KeeperLink] = {}  # living keepers of earlier incarnations, for what they have begun
        self._early: list[tuple[str, Any]] = []  # messages read while waiting for a keeper's state
        self._resolved: list[adoption.KeeperTrace] = []  # dead keepers all of whose word has been said
        self._waiting: list[tuple[Briefing, adoption.KeeperTrace]] = []  # dead, and publishing
        self._taken = 0  # slots that attempts of earlier incarnations have
        self._reaps, self.incarnation = False, ""

    def start(self) -> None:
        """Start a fresh keeper now, before it is needed: it takes a moment to come up."""
        self.incarnation = os.urandom(6).hex()
        folder = os.path.join(self._keepers, self.incarnation)
        self._link = KeeperLink.launch(folder, self.incarnation)
        self._link.hello(self._free, self._environ, self._umask)

    def foresee(self, orders: Sequence[Foreseen]) -> None:
        """Such orders will come in a moment."""
        if orders and self._link is not None:
            self._link.foresee(orders)

    def open(
        self, briefing: Briefing, environ: Mapping[str, str] | None = None, umask: int | None = None
    ) -> list[Report]:
        """Take on a job: find what earlier incarnations left of it, adopt or resolve that, and offer ourselves.

        Its children get `environ` (less our own variables) and `umask`, if given, instead of the worker's."""
        job = briefing.job.id
        self.jobs.open(briefing, environ, umask)
        holders = {lease.worker for lease in briefing.job.leases.values()}
        # What has never been tried has left nothing.
        traces = self._traces.of(job, holders) if holders or any(briefing.job.attempts) else []
        reports: list[Report] = []
        for trace in traces:
            if not (trace.alive and self._greet(trace)):
                reports += self._resolve(briefing, trace)
        reports += self._unheard_of(briefing, {trace.incarnation for trace in traces})
        if self._link is None:
            self.start()
        return [*reports, self._announcement(job)]

    def close_job(self, job: str) -> None:
        """Forget a job of which nothing is under lease any more; one that is not known is none to forget."""
        self.jobs.close(job)

    def resize(self, slots: int) -> list[Report]:
        """Run so many at once from now on: what runs goes on. The announcements for all jobs."""
        self.slots = slots
        if self._link is not None:
            self._link.slots(self._free)
        return self._announcements()

    @property
    def _free(self) -> int:
        return max(0, self.slots - self._taken)

    def _rebalance(self) -> list[Report]:
        """What keepers of before still run takes slots from the present one, until it ends."""
        if not (self._orphans or self._older or self._taken):
            return []
        taken, self._taken = self._taken, self.jobs.slots_of_others(self.incarnation)
        return self.resize(self.slots) if taken != self._taken else []

    def _announcements(self) -> list[Report]:
        return [self._announcement(job) for job in self.jobs.briefings]

    def _announcement(self, job: str) -> WorkerAnnounced:
        slots, ahead = (0, 0) if self.room.short else (self._free, AHEAD)
        return WorkerAnnounced(job, self.incarnation, slots, ahead, self.memory, self.limits, self.room.short)

    def _greet(self, trace: adoption.KeeperTrace) -> bool:
        """Have a living keeper tell what it runs, which goes on. The first whose worker has died is the present one
        from now on, unless there is one already; others begin nothing more and leave when they are done."""
        known = self._link if trace.incarnation == self.incarnation else self._older.get(trace.incarnation)
        link = known or KeeperLink.attach(trace.directory)
        if link is None:
            return False
        link.hello(self._free, self._environ, self._umask)
        try:
            # Before anything may be prepared: which attempts are alive there?
            messages = link.await_state(self._clock.monotonic)
        except KeeperGone:
            if known is None:
                link.close()
            return known is not None  # of one that we know we shall hear that it is gone
        self._early += [(trace.incarnation, message) for message in messages]
        state = [content for kind, content in messages if kind == "state"][-1]
        self._begun.update(str(row[0]) for row in known_to(state))
        if known is None:
            self._adopt(trace.incarnation, link, state)
        return True

    def _adopt(self, incarnation: str, link: KeeperLink, state: dict[str, Any]) -> None:
        # One of an earlier version cannot keep anything back until other things are done.
        if self._link is None and state.get("chains") and not state.get("leaving"):
            self._link, self.incarnation = link, incarnation
            ahead.drop()
        else:
            self._older[incarnation] = link
            link.leave()

    def _resolve(self, briefing: Briefing, trace: adoption.KeeperTrace) -> Iterator[Report]:
        """What a keeper that is gone can still tell: ends that count, attempts that never began, and what is lost."""
        trace = self._traces.settled(trace, briefing)
        # Starts are not forced to disk: after a power cut, that one is not recorded does not mean that it never began.
        other_boot, waits = trace.boot_id != processes.boot_id(), False
        for brief, lease in leases(briefing, trace.incarnation):
            name = token(brief.job, brief.number, lease.attempt)
            if name in self._ends:
                waits = True  # heard while it lived; its outputs are being published
                continue
            if name in trace.exits and not (other_boot and may_be_torn(brief, briefing.layout)):
                grow = self._growing(briefing, brief)
                record, worker = trace.exits[name], trace.incarnation
                yield at_once(self.secrets.conclude(name, brief, record, briefing.layout, worker, grow))
            elif name in trace.exits or name in trace.begun or (other_boot and not brief.idempotent):
                now = self._clock.wall()
                self.secrets.conceal(name, brief, briefing.layout)
                briefing.layout.store.withdraw(brief.declared)  # what it may have published is nobody's
                yield ended(brief, trace.incarnation, now, now, LOST)
            else:
                yield AttemptReturned(brief.job, brief.number, lease.attempt, trace.incarnation)
        if waits:
            self._waiting.append((briefing, trace))  # with its worker gone that end would count no more
            return
        yield WorkerGone(briefing.job.id, trace.incarnation)
        self._resolved.append(trace)

    def _unheard_of(self, briefing: Briefing, known: set[str]) -> Iterator[Report]:
        """Incarnations that hold leases and left no trace: a power cut may take that and leave what was published."""
        for worker in sorted({lease.worker for lease in briefing.job.leases.values()} - known - {self.incarnation}):
            for brief, _ in leases(briefing, worker):
                briefing.layout.store.withdraw(brief.declared)
            yield WorkerGone(briefing.job.id, worker)

    def carry_out(self, orders: Sequence[Order]) -> list[Report]:
        """Prepare and send what is ordered; reports about attempts that cannot begin."""
        assert self._link is not None
        batch = Batch(self._clock.monotonic(), self._free - len(self._sent))
        reports, now = list[Report](), self._clock.wall()
        starting = dict.fromkeys(order.job for order in orders if isinstance(order, StartAttempt))
        short = self.room.lacking(self.jobs.places(starting)) if starting else ""
        for order in orders:
            name = token(order.job, order.action, order.attempt)
            if isinstance(order, StartAttempt) and short and order.worker == self.incarnation:
                if name not in self._sent and name not in self._begun:
                    reports.append(AttemptReturned(order.job, order.action, order.attempt, self.incarnation))
            elif isinstance(order, StopAttempt):
                batch.stop(order, name)
            elif order.worker == self.incarnation and name not in self._sent and name not in self._begun:
                self._prepare(order, name, now, batch, reports)
                batch.send_in_time(self._link, self._clock.monotonic())
        began = batch.send(self._link, self._older)
        for _, orphans in self._orphans:
            batch.stop_orphans(orphans)
        self.flush()
        if short and not self.room.short:
            reports += self._run_short(short)
        if began and not self._reaps:
            # After the first dispatch, since it takes some milliseconds; from now on the keeper may die.
            self._reaps = processes.become_subreaper()
        return reports

    def _run_short(self, short: str, surprise: bool = False) -> list[Report]:
        """Begin nothing more: what the keeper has not begun it gives back, and every job is told for what it waits."""
        assert self._link is not None
        self.room.shut(short, self._clock.monotonic(), surprise)
        self._link.give_back()
        self._notes += [Note(job, -1, f"nothing is begun: waits for {short}") for job in self.jobs.briefings]
        return self._announcements()

    def _find_room(self) -> list[Report]:
        if not self.room.opened(self.jobs.places(), self._clock.monotonic()):
            return []
        self._notes += [Note(job, -1, "there is room on the disk again") for job in self.jobs.briefings]
        return self._announcements()

    def _prepare(self, order: StartAttempt, name: str, now: float, batch: Batch, reports: list[Report]) -> None:
        briefing = self.jobs.briefings.get(order.job)
        if briefing is None or briefing.job.leases.get(order.action) != Lease(order.worker, order.attempt):
            return  # an order from before; preparing it would clear away what the attempt has published since
        brief = briefing.brief(order.action, order.attempt)
        try:
            prepared = self.secrets.prepare(name, brief, briefing.layout, self.incarnation, now)
            self.code.mark(prepared, brief.module, self._clock.monotonic())
            batch.start(order, self.jobs.surround(prepared, order.job), briefing.job.leases)
            self._sent.add(name)
            self._look_at_code(brief, name)
        except Unfit as unfit:
            reports.append(ended(brief, self.incarnation, now, now, Ending(unfit.reason, None, str(unfit))))

    def _look_at_code(self, brief: Brief, name: str) -> None:
        change = self.code.change(brief.module, self._clock.monotonic())
        if change:
            if change not in self._changed.values():
                self._notes.append(Note(brief.job, brief.number, change))
            self._changed[name] = change

    def receive(self) -> list[Report]:
        """What has happened since: reports in the order things happened. Starts a new keeper when the old one died."""
        if self._link is None:
            return []
        early, self._early = self._early, []
        reports = [report for worker, message in early for report in self._read(message, worker)]
        try:
            for message in self._link.receive():
                reports += self._read(message, self.incarnation)
        except KeeperGone:
            reports += self._keeper_died()
        for worker in list(self._older):
            reports += self._hear_older(worker)
        for old, orphans in list(self._orphans):
            reports += self._hear_orphans(old, orphans)
        if self._waiting and not self._concluder.open:
            waiting, self._waiting = self._waiting, []
            reports += [report for briefing, trace in waiting for report in self._resolve(briefing, trace)]
        return [*reports, *self._concluder.finished(), *self._find_room(), *self._rebalance()]

    def _hear_older(self, worker: str) -> list[Report]:
        """From a keeper of before; when it has ended its records say what became of what it had."""
        try:
            return [report for message in self._older[worker].receive() for report in self._read(message, worker)]
        except KeeperGone:
            self._older.pop(worker).close()
            trace = self._traces.left_by(worker)
            return [report for briefing in self.jobs.briefings.values() for report in self._resolve(briefing, trace)]

    def _read(self, message: Any, worker: str) -> list[Report]:
        verb, content = message
        return READERS[verb](self, content, worker) if verb in READERS else []

    def _read_state(self, state: dict[str, Any], worker: str) -> list[Report]:
        self._starts.spoke()
        began = self._read_began([(row[0], row[1], row[2], row[3]) for row in state["begun"]], worker)
        return [*began, *self._conclude(state["exits"], worker), *self._never_begun(state, worker)]

    def _never_begun(self, state: dict[str, Any], worker: str) -> list[Report]:
        """What an older keeper has not begun it never will; to the present one it is ordered again."""
        if worker == self.incarnation:
            return []
        begun = self._ends.union(str(row[0]) for row in known_to(state))
        return [
            AttemptReturned(brief.job, brief.number, lease.attempt, worker)
            for _, brief, lease in self.jobs.leases(worker)
            if token(brief.job, brief.number, lease.attempt) not in begun
        ]

    def _read_began(self, rows: Iterable[Sequence[Any]], worker: str) -> list[Report]:
        reports: list[Report] = []
        for name, _, _, at in rows:
            self._begun.add(name)
            job, index, attempt = read_token(name)
            reports.append(AttemptBegan(job, index, attempt, worker, at))
        return reports

    def _read_still(self, rows: Iterable[Sequence[Any]], worker: str) -> list[Report]:
        self._notes += still_notes([row for row in rows if row[0] in self._begun - self._ends], self._clock.wall())
        return []

    def _read_noted(self, rows: Iterable[Sequence[str]], worker: str) -> list[Report]:
        self._notes += self.jobs.noted(rows)
        return []

    def notes(self) -> list[Note]:
        """What there is to be known since the last call."""
        notes, self._notes = self._notes, []
        return notes

    def _read_refused(self, rows: Iterable[Sequence[str]], worker: str) -> list[Report]:
        """Orders that the keeper does not carry out. One that it knows already is no news; when a start cannot be
        written down nothing begins, which is for want of room, or so like it that the same has to be done."""
        refused = {name: why for name, why in rows if name in self._sent and why != "already begun"}
        self._sent.difference_update(refused)
        unwritten = [name for name, why in refused.items() if why.startswith(UNWRITTEN)]
        reports: list[Report] = [AttemptReturned(*read_token(name), worker) for name in unwritten]
        reports += [each for name in refused.keys() - unwritten for each in self._misfit(name, refused[name], worker)]
        if unwritten and not self.room.short:
            reports += self._run_short(f"disk space: {refused[unwritten[0]]}", surprise=True)
        return reports

    def _misfit(self, name: str, why: str, worker: str) -> Iterator[Report]:
        job, index, attempt = read_token(name)
        if job in self.jobs.briefings:
            now, brief = self._clock.wall(), self.jobs.briefings[job].brief(index, attempt)
            yield ended(brief, worker, now, now, Ending("spawn", None, f"the keeper does not take it: {why}"))

    def _read_returned(self, tokens: Iterable[str], worker: str) -> list[Report]:
        self._sent.difference_update(tokens)
        return [AttemptReturned(*read_token(name), worker) for name in tokens]

    def _conclude(self, records: Iterable[Any], worker: str) -> list[Report]:
        """Ends of attempts: at once where there is nothing to publish, else through the publishing thread."""
        reports: list[Report] = []
        for record in records:
            found = self._conclusion(record, worker)
            if found is None:
                continue
            if isinstance(found, AttemptEnded):
                reports.append(found)
                continue
            action, steps = found
            if action.outputs or action.expand:
                self._concluder.give(steps, keeps_busy(len(self._sent), self.slots, record["elapsed"]))
            else:
                reports.append(at_once(steps))
        return reports

    def _conclusion(self, record: Any, worker: str) -> tuple[Action, Steps[AttemptEnded]] | AttemptEnded | None:
        name = record["token"]
        job, index, attempt = read_token(name)
        self._sent.discard(name)
        self._begun.add(name)  # never to be prepared again, until its end is committed
        if name in self._ends:
            return None
        briefing = self.jobs.briefings.get(job)
        if briefing is None and job not in self.jobs.met:
            return None  # of a job that is not ours to run now; its own holder will ask for it
        if briefing is None or briefing.job.leases.get(index) != Lease(worker, attempt):
            self._stale.append(name)
            return None
        self._ends.add(name)
        if name not in self._changed and went_well(briefing.job.shape.actions[index], record):
            return well_ended(name, worker, record)
        brief = briefing.brief(index, attempt)
        grow, said = self._growing(briefing, brief), self._changed.pop(name, "")
        return brief.action, self.secrets.conclude(name, brief, record, briefing.layout, worker, grow, said)

    def _growing(self, briefing: Briefing, brief: Brief) -> Callable[[str], Grown] | None:
        """How to read the log of an attempt whose action expands."""
        if not brief.action.expand or self.grow is None:
            return None
        return partial(grown, path=brief.path, action=brief.action, titles=briefing.titles, grow=self.grow)

    def committed(self, reports: Sequence[Report]) -> None:
        """These reports are in the journal: the keeper may forget the ends among them."""
        over = self._stale + [token(r.job, r.action, r.attempt) for r in reports if isinstance(r, AttemptEnded)]
        self._stale = []
        self.secrets.forget(over)
        if over and self._link is not None:
            for link in (self._link, *self._older.values()):
                link.forget(over)
            self._begun.difference_update(over)
            self._ends.difference_update(over)
            self.flush()
        for trace in self._resolved:
            if all(read_token(name)[0] in self.jobs.met for name in (*trace.begun, *trace.exits)):
                adoption.remove(trace)  # else a job that is not open here will ask for it
        self._resolved = []

    def _keeper_died(self) -> list[Report]:
        """Its children are ours now, since we are their subreaper; a new keeper takes what comes next."""
        assert self._link is not None
        self._link.close()
        old, trace = self.incarnation, self._traces.left_by(self.incarnation)
        self._starts.died(trace.directory)
        orphans = adoption.Orphans(trace, self.jobs.deadlines(trace, self._clock))
        name_logs(orphans.trace, self.jobs.briefings.values())
        self._orphans.append((old, orphans))
        told = {*orphans.trace.begun, *orphans.trace.exits}
        reports: list[Report] = [
            AttemptReturned(*read_token(name), old) for name in sorted(self._sent) if name not in told
        ]
        reports += self._conclude([end for name, end in orphans.trace.exits.items() if name in self._sent], old)
        self._sent.clear()
        self.start()
        return [*reports, *self._announcements()]

    def _hear_orphans(self, old: str, orphans: adoption.Orphans) -> list[Report]:
        reports = self._conclude(orphans.poll(self._clock.monotonic()), old)
        if orphans.done and not self._concluder.open:
            # What left no exit status is lost with the incarnation; a child of a keeper we had only attached to is not
            # ours to reap, and must not live beside the next attempt.
            adoption.end_leftovers(orphans.trace, 0.0)
            orphans.close()
            self._resolved.append(orphans.trace)
            self._orphans.remove((old, orphans))
            reports += [WorkerGone(job, old) for job in self.jobs.briefings]
        return reports

    def readers(self) -> list[Any]:
        """What to wait on for reading."""
        if self._link is None:
            return []
        return [self._link, self._concluder, *self._older.values(), *(orphans for _, orphans in self._orphans)]

    def writers(self) -> list[Any]:
        """What to wait on for writing."""
        return [link for link in self._links() if link.wants_write]

    def flush(self) -> None:
        """Send on what the socket had no room for."""
        for link in self._links():
            link.flush()

    def _links(self) -> list[KeeperLink]:
        return [*([] if self._link is None else [self._link]), *self._older.values()]

    def next_timeout(self) -> float | None:
        """Seconds until something of ours is due, or None."""
        orphans = [self._concluder.next_timeout(), *[each.next_timeout() for _, each in self._orphans]]
        room = self.room.due(self._clock.monotonic())
        return min((due for due in (*orphans, room) if due is not None), default=None)

    def detach(self) -> None:
        """Let go, and leave what runs to whoever comes next: the keepers go on."""
        ahead.drop()
        self._concluder.close()
        for link in self._links():
            link.close()

    def leave(self) -> None:
        """Nothing more will be begun: the keeper may leave when it has no child. `close` waits for that."""
        if self._link is not None:
            self._link.leave()

    def close(self) -> None:
        """Let go: the keeper leaves when it has no child. When all that it did is committed its records go too."""
        ahead.drop()
        self._concluder.close()
        if self._link is None:
            return
        self.leave()  # harmless where that was said already
        for link in self._older.values():
            link.close()
        if not self._sent and not self._begun and self._link.ended():
            adoption.remove_ended(os.path.join(self._keepers, self.incarnation))
        self._link.close()


READERS: dict[str, Callable[[Worker, Any, str], list[Report]]] = {
    "state": Worker._read_state,
    "began": Worker._read_began,
    "exited": Worker._conclude,
    "returned": Worker._read_returned,
    "still": Worker._read_still,
    "refused": Worker._read_refused,
    "noted": Worker._read_noted,
}
