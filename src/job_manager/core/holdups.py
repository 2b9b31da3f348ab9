"""What keeps the parts of a tree from starting: their needs, their turn, or all that a hook comes after. Pure.

Asks the indices that settle keeps; starts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.core import table
from job_manager.core.settle import over
from job_manager.core.state import JobState
from job_manager.model.record import NamedTuple

# The nearer to its end, the earlier: what is named first of all that is waited for.
NEAREST = (table.RUNNING, table.LEASED, table.RETRYING, table.READY, table.WAITING)


class Holdup(NamedTuple):
    """`node` does not start before the `nodes` are over: those it `needs`, the one whose `turn` it is in its serial
    task, or all that a `hook` comes after."""

    kind: str
    node: int
    nodes: tuple[int, ...]


def held_up(job: JobState, node: int, above: Holdup | None) -> Holdup | None:
    """What keeps a node from starting, or None; `above`: what keeps the node in which it stands."""
    shape = job.shape
    if node in shape.needs:  # its needs start it, and not what it stands in
        if not job.unmet[node]:
            return None
        kind = "hook" if node in shape.hooks else "needs"
        return Holdup(kind, node, _awaited(job, node))
    parent = shape.parent[node]
    if above is not None or shape.parallel[parent] or over(job, node):
        return above
    turn = job.turn[parent]
    return None if turn in (-1, node) else Holdup("turn", node, (turn,))


def _awaited(job: JobState, node: int) -> tuple[int, ...]:
    """What a node needs and what is open. Something may be left out before its turn has come, and is over only then:
    in its place stands what it waits for itself."""
    todo, found, seen = list(reversed(job.shape.needs[node])), dict[int, None](), {node}
    while todo:
        other = todo.pop()
        if other in seen or over(job, other):
            continue
        seen.add(other)
        held = None if nearest(job, (other,)) >= 0 else _kept_by(job, other, seen)
        if held is None:
            found[other] = None
        else:
            todo.extend(reversed(held))
    return tuple(found)


def _kept_by(job: JobState, node: int, seen: set[int]) -> tuple[int, ...] | None:
    """What keeps a node from starting, of which nothing is open: the nodes, as they stand in the tree."""
    shape = job.shape
    while node > 0:
        if node in shape.needs:
            return tuple(other for other in shape.needs[node] if not over(job, other) and other not in seen)
        parent = shape.parent[node]
        turn = job.turn[parent]
        if not shape.parallel[parent] and turn not in (-1, node):
            return (turn,)
        node = parent
    return None


def holdup_of(job: JobState, action: int) -> Holdup | None:
    """What keeps an action from being ready; None when it only waits for the next turn, or for nothing."""
    shape = job.shape
    node = shape.node_of[action]
    way = [node]
    while node not in shape.needs and shape.parent[node] > 0:
        node = shape.parent[node]
        way.append(node)
    found: Holdup | None = None
    for node in reversed(way):
        found = held_up(job, node, found)
    return found


def holdups(job: JobState) -> Iterator[tuple[int, Holdup]]:
    """Every waiting action that something keeps from being ready, and what, also when it is under lease already: costs
    the size of the tree."""
    shape = job.shape
    found: list[Holdup | None] = [None] * len(shape.parent)
    for node in range(1, len(shape.parent)):  # a node is numbered after the one in which it stands
        found[node] = held = held_up(job, node, found[shape.parent[node]])
        action = shape.leaf[node]
        if held is not None and action >= 0 and (job.states[action] == table.WAITING or action in job.early):
            yield action, held


def open_below(job: JobState, node: int) -> dict[int, int]:
    """How many actions below a node are not over, by state, the nearest to its end first."""
    counts = [0] * len(table.NAMES)
    for span in spans_of(job, node):
        part = job.states[slice(*span)]
        for state in NEAREST:
            counts[state] += part.count(state)
    return {state: counts[state] for state in NEAREST if counts[state]}


def nearest(job: JobState, nodes: tuple[int, ...]) -> int:
    """Of all that is open below the nodes the action that is nearest to its end; -1 when nothing is open."""
    best, rank = -1, len(NEAREST)
    for node in nodes:
        for span in spans_of(job, node):
            for better in range(rank):
                at = job.states.find(NEAREST[better], *span)
                if at >= 0:
                    best, rank = at, better
                    break
        if not rank:
            break
    return best


def spans_of(job: JobState, node: int) -> Iterator[tuple[int, int]]:
    """The ranges of all actions below a node."""
    return job.shape.spans(job.shape.low[node], job.shape.high[node])
