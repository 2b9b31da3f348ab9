"""Following the tree of a job: what may start when something is over, what never can, and what is left out.

Part of evolve, and called by it alone; writes the indices of the state. Trees of any depth are walked without
recursion.
"""

from __future__ import annotations

from collections.abc import Iterable

from job_manager.core import table
from job_manager.core.queueing import make_ready
from job_manager.core.state import JobState, Skip
from job_manager.model.condition import holds
from job_manager.model.job import ALWAYS, ON_ERROR, ON_SUCCESS

BEGUN = (table.LEASED, table.RUNNING, table.RETRYING, table.SUCCEEDED)
KEPT = table.FINAL - {table.FANNED}  # what is over stays so when the tree is settled anew


def settle_all(job: JobState) -> None:
    """Follow the whole tree from its beginning, over everything that is over already."""
    free = [node for node in job.shape.needs if not job.unmet[node] or _succeeded_below(job, node)]
    settle(job, [0, *(~node for node in free)])


def settle_anew(job: JobState) -> None:
    """The same, but what is over counts as such only when its turn comes: before it, something may run again."""
    settle(job, [0, *(~node for node, unmet in job.unmet.items() if not unmet)])


def _succeeded_below(job: JobState, node: int) -> bool:
    spans = job.shape.spans(job.shape.low[node], job.shape.high[node])
    return all(state in (table.SUCCEEDED, table.FANNED) for span in spans for state in job.states[slice(*span)])


def settle(job: JobState, enabled: Iterable[int] = (), finished: Iterable[tuple[int, bool]] = ()) -> None:
    """Follow the tree from nodes that may start and nodes that are over (and whether well) as far as it goes.

    A node that starts because its needs are met, and not because its turn has come, is given as `~node`. Nothing starts
    in a job that is ended.
    """
    if job.ending:
        return
    starts, ends = list(enabled), list(finished)
    while starts or ends:
        if ends:
            _finish(job, *ends.pop(), starts, ends)
        else:
            _enable(job, starts.pop(), starts, ends)


def _enable(job: JobState, node: int, starts: list[int], ends: list[tuple[int, bool]]) -> None:
    shape = job.shape
    if node >= 0 and node in shape.needs:
        return  # its needs start it
    node = node if node >= 0 else ~node
    action = shape.leaf[node]
    if _unwanted(job, node):
        job.unwanted[node] = None
    elif node in shape.fans:
        starts.extend(shape.children(node))
        if not shape.width[node] and not job.ends[node]:
            ends.append((node, True))
    elif action >= 0:
        _enable_action(job, node, action, starts, ends)
    elif shape.low[node] == shape.high[node]:
        if node == 0:
            ends.append((node, True))
    elif shape.parallel[node]:
        starts.extend(shape.children(node))
    else:
        _take_turn(job, node, shape.first[node], starts)


def _enable_action(job: JobState, node: int, action: int, starts: list[int], ends: list[tuple[int, bool]]) -> None:
    if job.states[action] == table.WAITING:
        job.move(action, table.Unblocked)
        if job.shape.fans_out(action):
            job.unfanned.append(action)
        else:
            make_ready(job, action)
    elif action in job.early:
        job.come.append(action)
    elif job.states[action] == table.SUCCEEDED:
        starts.extend(job.shape.children(node))  # what it has grown
        ends += kept_end(job, action)
    elif job.states[action] in KEPT:  # nobody has said that it is to run again
        ends += kept_end(job, action)


def _unwanted(job: JobState, node: int) -> bool:
    """Whether a node whose turn has come is to be left out, and is not over already."""
    why = against(job, node)
    if not why or not _waits_below(job, node):
        return False
    return why != "input" or job.states[job.shape.leaf[node]] in (table.WAITING, table.FANNED)


def against(job: JobState, node: int) -> str:
    """What speaks against a node whose turn has come: a `hook` that is not called for, its `condition`, an `input` that
    is not there because it was left out; or ""."""
    shape = job.shape
    if node in shape.hooks and not _is_due(job, node):
        return "hook"
    condition = shape.conditions.get(node)
    if condition is not None:
        asked = shape.minding.get(node, {})
        if not holds(condition, lambda name: ended(job, asked[name])):
            return "condition"
    action = shape.leaf[node]
    return "input" if job.omitted and action >= 0 and any(omitted_inputs(job, action)) else ""


def _is_due(job: JobState, hook: int) -> bool:
    """Whether a hook is to run, now that all else in its node is over: never for a node that did not begin."""
    body = list(job.shape.body(job.shape.parent[hook]))
    if not any(_has_begun(job, node) for node in body):
        return False
    failed = any(job.ends[node] == 2 for node in body)
    return job.shape.hooks[hook] in (ALWAYS, ON_ERROR if failed else ON_SUCCESS)


