"""How an action came to its end, in words: why it failed and is not tried again, why it was skipped, why it ran again.

Pure. Asks policy and settle for their reasons; decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.core import events as e
from job_manager.core import table
from job_manager.core.answers import Answer, View, Way
from job_manager.core.ending import TIMEOUT, why_ended
from job_manager.core.past import BAD, Past, Trouble
from job_manager.core.phrases import against_in_words, left_out_in_words, reason_in_words
from job_manager.core.settle import against, ended, omitted_inputs
from job_manager.core.state import Failure, JobState, Skip
from job_manager.model.quantity import human
from job_manager.model.wording import counted, named

TRIES = 5  # attempts that are told one by one
HOPS = 5  # of a chain of actions that were skipped for each other
AGAIN = {
    "text": "its own text was edited",
    "inputs": "what it reads had changed, was made anew, or what it had made was gone",
    "hook": "what it follows was run again",
    "asked": "somebody asked for it",
}


def tries(past: Past, action: int, view: View, known: str = "") -> Iterator[str]:
    """A line for each attempt that was no success, and for each time it was to run again; without the reason that is
    `known`."""
    troubles = [each for each in past.troubles.get(action, ()) if not isinstance(each.event, e.RetryPlanned)]
    if len(troubles) > TRIES:
        yield f"{counted(len(troubles) - TRIES, 'attempt')} before these did not succeed either"
    for trouble in troubles[-TRIES:]:
        yield _told(trouble, view, past.job.states[action] == table.CANCELLED).removesuffix(f": {known}")
    if action in past.again:
        at, why = past.again[action]
        yield f"it was over, and is to run again since {view.spelt(at)}: {AGAIN[why]}"


def _told(trouble: Trouble, view: View, cancelled: bool) -> str:
    event, when = trouble.event, view.spelt(getattr(trouble.event, "ended", trouble.at))
    if isinstance(event, e.AttemptFailed):
        failure = Failure(event.attempt, event.reason, event.code, event.message)
        took = human(max(0.0, event.ended - event.began))
        return f"attempt {event.attempt} failed at {when} after {took}: {reason_in_words(failure)}"
    if isinstance(event, e.AttemptLost):
        return f"attempt {event.attempt} was lost at {when} with what watched it; that costs none of its retries"
    if isinstance(event, e.AttemptStopped):
        why = "and with it the action" if cancelled else "because the job was held; that costs nothing"
        return f"attempt {event.attempt} was ended at {when}, {why}"
    if isinstance(event, e.LeaseReturned):
        return f"attempt {event.attempt} was given back at {when} before it began; that costs nothing"
    return f"at {when} it could not be fanned out"


# --- failed, lost ----------------------------------------------------------------------------------------------------


def failed(past: Past, action: int, view: View) -> Answer:
    """Why an action failed, how often it was tried, and why not again."""
    job, path = past.job, past.job.shape.paths[action]
    failure = job.failure(action)
    after = "attempt 1" if failure.attempt <= 1 else f"attempt {failure.attempt}"
    evidence = list(tries(past, action, view, reason_in_words(failure)))
    if not failure.attempt:
        evidence = [f"nothing of it was started: at {view.spelt(job.ended[action])} its items were to be found"]
    elif why := against_in_words(job, action, failure):
        evidence.append(f"it is not tried again after {after}: {why}")
    return Answer(
        path,
        "failed",
        "job-timeout" if job.ending == TIMEOUT and failure.message == why_ended(job) else "failed",
        f"{path} failed: {reason_in_words(failure)}",
        (path,),
        tuple(evidence),
        (_logs(job, path), *_once_more(job, view)),
        failure.reason,
    )


def _logs(job: JobState, path: str) -> Way:
    return Way(("logs", f"{job.id}/{path}"), "shows all that it printed")


def _once_more(job: JobState, view: View) -> tuple[Way, ...]:
    what = "runs again what did not succeed, once it is mended"
    if not view.hosted:
        return (Way(("resume", job.id), what),)
    return Way(("retry", job.id), what), Way(("resume", job.id), "the same, and watches")


def cancelled(past: Past, action: int, view: View) -> Answer:
    """Who cancelled an action and when: somebody the action or the whole job, or the job's time had run out."""
    job, path = past.job, past.job.shape.paths[action]
    cause, words = _cancelling(past, action, view)
    evidence = list(tries(past, action, view))
    if not job.attempts[action]:
        evidence.append("nothing of it was started")
    ways = (Way(("retry", job.id, "--only", path), "runs it after all"), *_once_more(job, view))
    return Answer(
        path, "cancelled", cause, f"{path} was cancelled: {words}", (path,), tuple(evidence), ways, "cancelled"
    )


