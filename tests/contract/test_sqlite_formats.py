"""Journals of every format that was ever written open and fold; an older one is brought up to date or left whole.

Knows the kept files and the steps; what events mean is the core's.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from job_manager.app import wiring
from job_manager.app.home import Home
from job_manager.core import events as e
from job_manager.engines.sqlite import journal as journal_module
from job_manager.engines.sqlite import reading as reading_module
from job_manager.engines.sqlite import upgrading
from job_manager.engines.sqlite.journal import FORMAT, Journal
from job_manager.engines.sqlite.reading import Reading
from job_manager.model.errors import EngineError
from tests.contract.files import ROOT, events, write
from tests.contract.kept import JOURNALS, PRESENT, folded, kinds_in

KEPT = sorted(JOURNALS.glob("*.db"))


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.stem)
def test_a_journal_of_every_format_opens_and_folds_to_what_it_did(kept, tmp_path):
    """Nothing that was once written may ever mean something else."""
    path = tmp_path / "journal.db"
    shutil.copy(kept, path)
    Journal(str(path)).close()
    assert folded(path) == json.loads(kept.with_suffix(".json").read_text())
    reading = Reading(str(path))
    assert list(reading.damages(thorough=True)) == []
    reading.close()


def test_there_is_a_kept_journal_of_every_format():
    assert [path.name for path in KEPT] == [f"format-{number}.db" for number in range(1, FORMAT + 1)]


def test_every_kind_of_event_is_in_the_newest(tmp_path):
    copy = shutil.copy(PRESENT, tmp_path)
    assert kinds_in(Path(copy)) == set(e.KINDS), "python -m tests.contract.kept writes it anew"


# --- from one format to the next --------------------------------------------------------------------------------------

STEP = "ALTER TABLE head ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'"


@pytest.fixture
def next_format(monkeypatch):
    """The next format of this program: the list of jobs has a colour more."""
    for module in (journal_module, reading_module):
        monkeypatch.setattr(module, "FORMAT", FORMAT + 1)
    monkeypatch.setitem(upgrading.STEPS, FORMAT, lambda db: db.execute(STEP))


def formats(folder):
    found = {}
    for path in sorted(Path(folder).glob("journal.db*")):
        if path.name.endswith(("-wal", "-shm")):
            continue
        db = sqlite3.connect(path)
        found[path.name] = db.execute("PRAGMA user_version").fetchone()[0]
        db.close()
    return found


def test_an_older_journal_is_brought_up_to_date_and_a_copy_is_kept(path, next_format):
    expected = written_before(path)
    Journal(path).close()
    assert events(path) == expected
    folder = os.path.dirname(path)
    assert formats(folder) == {"journal.db": FORMAT + 1, f"journal.db.format-{FORMAT}": FORMAT}
    assert stat.S_IMODE(os.stat(f"{path}.format-{FORMAT}").st_mode) == 0o600


def test_a_start_brings_an_older_journal_up_to_date(tmp_path, next_format):
    home = Home(str(tmp_path / "home"))
    home.make()
    written_before(home.journal)
    home.lock()
    try:
        wiring.open_journal(home).close()
    finally:
        home.unlock()
    assert formats(home.path) == {"journal.db": FORMAT + 1, f"journal.db.format-{FORMAT}": FORMAT}


def written_before(path):
    """A journal of the format before this one, as its writer left it when it was killed: with a log."""
    folder = Path(path).parent / "older"
    folder.mkdir()
    expected = write(str(folder / "journal.db"), "j1")
    db = sqlite3.connect(folder / "journal.db", isolation_level=None)
    db.execute(f"PRAGMA user_version={FORMAT}")
    for ending in ("", "-wal"):
        shutil.copy(folder / f"journal.db{ending}", f"{path}{ending}")
    db.close()
    shutil.rmtree(folder)
    return expected


def test_who_only_looks_does_not_change_an_older_journal(path, next_format):
    written_before(path)
    before = Path(path).read_bytes()
    with pytest.raises(EngineError, match=f"older job_manager \\(format {FORMAT}; this one reads {FORMAT + 1}\\)"):
        Reading(path)
    assert Path(path).read_bytes() == before


def test_a_step_that_fails_leaves_the_journal_as_it_was(path, next_format, monkeypatch):
    expected = written_before(path)
    monkeypatch.setitem(upgrading.STEPS, FORMAT, lambda db: db.execute(f"{STEP}, nonsense"))
    with pytest.raises(EngineError):
        Journal(path)
    monkeypatch.undo()
    assert events(path) == expected


UPGRADE = """
import sys
from job_manager.engines.sqlite import journal, upgrading
journal.FORMAT += 1
upgrading.STEPS[journal.FORMAT - 1] = lambda db: db.execute(sys.argv[2])
journal.Journal(sys.argv[1]).close()
print("done")
"""
WRITING = "pwrite64,fdatasync,fsync,rename,ftruncate,unlink"


@pytest.mark.long
@pytest.mark.needs("strace")
def test_killed_anywhere_while_it_is_brought_up_to_date_nothing_is_lost(path, monkeypatch):
    """Every write-like call of the upgrade is the last one, in turn; then it is begun again and succeeds."""
    expected = written_before(path)
    kept = {ending: Path(path + ending).read_bytes() for ending in ("", "-wal")}
    for number in range(1, 200):
        for left in Path(path).parent.iterdir():
            left.unlink()
        for ending, content in kept.items():
            Path(path + ending).write_bytes(content)
        done = upgraded(path, f"{WRITING}:signal=SIGKILL:when={number}")
        if done.returncode == 0:
            break
        assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
        assert upgraded(path).returncode == 0, number
        assert formats(Path(path).parent)["journal.db"] == FORMAT + 1
        read_as_next(path, monkeypatch, expected)
    assert number > 10


def upgraded(path, injected=""):
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    words = [sys.executable, "-c", UPGRADE, path, STEP]
    if injected:
        words = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={WRITING}", "-e", f"inject={injected}", *words]
    return subprocess.run(words, env=environ, capture_output=True)


def read_as_next(path, monkeypatch, expected):
    with monkeypatch.context() as later:
        for module in (journal_module, reading_module):
            later.setattr(module, "FORMAT", FORMAT + 1)
        assert events(path) == expected
