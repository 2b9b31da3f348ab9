"""Which edges of a graph say nothing new, and an order in which everything comes after what it follows.

Vertices are numbers, and few: what is folded is small. Knows nothing of jobs.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush


def in_turn(follow: Sequence[Sequence[int]]) -> list[int]:
    """All vertices, each after those that it follows, as near to their numbers as can be. Where they follow each other
    in a circle (what is folded into one box can), the lowest one begins."""
    waits = [0] * len(follow)
    for others in follow:
        for other in others:
            waits[other] += 1
    ready = [vertex for vertex, count in enumerate(waits) if not count]
    heapify(ready)
    found: list[int] = []
    done = bytearray(len(follow))
    lowest = 0
    while len(found) < len(follow):
        if ready:
            vertex = heappop(ready)
        else:
            while done[lowest]:
                lowest += 1
            vertex = lowest
        if done[vertex]:
            continue
        done[vertex] = 1
        found.append(vertex)
        for other in follow[vertex]:
            waits[other] -= 1
            if not waits[other]:
                heappush(ready, other)
    return found


def implied(follow: Sequence[Sequence[int]]) -> set[tuple[int, int]]:
    """The edges that others say, too: there is a longer way from the one to the other."""
    turn = in_turn(follow)
    place = {vertex: at for at, vertex in enumerate(turn)}
    reach = [0] * len(follow)  # a set of vertices as the bits of a number
    found: set[tuple[int, int]] = set()
    for vertex in reversed(turn):
        ahead = sorted({other for other in follow[vertex] if place[other] > place[vertex]}, key=place.__getitem__)
        seen = 0
        for other in ahead:
            if seen >> other & 1:
                found.add((vertex, other))
            seen |= reach[other] | 1 << other
        reach[vertex] = seen
    return found
