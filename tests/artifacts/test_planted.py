"""Links planted where the store writes, reads and removes (T7, B55): refused or replaced, never followed."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from job_manager.artifacts.outputs import Declared
from job_manager.model.errors import EngineError
from tests.artifacts.publishing import publish


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def content(path):
    return Path(path).read_bytes()


@pytest.mark.parametrize("public", [False, True])
def test_a_link_planted_under_the_artifacts_name_is_replaced_not_written_through(store, wrote, tmp_path, public):
    victim = tmp_path / "victim"
    victim.write_bytes(b"untouched")
    victim.chmod(0o644)
    outputs = wrote("a", {"x": b"result"}, public=("x",) if public else ())
    Path(store.path("x", public)).parent.mkdir(exist_ok=True)
    os.symlink(victim, store.path("x", public))
    (published,) = publish(store, "a", outputs).published
    assert not os.path.islink(published.path) and content(published.path) == b"result"
    assert victim.read_bytes() == b"untouched" and mode(victim) == 0o644


def test_a_link_in_place_of_an_output_that_was_not_written_does_not_count(store):
    output = Declared("x", public=True)
    store.prepare("a", [output])
    os.symlink("/etc/hostname", store.path("x", public=True))
    assert [f.reason for f in publish(store, "a", [output]).faults] == ["output-missing"]
    assert store.public_names() == []


@pytest.mark.parametrize("folder", ["temp", "public", "work"])
def test_a_link_planted_in_place_of_a_folder_is_refused(store, tmp_path, folder):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    os.makedirs(store.root)
    os.symlink(elsewhere, os.path.join(store.root, folder))
    with pytest.raises(EngineError):
        store.prepare("a", [Declared("x"), Declared("y", public=True)])
    assert list(elsewhere.iterdir()) == []


def test_an_attempt_that_turns_its_own_folders_into_links_publishes_nothing(store, wrote, tmp_path):
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "x").write_bytes(b"secret")
    for level in ("out", ""):
        outputs = wrote("a", {"x": b"1"})
        path = os.path.join(store.attempt_path("a"), level).rstrip("/")
        os.rename(path, path + ".away")
        os.symlink(secrets, path)
        if not level:
            (secrets / "out").mkdir()
            (secrets / "out" / "x").write_bytes(b"secret")
        faults = publish(store, "a", outputs).faults
        assert [f.reason for f in faults] == ["output-invalid"]
        assert not os.path.exists(store.path("x"))
        store.discard("a")
        assert (secrets / "x").read_bytes() == b"secret"


def test_a_folder_that_flips_to_a_link_and_back_never_gives_what_is_outside(store, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_bytes(b"secret")
    store.prepare("a", [Declared("x")])
    out = os.path.dirname(store.output_path("a", "x"))
    inside = os.open(out, os.O_RDONLY)
    done = threading.Event()

    def flip():
        while not done.is_set():
            os.rename(out, out + ".real")
            os.symlink(outside, out)
            os.unlink(out)
            os.rename(out + ".real", out)

    flipper = threading.Thread(target=flip)
    flipper.start()
    try:
        for _ in range(500):
            os.close(os.open("x", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, dir_fd=inside))
            os.truncate(f"/proc/self/fd/{inside}/x", 3)
            publish(store, "a", [Declared("x")])
            for name in os.listdir(inside):
                os.unlink(name, dir_fd=inside)
            assert not os.path.exists(store.path("x")) or content(store.path("x")) == bytes(3)
    finally:
        done.set()
        flipper.join()
        os.close(inside)
    assert (outside / "x").read_bytes() == b"secret"
    Path(out, "x").write_bytes(b"123")
    assert publish(store, "a", [Declared("x")]).published
