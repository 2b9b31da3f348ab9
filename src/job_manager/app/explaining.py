"""Why a job or an action stands where it does, and its story: read from the journal beside whoever writes it.

Adds to the core's answer what only the disk knows: the end of the log, and what its words suggest. Decides nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from job_manager.app import wiring
from job_manager.app.home import Home
from job_manager.app.looking import Look, action_index, look, resolve, submissions, to_come
from job_manager.core import table
from job_manager.core.answers import Answer, View
from job_manager.core.explain import why
from job_manager.core.overall import first_failed, why_job
from job_manager.core.past import Past, Timed
from job_manager.core.story import Line, story
from job_manager.model.hints import TYPE_CHECKING, Any
from job_manager.model.record import NamedTuple
from job_manager.ports.history import History
from job_manager.worker.layout import layout_of

if TYPE_CHECKING:
    from job_manager.app.inbox import Waiting

Document = dict[str, Any]
LINES = 10  # of a log that are shown
OWN_END = (table.FAILED, table.LOST, table.CANCELLED)


class Explained(NamedTuple):
    """The job's id and the answer; of what failed also the `log`, its last lines and what these suggest."""

    id: str
    answer: Answer
    log: str | None = None
    tail: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    def document(self) -> Document:
        """As `jm why --json` has it, but for the commands."""
        answer = self.answer
        return {
            "id": self.id,
            "path": answer.path or None,
            "state": answer.state,
            "cause": answer.cause,
            "reason": answer.reason or None,
            "about": list(answer.about),
            "sentence": answer.sentence,
            "evidence": list(answer.evidence),
            "groups": [group._asdict() | {"paths": list(group.paths)} for group in answer.groups],
            "log": self.log,
            "tail": list(self.tail),
            "hints": list(self.hints),
        }


def local_time(now: float) -> Any:
    """How a time is written here: of today without its date."""
    today = time.localtime(now)[:3]

    def spelt(at: float) -> str:
        there = time.localtime(at)
        return time.strftime("%H:%M:%S" if there[:3] == today else "%Y-%m-%d %H:%M:%S", there)

    return spelt


def explain(home: Home, word: str, action: str = "") -> Explained:
    """Why the job that `word` names, or an action of it, stands where it does.

    Raises NotFound, Refused, EngineError."""
    past = _past(home, resolve(home, word))
    job, now = past.job, time.time()
    found = Look(job, layout_of(home.jobs, job.id, job.site), home.hosting().has(job.id), past.state)
    view = View(now, found.hosted, local_time(now))
    if not action:
        answer = why_job(past, view)._replace(state=found.state)
        failed = first_failed(job)
        index = failed[0] if failed and answer.cause in ("failed", "lost") else -1
    else:
        index = action_index(job, action)
        answer = why(past, index, view)
        answer = answer._replace(state=found.as_seen(answer.state))
    return _with_log(found, index, answer) if index >= 0 and job.states[index] in OWN_END else Explained(job.id, answer)


def _past(home: Home, id: str) -> Past:
    """The job, in the farm of all that is run together with it, and with the jobs that it comes after."""
    past, hosting = Past(id), home.hosting()
    waiting = submissions(home)
    reading = wiring.open_reading(home)
    try:
        past.fold(_history(waiting, reading, id))
        beside = [row.id for row in reading.jobs() if row.id != id and row.state == "open" and hosting.has(row.id)]
        for other in dict.fromkeys([*(beside if hosting.has(id) else ()), *past.job.site.after_jobs]):
            past.fold(reading.timed(other))
    finally:
        reading.close()
    return past


def _history(waiting: Sequence[Waiting], reading: History, id: str) -> Iterator[Timed]:
    """Every event of a job, or what there will be to begin with when somebody takes it up."""
    known = False
    for timed in reading.timed(id):
        known = True
        yield timed
    if not known:
        yield from ((getattr(event, "at", 0.0), event) for event in to_come(waiting, id))


def _with_log(found: Look, index: int, answer: Answer) -> Explained:
    from job_manager.app.cards import card

    known = card(found.job, found.layout, index)
    log, tail, hints = known["err"] or known["log"], known["tail"][-LINES:], known["hints"]
    return Explained(found.job.id, answer, log, tuple(tail), tuple(hints))


# --- the story -------------------------------------------------------------------------------------------------------


class Told(NamedTuple):
    """The job's id, the path of the action or "", and the lines, which are read as they are asked for."""

    id: str
    path: str
    lines: Iterator[Line]


# What happens to every action is left out of a job's story unless it is asked for.
USUAL = frozenset({"leased", "chained", "started", "returned", "retried"})


def tell(home: Home, word: str, action: str = "", everything: bool = False) -> Told:
    """The story of the job that `word` names, or of an action of it. Raises NotFound, Refused, EngineError."""
    if not action:
        id, path = resolve(home, word), ""
    else:
        job = look(home, word).job
        id, path = job.id, job.shape.paths[action_index(job, action)]
    return Told(id, path, _lines(home, id, path, everything or bool(path)))


def _lines(home: Home, id: str, path: str, everything: bool) -> Iterator[Line]:
    waiting = submissions(home)
    reading = wiring.open_reading(home)
    try:
        told = story(_history(waiting, reading, id), local_time(time.time()), path)
        yield from (line for line in told if everything or line.event not in USUAL)
    finally:
        reading.close()
