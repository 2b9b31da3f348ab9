"""Whatever happens to the file: it is seen, and what the hash chain proves can be saved into a new one.

Knows the pages and the tables; what a repair says to a person is in the tests of the command.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from job_manager.core import events as e
from job_manager.engines.sqlite import replacing, soundness
from job_manager.engines.sqlite.journal import Head, Journal
from job_manager.engines.sqlite.mending import Mender
from job_manager.engines.sqlite.pages import rows
from job_manager.engines.sqlite.reading import Reading
from job_manager.model.errors import EngineError
from tests.contract.big import fill
from tests.contract.files import TURNS, events, turn_of, write
from tests.core.given import NOW

JOBS = ("j1", "j2", "j3")
LONG = "w" * 9000  # two pages and more


def grown(path, most=TURNS):
    """A journal of three jobs with rows of all lengths: what its jobs are known to be."""
    journal = Journal(path)
    known: dict[str, list[e.Event]] = {}
    for number, id in enumerate(JOBS):
        head = Head()
        known[id] = []
        for at in range(most * (number + 1)):
            some = [*turn_of(at % TURNS, id), e.WorkerJoined(id, LONG[: at * 300], 1, 0, NOW)]
            assert journal.append(NOW + at, [(id, head, [e.pack(event) for event in some])])
            known[id] += some
    return journal, known


def killed(path, folder, **sizes):
    """The same as its writer left it when it was killed: file, log and mark; what it had acknowledged."""
    (folder / "alive").mkdir()
    journal, known = grown(str(folder / "alive" / "journal.db"), **sizes)
    for ending in ("", "-wal", "-open"):
        shutil.copy(folder / "alive" / f"journal.db{ending}", path + ending)
    journal.close()
    shutil.rmtree(folder / "alive")
    return known


def found_in(path):
    """What is damaged, and the events of each job that can be read."""
    try:
        reading = Reading(path)
    except EngineError as error:
        return [str(error)], {}
    try:
        damages = list(reading.damages(thorough=True))
        rows = reading.jobs() if not damages else []
        return damages, {row.id: list(reading.events(row.id)) for row in rows}
    finally:
        reading.close()


def mended(path):
    """Salvage into a new file in its place; the events of each job in it. It must be sound."""
    mender = Mender(path)
    mender.write(mender.salvage(), [])
    damages, kept = found_in(path)
    assert damages == []
    return kept


def assert_prefixes(kept, known):
    for id, happened in kept.items():
        assert happened == [again(event) for event in known[id][: len(happened)]]


def again(event):
    return event._replace(**{name: list(value) for name, value in event._asdict().items() if isinstance(value, tuple)})


# --- the pages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [512, 1024, 4096, 65536])
@pytest.mark.parametrize("in_log", [False, True])
def test_the_rows_in_the_pages_are_those_of_the_tables(path, size, in_log):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f"PRAGMA page_size={size}")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, a TEXT, b REAL, c BLOB, d INTEGER)")
    values = [0, 1, -1, 127, -129, 2**15, -(2**23) - 1, 2**31, 2**40, -(2**63)]
    made = [(3**at, "x" * 7**at, at / 3 if at % 2 else float(at), os.urandom(at * 900), values[at]) for at in range(6)]
    db.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", made)
    if not in_log:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    read = {number: columns for number, columns in rows(path) if len(columns) == 5 and columns[0] is None}
    db.close()
    found = {number: (a.decode(), float(b), c, d) for number, (_, a, b, c, d) in read.items()}
    assert found == {row[0]: row[1:] for row in made}


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rounds", [6, pytest.param(120, marks=pytest.mark.long)])
@pytest.mark.parametrize("where", ["", "-wal"])
def test_whatever_is_written_over_it_is_seen_and_prefixes_can_be_saved(path, tmp_path, rng, rounds, where):
    """64 random bytes at a random place. What is not seen has changed nothing."""
    known = killed(path, tmp_path, most=4)
    if not where:
        Journal(path).close()
    whole = {
        ending: Path(path + ending).read_bytes() for ending in ("", "-wal", "-open") if os.path.exists(path + ending)
    }
    unseen = 0
    for _ in range(rounds):
        restore(path, whole)
        place = rng.randrange(len(whole[where]) - 64)
        hurt = bytearray(whole[where])
        hurt[place : place + 64] = rng.randbytes(64)
        Path(path + where).write_bytes(hurt)
        damages, seen = found_in(path)
        if not damages:
            unseen += 1
            assert_nothing_acknowledged_is_missing(seen, known, torn=where == "-wal")
            continue
        assert_prefixes(mended(path), known)
    assert unseen < rounds


def test_a_log_is_looked_through_beyond_the_heads_that_are_damaged(path, tmp_path, rng):
    """What follows a frame whose salts are gone belongs to the log all the same."""
    known = killed(path, tmp_path, most=4)
    log = Path(path + "-wal").read_bytes()
    whole = {ending: Path(path + ending).read_bytes() for ending in ("", "-wal", "-open")}
    frames = range(soundness.HEADER, len(log), soundness.FRAME + 4096)
    unseen = []
    for number, at in enumerate(frames):
        restore(path, whole)
        page, end = at - (100 if number else 0), at + soundness.FRAME
        Path(path + "-wal").write_bytes(log[:page] + rng.randbytes(end - page) + log[end:])
        damages, seen = found_in(path)
        assert_prefixes(seen, known)
        if not damages:
            unseen.append(number)
    turns = [number for number, at in enumerate(frames) if log[at + 4 : at + 8] != bytes(4)]
    assert set(unseen) <= set(range(turns[-3], len(frames))), (unseen, turns)


def restore(path, whole):
    for left in Path(path).parent.iterdir():
        left.unlink()
    for ending, content in whole.items():
        Path(path + ending).write_bytes(content)


def assert_nothing_acknowledged_is_missing(seen, known, torn):
    """Of a log the last turn may be torn: it cannot be told from one that was being written when the power went. Nor
    can the last two, if what is damaged is the very place that says where the first of them ends."""
    assert_prefixes(seen, known)
    missing = {id: len(happened) - len(seen.get(id, [])) for id, happened in known.items()}
    last = sum(len(turn_of((len(JOBS) * 4 - back) % TURNS)) + 1 for back in (1, 2))
    assert sum(missing.values()) <= (last if torn else 0), missing


def test_a_log_that_was_deleted_is_missed(path, tmp_path):
    known = killed(path, tmp_path)
    os.unlink(f"{path}-wal")
    damages, _ = found_in(path)
    assert "journal.db-wal) is gone" in str(damages[0])
    assert_prefixes(mended(path), known)


def test_a_log_that_somebody_else_folded_in_is_not_missed(path, tmp_path):
    known = killed(path, tmp_path)
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    Path(f"{path}-wal").unlink(missing_ok=True)
    damages, seen = found_in(path)
    assert damages == []
    assert {id: len(happened) for id, happened in seen.items()} == {id: len(all) for id, all in known.items()}


@pytest.mark.parametrize("clean", [True, False])
def test_the_log_of_another_journal_is_seen_before_it_is_folded_in(path, tmp_path, clean):
    known = killed(path, tmp_path)
    if clean:
        Journal(path).close()  # all is in the file now
    (tmp_path / "other").mkdir()
    killed(str(tmp_path / "other" / "journal.db"), tmp_path, most=3)
    shutil.copy(tmp_path / "other" / "journal.db-wal", f"{path}-wal")
    before = Path(path).read_bytes()
    damages, _ = found_in(path)
    assert str(damages[0]) == "its write-ahead log (journal.db-wal) is of another journal"
    assert Path(path).read_bytes() == before
    if clean:
        kept = mended(path)
        assert {id: len(happened) for id, happened in kept.items()} == {id: len(all) for id, all in known.items()}


def test_without_the_shared_memory_nothing_is_missing(path, tmp_path):
    known = killed(path, tmp_path)
    damages, seen = found_in(path)
    assert damages == []
    assert {id: len(happened) for id, happened in seen.items()} == {id: len(all) for id, all in known.items()}


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95])
def test_a_torn_file(path, part):
    journal, known = grown(path)
    journal.close()
    whole = Path(path).read_bytes()
    Path(path).write_bytes(whole[: int(len(whole) * part)])
    damages, _ = found_in(path)
    assert damages
    assert_prefixes(mended(path), known)


HURT = {
    "the index is gone": "DELETE FROM sqlite_schema WHERE name='turn_of_job'",
    "the table of heads is gone": "DELETE FROM sqlite_schema WHERE name='head'",
    "all heads are gone": "DELETE FROM head",
    "the heads are others": "UPDATE head SET seq=seq+1, hash=zeroblob(16)",
}


@pytest.mark.parametrize("what", HURT)
def test_what_only_leads_to_the_turns_is_made_anew_and_nothing_is_lost(path, what):
    journal, known = grown(path)
    journal.close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA writable_schema=ON")
    db.execute(HURT[what])
    db.commit()
    db.close()
    damages, _ = found_in(path)
    assert damages
    kept = mended(path)
    assert {id: len(happened) for id, happened in kept.items()} == {id: len(all) for id, all in known.items()}


def test_a_file_whose_beginning_is_gone_is_read_all_the_same(path):
    journal, known = grown(path)
    journal.close()
    hurt = bytearray(Path(path).read_bytes())
    hurt[:100] = bytes(100)
    Path(path).write_bytes(hurt)
    assert found_in(path)[0]
    kept = mended(path)
    assert {id: len(happened) for id, happened in kept.items()} == {id: len(all) for id, all in known.items()}


def test_the_list_of_jobs_is_the_same_after_it_was_made_anew(path):
    write(path, "j1", "j2")
    before = listed(path)
    db = sqlite3.connect(path)
    db.execute("UPDATE head SET name='', hash=zeroblob(16)")
    db.commit()
    db.close()
    mended(path)
    assert listed(path) == before


def listed(path):
    reading = Reading(path)
    try:
        return reading.jobs()
    finally:
        reading.close()


def test_a_job_that_was_removed_does_not_come_back(path):
    journal, _ = grown(path)
    journal.remove("j2")
    journal.close()
    db = sqlite3.connect(path)
    db.execute("DELETE FROM head")
    db.commit()
    db.close()
    assert sorted(mended(path)) == ["j1", "j3"]


def test_removed_jobs_give_their_room_back(path):
    journal, known = grown(path)
    journal.close()
    before = os.path.getsize(path)
    journal = Journal(path)
    journal.remove("j3")
    journal.shrink()
    journal.close()
    assert os.path.getsize(path) < before * 0.7
    assert len(events(path)) == len(known["j1"])


@pytest.mark.parametrize(("events_read", "bytes_read"), [(0, 0), (10**6, 0)])
def test_a_start_reads_all_open_jobs_and_so_many_events_of_others(path, monkeypatch, events_read, bytes_read):
    """Whoever asks for all is told all."""
    assert fill(path, 60, actions=5) > 60
    monkeypatch.setattr(soundness, "MOST_EVENTS", events_read)
    monkeypatch.setattr(soundness, "MOST_BYTES", bytes_read)
    journal = Journal(path)
    assert journal.append(NOW, [("open", Head(), [e.pack(event) for event in turn_of(0, "open")])])
    journal.close()
    hurt(path, "j00000")
    assert [damage.job for damage in looked_at(path, False)] == (["j00000"] if events_read else [])
    assert [damage.job for damage in looked_at(path, True)] == ["j00000"]
    hurt(path, "open")
    assert "open" in [damage.job for damage in looked_at(path, False)]


def hurt(path, id):
    db = sqlite3.connect(path)
    with db:
        db.execute("UPDATE turn SET at=at+1 WHERE job=?", (id,))
    db.close()


def looked_at(path, thorough):
    reading = Reading(path)
    try:
        return list(reading.damages(thorough))
    finally:
        reading.close()


# --- in its place -----------------------------------------------------------------------------------------------------


def test_a_copy_of_file_and_log_is_kept_and_names_are_never_used_twice(path, tmp_path):
    killed(path, tmp_path)
    mender = Mender(path)
    first, second = mender.keep_copy(), mender.keep_copy()
    assert len({*first, *second}) == 4
    assert Path(first[0]).read_bytes() == Path(path).read_bytes()
    assert Path(first[1]).read_bytes() == Path(f"{path}-wal").read_bytes()
    assert sorted(mender.copies()) == sorted([*first, *second])
    assert {os.stat(copy).st_mode & 0o777 for copy in first} == {0o600}


def test_a_new_file_that_is_ready_counts_and_is_put_in_place_by_whoever_comes_next(path, tmp_path):
    """As after a kill between the two steps: the old log is still there and must not be folded into the new file."""
    known = killed(path, tmp_path)
    mender = Mender(path)
    saved = [job for job in mender.salvage() if job.job != "j3"]
    journal = Journal(replacing.being_written(path))
    journal.restore((t.job, t.at, t.length, t.body) for job in saved for t in job.turns)
    journal.close()
    os.rename(f"{path}-building", f"{path}-ready")
    assert sorted(row.id for row in listed(replacing.current(path))) == ["j1", "j2"]
    replacing.finish(path)
    replacing.finish(path)
    damages, kept = found_in(path)
    assert damages == []
    assert {id: len(happened) for id, happened in kept.items()} == {id: len(known[id]) for id in ("j1", "j2")}
