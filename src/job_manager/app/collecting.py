"""What of a state directory nobody needs any more, and taking it away: old jobs, and what crashes left.

Never an open job, nor one that an open one waits for; nothing that has no name or shape of ours. Knows no terminal.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from job_manager.app import wiring
from job_manager.app.home import Home
from job_manager.app.leftovers import keepers_left, strangers
from job_manager.app.looking import layout_found
from job_manager.app.removing import LOGS, remove, remove_all, remove_folder, sweep_keepers
from job_manager.app.soundness import unreadable
from job_manager.core.events import JobResumed, JobSubmitted
from job_manager.model.record import NamedTuple
from job_manager.ports.history import History, JobRow
from job_manager.worker.layout import Layout

JOB, FOLDER, KEEPER, ANSWER = "job", "folder", "keeper", "answer"
FRESH = 3600.0  # seconds: somebody may be about to submit a job, whose inputs lie there before it is known
GOOD = frozenset({"succeeded", "cancelled"})  # what nobody is likely to take up again


class Waste(NamedTuple):
    """Something to be removed. `kind`: job, folder (of a job that is gone), keeper (its records) or answer (to a
    request); `size` in bytes on disk, without what a job takes in the journal."""

    kind: str
    name: str
    path: str
    size: int
    words: str = ""


def waste(home: Home, older: float, failed: bool = False, keep_logs: bool = False) -> list[Waste]:
    """What there is to remove: jobs that ended longer ago than `older` seconds, with `failed` also those that failed,
    and what has lain about for as long. Needs no lock. Raises Damaged."""
    if not os.path.isdir(home.jobs):
        return []
    wiring.refuse_damaged(home)
    before = wiring.system_clock().wall() - older
    return [
        *_jobs(home, before, failed, keep_logs),
        *(_folder(path, keep_logs) for path in strangers(home) if _last_touched(path) < before - FRESH),
        *(_records(trace.directory) for trace in keepers_left(home).dead),
        *_answers(home, before),
    ]


def collect(home: Home, older: float, failed: bool = False, keep_logs: bool = False) -> list[Waste]:
    """Remove it; what was removed. Where somebody holds the directory he forgets the jobs, and what lies about stays
    for another time. Raises Refused when he does not answer, Damaged."""
    if not os.path.isdir(home.jobs):
        return []
    if home.holder():
        found = [each for each in waste(home, older, failed, keep_logs) if each.kind == JOB]
        for each in found:
            remove(home, each.name, keep_logs)
        return found
    home.lock()
    try:
        found = waste(home, older, failed, keep_logs)
        remove_all(home, [each.name for each in found if each.kind == JOB], keep_logs)
        for each in found:
            if each.kind == FOLDER:
                remove_folder(Layout(home.jobs, each.name), keep_logs)
            elif each.kind == ANSWER:
                os.unlink(each.path)
        sweep_keepers(home)
        return found
    finally:
        home.unlock()


# --- jobs -------------------------------------------------------------------------------------------------------------


def _jobs(home: Home, before: float, failed: bool, keep_logs: bool) -> Iterator[Waste]:
    reading = wiring.open_reading(home)
    try:
        rows = reading.jobs()
        awaited = set(_awaited(reading, rows))
        for row in reversed(rows):
            old = row.finished is not None and row.finished < before
            if old and (failed or row.state in GOOD) and row.id not in awaited:
                layout = layout_found(home, row.id)
                size = usage(layout.folder, keep_logs) + _elsewhere(layout)
                yield Waste(JOB, row.id, layout.folder, size, f"{row.name}, {row.state}")
    finally:
        reading.close()


def _elsewhere(layout: Layout) -> int:
    """What a job keeps outside of its folder."""
    return 0 if layout.store.root == os.path.abspath(layout.folder) else usage(layout.store.root)


def _awaited(reading: History, rows: Sequence[JobRow]) -> Iterator[str]:
    """The jobs that others, which are not finished, are to come after."""
    for row in rows:
        if row.finished is not None or unreadable(reading, row.id, open=False):
            continue
        for event in reading.events(row.id):
            if isinstance(event, JobSubmitted | JobResumed):
                yield from event.site.get("after_jobs", ())


# --- what lies about --------------------------------------------------------------------------------------------------


def _records(path: str) -> Waste:
    return Waste(KEEPER, os.path.basename(path), path, usage(path))


def _folder(path: str, keep_logs: bool) -> Waste:
    return Waste(FOLDER, os.path.basename(path), path, usage(path, keep_logs))


def _answers(home: Home, before: float) -> Iterator[Waste]:
    """What was written into the inbox for somebody who never came to read it; requests stay until they are heard."""
    try:
        entries = list(os.scandir(os.path.join(home.path, "inbox")))
    except OSError:
        return
    for entry in entries:
        if not entry.name.endswith(".json") and entry.is_file(follow_symlinks=False):
            found = entry.stat(follow_symlinks=False)
            if found.st_mtime < before:
                yield Waste(ANSWER, entry.name, entry.path, found.st_blocks * 512)


def _last_touched(path: str) -> float:
    """When something was last made or removed in a folder, or directly below it."""
    times = [os.lstat(path).st_mtime]
    with os.scandir(path) as entries:
        times += [entry.stat(follow_symlinks=False).st_mtime for entry in entries]
    return max(times)


def usage(path: str, keep_logs: bool = False) -> int:
    """Bytes on disk of a folder with everything in it; links count as links, and what vanishes meanwhile as nothing.
    `keep_logs`: without its logs."""
    total, folders = 0, [path]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if keep_logs and folder == path and entry.name == LOGS:
                        continue
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except OSError:
            continue
    return total
