"""Verifying and publishing outputs beside the loop: an fsync of a large film must not hold up Ctrl-C or the next step.

One thread, started when first needed, and a few that wait for the disk on its behalf. Knows nothing of orders or of the
keeper.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator

from job_manager.artifacts.settling import SettlePool, begun, together, whole
from job_manager.model.hints import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    import threading
    from queue import SimpleQueue

    from job_manager.artifacts.settling import Steps

R = TypeVar("R")

BEAT = 0.03  # seconds by which it may be late, so that many ends are taken up and noted down in one turn
MOST = 16  # attempts that are published together,
FILES = 3  # each of which has so many open meanwhile
OTHERS = 46  # that may be open besides
QUICK = 1.0  # seconds: what has taken longer may have written something large, for which nothing small is to wait


def keeps_busy(open: int, slots: int, elapsed: float) -> bool:
    """Whether nobody waits for what has ended: for longer than a beat all slots have something to do without it.
    `open`: orders that the keeper has; `elapsed`: how long one takes, in seconds."""
    return elapsed < QUICK and (open - slots) * elapsed > 1.5 * BEAT * slots


def most_at_once() -> int:
    """How many attempts may be published together, as far as files may be open."""
    files = os.sysconf("SC_OPEN_MAX")  # -1: there is no limit
    return MOST if files < 0 else max(1, min(MOST, 1 + (files - OTHERS) // FILES))


class Concluder(Generic[R]):
    """Give it work, read `fileno()` for readiness, collect with `finished()`. Results come in the order given."""

    def __init__(self) -> None:
        self._done: deque[R | BaseException] = deque()
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        self._thread: threading.Thread | None = None
        self.open = 0  # given and not yet collected
        self._urgent = True  # whether somebody waits for what is given
        self._settle = SettlePool()
        self._end: Steps[Any] = whole(int)  # after this nothing more will be given

    def fileno(self) -> int:
        """Readable when there is something to collect."""
        return self._read

    def give(self, work: Steps[R], busy: bool = False) -> None:
        """Have this done in the thread, or here where there can be none. `busy`: nobody waits for it; then it may be
        done together with others."""
        self.open += 1
        self._urgent = not busy
        if self._thread is None:
            from queue import SimpleQueue  # a job without artifacts needs none

            self._inbox: SimpleQueue[Steps[R]] = SimpleQueue()
            self._thread = begun(self._run, "publishing")
        if self._thread is not None:
            self._inbox.put(work)
        else:
            self._done.extend(together([work]))
            os.write(self._write, b".")

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException as error:  # nobody is to wait for ever for what will not come
            self._done.append(error)
            os.write(self._write, b".")

    def _serve(self) -> None:
        due: float | None = None  # when what is done is to be told
        while (first := self._awaited(due)) is not self._end:
            if first is not None:
                # What it raises is carried to the loop, which alone may decide what it means.
                self._done.extend(together(self._with_others(first), self._settle))
                due = due or time.monotonic() + BEAT
            if due is not None and (self._urgent or time.monotonic() >= due):
                os.write(self._write, b".")
                due = None

    def _awaited(self, due: float | None) -> Steps[R] | None:
        """What is to be done next; None when there is nothing until then."""
        from queue import Empty

        try:
            return self._inbox.get(timeout=None if due is None else max(0.0, due - time.monotonic()))
        except Empty:
            return None

    def _with_others(self, work: Steps[R]) -> Iterator[Steps[R]]:
        """It, and what else there is, where nobody waits for it; for a beat. Each has files open until it is done."""
        late, more = time.monotonic() + BEAT, most_at_once() - 1
        yield work
        while more and not self._urgent and time.monotonic() < late and not self._inbox.empty():
            more -= 1
            work = self._inbox.get()
            if work is self._end:
                self._inbox.put(work)  # for the next look
                return
            yield work

    def finished(self) -> list[R]:
        """What is done by now. Raises what the work raised."""
        try:
            os.read(self._read, 65536)  # also when it is of what was collected before: else it would be there for ever
        except BlockingIOError:
            pass  # another call has read the mark of what is being collected now
        reports: list[R] = []
        while self._done:
            result = self._done.popleft()
            self.open -= 1
            if isinstance(result, BaseException):
                raise result
            reports.append(result)
        return reports

    def next_timeout(self) -> float | None:
        """Seconds after which to look, for what is done may be told late: the next may be a film. None: it is told."""
        return BEAT if self.open and not self._urgent else None

    def close(self) -> None:
        """Let what was given finish, then end the thread."""
        if self._thread is not None:
            self._inbox.put(self._end)
            self._thread.join()
            self._settle.close()
        os.close(self._read)
        os.close(self._write)
