"""Journals as each format was written, kept in `journals/` with what they fold to; the newest has every kind of event.

`python -m tests.contract.kept` writes the one of the present format anew, when kinds have been added; those of earlier
formats are never written again. Knows the histories of the core's tests and the journal's own functions.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from job_manager.core import events as e
from job_manager.core import table
from job_manager.core.evolve import fold
from job_manager.core.said import SetPriority
from job_manager.core.state import State
from job_manager.engines.sqlite.journal import FORMAT, Head, Journal
from job_manager.engines.sqlite.reading import Reading
from job_manager.model.record import replace
from job_manager.testing import HANGS, Farm, job, script, site
from job_manager.testing.scripted import ScriptedWorker
from tests.core.rows import SCENARIOS

JOURNALS = Path(__file__).parent / "journals"
PRESENT = JOURNALS / f"format-{FORMAT}.db"


def begins_later() -> Farm:
    """Nothing starts before a moment has come; then all is well."""
    later = Farm(job("x")).clock.wall() + 60
    farm = Farm(job("a"), site=replace(site(), not_before=later))
    farm.run()
    return farm


def comes_first() -> Farm:
    """A person says that it is more urgent."""
    farm = Farm(job("a"))
    farm.say(SetPriority(farm.id, 7.0))
    farm.run()
    return farm


def worker_dies() -> Farm:
    """Its worker dies with what it ran; another one takes that."""
    farm = Farm(job("a"), outcomes=script({0: HANGS}))
    farm.settle()
    farm.leave(farm.workers[0])
    farm.join(ScriptedWorker("w2"))
    farm.run()
    return farm


def write(path: Path) -> None:
    """A journal with a job for each history, a few events a turn."""
    journal = Journal(str(path))
    for scenario in [*SCENARIOS, begins_later, comes_first, worker_dies]:
        head, id = Head(), scenario.__name__.replace("_", "-")
        packed = [e.pack(event._replace(job=id)) for event in scenario().journal]
        for at in range(0, len(packed), 3):
            assert journal.append(float(at), [(id, head, packed[at : at + 3])])
    journal.close()


def folded(path: Path) -> dict[str, Any]:
    """What every job of a journal has come to, and what its list says of it."""
    reading = Reading(str(path))
    try:
        return {row.id: _folded(reading, row) for row in reading.jobs()}
    finally:
        reading.close()


def _folded(reading: Reading, row: Any) -> dict[str, Any]:
    found = fold(State(), reading.events(row.id)).job(row.id)
    states = {path: table.NAMES[at] for path, at in zip(found.shape.paths, found.states, strict=True)}
    listed = {name: value for name, value in row._asdict().items() if name not in ("id", "submitted")}
    return {"state": found.state, "actions": states, "attempts": list(found.attempts), "listed": listed}


def kinds_in(path: Path) -> set[str]:
    """The names of the events in a journal."""
    reading = Reading(str(path))
    try:
        events = [event for row in reading.jobs() for event in reading.events(row.id)]
    finally:
        reading.close()
    return {e.NAMES[type(event)] for event in events}


def main() -> None:
    JOURNALS.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:  # who reads a journal leaves files beside it
        fresh = Path(folder) / PRESENT.name
        write(fresh)
        shutil.copyfile(fresh, PRESENT)
        PRESENT.with_suffix(".json").write_text(json.dumps(folded(fresh), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
