"""What killed runs leave behind is gone when somebody else has held the directory: nothing needs a hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.crash.farm import Farm, environ
from tests.process.keeping import gone

JOB = "name: j\nversion: 1\nsteps:\n- entries:\n  - {name: hang, shell: 'echo > begun; sleep 60'}\n"


def jm(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "job_manager", *words]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(argv, cwd=folder, env=environ(), stdout=quiet, stderr=quiet)


def until(met) -> None:
    give_up = time.monotonic() + 30
    while not met():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_the_records_of_dead_keepers_go_when_their_job_has_gone(tmp_path):
    (tmp_path / "job.yaml").write_text(JOB)
    (tmp_path / "ok.yaml").write_text("name: ok\nversion: 1\nsteps:\n- entries:\n  - cmd: ['true']\n")
    keepers = tmp_path / ".jm" / "keepers"
    running = jm(tmp_path, "run", "job.yaml")
    until((tmp_path / "begun").exists)
    running.kill()
    running.wait()
    [keeper] = keepers.iterdir()
    pid = int((keeper / "keeper.json").read_text().split('"pid":')[1].split(",")[0])
    os.kill(pid, signal.SIGKILL)
    assert jm(tmp_path, "run", "ok.yaml").wait() == 0
    assert keepers.joinpath(keeper.name).exists(), "the first job is open: its resume will ask for these"
    assert gone(pid)
    interrupted = Farm(tmp_path).names()["j"]
    assert jm(tmp_path, "rm", interrupted).wait() == 0
    assert list(keepers.iterdir()) == []


def test_a_keeper_that_nobody_needs_leaves_with_the_next_holder_and_so_does_a_folder_that_nobody_filled(tmp_path):
    (tmp_path / "job.yaml").write_text(JOB.replace("; sleep 60", "; cat go"))
    (tmp_path / "ok.yaml").write_text("name: ok\nversion: 1\nsteps:\n- entries:\n  - cmd: ['true']\n")
    os.mkfifo(tmp_path / "go")
    keepers = tmp_path / ".jm" / "keepers"
    running = jm(tmp_path, "run", "job.yaml")
    until((tmp_path / "begun").exists)
    running.kill()
    running.wait()
    [keeper] = keepers.iterdir()
    pid = int((keeper / "keeper.json").read_text().split('"pid":')[1].split(",")[0])
    keepers.joinpath("never").mkdir()
    assert jm(tmp_path, "run", "ok.yaml").wait() == 0
    assert list(keepers.iterdir()) == [keeper], "what it runs goes on"
    (tmp_path / "go").write_text("")
    until(lambda: '"ended"' in (keeper / "exits").read_text())
    assert jm(tmp_path, "run", "ok.yaml").wait() == 0
    assert gone(pid)
    assert jm(tmp_path, "resume", Farm(tmp_path).names()["j"]).wait() == 0
    assert list(keepers.iterdir()) == []
