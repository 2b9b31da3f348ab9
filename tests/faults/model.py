"""A second, simpler model of what a job's history may be, written from the documentation and not from the product.

Folds packed events as they stand in the journal; imports nothing of job_manager, so that both are not wrong in one way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import prod
from typing import Any

OPEN = {"leased", "running"}
# From which states an event about one action may come, and where it leads.
MOVES: dict[str, tuple[set[str], str]] = {
    "leased": ({"idle"}, "leased"),
    "chained": ({"idle"}, "leased"),
    "returned": ({"leased"}, "idle"),
    "started": ({"leased"}, "running"),
    "stopped": (OPEN, "idle"),
    "attempt-lost": (OPEN, "broken"),
    "attempt-failed": (OPEN, "broken"),
    "succeeded": (OPEN, "succeeded"),
    "retry-planned": ({"broken"}, "planned"),
    "retried": ({"broken", "planned"}, "idle"),
    "failed": ({"broken"}, "failed"),
    "lost": ({"broken", "unknown"}, "lost"),
    "fanned-out": ({"idle"}, "fanned"),
    "fan-out-failed": ({"idle"}, "failed"),
    "grown": ({"succeeded"}, "succeeded"),
}
DONE = {"succeeded", "excused", "left out"}
LOOSE = {"leased", "fanned-out", "fan-out-failed"}
# What a person has run again who resumes the job.
AGAIN = {"failed", "lost", "cancelled", "unknown", "excused", "left out"}
LEASES = {"leased", "chained"}
ATTEMPTED = {*LEASES, "returned", "started", "stopped", "attempt-lost", "attempt-failed", "succeeded"}
ANY_TIME = {"worker-joined", "worker-left", "job-resumed", "job-retried", "excused", "priority-changed"}
QUIET = {"job-due", "skipped", "priority-changed"}
SPECIAL = {"needs", "when", "hook", "foreach", "expand"}


def illegal(events: Iterable[Sequence[Any]]) -> list[str]:
    """A sentence for each event of one job's history that cannot have happened there."""
    model = Model()
    return [f"event {number} {event[0]}: {why}" for number, event in enumerate(events) for why in model.fold(event)]


