"""A journal of an older format brought to the present one: a copy first, then one transaction.

Killed at any moment, the file is in the old format or in the new one, whole. Knows the steps and nothing of events.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from job_manager.engines.sqlite.library import sqlite3
from job_manager.engines.sqlite.replacing import sync_folder

STEPS: dict[int, Callable[[sqlite3.Connection], object]] = {}
"""By format: what makes the next one of it. Each step changes tables and rows, and ends no transaction."""


def upgrade(db: sqlite3.Connection, path: str, found: int, wanted: int) -> None:
    """From the format `found` to `wanted`. Raises sqlite3.Error, OSError; KeyError for a step nobody wrote."""
    _copy(db, f"{path}.format-{found}")
    db.execute("BEGIN IMMEDIATE")
    try:
        for number in range(found, wanted):
            STEPS[number](db)
        db.execute(f"PRAGMA user_version={wanted}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _copy(db: sqlite3.Connection, target: str) -> None:
    """The file with what stands in its log, on the disk under that name when this returns."""
    if os.path.exists(target):
        return  # of an earlier try, which ended before it changed anything
    unfinished = f"{target}.new"
    handle = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        copy = sqlite3.connect(unfinished)
        try:
            db.backup(copy)
        finally:
            copy.close()
        os.fsync(handle)
    finally:
        os.close(handle)
    os.rename(unfinished, target)
    sync_folder(target)
