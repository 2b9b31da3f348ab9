"""The SQLite journal among others: readers beside the writer, kill -9, a full disk, a file that is held.

Knows what other programs may do to a file; the port's own contract is in test_engine.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
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
from job_manager.engines.sqlite.journal import Head, Journal
from job_manager.engines.sqlite.reading import Reading
from job_manager.model.errors import EngineError
from job_manager.testing import FakeClock
from tests.contract.files import DOCUMENT, ROOT, TURNS, commit, due, events, start_writer, turn_of, write
from tests.core.given import NOW, SITE

# --- reading ------------------------------------------------------------------------------------------------------


def test_reading_beside_a_writer_sees_every_commit_and_changes_nothing(path):
    journal, head = Journal(path), Head()
    journal.append(NOW, [("j1", head, [e.pack(event) for event in turn_of(0)])])
    reading = Reading(path)
    for number in range(1, TURNS):
        journal.append(NOW, [("j1", head, [e.pack(event) for event in turn_of(number)])])
        assert len(list(reading.events("j1"))) == head.seq
    reading.close()
    size = os.path.getsize(f"{path}-wal")
    assert size > 0
    assert journal.append(NOW, [("j1", head, [e.pack(event) for event in turn_of(1)])])
    journal.close()


def test_who_looks_whether_the_log_is_sound_keeps_his_locks(path):
    """Without them the next who comes cuts the index short, and whoever has it in his memory dies of SIGBUS."""
    journal = Journal(path)
    journal.append(NOW, [("j1", Head(), [e.pack(event) for event in turn_of(0)])])
    shutil.copy(path, f"{path}.left")  # as after kill -9 of the writer: nobody folds the log in
    shutil.copy(f"{path}-wal", f"{path}.left-wal")
    with open(f"{path}.left-wal", "ab") as log:
        log.write(bytes(4096 + 24))  # what was being written when the power went
    reading = Reading(f"{path}.left")
    assert list(reading.damages_of_log()) == []
    mine = os.stat(f"{path}.left-shm")
    key = f"{os.major(mine.st_dev):02x}:{os.minor(mine.st_dev):02x}:{mine.st_ino} "
    with open("/proc/locks") as locks:
        assert any(key in line and f" {os.getpid()} " in line for line in locks)
    reading.close()
    assert not any("left-shm" in os.path.realpath(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd"))
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


@pytest.mark.parametrize("kills", [6, pytest.param(40, marks=pytest.mark.long)])
def test_kill_9_in_the_middle_of_appending_loses_nothing_acknowledged(path, rng, kills):
    before = 0
    for _ in range(kills):
        acknowledged = start_writer(path, rng.randint(1, 40))
        assert acknowledged > before
        found = events(path)
        assert len(found) >= acknowledged
        assert [event._asdict()["slots"] for event in found[1:]] == list(range(1, len(found)))
        before = len(found)


def test_when_the_disk_is_full_nothing_is_lost_and_it_goes_on_when_there_is_room(path):
    journal = Journal(path)
    engine = SqliteEngine(journal, FakeClock())
    assert commit(engine, turn_of(0))
    journal._db.execute("PRAGMA max_page_count=20")
    fill_and_free(engine, path, lambda: journal._db.execute("PRAGMA max_page_count=100000"))


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
    turn = due(engine)
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


UNSURE = """
import sys
from job_manager.engines.sqlite.journal import Head, Journal
from job_manager.model.errors import EngineError
journal, head, raised = Journal(sys.argv[1]), Head(), []
for number in range(6):
    try:
        journal.append(1.0, [("j1", head, [["worker-joined", f"w{number}", 1, 0, 1.0]])])
        print(number, flush=True)
    except EngineError as error:
        raised.append((str(error), error.retryable))
journal.close()
assert raised and len(set(raised)) == 1, raised
assert "the disk failed to keep what was written to" in raised[0][0] and not raised[0][1], raised
"""


@pytest.mark.needs("strace")
@pytest.mark.parametrize("when", [8, 9, 10])
def test_after_an_fsync_that_failed_once_nothing_is_written_by_that_process(path, when):
    """The next fsync would succeed, and mean nothing."""
    words = ["strace", "-qq", "-o", os.devnull, "-e", "trace=fdatasync,fsync"]
    words += ["-e", f"inject=fdatasync,fsync:error=EIO:when={when}", sys.executable, "-c", UNSURE, path]
    done = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True)
    assert done.returncode == 0, done
    acknowledged = done.stdout.split()
    assert acknowledged == [str(number) for number in range(len(acknowledged))] and len(acknowledged) < 6
    assert os.path.exists(f"{path}-wal")  # not folded in by who does not know what is in it
    Journal(path).close()
    assert len(events(path)) in (len(acknowledged), len(acknowledged) + 1)


def test_who_holds_it_is_named(path):
    write(path, "j1")
    code = f"import sqlite3; sqlite3.connect({path!r}).execute('BEGIN EXCLUSIVE'); print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        journal = Journal(path, patience=0.05)
        with pytest.raises(EngineError, match=rf"by process {other.pid} \(.*BEGIN EXCLUSIVE"):
            journal.append(NOW, [("j9", Head(), [e.pack(turn_of(0, "j9")[0])])])
        other.kill()
    assert journal.append(NOW, [("j9", Head(), [e.pack(turn_of(0, "j9")[0])])])
    journal.close()


def test_a_reader_that_does_not_end_is_named_when_the_log_has_grown(path, monkeypatch):
    monkeypatch.setattr(journal_module, "CHECKPOINT_TURNS", 5)
    monkeypatch.setattr(journal_module, "LOG_LIMIT", 100_000)
    journal, head = Journal(path), Head()
    journal.append(NOW, [("j1", head, [e.pack(turn_of(0)[0])])])
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM turn").fetchone()
    for _ in range(60):
        journal.append(NOW, [("j1", head, [e.pack(event) for event in BIG])])
    assert "journal.db-wal) has grown to" in journal.warning and "cannot be folded in" in journal.warning
    reader.close()
    for _ in range(12):
        journal.append(NOW, [("j1", head, [e.pack(event) for event in BIG])])
    assert journal.warning == ""
    journal.close()
    assert not os.path.exists(f"{path}-wal")


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
    assert list(due(engine).events) == expected
    engine.watch("j1")
    assert engine.next() is None
    engine.close()
