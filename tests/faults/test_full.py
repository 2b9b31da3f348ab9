"""The real program on a disk that is filled to the last byte while it runs: ends are recorded with what was kept in
reserve, then waited for, and when there is room again all goes on. Nothing runs twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import check, witness
from tests.faults.disks import Disk, mounted

DEADLINE = 30.0


def job(folder: Path) -> str:
    """Two actions at once and one after them; each waits for a file."""
    ledger = folder / "ledger"
    a, b, c = (json.dumps(witness.command(ledger, "--await", folder / f"go-{name}")) for name in "abc")
    return f"""
name: j
version: 1
tasks:
- name: first
  parallel: true
  tasks:
  - {{name: a, cmd: {a}}}
  - {{name: b, cmd: {b}}}
- {{name: c, cmd: {c}}}
"""


def until(met: Callable[[], bool], what: Callable[[], str]) -> None:
    give_up = time.monotonic() + DEADLINE
    while not met():
        assert time.monotonic() < give_up, what()
        time.sleep(0.01)


@pytest.fixture
def disk(tmp_path: Path):
    with mounted(tmp_path / "disk", size="6m") as disk:
        yield disk


def test_a_disk_without_a_byte_left_costs_time_and_nothing_else(tmp_path: Path, disk: Disk) -> None:
    (tmp_path / "job.yaml").write_text(job(tmp_path))
    home, out = disk.path / "jm", tmp_path / "out"
    argv = [sys.executable, "-m", "job_manager", "run", "job.yaml", "-j", "3", "--home", str(home)]
    with out.open("wb") as printed, subprocess.Popen(argv, cwd=tmp_path, stdout=printed, stderr=printed) as running:
        said = out.read_text
        begun = lambda: {line["action"] for line in witness.read(tmp_path / "ledger")}  # noqa: E731
        until(lambda: begun() == {"first/a", "first/b"}, said)
        assert (home / "reserve").stat().st_size == 1 << 20
        disk.fill()
        (tmp_path / "go-a").touch()
        until(lambda: "first/a: done" in said(), said)
        assert not (home / "reserve").exists(), "it was given up for that"
        disk.fill()
        (tmp_path / "go-b").touch()
        until(lambda: "the disk is full" in said() and "it goes on when that is over" in said(), said)
        assert "first/b: done" not in said()
        disk.clear()
        until(lambda: begun() == {"first/a", "first/b", "c"}, said)
        (tmp_path / "go-c").touch()
        assert running.wait(DEADLINE) == 0, said()
    assert (home / "reserve").stat().st_size == 1 << 20
    ledger = witness.read(tmp_path / "ledger")
    assert check.everything(home, ledger, check.histories(home / "journal.db")) == []
    assert [line["what"] for line in ledger].count("start") == 3


def test_what_cannot_be_written_down_is_not_begun(tmp_path: Path, disk: Disk) -> None:
    (tmp_path / "job.yaml").write_text(job(tmp_path))
    disk.fill()
    argv = [sys.executable, "-m", "job_manager", "run", "job.yaml", "--home", str(disk.path / "jm")]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True)
    assert check.manners(done.returncode, done.stderr, [2, 5]) == []
    assert "No space left on device" in done.stderr or "the disk is full" in done.stderr
    assert witness.read(tmp_path / "ledger") == []


def test_status_says_for_how_much_room_is_waited_and_nothing_is_lost_by_it(tmp_path: Path) -> None:
    """Without a disk of its own: the floor is higher than any disk."""
    (tmp_path / "job.yaml").write_text(job(tmp_path))
    jm, out = [sys.executable, "-m", "job_manager"], tmp_path / "out"
    floor = {**os.environ, "JM_DISK_FLOOR": "4000T"}
    with out.open("wb") as printed:
        running = subprocess.Popen([*jm, "run", "job.yaml"], cwd=tmp_path, stdout=printed, stderr=printed, env=floor)
        until(lambda: "nothing is begun: waits for disk space" in out.read_text(), out.read_text)
        shown = subprocess.run([*jm, "status"], cwd=tmp_path, capture_output=True, text=True).stdout
        running.terminate()
        assert running.wait(DEADLINE) == 130, out.read_text()
    assert f"free of the 4000T floor at {tmp_path}/.jm" in shown and "waits for disk space: " in shown
    for name in "abc":
        (tmp_path / f"go-{name}").touch()
    done = subprocess.run([*jm, "resume", "last"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert check.everything(tmp_path / ".jm", witness.read(tmp_path / "ledger")) == []


def test_a_person_may_stop_what_waits_for_the_disk_and_what_runs_is_adopted(tmp_path: Path, disk: Disk) -> None:
    (tmp_path / "job.yaml").write_text(job(tmp_path))
    home, out = disk.path / "jm", tmp_path / "out"
    jm = [sys.executable, "-m", "job_manager"]
    with out.open("wb") as printed:
        running = subprocess.Popen(
            [*jm, "run", "job.yaml", "-j", "3", "--home", str(home)], cwd=tmp_path, stdout=printed, stderr=printed
        )
        until(lambda: len(witness.read(tmp_path / "ledger")) == 2, out.read_text)
        (home / "reserve").unlink()
        disk.fill()
        (tmp_path / "go-a").touch()
        until(lambda: "it goes on when that is over" in out.read_text(), out.read_text)
        running.terminate()
        assert running.wait(DEADLINE) == 5, out.read_text()
    assert check.manners(5, out.read_text()) == []
    disk.clear()
    for name in "bc":
        (tmp_path / f"go-{name}").touch()
    done = subprocess.run([*jm, "resume", "last", "--home", str(home)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ledger = witness.read(tmp_path / "ledger")
    assert [line["what"] for line in ledger].count("start") == 3, "what ran while nobody could write counts"
    assert check.everything(home, ledger) == []
