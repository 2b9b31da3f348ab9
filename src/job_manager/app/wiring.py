"""Who is who: the one place that names concrete engines and puts the parts together. Decides nothing."""

from __future__ import annotations

import os
from itertools import islice

from job_manager.app.clock import SystemClock
from job_manager.app.home import Home
from job_manager.engines.sqlite.engine import SqliteEngine
from job_manager.engines.sqlite.journal import Journal
from job_manager.engines.sqlite.reading import OlderFormat, Reading
from job_manager.engines.sqlite.replacing import current
from job_manager.engines.sqlite.replacing import finish as finish_replacing
from job_manager.model.hints import TYPE_CHECKING
from job_manager.ports.clock import Clock
from job_manager.ports.history import Damage, Damaged
from job_manager.ports.mending import Mending

if TYPE_CHECKING:
    from job_manager.app.capacity import Capacity
    from job_manager.app.settings import Config
    from job_manager.worker.growing import Grow, Grown, Printed


def system_clock() -> Clock:
    """The machine's clock."""
    return SystemClock()


def open_journal(home: Home) -> Journal:
    """The journal of a state directory whose lock is held. Raises Damaged, before anything is written to it."""
    finish_mending(home)
    refuse_damaged(home)
    return Journal(home.journal, reserve=home.reserve)


def local_engine(journal: Journal, clock: Clock) -> SqliteEngine:
    """The engine of this machine."""
    return SqliteEngine(journal, clock)


def grower(config: Config, here: Capacity) -> Grow:
    """Who reads what expanding actions print; few jobs have any."""

    def grow(text: Printed) -> Grown:
        from job_manager.app import growing

        return growing.grow(text, config, here)

    return grow


def refuse_damaged(home: Home) -> None:
    """Raises Damaged when the journal is not as it was written, as far as a start has time to look."""
    for damage in damages(home):
        raise Damaged(home.journal, damage)


def damages(home: Home, thorough: bool = False) -> list[Damage]:
    """What of the journal is damaged: all, or, for a start, the first that is found in little time."""
    try:
        reading = open_reading(home)
    except Damaged as error:
        return [error.damage]
    except OlderFormat:
        return []  # it is looked at when it has been brought up to date
    try:
        if not reading.written and home.has_run_jobs():
            state = "empty" if os.path.exists(home.journal) else "gone"
            return [Damage("", 0, f"it is {state}, though there are jobs in jobs/")]
        found = reading.damages(thorough)
        return list(found if thorough else islice(found, 1))
    finally:
        reading.close()


def open_reading(home: Home) -> Reading:
    """The journal of a state directory, for looking only."""
    return Reading(current(home.journal))


def mending(home: Home) -> Mending:
    """What mends the journal of a state directory."""
    # Imported here: it is wanted seldom.
    from job_manager.engines.sqlite.mending import Mender

    return Mender(home.journal)


def finish_mending(home: Home) -> None:
    """Bring to its end a repair that was killed when all was written. For the holder only."""
    finish_replacing(home.journal)
