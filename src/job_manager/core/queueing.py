"""The queues of what is ready and of what waits to be tried again. Part of evolve, and called by it alone.

Knows what an action takes, and nothing of the tree.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from job_manager.core.state import FIRST, JobState
from job_manager.model.hints import Any
from job_manager.model.need import PLAIN, Need


def make_ready(job: JobState, action: int) -> None:
    """It may be leased: in the queue of those of its priority that take the same resources."""
    takes = job.takes(action)
    if takes != PLAIN:
        job.needs[action] = takes
        job.scarce = job.scarce or bool(takes.amounts)
    queue = job.queue(action, takes)
    order = job.order
    place = action if order.level else order.place(action)
    heappush(job.ready if queue == FIRST else job.queues.setdefault(queue, []), place)


def out_of_ready(job: JobState, action: int) -> Need:
    """It is ready no more. What it takes."""
    takes = job.needs.pop(action, PLAIN)
    queue = job.queue(action, takes)
    take_out(job.ready if queue == FIRST else job.queues[queue], job.order.place(action))
    if queue != FIRST and not job.queues[queue]:
        del job.queues[queue]
    return takes


def out_of_waiting(job: JobState, action: int) -> None:
    """It waits neither for a verdict nor for its time any more."""
    if action in job.undecided:
        job.undecided.remove(action)
    else:  # those that are due come in order, so the planned one is nearly always on top
        take_out(job.timers, next(timer for timer in job.timers if timer[1] == action))


def take_out(heap: list[Any], member: Any) -> None:
    """Take a member out of a heap; decide works from the top, so that is where it nearly always is."""
    if heap[0] == member:
        heappop(heap)
    else:
        heap.remove(member)
        heapify(heap)
