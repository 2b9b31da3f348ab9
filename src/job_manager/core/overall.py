"""Why a job stands where it does: the one sentence that matters most, and its actions grouped by cause. Pure.

Costs the size of the job, and gives a text of bounded size. Asks the same rules as `explain` does for one action.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.core import standing, table, verdicts
from job_manager.core.answers import Answer, Group, View, Way
from job_manager.core.explain import why
from job_manager.core.holdups import Holdup, holdups
from job_manager.core.obstacles import obstacle, queued, standstill, waiting
from job_manager.core.past import Past
from job_manager.core.phrases import amount, reason_in_words
from job_manager.core.state import JobState
from job_manager.model.quantity import human
from job_manager.model.wording import counted, named

SHOWN = 5  # paths of a group
GROUPS = 8  # of one kind; what is in smaller ones is counted together
BAD = (table.FAILED, table.LOST, table.CANCELLED)


def why_job(past: Past, view: View) -> Answer:
    """The answer for the whole job."""
    job = past.job
    groups = tuple(_groups(past, view))
    if job.finished == "succeeded":
        took = human(max(0.0, job.finished_at - job.submitted_at))
        sentence = f"the job succeeded at {view.spelt(job.finished_at)}, after {took}: {amount(job.counted())}"
        return Answer("", job.state, "succeeded", sentence, groups=groups)
    if job.ending:
        return _ended(past, view, groups)
    found = first_failed(job)
    if found:
        return _because(past, found[0], view, groups)
    stopped = standstill(past, view)
    if stopped is not None:
        left = _done(job, view)
        return Answer(
            "",
            job.state,
            stopped.cause,
            f"the job {stopped.words}",
            stopped.about,
            left,
            stopped.ways,
            "",
            groups,
        )
    return _going(past, view, groups)


def _ended(past: Past, view: View, groups: tuple[Group, ...]) -> Answer:
    """A job that somebody cancelled, or that has run out of time."""
    job = past.job
    cause, words = verdicts.job_ended(past, view)
    how = job.finished or "is being ended"
    evidence = (
        amount(job.counted()),
        *((f"{counted(len(job.leases), 'attempt')} of it still to end",) if job.leases else ()),
    )
    ways = (
        Way(("retry", job.id, "--failed"), "runs what was cancelled after all"),
        Way(("resume", job.id), "the same, and watches"),
    )
    sentence = f"the job {'was ' if how == 'cancelled' else ''}{how}: {words}"
    return Answer("", job.state, cause, sentence, (), evidence, ways if job.finished else (), "", groups)


def first_failed(job: JobState) -> list[int]:
    """The actions that failed on their own account, in the order in which they ended: the first is the one to look at
    first."""
    found = [index for index, state in enumerate(job.states) if state in BAD]
    return sorted(found, key=lambda index: (job.ended[index] or float("inf"), index))


def _because(past: Past, first: int, view: View, groups: tuple[Group, ...]) -> Answer:
    """A job in which something failed: what was first."""
    job, answer = past.job, why(past, first, view)
    ways = answer.ways
    if job.finished:
        sentence = f"the job failed because {answer.sentence}"
    else:
        stopped = standstill(past, view)
        sentence = f"{answer.sentence}; the job {stopped.words if stopped else 'goes on with what does not need it'}"
        ways = (*(stopped.ways if stopped else ()), *ways)
    return answer._replace(path="", state=job.state, sentence=sentence, groups=groups, ways=tuple(dict.fromkeys(ways)))


def _going(past: Past, view: View, groups: tuple[Group, ...]) -> Answer:
    """A job that goes on, or waits for something of its own."""
    job = past.job
    begun = (action for action, state in enumerate(job.states) if state in (table.RUNNING, table.LEASED))
    at_work = [action for action in begun if action not in job.early]
    done = _done(job, view)
    if at_work:
        paths = [job.shape.paths[action] for action in at_work[:SHOWN]]
        sentence = (
            f"the job is running: at work {'is' if len(at_work) == 1 else 'are'} {named(paths, SHOWN, len(at_work))}"
        )
        ways = (Way(("why", f"{job.id}/{paths[0]}"), "asks of one action"),)
        return Answer("", job.state, "running", sentence, tuple(paths), done, ways, "", groups)
    first = _foremost(past)
    if first is None:
        return Answer(
            "",
            job.state,
            "next",
            "the job is looked at in a moment: nothing is in its way",
            (),
            done,
            (),
            "",
            groups,
        )
    found = obstacle(past, first, view)
    path = job.shape.paths[first]
    return Answer(
        "",
        job.state,
        found.cause,
        f"the job waits: {path} {found.words}",
        (path, *found.about),
        (*done, *found.evidence),
        found.ways,
        "",
        groups,
    )


def _done(job: JobState, view: View) -> tuple[str, ...]:
    """How far it is, and when its time will have run out."""
    done = f"{job.counts[table.SUCCEEDED]} of {counted(job.size, 'action')} done"
    if job.deadline is None:
        return (done,)
    at, limit, seconds = job.deadline
    return done, f"its {limit} of {human(seconds)} ends it at {view.spelt(at)}"


def _foremost(past: Past) -> int | None:
    """What is nearest to running of all that does not run: what is ready and comes first, else what is tried next."""
    job = past.job
    stands = standing.stands(past.state, job)
    if stands:
        return stands[0].action
    return job.timers[0][1] if job.timers else None


# --- groups ----------------------------------------------------------------------------------------------------------


def _groups(past: Past, view: View) -> Iterator[Group]:
    job = past.job
    yield from _failures(job)
    yield from _skipped(past)
    yield from _of_state(job, table.RUNNING, "running", "running")
    yield from _of_state(job, table.LEASED, "next", "begins in a moment")
    if not job.finished and job.workers and not job.held and job.due and view.hosted:
        yield from _ready(past)
    else:
        yield from _of_state(job, table.READY, "next", "ready")
    yield from _of_state(job, table.RETRYING, "retry", "is to be tried again")
    yield from _waiting(past, view)


def _failures(job: JobState) -> Iterator[Group]:
    found: dict[tuple[str, str], list[int]] = {}
    for action in first_failed(job):
        name = table.NAMES[job.states[action]]
        words = reason_in_words(job.failure(action))
        found.setdefault((name, name if words == name else f"{name}: {words}"), []).append(action)
    yield from _largest(job, found)


def _skipped(past: Past) -> Iterator[Group]:
    job = past.job
    roots: dict[int, int] = {}
    by_root: dict[int, list[int]] = {}
    out: list[int] = []
    for action, state in enumerate(job.states):
        if state == table.SKIPPED and action in past.because:
            by_root.setdefault(_root(past, action, roots), []).append(action)
        elif state == table.SKIPPED:
            out.append(action)
    yield from _largest(
        job, {("skipped", f"skipped because of {job.shape.paths[root]}"): found for root, found in by_root.items()}
    )
    excused = [action for action in out if action in job.excused]
    others = [action for action in out if action not in job.excused]
    found = {("excused", "left out, as somebody said so"): excused, ("condition", "left out on purpose"): others}
    yield from _largest(job, {key: actions for key, actions in found.items() if actions})


def _root(past: Past, action: int, roots: dict[int, int]) -> int:
    """As verdicts.culprit, remembering the way."""
    way: list[int] = []
    at = action
    while at not in roots and (further := verdicts.blamed(past, at)) >= 0:
        way.append(at)
        roots[at] = at  # a circle would end here
        at = further
    root = roots.get(at, at)
    roots.update(dict.fromkeys(way, root))
    return root


def _of_state(job: JobState, state: int, cause: str, words: str) -> Iterator[Group]:
    if job.counts[state]:
        found = [action for action, one in enumerate(job.states) if one == state and action not in job.early]
        yield from _largest(job, {(cause, words): found} if found else {})


def _ready(past: Past) -> Iterator[Group]:
    kinds: dict[tuple[str, tuple[str, ...]], list[standing.Stand]] = {}
    for stand in standing.stands(past.state, past.job):
        kinds.setdefault((stand.kind, stand.names), []).append(stand)
    told = [(queued(past, found[0]), found) for found in kinds.values()]
    yield from _largest(past.job, {(one.cause, one.words): [each.action for each in found] for one, found in told})


def _waiting(past: Past, view: View) -> Iterator[Group]:
    below: dict[int, list[int]] = {}  # by the node that is kept from starting
    causes: dict[int, Holdup] = {}
    for action, one in holdups(past.job):
        below.setdefault(one.node, []).append(action)
        causes.setdefault(one.node, one)
    alike: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for node, one in causes.items():
        alike.setdefault((one.kind, one.nodes), []).append(node)
    found = [(causes[nodes[0]], sorted(each for node in nodes for each in below[node])) for nodes in alike.values()]
    found.sort(key=lambda each: (-len(each[1]), each[1]))
    for one, actions in found[:GROUPS]:
        yield _group(past.job, one.kind, waiting(past, one, view).words, actions)
    rest = [action for _, actions in found[GROUPS:] for action in actions]
    if rest:
        yield _group(past.job, "needs", "waits for others", rest)


def _largest(job: JobState, found: dict[tuple[str, str], list[int]]) -> Iterator[Group]:
    """Those with the most actions; the others are counted together."""
    ordered = sorted(found.items(), key=lambda each: (-len(each[1]), each[1][0]))
    for (cause, words), actions in ordered[:GROUPS]:
        yield _group(job, cause, words, actions)
    rest = [action for _, actions in ordered[GROUPS:] for action in actions]
    if rest:
        yield _group(job, ordered[GROUPS][0][0], "in other ways", rest)


def _group(job: JobState, cause: str, words: str, actions: list[int]) -> Group:
    return Group(cause, len(actions), tuple(job.shape.paths[action] for action in actions[:SHOWN]), words)
