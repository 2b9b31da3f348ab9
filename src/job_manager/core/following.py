"""What has to be over before a node of the tree begins, and what cannot begin before it is over. Knows no state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from job_manager.core.shape import Shape


def after(shape: Shape, node: int) -> tuple[set[int], set[int]]:
    """The nodes that cannot begin before the given one is over, and those that cannot be over before, itself among
    them."""
    over, begun = {node}, set[int]()
    ends, starts = [node], list[int]()
    while ends or starts:
        if starts:
            start = starts.pop()
            inside = [each for each in shape.children(start) if each not in shape.needs]
            _mark(inside, begun, starts)
            _mark([start], over, ends)
            continue
        end = ends.pop()
        parent = shape.parent[end]
        following = list(shape.feeds.get(end, ()))
        if parent >= 0:
            _mark([parent], over, ends)
            if not shape.parallel[parent] and shape.following[end] >= 0:
                following.append(shape.following[end])
        _mark(following, begun, starts)
    return begun, over


def _mark(nodes: Sequence[int], seen: set[int], todo: list[int]) -> None:
    for node in nodes:
        if node not in seen:
            seen.add(node)
            todo.append(node)


def before(shape: Shape, node: int) -> Iterator[int]:
    """The nodes that have to be over before the given one begins, and well; none of those whose end a condition only
    asks for."""
    while node > 0:
        if node in shape.needs:
            yield from () if node in shape.minding else shape.needs[node]
            return
        parent = shape.parent[node]
        if not shape.parallel[parent]:
            yield from _earlier(shape, parent, node)
        node = parent


def _earlier(shape: Shape, parent: int, node: int) -> Iterator[int]:
    for child in shape.children(parent):
        if child == node:
            return
        if child not in shape.needs:
            yield child
