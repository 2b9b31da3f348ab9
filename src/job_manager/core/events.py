"""Events: what has happened, certain and for ever. Only the core makes them; the journal keeps them.

Each belongs to one job (the stream). An action is its index in listing order, an attempt its number from 1, times are
seconds since the epoch, `request` the id of what a person asked for, or "". Knows nothing of how a journal stores them.
"""

from __future__ import annotations

from collections.abc import Sequence

from job_manager.model.hints import Any
from job_manager.model.record import NamedTuple

Document = dict[str, Any]


class JobSubmitted(NamedTuple):
    job: str
    at: float
    document: Document  # model.document.job_document
    site: Document  # model.site_document.site_document
    request: str = ""


class JobHeld(NamedTuple):
    """Nothing new starts, and what runs is ended within `grace` seconds (0: now; None: it goes on to its end). `why` is
    interrupted, paused or down."""

    job: str
    at: float
    why: str
    grace: float | None
    request: str = ""


class JobReleased(NamedTuple):
    """Held no more; what was over stays as it is."""

    job: str
    at: float
    request: str = ""


class JobCancelled(NamedTuple):
    """Everything that is not over is cancelled: what runs as soon as it has ended, within `grace` seconds (0: now).
    Said again it ends sooner."""

    job: str
    at: float
    grace: float
    request: str = ""


class ActionCancelled(NamedTuple):
    """The same for one action."""

    job: str
    action: int
    at: float
    grace: float
    request: str = ""


class JobTimedOut(NamedTuple):
    """Everything that is not over is ended as when the job is cancelled, and it has failed: it has run for `seconds`,
    or waited that long without having begun (`limit` is timeout or wait_timeout, as in model.job.Job)."""

    job: str
    at: float
    limit: str
    seconds: float
    grace: float


class JobRetried(NamedTuple):
    """A person wants these to run again: ranges of actions, first up to, not including, end. The job is open again."""

    job: str
    at: float
    actions: Sequence[Sequence[int]]
    request: str = ""


class ActionExcused(NamedTuple):
    """A person wants to go on without this action: it is left out, and what had been skipped for it is to run after
    all, less what reads something of it. The job is open again."""

    job: str
    action: int
    at: float
    request: str = ""


class PriorityChanged(NamedTuple):
    """The job's priority among others."""

    job: str
    at: float
    priority: float
    request: str = ""


class JobResumed(NamedTuple):
    """What did not succeed may run again. `document`: the edited job or None; `kept`: pairs (new index, old index);
    `lost`: whether that goes for actions of unknown outcome too, which must not run twice unless a person says so;
    `fans`: pairs (written action, items of its keys) of fan-outs of the edited job that are known already."""

    job: str
    at: float
    site: Document
    document: Document | None = None
    kept: Sequence[Sequence[int]] = ()
    lost: bool = False
    fans: Sequence[Sequence[Any]] = ()
    request: str = ""


class JobFinished(NamedTuple):
    """Nothing is left to do. `state` is succeeded, failed or cancelled; `counts` has the number of actions by state
    name."""

    job: str
    at: float
    state: str
    counts: dict[str, int]


class JobDue(NamedTuple):
    """The time has come before which nothing of the job was to start, and the jobs that it follows have succeeded."""

    job: str
    at: float


class WorkerJoined(NamedTuple):
    """This incarnation of a worker takes leases for the job: `slots` at once and `ahead` more waiting behind them.

    Where it runs there are so many bytes of `memory` (None: nobody has looked), and of each limit (name, total).
    `waits`: for what it waits before it takes any, in words, or "".
    """

    job: str
    worker: str
    slots: int
    ahead: int
    at: float
    memory: int | None = None
    limits: Sequence[tuple[str, int]] = ()
    waits: str = ""


class WorkerLeft(NamedTuple):
    job: str
    worker: str
    at: float


class ActionLeased(NamedTuple):
    job: str
    action: int
    attempt: int
    worker: str


class ActionChained(NamedTuple):
    """Leased before its turn: the worker begins it as soon as all that is open below the nodes `after` (of the shape)
    has ended there with success, without asking anybody."""

    job: str
    action: int
    attempt: int
    worker: str
    after: Sequence[int]


class LeaseReturned(NamedTuple):
    """Leased but never begun: ready again at no cost, or waiting again if its turn has not come."""

    job: str
    action: int
    attempt: int


class ActionStarted(NamedTuple):
    job: str
    action: int
    attempt: int
    at: float


class AttemptStopped(NamedTuple):
    """Ended because the job was held: ready again at no cost. Or because it, or the action, was cancelled."""

    job: str
    action: int
    attempt: int
    at: float


class AttemptLost(NamedTuple):
    """Its outcome cannot be known any more; counted on a budget of its own."""

    job: str
    action: int
    attempt: int
    at: float


