"""An answer to `why`: one sentence, what it rests on, and what helps. The words for it come from elsewhere.

Knows no rule.
"""

from __future__ import annotations

from collections.abc import Callable

from job_manager.model.record import NamedTuple

Spelt = Callable[[float], str]
"""How a time (seconds since the epoch) is written where it is read."""

# What an answer's `cause` may be, and what that means; the rows of docs/reference/json.md.
CAUSES = {
    "needs": "it waits for what it `needs`",
    "turn": "it waits for its turn in a serial task",
    "hook": "it is a hook, and what it comes after is not over",
    "retry": "it is tried again when its time has come",
    "slots": "all slots are taken",
    "limit": "a limit is used up",
    "memory": "there is not enough memory left",
    "disk": "there is too little room on a disk to begin anything",
    "kept": "others that came first get what it needs before it",
    "priority": "others with a higher priority come first",
    "fair-share": "it is another job's turn: it has fewer slots, or has begun nothing for longer",
    "cap": "the job may have only so many CPUs (`-j`)",
    "max-active": "as many actions of the job run as may",
    "not-before": "the job is not to start before a time",
    "after-jobs": "the job comes after others that have not succeeded",
    "paused": "somebody paused the job",
    "interrupted": "the job was interrupted",
    "down": "the supervisor of the job was shut down",
    "no-supervisor": "nobody runs the job",
    "no-worker": "no worker is there",
    "next": "nothing is in its way: it begins in a moment",
    "running": "it runs",
    "stopping": "it is being ended",
    "cancelled": "somebody cancelled it, or the whole job",
    "job-timeout": "the time of the whole job had run out",
    "succeeded": "it succeeded",
    "ran-again": "it succeeded, and more than one attempt was made",
    "failed": "it failed; `reason` says how",
    "lost": "it may have run and must not run twice",
    "skipped": "something before it did not succeed",
    "condition": "its condition, or that of a task it stands in, does not hold",
    "hook-not-called": "it is a hook, and things did not end so",
    "input-left-out": "what it reads was left out",
    "excused": "somebody had the job go on without it",
}


class View(NamedTuple):
    """From where one looks: the time (seconds since the epoch), whether somebody runs the job, how times are spelt."""

    now: float
    hosted: bool
    spelt: Spelt


class Way(NamedTuple):
    """What a person may do: a command (its verb, then its words), and what it is good for."""

    words: tuple[str, ...]
    what: str


class Group(NamedTuple):
    """So many actions of a job for which the same is true: the cause, the first of their paths, and words."""

    cause: str
    number: int
    paths: tuple[str, ...]
    words: str


class Answer(NamedTuple):
    """`path`: of the action, "" for the job. `cause`: one of CAUSES; `reason`: of a failure one of model.reasons, else
    "". `about`: paths of the actions and tasks, or names of resources, that are the cause. `sentence`: the answer.
    `evidence`: a line for each fact. `ways`: the best first. `groups`: of a job, its actions by cause."""

    path: str
    state: str
    cause: str
    sentence: str
    about: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    reason: str = ""
    groups: tuple[Group, ...] = ()


class Obstacle(NamedTuple):
    """What is in the way, as the end of a sentence: `waits for its turn in render: ...`. Other fields as in Answer."""

    cause: str
    words: str
    about: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
