"""A journal of many events, made quickly: for what has to stay fast when it has grown.

`python -m tests.contract.big FILE EVENTS`. Knows the journal's own functions; judges nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from job_manager.core import events as e
from job_manager.engines.sqlite.journal import Journal
from job_manager.model.document import job_document
from job_manager.testing import job
from tests.core.given import NOW, SITE, W

Row = tuple[str, float, int, bytes]


def fill(path: str, most: int, actions: int = 1000) -> int:
    """Finished jobs of so many actions until there are that many events; how many there are then."""
    journal = Journal(path)
    rows = list(_rows(most, actions))
    journal.restore(rows)
    journal.close()
    return sum(count for _, _, count, _ in rows)


def _rows(most: int, actions: int) -> Iterator[Row]:
    document = job_document(job(*(f"a{number}" for number in range(actions)), at_once=True))
    made = number = 0
    while made < most:
        for row in _job(f"j{number:05}", document, actions, NOW + number):
            made += row[2]
            yield row
        number += 1


def _job(id: str, document: e.Document, actions: int, at: float) -> Iterator[Row]:
    yield _row(id, at, e.JobSubmitted(id, at, document, SITE), e.WorkerJoined(id, W, 4, 0, at))
    for action in range(actions):
        yield _row(id, at, e.ActionLeased(id, action, 1, W), e.ActionStarted(id, action, 1, at))
        yield _row(id, at, e.ActionSucceeded(id, action, 1, at, at + 1))
    yield _row(id, at, e.JobFinished(id, at + 2, "succeeded", {"succeeded": actions}))


def _row(id: str, at: float, *events: e.Event) -> Row:
    return id, at, len(events), json.dumps([e.pack(event) for event in events], separators=(",", ":")).encode()


if __name__ == "__main__":
    print(fill(sys.argv[1], int(sys.argv[2])))
