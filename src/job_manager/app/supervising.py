"""`jm up`: the supervisor of a state directory. Takes up every open job, and whatever is submitted, until told to end.

Knows how the parts follow each other; what must happen is decided in core. Knows no terminal.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Mapping, Sequence

from job_manager.app.asking import reach
from job_manager.app.callers import DOWN
from job_manager.app.capacity import Capacity
from job_manager.app.home import SUPERVISOR, Home
from job_manager.app.host import GOING_DOWN, INTERRUPTED, Host
from job_manager.app.interrupts import Interrupts
from job_manager.app.owing import settled
from job_manager.app.running import children_environ, let_go, umask
from job_manager.app.settings import Config
from job_manager.app.wire import Gone
from job_manager.core.events import Event
from job_manager.core.said import ReleaseJob
from job_manager.core.state import JobState
from job_manager.model.errors import EngineError, JobManagerError, NotFound, Refused
from job_manager.model.hints import Protocol


class Log(Protocol):
    """Who is told what a supervisor does."""

    def up(self, home: Home, jobs: int) -> None:
        """It holds the directory and has taken up so many jobs."""

    def told(self, job: JobState, events: Sequence[Event]) -> None:
        """These events of a job are in the journal."""

    def noted(self, job: JobState, action: int, message: str) -> None:
        """Something is to be known of an action of a job, or (-1) of all of it."""

    def trouble(self, job: str, error: JobManagerError) -> None:
        """Something is wrong with one job; the others go on."""

    def down(self, how: str) -> None:
        """It lets go of the directory: nothing of it runs any more, or (`leave`) what runs goes on without it."""


class _Watched:
    """An observer that hands the events of one job on."""

    interval: float | None = None

    def __init__(self, log: Log) -> None:
        self._log = log

    def happened(self, job: JobState, events: Sequence[Event]) -> None:
        """See app.observing.Observer."""
        self._log.told(job, events)

    def tick(self, job: JobState) -> None:
        """Nothing to draw."""

    def interrupted(self, job: JobState, times: int) -> None:
        """It is told when it is down."""

    def noted(self, job: JobState, action: int, message: str) -> None:
        """See app.observing.Observer."""
        self._log.noted(job, action, message)


def supervise(
    home: Home,
    capacity: Capacity,
    config: Config,
    environ: Mapping[str, str],
    log: Log,
    ready: Callable[[], None] = lambda: None,
) -> int:
    """Hold the directory and run its jobs until told to end; how many signals ended it. `ready`: called once it is up.

    Raises Refused, naming the holder, when there is one."""
    home.make()
    home.lock()
    try:
        with Host(home, capacity.slots, children_environ(environ, config), umask()) as host:
            host.offer(capacity, config)
            host.unfinished = log.trouble
            host.supervise(lambda job: _Watched(log))
            interrupts = Interrupts()
            jobs = _take_up(host, log)
            _see_to_what_is_owed(host, home, log)
            ready()
            log.up(home, jobs)
            host.serve(interrupts)
            log.down(host.down)
            return interrupts.count
    finally:
        let_go(home)


def _take_up(host: Host, log: Log) -> int:
    """Every open job, also one that was interrupted; what a person has paused stays so."""
    jobs = []
    for id in host.open_jobs():
        try:
            job = host.load(id)
            if job.held in (INTERRUPTED, GOING_DOWN):
                host.say(ReleaseJob(id))
            jobs.append(job)
        except (EngineError, Refused) as error:
            if host.failed:
                raise  # that the disk fails is no trouble of this job, and nobody would look at it again
            log.trouble(id, error)
    for job in jobs:
        host.take_on(job, _Watched(log))
    return len(jobs)


def _see_to_what_is_owed(host: Host, home: Home, log: Log) -> None:
    """Jobs that have succeeded under an earlier holder, which did not come to putting their results in place."""
    for id in os.listdir(home.owed):
        if host.hosts(id):
            continue
        try:
            host.see_to_end(id)
        except NotFound:
            settled(home, id)
        except (EngineError, Refused) as error:
            if host.failed:
                raise
            log.trouble(id, error)


def end(home: Home, how: str, patience: float | None = None) -> dict[str, object]:
    """Tell the supervisor to end, and wait until it has: `stop` ends what runs within its grace, `drain` lets it come
    to its end. Who it was. Raises Refused where there is none, EngineError when it has not ended in `patience`."""
    holder = home.holder()
    if not holder:
        raise Refused(f"no supervisor holds {home.path}", "`jm up` starts one")
    if holder["kind"] != SUPERVISOR:
        raise Refused(f"`{holder['words']}` (process {holder['pid']}) is no supervisor", "Ctrl-C ends it where it runs")
    peer = reach(home)
    if peer is not None:
        peer.send(DOWN, how)
        give_up = None if patience is None else time.monotonic() + patience
        while give_up is None or time.monotonic() < give_up:
            select.select([peer], [], [], None if give_up is None else max(0.0, give_up - time.monotonic()))
            try:
                peer.receive()
            except Gone:
                break
    return _gone(home, holder)


def _gone(home: Home, holder: dict[str, object]) -> dict[str, object]:
    give_up = time.monotonic() + 10.0
    while home.holder().get("pid") == holder["pid"]:
        if time.monotonic() > give_up:
            raise EngineError(f"the supervisor (process {holder['pid']}) has not ended", "`jm down` again, or kill it")
        time.sleep(0.02)  # between the end of its socket and that of its lock lies what it still tidies up
    return holder
