"""In which order what is ready is leased: first what the longest chain of actions follows, else as it is listed.

Knows the tree and no state. Costs the size of the job, once, and nothing where all that may wait beside each other is
followed by chains of the same length.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from job_manager.core.shape import Shape

BITS = 32
MASK = (1 << BITS) - 1


def action_at(place: int) -> int:
    """The action of a place."""
    return place & MASK


class Order:
    """The places of actions in the queues, as numbers: a lower one comes first. What comes of a fan-out, or is printed
    by a command, has the place of that, and among its like that of its listing."""

    __slots__ = ("_chains", "_plain", "_shape", "_size", "level")

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._size = shape.written_nodes
        self._plain = not any(node < self._size for node in shape.needs)
        self.level = _is_level(shape)  # places are the numbers of the actions
        self._chains: array[int] | None = None  # by node: how many actions follow its begin, in the longest chain

    def place(self, action: int) -> int:
        """Where it stands."""
        return action if self.level else action - (self.chain(action) << BITS)

    def chain(self, action: int) -> int:
        """How many actions run one after another from this one to the end, itself among them, in the longest chain."""
        node = self._shape.node_of[action]
        while node >= self._size:
            node = self._shape.parent[node]
        if self._chains is None:
            self._chains = (_plain_chains if self._plain else _chains)(self._shape, self._size)
        return self._chains[node]


def _is_level(shape: Shape) -> bool:
    """Whether nothing that waits beside others is followed by a longer chain than they are."""
    if any(node not in shape.hooks for node in shape.needs):
        return False
    inner = (node for node in range(shape.written_nodes) if shape.leaf[node] < 0 and node)
    return not any(shape.parallel[shape.parent[node]] and shape.low[node] < shape.high[node] for node in inner)


def _plain_chains(shape: Shape, size: int) -> array[int]:
    """Of a tree in which everything waits for its turn: a node comes before all that is below it."""
    own = array("q", [1 if shape.leaf[node] >= 0 else 0 for node in range(size)])
    for node in range(size - 1, 0, -1):
        above = shape.parent[node]
        own[above] = max(own[above], own[node]) if shape.parallel[above] else own[above] + own[node]
    left = array("q", own)  # of a serial node, what its children that come later take
    after = array("q", bytes(8 * size))
    for node in range(1, size):
        above = shape.parent[node]
        left[above] -= own[node]
        after[node] = after[above] + (0 if shape.parallel[above] else left[above])
    return array("q", [after[node] + own[node] for node in range(size)])


def _chains(shape: Shape, size: int) -> array[int]:
    """The same for any tree. The begin of a node is 2 * node, its end the number after it."""
    length = array("q", [-1]) * (2 * size)
    stack = [2 * node for node in range(size)]
    while stack:
        moment = stack[-1]
        later = list(_later(shape, size, moment)) if length[moment] < 0 else []
        open_ones = [each for each in later if length[each] < 0]
        if open_ones:
            stack.extend(open_ones)
            continue
        stack.pop()
        if length[moment] < 0:
            is_action = not moment % 2 and shape.leaf[moment // 2] >= 0
            length[moment] = is_action + max((length[each] for each in later), default=0)
    return length[::2]


def _later(shape: Shape, size: int, moment: int) -> Iterator[int]:
    """The moments that cannot come before this one, and nothing between."""
    node, is_end = divmod(moment, 2)
    if is_end:
        if node:
            yield 2 * shape.parent[node] + 1
        if shape.following[node] >= 0 and not shape.parallel[shape.parent[node]]:
            yield 2 * shape.following[node]
        yield from (2 * fed for fed in shape.feeds.get(node, ()) if fed < size)
        return
    yield moment + 1
    if shape.leaf[node] >= 0:
        return
    if shape.parallel[node]:
        yield from (2 * child for child in shape.children(node) if child not in shape.needs)
    elif shape.first[node] >= 0:
        yield 2 * shape.first[node]
