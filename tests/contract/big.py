"""A journal of many events, made quickly: for what has to stay fast when it has grown.

`python -m tests.contract.big FILE EVENTS`. Knows the journal's own functions; judges nothing.
"""

from __future__ import annotations

import sys

from job_manager.core import events as e
from job_manager.engines.sqlite.journal import Head, Journal
from job_manager.model.document import job_document
from job_manager.testing import job
from tests.core.given import NOW, SITE, W

PER_JOB = 1000  # actions
WIDE = job(*(f"a{number}" for number in range(PER_JOB)), at_once=True)


def fill(path: str, most: int) -> int:
    """Finished jobs of PER_JOB actions until there are so many events; how many there are then."""
    journal = Journal(path)
    document = job_document(WIDE)
    made = number = 0
    while made < most:
        id = f"j{number:05}"
        turns = list(_turns(id, document, NOW + number))
        for length in _written(journal, id, turns):
            made += length
        number += 1
    journal.close()
    return made


def _written(journal: Journal, id: str, turns: list[list[e.Event]]) -> list[int]:
    head = Head()
    bodies = [[e.pack(event) for event in events] for events in turns]
    with journal._transaction():  # one for all: a durable step for each would take hours
        for packed in bodies:
            body = journal_body(packed)
            assert journal._append_one(NOW, id, head, packed, body)
            head.hash = journal_hash(head, id, packed, body)
            head.seq += len(packed)
    return [len(packed) for packed in bodies]


def journal_body(packed: list[list[object]]) -> str:
    import json

    return json.dumps(packed, separators=(",", ":"))


def journal_hash(head: Head, id: str, packed: list[list[object]], body: str) -> bytes:
    from job_manager.engines.sqlite.journal import chained

    return chained(head.hash, id, head.seq, len(packed), NOW, body.encode())


def _turns(id, document, at):
    yield [e.JobSubmitted(id, at, document, SITE), e.WorkerJoined(id, W, 4, 0, at)]
    for action in range(PER_JOB):
        yield [e.ActionLeased(id, action, 1, W), e.ActionStarted(id, action, 1, at)]
        yield [e.ActionSucceeded(id, action, 1, at, at + 1)]
    yield [e.JobFinished(id, at + 2, "succeeded", {"succeeded": PER_JOB})]


if __name__ == "__main__":
    print(fill(sys.argv[1], int(sys.argv[2])))
