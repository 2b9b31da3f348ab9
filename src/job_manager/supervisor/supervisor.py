"""One supervisor: folds what the engine gives, decides, commits, and only then hands out orders.

A turn is a function of the engine's turn and `now`; whoever drives it sleeps and wakes. Knows no clock, no worker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from job_manager.core.admit import admit
from job_manager.core.decide import Order, decide, fresh_orders, is_due, next_timer, orders, quiet
from job_manager.core.events import Event, JobSubmitted, WorkerLeft
from job_manager.core.evolve import evolve
from job_manager.core.said import Request, Said, WorkerAnnounced
from job_manager.core.state import State
from job_manager.model.errors import EngineError, Refused
from job_manager.ports.engine import Engine, Turn


class Supervisor:
    """Holds the state of the streams of one engine. `refused` collects (what was said, why not) of the last turn."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.state = State()
        self.refused: list[tuple[Said, Refused]] = []
        self.failed = False  # a commit has failed: the state here is ahead of the journal
        # Asked when a commit has failed and may be tried again, after a wait of whoever drives this.
        self.patience: Callable[[EngineError], bool] = lambda error: False
        self._met: set[str] = set()  # jobs whose events have passed through here

    def turn(self, now: float) -> Sequence[Event]:
        """Take one turn if there is one; the events committed. Raises EngineError when the commit failed: the state
        here is then ahead of the journal and this supervisor must not be used again."""
        turn = self._engine.next(due=is_due(self.state, now))
        return () if turn is None else self._take(turn, now)

    def _take(self, turn: Turn, now: float) -> Sequence[Event]:
        history = list(turn.events)
        self._read(history)
        self.refused = []
        events = self._meet(history, now)
        events += self._hear(turn.said, now)
        events += self._decide(now)
        if not self._commit(turn, events, self._read_orders(turn.said)):
            self.state = State()
            return self.turn(now)
        self._met.update(event.job for event in events if isinstance(event, JobSubmitted))
        return events

    def _read(self, history: Sequence[Event]) -> None:
        """Fold what is new to us. Of a history that makes no sense nothing stays: the other jobs go on."""
        shared = self.state.shared() if history else None
        try:
            for event in history:
                evolve(self.state, event)
        except MemoryError:
            raise  # says nothing of the job
        except Exception as cause:
            if shared is not None:
                self.state.take_back(shared, {event.job for event in history})
            why = str(cause).partition("\n")[0] or type(cause).__name__
            jobs = ", ".join(sorted({event.job for event in history}))
            raise EngineError(f"job {jobs} is unreadable: {why}", "`jm rm` removes it") from cause

    def _commit(self, turn: Turn, events: Sequence[Event], orders: Sequence[Order]) -> bool:
        while True:
            try:
                return self._engine.commit(turn, events, orders)
            except EngineError as error:
                if not (error.retryable and self.patience(error)):
                    self.failed = True
                    raise

    def _meet(self, history: Sequence[Event], now: float) -> list[Event]:
        """Of a job whose history is read for the first time: its workers are gone until they announce themselves.

        Whether they still live is not in the journal, and what is leased to nobody is lost time, or lost."""
        unmet = {event.job for event in history if isinstance(event, JobSubmitted)} - self._met
        self._met |= unmet
        left: list[Event] = [
            WorkerLeft(job, worker, now) for job in sorted(unmet) for worker in sorted(self.state.jobs[job].workers)
        ]
        for event in left:
            evolve(self.state, event)
        return left

    def _hear(self, said: Sequence[Said], now: float) -> list[Event]:
        events: list[Event] = []
        for word in said:
            if isinstance(word, Request):  # it is about what has followed from all that was said before
                events += self._decide(now)
            try:
                admitted = admit(self.state, word, now)
            except Refused as why:
                self.refused.append((word, why))
                continue
            for event in admitted:
                evolve(self.state, event)
            events += admitted
        return events

    def _decide(self, now: float) -> list[Event]:
        events: list[Event] = []
        while decided := decide(self.state, now):
            for event in decided:
                evolve(self.state, event)
            events += decided
        quiet(self.state)
        return events

    def _read_orders(self, said: Sequence[Said]) -> list[Order]:
        """What changed; and all there is for a worker that announced itself, since it may know nothing."""
        announced = {word.worker for word in said if isinstance(word, WorkerAnnounced)}
        full = [order for worker in sorted(announced) for order in orders(self.state, worker)]
        return list(dict.fromkeys([*full, *fresh_orders(self.state)]))

    def forget(self, job: str) -> None:
        """Hold this job in memory no longer; its stream must not be watched any more."""
        self.state.jobs.pop(job, None)
        self.state.touched.discard(job)
        self._met.discard(job)

    def next_timer(self) -> float | None:
        """When a turn is due even if nothing is said: seconds since the epoch, or None."""
        return next_timer(self.state)
