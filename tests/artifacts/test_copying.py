"""Copies and moves between real file systems: sparse files, other devices, files that shrink."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from job_manager.artifacts import copying
from job_manager.artifacts.folders import opened
from job_manager.artifacts.settling import at_once


@pytest.fixture
def other(tmp_path):
    """A folder on another file system than `tmp_path`."""
    for candidate in ("/dev/shm", "/run", os.path.expanduser("~")):
        usable = os.path.isdir(candidate) and os.access(candidate, os.W_OK)
        if usable and os.stat(candidate).st_dev != tmp_path.stat().st_dev:
            folder = tempfile.mkdtemp(prefix="jm-other-", dir=candidate)
            yield Path(folder)
            shutil.rmtree(folder)
            return
    pytest.skip("there is one file system only")


def copied(source, target):
    with open(source, "rb") as a, open(target, "w+b") as b:
        copying.copy(a.fileno(), b.fileno())


def test_content_and_holes_are_kept(tmp_path, other):
    for folder in (tmp_path, other):
        source, target = tmp_path / "source", folder / "target"
        with open(source, "wb") as stream:
            stream.write(os.urandom(5000))
            stream.seek(64 << 20)
            stream.write(b"middle")
            stream.truncate(128 << 20)
        copied(source, target)
        assert target.stat().st_size == 128 << 20
        assert target.stat().st_blocks * 512 < 1 << 20
        with open(source, "rb") as a, open(target, "rb") as b:
            assert a.read(6000) == b.read(6000)
            b.seek(64 << 20)
            assert b.read(8) == b"middle\x00\x00"


@pytest.mark.parametrize("size", [0, 1, 4096, (1 << 20) + 1])
def test_every_size_is_copied_whole(tmp_path, other, size):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(size))
    for target in (tmp_path / "same", other / "other"):
        copied(source, target)
        assert target.read_bytes() == source.read_bytes()


def test_a_kernel_that_cannot_copy_is_helped(tmp_path, monkeypatch):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom((2 << 20) + 7))

    def refused(*_):
        raise OSError(errno.EXDEV, "cross-device")

    monkeypatch.setattr(os, "copy_file_range", refused)
    copied(source, target)
    assert target.read_bytes() == source.read_bytes()


def test_a_file_on_another_file_system_is_copied_in_and_removed(tmp_path, other):
    (tmp_path / "x").write_bytes(b"result")
    with opened(str(tmp_path)) as source, opened(str(other)) as target:
        found = at_once(copying.place(source, target, "x", 0o444))
    assert (other / "x").read_bytes() == b"result"
    assert found.st_ino == (other / "x").stat().st_ino and found.st_mode & 0o777 == 0o444
    assert os.listdir(tmp_path) == [] and os.listdir(other) == ["x"]


def test_another_file_system_keeps_links_unfollowed_too(tmp_path, other):
    (tmp_path / "x").write_bytes(b"result")
    (tmp_path / "victim").write_bytes(b"mine")
    os.symlink(tmp_path / "victim", other / "x")
    with opened(str(tmp_path)) as source, opened(str(other)) as target:
        at_once(copying.place(source, target, "x", 0o444))
    assert not (other / "x").is_symlink() and (tmp_path / "victim").read_bytes() == b"mine"


def test_a_copy_that_cannot_be_placed_leaves_nothing(tmp_path, other):
    (tmp_path / "x").write_bytes(b"result")
    (other / "x" / "inside").mkdir(parents=True)
    with opened(str(tmp_path)) as source, opened(str(other)) as target, pytest.raises(OSError):
        at_once(copying.place(source, target, "x", 0o444))
    assert os.listdir(other) == ["x"] and (tmp_path / "x").exists()


def test_a_link_is_never_placed(tmp_path):
    (tmp_path / "in").mkdir()
    os.symlink("/etc/hostname", tmp_path / "x")
    with opened(str(tmp_path)) as source, opened(str(tmp_path), "in") as target, pytest.raises(OSError):
        at_once(copying.place(source, target, "x", 0o444))
    assert os.listdir(tmp_path / "in") == []
