"""What is said to the core: requests are wishes of a person, reports are claims of a worker. Neither is certain.

Knows nothing of who carries them or whether they arrive once.
"""

from __future__ import annotations

from collections.abc import Sequence

from job_manager.core.events import Document
from job_manager.model.hints import Any
from job_manager.model.record import NamedTuple


class SubmitJob(NamedTuple):
    """`paused`: it waits for a person's word, as when its text says so."""

    job: str
    document: Document
    site: Document
    request: str = ""
    paused: bool = False


class ResumeJob(NamedTuple):
    """`document`, `kept`, `lost` and `fans` as in JobResumed."""

    job: str
    site: Document
    document: Document | None = None
    kept: Sequence[Sequence[int]] = ()
    lost: bool = False
    fans: Sequence[Sequence[Any]] = ()
    request: str = ""


class HoldJob(NamedTuple):
    """`grace` as in JobHeld."""

    job: str
    why: str
    grace: float | None
    request: str = ""


class ReleaseJob(NamedTuple):
    """Take back a hold, whatever it was for."""

    job: str
    request: str = ""


class CancelJob(NamedTuple):
    """End all that runs within `grace` seconds (0: now), and start nothing any more."""

    job: str
    grace: float
    request: str = ""


class CancelAction(NamedTuple):
    """The same for one action, or for all that a fan-out stands for."""

    job: str
    action: int
    grace: float
    request: str = ""


FAILED, FROM, ONLY = "failed", "from", "only"
MODES = (FAILED, FROM, ONLY)


class RetryActions(NamedTuple):
    """Run again: `failed`, all that did not succeed; `from`, the action and all that follows from it; `only`, that
    action alone. `lost`: that goes for actions of unknown outcome, too; the one that is named may run again in any
    case. `also`: actions that succeeded and have to run again, because what they made is not there any more."""

    job: str
    mode: str
    action: int = -1
    lost: bool = False
    request: str = ""
    also: Sequence[int] = ()


class SkipAction(NamedTuple):
    """Go on without this action, or without what is left of a fan-out."""

    job: str
    action: int
    request: str = ""


class SetPriority(NamedTuple):
    job: str
    priority: float
    request: str = ""


class WorkerAnnounced(NamedTuple):
    """A worker's incarnation offers itself to a job; fields as in events.WorkerJoined."""

    job: str
    worker: str
    slots: int
    ahead: int
    memory: int | None = None
    limits: Sequence[tuple[str, int]] = ()
    waits: str = ""


class WorkerGone(NamedTuple):
    """An incarnation is no more; whatever it had leased and did not report is lost."""

    job: str
    worker: str


class AttemptBegan(NamedTuple):
    job: str
    action: int
    attempt: int
    worker: str
    at: float


class AttemptReturned(NamedTuple):
    """Leased, never begun, and never will be under this lease."""

    job: str
    action: int
    attempt: int
    worker: str


class AttemptEnded(NamedTuple):
    """`reason` is "" for success, `stopped` when ended on our order, `lost` when the outcome is unknown, or one of
    model.reasons. `grown` is what the command of an expanding action has printed, as in Grown. Other fields as in
    ActionSucceeded (whose note is `message`) and AttemptFailed."""

    job: str
    action: int
    attempt: int
    worker: str
    began: float
    ended: float
    reason: str = ""
    code: int | None = None
    message: str = ""
    usage: Sequence[float] = ()
    outputs: Sequence[Sequence[Any]] = ()
    grown: Sequence[Document] = ()


Request = (
    SubmitJob | ResumeJob | HoldJob | ReleaseJob | CancelJob | CancelAction | RetryActions | SkipAction | SetPriority
)
Report = WorkerAnnounced | WorkerGone | AttemptBegan | AttemptReturned | AttemptEnded
Said = Request | Report