class AttemptFailed(NamedTuple):
    """`reason` is one of model.reasons; `code` the exit code or signal; `message` what a person needs to know."""

    job: str
    action: int
    attempt: int
    began: float
    ended: float
    reason: str
    code: int | None
    message: str
    usage: Sequence[float] = ()


class RetryPlanned(NamedTuple):
    job: str
    action: int
    due: float


class ActionRetried(NamedTuple):
    job: str
    action: int


class ActionSucceeded(NamedTuple):
    """`outputs` has a row per artifact: name, device, inode, size in bytes, mtime in ns, sha256 or "", and where there
    is more to tell a mapping: what was found when it was looked into, plain values by name, and `files` of a directory
    with a row each (name, inode, size, mtime).
    `usage` is user and system seconds and peak memory in KiB; `note` what a person should know all the same."""

    job: str
    action: int
    attempt: int
    began: float
    ended: float
    usage: Sequence[float] = ()
    outputs: Sequence[Sequence[Any]] = ()
    note: str = ""


class ActionFailed(NamedTuple):
    """Out of retries: the last attempt's failure is the action's."""

    job: str
    action: int


class ActionLost(NamedTuple):
    """Declared `idempotent: false` and its outcome unknown: never started again until a person says so."""

    job: str
    action: int


class ActionsSkipped(NamedTuple):
    """The actions `first` up to, not including, `end` never run because `because` did not succeed.

    `task` is the serial node of the shape whose remaining children these are.
    """

    job: str
    first: int
    end: int
    because: int
    task: int


class ActionsOmitted(NamedTuple):
    """The actions `first` up to, not including, `end` are left out, and all is well: the condition of the node (of the
    shape) that they are below does not hold, or what they read was left out."""

    job: str
    first: int
    end: int
    node: int


class FannedOut(NamedTuple):
    """The items of each key of a written action with `foreach`: it stands for an action for each combination."""

    job: str
    action: int
    items: Sequence[Sequence[str]]


class FanOutFailed(NamedTuple):
    """A written action with `foreach` cannot be fanned out: `message` says why."""

    job: str
    action: int
    at: float
    message: str


class Grown(NamedTuple):
    """What the command of an action that succeeded has printed: documents of tasks and actions, as in
    model.document.children_document, with whole paths in their needs. They stand below the action's node."""

    job: str
    action: int
    children: Sequence[Document]


Event = (
    JobSubmitted
    | JobHeld
    | JobResumed
    | JobFinished
    | JobDue
    | WorkerJoined
    | WorkerLeft
    | ActionLeased
    | ActionChained
    | LeaseReturned
    | ActionStarted
    | AttemptStopped
    | AttemptLost
    | AttemptFailed
    | RetryPlanned
    | ActionRetried
    | ActionSucceeded
    | ActionFailed
    | ActionLost
    | ActionsSkipped
    | ActionsOmitted
    | FannedOut
    | FanOutFailed
    | Grown
    | JobReleased
    | JobCancelled
    | ActionCancelled
    | JobTimedOut
    | JobRetried
    | ActionExcused
    | PriorityChanged
)

# The names in the journal never change; a new meaning gets a new name.
NAMES: dict[type, str] = {
    JobSubmitted: "job-submitted",
    JobHeld: "job-held",
    JobResumed: "job-resumed",
    JobFinished: "job-finished",
    JobDue: "job-due",
    WorkerJoined: "worker-joined",
    WorkerLeft: "worker-left",
    ActionLeased: "leased",
    ActionChained: "chained",
    LeaseReturned: "returned",
    ActionStarted: "started",
    AttemptStopped: "stopped",
    AttemptLost: "attempt-lost",
    AttemptFailed: "attempt-failed",
    RetryPlanned: "retry-planned",
    ActionRetried: "retried",
    ActionSucceeded: "succeeded",
    ActionFailed: "failed",
    ActionLost: "lost",
    ActionsSkipped: "skipped",
    ActionsOmitted: "omitted",
    FannedOut: "fanned-out",
    FanOutFailed: "fan-out-failed",
    Grown: "grown",
    JobReleased: "job-released",
    JobCancelled: "job-cancelled",
    ActionCancelled: "cancelled",
    JobTimedOut: "job-timed-out",
    JobRetried: "job-retried",
    ActionExcused: "excused",
    PriorityChanged: "priority-changed",
}
KINDS = {name: kind for kind, name in NAMES.items()}


def pack(event: Event) -> list[Any]:
    """The event as a plain list: its name, then its fields without the job."""
    return [NAMES[type(event)], *event[1:]]


def unpack(job: str, packed: Sequence[Any]) -> Event:
    """The event of a list made by `pack`. Raises KeyError for an unknown name, TypeError for wrong fields."""
    event: Event = KINDS[packed[0]](job, *packed[1:])
    return event
