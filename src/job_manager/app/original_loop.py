"""Blocking work beside somebody else's event loop: the loop goes on, callbacks run in it, cancelling stops the work.

The one place outside server/ that knows asyncio, because the original's `run_job` is a coroutine. Knows no job.
"""

from __future__ import annotations

import asyncio  # noqa: TID251 - see above
import os
import threading
from collections.abc import Callable
from contextvars import copy_context

from job_manager.app.interrupts import Interrupts
from job_manager.model.hints import Any

Call = Callable[[], object]
Work = Callable[[Interrupts, Callable[[Call], None]], object]
PATIENCE = 0.5  # seconds between two looks whether the loop still turns


async def beside_the_loop(work: Work) -> None:
    """Do the work in a thread of its own and wait for it. It is given interrupts, which are pressed once for each time
    that this is cancelled, and a way to have something called in the loop. Raises what the work raises."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    interrupts = Cancellations()
    thread = Working(loop, over, work, interrupts)
    thread.start()
    cancelled = False
    while not over.done():
        try:
            await asyncio.wait({over})
        except asyncio.CancelledError:
            cancelled = True
            interrupts.press()
    error = over.exception()
    if cancelled:
        raise asyncio.CancelledError from error
    if error is not None:
        raise error


class Cancellations(Interrupts):
    """Interrupts that another thread presses, before they are entered or at any time after."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._open = False

    def press(self) -> None:
        """Once more."""
        with self._lock:
            self.count += 1
            if self._open:
                os.write(self._write, b".")

    def __enter__(self) -> Interrupts:
        with self._lock:
            super().__enter__()
            self._open = True
            if self.count:
                os.write(self._write, b".")
        return self

    def __exit__(self, *exc: Any) -> None:
        with self._lock:
            self._open = False
            super().__exit__(*exc)


class Working(threading.Thread):
    """The thread. Not one of the loop's executor: those are few, and a job may take days."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, over: asyncio.Future[None], work: Work, interrupts: Interrupts
    ) -> None:
        super().__init__(name="job", daemon=True)
        self._loop = loop
        self._over = over
        self._work = work
        self._interrupts = interrupts
        self._context = copy_context()

    def run(self) -> None:
        """Do the work and tell the loop how it ended."""
        try:
            self._work(self._interrupts, self._in_loop)
        except BaseException as error:  # carried to the loop
            self._tell(self._over.set_exception, error)
        else:
            self._tell(self._over.set_result, None)

    def _tell(self, settle: Callable[[Any], None], value: object) -> None:
        try:
            self._loop.call_soon_threadsafe(settle, value)
        except RuntimeError:
            pass  # the loop is closed: nobody waits any more

    def _in_loop(self, call: Call) -> None:
        """Have it called in the loop, and wait until it was. Raises what it raises."""
        turn = Turn(call)
        self._loop.call_soon_threadsafe(turn, context=self._context)
        while not turn.over.wait(PATIENCE):
            if not self._loop.is_running():
                return
        if turn.error is not None:
            raise turn.error


class Turn:
    """One call made in the loop; `over` is set when it has returned or raised."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.over = threading.Event()
        self.error: Exception | None = None

    def __call__(self) -> None:
        """Make the call."""
        try:
            self._call()
        except Exception as error:
            self.error = error
        finally:
            self.over.set()