def _cancelling(past: Past, action: int, view: View) -> tuple[str, str]:
    wish = past.wished.get(action)
    if wish is not None and isinstance(wish.event, e.ActionCancelled):
        return "cancelled", f"somebody said so at {view.spelt(wish.at)}"
    return job_ended(past, view)


def job_ended(past: Past, view: View) -> tuple[str, str]:
    """The cause and words for a job that is ended, or was: cancelled, or out of time."""
    timed_out, said = past.last(e.JobTimedOut), past.last(e.JobCancelled)
    if timed_out is not None and (said is None or past.job.ending == TIMEOUT):
        return "job-timeout", f"{why_ended(past.job) or 'its time had run out'} at {view.spelt(timed_out[0])}"
    return "cancelled", f"somebody cancelled the job at {view.spelt(said[0])}" if said else "somebody cancelled it"


def lost(past: Past, action: int, view: View) -> Answer:
    """Why nobody knows how it ended, and what to say."""
    job, path = past.job, past.job.shape.paths[action]
    declared = "its module's manifest" if job.shape.written(action).idempotent is None else "its entry"
    evidence = (
        *tries(past, action, view),
        f"{declared} says `idempotent: false`: so it is never started again by itself",
    )
    ways = (
        Way(("skip", f"{job.id}/{path}"), "goes on without it: say so when it has done its work"),
        Way(("retry", job.id, "--only", path), "runs it again: say so when that does no harm"),
        Way(("resume", job.id, "--retry-lost"), "runs it, and all else that did not succeed, again"),
        _logs(job, path),
    )
    sentence = f"{path} may have run and must not run twice: what watched it was killed, so its outcome is not known"
    return Answer(path, "lost", "lost", sentence, (path,), evidence, ways, "lost")


# --- skipped, left out -----------------------------------------------------------------------------------------------


def passed_over(past: Past, action: int, view: View) -> Answer:
    """Why an action was skipped or left out."""
    if action in past.job.excused:
        return _excused(past, action, view)
    return _skipped(past, action, view) if action in past.because else _left_out(past, action, view)


def _of_maker(past: Past, maker: int, view: View) -> str:
    """Why that was left out which would have made an input."""
    one = next(iter(past.job.stands_for(maker)), maker)
    if one in past.job.excused or one in past.left_out:
        return passed_over(past, one, view).sentence
    return f"{past.job.shape.paths[maker]} has made nothing"


def _excused(past: Past, action: int, view: View) -> Answer:
    job, path = past.job, past.job.shape.paths[action]
    wish = past.wished.get(action)
    at = f" at {view.spelt(wish.at)}" if wish is not None else ""
    sentence = f"{path} was left out: somebody said{at} to go on without it"
    ways = (Way(("retry", job.id, "--only", path), "runs it after all"),)
    return Answer(path, "skipped", "excused", sentence, (path,), tuple(tries(past, action, view)), ways)


def blamed(past: Past, action: int) -> int:
    """The action for which this one was skipped, or -1: it came to its end on its own account."""
    if action in past.because:
        return past.because[action].because
    if past.job.states[action] in (table.FANNED, table.SUCCEEDED):  # what it stands for or has grown was skipped
        return next((each for each in past.job.shape.below(past.job.shape.node_of[action]) if each in past.because), -1)
    return -1


def culprit(past: Past, action: int) -> tuple[int, list[int]]:
    """The action at which the skipping began, and those between, the nearest first."""
    between, seen = list[int](), {action}
    at = blamed(past, action)
    while (further := blamed(past, at)) >= 0 and at not in seen:
        seen.add(at)
        between.append(at)
        at = further
    return at, between


def _skipped(past: Past, action: int, view: View) -> Answer:
    job, path = past.job, past.job.shape.paths[action]
    first, between = culprit(past, action)
    culprit_path = job.shape.paths[first]
    evidence = [_end_of(past, first, view), _behind(job, past.because[action], path)]
    if between:
        names = named([job.shape.paths[each] for each in between[:HOPS]], HOPS, len(between))
        evidence.append(f"between the two {names} {'was' if len(between) == 1 else 'were'} skipped for it")
    ways = (Way(("why", f"{job.id}/{culprit_path}"), "asks the same of that one"), *_once_more(job, view))
    if job.states[first] not in BAD:
        ways = (Way(("retry", job.id, "--only", path), "runs it after all"), *ways)
    words = _ended_as(job, first)
    return Answer(
        path,
        "skipped",
        "skipped",
        f"{path} was skipped because {culprit_path} {words}",
        (culprit_path,),
        tuple(evidence),
        ways,
    )


