"""Journals as tests want them: written and closed, read whole, or left behind by a writer that was killed.

Knows the journal's own functions; judges nothing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from job_manager.core import events as e
from job_manager.engines.sqlite.journal import Head, Journal
from job_manager.engines.sqlite.reading import Reading
from job_manager.model.document import job_document
from job_manager.testing import job
from job_manager.testing.farm import reread
from tests.core.given import NOW, SITE

ROOT = Path(__file__).parents[2]
DOCUMENT = job_document(job("a", name="film"))
TURNS = 6
SEQ = [0, 1, 2, 4, 7, 11]  # events before each turn


def turn_of(number: int, id: str = "j1") -> list[e.Event]:
    if number == 0:
        return [e.JobSubmitted(id, NOW, DOCUMENT, SITE)]
    return [e.WorkerJoined(id, f"marker-{number}-{at}", number, at, NOW) for at in range(number)]


def write(path: str, *ids: str) -> list[e.Event]:
    """TURNS turns of each job; the file is left closed. The events of the first."""
    journal = Journal(path)
    heads = {id: Head() for id in ids}
    for number in range(TURNS):
        for id in ids:
            assert journal.append(NOW + number, [(id, heads[id], [e.pack(event) for event in turn_of(number, id)])])
    journal.close()
    return [reread(event) for number in range(TURNS) for event in turn_of(number, ids[0])]


def events(path: str, id: str = "j1") -> list[e.Event]:
    reading = Reading(path)
    try:
        return list(reading.events(id))
    finally:
        reading.close()


def start_writer(path, acknowledged):
    """Run the writer until it has acknowledged so many turns, then kill -9. The last number it acknowledged."""
    environ = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    argv = [sys.executable, "-m", "tests.contract.writer", path]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, env=environ) as writer:
        assert writer.stdout is not None
        heard = b"".join(writer.stdout.readline() for _ in range(acknowledged))
        writer.send_signal(signal.SIGKILL)
        heard += writer.stdout.read()
    return int(heard[: heard.rindex(b"\n")].rpartition(b"\n")[2])


def due(engine):
    """A turn, asked for by a timer if by nothing else."""
    turn = engine.next(due=True)
    assert turn is not None
    return turn


def commit(engine, happened):
    return engine.commit(due(engine), happened, [])
