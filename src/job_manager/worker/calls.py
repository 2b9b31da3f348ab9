"""The calls of an order: what its runner is told, where it says how far it is, and what that means.

The runner's journal is one line of JSON for each thing that happens: [number, state, time, why]. Runs nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from job_manager.artifacts.folders import private
from job_manager.model.document import order_document
from job_manager.model.hints import Any
from job_manager.model.job import Order
from job_manager.model.record import NamedTuple
from job_manager.worker.brief import Brief, directory
from job_manager.worker.layout import Layout

STATUS, LOG = ".jobstatus", "job.log"
ENDS = (b"- Done", b"- Exception")
WAITING, RUNNING, SUCCEEDED, FAILED = "waiting", "running", "succeeded", "failed"
TAIL = 4096  # bytes at the end of a `.jobstatus` that are looked at


class Call(NamedTuple):
    """One call as it stands. `began`, `ended`: epoch seconds or 0; `log`: the absolute path of its own log, or ""."""

    name: str
    state: str = WAITING
    began: float = 0.0
    ended: float = 0.0
    log: str = ""
    message: str = ""


def order_file(folder: str) -> str:
    """Where the order stands in the directory of its attempt."""
    return f"{folder}/order.json"


def journal(layout: Layout, path: str, attempt: int) -> str:
    """Where the runner says what happens."""
    return layout.log(path, attempt, "calls")


def write_order(brief: Brief, layout: Layout) -> None:
    """Write what the runner has to know into the directory of the attempt."""
    order = brief.action.work
    assert isinstance(order, Order)
    told = order_document(order) | {
        "name": brief.job_name,
        "label": _label(brief),
        "folder": directory(brief, layout),
        "log": order.log or LOG,
        "output": layout.log(brief.path, brief.attempt),
        "journal": journal(layout, brief.path, brief.attempt),
    }
    file = order_file(layout.store.attempt_path(brief.label))
    with open(file, "w", encoding="ascii", opener=private) as stream:
        json.dump(told, stream)


def _label(brief: Brief) -> str:
    return f"job {brief.job}, {brief.path}, attempt {brief.attempt}"


def calls(order: Order, folder: str, journal: str) -> list[Call]:
    """Every call with its state, as far as the journal tells."""
    found = [
        Call(f"{call.module}.{call.function}", log=os.path.join(folder, call.log) if call.log else "")
        for call in order.calls
    ]
    for number, state, at, *why in _lines(journal):
        if not 0 <= number < len(found):
            continue
        if state == RUNNING:
            found[number] = found[number]._replace(state=RUNNING, began=at)
        else:
            found[number] = found[number]._replace(state=state, ended=at, message=" ".join(why))
    return found


def _lines(journal: str) -> Iterator[list[Any]]:
    try:
        with open(journal, "rb") as stream:
            for line in stream:
                if line.endswith(b"\n"):  # a last line without its end is being written
                    yield json.loads(line)
    except (OSError, ValueError):
        return


def left_early(brief: Brief, layout: Layout) -> str:
    """Why an order whose process ended well has not ended well: it left during a call. "" when all were made."""
    order = brief.action.work
    assert isinstance(order, Order)
    made = calls(order, "", journal(layout, brief.path, brief.attempt))
    for number, call in enumerate(made, 1):
        if call.state != SUCCEEDED:
            return (
                f"call {number} of {len(made)} ({call.name}): the process ended in the middle of it, without an error"
            )
    return ""


def close_status(brief: Brief, layout: Layout) -> None:
    """Let `.jobstatus` say the end of a process that could not say it itself; never in a file of another order."""
    path = f"{directory(brief, layout)}/{STATUS}"
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        mine = os.pread(handle, TAIL, 0).startswith(f"# {_label(brief)}\n".encode("utf-8", "backslashreplace"))
        end = os.pread(handle, TAIL, max(0, os.fstat(handle).st_size - TAIL))
        if mine and not end.rstrip().endswith(ENDS):
            os.write(handle, b"- Exception\n")
    except OSError:
        pass
    finally:
        os.close(handle)
