"""Looking without touching: which jobs there are, how one stands, where its logs are. Needs no lock and no holder.

Gives plain documents with stable keys; knows no terminal.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from job_manager.app import wiring
from job_manager.app.calls import call_documents
from job_manager.app.home import Home, Hosting
from job_manager.core import table
from job_manager.core.events import Event, JobResumed, JobSubmitted
from job_manager.core.evolve import fold
from job_manager.core.said import SubmitJob
from job_manager.core.state import JobState, State
from job_manager.model.bulk import bulk
from job_manager.model.errors import EngineError, NotFound, Refused
from job_manager.model.hints import TYPE_CHECKING, Any
from job_manager.model.job import Function
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted
from job_manager.ports.history import JobRow
from job_manager.worker.layout import Layout, layout_of

if TYPE_CHECKING:
    from job_manager.app.inbox import Waiting

Document = dict[str, Any]
INTERRUPTED = "interrupted"
PAUSED = "paused"
SUBMITTED = "submitted"  # and nobody has begun with it
FEW_LOGS = 100  # actions of which each log is looked for
NOTHING: Mapping[int, str] = MappingProxyType({})
NOTHING_STILL: Mapping[int, float] = MappingProxyType({})


def _rows(home: Home) -> Sequence[JobRow]:
    waiting = submissions(home)
    reading = wiring.open_reading(home)
    try:
        rows = reading.jobs()
    finally:
        reading.close()
    if not waiting:
        return rows
    known = {row.id for row in rows}
    fresh = (each for each in reversed(waiting) if each.request.job not in known)
    return [*(JobRow(each.request.job, _title(each), SUBMITTED, each.at, None, {}) for each in fresh), *rows]


def submissions(home: Home) -> list[Waiting]:
    """Jobs that are submitted and that no holder has taken up yet, the oldest first. To be read before the journal is
    opened: what is taken up in between is in both, and never in neither."""
    if not any(name.endswith(".json") for name in _names(home.inbox)):
        return []
    # Imported here: mostly nothing waits.
    from job_manager.app.inbox import Inbox

    return [waiting for waiting in Inbox(home.inbox).read() if isinstance(waiting.request, SubmitJob)]


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _title(waiting: Waiting) -> str:
    assert isinstance(waiting.request, SubmitJob)
    title: str = waiting.request.document["Job"].get("title", "")
    return title


def resolve(home: Home, word: str) -> str:
    """The id of the job that `word` names: `last`, an id, or the unique beginning of one. Raises NotFound, Refused."""
    ids = [row.id for row in _rows(home)]
    if not ids:
        raise NotFound(f"there is no job in {home.path}", "jobs are made by `jm run`; another directory: --home DIR")
    if word == "last":
        return ids[0]
    if word in ids:
        return word
    found = [id for id in ids if word and id.startswith(word)]
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(found[:5])
        raise Refused(f"{quoted(word)} is the beginning of {len(found)} job ids: {some}", "give more of it")
    raise NotFound(f"there is no job {quoted(word)} in {home.path}", "`jm ls` shows those there are")


def verified_list(home: Home) -> tuple[list[Document], list[str]]:
    """The `job_list`, held to the histories that it is a cache of, and what is damaged of the whole.

    A job whose history cannot be used has the state `unreadable`, and as `problem` the reason."""
    # Imported here: who looks at one job needs none of it.
    from job_manager.app.soundness import UNREADABLE, unreadable

    listed = job_list(home)
    reading = wiring.open_reading(home)
    try:
        for job in listed:
            why = unreadable(reading, job["id"], job["finished"] is None)
            job["problem"] = why or None
            job["state"] = UNREADABLE if why else job["state"]
        whole = [str(damage) for damage in reading.damages_of_log()]
    finally:
        reading.close()
    return listed, whole


def job_list(home: Home) -> list[Document]:
    """A document per job, newest first: id, name, state, submitted, finished (epoch seconds or None), counts."""
    running = home.hosting()
    return [
        {
            "id": row.id,
            "name": row.name,
            "state": _shown(row, running),
            "submitted": row.submitted,
            "finished": row.finished,
            "counts": row.counts,
        }
        for row in _rows(home)
    ]


def _shown(row: JobRow, running: Hosting) -> str:
    if row.state not in ("open", SUBMITTED):
        return row.state
    if row.state == SUBMITTED:
        return "waiting" if running.has(row.id) else SUBMITTED
    return "running" if running.has(row.id) else INTERRUPTED


class Look(NamedTuple):
    """One job as it stands: folded from its events, and whether somebody runs it at this moment."""

    job: JobState
    layout: Layout
    hosted: bool
    farm: State | None = None  # the state that the job is part of
    keepers: str = ""  # the folder of the keepers, one of which may run its actions

    def waits(self) -> Mapping[int, str]:
        """For what its ready actions wait; nobody knows when nobody runs it."""
        from job_manager.app.waiting import waits

        return waits(self.farm, self.job) if self.hosted and self.farm is not None and not self.job.held else {}

    def still(self) -> Mapping[int, float]:
        """Since when (Unix time) those of its actions that run have neither written nor worked, if that is long."""
        if not (self.keepers and self.job.leases):
            return NOTHING_STILL
        from job_manager.worker.adoption import still
        from job_manager.worker.attempt import read_token

        found = ((*read_token(token), since) for token, since in still(self.keepers).items())
        return {
            index: since
            for job, index, attempt, since in found
            if job == self.job.id and index in self.job.leases and self.job.leases[index].attempt == attempt
        }

    @property
    def state(self) -> str:
        """The job's state in a word."""
        if self.job.finished or self.hosted or self.job.state == PAUSED:
            return self.job.state
        return INTERRUPTED if self.job.taken_up else SUBMITTED

    @property
    def counts(self) -> dict[str, int]:
        """The number of its actions by state, zeros left out."""
        seen: dict[str, int] = {}
        for state, number in self.job.counted(as_seen=True).items():
            shown = self.as_seen(state)
            seen[shown] = seen.get(shown, 0) + number
        return seen

    def as_seen(self, state: str) -> str:
        """An action's state; what ran when its host was killed is interrupted, not running."""
        return INTERRUPTED if not self.hosted and state in ("leased", "running") else state


