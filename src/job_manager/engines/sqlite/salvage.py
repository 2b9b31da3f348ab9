"""What can be saved of a damaged journal: of every job the longest history that its hash chain proves.

Rows come from the pages themselves (pages.py), so that it does not matter what of the file is damaged. Writes nothing.
Knows events as packed lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from job_manager.engines.sqlite.faults import engine_errors
from job_manager.engines.sqlite.journal import chained
from job_manager.engines.sqlite.pages import rows
from job_manager.model.hints import Any
from job_manager.ports.mending import KeptTurn, Salvaged, packed_events


def salvage(path: str) -> list[Salvaged]:
    """Every job of which anything is found, in the order in which they were submitted."""
    with engine_errors(path):
        turns, heads = _read(path)
    jobs = {job: _salvaged(job, turns.get(job, {}), *heads.get(job, ("", 0))) for job in (*turns, *heads)}
    return sorted(jobs.values(), key=lambda job: (job.turns[0].n if job.turns else 0, job.job))


Turns = dict[str, dict[int, list[KeptTurn]]]  # by job and number of events before them
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


def _turn(number: int, columns: Sequence[Any]) -> KeptTurn | None:
    """The row of the table `turn`, or None for any other."""
    if len(columns) != 7 or columns[0] is not None:
        return None
    _, job, seq, count, at, body, hash = columns
    texts = isinstance(job, bytes) and isinstance(body, bytes) and isinstance(hash, bytes) and len(hash) == 16
    if not texts or not isinstance(seq, int) or not isinstance(count, int) or not isinstance(at, int | float):
        return None
    try:
        return KeptTurn(number, job.decode(), seq, count, float(at), body, hash)
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


def _salvaged(job: str, turns: dict[int, list[KeptTurn]], name: str, events: int) -> Salvaged:
    proven = list(_proven(job, turns))
    end = proven[-1].seq + proven[-1].length if proven else 0
    after = [same[-1] for seq, same in sorted(turns.items()) if seq >= end]
    most = max([events, end, *(turn.seq + turn.length for turn in after)])
    return Salvaged(job, name or _name(proven), proven, most, after)


def _proven(job: str, turns: dict[int, list[KeptTurn]]) -> Iterator[KeptTurn]:
    hash, seq = b"", 0
    while seq in turns:
        for turn in turns[seq]:
            if turn.hash == chained(hash, job, seq, turn.length, turn.at, turn.body) and turn.length > 0:
                yield turn
                hash, seq = turn.hash, seq + turn.length
                break
        else:
            return


def _name(turns: Sequence[KeptTurn]) -> str:
    first: list[Any] = next(packed_events(turns[:1]), [""])
    return str(first[2].get("Job", {}).get("title", "")) if first[0] == "job-submitted" else ""
