"""What is said to the core: requests are wishes of a person, reports are claims of a worker. Neither is certain.

Knows nothing of who carries them or whether they arrive once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from job_manager.core.events import Document
from job_manager.model.record import NamedTuple


class SubmitJob(NamedTuple):
    job: str
    document: Document
    site: Document


class ResumeJob(NamedTuple):
    """`document`, `kept`, `lost` and `fans` as in JobResumed."""

    job: str
    site: Document
    document: Document | None = None
    kept: Sequence[Sequence[int]] = ()
    lost: bool = False
    fans: Sequence[Sequence[Any]] = ()


class HoldJob(NamedTuple):
    job: str
    why: str
    grace: float


class WorkerAnnounced(NamedTuple):
    """A worker's incarnation offers itself to a job; fields as in events.WorkerJoined."""

    job: str
    worker: str
    slots: int
    ahead: int
    memory: int | None = None
    limits: Sequence[tuple[str, int]] = ()


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


Request = SubmitJob | ResumeJob | HoldJob
Report = WorkerAnnounced | WorkerGone | AttemptBegan | AttemptReturned | AttemptEnded
Said = Request | Report
