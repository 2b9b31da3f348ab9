"""The transition table of an action: every state, every event that moves it, and where to. Nothing about transitions
may live elsewhere. Knows nothing of jobs, trees or indices.
"""

from __future__ import annotations

from job_manager.core import events as e

WAITING, READY, LEASED, RUNNING, RETRYING, SUCCEEDED, FAILED, SKIPPED, CANCELLED, LOST, FANNED = range(11)
NAMES = tuple(
    "waiting ready leased running retrying succeeded failed skipped cancelled lost fanned-out".split()  # in that order
)
# A written action with `foreach` is `fanned-out` from when its items are known: it stands for other actions, and is
# none itself any more.
FINAL = frozenset({SUCCEEDED, FAILED, SKIPPED, CANCELLED, LOST, FANNED})


class Unblocked:
    """Not an event of the journal: what evolve itself concludes when nothing is left to wait for."""


class Repeated:
    """Not an event of the journal: what evolve itself concludes for a hook when what it followed is to run again."""


class Dropped:
    """Not an event of the journal: what evolve itself concludes when an attempt is over, or an action comes into being,
    that was cancelled before."""


class Revived:
    """Not an event of the journal: what evolve itself concludes when a person has something run again or left out: what
    else is ready, or was left out or skipped, comes to its turn anew; and so does what had been leased before it."""


TABLE: dict[type, dict[int, int]] = {
    Unblocked: {WAITING: READY},
    Repeated: {RETRYING: WAITING, SUCCEEDED: WAITING},
    Dropped: {WAITING: CANCELLED, READY: CANCELLED, RETRYING: CANCELLED},
    Revived: {READY: WAITING, SKIPPED: WAITING},
    e.ActionLeased: {READY: LEASED},
    e.ActionChained: {WAITING: LEASED},
    e.LeaseReturned: {LEASED: READY},
    e.ActionStarted: {LEASED: RUNNING},
    # An attempt that is over before anybody heard that it began goes straight from leased.
    e.AttemptStopped: {LEASED: READY, RUNNING: READY},
    e.AttemptLost: {LEASED: RETRYING, RUNNING: RETRYING},
    e.AttemptFailed: {LEASED: RETRYING, RUNNING: RETRYING},
    e.ActionSucceeded: {LEASED: SUCCEEDED, RUNNING: SUCCEEDED},
    e.RetryPlanned: {RETRYING: RETRYING},
    e.ActionRetried: {RETRYING: READY},
    e.ActionFailed: {RETRYING: FAILED},
    e.ActionLost: {RETRYING: LOST},
    e.ActionsSkipped: {WAITING: SKIPPED},
    e.ActionsOmitted: {WAITING: SKIPPED},
    e.FannedOut: {READY: FANNED},
    e.FanOutFailed: {READY: FAILED},
    e.Grown: {SUCCEEDED: SUCCEEDED},
    e.JobResumed: {
        FAILED: WAITING,
        SKIPPED: WAITING,
        CANCELLED: WAITING,
        LOST: WAITING,
        READY: WAITING,  # becomes ready again as soon as the tree is settled anew
        WAITING: WAITING,
        LEASED: LEASED,
        RUNNING: RUNNING,
        RETRYING: RETRYING,
        SUCCEEDED: SUCCEEDED,
        FANNED: FANNED,
    },
    # What is under lease when it is cancelled stays so until its attempt has come back.
    e.JobCancelled: {WAITING: CANCELLED, READY: CANCELLED, RETRYING: CANCELLED},
    e.JobTimedOut: {WAITING: CANCELLED, READY: CANCELLED, RETRYING: CANCELLED},
    e.ActionCancelled: {
        WAITING: CANCELLED,
        READY: CANCELLED,
        RETRYING: CANCELLED,
        LEASED: LEASED,
        RUNNING: RUNNING,
    },
    e.JobRetried: {
        RETRYING: WAITING,
        SUCCEEDED: WAITING,
        FAILED: WAITING,
        SKIPPED: WAITING,
        CANCELLED: WAITING,
        LOST: WAITING,
    },
    e.ActionExcused: {
        WAITING: SKIPPED,
        READY: SKIPPED,
        RETRYING: SKIPPED,
        FAILED: SKIPPED,
        CANCELLED: SKIPPED,
        LOST: SKIPPED,
    },
}
