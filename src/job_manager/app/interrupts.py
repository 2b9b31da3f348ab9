"""Ctrl-C and its kin as something a loop can wait for: a count and a readable descriptor.

Knows nothing of what an interrupt means.
"""

from __future__ import annotations

# Not `signal`: the enums it brings take longer than all that is done here.
import _signal as signal  # type: ignore[import-not-found]
import os
from types import FrameType, TracebackType

from job_manager.model.hints import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """While entered, SIGINT, SIGTERM and SIGHUP only count. In another thread than the main one nothing is caught."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)
        try:
            self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        except ValueError:  # not the main thread
            return self
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup stays what it is
                self._before[number] = signal.signal(number, self._caught)
        return self

    def _caught(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        self.last = number

    def fileno(self) -> int:
        """Readable after a signal."""
        return self._read

    def drain(self) -> None:
        """Make the descriptor unreadable until the next signal."""
        try:
            os.read(self._read, 4096)
        except BlockingIOError:
            pass

    def __exit__(self, *exc: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._before:
            signal.set_wakeup_fd(self._wakeup)
        for number, before in self._before.items():
            signal.signal(number, before)
        os.close(self._read)
        os.close(self._write)
