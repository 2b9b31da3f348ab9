"""A log that grows beyond its cap keeps its head and its tail and gives the middle back; others stay byte for byte."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from job_manager.app.following import Log, content

CAP = 1 << 20


def holes(folder: Path) -> bool:
    """Whether the file system here can take back the middle of a file: a sparse file says so."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.truncate(1 << 20)
        return os.fstat(file.fileno()).st_blocks == 0


@pytest.fixture
def small(monkeypatch, keeping, tmp_path):
    if not holes(tmp_path):
        pytest.skip("no holes on this file system")
    monkeypatch.setenv("JM_LOG_CAP", str(CAP))
    keeper = keeping()
    keeper.hello()
    return keeper


def kept(path: str) -> bytes:
    return b"".join(piece.content for piece in content(Log(0, "a", 1, "log", path)))


def test_a_long_log_keeps_head_and_tail(small):
    text = "echo the first line; yes 0123456789abcde | head -c 8388608; echo; echo the last line"
    small.run("a", "/bin/sh", "-c", text)
    path = small.log("a")
    assert os.stat(path).st_size > 8 << 20
    assert os.stat(path).st_blocks * 512 <= CAP
    left = kept(path)
    assert len(left) <= CAP
    assert left.startswith(b"the first line\n0123456789abcde\n")
    assert left.endswith(b"\nthe last line\n")
    assert b"bytes were dropped here" in left
    assert b"\0" not in left


def test_a_log_within_the_cap_is_untouched(small):
    small.run("a", "/bin/sh", "-c", "head -c 1000000 /dev/zero; sleep 0.05")
    assert kept(small.log("a")) == b"\0" * 1000000
