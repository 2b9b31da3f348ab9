"""The search: runs mutants of what is kept, keeps what reaches something new, collects what breaks the promise.

Runs in a child process that `watch.py` looks after; a mutant that kills it is in the file `current`.
"""

from __future__ import annotations

import mmap
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from tests.formats.fuzz.mutate import LONGEST, Mutator, words_of
from tests.formats.fuzz.reach import Reach
from tests.formats.fuzz.targets import Target

SECONDS = 2.0  # of processor time for one input
MEGABYTES = 300  # beside what the program has when it begins
WATCHED_SECONDS = 15  # being watched takes up to ten times as long; what is slow then is timed alone
KEPT = 4096  # bytes of a mutant that others are made of: long ones would take all the time
HUNG_SECONDS = 60  # of real time: the system ends the child, wherever it is


class Slow(BaseException):
    """An input took longer than it may. No Exception, so that no reader catches it."""


@dataclass
class Failure:
    """What broke, and the input. `kind` is one for all inputs that break alike."""

    kind: str
    raw: bytes
    shown: str = ""


@dataclass
class Search:
    """What one search found."""

    runs: int = 0
    kept: int = 0
    steps: int = 0
    failures: dict[str, Failure] = field(default_factory=dict)


class Current:
    """The input that is being run, in a file that outlives this process."""

    def __init__(self, path: Path) -> None:
        with path.open("w+b") as file:
            file.truncate(LONGEST + 8)
            self._map = mmap.mmap(file.fileno(), LONGEST + 8)

    def set(self, raw: bytes) -> None:
        raw = raw[:LONGEST]
        self._map[:8] = len(raw).to_bytes(8, "big")
        self._map[8 : 8 + len(raw)] = raw

    @staticmethod
    def left(path: Path) -> bytes:
        """What the dead process was running."""
        raw = path.read_bytes()
        return raw[8 : 8 + int.from_bytes(raw[:8], "big")]


def bound_memory() -> None:
    """From here on this process can take only so much more memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    limit = pages * os.sysconf("SC_PAGE_SIZE") + (MEGABYTES << 20)
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def outcome(read: Callable[[bytes], None], raw: bytes, seconds: float = SECONDS) -> Failure | None:
    """What goes wrong when the input is read, within bounds of time; None when nothing does."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise Slow

    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, HUNG_SECONDS)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        read(raw)
    except Slow:
        return Failure("slow", raw, f"takes more than {seconds:g} s of processor time")
    except Exception as error:  # whatever it is: that is what is looked for
        return Failure(_kind(error), raw, "".join(traceback.format_exception(error)))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    return None


def _kind(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "job_manager" in frame.filename] or list(frames)
    where = f"{os.path.basename(ours[-1].filename)}:{ours[-1].lineno}" if ours else "?"
    return f"{type(error).__name__} at {where}"


class Explorer:
    """One search over one target. The same seed makes the same inputs, as far as the time reaches."""

    def __init__(self, target: Target, seed: int, current: Current) -> None:
        self.target = target
        self.current = current
        self.reach = Reach(target.watched)
        self.rng = Random(f"{target.name} {seed}")
        self.pool: list[bytes] = []
        self.found = Search()

    def search(self, seconds: float) -> Search:
        """Goes on until the time is over, with the small ones of the corpus first."""
        end = time.monotonic() + seconds
        corpus = self.target.corpus()
        for raw in corpus:
            if time.monotonic() < end or self.found.runs < 2:
                self.run(raw, keep=True)
        mutator = Mutator(self.rng, self.pool, words_of(corpus, "job_manager.formats."))
        # One that hangs is enough: others like it would use up the time.
        while time.monotonic() < end and "slow" not in self.found.failures:
            self.run(mutator.mutant(self._parent()))
        self.found.kept, self.found.steps = len(self.pool), len(self.reach.seen)
        return self.found

    def _parent(self) -> bytes:
        # What was found last leads on, the rest is not forgotten; of two the shorter is read the sooner.
        pool = self.pool[-30:] if self.rng.random() < 0.5 else self.pool
        return min(self.rng.choices(pool, k=2), key=len)

    def run(self, raw: bytes, *, keep: bool = False) -> None:
        """Reads one input; keeps it when it reached something new."""
        self.current.set(raw)
        self.found.runs += 1
        failed: list[Failure | None] = []
        began = time.process_time()
        new = self.reach.new(lambda: failed.append(outcome(self.target.read, raw, WATCHED_SECONDS)))
        if failed[0] is None and time.process_time() - began > SECONDS:
            failed[0] = outcome(self.target.read, raw)
        if failed[0] is not None and failed[0].kind == "slow":
            failed[0] = outcome(self.target.read, raw)
        if failed[0] is not None:
            self.found.failures.setdefault(failed[0].kind, failed[0])
        elif keep or (new and len(raw) <= KEPT):
            self.pool.append(raw)
