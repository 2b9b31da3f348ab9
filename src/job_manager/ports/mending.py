"""The port for those who mend a journal: what can be saved of it, and another one in its place.

Knows no file and no engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from job_manager.core.events import Event
from job_manager.model.hints import Any, Protocol
from job_manager.model.record import NamedTuple


class KeptTurn(NamedTuple):
    """A turn as it was found. `n`: its number among the turns of all jobs; `seq`: the number of the job's events before
    it; `length`: how many it has; `body`: these, packed, as JSON."""

    n: int
    job: str
    seq: int
    length: int
    at: float
    body: bytes
    hash: bytes


class Salvaged(NamedTuple):
    """A job: the turns that are proven, how many events there were at least, and turns after the break that can still
    be read, but are not proven."""

    job: str
    name: str
    turns: Sequence[KeptTurn]
    events: int
    unproven: Sequence[KeptTurn]

    @property
    def kept(self) -> int:
        """How many events are proven."""
        return sum(turn.length for turn in self.turns)


class Mending(Protocol):
    """Raises EngineError when the disk fails. Only `salvage`, `copies` and `log` may be asked by who does not hold the
    journal."""

    def salvage(self) -> Sequence[Salvaged]:
        """Every job of which anything is found, oldest first."""

    def keep_copy(self) -> Sequence[str]:
        """Copy what is there, as it is; where to."""

    def write(self, saved: Sequence[Salvaged], more: Sequence[tuple[float, Event]]) -> None:
        """Put a journal with what is proven, and behind that with these events (each with its time), in the place of
        the other, in one step."""

    def copies(self) -> Sequence[str]:
        """The copies that were ever kept and are still there."""

    def log(self) -> tuple[int, str]:
        """Bytes of the log that should have been folded in long ago, and who keeps it from that; (0, "") when all is
        well."""


def packed_events(turns: Sequence[KeptTurn]) -> Iterator[list[Any]]:
    """The events of turns, as far as they can be read."""
    import json

    for turn in turns:
        try:
            events = json.loads(turn.body)
        except ValueError:
            continue
        yield from (event for event in events if isinstance(event, list) and event)