class Model:
    """One job: the state of each action by its index, and what has been said of the job."""

    def __init__(self) -> None:
        self.states: dict[int, str] = {}
        self.leases: dict[int, int] = {}
        self.highest: Counter[int] = Counter()
        self.floor = self.size = 0
        self.before: list[list[tuple[int, int]]] = []
        self.workers: set[str] = set()
        self.submitted = self.held = self.finished = ""
        self.ending = self.special = self.loose = False
        self.early: set[int] = set()  # actions that were leased before their turn
        self.cancelling: set[int] = set()  # actions whose attempts were to end when they were cancelled

    def fold(self, event: Sequence[Any]) -> Iterator[str]:
        name = event[0]
        if not self.submitted and name != "job-submitted":
            yield "before the job was submitted"
        if self.finished and name not in ANY_TIME:
            yield f"after the job was {self.finished}"
        if name in MOVES:
            yield from self._move(*event)
        elif name not in QUIET:
            yield from getattr(self, f"_{name.replace('-', '_')}", self._unknown)(event)

    def _unknown(self, event: Sequence[Any]) -> Iterator[str]:
        yield "an event nobody has described"

    def _move(self, name: str, action: int, *rest: Any) -> Iterator[str]:
        allowed, after = MOVES[name]
        now = self.states.get(action, "idle")
        # Hooks, and what asked how others ended, come again when what they followed does.
        if now not in allowed and not (self.loose and name in LOOSE):
            yield f"action {action} is {now}"
        if not 0 <= action < self.size:
            yield f"there is no action {action}"
        if name in LEASES:
            yield from self._lease(action, *rest)
        elif name in ATTEMPTED and self.leases.get(action) != rest[0]:
            yield f"attempt {rest[0]} of action {action} is not the one under lease, {self.leases.get(action)}"
        if name == "fanned-out":
            self.size += prod(len(keys) for keys in rest[0])
        elif name == "grown":
            self.size += len(list(leaves(rest[0])))
        if name in ("succeeded", "attempt-failed") and action in self.early:
            yield from self._waits(action, DONE)
        self.states[action] = after
        if after not in OPEN:
            self.leases.pop(action, None)
            self.early.discard(action)
        if name in ("stopped", "returned", "attempt-failed") and (self.ending or action in self.cancelling):
            self.states[action] = "cancelled" if name != "attempt-failed" or action in self.cancelling else "broken"
        elif name == "attempt-lost" and action in self.cancelling:
            self.states[action] = "unknown"  # it is over as cancelled, or as lost where it may not run twice

    def _waits(self, action: int, fits: set[str]) -> Iterator[str]:
        """For what the action has to wait, unless all of it is in one of these states."""
        for first, end in self.before[action] if action < len(self.before) else ():
            undone = [other for other in range(first, end) if self.states.get(other) not in fits]
            if undone:
                yield f"action {action} has to wait for {undone[0]}, which is {self.states.get(undone[0], 'idle')}"

    def _lease(self, action: int, attempt: int, worker: str, after: Sequence[int] = ()) -> Iterator[str]:
        if worker not in self.workers:
            yield f"{worker} is no worker of the job"
        if self.held:
            yield f"the job is held ({self.held})"
        if self.ending or action in self.cancelling:
            yield f"action {action} was cancelled"
        if attempt <= max(self.highest[action], self.floor):
            yield f"attempt {attempt} of action {action} was made before"
        yield from self._waits(action, {*DONE, *OPEN} if after else DONE)
        self.early.update({action} if after else ())
        self.highest[action], self.leases[action] = attempt, attempt

    def _plan(self, document: dict[str, Any]) -> None:
        actions = list(leaves([document]))
        self.size = len(actions)
        self.special = any(_specials(document))
        self.before = [] if self.special else order(document)

    def _job_submitted(self, event: Sequence[Any]) -> Iterator[str]:
        if self.submitted:
            yield "it was submitted already"
        self.submitted = "yes"
        self._plan(event[2])

    def _job_resumed(self, event: Sequence[Any]) -> Iterator[str]:
        self.held = self.finished = ""
        self.ending, self.loose = False, self.special
        self.cancelling.clear()
        for action, state in self.states.items():
            if state in AGAIN:
                self.states[action] = "idle"
        if event[3] is None:
            return
        if self.leases:
            yield f"an edit while action {next(iter(self.leases))} is under lease"
        kept = dict(event[4])
        if any(self.states.get(was) != "succeeded" for was in kept.values()):
            yield "something is kept that has not succeeded"
        self.floor = max([self.floor, *self.highest.values()])
        self.highest.clear()
        self._plan(event[3])
        self.states = dict.fromkeys(kept, "succeeded")
        for action, items in event[6] if len(event) > 6 else ():
            self.states[action] = "fanned"
            self.size += prod(len(keys) for keys in items)

    def _job_held(self, event: Sequence[Any]) -> Iterator[str]:
        self.held = event[2]
        yield from ()

    def _job_released(self, event: Sequence[Any]) -> Iterator[str]:
        if not self.held:
            yield "it was not held"
        self.held = ""

    def _job_cancelled(self, event: Sequence[Any]) -> Iterator[str]:
        self.ending = True
        yield from ()

    _job_timed_out = _job_cancelled

    def _cancelled(self, event: Sequence[Any]) -> Iterator[str]:
        state = self.states.get(event[1], "idle")
        if state in OPEN:
            self.cancelling.add(event[1])
        elif state in ("idle", "broken", "planned"):
            self.states[event[1]] = "cancelled"
        elif state != "fanned":
            yield f"action {event[1]} is {state}"

    def _open_again(self, actions: Iterable[int], state: str) -> Iterator[str]:
        if self.finished:
            self.held = ""
        self.finished, self.ending, self.loose = "", False, self.special
        for action in [action for action, now in self.states.items() if now == "left out"]:
            self.states[action] = "idle"
        for action in actions:
            if action in self.leases:
                yield f"action {action} is under lease"
            self.cancelling.discard(action)
            if self.states.get(action) != "fanned":
                self.states[action] = state

    def _job_retried(self, event: Sequence[Any]) -> Iterator[str]:
        self.held = self.held if self.held == "paused" and not self.finished else ""
        yield from self._open_again((action for span in event[2] for action in range(*span)), "idle")

    def _excused(self, event: Sequence[Any]) -> Iterator[str]:
        if self.states.get(event[1]) == "succeeded":
            yield f"action {event[1]} has succeeded"
        yield from self._open_again([event[1]], "excused")

    def _omitted(self, event: Sequence[Any]) -> Iterator[str]:
        for action in range(event[1], event[2]):
            if self.states.get(action, "idle") == "idle":
                self.states[action] = "left out"
        yield from ()

    def _worker_joined(self, event: Sequence[Any]) -> Iterator[str]:
        self.workers.add(event[1])
        yield from ()

    def _worker_left(self, event: Sequence[Any]) -> Iterator[str]:
        self.workers.discard(event[1])
        yield from ()

    def _job_finished(self, event: Sequence[Any]) -> Iterator[str]:
        self.finished = event[2]
        waiting = OPEN if self.ending or self.loose else OPEN | {"broken", "planned"}
        undone = [action for action, state in self.states.items() if state in waiting]
        if undone:
            yield f"action {undone[0]} is {self.states[undone[0]]}"
        counted = Counter(self.states.values())
        for state in () if self.loose else ("succeeded", "failed", "lost"):
            if counted[state] != event[3].get(state, 0):
                yield f"it counts {event[3].get(state, 0)} {state}, there are {counted[state]}"
        if sum(event[3].values()) != self.size - counted["fanned"]:
            yield f"it counts {sum(event[3].values())} actions of {self.size - counted['fanned']}"


