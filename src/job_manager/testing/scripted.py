"""A worker without processes: it takes real orders, and each attempt ends as a script says and when it says.

Keeps the worker's side of the contract: another incarnation's orders and attempts it has begun or given back are
refused, no more than `slots` run at once, nothing begins before what it comes after has ended well, and everything it
reported can be said again. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from job_manager.core.decide import Order, StartAttempt, StopAttempt
from job_manager.core.said import AttemptBegan, AttemptEnded, AttemptReturned, Report
from job_manager.model.document import children_document
from job_manager.model.hints import Any
from job_manager.model.job import Action, Task
from job_manager.model.record import NamedTuple
from job_manager.testing.building import nodes


class Outcome(NamedTuple):
    """How an attempt ends: `after` seconds from its begin (None: never), for a `reason`, with `outputs` and with
    what has `grown` as in said.AttemptEnded."""

    after: float | None
    reason: str = ""
    code: int | None = None
    heeds: bool = True  # ends within the grace when told to stop; else only when killed at its end
    outputs: Sequence[Sequence[Any]] = ()
    grown: Sequence[dict[str, Any]] = ()


def succeeds(after: float = 1.0) -> Outcome:
    """Ends well."""
    return Outcome(after)


def printing(*children: Task | Action | str, after: float = 1.0) -> Outcome:
    """Ends well, and has printed these. A text is an action of that name."""
    return Outcome(after, grown=children_document(nodes(children)))


def fails(code: int = 1, after: float = 1.0, reason: str = "code") -> Outcome:
    """Ends with this exit code, or for another of model.reasons."""
    return Outcome(after, reason, code)


def lost(after: float = 1.0) -> Outcome:
    """Ends in a way that nobody can know."""
    return Outcome(after, "lost")


HANGS = Outcome(None)
Script = Callable[[StartAttempt], Outcome]


def script(outcomes: Mapping[int, Outcome | Sequence[Outcome]] | None = None) -> Script:
    """Outcomes by action: one for every attempt, or one after another, the last for all that follow. Else success."""
    outcomes = outcomes or {}
    made: dict[int, int] = {}

    def choose(order: StartAttempt) -> Outcome:
        found = outcomes.get(order.action, succeeds())
        row = (found,) if isinstance(found, Outcome) else found
        made[order.action] = made.get(order.action, 0) + 1
        return row[min(made[order.action], len(row)) - 1]

    return choose


Token = tuple[str, int, int]


def token(about: StartAttempt | StopAttempt | AttemptEnded | AttemptReturned) -> Token:
    """What names one attempt for ever."""
    return about.job, about.action, about.attempt


class Run(NamedTuple):
    """An attempt that has begun: when, and how it will end."""

    order: StartAttempt
    began: float
    outcome: Outcome

    @property
    def due(self) -> float | None:
        """When it ends by itself."""
        return None if self.outcome.after is None else self.began + self.outcome.after


class ScriptedWorker:
    """One incarnation. `begun` lists every attempt in the order in which they began: the witness of what really ran."""

    def __init__(
        self,
        name: str = "w1",
        slots: int = 2,
        ahead: int = 0,
        outcomes: Script | None = None,
        memory: int | None = None,
        limits: dict[str, int] | None = None,
    ) -> None:
        self.name = name
        self.memory = memory
        self.limits = limits or {}
        self.slots = slots
        self.ahead = ahead
        self.begun: list[Token] = []
        self.said: list[Report] = []  # everything ever reported, to be repeated
        self.outcomes = outcomes or script()
        self._queue: dict[Token, StartAttempt] = {}
        self._running: dict[Token, Run] = {}
        self._never: set[Token] = set()
        self._well: set[Token] = set()

    @property
    def idle(self) -> bool:
        """Whether nothing is queued or running."""
        return not (self._queue or self._running)

    @property
    def running(self) -> list[Token]:
        """The attempts that are alive."""
        return list(self._running)

    def next_end(self) -> float | None:
        """When the next running attempt ends by itself, or None."""
        return min((run.due for run in self._running.values() if run.due is not None), default=None)

    def carry_out(self, orders: Iterable[Order], now: float) -> list[Report]:
        """Take orders. Those of another incarnation, and attempts known already, are passed over."""
        reports: list[Report] = []
        for order in orders:
            if order.worker != self.name:
                continue
            if isinstance(order, StopAttempt):
                reports += self._stop(order, now)
            elif token(order) not in self._never and token(order) not in self.begun:
                self._queue[token(order)] = order
        return self._saying(reports)

    def work(self, now: float) -> list[Report]:
        """What has happened until now: attempts that ended, and those that began in their place."""
        ended = [run for run in self._running.values() if run.due is not None and run.due <= now]
        reports = [self._end(run, run.due or now) for run in sorted(ended, key=lambda run: (run.due, run.order))]
        return self._saying([*reports, *self._let_down(), *self._begin(now)])

    def kill(self, now: float) -> list[Report]:
        """The machine goes away: what had begun is lost, what had not is given back. Said by whoever finds out."""
        reports: list[Report] = [self._ended(run, now, "lost", None) for run in self._running.values()]
        reports += [self._given_back(order) for order in self._queue.values()]
        self._running.clear()
        self._queue.clear()
        return self._saying(reports)

    def _saying(self, reports: list[Report]) -> list[Report]:
        self.said += reports
        return reports

    def _awaited(self, order: StartAttempt) -> set[Token]:
        """What has not ended well yet of what it comes after."""
        return {(order.job, *each) for each in order.after} - self._well

    def _let_down(self) -> list[Report]:
        """What cannot begin any more is given back, and so is what comes after it."""
        reports: list[Report] = []
        while lost := [
            each for each in self._queue.values() if self._awaited(each) - self._queue.keys() - self._running.keys()
        ]:
            for order in lost:
                del self._queue[token(order)]
                reports.append(self._given_back(order))
        return reports

    def _begin(self, now: float) -> list[Report]:
        reports: list[Report] = []
        free = [key for key, order in self._queue.items() if not self._awaited(order)]
        for key in free[: max(0, self.slots - len(self._running))]:
            order = self._queue.pop(key)
            self.begun.append(key)
            self._running[key] = Run(order, now, self.outcomes(order))
            reports.append(AttemptBegan(*key, self.name, now))
        return reports

    def _stop(self, order: StopAttempt, now: float) -> list[Report]:
        key = token(order)
        run = self._running.get(key)
        if run is None:
            queued = self._queue.pop(key, None)
            never = key not in self.begun
            return [self._given_back(queued or StartAttempt(*key, self.name))] if never else []
        if run.outcome.heeds or not order.grace:
            return [self._end(run._replace(outcome=Outcome(0.0, "stopped")), now)]
        self._running[key] = run._replace(outcome=Outcome(now + order.grace - run.began, "stopped"))
        return []

    def _given_back(self, order: StartAttempt) -> AttemptReturned:
        self._never.add(token(order))
        return AttemptReturned(*token(order), self.name)

    def _end(self, run: Run, at: float) -> AttemptEnded:
        del self._running[token(run.order)]
        if not run.outcome.reason:
            self._well.add(token(run.order))
        return self._ended(run, at, run.outcome.reason, run.outcome.code)

    def _ended(self, run: Run, at: float, reason: str, code: int | None) -> AttemptEnded:
        outputs, grown = ((), ()) if reason else (run.outcome.outputs, run.outcome.grown)
        return AttemptEnded(*token(run.order), self.name, run.began, at, reason, code, outputs=outputs, grown=grown)