def look(home: Home, word: str) -> Look:
    """The job that `word` names. Raises NotFound, Refused, EngineError."""
    id = resolve(home, word)
    waiting = submissions(home)
    reading = wiring.open_reading(home)
    try:
        with bulk():
            farm = fold(State(), reading.events(id))
    finally:
        reading.close()
    if id not in farm.jobs:
        farm = fold(farm, to_come(waiting, id))
    job = farm.job(id)
    layout = layout_of(home.jobs, id, job.site)
    return Look(job, layout, home.hosting().has(id), farm, home.keepers)


def to_come(waiting: Iterable[Waiting], id: str) -> list[Event]:
    """The beginning of a job that nobody has taken up yet."""
    from job_manager.core.admit import admit

    own = (each for each in waiting if each.request.job == id)
    return [event for each in own for event in admit(State(), each.request, each.at)]


def layout_found(home: Home, id: str) -> Layout:
    """Where the things of a job stand; of one whose history cannot be read, where they usually do. Without a fold."""
    store = ""
    reading = wiring.open_reading(home)
    try:
        for event in reading.events(id):
            if isinstance(event, JobSubmitted | JobResumed):
                store = str(event.site.get("store", ""))
    except EngineError:
        pass  # what it left is to be found all the same
    finally:
        reading.close()
    return Layout(home.jobs, id, store and os.path.join(store, id))


def status(found: Look, *, one_by_one: bool = False) -> Document:
    """Everything `jm status --json` says about a job. `one_by_one`: its actions are an iterator, and looked at while
    that is read."""
    job, waits, still = found.job, found.waits(), found.still()
    actions = _action_documents(found, waits, still)
    return {
        "id": job.id,
        "name": job.job.name,
        "state": found.state,
        "submitted": job.submitted_at,
        "finished": job.finished_at or None,
        "counts": found.counts,
        "workdir": job.site.workdir,
        "out": job.site.out or None,
        "public": [found.layout.store.path(name, True) for name in found.layout.store.public_names()],
        "actions": actions if one_by_one else list(actions),
    }


