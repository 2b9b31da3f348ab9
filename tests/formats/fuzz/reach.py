"""Which steps from line to line of a package an input goes that none before it went.

Watches with sys.monitoring where there is one (Python 3.12), else with sys.settrace. Knows nothing of inputs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable
from types import CodeType, FrameType
from typing import Any

Step = Hashable


class Reach:
    """Runs something and says how much of what it went through is new."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.seen: set[Step] = set()
        self._watch: Callable[[Callable[[], None]], None] = self._traced
        if sys.version_info >= (3, 12):
            self._watch = _Monitor(folder, self.seen).watch

    def new(self, run: Callable[[], None]) -> int:
        """How many steps of `run` were never gone before. What it raises flies on; its steps count."""
        before = len(self.seen)
        self._watch(run)
        return len(self.seen) - before

    def _traced(self, run: Callable[[], None]) -> None:
        seen, folder = self.seen, self.folder

        def local(code: CodeType, last: int) -> Callable[[FrameType, str, Any], Any]:
            def step(frame: FrameType, event: str, arg: Any) -> Any:
                nonlocal last
                if event == "line":
                    seen.add((code, last, frame.f_lineno))
                    last = frame.f_lineno
                return step

            return step

        def begin(frame: FrameType, event: str, arg: Any) -> Any:
            return local(frame.f_code, 0) if frame.f_code.co_filename.startswith(folder) else None

        sys.settrace(begin)
        try:
            run()
        finally:
            sys.settrace(None)


if sys.version_info >= (3, 12):

    class _Monitor:
        """Lines are told once each, the ways of a branch until two were gone: next to nothing in the long run."""

        def __init__(self, folder: str, seen: set[Step]) -> None:
            self.folder = folder
            self.seen = seen
            self.ways: dict[tuple[CodeType, int], set[int]] = {}

        def watch(self, run: Callable[[], None]) -> None:
            # Left on between runs: what was once told and put aside must stay so.
            tool, events = sys.monitoring.COVERAGE_ID, sys.monitoring.events
            if sys.monitoring.get_tool(tool) is None:
                sys.monitoring.use_tool_id(tool, "fuzz")
                sys.monitoring.register_callback(tool, events.LINE, self._line)
                sys.monitoring.register_callback(tool, events.BRANCH, self._branch)
                sys.monitoring.set_events(tool, events.LINE | events.BRANCH)
            run()

        def _line(self, code: CodeType, line: int) -> object:
            if code.co_filename.startswith(self.folder):
                self.seen.add((code, line))
            return sys.monitoring.DISABLE

        def _branch(self, code: CodeType, offset: int, to: int) -> object:
            if not code.co_filename.startswith(self.folder):
                return sys.monitoring.DISABLE
            ways = self.ways.setdefault((code, offset), set())
            ways.add(to)
            self.seen.add((code, offset, to))
            return sys.monitoring.DISABLE if len(ways) > 1 else None
