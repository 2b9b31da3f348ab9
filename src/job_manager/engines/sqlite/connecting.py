"""A connection to a database file that changes nothing, whatever its path is called. Knows no tables."""

from __future__ import annotations

import os

from job_manager.engines.sqlite.library import sqlite3


def _address(path: str, how: str) -> str:
    path = os.path.abspath(path)
    for sign in "%?#":  # the signs that mean something in an address; the percent first
        path = path.replace(sign, f"%{ord(sign):02x}")
    return f"file://{path}?{how}"


def connect(path: str, how: str) -> sqlite3.Connection:
    """mode=ro: a connection that could write would, as the last to close, fold the log into the file."""
    return sqlite3.connect(_address(path, how), uri=True, isolation_level=None, timeout=5)
