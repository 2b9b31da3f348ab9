"""What the SQLite engine promises beyond the port: damage is seen, nothing committed is lost, reading harms nobody.

Knows the tables; the port's own contract is in test_engine.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager
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
from job_manager.testing.farm import reread
from tests.core.given import NOW, SITE

ROOT = Path(__file__).parents[2]
DOCUMENT = job_document(job("a", name="film"))
TURNS = 6


def turn_of(number: int, id: str = "j1") -> list[e.Event]:
    if number == 0:
        return [e.JobSubmitted(id, NOW, DOCUMENT, SITE)]
    return [e.WorkerJoined(id, f"marker-{number}-{at}", number, at, NOW) for at in range(number)]


def write(path: str, *ids: str) -> list[e.Event]:
    """TURNS turns of each job; the file is left closed. The events of the first."""
    journal = Journal(path)
    heads = {id: Head() for id in ids}
    for number in range(TURNS):
        for id in ids:
            assert journal.append(NOW + number, [(id, heads[id], [e.pack(event) for event in turn_of(number, id)])])
    journal.close()
    return [reread(event) for number in range(TURNS) for event in turn_of(number, ids[0])]


def events(path: str, id: str = "j1") -> list[e.Event]:
    reading = Reading(path)
    try:
        return list(reading.events(id))
    finally:
        reading.close()


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "journal.db")


# --- damage -------------------------------------------------------------------------------------------------------

SEQ = [0, 1, 2, 4, 7, 11]  # events before each turn
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
        engine.commit(engine.next(), [e.JobSubmitted("j1", NOW, document, SITE)], [])
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


# --- reading ------------------------------------------------------------------------------------------------------


def test_reading_beside_a_writer_sees_every_commit_and_changes_nothing(path):
    journal, head = Journal(path), Head()
    reading = None
    for number in range(TURNS):
        journal.append(NOW, [("j1", head, [e.pack(event) for event in turn_of(number)])])
        reading = reading or Reading(path)
        assert len(list(reading.events("j1"))) == head.seq
    reading.close()
    size = os.path.getsize(f"{path}-wal")
    assert size > 0
    assert journal.append(NOW, [("j1", head, [e.pack(event) for event in turn_of(1)])])
    journal.close()


def test_a_reading_in_the_middle_of_a_job_is_of_one_moment(path):
    journal, head = Journal(path), Head()
    for number in range(TURNS):
        journal.append(NOW, [("j1", head, [e.pack(event) for event in turn_of(number)])])
    reading = Reading(path)
    middle = reading.events("j1")
    seen = [next(middle) for _ in range(3)]
    journal.append(NOW, [("j1", head, [e.pack(event) for event in turn_of(9)])])
    journal.remove("j1")
    assert len([*seen, *middle]) == 16
    reading.close()
    journal.close()


def test_after_a_clean_end_there_is_one_file_and_it_can_be_read(path):
    expected = write(path, "j1")
    assert os.listdir(os.path.dirname(path)) == ["journal.db"]
    before = Path(path).read_bytes()
    assert events(path) == expected
    assert Path(path).read_bytes() == before


def test_what_a_killed_writer_left_is_read_without_folding_it_in(path):
    start_writer(path, 5)
    before = Path(path).read_bytes(), Path(f"{path}-wal").read_bytes()
    assert len(events(path)) > 5
    os.unlink(f"{path}-shm")
    assert len(events(path)) > 5
    assert (Path(path).read_bytes(), Path(f"{path}-wal").read_bytes()) == before


def test_no_file_and_an_empty_file_have_no_jobs(path):
    for _ in range(2):
        reading = Reading(path)
        assert reading.jobs() == []
        assert list(reading.events("j1")) == []
        reading.close()
        Path(path).touch()


@pytest.mark.parametrize("name", ["a b", "50%", "what?", "no#1", "käse", "%20"])
def test_a_path_with_signs_that_mean_something_elsewhere(tmp_path, name):
    (tmp_path / name).mkdir()
    expected = write(str(tmp_path / name / "journal.db"), "j1")
    assert events(str(tmp_path / name / "journal.db")) == expected


@contextmanager
def read_only(folder):
    """Within, nothing can be made or changed in the folder; for root by being nobody for a moment."""
    for name in os.listdir(folder):
        os.chmod(os.path.join(folder, name), 0o444)
    os.chmod(folder, 0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        os.chmod(folder, 0o755)


@pytest.fixture
def open_folder():
    """A folder to which others may find their way, as pytest's own is not."""
    folder = tempfile.mkdtemp()
    os.chmod(folder, 0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_cleanly_closed_journal_can_be_read_in_a_read_only_folder(open_folder):
    path = f"{open_folder}/journal.db"
    expected = write(path, "j1")
    with read_only(open_folder):
        assert events(path) == expected
    assert os.listdir(open_folder) == ["journal.db"]


def test_a_killed_writers_journal_can_be_read_in_a_read_only_folder(open_folder):
    path = f"{open_folder}/journal.db"
    start_writer(path, 5)
    with read_only(open_folder):
        assert len(events(path)) > 5


def test_a_journal_whose_log_cannot_be_read_is_never_shown_as_it_was_before(open_folder):
    path = f"{open_folder}/journal.db"
    start_writer(path, 5)
    os.unlink(f"{path}-shm")
    with read_only(open_folder), pytest.raises(EngineError, match=r"the journal .* cannot be used"):
        events(path)


# --- kill, full, locked -------------------------------------------------------------------------------------------


def start_writer(path, acknowledged):
    """Run the writer until it has acknowledged so many turns, then kill -9. The last number it acknowledged."""
    environ = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    argv = [sys.executable, "-m", "tests.contract.writer", path]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, env=environ) as writer:
        assert writer.stdout is not None
        heard = b"".join(writer.stdout.readline() for _ in range(acknowledged))
        writer.send_signal(signal.SIGKILL)
        heard += writer.stdout.read()
    return int(heard[: heard.rindex(b"\n")].rpartition(b"\n")[2])