def leaves(nodes: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The documents of the actions of a job or of some tasks, in listing order."""
    stack = list(nodes)[::-1]
    while stack:
        [(kind, body)] = stack.pop().items()
        if kind == "Action":
            yield body
        else:
            stack += body["children"][::-1]


def _specials(document: dict[str, Any]) -> Iterator[str]:
    stack = [document]
    while stack:
        [(_, body)] = stack.pop().items()
        yield from SPECIAL & body.keys()
        stack += body.get("children", ())


def order(document: dict[str, Any]) -> list[list[tuple[int, int]]]:
    """For each action the ranges of actions that come right before it: the child before in every serial node above."""
    found: list[list[tuple[int, int]]] = []
    sizes = _sizes(document)
    stack: list[tuple[dict[str, Any], list[tuple[int, int]]]] = [(document, [])]
    while stack:
        node, ranges = stack.pop()
        [(kind, body)] = node.items()
        if kind == "Action":
            found.append(ranges)
            continue
        at, below = len(found), []
        last: list[tuple[int, int]] = []
        for child in body["children"]:
            below.append((child, ranges + last))
            if not body.get("parallel") and sizes[id(child)]:
                last = [(at, at + sizes[id(child)])]
            at += sizes[id(child)]
        stack += below[::-1]
    return found


def _sizes(document: dict[str, Any]) -> dict[int, int]:
    """How many actions are below each node, by the node's id()."""
    listed, stack = [], [document]
    while stack:
        node = stack.pop()
        listed.append(node)
        [(_, body)] = node.items()
        stack += body.get("children", ())
    sizes: dict[int, int] = {}
    for node in reversed(listed):
        [(kind, body)] = node.items()
        sizes[id(node)] = 1 if kind == "Action" else sum(sizes[id(child)] for child in body["children"])
    return sizes
