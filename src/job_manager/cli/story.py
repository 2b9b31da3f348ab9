"""How a run is told where nobody looks at a terminal: a line when something begins or ends. Or not at all.

Knows the notices of app.watching; draws nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from job_manager.app.watching import Notice, Watch, counted
from job_manager.cli.output import Output, Styled
from job_manager.model.quantity import human

COLOURS = {"done": "good", "failed": "bad", "unknown": "bad", "retry": "warn", "lost": "warn", "stopped": "warn"}
COLOURS |= {"note": "warn"}


def telling(notice: Notice) -> str:
    """A notice in words, without its subject."""
    took = human(notice.seconds)
    match notice.kind:
        case "step-began":
            return f"started, {notice.message}"
        case "step-ended":
            return f"ended after {took}: {notice.message}" if notice.seconds else f"over: {notice.message}"
        case "call" | "note":
            return notice.message
        case "done":
            return f"done in {took}{notice.message and f': {notice.message}'}"
        case "failed":
            return f"failed after {took}: {notice.message}"
        case "retry":
            return f"attempt {notice.attempt} failed after {took}: {notice.message}; it is tried again"
        case "unknown":
            return f"lost: {notice.message}"
        case "lost":
            return f"attempt {notice.attempt} is lost: {notice.message}; it is tried again"
        case _:
            return "stopped"


def opening(watch: Watch, out: Output) -> None:
    """The first line: which job this is."""
    job = watch.job
    out.value(job.id)
    before = watch.done_before
    state = f", {before} of them done before" if before else ""
    amount = f"{counted(job.size, 'action')} in {counted(len(watch.steps), 'step')}"
    out.line("job ", Styled(job.job.name, "strong"), f"  {job.id}: {amount}{state}")


def stopping(watch: Watch, times: int) -> str:
    """What a Ctrl-C does, in words."""
    # Some may have begun without our having heard of it.
    running = counted(watch.running, "action") if watch.running else "what runs"
    if times == 1:
        return f"stopping: waiting up to 10 s for {running}; Ctrl-C again to end them now"
    return f"ending {running} now"


class Plain:
    """Lines, one for each thing that happens. Nothing to draw, so nothing to wait for."""

    interval: float | None = None
    hears = True

    def __init__(self, out: Output) -> None:
        self._out = out

    def opened(self, watch: Watch) -> None:
        """See app.watching.Screen."""
        opening(watch, self._out)
        self._out.flush()

    def told(self, watch: Watch, notices: Sequence[Notice]) -> None:
        """See app.watching.Screen."""
        since = human(watch.elapsed)
        for notice in notices:
            words = Styled(telling(notice), COLOURS.get(notice.kind, ""))
            self._out.line(Styled(f"{since:>8}  ", "quiet"), f"{notice.subject}: ", words)
        self._out.flush()

    def draw(self, watch: Watch) -> None:
        """Nothing to draw."""

    def stopping(self, watch: Watch, times: int) -> None:
        """See app.watching.Screen."""
        self._out.line(Styled(stopping(watch, times), "warn"))
        self._out.flush()

    def close(self) -> None:
        """Nothing to clean up."""


class Silent(Plain):
    """For --quiet and --json: the id, when it is asked for."""

    hears = False

    def told(self, watch: Watch, notices: Sequence[Notice]) -> None:
        """Nothing."""