def test_kill_9_in_the_middle_of_appending_loses_nothing_acknowledged(path, rng):
    before = 0
    for _ in range(20):
        acknowledged = start_writer(path, rng.randint(1, 40))
        assert acknowledged > before
        found = events(path)
        assert len(found) >= acknowledged
        assert [event.slots for event in found[1:]] == list(range(1, len(found)))
        before = len(found)


def test_when_the_disk_is_full_nothing_is_lost_and_it_goes_on_when_there_is_room(path):
    journal = Journal(path)
    engine = SqliteEngine(journal, FakeClock())
    assert commit(engine, turn_of(0))
    journal._db.execute("PRAGMA max_page_count=20")
    fill_and_free(engine, path, lambda: journal._db.execute("PRAGMA max_page_count=100000"))


def commit(engine, happened):
    return engine.commit(engine.next(due=True), happened, [])


BIG = [e.WorkerJoined("j1", "w" * 8000, 1, 0, NOW)]


def fill_and_free(engine, path, make_room):
    written = 1
    with pytest.raises(EngineError, match="the disk is full") as raised:
        for _ in range(1000):
            assert commit(engine, BIG)
            written += 1
    assert raised.value.retryable
    assert raised.value.hint
    make_room()
    assert commit(engine, BIG)
    engine.close()
    assert len(events(path)) == written + 1


def test_a_really_full_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(disk)], capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("a tmpfs of its own cannot be mounted here")
    try:
        balloon = disk / "balloon"
        balloon.write_bytes(b"x" * 200_000)
        engine = SqliteEngine(Journal(str(disk / "journal.db")), FakeClock())
        assert commit(engine, turn_of(0))
        fill_and_free(engine, str(disk / "journal.db"), balloon.unlink)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_file_held_by_another_program_is_said_to_be_and_nothing_is_lost(path):
    write(path, "j1")
    engine = SqliteEngine(Journal(path, patience=0.05), FakeClock())
    engine.say(SubmitJob("j9", DOCUMENT, SITE))
    turn = engine.next()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(EngineError, match=r"another program holds .*journal\.db: database is locked") as raised:
        engine.commit(turn, [e.JobSubmitted("j9", NOW, DOCUMENT, SITE)], [])
    assert raised.value.retryable
    assert len(events(path)) == 16
    other.execute("ROLLBACK")
    other.close()
    assert engine.commit(turn, [e.JobSubmitted("j9", NOW, DOCUMENT, SITE)], [])
    engine.close()
    assert len(events(path, "j9")) == 1


def test_a_file_held_while_it_is_opened(path):
    write(path, "j1")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(EngineError, match="another program holds"):
        Journal(path, patience=0.05)
    other.close()


def test_watching_a_job_twice_gives_its_events_once(path):
    expected = write(path, "j1")
    engine = SqliteEngine(Journal(path), FakeClock())
    engine.watch("j1")
    engine.watch("j1")
    assert list(engine.next().events) == expected
    engine.watch("j1")
    assert engine.next() is None
    engine.close()
