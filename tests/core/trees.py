"""Random trees of at most thirty actions, and what must be true of any history whatever happened.

Knows shapes and events; checks nothing the way the core does it: a second, slow opinion.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from hypothesis import strategies as st

from job_manager.core import events as e
from job_manager.core import table
from job_manager.core.decide import decide, quiet
from job_manager.core.evolve import evolve, fold
from job_manager.core.state import JobState, State
from job_manager.model.document import read_children
from job_manager.model.job import HOOKS, Action, Job, Task
from job_manager.model.record import replace
from job_manager.testing import action
from job_manager.testing.farm import Farm

MOST = 30

leaves = st.builds(
    lambda retries, idempotent: action("x", retries=retries, idempotent=idempotent),
    st.sampled_from([None, None, 1, 2]),
    st.sampled_from([None, None, None, False]),
)
hooks = st.lists(
    st.builds(
        lambda hook, retries: replace(action("x", retries=retries), hook=hook),
        st.sampled_from(HOOKS),
        st.sampled_from([None, None, 1]),
    ),
    max_size=3,
)
few_hooks: st.SearchStrategy[list[Action]] = st.one_of(st.just([]), hooks)
nodes = st.recursive(
    leaves,
    lambda below: st.builds(
        lambda children, at_once, after: Task("x", (*children, *after), at_once),
        st.lists(below, max_size=4),
        st.booleans(),
        few_hooks,
    ),
    max_leaves=MOST,
)


def numbered(children: Iterable[Task | Action]) -> tuple[Task | Action, ...]:
    """The same nodes with names of their own."""
    return tuple(
        replace(node, name=f"a{n}")
        if isinstance(node, Action)
        else Task(f"t{n}", numbered(node.children), node.parallel)
        for n, node in enumerate(children)
    )


jobs = st.builds(
    lambda children, at_once, after: Job("random", numbered([*children, *after]), parallel=at_once),
    st.lists(nodes, min_size=1, max_size=4),
    st.booleans(),
    few_hooks,
)


plain_nodes = st.recursive(
    st.builds(lambda: action("x")),
    lambda below: st.builds(
        lambda children, at_once: Task("x", tuple(children), at_once), st.lists(below, max_size=4), st.booleans()
    ),
    max_leaves=MOST,
)
plain_jobs = st.builds(
    lambda children, at_once: Job("random", numbered(children), parallel=at_once),
    st.lists(plain_nodes, min_size=1, max_size=4),
    st.booleans(),
)
"""Without hooks."""


def waits_for(job: Job) -> list[set[int]]:
    """For every action those that must have succeeded before it may begin. Hooks that were left out count as such."""
    return Waits(job).before


class Waits:
    """`before`: for every action those that must have succeeded before it may begin: all below every earlier serial
    sibling; for a hook those that its node waited for; for what has needs just these, or nothing where it minds how
    they end. `beside`: hook -> all in its task."""

    def __init__(self, job: Job) -> None:
        self.before: list[set[int]] = []
        self.beside: dict[int, set[int]] = {}
        self._paths: list[str] = []
        self._below: dict[str, set[int]] = {}
        self._add(job.children, job.parallel, set(), "")

    def fan(self, action: int, size: int) -> set[int]:
        """So many more that wait for what that one waits for."""
        self.before += [self.before[action]] * size
        self._paths += [""] * size
        return set(range(len(self.before) - size, len(self.before)))

    def grow(self, action: int, grown: Job) -> set[int]:
        """These stand below that one, and at once."""
        return self._add(grown.children, True, self.before[action], f"{self._paths[action]}/")

    def _add(self, children: tuple[Task | Action, ...], at_once: bool, must: set[int], prefix: str) -> set[int]:
        new = self._name(children, prefix)
        self._walk(children, at_once, must, prefix)
        assert len(self.before) == len(self._paths)
        return new

    def _name(self, children: tuple[Task | Action, ...], prefix: str) -> set[int]:
        named: set[int] = set()
        for child in children:
            path = f"{prefix}{child.name}"
            if isinstance(child, Action):
                self._paths.append(path)
                self._below[path] = {len(self._paths) - 1}
            else:
                self._below[path] = self._name(child.children, f"{path}/")
            named |= self._below[path]
        return named

    def _walk(self, children: tuple[Task | Action, ...], at_once: bool, must: set[int], prefix: str) -> None:
        seen: set[int] = set()
        for child in children:
            path, hook = f"{prefix}{child.name}", isinstance(child, Action) and child.hook
            needed = must if at_once or hook else must | seen
            if child.needs is not None:
                needed = set[int]().union(*(self._below[name] for name in child.needs if not child.when))
            if isinstance(child, Action):
                if hook:
                    inside = (self._below[f"{prefix}{other.name}"] for other in children)
                    self.beside[len(self.before)] = set[int]().union(*inside)
                self.before.append(needed)
            else:
                self._walk(child.children, child.parallel, needed, f"{path}/")
            seen |= self._below[path]


def ends(job: Job, bad: set[int]) -> list[str]:
    """The state that every action comes to when those of `bad` always fail."""
    states: list[str] = []

    def skip(children: Iterable[Task | Action]) -> None:
        for child in children:
            if isinstance(child, Action):
                states.append("skipped")
            else:
                skip(child.children)

    def one(child: Task | Action) -> bool:
        if isinstance(child, Task):
            return walk(child.children, child.parallel)
        states.append("failed" if len(states) in bad else "succeeded")
        return states[-1] == "succeeded"

    def walk(children: tuple[Task | Action, ...], at_once: bool) -> bool:
        first, well = len(states), True
        for child in children:
            if getattr(child, "hook", ""):
                continue
            if well or at_once:
                well = one(child) and well
            else:
                skip([child])
        body = well
        began = any(state != "skipped" for state in states[first:])
        for hook in (child for child in children if isinstance(child, Action) and child.hook):
            if began and hook.hook in ("always", "success" if body else "error"):
                well = one(hook) and well
            else:
                skip([hook])
        return well

    walk(job.children, job.parallel)
    return states


def hooks_broken(job: Job, journal: Iterable[e.Event]) -> list[str]:
    """Hooks that were leased while something else in their task was not over."""
    inside = dict(_inside(job))
    over: set[int] = set()
    fans: dict[int, set[int]] = {}
    found = []
    size, ended = _count(job.children), False
    for event in journal:
        if isinstance(event, e.FannedOut):
            members = set(range(size, size + math.prod(len(each) for each in event.items)))
            fans[event.action] = members
            size += len(members)
            for awaited in inside.values():
                awaited |= members if event.action in awaited else set()
                awaited.discard(event.action)
        elif isinstance(event, e.Grown):
            new = _grown(event)
            members = set(range(size, size + _count(new.children)))
            for awaited in inside.values():
                awaited |= members if event.action in awaited else set()
            over |= members if ended else set()
            fans[event.action] = members
            inside.update((size + hook, {size + other for other in awaited}) for hook, awaited in _inside(new))
            size += len(members)
        elif isinstance(event, e.ActionSucceeded | e.ActionFailed | e.ActionLost | e.FanOutFailed):
            over.add(event.action)
        elif isinstance(event, e.ActionsSkipped | e.ActionsOmitted):
            over |= _with_what_is_below(range(event.first, event.end), fans)
        elif isinstance(event, e.ActionCancelled | e.ActionExcused):
            over |= _with_what_is_below([event.action], fans)
        elif isinstance(event, e.JobCancelled | e.JobTimedOut):
            over.update(range(size))
            ended = True
        elif isinstance(event, e.JobRetried):
            over -= in_ranges(event)
            ended = False
        elif isinstance(event, e.JobResumed):
            ended = False
        elif isinstance(event, e.ActionLeased | e.ActionChained):
            over.discard(event.action)
            if not inside.get(event.action, set()) <= over:
                found.append(f"hook {event.action} was leased while {inside[event.action] - over} was not over")
    return found


def _with_what_is_below(actions: Iterable[int], fans: dict[int, set[int]]) -> set[int]:
    """With what came of them when they were fanned out or grew."""
    found, left = set[int](), list(actions)
    while left:
        action = left.pop()
        found.add(action)
        left += fans.get(action, ())
    return found


def in_ranges(event: e.JobRetried) -> set[int]:
    """The actions that a person wants to run again."""
    return {action for first, end in event.actions for action in range(first, end)}


def _grown(event: e.Grown) -> Job:
    """What has grown, as a job of its own."""
    return Job("grown", read_children(event.children), parallel=True)


def _count(children: Iterable[Task | Action]) -> int:
    return sum(_count(child.children) if isinstance(child, Task) else 1 for child in children)


def _inside(job: Job) -> Iterable[tuple[int, set[int]]]:
    """Each hook with the actions that it comes after, those of earlier hooks among them."""
    found: list[tuple[int, set[int]]] = []
    count = 0

    def walk(children: Iterable[Task | Action]) -> None:
        nonlocal count
        first = count
        for child in children:
            if isinstance(child, Task):
                walk(child.children)
                continue
            if child.hook:
                found.append((count, set(range(first, count))))
            count += 1

    walk(job.children)
    return found


def order_broken(job: Job, journal: Iterable[e.Event]) -> list[str]:
    """Actions leased before all that they wait for had succeeded; or chained, and over before. A hook belongs to
    what has begun, whatever a person has run again meanwhile of what came before that."""
    waits, found = Waits(job), []
    early: set[int] = set()
    done: set[int] = set()
    begun: set[int] = set()
    asked = False
    fans: dict[int, set[int]] = {}  # written action -> those that it stands for
    for event in journal:
        if isinstance(event, e.FannedOut):
            fans[event.action] = waits.fan(event.action, math.prod(len(each) for each in event.items))
        elif isinstance(event, e.ActionsOmitted):  # of no fan-out here
            done.update(range(event.first, event.end))
        elif isinstance(event, e.JobRetried):
            done -= in_ranges(event)
            asked = True
        if isinstance(event, e.ActionSucceeded | e.ActionExcused):
            done.add(event.action)
            done |= fans.get(event.action, set())
        elif isinstance(event, e.Grown):
            fans[event.action] = waits.grow(event.action, _grown(event))
        for one, stands_for in reversed(fans.items()):  # what grew in what had grown comes first
            (done.add if stands_for <= done else done.discard)(one)
        if isinstance(event, e.ActionChained):
            early.add(event.action)
        elif isinstance(event, e.LeaseReturned | e.AttemptStopped | e.AttemptLost):
            early.discard(event.action)
        if not isinstance(event, e.ActionLeased | e.ActionSucceeded | e.AttemptFailed):
            continue
        if not isinstance(event, e.ActionLeased) and event.action not in early:
            continue
        early.discard(event.action)
        belongs = asked and waits.beside.get(event.action, set()) & begun
        begun.add(event.action)
        if not belongs and not waits.before[event.action] <= done:
            missing = sorted(waits.before[event.action] - done)
            found.append(f"{event} while {missing} had not succeeded")
    return found


ENDS = (e.LeaseReturned, e.AttemptStopped, e.AttemptLost, e.AttemptFailed, e.ActionSucceeded)


def leases_broken(journal: Iterable[e.Event]) -> list[str]:
    """Actions with two open leases, or attempts leased twice, or ended without a lease."""
    leased: dict[int, int] = {}
    ever: set[tuple[int, int]] = set()
    found = []
    for event in journal:
        if isinstance(event, e.ActionLeased | e.ActionChained):
            if event.action in leased or (event.action, event.attempt) in ever:
                found.append(f"{event} while {leased.get(event.action)} is open")
            leased[event.action] = event.attempt
            ever.add((event.action, event.attempt))
        elif isinstance(event, ENDS) and leased.pop(event.action, 0) != event.attempt:
            found.append(f"{event} without its lease")
    return found


def ends_broken(journal: Iterable[e.Event]) -> list[str]:
    """Anything but workers' comings and goings after the job's end, unless a person took it up; and two ends."""
    over, found = False, []
    opened = (e.JobResumed, e.JobRetried, e.ActionExcused)
    for event in journal:
        if over and not isinstance(event, (*opened, e.WorkerJoined, e.WorkerLeft)):
            found.append(f"{event} after the end")
        over = isinstance(event, e.JobFinished) or (over and not isinstance(event, opened))
    return found


def cancelled_broken(journal: Iterable[e.Event]) -> list[str]:
    """What was leased of a job or action that was cancelled, or out of time, unless a person had it run again."""
    ended, gone, found = False, set[int](), []
    for event in journal:
        if isinstance(event, e.JobCancelled | e.JobTimedOut):
            ended = True
        elif isinstance(event, e.ActionCancelled):
            gone.add(event.action)
        elif isinstance(event, e.JobResumed):
            ended, gone = False, set()
        elif isinstance(event, e.JobRetried):
            ended, gone = False, gone - in_ranges(event)
        elif isinstance(event, e.ActionLeased | e.ActionChained) and (ended or event.action in gone):
            found.append(f"{event} although it was cancelled")
    return found


def due_broken(farm: Farm) -> list[str]:
    """Jobs that were due before those that they follow had succeeded, or of which something was leased before."""
    how: dict[str, str] = {}
    due: set[str] = set()
    found = []
    for event in farm.journal:
        if isinstance(event, e.JobFinished):
            how[event.job] = event.state
        elif isinstance(event, e.JobResumed | e.JobRetried | e.ActionExcused):
            how.pop(event.job, None)
        if isinstance(event, e.JobDue):
            due.add(event.job)
            missing = [id for id in farm.sites[event.job].get("after_jobs", ()) if how.get(id) != "succeeded"]
            found += [f"{event} while {missing} had not succeeded"] if missing else []
        is_lease = isinstance(event, e.ActionLeased | e.ActionChained)
        if is_lease and "after_jobs" in farm.sites[event.job] and event.job not in due:
            found.append(f"{event} before it was due")
    return found


def of_job(journal: Iterable[e.Event], id: str) -> list[e.Event]:
    return [event for event in journal if event.job == id]


def twice_begun(farm: Farm, id: str = "j1") -> list[str]:
    """Attempts that ran again after one of unknown outcome although they must not, without a person's word between."""
    actions = farm.supervisor.state.jobs[id].shape.actions
    unknown: set[int] = set()
    found = []
    for event in of_job(farm.journal, id):
        if isinstance(event, e.AttemptLost) and actions[event.action].idempotent is False:
            unknown.add(event.action)
        elif isinstance(event, e.JobResumed):
            unknown.clear()
        elif isinstance(event, e.JobRetried):
            unknown -= in_ranges(event)
        elif isinstance(event, e.ActionLeased | e.ActionChained) and event.action in unknown:
            found.append(f"{event} although nobody knows what became of the attempt before")
    return found


