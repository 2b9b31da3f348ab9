"""`--out`: made with its parents, only its own names, each whole, with a person's modes, through no link."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from job_manager.artifacts.export import blocked
from job_manager.artifacts.outputs import Declared
from job_manager.artifacts.store import Store
from job_manager.model.errors import EngineError, Refused
from tests.artifacts.publishing import publish


@pytest.fixture
def filled(store, wrote):
    files = {"report.html": b"<html>", "clip.mp4": b"frames", "hidden": b"temp"}
    outputs = wrote("a", files, public=("report.html", "clip.mp4"))
    publish(store, "a", outputs)
    return store


def test_all_public_ones_are_copied_and_only_those(filled, tmp_path):
    out = tmp_path / "deep" / "results"
    written = filled.export(str(out))
    assert sorted(os.listdir(out)) == ["clip.mp4", "report.html"]
    assert sorted(written) == [str(out / "clip.mp4"), str(out / "report.html")]
    assert (out / "report.html").read_bytes() == b"<html>"


@pytest.mark.parametrize(("mask", "modes"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_files_have_the_modes_of_the_umask(filled, tmp_path, umask, mask, modes):
    umask(mask)
    filled.export(str(tmp_path / "out"))
    assert stat.S_IMODE(os.stat(tmp_path / "out" / "clip.mp4").st_mode) == modes
    assert stat.S_IMODE(os.stat(tmp_path / "out").st_mode) == 0o777 & ~mask


def test_only_its_own_names_are_replaced_and_what_it_writes_may_be_changed(filled, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_bytes(b"mine")
    (out / "clip.mp4").write_bytes(b"old")
    filled.export(str(out), ["clip.mp4"])
    assert sorted(os.listdir(out)) == ["clip.mp4", "mine.txt"]
    (out / "clip.mp4").write_bytes(b"edited")
    assert Path(filled.path("clip.mp4", public=True)).read_bytes() == b"frames"


def test_a_link_at_the_name_is_replaced_itself(filled, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "victim").write_bytes(b"mine")
    os.symlink(tmp_path / "victim", out / "clip.mp4")
    filled.export(str(out))
    assert not (out / "clip.mp4").is_symlink() and (out / "clip.mp4").read_bytes() == b"frames"
    assert (tmp_path / "victim").read_bytes() == b"mine"


def test_a_directory_at_the_name_is_refused_before_anything_is_replaced(filled, tmp_path):
    out = tmp_path / "out"
    (out / "report.html").mkdir(parents=True)
    (out / "clip.mp4").write_bytes(b"old")
    with pytest.raises(Refused, match=r"report\.html is a directory") as refusal:
        filled.export(str(out))
    assert "--out" in refusal.value.hint
    assert (out / "clip.mp4").read_bytes() == b"old"


def test_a_link_to_a_folder_as_the_folder_itself_is_a_persons_own_choice(filled, tmp_path):
    (tmp_path / "disk").mkdir()
    os.symlink(tmp_path / "disk", tmp_path / "out")
    filled.export(str(tmp_path / "out"))
    assert sorted(os.listdir(tmp_path / "disk")) == ["clip.mp4", "report.html"]


def test_an_artifact_that_is_gone_replaces_nothing(filled, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "clip.mp4").write_bytes(b"old")
    os.unlink(filled.path("report.html", public=True))
    with pytest.raises(EngineError, match="No such file"):
        filled.export(str(out), ["clip.mp4", "report.html"])
    assert os.listdir(out) == ["clip.mp4"] and (out / "clip.mp4").read_bytes() == b"old"


def test_a_planted_link_is_not_exported(filled, tmp_path):
    os.symlink("/etc/hostname", filled.path("stolen", public=True))
    assert "stolen" not in filled.public_names()
    with pytest.raises(EngineError):
        filled.export(str(tmp_path / "out"), ["stolen"])
    assert os.listdir(tmp_path / "out") == []


def test_nothing_public_still_makes_the_folder(tmp_path):
    Store(str(tmp_path / "s")).export(str(tmp_path / "out"))
    assert os.listdir(tmp_path / "out") == []


def test_programs_stay_runnable(store, tmp_path, umask):
    umask(0o022)
    store.prepare("a", [])
    path = store.output_path("a", "tool")
    Path(path).write_bytes(b"#!/bin/sh\n")
    os.chmod(path, 0o700)
    publish(store, "a", [Declared("tool", public=True)])
    store.export(str(tmp_path / "out"))
    assert stat.S_IMODE(os.stat(tmp_path / "out" / "tool").st_mode) == 0o755


def test_what_stands_in_the_way_is_known_before_anything_starts(tmp_path, ordinary):
    (tmp_path / "file").touch()
    (tmp_path / "out" / "x").mkdir(parents=True)
    assert blocked(str(tmp_path / "new" / "er"), ["x"]) == []
    assert blocked(str(tmp_path / "file"), []) == [f"{tmp_path}/file is not a directory"]
    assert blocked(str(tmp_path / "file" / "below"), []) == [f"{tmp_path}/file is not a directory"]
    assert "x is a directory" in blocked(str(tmp_path / "out"), ["x", "y"])[0]
    ordinary(lambda _: _assert_refused())


def _assert_refused():
    assert blocked("/etc/results", []) == ["/etc cannot be written to"]