def _has_begun(job: JobState, node: int) -> bool:
    """Whether something below a node that is over ever ran: it was not skipped, nor cancelled before its turn."""
    if ended(job, node) == "skipped":
        return False
    below = (action for span in _spans(job, node) for action in range(*span))
    ran = (action for action in below if job.states[action] not in (table.SKIPPED, table.FANNED))
    return any(job.began[action] or job.states[action] != table.CANCELLED for action in ran)


def hooks_to_repeat(job: JobState) -> list[int]:
    """Hooks that have run, or begun to, after something that is to run again; those that have run after another hook of
    theirs stay as they are."""
    shape = job.shape
    begun = (node for node in shape.hooks if job.states[shape.leaf[node]] in BEGUN)
    hooks = [shape.leaf[node] for node in begun if any(job.ends[other] != 1 for other in _before(job, node))]
    return [*hooks, *_asked_too_soon(job)]


def _asked_too_soon(job: JobState) -> Iterable[int]:
    """What began because of how something ended that is to run again, and is not over itself."""
    shape = job.shape
    for node in shape.minding.keys() - shape.hooks.keys():
        if any(job.ends[other] != 1 for other in shape.needs[node]):
            below = (action for span in _spans(job, node) for action in range(*span))
            yield from (action for action in below if job.states[action] in BEGUN[:-1])


def _before(job: JobState, hook: int) -> Iterable[int]:
    """What a hook comes after, if that is to come before it once more."""
    shape = job.shape
    yield from shape.body(shape.parent[hook])
    if job.states[shape.leaf[hook]] != table.SUCCEEDED:
        yield from (node for node in shape.children(shape.parent[hook]) if node in shape.hooks and node < hook)


def _waits_below(job: JobState, node: int) -> bool:
    spans = job.shape.spans(job.shape.low[node], job.shape.high[node])
    return any(job.states.find(table.WAITING, *span) >= 0 for span in spans)


def omitted_inputs(job: JobState, action: int) -> Iterable[str]:
    """The artifacts that an action reads and cannot do without, of which all was left out."""
    written = job.shape.actions[action]
    wanted = [use.artifact for use in written.inputs if not use.optional]
    wanted += [each.artifact for each in written.foreach if each.artifact]
    return (artifact for artifact in wanted if _is_omitted(job, artifact))


def _is_omitted(job: JobState, artifact: str) -> bool:
    writer = job.shape.writer(artifact)
    if writer is None:
        return False
    fan = job.shape.fan(writer[0])
    if fan is None:
        return writer[0] in job.omitted
    return fan.low < fan.high and all(action in job.omitted for action in range(fan.low, fan.high))


def ended(job: JobState, node: int) -> str:
    """How a node that is over has ended: succeeded, failed or skipped.

    Where some succeeded and nothing failed, it succeeded if all others were left out by their conditions: then all is
    well. What was skipped for a failure somewhere else is missing, and the node has not done what it was to do.
    """
    states = {state for span in _spans(job, node) for state in job.states[slice(*span)]}
    if states & {table.FAILED, table.LOST, table.CANCELLED}:
        return "failed"
    if table.SKIPPED not in states:
        return "succeeded"
    return "succeeded" if table.SUCCEEDED in states and not _lacks(job, node) else "skipped"


def _lacks(job: JobState, node: int) -> bool:
    """Whether something below was skipped for a failure, and not left out."""
    below = (action for span in _spans(job, node) for action in range(*span))
    return any(job.states[action] == table.SKIPPED and action not in job.omitted for action in below)


def _spans(job: JobState, node: int) -> Iterable[tuple[int, int]]:
    return job.shape.spans(job.shape.low[node], job.shape.high[node])


def _take_turn(job: JobState, parent: int, child: int, starts: list[int]) -> None:
    """In a serial node: the next of its children that is not over, unless it is bound to be skipped."""
    while child >= 0 and over(job, child):
        child = job.shape.following[child]
    job.turn[parent] = child
    if child >= 0 and not any(skip.first <= job.shape.low[child] < skip.end for skip in job.doomed):
        starts.append(child)


def over(job: JobState, node: int) -> bool:
    """Whether nothing below a node, nor the node itself, is open any more."""
    if job.shape.leaf[node] >= 0:
        return bool(job.ends[node]) and not job.remaining[node]
    return not job.remaining[node]


def _finish(job: JobState, node: int, well: bool, starts: list[int], ends: list[tuple[int, bool]]) -> None:
    shape = job.shape
    if shape.leaf[node] >= 0 and job.ends[node] and node not in shape.fans and not shape.width[node]:
        return  # counted already
    job.ends[node] = 1 if well else 2
    _feed(job, node, well, starts, ends)
    parent = shape.parent[node]
    if parent < 0:
        job.over = True
        return
    job.remaining[parent] -= 1
    if not well:
        job.ends[parent] = 2
    if not job.remaining[parent]:
        ends.append((parent, job.ends[parent] != 2))
    elif not shape.parallel[parent]:
        if not well:
            _doom(job, Skip(shape.high[node], shape.high[parent], _culprit(job, node), parent), ends)
        elif job.turn[parent] == node:
            _take_turn(job, parent, node, starts)


