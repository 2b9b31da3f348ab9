"""`after:` of a job: from the local time a person wrote to the moment before which nothing starts.

Reads the time zone of this machine and no clock.
"""

from __future__ import annotations

from job_manager.model.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def moment(after: str, now: float) -> float:
    """Seconds since the epoch of the next `H:MM`, or of the next `M-D H:MM`, after `now`; 0 for an empty text."""
    if not after:
        return 0.0
    from datetime import datetime, timedelta  # few jobs say when

    day, _, time = after.rpartition(" ")
    hour, minute = (int(part) for part in time.split(":"))
    here = datetime.fromtimestamp(now).replace(hour=hour, minute=minute, second=0, microsecond=0)
    if not day:
        return (here if here.timestamp() > now else here + timedelta(days=1)).timestamp()
    month, date = (int(part) for part in day.split("-"))
    return next(found for year in range(here.year, here.year + 9) if (found := _in(year, here, month, date)) > now)


def _in(year: int, time: datetime, month: int, date: int) -> float:
    """That day of the year; 0 when it has none, as the 29th of February."""
    try:
        return time.replace(year=year, month=month, day=date).timestamp()
    except ValueError:
        return 0.0