DECIDED = (
    *(e.ActionLeased, e.ActionChained, e.RetryPlanned, e.ActionRetried, e.ActionFailed, e.ActionLost, e.ActionsSkipped),
    *(e.ActionsOmitted, e.FannedOut, e.FanOutFailed, e.JobFinished, e.JobDue, e.JobTimedOut),
)


SCRATCH = 10  # every so many turns the state is folded from nothing


def replay_broken(farm: Farm) -> list[str]:
    """Turns whose decisions are not made again from the history alone: fold what came before, hear the same, decide."""
    state, at = State(), 0
    pending: list[e.Event] = []
    for number, turn in enumerate(farm.turns):
        unsure = False
        if number % SCRATCH == 0:
            state = fold(State(), farm.journal[:at])
        for event in turn.events:
            # A lease may be taken back by a decision, with more behind it, or it was said and nothing was decided yet.
            unsure = unsure or isinstance(event, e.LeaseReturned)
            if not pending and isinstance(event, (*DECIDED, e.LeaseReturned)):
                pending = decide(state, turn.now)
            if unsure and isinstance(event, DECIDED) and pending[:1] != [event]:
                pending, unsure = decide(state, turn.now), False
            if pending[:1] == [event]:
                del pending[0]
            elif isinstance(event, DECIDED):
                return [f"at {turn.now}: decided {event}, and from the history something else"]
            else:
                pending = []
            unsure = unsure and bool(pending)
            evolve(state, event)
        if follows := decide(state, turn.now):
            return [f"at {turn.now}: from the history follows {follows}"]
        quiet(state)
        at += len(turn.events)
    assert at == len(farm.journal)
    return []


def all_final(job: JobState) -> bool:
    return bool(job.finished) and all(state in table.FINAL for state in job.states)
