"""What can be saved of a damaged journal: of every job the longest history that its hash chain proves.

Rows come from the pages themselves (pages.py), so that it does not matter what of the file is damaged. Writes only
the new file it is told to. Knows events as packed lists.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from job_manager.engines.sqlite.faults import engine_errors
from job_manager.engines.sqlite.journal import Journal, chained
from job_manager.engines.sqlite.pages import rows
from job_manager.model.record import NamedTuple


class Kept(NamedTuple):
    """A turn as it stands in the file. `n` is its number among the turns of all jobs."""

    n: int
    job: str
    seq: int
    count: int
    at: float
    body: bytes
    hash: bytes


class Salvaged(NamedTuple):
    """A job: the turns that are proven, how many events there were at least, and turns after the break that can still
    be read, but are not proven."""

    job: str
    name: str
    turns: Sequence[Kept]
    events: int
    unproven: Sequence[Kept]

    @property
    def kept(self) -> int:
        """How many events are proven."""
        return sum(turn.count for turn in self.turns)


def salvage(path: str) -> list[Salvaged]:
    """Every job of which anything is found, in the order in which they were submitted."""
    with engine_errors(path):
        turns, heads = _read(path)
    jobs = {job: _salvaged(job, turns.get(job, {}), *heads.get(job, ("", 0))) for job in (*turns, *heads)}
    return sorted(jobs.values(), key=lambda job: (job.turns[0].n if job.turns else 0, job.job))


def write(saved: Sequence[Salvaged], path: str) -> Journal:
    """A new journal with what is proven; it stays open. Raises EngineError."""
    journal = Journal(path)
    try:
        turns = sorted((turn for job in saved for turn in job.turns), key=lambda turn: turn.n)
        journal.restore((turn.job, turn.at, turn.count, turn.body) for turn in turns)
    except BaseException:
        journal.close()
        raise
    return journal


def packed(turns: Sequence[Kept]) -> Iterator[list[Any]]:
    """The events of turns, as far as they can be read."""
    for turn in turns:
        try:
            events = json.loads(turn.body)
        except ValueError:
            continue
        yield from (event for event in events if isinstance(event, list) and event)


Turns = dict[str, dict[int, list[Kept]]]  # by job and number of events before them
Heads = dict[str, tuple[str, int]]  # by job its name, and the most events that were ever said to be there


def _read(path: str) -> tuple[Turns, Heads]:
    turns: Turns = {}
    heads: Heads = {}
    for number, columns in rows(path):
        turn = _turn(number, columns)
        if turn is not None:
            same = turns.setdefault(turn.job, {}).setdefault(turn.seq, [])
            if turn not in same:
                same.append(turn)
        elif (head := _head(columns)) is not None:
            job, name, events = head
            heads[job] = (name or heads.get(job, ("", 0))[0], max(events, heads.get(job, ("", 0))[1]))
    return turns, heads


def _turn(number: int, columns: Sequence[Any]) -> Kept | None:
    """The row of the table `turn`, or None for any other."""
    if len(columns) != 7 or columns[0] is not None:
        return None
    _, job, seq, count, at, body, hash = columns
    texts = isinstance(job, bytes) and isinstance(body, bytes) and isinstance(hash, bytes) and len(hash) == 16
    if not texts or not isinstance(seq, int) or not isinstance(count, int) or not isinstance(at, int | float):
        return None
    try:
        return Kept(number, job.decode(), seq, count, float(at), body, hash)
    except UnicodeDecodeError:
        return None


def _head(columns: Sequence[Any]) -> tuple[str, str, int] | None:
    """Job, name and number of events of a row of the table `head`, or None for any other."""
    if len(columns) != 8 or not isinstance(columns[2], bytes) or len(columns[2]) != 16:
        return None
    job, events, _, name = columns[:4]
    if not isinstance(job, bytes) or not isinstance(events, int) or not isinstance(name, bytes):
        return None
    return job.decode("utf-8", "replace"), name.decode("utf-8", "replace"), events


def _salvaged(job: str, turns: dict[int, list[Kept]], name: str, events: int) -> Salvaged:
    proven = list(_proven(job, turns))
    end = proven[-1].seq + proven[-1].count if proven else 0
    after = [same[-1] for seq, same in sorted(turns.items()) if seq >= end]
    most = max([events, end, *(turn.seq + turn.count for turn in after)])
    return Salvaged(job, name or _name(proven), proven, most, after)


def _proven(job: str, turns: dict[int, list[Kept]]) -> Iterator[Kept]:
    hash, seq = b"", 0
    while seq in turns:
        for turn in turns[seq]:
            if turn.hash == chained(hash, job, seq, turn.count, turn.at, turn.body) and turn.count > 0:
                yield turn
                hash, seq = turn.hash, seq + turn.count
                break
        else:
            return


def _name(turns: Sequence[Kept]) -> str:
    first = next(packed(turns[:1]), ["", 0, {}])
    return str(first[2].get("Job", {}).get("title", "")) if first[0] == "job-submitted" else ""
