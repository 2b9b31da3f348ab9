"""kill -9 of `jm run` in the middle of the demo's second step, then `jm resume`: nothing finished runs again, and the
results are those of an undisturbed run. Real media; needs an ffmpeg."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEDIA = ROOT / "examples" / "media"


def jm(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "job_manager", *words]
    return subprocess.Popen(argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def run(folder: Path, clip: Path) -> subprocess.Popen[bytes]:
    words = ["run", str(MEDIA / "job.yaml"), str(clip), "--modules", str(MEDIA / "modules"), "--out", "results"]
    folder.mkdir()
    return jm(folder, *words)


def ended_well(program: subprocess.Popen[bytes]) -> None:
    printed, _ = program.communicate(timeout=120)
    assert program.returncode == 0, printed.decode()


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "results").iterdir()}


def status(folder: Path) -> dict[str, dict[str, object]]:
    found = json.loads(jm(folder, "status", "last", "--json").communicate()[0])
    return {action["path"]: action for action in found["actions"]}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    if shutil.which("ffmpeg") is None:
        pytest.importorskip("imageio_ffmpeg", reason="no ffmpeg here")
    path = tmp_path / "clip.mp4"
    subprocess.run([sys.executable, str(MEDIA / "make_clip.py"), str(path)], check=True, capture_output=True)
    return path


@pytest.mark.long
def test_killed_in_the_second_step(tmp_path: Path, clip: Path) -> None:
    calm, disturbed = tmp_path / "calm", tmp_path / "disturbed"
    ended_well(run(calm, clip))
    running = run(disturbed, clip)
    logs = disturbed / ".jm" / "jobs"
    give_up = time.monotonic() + 60
    while not list(logs.glob("*/logs/make+*.log")):
        assert time.monotonic() < give_up and running.poll() is None
        time.sleep(0.01)
    running.kill()
    running.communicate()
    before = {path: action for path, action in status(disturbed).items() if action["state"] == "succeeded"}
    assert {path.split("/")[0] for path in before} >= {"look"}
    ended_well(jm(disturbed, "resume", "last"))
    after = status(disturbed)
    assert {path: action["began"] for path, action in before.items()} == {path: after[path]["began"] for path in before}
    assert all(action["attempts"] == 1 for action in after.values()), "what was alive was adopted, not started again"
    assert digests(disturbed) == digests(calm)
    [job] = logs.iterdir()
    assert sorted(os.listdir(job)) == ["logs", "public"]
