"""What is in the way of an action that is not over: of the whole job, of its place in the tree, of a slot. Pure.

Asks settle, the leasing and the timers of the state; decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from job_manager.core import events as e
from job_manager.core import policy, standing, table
from job_manager.core.answers import Obstacle, View, Way
from job_manager.core.decide import awaited
from job_manager.core.holdups import Holdup, holdup_of, nearest, open_below, spans_of
from job_manager.core.leasing import CAP, LACKS, SLOTS
from job_manager.core.past import Past
from job_manager.core.phrases import reason_in_words
from job_manager.core.state import JobState
from job_manager.core.verdicts import job_ended
from job_manager.model.need import MEMORY
from job_manager.model.quantity import human
from job_manager.model.wording import counted, named

NAMED = 5  # tasks and actions that are named one by one


def standstill(past: Past, view: View) -> Obstacle | None:
    """What keeps everything of the job from going on, or None."""
    job = past.job
    if job.ending:
        cause, words = job_ended(past, view)
        return Obstacle(cause, f"is ended: {words}", (), (f"{counted(len(job.leases), 'attempt')} of it still to end",))
    if job.held:
        return _held(past, view)
    if not view.hosted:
        return _nobody(job)
    if not job.due:
        return _not_due(past, view)
    return None if job.workers else Obstacle("no-worker", f"has no worker: {_last_worker(past, view)}")


def _nobody(job: JobState) -> Obstacle:
    resume = Way(("resume", job.id), "goes on with the job here")
    if job.taken_up:
        return Obstacle("no-supervisor", "is run by nobody: whatever ran it is there no more", ways=(resume, EVERY))
    return Obstacle("no-supervisor", "is submitted, and no supervisor is there to run it", ways=(EVERY, resume))


def _not_due(past: Past, view: View) -> Obstacle:
    job = past.job
    others = awaited(past.state, job)
    if others:
        told = [_other(past, id) for id in others[:NAMED]]
        text = f"comes after {named(told, NAMED, len(others))}"
        return Obstacle("after-jobs", text, tuple(others), ways=(Way(("why", others[0]), "asks the same of that job"),))
    due = job.site.not_before
    text = f"is not to start before {view.spelt(due)}, in {human(max(0.0, due - view.now))}"
    return Obstacle("not-before", text, ways=(Way(("resume", job.id), "starts it now"),))


def _other(past: Past, id: str) -> str:
    """Of a job that has to succeed before this one starts."""
    other = past.state.jobs.get(id)
    if other is None:
        return f"job {id}, which is not there"
    ended = f"has {other.finished}, and does not count before it has succeeded" if other.finished else "is not over"
    return f"job {id} ({other.job.name}), which {ended.replace('has cancelled', 'was cancelled')}"


EVERY = Way(("up",), "runs all jobs that are open")


def _last_worker(past: Past, view: View) -> str:
    left = past.last(e.WorkerLeft)
    if left is None or not isinstance(left[1], e.WorkerLeft):
        return "none has come yet"
    return f"{left[1].worker} is there no more since {view.spelt(left[0])}"


def _held(past: Past, view: View) -> Obstacle:
    job = past.job
    timed = past.last(e.JobHeld)
    at = view.spelt(timed[0]) if timed else "some time"
    ways = (Way(("resume", job.id), "goes on with the job here"),)
    if job.held == "paused":
        written = job.job.paused and timed is not None and timed[0] == job.submitted_at
        text = f"is paused since {at}{': its text says `paused`' if written else ''}"
        return Obstacle("paused", text, ways=(Way(("unpause", job.id), "lets it go on"), *ways))
    if job.held == "down":
        return Obstacle("down", f"is held since its supervisor was shut down at {at}", ways=(EVERY, *ways))
    return Obstacle("interrupted", f"was interrupted at {at}", ways=(*ways, EVERY))


# --- in the tree -----------------------------------------------------------------------------------------------------


def obstacle(past: Past, action: int, view: View) -> Obstacle:
    """What is in the way of one action that waits, is ready, or is to be tried again."""
    state = past.job.states[action]
    if state == table.RETRYING:
        return _retry(past, action, view)
    if state == table.READY:
        return _ready(past, action)
    held = holdup_of(past.job, action)
    return (
        Obstacle("next", "is looked at in a moment: nothing is in its way")
        if held is None
        else waiting(past, held, view)
    )


def waiting(past: Past, held: Holdup, view: View) -> Obstacle:
    """What a part of the tree waits for, in words."""
    job = past.job
    names = named([_standing(job, node, view) for node in held.nodes[:NAMED]], NAMED, len(held.nodes))
    about = tuple(job.shape.path(node) for node in held.nodes[: 4 * NAMED])
    task = job.shape.path(job.shape.parent[held.node]) or "the job"
    text = {
        "needs": f"waits for {names}",
        "hook": f"runs when all else in {task} is over; open is {names}",
        "turn": f"waits for its turn in {task}: before it comes {names}",
    }[held.kind]
    return Obstacle(held.kind, text, about, tuple(_chain(past, held, view)), _look_at(job, held))


def _standing(job: JobState, node: int, view: View) -> str:
    """`film, which is running`, `render, of which 2 of 10 are open: render/a is running`."""
    path, action = job.shape.path(node), job.shape.leaf[node]
    if action >= 0 and job.states[action] not in (table.FANNED, table.SUCCEEDED):
        return f"{path}, which {_does(job, action, view)}"
    left = sum(open_below(job, node).values())
    first = nearest(job, (node,))
    of = "" if left == 1 else f", of which {left} of {_size(job, node)} are open"
    return f"{path}{of}: {job.shape.paths[first]} {_does(job, first, view)}" if first >= 0 else path


def _size(job: JobState, node: int) -> int:
    """How many actions there are below a node; a fan-out counts as those it stands for."""
    return sum(high - low - job.states.count(table.FANNED, low, high) for low, high in spans_of(job, node))


def _does(job: JobState, action: int, view: View) -> str:
    state = job.states[action]
    if state == table.RUNNING:
        return f"is running since {view.spelt(job.began[action])}" if view.hosted else "was running"
    return {
        table.WAITING: "waits",
        table.READY: "is ready",
        table.LEASED: "begins in a moment",
        table.RETRYING: "is tried again",
    }.get(state, f"is {table.NAMES[state]}")


def _chain(past: Past, held: Holdup, view: View) -> Iterator[str]:
    """At what it ends when one goes on asking: who keeps the one that keeps it."""
    job = past.job
    at, hops = nearest(job, held.nodes), 1
    seen = {at}
    while at >= 0 and job.states[at] == table.WAITING:
        further = holdup_of(job, at)
        after = -1 if further is None else nearest(job, further.nodes)
        if after < 0 or after in seen:
            break
        seen.add(after)
        at, hops = after, hops + 1
    if at >= 0 and hops > 1:
        head = f"{job.shape.paths[at]}, which {_does(job, at, view)}"
        yield f"that one waits, too: at the end of {hops} that wait for each other stands {head}"
    if at >= 0 and job.states[at] in (table.READY, table.RETRYING) and view.hosted:
        yield f"{job.shape.paths[at]} {obstacle(past, at, view).words}"


def _look_at(job: JobState, held: Holdup) -> tuple[Way, ...]:
    at = nearest(job, held.nodes)
    if at < 0:
        return ()
    path = f"{job.id}/{job.shape.paths[at]}"
    if job.states[at] == table.RUNNING:
        return (Way(("logs", path, "-f"), "shows what it does"),)
    return (Way(("why", path), "asks the same of that one"),)


# --- a time, a slot --------------------------------------------------------------------------------------------------


def _retry(past: Past, action: int, view: View) -> Obstacle:
    job = past.job
    failure = job.failures[action]
    due = next((at for at, index in job.timers if index == action), None)
    when = "in a moment" if due is None else f"at {view.spelt(due)}, in {human(max(0.0, due - view.now))}"
    made, most = job.spent.get(action, 0), 1 + policy.retries(job, job.shape.written(action))
    count = f" ({counted(made, 'attempt')} of {most} made)" if failure.reason != "lost" else ""
    text = f"is tried again {when}: attempt {failure.attempt} ended with {reason_in_words(failure)}{count}"
    return Obstacle(
        "retry", text, ways=(Way(("logs", f"{job.id}/{job.shape.paths[action]}"), "shows what it printed"),)
    )


def _ready(past: Past, action: int) -> Obstacle:
    found = next((each for each in standing.stands(past.state, past.job) if each.action == action), None)
    return queued(past, found or standing.Stand(action, standing.NEXT))


def queued(past: Past, stand: standing.Stand) -> Obstacle:
    """What keeps a ready action from being leased, in words."""
    return QUEUED[stand.kind](past, stand)


def _next(past: Past, stand: standing.Stand) -> Obstacle:
    return Obstacle("next", "begins in a moment: nothing is in its way")


def _lacks(past: Past, stand: standing.Stand) -> Obstacle:
    job = past.job
    cause = "memory" if stand.names[0] == MEMORY else "limit"
    holders = standing.holding(past.state, job, stand.names[0])
    evidence = tuple(f"{name} is held by {_holders(past, name)}" for name in stand.names)
    text = f"waits for {standing.in_words(past.state, job, stand)}"
    return Obstacle(cause, text, (*stand.names, *holders[:NAMED]), evidence, SEE_TOTALS)


def _holders(past: Past, name: str) -> str:
    return named(standing.holding(past.state, past.job, name), NAMED) or "nobody: there is less than it takes"


SEE_TOTALS = (Way(("config",), "shows how much there is, and where that is said"),)


def _worker(past: Past, stand: standing.Stand) -> Obstacle:
    text = f"waits, as nothing is begun for want of {stand.names[0]}"
    evidence = ("what runs goes on, nothing is lost, and the rest begins when there is room again",)
    return Obstacle("disk", text, (), evidence)


def _kept(past: Past, stand: standing.Stand) -> Obstacle:
    text = f"waits for {standing.in_words(past.state, past.job, stand)}"
    about = (past.job.shape.paths[stand.first],) if stand.first >= 0 else ()
    return Obstacle("kept", text, (*stand.names, *about), ways=SEE_TOTALS)


def _room(past: Past, stand: standing.Stand) -> Obstacle:
    job = past.job
    running = [job.shape.paths[action] for action in job.leases]
    evidence = [f"{standing.at_most(job)}", f"at work: {named(running, NAMED)}"]
    if job.job.max_active is not None and len(job.leases) >= job.job.max_active:
        text = f"waits, as no more than {job.job.max_active} actions of the job run at once (`max_active`)"
        return Obstacle("max-active", text, tuple(running[: 4 * NAMED]), tuple(evidence))
    takes = job.takes(stand.action).cpus
    cap = counted(job.site.cap, "CPU")
    text = f"waits, as the job may have {cap} at once (`-j`): {job.slots} in use, and it takes {takes}"
    return Obstacle("cap", text, tuple(running[: 4 * NAMED]), tuple(evidence))


def _slots(past: Past, stand: standing.Stand) -> Obstacle:
    job, state = past.job, past.state
    at_work = standing.holding(state, job)
    evidence = [f"at work: {named(at_work, NAMED)}"] if at_work else []
    if stand.before:
        first = job.shape.paths[stand.first]
        evidence.append(f"{stand.before} of this job before it, first {first}{_why_first(job, stand)}")
        others, own = job.shape.priority(stand.first), job.shape.priority(stand.action)
        if others > own:
            text = f"waits for a free slot; {first} comes first: its priority is {others:g}, not {own:g}"
            return Obstacle("priority", text, (first,), tuple(evidence))
    text = f"waits for a free slot: {standing.slots(state, job, job.takes(stand.action)).removeprefix('cpus: ')}"
    return Obstacle("slots", text, tuple(at_work[: 4 * NAMED]), tuple(evidence))


def _why_first(job: JobState, stand: standing.Stand) -> str:
    """What puts another action of the job first, if it is not the order of the job's text."""
    order = job.order
    if order.place(stand.first) == stand.first or job.shape.priority(stand.first) != job.shape.priority(stand.action):
        return ""
    others, own = order.chain(stand.first), order.chain(stand.action)
    return f": it begins a row of {others} that come one after another, this one of {own}" if others > own else ""


def _earlier(past: Past, stand: standing.Stand) -> Obstacle:
    job, first = past.job, standing.before(past.state, past.job)
    if first is None:
        return _slots(past, stand)
    cause, why = _before(job, first)
    text = f"waits for a free slot; job {first.id} ({first.job.name}) waits for one, too, and {why}"
    evidence = f"at work: {named(standing.holding(past.state, job), NAMED)}"
    return Obstacle(cause, text, (first.id,), (evidence,))


def _before(job: JobState, other: JobState) -> tuple[str, str]:
    if other.priority > job.priority:
        return "priority", f"its priority is {other.priority:g}, not {job.priority:g}"
    if other.slots < job.slots:
        return "fair-share", f"has only {counted(other.slots, 'slot')}, while this one has {job.slots}"
    return "fair-share", "has begun nothing for longer" if other.latest < job.latest else "came first"


QUEUED: dict[str, Callable[[Past, standing.Stand], Obstacle]] = {
    standing.NEXT: _next,
    SLOTS: _slots,
    LACKS: _lacks,
    standing.KEPT: _kept,
    standing.ROOM: _room,
    standing.WORKER: _worker,
    CAP: _room,
    standing.EARLIER: _earlier,
}
