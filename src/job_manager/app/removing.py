"""Removing a job with everything it left, and nothing of any other. Knows no terminal."""

from __future__ import annotations

from job_manager.app import wiring
from job_manager.app.home import Home
from job_manager.app.looking import look
from job_manager.artifacts.store import Store
from job_manager.worker import adoption


def remove(home: Home, word: str) -> str:
    """Remove the job that `word` names: its children if any outlived their host, its files, its history; its id.

    Artifacts copied to `--out` stay. Raises NotFound, Refused (when the directory is in use)."""
    found = look(home, word)
    id = found.job.id
    home.lock()
    try:
        _end_children(home, id)
        found.layout.store.remove_all()
        Store(found.layout.folder).remove_all()
        journal = wiring.open_journal(home)
        try:
            journal.remove(id)
        finally:
            journal.close()
    finally:
        home.unlock()
    return id


def sweep_keepers(home: Home) -> None:
    """Records of dead keepers that nobody will ask for: none of their jobs is open. For the holder only."""
    traces = [trace for trace in adoption.keepers(home.keepers) if not trace.alive]
    if not traces:
        return
    reading = wiring.open_reading(home)
    try:
        opened = {row.id for row in reading.jobs() if row.state == "open"}
    finally:
        reading.close()
    for trace in traces:
        if not opened.intersection(name.split("/", 1)[0] for name in (*trace.begun, *trace.exits)):
            adoption.end_leftovers(trace, 0.0)
            adoption.remove(trace)


def _end_children(home: Home, id: str) -> None:
    """Keepers that served only this job, and whatever they still run, go with it."""
    for trace in adoption.keepers(home.keepers):
        if trace.begun and all(name.startswith(f"{id}/") for name in trace.begun):
            adoption.end_leftovers(trace, 0.0)
            adoption.remove(trace)
