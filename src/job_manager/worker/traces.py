"""What all keepers of a state directory have left, read once however many jobs ask for it.

Knows how records change: they only grow, and those of a dead keeper not even that. Ends nothing but what nobody owns.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable

from job_manager.model.errors import EngineError
from job_manager.worker import adoption
from job_manager.worker.adoption import KeeperTrace
from job_manager.worker.attempt import read_token
from job_manager.worker.brief import Briefing

Mark = tuple[tuple[int, int, int], ...]


class Traces:
    """The traces below one folder. Those whose leftovers were ended are remembered."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._read: dict[str, tuple[Mark, KeeperTrace, frozenset[str]]] = {}  # by directory, with the jobs in it
        self._ended: set[str] = set()

    def of(self, job: str, incarnations: Container[str]) -> list[KeeperTrace]:
        """Of these incarnations, and all others that have begun something of the job."""
        return [trace for trace, jobs in self._all() if trace.incarnation in incarnations or job in jobs]

    def _all(self) -> list[tuple[KeeperTrace, frozenset[str]]]:
        try:
            names = sorted(os.listdir(self._root))
        except FileNotFoundError:
            return []
        return [self._one(os.path.join(self._root, name)) for name in names]

    def _one(self, directory: str) -> tuple[KeeperTrace, frozenset[str]]:
        mark = tuple(_mark(os.path.join(directory, name)) for name in ("keeper.json", "starts", "exits"))
        before = self._read.get(directory)
        if before is not None and before[0] == mark:
            return adoption.seen_now(before[1]), before[2]
        trace = adoption.read_trace(directory)
        jobs = frozenset(token.rsplit("/", 2)[0] for token in (*trace.begun, *trace.exits))
        self._read[directory] = mark, trace, jobs
        return trace, jobs

    def left_by(self, incarnation: str) -> KeeperTrace:
        """Of one incarnation, by its directory: one that was killed as it came up has not written who it is."""
        return adoption.read_trace(os.path.join(self._root, incarnation))

    def settled(self, trace: KeeperTrace, briefing: Briefing) -> KeeperTrace:
        """Nothing of a keeper that nobody owns is alive any more, nor is it; what stands in its records then. The logs
        of the job are where they belong."""
        if trace.directory not in self._ended and not adoption.end_leftovers(trace, 0.0):
            self._ended.add(trace.directory)
        settled = self._one(trace.directory)[0]
        name_logs(settled, [briefing])
        return settled


class Starts:
    """Keepers that end before they have said a word. One may be killed; of so many in a row it is not chance, and
    another would fare no better."""

    MOST = 10

    def __init__(self) -> None:
        self._mute = 0

    def spoke(self) -> None:
        """One has come up."""
        self._mute = 0

    def died(self, directory: str) -> None:
        """One has ended. Raises EngineError when it is one too many."""
        self._mute += 1
        if self._mute > self.MOST:
            text = f"the process that starts the programs ended {self._mute} times before it was up: {directory}"
            raise EngineError(text, "keeper.log there may say why; is the disk of the state directory well?")


def name_logs(trace: KeeperTrace, briefings: Iterable[Briefing]) -> None:
    """Logs that a keeper had not given their names yet when it died; whoever writes to one goes on doing so."""
    known = {briefing.job.id: briefing for briefing in briefings}
    last = {begun.log: name for name, begun in trace.begun.items() if begun.log}  # who had it before wrote nothing
    for log, name in last.items():
        job, index, attempt = read_token(name)
        briefing = known.get(job)
        if briefing is None or index >= len(briefing.job.states):
            continue
        path = briefing.layout.log(briefing.job.shape.paths[index], attempt)
        try:
            if os.stat(os.path.join(trace.directory, log)).st_size and not os.path.lexists(path):
                os.rename(os.path.join(trace.directory, log), path)
        except OSError:
            pass  # it has its name, or there is no place for it


def _mark(path: str) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns
