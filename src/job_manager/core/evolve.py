"""evolve(state, event): the only code that changes state. Live, restart, views, fakes and tests all fold with it.

Decides nothing: it follows the table and keeps the indices. Trees of any depth are walked without recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heappush

from job_manager.core import events as e
from job_manager.core import table
from job_manager.core.chaining import strays
from job_manager.core.ending import action_cancelled, attempt_over, cancel_new, conclude, job_ended
from job_manager.core.queueing import make_ready, out_of_ready, out_of_waiting
from job_manager.core.reopening import action_excused, job_retried
from job_manager.core.settle import (
    KEPT,
    bound_to_wait,
    empty_fans,
    hooks_to_repeat,
    kept_end,
    kept_in,
    settle,
    settle_all,
    settle_graft,
)
from job_manager.core.state import Failure, JobState, Lease, Skip, State, WorkerState
from job_manager.model.document import job_of, read_children
from job_manager.model.errors import InvariantBroken
from job_manager.model.hints import Any
from job_manager.model.members import Members
from job_manager.model.need import PLAIN
from job_manager.model.site_document import read_site


def evolve(state: State, event: e.Event) -> None:
    """Fold one event into the state. Raises InvariantBroken when the event cannot happen in this state."""
    job = state.jobs.get(event.job)
    if (job is not None) is isinstance(event, e.JobSubmitted):
        raise InvariantBroken(f"{type(event).__name__} cannot happen to job {event.job}: {_known(state, event.job)}")
    state.touched.add(event.job)
    FOLDS[type(event)](state, event)
    if job is None:
        return
    if job.shadow is not None and type(event) not in FORESEEN:
        job.shadow = None
    if job.come:
        _turns_come(state, job)
    if job.ending:
        conclude(job)


FORESEEN = frozenset({e.ActionLeased, e.ActionChained, e.ActionStarted, e.ActionSucceeded})


def _known(state: State, job: str) -> str:
    return "it has been submitted already" if job in state.jobs else "there is no such job"


def fold(state: State, events: Iterable[e.Event]) -> State:
    """The state after all the events."""
    for event in events:
        evolve(state, event)
    return state


# --- jobs and workers -----------------------------------------------------------------------------------------------


def _job_submitted(state: State, event: e.JobSubmitted) -> None:
    job = JobState(event.job, job_of(event.document), read_site(event.site), event.at)
    state.jobs[event.job] = job
    job.hear(event.request)
    settle_all(job)


def _job_held(state: State, event: e.JobHeld) -> None:
    job = state.jobs[event.job]
    if job.finished:
        raise InvariantBroken(f"job {job.id}: JobHeld cannot happen, it has {job.finished}")
    job.held, job.grace = event.why, event.grace
    job.hear(event.request)
    if event.grace is not None:
        job.stop(job.leases, event.grace)
        state.changed.extend((event.job, action) for action in job.leases)


def _job_released(state: State, event: e.JobReleased) -> None:
    job = state.jobs[event.job]
    if not job.held or job.finished:
        raise InvariantBroken(f"job {job.id}: JobReleased cannot happen, it is {job.state}")
    job.held = ""
    job.hear(event.request)
    job.wait_from(event.at)


def _priority_changed(state: State, event: e.PriorityChanged) -> None:
    job = state.jobs[event.job]
    job.priority = event.priority
    job.hear(event.request)


def _job_resumed(state: State, event: e.JobResumed) -> None:
    job = state.jobs[event.job]
    job.held, job.finished, job.finished_at = "", "", 0.0
    job.ending, job.timed_out = "", None
    job.cancelling.clear()
    job.hear(event.request)
    job.wait_from(event.at)
    job.site = read_site(event.site)
    job.due = not job.site.waits
    if event.document is not None:
        _revise(job, event)
    else:
        _repeat_hooks(job)
        for action in range(len(job.states)):
            if (event.lost or job.states[action] != table.LOST) and action not in job.excused:
                job.move(action, e.JobResumed)
        # A person asked again: the budgets start anew.
        job.spent.clear()
        job.losses.clear()
        job.starved.clear()
        job.reset_tree()
    settle_all(job)


def _repeat_hooks(job: JobState) -> None:
    """What runs again is followed by its hooks again."""
    for action in hooks_to_repeat(job):
        if job.states[action] == table.RETRYING:
            out_of_waiting(job, action)
        job.move(action, table.Repeated)
        job.results.pop(action, None)
        job.notes.pop(action, None)


def _revise(job: JobState, event: e.JobResumed) -> None:
    """Take the edited job; what is kept keeps its result, everything else starts from nothing."""
    if job.leases or any(job.states[was] != table.SUCCEEDED for _, was in event.kept):
        raise InvariantBroken(f"job {job.id}: an edit cannot be taken over open leases, nor keep what did not succeed")
    old = (job.states, job.attempts, job.began, job.ended, job.results, job.notes)
    job.highest = max(job.highest, max(job.attempts, default=0))
    assert event.document is not None
    job.plan(job_of(event.document), job.site, [(action, items) for action, items in event.fans])
    # Attempt numbers go on from the highest: a token names one attempt for ever, whatever the index meant before.
    for action in range(len(job.states)):
        job.attempts[action] = job.highest
    for new, was in event.kept:
        job.states[new], job.attempts[new] = old[0][was], old[1][was]
        job.began[new], job.ended[new] = old[2][was], old[3][was]
        job.counts[table.WAITING] -= 1
        job.counts[old[0][was]] += 1
        job.results[new] = old[4].get(was, ())
        if was in old[5]:
            job.notes[new] = old[5][was]


def _job_finished(state: State, event: e.JobFinished) -> None:
    job = state.jobs[event.job]
    if job.finished or job.leases or not job.over:
        raise InvariantBroken(f"job {job.id}: JobFinished cannot happen, it is {job.state}")
    job.finished, job.finished_at = event.state, event.at


def _job_due(state: State, event: e.JobDue) -> None:
    job = state.jobs[event.job]
    if job.due:
        raise InvariantBroken(f"job {job.id}: JobDue cannot happen, it is due already")
    job.due = True


def _worker_joined(state: State, event: e.WorkerJoined) -> None:
    worker = state.workers.setdefault(event.worker, WorkerState(0, 0))
    if event.at >= worker.at:  # else it is of a job that is read late, and not what it has to give now
        worker.slots, worker.ahead, worker.at = event.slots, event.ahead, event.at
        worker.memory, worker.limits, worker.waits = event.memory, dict(event.limits), event.waits
    state.jobs[event.job].workers.add(event.worker)


def _worker_left(state: State, event: e.WorkerLeft) -> None:
    state.jobs[event.job].workers.discard(event.worker)


# --- actions --------------------------------------------------------------------------------------------------------


def _look_at_lease(job: JobState, event: e.ActionLeased | e.ActionChained) -> None:
    kind, action = type(event), event.action
    if job.held or job.ending:
        raise job.broken(kind, action, f"since the job is {job.held or 'ended'}")
    if event.worker not in job.workers:
        raise job.broken(kind, action, f"since {event.worker} is no worker of the job")
    if event.attempt <= job.attempts[action]:
        raise job.broken(kind, action, f"since attempt {event.attempt} has been made")


def _leased(state: State, event: e.ActionLeased) -> None:
    job = state.jobs[event.job]
    action = event.action
    _look_at_lease(job, event)
    job.move(action, e.ActionLeased)
    state.workers[event.worker].held += _take_resources(state, job, action)
    _lease(state, job, event)


def _lease(state: State, job: JobState, event: e.ActionLeased | e.ActionChained) -> None:
    action = event.action
    job.attempts[action] = event.attempt
    job.began[action] = job.ended[action] = 0.0
    job.leases[action] = Lease(event.worker, event.attempt)
    state.changed.append((event.job, action))
    if job.shadow is not None:
        job.shadow.assume(action)


def _chained(state: State, event: e.ActionChained) -> None:
    job = state.jobs[event.job]
    _look_at_lease(job, event)
    job.move(event.action, e.ActionChained)
    job.early[event.action] = tuple(event.after)
    state.workers[event.worker].early += 1
    _lease(state, job, event)


def _turns_come(state: State, job: JobState) -> None:
    """What was leased before its turn has come to it: a lease like any other from now on."""
    for action in job.come:
        if job.early.pop(action, None) is not None:
            worker = state.workers[job.leases[action].worker]
            worker.early, worker.held = worker.early - 1, worker.held + 1
    job.come, job.astray = [], [action for action in job.astray if action in job.early]


def _take_resources(state: State, job: JobState, action: int) -> int:
    """Out of its queue; from now on it holds what it takes. How many slots that is."""
    takes = out_of_ready(job, action)
    if takes == PLAIN:
        return 1
    job.holds[action] = takes
    for name, amount in takes.amounts:
        state.used[name] = state.used.get(name, 0) + amount
    return takes.cpus


def _give_resources_back(state: State, job: JobState, action: int) -> int:
    """How many slots it took."""
    takes = job.holds.pop(action, PLAIN)
    for name, amount in takes.amounts:
        state.used[name] -= amount
        if not state.used[name]:
            del state.used[name]
    return takes.cpus


Attempted = e.LeaseReturned | e.ActionStarted | e.AttemptStopped | e.AttemptLost | e.AttemptFailed | e.ActionSucceeded


def _move(job: JobState, event: Attempted) -> None:
    """Along the table, for events that speak of the attempt under lease and no other."""
    lease = job.leases.get(event.action)
    if lease is not None and lease.attempt != event.attempt:
        why = f"since attempt {lease.attempt} is under lease, not {event.attempt}"
        raise job.broken(type(event), event.action, why)
    job.move(event.action, type(event))


def _end_lease(state: State, job: JobState, action: int) -> None:
    lease = job.leases.pop(action)
    job.stopping.pop(action, None)
    worker = state.workers[lease.worker]
    if job.early.pop(action, None) is None:
        worker.held -= _give_resources_back(state, job, action)
    else:
        worker.early -= 1


def _given_back(state: State, event: e.LeaseReturned | e.AttemptStopped) -> None:
    job = state.jobs[event.job]
    _move(job, event)
    early = event.action in job.early
    _end_lease(state, job, event.action)
    _mistrust(job)
    if attempt_over(job, event.action, early):
        return
    if early:
        job.move(event.action, table.Revived)
        job.wary = True
    else:
        make_ready(job, event.action)


def _mistrust(job: JobState) -> None:
    """An attempt has come back without success: what was to begin after it cannot any more."""
    job.astray = strays(job) if job.early else []


def _started(state: State, event: e.ActionStarted) -> None:
    job = state.jobs[event.job]
    _move(job, event)
    job.began[event.action] = event.at
    job.began_at(event.at)


def _attempt_failed(state: State, event: e.AttemptFailed) -> None:
    job = state.jobs[event.job]
    _move(job, event)
    job.began[event.action], job.ended[event.action] = event.began, event.ended
    job.took(event.began, event.ended)
    job.failures[event.action] = Failure(event.attempt, event.reason, event.code, event.message)
    count = job.starved if event.reason == "disk" else job.spent
    count[event.action] = count.get(event.action, 0) + 1
    _fruitless(state, job, event.action)


def _attempt_lost(state: State, event: e.AttemptLost) -> None:
    job = state.jobs[event.job]
    _move(job, event)
    job.ended[event.action] = event.at
    job.failures[event.action] = Failure(event.attempt, "lost", None, "")
    job.losses[event.action] = job.losses.get(event.action, 0) + 1
    _fruitless(state, job, event.action)


def _fruitless(state: State, job: JobState, action: int) -> None:
    """What comes of it is for decide to say, unless the action was cancelled."""
    _end_lease(state, job, action)
    _mistrust(job)
    job.undecided.append(action)
    attempt_over(job, action)


def _retry_planned(state: State, event: e.RetryPlanned) -> None:
    job = state.jobs[event.job]
    job.move(event.action, e.RetryPlanned)
    _decided(job, event)
    heappush(job.timers, (event.due, event.action))


def _retried(state: State, event: e.ActionRetried) -> None:
    job = state.jobs[event.job]
    job.move(event.action, e.ActionRetried)
    out_of_waiting(job, event.action)
    make_ready(job, event.action)


def _decided(job: JobState, event: e.RetryPlanned | e.ActionRetried | e.ActionFailed | e.ActionLost) -> None:
    if event.action not in job.undecided:
        raise job.broken(type(event), event.action, "since that is decided already")
    job.undecided.remove(event.action)


def _given_up(state: State, event: e.ActionFailed | e.ActionLost) -> None:
    job = state.jobs[event.job]
    job.move(event.action, type(event))
    _decided(job, event)
    settle(job, finished=[(job.shape.node_of[event.action], False)])


def _succeeded(state: State, event: e.ActionSucceeded) -> None:
    job = state.jobs[event.job]
    action = event.action
    _move(job, event)
    job.began[action], job.ended[action] = event.began, event.ended
    job.took(event.began, event.ended)
    if event.outputs:
        job.results[action] = event.outputs
    if event.note:
        job.notes[action] = event.note
    job.failures.pop(action, None)
    job.cancelling.discard(action)
    _end_lease(state, job, action)
    job.wary = False
    if job.shadow is not None and not job.shadow.foresaw(action):
        job.shadow = None
    if not job.shape.written(action).expand:  # else it is over when all that it has grown is
        settle(job, finished=[(job.shape.node_of[action], True)])


def _skipped(state: State, event: e.ActionsSkipped) -> None:
    job = state.jobs[event.job]
    skip = Skip(event.first, event.end, event.because, event.task)
    if skip not in job.doomed:
        raise InvariantBroken(f"job {job.id}: ActionsSkipped cannot happen, nothing dooms {skip.first} to {skip.end}")
    job.doomed.remove(skip)
    ends = kept_in(job, skip)
    for action in list(bound_to_wait(job, skip)):
        job.move(action, e.ActionsSkipped)
        ends.append((job.shape.node_of[action], False))
    settle(job, finished=[*empty_fans(job, skip.first, skip.end), *ends])


def _omitted(state: State, event: e.ActionsOmitted) -> None:
    job = state.jobs[event.job]
    if event.node not in job.unwanted:
        raise InvariantBroken(f"job {job.id}: ActionsOmitted cannot happen to node {event.node}, which is wanted")
    del job.unwanted[event.node]
    ends = empty_fans(job, event.first, event.end)
    for span in job.shape.spans(event.first, event.end):
        for action in range(*span):
            if job.states[action] == table.WAITING:
                job.move(action, e.ActionsOmitted)
                job.omitted.add(action)
                ends.append((job.shape.node_of[action], True))
            elif job.states[action] in KEPT:
                ends += kept_end(job, action)
    settle(job, finished=ends)


def _fanned_out(state: State, event: e.FannedOut) -> None:
    job = state.jobs[event.job]
    job.move(event.action, e.FannedOut)
    job.unfanned.remove(event.action)
    fan = job.shape.fan_out(event.action, Members(job.shape.actions[event.action], event.items))
    job.grow(fan)
    settle(job, enabled=[~job.shape.node_of[event.action]])


def _fan_out_failed(state: State, event: e.FanOutFailed) -> None:
    job = state.jobs[event.job]
    job.move(event.action, e.FanOutFailed)
    job.unfanned.remove(event.action)
    job.began[event.action] = job.ended[event.action] = event.at
    job.failures[event.action] = Failure(0, "upstream", None, event.message)
    settle(job, finished=[(job.shape.node_of[event.action], False)])


def _grown(state: State, event: e.Grown) -> None:
    job, action = state.jobs[event.job], event.action
    job.move(action, e.Grown)
    node, new = job.shape.node_of[action], len(job.shape.parent)
    if node in job.shape.grown or not job.shape.written(action).expand:
        raise job.broken(e.Grown, action, "which has grown already or is not to grow")
    job.shape.graft(action, read_children(event.children))
    first = len(job.states)
    job.extend(node)
    if job.ending:
        cancel_new(job, first)
    else:
        settle_graft(job, node, new)


FOLDS: dict[type, Callable[[State, Any], None]] = {
    e.JobSubmitted: _job_submitted,
    e.JobHeld: _job_held,
    e.JobResumed: _job_resumed,
    e.JobDue: _job_due,
    e.JobFinished: _job_finished,
    e.WorkerJoined: _worker_joined,
    e.WorkerLeft: _worker_left,
    e.ActionLeased: _leased,
    e.ActionChained: _chained,
    e.LeaseReturned: _given_back,
    e.ActionStarted: _started,
    e.AttemptStopped: _given_back,
    e.AttemptLost: _attempt_lost,
    e.AttemptFailed: _attempt_failed,
    e.RetryPlanned: _retry_planned,
    e.ActionRetried: _retried,
    e.ActionSucceeded: _succeeded,
    e.ActionFailed: _given_up,
    e.ActionLost: _given_up,
    e.ActionsSkipped: _skipped,
    e.ActionsOmitted: _omitted,
    e.FannedOut: _fanned_out,
    e.FanOutFailed: _fan_out_failed,
    e.Grown: _grown,
    e.JobReleased: _job_released,
    e.JobCancelled: job_ended,
    e.ActionCancelled: action_cancelled,
    e.JobTimedOut: job_ended,
    e.JobRetried: job_retried,
    e.ActionExcused: action_excused,
    e.PriorityChanged: _priority_changed,
}
