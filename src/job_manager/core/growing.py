"""Whether what a command has printed can be put below it: how much that is, how deep, and what it waits for. Pure.

Knows no job language; what goes round inside of it has been looked at by whoever read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from job_manager.core.events import Document
from job_manager.core.shape import Shape
from job_manager.core.state import JobState
from job_manager.model.fanout import MOST
from job_manager.model.wording import quoted

DEEPEST = 20
"""What was grown may grow; so many times over."""


def refusal(job: JobState, action: int, children: Sequence[Document]) -> str:
    """Why these documents cannot be put below an action, or ""."""
    shape = job.shape
    node = shape.node_of[action]
    if shape.depth(node) >= DEEPEST:
        return f"commands have printed commands that print commands, {DEEPEST} deep; that is the limit"
    path = shape.path(node)
    own: set[str] = set()
    outside: dict[str, None] = {}
    for below, body in _bodies(path, children):
        own.add(below)
        outside.update(dict.fromkeys(body.get("needs", ())))
    if len(own) + len(shape.actions) > MOST:
        return f"it printed {len(own):,} tasks and commands; the limit for a job is {MOST:,}"
    return _waits_in_vain(shape, node, [needed for needed in outside if needed not in own])


def _bodies(path: str, children: Sequence[Document]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The path and the body of every node."""
    stack = [(path, iter(children))]
    while stack:
        above, members = stack[-1]
        document = next(members, None)
        if document is None:
            stack.pop()
            continue
        (body,) = document.values()
        yield (below := f"{above}/{body['name']}"), body
        if "children" in body:
            stack.append((below, iter(body["children"])))


def _waits_in_vain(shape: Shape, node: int, paths: Sequence[str]) -> str:
    later = _after(shape, node) if paths else set()
    for path in paths:
        other = shape.find(path)
        if other is None:
            return f"it waits for {quoted(path)}, which there is not in the job"
        if other in later:
            return f"it waits for {quoted(path)}, which waits for it: neither can ever begin"
    return ""


def _after(shape: Shape, node: int) -> set[int]:
    """The nodes that are not over before the given one is."""
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
        after = list(shape.feeds.get(end, ()))
        if parent >= 0:
            _mark([parent], over, ends)
            if not shape.parallel[parent] and shape.following[end] >= 0:
                after.append(shape.following[end])
        _mark(after, begun, starts)
    return over


def _mark(nodes: Sequence[int], seen: set[int], todo: list[int]) -> None:
    for node in nodes:
        if node not in seen:
            seen.add(node)
            todo.append(node)
