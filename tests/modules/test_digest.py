"""The digest of a module's folder: what changes it, and what must not."""

from __future__ import annotations

import os
import shutil

import pytest

from job_manager.modules.digest import LARGE, folder_digest


@pytest.fixture
def folder(make):
    path = make("m")
    (path / "lib").mkdir()
    (path / "lib" / "tool.py").write_text("x = 1\n")
    return path


def test_a_copy_elsewhere_has_the_same_digest(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    os.utime(tmp_path / "copy" / "main.py", (1, 1))
    assert folder_digest(str(tmp_path / "copy")) == folder_digest(str(folder))


@pytest.mark.parametrize(
    "change",
    [
        lambda f: (f / "main.py").write_text("print('hullo')\n"),
        lambda f: (f / "lib" / "tool.py").write_text("x = 2\n"),
        lambda f: (f / "main.py").rename(f / "other.py"),
        lambda f: (f / "main.py").chmod(0o755),
        lambda f: (f / "new").touch(),
        lambda f: (f / "lib" / "tool.py").unlink(),
        lambda f: os.symlink("main.py", f / "link"),
        lambda f: (f / "weights").write_bytes(bytes(LARGE)),
        lambda f: (f / "lib" / "tool.py").rename(f / "tool.py"),
    ],
)
def test_every_change_of_the_code_shows(folder, change):
    before = folder_digest(str(folder))
    change(folder)
    assert folder_digest(str(folder)) != before


def test_a_link_counts_by_where_it_points(folder):
    os.symlink("a", folder / "link")
    before = folder_digest(str(folder))
    (folder / "link").unlink()
    os.symlink("b", folder / "link")
    assert folder_digest(str(folder)) != before


def test_large_files_count_by_size_and_time(folder):
    weights = folder / "weights"
    weights.write_bytes(bytes(LARGE))
    before = folder_digest(str(folder))
    os.utime(weights, (1, 1))
    assert folder_digest(str(folder)) != before


def test_what_running_leaves_behind_does_not_count(folder):
    before = folder_digest(str(folder))
    for name in ("__pycache__", ".venv", ".git", "node_modules"):
        (folder / name).mkdir()
        (folder / name / "file").touch()
    (folder / "main.pyc").touch()
    assert folder_digest(str(folder)) == before


def test_odd_contents_do_not_stop_it(folder):
    os.mkfifo(folder / "pipe")
    os.symlink("loop", folder / "loop")
    os.symlink(folder, folder / "self")
    os.close(os.open(os.fsencode(str(folder)) + b"/\xff\n", os.O_CREAT))
    assert folder_digest(str(folder)).startswith("sha256:")
    assert folder_digest(str(folder / "gone")).startswith("sha256:")