def _behind(job: JobState, skip: Skip, path: str) -> str:
    """Why one action's end is another's."""
    shape, before = job.shape, job.shape.paths[skip.because]
    if skip.task in shape.needs:
        waiting = shape.path(skip.task)
        return (
            f"{waiting} needs what {before} is part of"
            if waiting == path
            else f"{path} is in {waiting}, which needs it"
        )
    task = shape.path(skip.task) or "the job"
    return f"in {task} one comes after another, and {path} comes after {before}"


def _ended_as(job: JobState, action: int) -> str:
    """`failed: exit code 3`, of the action for which others were skipped."""
    failure = job.failures.get(action)
    state = job.states[action]
    if state == table.FAILED and failure is not None:
        return f"failed: {reason_in_words(failure)}"
    if state == table.LOST:
        return "is lost: its outcome is not known"
    plain = {table.FAILED: "failed", table.CANCELLED: "was cancelled", table.SKIPPED: "was skipped"}
    # Somebody had it run again, and it alone.
    return plain.get(state, f"had not succeeded; only that one was asked for again, and it is {table.NAMES[state]}")


def _end_of(past: Past, action: int, view: View) -> str:
    job, path = past.job, past.job.shape.paths[action]
    if job.states[action] == table.FAILED:
        made = past.job.spent.get(action, 0)
        at = f" at {view.spelt(job.ended[action])}" if job.ended[action] else ""
        return f"{path} failed{at}, after {counted(made, 'attempt')}" if made else f"{path} failed{at}"
    return f"{path} is {table.NAMES[job.states[action]]}"


def _left_out(past: Past, action: int, view: View) -> Answer:
    job, shape, path = past.job, past.job.shape, past.job.shape.paths[action]
    node = past.left_out.get(action, shape.node_of[action])
    kind = against(job, node)
    cause = {"hook": "hook-not-called", "input": "input-left-out"}.get(kind, "condition")
    about, evidence = _asked(past, node, kind, view)
    where = "" if node == shape.node_of[action] else f"so was all of {shape.path(node)}: "
    sentence = f"{path} was left out, and all is well: {where}{left_out_in_words(job, node)}"
    return Answer(path, "skipped", cause, sentence, about, tuple(evidence))


def _asked(past: Past, node: int, kind: str, view: View) -> tuple[tuple[str, ...], list[str]]:
    """Who was asked when a node was left out, and how these had ended."""
    job, shape = past.job, past.job.shape
    if kind == "input":
        writers = [shape.writer(name) for name in omitted_inputs(job, shape.leaf[node])]
        makers = [writer[0] for writer in writers if writer is not None]
        return tuple(shape.paths[maker] for maker in makers), [_of_maker(past, maker, view) for maker in makers[:HOPS]]
    others = list(shape.body(shape.parent[node])) if kind == "hook" else list(shape.minding.get(node, {}).values())
    told = [f"{shape.path(other)} ended as {ended(job, other)}" for other in others[:HOPS]]
    if not others:
        told.append("that was settled when the job was submitted")
    return tuple(shape.path(other) for other in others[:HOPS]), told


# --- succeeded -------------------------------------------------------------------------------------------------------


def succeeded(past: Past, action: int, view: View) -> Answer:
    """That it succeeded; and why it ran more than once."""
    job, path = past.job, past.job.shape.paths[action]
    told = list(tries(past, action, view))
    took = human(max(0.0, job.ended[action] - job.began[action]))
    sentence = f"{path} succeeded at {view.spelt(job.ended[action])}, after {took}"
    if told:
        sentence += f"; it ran more than once, because {_why_again(past, action)}"
    if action in job.notes:
        told.append(f"note: {job.notes[action]}")
    made = [row[0] for row in job.results.get(action, ())]
    if made:
        told.append(f"it made {named(made, HOPS)}")
    cause = "ran-again" if action in past.troubles or action in past.again else "succeeded"
    return Answer(path, "succeeded", cause, sentence, (path,), tuple(told), (_logs(job, path),))


def _why_again(past: Past, action: int) -> str:
    if action in past.again:
        return AGAIN[past.again[action].why]
    events = [trouble.event for trouble in past.troubles[action]]
    failures = [event for event in events if isinstance(event, e.AttemptFailed)]
    if failures:
        last = failures[-1]
        words = reason_in_words(Failure(last.attempt, last.reason, last.code, last.message))
        return f"attempt {last.attempt} had failed: {words}"
    if any(isinstance(event, e.AttemptLost) for event in events):
        return "an attempt was lost with what watched it"
    return "an attempt was ended when the job was held, or given back"
