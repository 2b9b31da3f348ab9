"""Removing a job with everything it left, and nothing of any other. Knows no terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable

from job_manager.app import wiring
from job_manager.app.callers import REMOVE
from job_manager.app.home import Home
from job_manager.app.inbox import Inbox, request_id
from job_manager.app.leftovers import keepers_left
from job_manager.app.looking import layout_found, look, resolve
from job_manager.artifacts import removal
from job_manager.artifacts.store import Store
from job_manager.model.errors import JobManagerError
from job_manager.worker import adoption
from job_manager.worker.layout import Layout

LOGS = "logs"


def remove(home: Home, word: str, keep_logs: bool = False) -> str:
    """Remove the job that `word` names: its children if any outlived their host, its files, its history; its id.

    Artifacts copied to `--out` stay. Raises NotFound, Refused (when the directory is in use)."""
    id = resolve(home, word)
    layout = _layout(home, id)
    if not _by_holder(home, id):
        _by_ourselves(home, [id])
    _remove_files(home, layout, keep_logs)
    return id


def remove_all(home: Home, ids: Iterable[str], keep_logs: bool = False) -> None:
    """Remove jobs of a directory that this process holds, and have the journal give their room back."""
    layouts = [layout_found(home, id) for id in ids]
    _forget(home, [layout.id for layout in layouts])
    for layout in layouts:
        _remove_files(home, layout, keep_logs)


def _layout(home: Home, id: str) -> Layout:
    try:
        return look(home, id).layout
    except (JobManagerError, LookupError, TypeError, ValueError):  # a job that makes no sense leaves something, too
        return layout_found(home, id)


def _remove_files(home: Home, layout: Layout, keep_logs: bool) -> None:
    if layout.store.root != os.path.abspath(layout.folder):
        layout.store.remove_all()
    remove_folder(layout, keep_logs)
    Inbox(home.inbox).forget(layout.id)
    try:
        os.unlink(os.path.join(home.owed, layout.id))
    except FileNotFoundError:
        pass


def remove_folder(layout: Layout, keep_logs: bool = False) -> None:
    """Remove the folder of a job."""
    if not keep_logs:
        Store(layout.folder).remove_all()
    elif os.path.isdir(layout.folder):
        removal.remove(layout.folder, [name for name in os.listdir(layout.folder) if name != LOGS])


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


def _by_ourselves(home: Home, ids: Iterable[str]) -> None:
    home.lock()
    try:
        _forget(home, ids)
    finally:
        home.unlock()


def _forget(home: Home, ids: Iterable[str]) -> None:
    journal = wiring.open_journal(home)
    try:
        for id in ids:
            _end_children(home, id)
            journal.remove(id)
        journal.shrink()
    finally:
        journal.close()


def sweep_keepers(home: Home) -> None:
    """Records of dead keepers that nobody will ask for, since none of their jobs is open; and living keepers without
    work. For the holder only, when it has none of its own any more."""
    _sweep_empty(home.keepers)
    left = keepers_left(home)
    gone = [trace for trace in left.alive if adoption.dismissed(trace)]
    if gone:
        left = keepers_left(home)
    for trace in left.dead:
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
