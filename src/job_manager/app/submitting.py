"""`jm submit`: a checked job put down for whoever supervises this directory, now or later. Starts nothing itself."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from job_manager.app.asking import Asked, put
from job_manager.app.bringing import bring_in, refuse_inside
from job_manager.app.home import Home
from job_manager.app.inbox import Inbox, check_request_id, request_id
from job_manager.app.loading import Loaded
from job_manager.app.looking import look, resolve
from job_manager.core.said import SubmitJob
from job_manager.formats import is_job
from job_manager.model.document import job_document
from job_manager.model.errors import NotFound
from job_manager.model.record import NamedTuple, replace
from job_manager.model.site_document import site_document
from job_manager.worker.layout import layout_of


class Submission(NamedTuple):
    """What is said of a job beside its file. `after`: jobs that have to succeed first; `request`: an id that makes the
    same job of the same request, however often it is made, or ""."""

    request: str = ""
    priority: float | None = None
    after: tuple[str, ...] = ()
    paused: bool = False


def jobs_among(words: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Job files and the files that each is given: what can only be a job begins the next."""
    found = [(words[0], list[str]())]
    for word in words[1:]:
        if is_job(word):
            found.append((word, []))
        else:
            found[-1][1].append(word)
    return found


def submit(home: Home, loaded: Loaded, said: Submission) -> Asked:
    """Submit a checked job; when this returns it survives a power cut. Raises InputError, Refused, EngineError."""
    if said.request:
        check_request_id(said.request)
    refuse_inside(home, loaded.site.out)
    home.make()
    request = said.request or _fresh(home)
    id = job_of(request)
    if said.request and _is_there(home, id):
        return Asked(id, True, False)
    after = tuple(resolve(home, word) for word in said.after)
    site = replace(loaded.site, after_jobs=after) if after else loaded.site
    bring_in(layout_of(home.jobs, id, site), loaded.job, site)
    job = loaded.job if said.priority is None else replace(loaded.job, priority=said.priority)
    return put(home, SubmitJob(id, job_document(job), site_document(site), request, said.paused))


def job_of(request: str) -> str:
    """The job that a request to submit makes: 12 hexadecimal digits."""
    return hashlib.blake2b(request.encode("ascii"), digest_size=6).hexdigest()


def _fresh(home: Home) -> str:
    """A request of which no job was made: two that drew alike are two jobs all the same."""
    request = request_id()
    while _is_there(home, job_of(request)):
        request = request_id()
    return request


def is_waiting(home: Home, request: str) -> bool:
    """Whether a request of that id has not been taken up yet."""
    return Inbox(home.inbox).has(request)


def _is_there(home: Home, id: str) -> bool:
    try:
        look(home, id)
    except NotFound:
        return False
    return True
