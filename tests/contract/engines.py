"""Every engine that must keep the port's contract, with what it can do; a test skips what an engine cannot, visibly.

Knows how each is opened over the same history again. A new engine adds a class here and nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest

from job_manager.core.events import Event
from job_manager.engines.memory import MemoryEngine
from job_manager.engines.sqlite.engine import SqliteEngine
from job_manager.engines.sqlite.journal import Journal
from job_manager.ports.engine import Engine
from job_manager.testing import FakeClock


class Bench(Protocol):
    """One history. `open` gives another engine on it, which is to know these jobs' events."""

    can: frozenset[str]

    def open(self, *jobs: str) -> Engine: ...


class Memory:
    """Two engines may share the list; nothing outlives the process, and everybody sees what others write."""

    can = frozenset({"tells of others' events"})

    def __init__(self, folder: Path) -> None:
        self.journal: list[Event] = []

    def open(self, *jobs: str) -> Engine:
        return MemoryEngine(self.journal)


class Sqlite:
    """One file. Other processes' events are read when one's own commit finds that somebody was faster."""

    can = frozenset({"durable"})

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "journal.db")

    def open(self, *jobs: str) -> Engine:
        engine = SqliteEngine(Journal(self.path), FakeClock())
        for job in jobs:
            engine.watch(job)
        return engine


BENCHES: dict[str, type[Memory] | type[Sqlite]] = {"memory": Memory, "sqlite": Sqlite}


def needs(bench: Bench, *abilities: str) -> None:
    """Skip, with the reason, where the engine does not say it can."""
    missing = set(abilities) - bench.can
    if missing:
        pytest.skip(f"{type(bench).__name__} does not declare: {', '.join(sorted(missing))}")