def _action_documents(found: Look, waits: Mapping[int, str], still: Mapping[int, float]) -> Iterator[Document]:
    # One look at the folder instead of one for each of a hundred thousand logs that are not there.
    logs = frozenset(_names(found.layout.logs)) if found.job.size > FEW_LOGS else None
    return (action_status(found, index, waits, still, logs) for index in found.job.shape.listed())


def action_status(
    found: Look,
    index: int,
    waits: Mapping[int, str] = NOTHING,
    still: Mapping[int, float] = NOTHING_STILL,
    logs: Collection[str] | None = None,
) -> Document:
    """How one action stands. `began`, `ended`, `still`: epoch seconds or None; `failure`: None or why the last try
    failed; `calls`: of an order; `waits` and `still` as `Look` has them; `logs`: the logs that there are, None: those
    of this action are to be looked for."""
    job = found.job
    state = found.as_seen(table.NAMES[table.WAITING if index in job.early else job.states[index]])
    failure = job.failures.get(index)
    log = log_path(found, index, logs=logs)
    percent, message = _progress(found, index) if state == "running" else (None, "")
    return {
        "path": job.shape.paths[index],
        "role": job.shape.actions[index].role,
        "state": state,
        "waits_for": waits.get(index),
        "attempts": job.attempts[index],
        "began": job.began[index] or None,
        "ended": job.ended[index] or None,
        "still": still.get(index),
        "percent": percent,
        "message": message or None,
        "log": log,
        "result": result_path(found, index) if state == "succeeded" else None,
        "calls": call_documents(job, found.layout, index, state, log),
        "note": job.notes.get(index) if state == "succeeded" else None,
        "failure": failure and {"reason": failure.reason, "code": failure.code, "message": failure.message},
    }


def _progress(found: Look, index: int) -> tuple[float | None, str]:
    # Imported here: what does not run needs no patterns.
    from job_manager.app.calls import progress_of

    log = progress_of(found.job, found.layout, index)
    return log.percent(), log.message


def log_path(
    found: Look, index: int, attempt: int = 0, stream: str = "log", logs: Collection[str] | None = None
) -> str | None:
    """The log of an attempt (0: the last one that left one), or None. `logs`: the names of those that there are."""
    if logs is not None and not logs:
        return None
    job = found.job
    path = job.shape.paths[index]
    attempts = [attempt] if attempt else range(job.attempts[index], 0, -1)
    for number in attempts:
        log = found.layout.log(path, number, stream)
        if os.path.exists(log) if logs is None else os.path.basename(log) in logs:
            return log
    return None


def result_path(found: Look, index: int) -> str | None:
    """The file with what the function of an action returned, as JSON; None where nothing was."""
    job = found.job
    if not isinstance(job.shape.actions[index].work, Function):
        return None
    path = found.layout.result(job.shape.paths[index], job.attempts[index])
    return path if os.path.exists(path) else None


def action_index(job: JobState, word: str) -> int:
    """The action that `word` names: its path, its name where only one has it, or the unique end or beginning of a path.

    Raises NotFound with what is near, Refused when several answer."""
    # What stands for others is none itself: its name is the beginning of theirs.
    paths = {index: job.shape.paths[index] for index in job.shape.listed()}
    for fits in (_is, _is_name, _begins):
        found = [index for index, path in paths.items() if fits(path, word)]
        if len(found) == 1:
            return found[0]
        if found:
            some = ", ".join(paths[index] for index in found[:5])
            raise Refused(f"{quoted(word)} is said of {len(found)} actions: {some}", "give the whole path")
    import difflib

    near = difflib.get_close_matches(word, [*paths.values(), *(path.rsplit("/", 1)[-1] for path in paths.values())], 3)
    hint = f"did you mean {', '.join(near)}?" if near else f"`jm status {job.id}` shows its actions"
    raise NotFound(f"job {job.id} has no action {quoted(word)}", hint)


def _is(path: str, word: str) -> bool:
    return path == word


def _is_name(path: str, word: str) -> bool:
    return path.endswith(f"/{word}")


def _begins(path: str, word: str) -> bool:
    return path.startswith(word) or path.rsplit("/", 1)[-1].startswith(word)
