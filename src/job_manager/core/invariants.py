"""What must be true of every state, checked the slow way: the indices against a full reading.

For tests, simulation and `InvariantBroken`; never on the dispatch path. Knows nothing of how the state came about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from job_manager.core import table
from job_manager.core.chaining import strays
from job_manager.core.order import action_at
from job_manager.core.state import FIRST, JobState, State
from job_manager.model.need import PLAIN


def violations(state: State) -> list[str]:
    """A sentence for each invariant that does not hold; empty when all do."""
    found = [f"job {job.id}: {text}" for job in state.jobs.values() for text in _job(job)]
    held: Counter[str] = Counter()
    used: Counter[str] = Counter()
    early: Counter[str] = Counter()
    for job in state.jobs.values():
        for action, lease in job.leases.items():
            takes = job.holds.get(action, PLAIN)
            held[lease.worker] += 0 if action in job.early else takes.cpus
            early[lease.worker] += action in job.early
            used.update(dict(takes.amounts))
    found += [
        f"worker {name} holds leases of {held[name]} slots, its count says {worker.held}"
        for name, worker in state.workers.items()
        if held[name] != worker.held
    ]
    found += [
        f"worker {name} holds {early[name]} leases before their turn, its count says {worker.early}"
        for name, worker in state.workers.items()
        if early[name] != worker.early
    ]
    if used != state.used:
        found.append(f"leases take {dict(used)}, the count says {state.used}")
    return found


def overcommitted(state: State) -> list[str]:
    """Memory and limits of which leases take more than there is. Happens only when there is less than there was."""
    totals = {name: max(worker.total(name) for worker in state.workers.values()) for name in state.used}
    return [
        f"{state.used[name]} of {totals[name]} {name} are leased" for name in totals if state.used[name] > totals[name]
    ]


def _job(job: JobState) -> Iterator[str]:
    counted = Counter(job.states)
    if [counted[state] for state in range(len(table.NAMES))] != job.counts:
        yield f"counts {job.counts} are not those of the states"
    yield from _index("fanned out", sorted(fan.action for fan in job.shape.fans.values()), _in(job, table.FANNED))
    expanding = [action for action in _in(job, table.SUCCEEDED) if job.shape.written(action).expand]
    yield from _index("grown", sorted(graft.action for graft in job.shape.grown.values()), expanding)
    queued = [action_at(place) for queue in (job.ready, *job.queues.values()) for place in queue]
    yield from _index("ready and queues", sorted([*queued, *job.unfanned]), _in(job, table.READY))
    yield from _needed(job)
    yield from _index("leases", sorted(job.leases), _in(job, table.LEASED, table.RUNNING))
    awaited = [*job.undecided, *(action for _, action in job.timers)]
    yield from _index("undecided and timers", sorted(awaited), _in(job, table.RETRYING))
    if job.over and any(state not in table.FINAL for state in job.states):
        yield "the tree is over but actions are not"
    if job.finished and (job.leases or not job.over):
        yield f"finished as {job.finished} with work open"
    if not job.over and not _has_more_to_do(job):
        yield "nothing is left to do, and it is not over"
    yield from _told(job)
    yield from _early(job)
    yield from _order(job)


def _early(job: JobState) -> Iterator[str]:
    """What was leased before its turn comes after nothing but what is at work or has succeeded."""
    if not job.early.keys() <= job.leases.keys() or job.come:
        yield "something is said to be leased before its turn that is not under lease"
    if job.astray != strays(job):
        yield f"of what is leased before its turn {strays(job)} cannot begin any more, the index says {job.astray}"


def _has_more_to_do(job: JobState) -> bool:
    waits = (job.ready, job.queues, job.unfanned, job.leases, job.undecided, job.timers, job.doomed, job.unwanted)
    return any(waits)


def _told(job: JobState) -> Iterator[str]:
    """What people said of single actions."""
    if not job.cancelling <= job.stopping.keys() or not job.stopping.keys() <= job.leases.keys():
        yield "something is to end that is not under lease, or cancelled without having to end"
    if not job.excused <= job.omitted or any(job.states[action] != table.SKIPPED for action in job.omitted):
        yield "something was left out that is not skipped"
    if job.ending and any(state in (table.WAITING, table.READY) for state in job.states):
        yield "it is ended, and something waits"


def _needed(job: JobState) -> Iterator[str]:
    """What ready actions take is known, and they stand where it says."""
    ready = {action: job.takes(action) for action in _in(job, table.READY)}
    if {action: takes for action, takes in ready.items() if takes != PLAIN} != job.needs:
        yield f"what is ready takes something else than {job.needs}"
    for queue, members in ((FIRST, job.ready), *job.queues.items()):
        standing = [action_at(place) for place in members]
        if any(job.queue(action, ready[action]) != queue for action in standing if action in ready):
            yield f"in the queue {queue} stands what belongs into another"
    if not job.holds.keys() <= job.leases.keys():
        yield "something is held without a lease"
    if not all(job.queues.values()):
        yield "a queue is empty"
    if not job.scarce and (any(names for _, names in job.queues) or any(takes.amounts for takes in job.holds.values())):
        yield "something takes resources in a job that is said to take none"


def _in(job: JobState, *states: int) -> list[int]:
    return [action for action, state in enumerate(job.states) if state in states]


def _index(name: str, index: list[int], truth: list[int]) -> Iterator[str]:
    if index != truth:
        yield f"index {name} has {index[:8]}, the states say {truth[:8]}"


def _order(job: JobState) -> Iterator[str]:
    """In a serial node nothing after an unfinished or failed child has begun (kept results aside)."""
    begun = (table.READY, table.LEASED, table.RUNNING, table.RETRYING)
    shape = job.shape
    free = {action for node in shape.needs for action in shape.below(node)}
    for node in range(len(shape.parent)):
        if shape.leaf[node] >= 0 or shape.parallel[node] or node in shape.fans:
            continue
        blocked = False
        for child in shape.children(node):
            states = [(a, job.states[a]) for a in shape.below(child) if a not in free]
            if blocked and any(state in begun and a not in job.early for a, state in states):
                yield f"an action below node {child} has begun before its turn"
            blocked = blocked or any(state != table.SUCCEEDED and a not in job.omitted for a, state in states)
    yield from _needs(job, begun)


def _starts(job: JobState, node: int, action: int) -> bool:
    """Whether an action below a node with needs has no nearer one that says when it starts."""
    inner = job.shape.node_of[action]
    while inner not in job.shape.needs:
        inner = job.shape.parent[inner]
    return inner == node


def _needs(job: JobState, begun: tuple[int, ...]) -> Iterator[str]:
    """Nothing has begun before all that it needs has succeeded. What is under way stays so when a hook that had been
    left out comes into its own again, because its task is run again."""
    shape = job.shape
    for node, needed in shape.needs.items():
        whole = (action for action in shape.below(node) if action not in job.early)
        states = {job.states[action] for action in whole if _starts(job, node, action)}
        if not states.intersection(begun):
            continue
        fits = table.FINAL if node in shape.minding else {table.SUCCEEDED}
        for action in (action for other in needed for action in shape.below(other)):
            aside = action in job.omitted or (table.READY not in states and shape.node_of[action] in shape.hooks)
            if job.states[action] not in fits and not aside:
                yield f"an action below node {node} has begun before action {action} has succeeded"
