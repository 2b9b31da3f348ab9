"""Removing a job with everything it left, and nothing of any other. Knows no terminal."""

from __future__ import annotations

import os

from job_manager.app import wiring
from job_manager.app.home import Home
from job_manager.app.leftovers import keepers_left
from job_manager.app.looking import layout_of, resolve
from job_manager.artifacts import removal
from job_manager.artifacts.store import Store
from job_manager.worker import adoption
from job_manager.worker.layout import Layout

LOGS = "logs"


def remove(home: Home, word: str) -> str:
    """Remove the job that `word` names: its children if any outlived their host, its files, its history; its id.

    Artifacts copied to `--out` stay. Raises NotFound, Refused (when the directory is in use)."""
    id = resolve(home, word)
    home.lock()
    try:
        remove_all(home, [id])
    finally:
        home.unlock()
    return id


def remove_all(home: Home, ids: list[str], keep_logs: bool = False) -> None:
    """Remove jobs of a held directory, and have the journal shrink."""
    journal = wiring.open_journal(home)
    try:
        for id in ids:
            layout = layout_of(home, id)
            _end_children(home, id)
            if layout.store.root != os.path.abspath(layout.folder):
                layout.store.remove_all()
            remove_folder(layout, keep_logs)
            journal.remove(id)
        journal.shrink()
    finally:
        journal.close()


def remove_folder(layout: Layout, keep_logs: bool = False) -> None:
    """Remove the folder of a job."""
    if not keep_logs:
        Store(layout.folder).remove_all()
        return
    if os.path.isdir(layout.folder):
        removal.remove(layout.folder, [name for name in os.listdir(layout.folder) if name != LOGS])


def sweep_keepers(home: Home) -> int:
    """Records of dead keepers that nobody will ask for: none of their jobs is open. For the holder only; how many."""
    dead = keepers_left(home).dead
    for trace in dead:
        adoption.end_leftovers(trace, 0.0)
        adoption.remove(trace)
    return len(dead)


def _end_children(home: Home, id: str) -> None:
    """Keepers that served only this job, and whatever they still run, go with it."""
    for trace in adoption.keepers(home.keepers):
        if trace.begun and all(name.startswith(f"{id}/") for name in trace.begun):
            adoption.end_leftovers(trace, 0.0)
            adoption.remove(trace)
