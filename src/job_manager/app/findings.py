"""What an examination says: a line about one thing, how bad it is, and what to do. Knows no examination."""

from __future__ import annotations

from job_manager.model.record import NamedTuple

OK, WARN, BAD = "ok", "warn", "bad"


class Finding(NamedTuple):
    """`level`: ok, warn (worth knowing) or bad (something will not work, or has not)."""

    topic: str
    level: str
    says: str
    hint: str = ""
