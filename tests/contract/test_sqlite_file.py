"""The SQLite journal's file: damage is seen wherever it is, and nobody else may read or write it.

Knows the tables; the port's own contract is in test_engine.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from job_manager.core import events as e
from job_manager.core.said import SubmitJob
from job_manager.engines.sqlite import journal as journal_module
from job_manager.engines.sqlite.engine import SqliteEngine
from job_manager.engines.sqlite.journal import FORMAT, Head, Journal
from job_manager.engines.sqlite.reading import Reading
from job_manager.model.document import job_document
from job_manager.model.errors import EngineError
from job_manager.testing import FakeClock, job, serial
from tests.contract.files import DOCUMENT, SEQ, TURNS, due, events, turn_of, write
from tests.core.given import NOW, SITE

# --- damage -------------------------------------------------------------------------------------------------------

CHANGES = {
    "body": "UPDATE turn SET body = replace(body, 'o', 'O') WHERE job='j1' AND seq={seq}",
    "body, not text any more": "UPDATE turn SET body = CAST(x'5bff5d' AS TEXT) WHERE job='j1' AND seq={seq}",
    "time": "UPDATE turn SET at = at + 1e-6 WHERE job='j1' AND seq={seq}",
    "count": "UPDATE turn SET count = count + 1 WHERE job='j1' AND seq={seq}",
    "hash": "UPDATE turn SET hash = zeroblob(16) WHERE job='j1' AND seq={seq}",
    "place": "UPDATE turn SET seq = seq + 1000 WHERE job='j1' AND seq={seq}",
    "owner": "UPDATE turn SET job = 'j3' WHERE job='j1' AND seq={seq}",
    "removed": "DELETE FROM turn WHERE job='j1' AND seq={seq}",
}


def alter(path: str, *statements: str) -> None:
    db = sqlite3.connect(path)
    changed = sum(db.execute(statement).rowcount for statement in statements)
    db.commit()
    db.close()
    assert changed


@pytest.mark.parametrize("turn", range(TURNS))
@pytest.mark.parametrize("what", CHANGES)
def test_any_change_of_any_turn_is_found(path, what, turn):
    write(path, "j1", "j2")
    alter(path, CHANGES[what].format(seq=SEQ[turn]))
    with pytest.raises(EngineError, match=r"journal .*journal\.db is damaged: job j1, event (\d+)") as raised:
        events(path)
    assert int(str(raised.value).split("event ")[1].split(":")[0]) in (SEQ[turn], *SEQ[turn + 1 : turn + 2])
    assert len(events(path, "j2")) == 16
    engine = SqliteEngine(Journal(path), FakeClock())
    engine.watch("j1")
    with pytest.raises(EngineError, match="job j1, event"):
        engine.next()
    engine.close()


SWAPS = {
    "two turns change places": [
        "UPDATE turn SET seq = 900 WHERE job='j1' AND seq=2",
        "UPDATE turn SET seq = 2 WHERE job='j1' AND seq=4",
        "UPDATE turn SET seq = 4 WHERE job='j1' AND seq=900",
    ],
    "a turn of another job": [
        "DELETE FROM turn WHERE job='j1' AND seq=4",
        "UPDATE turn SET job='j1' WHERE job='j2' AND seq=4",
    ],
    "all turns are gone": ["DELETE FROM turn WHERE job='j1'"],
    "the end of the chain is gone": ["DELETE FROM head WHERE job='j1'"],
    "the end of the chain is another": ["UPDATE head SET hash=zeroblob(16) WHERE job='j1'"],
    "the end of the chain is earlier": ["UPDATE head SET seq=11 WHERE job='j1'"],
    "a whole job under another name": [
        "DELETE FROM turn WHERE job='j1'",
        "UPDATE turn SET job='j1' WHERE job='j2'",
        "UPDATE head SET hash=(SELECT hash FROM head WHERE job='j2') WHERE job='j1'",
    ],
}


@pytest.mark.parametrize("what", SWAPS)
def test_turns_that_are_not_where_they_were_written_are_found(path, what):
    write(path, "j1", "j2")
    alter(path, *SWAPS[what])
    with pytest.raises(EngineError, match=r"is damaged: job j1, event \d+"):
        events(path)


@pytest.mark.parametrize("bit", [0, 5, 7])
@pytest.mark.parametrize("turn", range(1, TURNS))
def test_a_flipped_bit_in_the_file_is_found(path, turn, bit):
    write(path, "j1")
    raw = bytearray(Path(path).read_bytes())
    raw[raw.rindex(b"marker-%d-0" % turn) + 2] ^= 1 << bit
    Path(path).write_bytes(raw)
    with pytest.raises(EngineError, match=f"job j1, event {SEQ[turn]}: the hash chain is broken"):
        events(path)


def test_what_is_no_database_is_said_to_be_damaged(path):
    Path(path).write_text("not at all\n" * 1000)
    for open_it in (Journal, Reading):
        with pytest.raises(EngineError, match=r"the journal .* is damaged: file is not a database"):
            open_it(path)


def test_a_newer_format_is_refused_and_left_alone(path):
    write(path, "j1")
    alter_version(path, FORMAT + 1)
    before = Path(path).read_bytes()
    for open_it in (Journal, Reading):
        with pytest.raises(EngineError, match=f"newer job_manager \\(format {FORMAT + 1}; this one reads {FORMAT}\\)"):
            open_it(path)
    assert Path(path).read_bytes() == before


def alter_version(path, version):
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version={version}")
    db.close()


def test_an_event_of_a_newer_kind_is_refused_by_name(path):
    journal = Journal(path)
    journal.append(NOW, [("j1", Head(), [["exploded", 1]])])
    journal.close()
    with pytest.raises(EngineError, match="'exploded' in job j1 that this job_manager does not know"):
        events(path)


def test_a_job_nested_too_deep_to_be_written_is_refused_and_nothing_is(path):
    inside = serial("t", "a")
    for _ in range(5000):
        inside = serial("t", inside)
    engine = SqliteEngine(Journal(path), FakeClock())
    document = job_document(job(inside))
    engine.say(SubmitJob("j1", document, SITE))
    with pytest.raises(EngineError, match="job j1 is nested too deep"):
        engine.commit(due(engine), [e.JobSubmitted("j1", NOW, document, SITE)], [])
    engine.close()
    assert events(path) == []


# --- the file -----------------------------------------------------------------------------------------------------


def test_only_its_owner_may_read_it_whatever_the_umask(path):
    before = os.umask(0)
    try:
        journal = Journal(path)
        journal.append(NOW, [("j1", Head(), [e.pack(turn_of(0)[0])])])
        reading = Reading(path)
        reading.jobs()
        modes = {name: stat.S_IMODE(os.stat(path + name).st_mode) for name in ("", "-wal", "-shm")}
    finally:
        os.umask(before)
    reading.close()
    journal.close()
    assert modes == {"": 0o600, "-wal": 0o600, "-shm": 0o600}


@pytest.mark.parametrize("open_it", [Journal, events])
def test_a_path_that_cannot_be_is_an_engine_error(tmp_path, open_it):
    (tmp_path / "folder").mkdir()
    with pytest.raises(EngineError, match=r"the journal .*folder"):
        open_it(str(tmp_path / "folder"))


def test_a_folder_that_is_not_there_and_a_link_to_nowhere(tmp_path):
    with pytest.raises(EngineError, match="No such file"):
        Journal(str(tmp_path / "none" / "journal.db"))
    (tmp_path / "link.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(EngineError, match=r"link\.db"):
        Journal(str(tmp_path / "link.db"))
    assert not (tmp_path / "elsewhere.db").exists()


def test_the_log_beside_the_file_is_folded_in_now_and_then(path, monkeypatch):
    monkeypatch.setattr(journal_module, "CHECKPOINT_TURNS", 5)
    journal, head = Journal(path), Head()
    journal.append(NOW, [("j1", head, [e.pack(turn_of(0)[0])])])
    sizes = []
    for _ in range(100):
        journal.append(NOW, [("j1", head, [e.pack(event) for event in turn_of(5)])])
        sizes.append(os.path.getsize(f"{path}-wal"))
    assert max(sizes) == max(sizes[:10])
    journal.close()
    assert len(events(path)) == 501


def test_a_removed_job_is_gone_and_its_id_free(path):
    write(path, "j1", "j2")
    journal = Journal(path)
    journal.remove("j1")
    assert journal.head("j1").seq == 0
    assert journal.append(NOW, [("j1", Head(), [e.pack(turn_of(0)[0])])])
    journal.close()
    assert len(events(path)) == 1
    assert len(events(path, "j2")) == 16


def test_a_head_that_has_moved_on_writes_nothing(path):
    one, two = Journal(path), Journal(path)
    head = Head()
    assert one.append(NOW, [("j1", head, [e.pack(turn_of(0)[0])])])
    late = [("j2", Head(), [e.pack(turn_of(0)[0])]), ("j1", Head(), [e.pack(turn_of(0)[0])])]
    assert not two.append(NOW, late)
    assert two.head("j2").seq == 0
    assert (head.seq, head.hash) == (two.head("j1").seq, two.head("j1").hash)
    two.close()
    one.close()


def test_the_list_of_jobs_follows_the_events(path):
    journal = Journal(path)
    heads = {"j1": Head(), "j2": Head()}

    def append(id, *happened):
        assert journal.append(NOW, [(id, heads[id], [e.pack(event) for event in happened])])

    append("j1", e.JobSubmitted("j1", NOW, DOCUMENT, SITE))
    append("j2", e.JobSubmitted("j2", NOW + 1, DOCUMENT, SITE))
    append("j1", e.JobFinished("j1", NOW + 5, "failed", {"failed": 1}))
    reading = Reading(path)
    assert [tuple(row) for row in reading.jobs()] == [
        ("j2", "film", "open", NOW + 1, None, {}),
        ("j1", "film", "failed", NOW, NOW + 5, {"failed": 1}),
    ]
    append("j1", e.JobResumed("j1", NOW + 6, SITE))
    assert (reading.jobs()[1].name, reading.jobs()[1].state, reading.jobs()[1].finished) == ("film", "open", None)
    append("j1", e.JobResumed("j1", NOW + 7, SITE, job_document(job("a", name="cut"))))
    assert reading.jobs()[1].name == "cut"
    reading.close()
    journal.close()


def test_every_append_is_forced_to_disk_and_only_we_fold_it_into_the_file(path):
    """FULL: with NORMAL a power cut takes what was acknowledged (faults.md: all of 34,836 commits)."""
    journal = Journal(path)
    settings = {name: journal._db.execute(f"PRAGMA {name}").fetchone()[0] for name in SETTINGS}
    journal.close()
    assert settings == SETTINGS


SETTINGS = {"journal_mode": "wal", "synchronous": 2, "wal_autocheckpoint": 0}
