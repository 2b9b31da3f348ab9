"""Directories of attempts that serve another one when nothing was left in them, and only then."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from job_manager.artifacts.outputs import Declared
from job_manager.artifacts.store import Store
from tests.artifacts.publishing import publish


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


def inode(store: Store, label: str) -> int:
    return os.stat(store.attempt_path(label)).st_ino


def test_what_was_left_empty_is_the_next_ones(store):
    store.prepare("a", [Declared("x")])
    first = inode(store, "a")
    Path(store.output_path("a", "x")).write_text("x")
    assert publish(store, "a", [Declared("x")]).faults == ()
    store.close_off("a", reuse=True)
    assert not os.path.lexists(store.attempt_path("a"))
    store.prepare("b", [Declared("y")])
    assert inode(store, "b") == first and sorted(os.listdir(store.attempt_path("b"))) == ["out", "tmp"]
    store.prepare("c", [])
    assert inode(store, "c") != first


LEFT: dict[str, Callable[[Path], object]] = {
    "a file beside them": lambda room: (room / "notes").write_text(""),
    "a file in out": lambda room: (room / "out/more").write_text(""),
    "a directory in tmp": lambda room: (room / "tmp/cache").mkdir(),
    "other rights": lambda room: (room / "out").chmod(0o755),
    "other rights on the whole": lambda room: room.chmod(0o711),
    "no tmp": lambda room: (room / "tmp").rmdir(),
    "a link in place of tmp": lambda room: replaced(room / "tmp").symlink_to("out"),
    "a file in place of out": lambda room: replaced(room / "out").write_text(""),
}


def replaced(folder: Path) -> Path:
    folder.rmdir()
    return folder


@pytest.mark.parametrize("what", LEFT)
def test_what_is_not_as_it_was_made_stays_as_it_is(store, what):
    store.prepare("a", [])
    LEFT[what](Path(store.attempt_path("a")))
    before = sorted(os.listdir(store.attempt_path("a")))
    store.close_off("a", reuse=True)
    assert sorted(os.listdir(store.attempt_path("a"))) == before
    store.prepare("b", [])
    assert inode(store, "b") != inode(store, "a")


TAMPERED: dict[str, Callable[[Path], object]] = {
    "a file in out": lambda spare: (spare / "out/more").write_text(""),
    "other rights": lambda spare: spare.chmod(0o777),
    "no out": lambda spare: (spare / "out").rmdir(),
    "a link in its place": lambda spare: moved(spare).symlink_to(spare.parent),
    "a file in its place": lambda spare: moved(spare).write_text(""),
}


def moved(folder: Path) -> Path:
    folder.rename(folder.with_name("elsewhere"))
    return folder


@pytest.mark.parametrize("what", TAMPERED)
def test_what_somebody_has_changed_meanwhile_is_nobodys(store, what):
    store.prepare("a", [])
    store.close_off("a", reuse=True)
    (spare,) = Path(store.root, "work").iterdir()
    TAMPERED[what](spare)
    store.prepare("b", [])
    room = Path(store.attempt_path("b"))
    assert not room.is_symlink() and room.stat().st_mode & 0o7777 == 0o700
    assert sorted(os.listdir(room)) == ["out", "tmp"] and os.listdir(room / "out") == []


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="this system has no attributes")
def test_what_has_attributes_is_not_used_again(store):
    store.prepare("a", [])
    try:
        os.setxattr(store.attempt_path("a") + "/out", "user.note", b"mine")
    except OSError as error:
        pytest.skip(f"this file system has no attributes: {error.strerror}")
    store.close_off("a", reuse=True)
    assert os.path.isdir(store.attempt_path("a"))


def test_it_is_kept_when_nobody_wants_it_again(store):
    store.prepare("a", [])
    store.close_off("a")
    assert os.path.isdir(store.attempt_path("a"))


def test_one_that_somebody_has_taken_away_is_made_anew(store):
    store.prepare("a", [])
    store.close_off("a", reuse=True)
    (spare,) = Path(store.root, "work").iterdir()
    for part in ("out", "tmp", ""):
        (spare / part).rmdir()
    store.prepare("b", [])
    assert sorted(os.listdir(store.attempt_path("b"))) == ["out", "tmp"]


def test_whatever_the_umask_it_is_its_owners_alone(store):
    before = os.umask(0o777)
    try:
        store.prepare("a", [])
    finally:
        os.umask(before)
    for part in ("", "out", "tmp"):
        assert os.stat(os.path.join(store.attempt_path("a"), part)).st_mode & 0o7777 == 0o700


def test_all_of_them_go_when_the_job_has_succeeded(store):
    for label in "ab":
        store.prepare(label, [])
        store.close_off(label, reuse=True)
    store.retire()
    assert os.listdir(store.root) == []
