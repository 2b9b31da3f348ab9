"""A journal put in the place of a damaged one, in one step that a crash at any moment leaves undone or done.

The new file is written under one name, and given another (READY) when it is whole: from then on it counts, and
whoever opens the journal next brings to its end what is left to do. Knows no content.
"""

from __future__ import annotations

import os
import time

from job_manager.engines.sqlite.mark import clear_mark

BUILDING, READY, DAMAGED = "-building", "-ready", ".damaged-"
BESIDE = ("-wal", "-shm")


def being_written(path: str) -> str:
    """Where the new journal is to be written; what an earlier try left there is gone."""
    for ending in ("", *BESIDE, "-open"):
        _remove(path + BUILDING + ending)
    return path + BUILDING


def keep_copy(path: str) -> list[str]:
    """Copies of the damaged file and its log beside it, on the disk when this returns; their paths."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    copies = []
    for ending in ("", "-wal"):
        if os.path.exists(path + ending) and (not ending or os.path.getsize(path + ending)):
            copies.append(_copied(path + ending, f"{path}{DAMAGED}{stamp}{ending}"))
    sync_folder(path)
    return copies


def put_in_place(path: str) -> None:
    """The journal that was written takes the place of the other."""
    handle = os.open(path + BUILDING, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    os.rename(path + BUILDING, path + READY)
    sync_folder(path)
    finish(path)


def finish(path: str) -> None:
    """Do the rest, if a new journal is ready. For the holder of the directory only."""
    if not os.path.exists(path + READY):
        return
    clear_mark(path)
    for ending in BESIDE:  # first, or the log of the old file would be taken for that of the new one
        _remove(path + ending)
    sync_folder(path)
    os.rename(path + READY, path)
    sync_folder(path)


def current(path: str) -> str:
    """The file that counts: the new one as soon as it is ready."""
    return path + READY if os.path.exists(path + READY) else path


def _copied(source: str, target: str) -> str:
    number = 1
    free = target
    while os.path.exists(free):
        number += 1
        free = f"{target}.{number}"
    with open(source, "rb") as content, open(os.open(free, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        while block := content.read(1 << 20):
            copy.write(block)
        copy.flush()
        os.fsync(copy.fileno())
    return free


def sync_folder(path: str) -> None:
    """What was renamed or removed beside the file stays so after a power cut."""
    handle = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
