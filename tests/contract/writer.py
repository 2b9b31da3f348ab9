"""A program that commits turn after turn and says so after each, until it is killed.

`python -m tests.contract.writer FILE`. Knows nothing of who kills it or when.
"""

from __future__ import annotations

import os
import sys

from job_manager.core import events as e
from job_manager.core.said import SubmitJob
from job_manager.engines.sqlite.engine import SqliteEngine
from job_manager.engines.sqlite.journal import Journal
from job_manager.model.document import job_document
from job_manager.testing import FakeClock, job
from tests.core.given import NOW, SITE

JOB = "j1"


def main(path: str) -> None:
    engine = SqliteEngine(Journal(path), FakeClock())
    engine.watch(JOB)
    turn = engine.next()
    number = len(list(turn.events)) if turn else 0
    if not number:
        engine.say(SubmitJob(JOB, job_document(job("a")), SITE))
        asked = engine.next()
        assert asked is not None
        assert engine.commit(asked, [e.JobSubmitted(JOB, NOW, job_document(job("a")), SITE)], [])
        number = 1
    else:
        assert turn is not None
        assert engine.commit(turn, [], [])
    while True:
        many = [e.WorkerJoined(JOB, "w" * (number % 3000), number + at, 0, NOW) for at in range(1 + number % 4)]
        due = engine.next(due=True)
        assert due is not None
        assert engine.commit(due, many, [])
        number += len(many)
        os.write(1, b"%d\n" % number)


if __name__ == "__main__":
    main(sys.argv[1])
