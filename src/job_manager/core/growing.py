"""Whether what a command has printed can be put below it: how much that is, how deep, and what it waits for. Pure.

Knows no job language; what goes round inside of it has been looked at by whoever read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from job_manager.core.events import Document
from job_manager.core.following import after
from job_manager.core.shape import Shape
from job_manager.core.state import JobState
from job_manager.model.fanout import MOST
from job_manager.model.hints import Any
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
    later = after(shape, node)[1] if paths else set()
    for path in paths:
        other = shape.find(path)
        if other is None:
            return f"it waits for {quoted(path)}, which there is not in the job"
        if other in later:
            return f"it waits for {quoted(path)}, which waits for it: neither can ever begin"
    return ""
