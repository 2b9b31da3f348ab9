"""The calls of an order for those who look: how each stands as plain values, and how far they are while it runs.

Reads what the order's runner notes; touches nothing.
"""

from __future__ import annotations

import json

from job_manager.app.progress import LogProgress, of_action
from job_manager.core.state import JobState
from job_manager.model.hints import Any
from job_manager.model.job import Order
from job_manager.worker.calls import RUNNING, calls, journal
from job_manager.worker.layout import Layout

Document = dict[str, Any]
INTERRUPTED = "interrupted"
PIECE = 1 << 20  # bytes of new notes that are read at once


def order_of(job: JobState, index: int) -> Order | None:
    """The order that this action is, or None."""
    work = job.shape.actions[index].work
    return work if isinstance(work, Order) else None


def call_documents(job: JobState, layout: Layout, index: int, state: str, log: str | None) -> list[Document] | None:
    """A document for each call of an order; None for an action that is none. `state`: of the action, `log`: its own."""
    order = order_of(job, index)
    if order is None:
        return None
    action = job.shape.actions[index]
    notes = journal(layout, job.shape.paths[index], job.attempts[index])
    return [
        {
            "call": call.name,
            "state": call.state if call.state != RUNNING or state == RUNNING else _ended(state),
            "began": call.began or None,
            "ended": call.ended or None,
            "log": call.log or log,
            "message": call.message or None,
        }
        for call in calls(order, action.workdir or job.site.workdir, notes)
    ]


def _ended(state: str) -> str:
    """Of a call that never said its end, when its process is over."""
    return state if state in ("failed", INTERRUPTED) else "stopped"


class CallsProgress(LogProgress):
    """How far an order is: the share of its calls that are over, and which one it makes."""

    def __init__(self, order: Order, notes: str) -> None:
        super().__init__(notes)
        self._order = order
        self._at = 0
        self._over = 0

    def _read(self, size: int) -> None:
        if size < self._at:
            self._at = self._over = 0
        try:
            with open(self._path, "rb") as stream:
                stream.seek(self._at)
                text = stream.read(PIECE)
        except OSError:
            return
        text = text[: text.rfind(b"\n") + 1]
        self._at += len(text)
        for line in text.splitlines():
            self._heed(json.loads(line))
        self._percent = 100.0 * self._over / max(1, len(self._order.calls))

    def _heed(self, note: list[Any]) -> None:
        number, state = note[:2]
        if state != RUNNING:
            self._over += 1
            self.message = ""
            return
        call = self._order.calls[number]
        self.message = f"call {number + 1} of {len(self._order.calls)}: {call.module}.{call.function}"


def progress_of(job: JobState, layout: Layout, index: int) -> LogProgress:
    """The progress of an action's last attempt: of an order by its calls, of another by its log."""
    order = order_of(job, index)
    if order is None:
        return of_action(job, layout, index)
    return CallsProgress(order, journal(layout, job.shape.paths[index], job.attempts[index]))


def has_orders(job: JobState) -> bool:
    """Whether any of its actions is an order."""
    return any(runner.name.startswith("@order ") for runner in job.site.modules)