def _feed(job: JobState, node: int, well: bool, starts: list[int], ends: list[tuple[int, bool]]) -> None:
    """What needs this node comes nearer to its start, or can never start."""
    for fed in job.shape.feeds.get(node, ()):
        _feed_one(job, node, well, fed, starts, ends)


def _feed_one(job: JobState, node: int, well: bool, fed: int, starts: list[int], ends: list[tuple[int, bool]]) -> None:
    if not well and fed not in job.shape.minding:
        _doom(job, Skip(job.shape.low[fed], job.shape.high[fed], _culprit(job, node), fed), ends)
        return
    job.unmet[fed] -= 1
    if not job.unmet[fed]:
        starts.append(~fed)


def settle_graft(job: JobState, node: int, new: int) -> None:
    """Follow the tree from what has just been grown below `node`, its nodes being those from `new` on. What it waits
    for may be over long since."""
    shape = job.shape
    starts, ends = list(shape.children(node)), list[tuple[int, bool]]()
    for fed in range(new, len(shape.parent)):
        if fed in shape.needs and not shape.needs[fed]:
            starts.append(~fed)
        for other in shape.needs.get(fed, ()):
            if other < new and over(job, other):
                _feed_one(job, other, job.ends[other] == 1, fed, starts, ends)
    if not shape.width[node]:
        ends.append((node, True))
    settle(job, starts, ends)


def _doom(job: JobState, skip: Skip, ends: list[tuple[int, bool]]) -> None:
    """What waits in this range can never start any more; where nothing does, what was kept there is over."""
    if not any(True for _ in bound_to_wait(job, skip)):
        ends += [*empty_fans(job, skip.first, skip.end), *kept_in(job, skip)]
    elif skip not in job.doomed:
        job.doomed.append(skip)


def kept_in(job: JobState, skip: Skip) -> list[tuple[int, bool]]:
    """What was kept over an edit of the job, or when a person had others run again, in a range whose turn never
    comes; a hook's comes when all else is over, however that ended."""
    shape = job.shape
    whole = (action for span in shape.spans(skip.first, skip.end) for action in range(*span))
    over = (action for action in whole if job.states[action] in KEPT and shape.node_of[action] not in shape.hooks)
    return [end for action in over for end in kept_end(job, action)]


def kept_end(job: JobState, action: int) -> list[tuple[int, bool]]:
    """The end of the node of an action that is over; none where it has grown, for that node is over when all that is
    below it is, and none where that end has been counted."""
    node = job.shape.node_of[action]
    if job.shape.width[node] or job.ends[node]:
        return []
    return [(node, job.states[action] == table.SUCCEEDED or action in job.omitted)]


def bound_to_wait(job: JobState, skip: Skip) -> Iterable[int]:
    """The actions of a range that wait, less those that start however others end, and those of what has started already
    without waiting for its turn. What was leased before its turn waits, too, when it is bound to come back."""
    shape = job.shape
    # A single action that has started does not wait any more.
    begun = (node for node in shape.needs if not job.unmet[node] and (shape.leaf[node] < 0 or shape.width[node]))
    inside = (*shape.minding, *begun)
    # What is doomed inside such a node is not spared; the whole node may be all that is left of the range.
    apart = (node for node in inside if not _holds(job, node, skip.task))
    spared = [span for node in apart for span in _spans(job, node)]
    for low, high in shape.spans(skip.first, skip.end):
        yield from (action for action in job.astray if low <= action < high)
        at = job.states.find(table.WAITING, low, high)
        while at >= 0:
            if not any(first <= at < end for first, end in spared):
                yield at
            at = job.states.find(table.WAITING, at + 1, high)


def _holds(job: JobState, node: int, task: int) -> bool:
    """Whether the task is the node or below it, it may be in what has grown there."""
    first, end = job.shape.low[task], job.shape.high[task]
    return any(low <= first <= end <= high for low, high in _spans(job, node))


def _culprit(job: JobState, node: int) -> int:
    """The first action below `node` that did not succeed on its own account."""
    for state in (table.FAILED, table.LOST, table.CANCELLED):
        for span in _spans(job, node):
            at = job.states.find(state, *span)
            if at >= 0:
                return at
    return job.shape.low[node]


def empty_fans(job: JobState, first: int, end: int) -> list[tuple[int, bool]]:
    """Fan-outs without a single item in a range whose turn never comes."""
    shape = job.shape
    nodes = (node for node, fan in shape.fans.items() if first <= fan.action < end and fan.low == fan.high)
    return [(node, True) for node in nodes if not job.ends[node]]
