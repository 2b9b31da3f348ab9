"""Verifying and publishing outputs beside the loop: an fsync of a large film must not hold up Ctrl-C or the next step.

One thread, started when first needed. Knows nothing of orders or of the keeper.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable

from job_manager.model.hints import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import threading
    from queue import SimpleQueue

R = TypeVar("R")

MANY = 8  # orders that wait in the keeper: then nobody waits for what has ended
BEAT = 0.03  # seconds by which it may be late then, so that many ends are taken up and noted down in one turn


class Concluder(Generic[R]):
    """Give it work, read `fileno()` for readiness, collect with `finished()`. Results come in the order given."""

    def __init__(self) -> None:
        self._done: deque[R | BaseException] = deque()
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        self._thread: threading.Thread | None = None
        self.open = 0  # given and not yet collected
        self._urgent = True  # whether somebody waits for what is given

    def fileno(self) -> int:
        """Readable when there is something to collect."""
        return self._read

    def give(self, work: Callable[[], R], waiting: int = 0) -> None:
        """Have this done in the thread. `waiting`: how many orders wait in the keeper."""
        if self._thread is None:
            # Imported here: a job without artifacts needs neither.
            import threading
            from queue import SimpleQueue

            self._inbox: SimpleQueue[Callable[[], R] | None] = SimpleQueue()
            self._thread = threading.Thread(target=self._run, name="publishing", daemon=True)
            self._thread.start()
        self.open += 1
        self._urgent = waiting < MANY
        self._inbox.put(work)

    def _run(self) -> None:
        from queue import Empty

        due: float | None = None  # when what is done is to be told
        while True:
            try:
                work = self._inbox.get(timeout=None if due is None else max(0.0, due - time.monotonic()))
            except Empty:
                self._tell()
                due = None
                continue
            if work is None:
                return
            try:
                self._done.append(work())
            except BaseException as error:  # carried to the loop, which alone may decide what it means
                self._done.append(error)
            due = due or time.monotonic() + BEAT
            if self._urgent or time.monotonic() >= due:
                self._tell()
                due = None

    def _tell(self) -> None:
        os.write(self._write, b".")

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
            self._inbox.put(None)
            self._thread.join()
        os.close(self._read)
        os.close(self._write)
