"""The mending port over one journal file: salvage.py finds, replacing.py puts in place. Knows no rules."""

from __future__ import annotations

import os
from collections.abc import Sequence

from job_manager.core.events import Event, pack
from job_manager.engines.sqlite import replacing
from job_manager.engines.sqlite.faults import engine_errors
from job_manager.engines.sqlite.holding import in_words, others
from job_manager.engines.sqlite.journal import LOG_LIMIT, Journal, log_size
from job_manager.engines.sqlite.salvage import salvage
from job_manager.ports.mending import Salvaged


class Mender:
    """See ports.mending."""

    def __init__(self, path: str) -> None:
        self.path = path

    def salvage(self) -> Sequence[Salvaged]:
        """Every job of which anything is found, oldest first."""
        path = replacing.current(self.path)
        return salvage(path) if os.path.exists(path) else []

    def keep_copy(self) -> Sequence[str]:
        """Copies of the file and its log beside them."""
        with engine_errors(self.path):
            return replacing.keep_copy(self.path)

    def write(self, saved: Sequence[Salvaged], more: Sequence[tuple[float, Event]]) -> None:
        """A new file in the place of the other."""
        with engine_errors(self.path):
            journal = Journal(replacing.being_written(self.path))
            try:
                turns = sorted((turn for job in saved for turn in job.turns), key=lambda turn: turn.n)
                journal.restore((turn.job, turn.at, turn.length, turn.body) for turn in turns)
                for at, event in more:
                    journal.append(at, [(event.job, journal.head(event.job), [pack(event)])])
            finally:
                journal.close()
            replacing.put_in_place(self.path)

    def copies(self) -> Sequence[str]:
        """The copies beside the file."""
        folder, name = os.path.split(self.path)
        found = sorted(each for each in os.listdir(folder) if each.startswith(name + replacing.DAMAGED))
        return [os.path.join(folder, each) for each in found]

    def log(self) -> tuple[int, str]:
        """Bytes of a log that is too long, and who reads it."""
        size = log_size(self.path)
        return (size, in_words(others(self.path))) if size > LOG_LIMIT else (0, "")
