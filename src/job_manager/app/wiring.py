"""Who is who: the one place that names concrete engines and puts the parts together. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from job_manager.app.clock import SystemClock
from job_manager.app.home import Home
from job_manager.engines.sqlite.engine import SqliteEngine
from job_manager.engines.sqlite.journal import Journal
from job_manager.engines.sqlite.reading import Reading
from job_manager.ports.clock import Clock
from job_manager.ports.history import History

if TYPE_CHECKING:
    from job_manager.app.capacity import Capacity
    from job_manager.app.settings import Config
    from job_manager.worker.growing import Grow, Grown, Printed


def system_clock() -> Clock:
    """The machine's clock."""
    return SystemClock()


def open_journal(home: Home) -> Journal:
    """The journal of a state directory whose lock is held."""
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


def open_reading(home: Home) -> History:
    """The journal of a state directory, for looking only."""
    return Reading(home.journal)
