"""What the journal says of a job beside its state: when things were said, what went wrong, what was skipped and why.

Folded next to the state, from the same events. Knows no clock and no words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from job_manager.core import events as e
from job_manager.core import table
from job_manager.core.evolve import evolve
from job_manager.core.state import JobState, Skip, State
from job_manager.model.record import NamedTuple

Timed = tuple[float, e.Event]
"""When an event was written into the journal, in seconds since the epoch, and the event."""

OF_JOBS = (
    *(e.JobSubmitted, e.JobHeld, e.JobReleased, e.JobResumed, e.JobRetried, e.JobFinished, e.JobDue),
    *(e.JobCancelled, e.JobTimedOut, e.PriorityChanged, e.WorkerLeft),
)
SAID = (e.ActionCancelled, e.ActionExcused)
REOPENING = (e.JobRetried, e.ActionExcused)
BAD = (table.FAILED, table.LOST, table.CANCELLED)
OVER = (table.SUCCEEDED, *BAD)
TROUBLES = (e.AttemptFailed, e.AttemptLost, e.AttemptStopped, e.LeaseReturned, e.RetryPlanned, e.FanOutFailed)


class Trouble(NamedTuple):
    """Something that happened to an action and was no success."""

    at: float
    event: e.Event


class Again(NamedTuple):
    """An action that was over and is to run again since `at`: `why` is `text` (its own was edited), `inputs` (what it
    reads was changed or is made anew), `hook` (what it follows runs again) or `asked` (a person wanted it)."""

    at: float
    why: str


class Past:
    """One job: `state` is the farm it is folded into. `because`: skipped action -> why, as in events.ActionsSkipped;
    `left_out`: action -> the node that was not wanted; `troubles` by action; `again`: why it runs again; `wished`: the
    last that a person said of the action itself; `said`: the job's own events with their times, in order."""

    def __init__(self, job: str, state: State | None = None) -> None:
        self.id = job
        self.state = state or State()
        self.because: dict[int, Skip] = {}
        self.left_out: dict[int, int] = {}
        self.troubles: dict[int, list[Trouble]] = {}
        self.again: dict[int, Again] = {}
        self.wished: dict[int, Trouble] = {}
        self.said: list[Timed] = []

    @property
    def job(self) -> JobState:
        """The job as it stands."""
        return self.state.job(self.id)

    def fold(self, history: Iterable[Timed]) -> Past:
        """The past after all of it."""
        for at, event in history:
            self.heed(at, event)
        return self

    def heed(self, at: float, event: e.Event) -> None:
        """Fold one event into the state, and remember what the state does not; of other jobs only the state counts."""
        if event.job != self.id:
            evolve(self.state, event)
            return
        if isinstance(event, e.JobResumed):
            self._resumed(at, event)
        elif isinstance(event, REOPENING):
            self._reopened(at, event)
        elif isinstance(event, e.ActionsSkipped | e.ActionsOmitted):
            self._passed(event)
        else:
            evolve(self.state, event)
        if isinstance(event, OF_JOBS):
            self.said.append((at, event))
        elif isinstance(event, TROUBLES):
            self.troubles.setdefault(event.action, []).append(Trouble(at, event))
        elif isinstance(event, SAID):
            self.wished.update(dict.fromkeys(self.job.stands_for(event.action), Trouble(at, event)))

    def last(self, kind: type[e.Event]) -> Timed | None:
        """The last of the job's own events of a kind."""
        return next((timed for timed in reversed(self.said) if isinstance(timed[1], kind)), None)

    def _passed(self, event: e.ActionsSkipped | e.ActionsOmitted) -> None:
        waited = [action for action in _inside(self.job, event) if self.job.states[action] == table.WAITING]
        evolve(self.state, event)
        # What starts however others end still waits.
        gone = (action for action in waited if self.job.states[action] == table.SKIPPED)
        if isinstance(event, e.ActionsSkipped):
            self.because.update(dict.fromkeys(gone, Skip(event.first, event.end, event.because, event.task)))
        else:
            self.left_out.update(dict.fromkeys(gone, event.node))

    def _resumed(self, at: float, event: e.JobResumed) -> None:
        before = self.job
        done = [action for action, state in enumerate(before.states) if state == table.SUCCEEDED]
        bad = [action for action, state in enumerate(before.states) if state in BAD]
        old = _Before(before, done) if event.document is not None else None
        evolve(self.state, event)
        if old is not None:
            self._renumber(event)
            self.again.update((action, Again(at, why)) for action, why in old.run_again(self.job, event))
        else:
            again = (action for action in done if self.job.states[action] != table.SUCCEEDED)
            self.again.update((action, Again(at, "hook")) for action in again)
            asked = (action for action in bad if self.job.states[action] not in BAD)
            self.again.update((action, Again(at, "asked")) for action in asked)
        self._forget()

    def _reopened(self, at: float, event: e.JobRetried | e.ActionExcused) -> None:
        before = bytes(self.job.states)
        evolve(self.state, event)
        ranges = event.actions if isinstance(event, e.JobRetried) else ()
        asked = (action for first, end in ranges for action in range(first, end))
        self.again.update((action, Again(at, "asked")) for action in asked if before[action] in OVER)
        self._forget()

    def _renumber(self, event: e.JobResumed) -> None:
        """The edited job numbers its actions anew; what happened to those it keeps happened to these."""
        new_of = {was: new for new, was in event.kept}
        self.troubles = {new_of[was]: told for was, told in self.troubles.items() if was in new_of}
        self.again = {new_of[was]: told for was, told in self.again.items() if was in new_of}
        self.wished = {}
        self.because, self.left_out = {}, {}

    def _forget(self) -> None:
        """What was skipped waits again."""
        states = self.job.states
        self.because = {action: why for action, why in self.because.items() if states[action] == table.SKIPPED}
        self.left_out = {action: node for action, node in self.left_out.items() if states[action] == table.SKIPPED}


class _Before:
    """What had succeeded before an edit, by its path; and what the job's files were."""

    def __init__(self, job: JobState, done: list[int]) -> None:
        self._actions = {job.shape.paths[action]: job.shape.actions[action] for action in done}

    def run_again(self, job: JobState, event: e.JobResumed) -> Iterator[tuple[int, str]]:
        kept = {new for new, _ in event.kept}
        for action, path in enumerate(job.shape.paths):
            was = self._actions.get(path)
            if was is not None and action not in kept:
                yield action, "inputs" if was == job.shape.actions[action] else "text"


def _inside(job: JobState, event: e.ActionsSkipped | e.ActionsOmitted) -> Iterator[int]:
    return (action for span in job.shape.spans(event.first, event.end) for action in range(*span))
