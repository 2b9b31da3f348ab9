"""Leases before their turn: what may be given to a worker although what it comes after is still at work there.

Only where the end of an attempt is plain to whoever runs it: exit code 0, nothing to verify, nothing to publish. Then
neither a commit nor a message stands between two steps. Knows who may be leased next, and no worker. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from job_manager.core import events as e
from job_manager.core import policy, table
from job_manager.core.settle import over
from job_manager.core.state import JobState, State
from job_manager.model.job import Command, Echo, Shell
from job_manager.model.need import PLAIN


def chained(state: State, room: int | None, job: JobState) -> Iterator[e.Event]:
    """Leases of what comes next in the job, if all that is at work ends well. `room`: how many leases more the job may
    have at all, None: as many as there are slots."""
    if room is not None or job.wary or len(job.workers) != 1 or job.scarce:
        return
    (name,) = job.workers
    worker = state.workers[name]
    most = policy.ahead(job, worker)
    if worker.early > most // 2:  # in batches: a commit pays for many steps
        return
    shadow: Shadow = job.shadow or Shadow(job, name)
    job.shadow = shadow
    for action, after in islice(shadow.next(), most - worker.early):
        yield e.ActionChained(job.id, action, job.attempts[action] + 1, name, after)
        shadow.assume(action)


def plain(job: JobState, action: int) -> bool:
    """Whether its exit code alone says how it ended, and it may be run again; it reads nothing that could change."""
    written = job.shape.written(action)
    if not isinstance(written.work, (Command, Shell, Echo)) or written.inputs or written.outputs:
        return False
    special = written.hook or written.when or written.expand or written.foreach or written.min_runtime is not None
    secret = any(not isinstance(value, str) for _, value in written.env)
    if special or secret or job.site.split_streams:
        return False
    return policy.idempotent(job, written) and job.takes(action) == PLAIN


def open_leases(job: JobState, nodes: Iterable[int]) -> Iterator[int]:
    """What is under lease below these nodes."""
    return (action for node in nodes for action in job.shape.below(node) if action in job.leases)


def strays(job: JobState) -> list[int]:
    """What was leased before its turn and cannot begin any more, since something that it comes after has come back."""
    gone: set[int] = set()
    stands: dict[tuple[int, ...], bool] = {}
    for action, after in job.early.items():  # what comes after others was leased after them
        if after not in stands:
            below = (one for node in after for one in job.shape.below(node))
            stands[after] = all(_stands(job, one) and one not in gone for one in below)
        if not stands[after]:
            gone.add(action)
    return [action for action in job.early if action in gone]


def followed(job: JobState, action: int) -> bool:
    """Whether all has succeeded that it was to begin after. In a job that is ended its turn never comes."""
    below = (one for node in job.early[action] for one in job.shape.below(node))
    return all(_stands(job, one) and one not in job.leases for one in below)


def taken_back(job: JobState, action: int, now: float) -> e.LeaseReturned | e.AttemptStopped:
    """What was leased before its turn is not, whatever was heard of it: it waits again."""
    attempt = job.leases[action].attempt
    if job.states[action] == table.RUNNING:
        return e.AttemptStopped(job.id, action, attempt, now)
    return e.LeaseReturned(job.id, action, attempt)


def _stands(job: JobState, action: int) -> bool:
    return action in job.leases or action in job.omitted or job.states[action] in (table.SUCCEEDED, table.FANNED)


class Shadow:
    """The tree as it will be when all plain leases of one worker have ended well. An index that can be made anew at any
    time. `_assumed`: these leases; `_blind`: somewhere it goes on in a way that is not followed here."""

    __slots__ = ("_assumed", "_blind", "_found", "_job", "_remaining", "_unmet")

    def __init__(self, job: JobState, worker: str) -> None:
        self._job = job
        self._remaining: dict[int, int] = {}
        self._unmet: dict[int, int] = {}
        self._found: deque[tuple[tuple[int, ...], deque[int]]] = deque()  # what comes next, by what it comes after
        self._assumed: set[int] = set()
        self._blind = False
        for action, lease in job.leases.items():
            if lease.worker == worker:
                self.assume(action)

    def assume(self, action: int) -> None:
        """It is leased to the worker: from now on it counts as done, if it is plain."""
        if action not in self._assumed and plain(self._job, action):
            self._assumed.add(action)
            self._finish(self._job.shape.node_of[action])

    def foresaw(self, action: int) -> bool:
        """Whether it is still right when the action has succeeded."""
        return action in self._assumed and not self._blind

    def next(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """What comes next and may be leased, and the nodes after which it comes; and, when that is assumed, what comes
        then."""
        while self._found and not self._left(self._found[0][1]):
            self._found.popleft()
        at = 0
        while at < len(self._found):
            after, actions = self._found[at]
            yield from ((action, after) for action in actions if self._waits(action))
            at += 1

    def _left(self, actions: deque[int]) -> bool:
        while actions and not self._waits(actions[0]):
            actions.popleft()
        return bool(actions)

    def _waits(self, action: int) -> bool:
        return self._job.states[action] == table.WAITING

    def _finish(self, node: int) -> None:
        """As settle has it: what this was the last to be waited for may start."""
        job, shape = self._job, self._job.shape
        while True:
            for fed in shape.feeds.get(node, ()):
                self._unmet[fed] = self._unmet.get(fed, job.unmet[fed]) - 1
                if not self._unmet[fed]:
                    self._enable(fed, shape.needs[fed])
            parent = shape.parent[node]
            if parent < 0 or shape.leaf[parent] >= 0 or job.ends[parent]:
                return
            self._remaining[parent] = self._remaining.get(parent, job.remaining[parent]) - 1
            if self._remaining[parent]:
                if not shape.parallel[parent] and node not in shape.needs:
                    self._take_turn(shape.following[node], (node,))
                return
            node = parent

    def _take_turn(self, child: int, after: tuple[int, ...]) -> None:
        while child >= 0 and over(self._job, child):
            child = self._job.shape.following[child]
        if child >= 0:
            self._enable(child, after)

    def _enable(self, top: int, after: tuple[int, ...]) -> None:
        shape, starts, found = self._job.shape, [top], deque[int]()
        while starts:
            node = starts.pop()
            action = shape.leaf[node]
            if node != top and node in shape.needs:
                continue
            if not self._is_sure(node):
                self._blind = True
            elif action >= 0 and self._waits(action):
                found.extend((action,) if plain(self._job, action) else ())
            elif action >= 0:
                self._blind = self._blind or action not in self._job.leases
            elif shape.parallel[node]:
                starts.extend(reversed(list(shape.children(node))))
            elif shape.first[node] >= 0:
                starts.append(shape.first[node])
            else:
                self._blind = True
        if found:
            self._found.append((after, found))

    def _is_sure(self, node: int) -> bool:
        """Whether it starts when its turn comes, however others have ended; and nothing of it is over already."""
        shape = self._job.shape
        asked = node in shape.conditions or node in shape.hooks or node in shape.minding
        return not asked and node not in shape.fans and not self._job.ends[node]
