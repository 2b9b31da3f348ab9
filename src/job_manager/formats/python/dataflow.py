"""Who reads what another action writes waits for it, also where the two would run at once: `needs` made of artifacts.

In a serial task the turn is enough, and nothing is added. Knows no language.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.formats.needs import Order
from job_manager.model.expand import rebuilt
from job_manager.model.job import Action, Job, Task, actions
from job_manager.model.record import replace


def with_needs(job: Job) -> Job:
    """The job in which every action waits for the writers of what it reads. `needs` are still names or paths."""
    if not _any_at_once(job):
        return job
    writers: dict[str, int] = {}
    for index, (_, action) in enumerate(actions(job)):
        for output in action.outputs:
            writers.setdefault(output.artifact, index)
    order = Order(job)
    added: dict[int, tuple[str, ...]] = {}
    for index, (_, action) in enumerate(actions(job)):
        late = [writer for writer in _writers(action, writers) if writer != index and not order.precedes(writer, index)]
        if late and not action.hook:
            added[index] = _needs(order, index, action, late)
    if not added:
        return job
    numbers = iter(range(len(order.leaves)))

    def change(action: Action) -> Action:
        needs = added.get(next(numbers))
        return action if needs is None else replace(action, needs=needs)

    return rebuilt(job, change)


def _any_at_once(job: Job) -> bool:
    stack: list[Job | Task] = [job]
    while stack:
        node = stack.pop()
        if node.parallel:
            return True
        stack.extend(child for child in node.children if isinstance(child, Task))
    return False


def _writers(action: Action, writers: dict[str, int]) -> Iterator[int]:
    names = [use.artifact for use in action.inputs] + [each.artifact for each in action.foreach if each.artifact]
    yield from dict.fromkeys(writers[name] for name in names if name in writers)


def _needs(order: Order, index: int, action: Action, late: list[int]) -> tuple[str, ...]:
    """What it needs: what was said, else its turn in the tree; and the writers."""
    tree = order.tree
    node = order.leaves[index]
    said = list(action.needs) if action.needs is not None else [tree.paths[other] for other in order.directly(node)]
    return tuple(dict.fromkeys([*said, *(tree.paths[order.leaves[writer]] for writer in late)]))
