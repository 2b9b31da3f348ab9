"""What lies in a state directory and belongs to nobody: folders of jobs that are gone, records of dead keepers.

Looks only. Knows nothing that is not ours: what has no name or shape of ours is passed over.
"""

from __future__ import annotations

import os

from job_manager.app import wiring
from job_manager.app.home import Home
from job_manager.app.looking import job_list
from job_manager.artifacts.store import INPUTS, PUBLIC, TEMP, WORK
from job_manager.model.names import job_id
from job_manager.model.record import NamedTuple
from job_manager.worker import adoption
from job_manager.worker.adoption import KeeperTrace

PARTS = frozenset({INPUTS, PUBLIC, TEMP, WORK, "logs", "results"})


class KeepersLeft(NamedTuple):
    """`alive`: keepers that live, with so many programs `running`; `dead`: those whose records no open job needs."""

    alive: list[KeeperTrace]
    running: int
    dead: list[KeeperTrace]


def keepers_left(home: Home) -> KeepersLeft:
    """The keepers that have left something."""
    traces = adoption.keepers(home.keepers)
    opened = open_jobs(home) if traces else set()
    alive = [trace for trace in traces if trace.alive]
    dead = [trace for trace in traces if not trace.alive and not opened & jobs_of(trace)]
    return KeepersLeft(alive, sum(len(trace.begun) - len(trace.exits) for trace in alive), dead)


def jobs_of(trace: KeeperTrace) -> set[str]:
    """The jobs of which a keeper has records."""
    return {name.split("/", 1)[0] for name in (*trace.begun, *trace.exits)}


def open_jobs(home: Home) -> set[str]:
    """The ids of the jobs that are not finished."""
    reading = wiring.open_reading(home)
    try:
        return {row.id for row in reading.jobs() if row.finished is None}
    finally:
        reading.close()


def strangers(home: Home) -> list[str]:
    """The folders in jobs/ that look like those of a job, but of none that is in the journal."""
    known = {job["id"] for job in job_list(home)}  # also those that nobody has taken up yet
    try:
        entries = sorted(os.scandir(home.jobs), key=lambda entry: entry.name)
    except OSError:
        return []
    return [entry.path for entry in entries if entry.name not in known and _is_a_jobs(entry)]


def _is_a_jobs(entry: os.DirEntry[str]) -> bool:
    if not entry.is_dir(follow_symlinks=False) or job_id(entry.name):
        return False
    return PARTS.issuperset(name for name in os.listdir(entry.path) if not name.startswith(".removing-"))
