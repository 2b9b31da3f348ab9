"""Removing a job with everything it left, and nothing of any other. Knows no terminal."""

from __future__ import annotations

import os

from job_manager.app import wiring
from job_manager.app.callers import REMOVE
from job_manager.app.home import Home
from job_manager.app.inbox import Inbox, request_id
from job_manager.app.looking import look
from job_manager.artifacts.store import Store
from job_manager.worker import adoption


def remove(home: Home, word: str) -> str:
    """Remove the job that `word` names: its children if any outlived their host, its files, its history; its id.

    Artifacts copied to `--out` stay. Raises NotFound, Refused (when the directory is in use)."""
    found = look(home, word)
    id = found.job.id
    if not _by_holder(home, id):
        _by_ourselves(home, id)
    found.layout.store.remove_all()
    Store(found.layout.folder).remove_all()
    Inbox(home.inbox).forget(id)
    return id


def _by_holder(home: Home, id: str) -> bool:
    """Whether there is a holder, and it has forgotten the job. Raises Refused."""
    if not home.holder():
        return False
    from job_manager.app.asking import hears, reach  # mostly nobody is there

    peer = reach(home)
    if peer is None:
        return False
    try:
        request = request_id()
        return hears(peer, request, REMOVE, request, id)
    finally:
        peer.close()


def _by_ourselves(home: Home, id: str) -> None:
    home.lock()
    try:
        _end_children(home, id)
        journal = wiring.open_journal(home)
        try:
            journal.remove(id)
        finally:
            journal.close()
    finally:
        home.unlock()


def sweep_keepers(home: Home) -> None:
    """Records of dead keepers that nobody will ask for: none of their jobs is open. For the holder only."""
    _sweep_empty(home.keepers)
    traces = [trace for trace in adoption.keepers(home.keepers) if adoption.dismissed(trace)]
    if not traces:
        return
    reading = wiring.open_reading(home)
    try:
        opened = {row.id for row in reading.jobs() if not row.finished}
    finally:
        reading.close()
    for trace in traces:
        if not opened.intersection(name.split("/", 1)[0] for name in (*trace.begun, *trace.exits)):
            adoption.end_leftovers(trace, 0.0)
            adoption.remove(trace)


def _sweep_empty(keepers: str) -> None:
    """Folders of keepers that were killed, or without power, before they had put anything there."""
    for name in os.listdir(keepers):
        try:
            os.rmdir(os.path.join(keepers, name))
        except OSError:
            pass  # there is something in it


def _end_children(home: Home, id: str) -> None:
    """Keepers that served only this job, and whatever they still run, go with it."""
    for trace in adoption.keepers(home.keepers):
        if trace.begun and all(name.startswith(f"{id}/") for name in trace.begun):
            adoption.end_leftovers(trace, 0.0)
            adoption.remove(trace)
