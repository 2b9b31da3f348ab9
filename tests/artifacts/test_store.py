"""The store against real files: what is brought in, verified, published and retired, and what hostile outputs do."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
from pathlib import Path

import pytest

from job_manager.artifacts import bringing
from job_manager.artifacts.identity import difference, identity, sha256, unchanged
from job_manager.artifacts.outputs import Declared, Facts, Fault, declared
from job_manager.artifacts.store import Store
from job_manager.model.errors import EngineError, InputError
from job_manager.model.job import Output
from job_manager.model.site import Installed
from tests.artifacts import media
from tests.artifacts.publishing import publish


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def content(path):
    return Path(path).read_bytes()


RENAME = os.rename


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EBUSY, errno.EIO])
def test_an_output_that_cannot_be_put_in_place_is_a_fault_that_says_so(store, wrote, monkeypatch, number):
    """And nothing of it is to be seen, until it is published after all."""
    outputs = wrote("a.1", {"x": b"1", "y": b"2"}, public=("x",))

    def failing(source, target, *, src_dir_fd=None, dst_dir_fd=None):
        if target == "x":
            raise OSError(number, os.strerror(number))
        RENAME(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "rename", failing)
    outcome = publish(store, "a.1", outputs)
    monkeypatch.undo()
    assert [(fault.name, fault.reason) for fault in outcome.faults] == [("x", "disk")]
    assert os.strerror(number) in outcome.faults[0].detail
    assert store.public_names() == []
    assert {each.name for each in publish(store, "a.1", outputs).published} == {"x", "y"}


# --- inputs


def test_an_input_is_linked_to_or_shared_never_hard_linked(store, tmp_path):
    clip = tmp_path / "my clip.mp4"
    clip.write_bytes(media.MP4)
    seen = store.bring_in("video.mp4", str(clip))
    there = store.input_path("video.mp4")
    assert content(there) == media.MP4
    assert seen == identity(str(clip))
    assert os.stat(clip).st_nlink == 1
    assert os.path.islink(there) or os.stat(there).st_ino != os.stat(clip).st_ino
    assert mode(clip) & 0o200  # the person's own file is as writable as it was


def test_a_relative_source_is_linked_absolutely(store, tmp_path, monkeypatch):
    (tmp_path / "a.wav").write_bytes(media.WAV)
    monkeypatch.chdir(tmp_path)
    store.bring_in("a.wav", "a.wav")
    monkeypatch.chdir("/")
    assert content(store.input_path("a.wav")) == media.WAV


def test_bringing_in_again_changes_nothing_until_the_source_changes(store, tmp_path):
    first, second = tmp_path / "one", tmp_path / "two"
    first.write_bytes(b"1")
    second.write_bytes(b"22")
    store.bring_in("x", str(first))
    before = os.lstat(store.input_path("x"))
    store.bring_in("x", str(first))
    assert os.lstat(store.input_path("x")).st_ino == before.st_ino
    store.bring_in("x", str(second))
    assert content(store.input_path("x")) == b"22"
    assert os.listdir(os.path.dirname(store.input_path("x"))) == ["x"]


def reflink(target, request, source):
    """What FICLONE does, for a file system that has none: ext4 and tmpfs refuse it."""
    assert request == 0x40049409
    os.pwrite(target, os.pread(source, 1 << 20, 0), 0)
    return 0


def test_where_blocks_can_be_shared_the_input_is_a_file_of_its_own(store, tmp_path, monkeypatch):
    clip = tmp_path / "clip"
    clip.write_bytes(b"frames")
    os.utime(clip, (1, 1))
    monkeypatch.setattr(fcntl, "ioctl", reflink)
    store.bring_in("clip", str(clip))
    there = store.input_path("clip")
    assert not os.path.islink(there) and mode(there) == 0o400
    own = identity(there)
    store.bring_in("clip", str(clip))
    assert unchanged(there, own)
    clip.write_bytes(b"edited by its owner")
    assert unchanged(there, own) and content(there) == b"frames"
    store.bring_in("clip", str(clip))
    assert content(there) == b"edited by its owner"


def test_a_directory_is_brought_in_as_a_link_and_its_identity_is_that_of_all_in_it(store, tmp_path):
    folder = tmp_path / "pages"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.txt").write_bytes(b"12345")
    before = store.bring_in("book", str(folder), directory=True)
    assert before == store.bring_in("book", str(folder), directory=True) == identity(str(folder))
    assert before.size == 5 and os.readlink(store.input_path("book")) == str(folder)
    (folder / "deep" / "b.txt").write_bytes(b"1")
    assert store.bring_in("book", str(folder), directory=True) != before
    other = tmp_path / "other"
    other.mkdir()
    store.bring_in("book", str(other), directory=True)
    assert os.readlink(store.input_path("book")) == str(other)


def test_what_cannot_be_an_input_is_said_in_a_sentence(store, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name, words in [("pipe", "named pipe"), (".", "a directory"), ("dangling", "No such"), ("none", "No such")]:
        with pytest.raises(InputError, match=words):
            store.bring_in("x", str(tmp_path / name))
        with pytest.raises(InputError, match="not there" if name in ("dangling", "none") else "no directory"):
            store.bring_in("x", str(tmp_path / ("pipe" if name == "." else name)), directory=True)
    with pytest.raises(InputError, match="character device"):
        store.bring_in("x", "/dev/null")
    assert bringing.readable(str(tmp_path / "pipe")).endswith("save what it gives to a file first")


def test_an_unreadable_input_is_said(ordinary):
    def work(folder):
        secret = Path(folder, "secret")
        secret.write_bytes(b"x")
        secret.chmod(0)
        with pytest.raises(InputError, match="Permission denied"):
            Store(folder + "/s").bring_in("x", str(secret))

    ordinary(work)


@pytest.mark.parametrize("name", ["../x", "a/b", "", "..", ".", "x\x00", "\udcff", "con", "a" * 129, "x\n"])
def test_hostile_names_reach_no_path(store, name):
    for ask in (store.path, store.input_path, store.attempt_path, lambda n: store.output_path("a", n)):
        with pytest.raises(InputError):
            ask(name)
    with pytest.raises(InputError):
        store.bring_in(name, "/etc/hostname")
    with pytest.raises(InputError):
        store.prepare("a", [Declared(name)])


GOOD_NAMES = [".thing.output.json", "a..b", "...x", "-x.wav", "名前.wav", "a b.mp4", "x" * 128, ".removing-1"]


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_odd_but_good_names_work(store, wrote, name):
    outcome = publish(store, "a", wrote("a", {name: b"1"}, public=(name,)))
    assert [p.path for p in outcome.published] == [store.path(name, public=True)]
    assert store.public_names() == [name]


# --- publishing


def test_outputs_are_moved_read_only_and_said(store, wrote):
    outputs = wrote("encode.1", {"a.wav": b"sound", "b.json": b"{}"}, public=("b.json",))
    outcome = publish(store, "encode.1", outputs)
    assert not outcome.faults
    assert {p.name: p.public for p in outcome.published} == {"a.wav": False, "b.json": True}
    for published in outcome.published:
        assert published.path == store.path(published.name, published.public)
        assert published.identity == identity(published.path)
        assert mode(published.path) == 0o400
    assert os.listdir(os.path.dirname(store.output_path("encode.1", "a.wav"))) == []


def test_publishing_again_after_a_crash_halfway_finishes_it(store, wrote):
    whole = {"x": b"x", "y": b"y", "z": b"z"}
    outputs = wrote("a", whole, public=("z",))
    # The crash: one of the renames has been done, nothing else.
    os.rename(store.output_path("a", "x"), store.path("x"))
    first = publish(store, "a", outputs)
    again = publish(store, "a", outputs)
    assert first == again and not first.faults
    assert {p.name: content(p.path) for p in first.published} == whole


def test_publishing_again_works_when_the_attempt_folder_is_gone(store, wrote):
    outputs = wrote("a", {"x": b"x"})
    first = publish(store, "a", outputs)
    store.discard("a")
    assert not os.path.exists(store.attempt_path("a"))
    assert publish(store, "a", outputs) == first


def test_a_new_attempt_never_takes_the_earlier_ones_outputs_for_its_own(store, wrote):
    outputs = wrote("a.1", {"x": b"old", "y": b"old"}, public=("y",))
    publish(store, "a.1", outputs)
    store.prepare("a.2", outputs)
    Path(store.output_path("a.2", "x")).write_bytes(b"new")
    outcome = publish(store, "a.2", outputs)
    assert [(f.reason, f.name) for f in outcome.faults] == [("output-missing", "y")]
    assert not os.path.exists(store.path("x")) and not os.path.exists(store.path("y", public=True))


def test_one_bad_output_keeps_all_back(store, wrote):
    outputs = wrote("a", {"good": b"1", "empty": b""})
    outputs.append(Declared("never"))
    outcome = publish(store, "a", outputs)
    assert outcome.published == ()
    assert [(f.reason, f.detail) for f in outcome.faults] == [
        ("output-invalid", 'output "empty" is empty'),
        ("output-missing", 'output "never" was not written'),
    ]
    assert not os.path.exists(store.path("good"))


def test_optional_and_empty_ones_are_allowed_when_declared(store):
    outputs = [Declared("maybe", optional=True), Declared("log", allow_empty=True)]
    store.prepare("a", outputs)
    Path(store.output_path("a", "log")).touch()
    outcome = publish(store, "a", outputs)
    assert [p.name for p in outcome.published] == ["log"] and not outcome.faults


def test_a_directory_prepared_again_is_empty(store, wrote):
    outputs = wrote("a", {"x": b"1"})
    Path(store.attempt_path("a"), "scratch").mkdir()
    store.prepare("a", outputs)
    assert sorted(os.listdir(store.attempt_path("a"))) == ["out", "tmp"]
    assert os.listdir(os.path.join(store.attempt_path("a"), "out")) == []


def make_directory(path):
    os.mkdir(path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as s:
        here = os.getcwd()
        os.chdir(os.path.dirname(path))
        s.bind(os.path.basename(path))
        os.chdir(here)


def make_link(path):
    os.symlink("/etc/hostname", path)


def make_link_to_nothing(path):
    os.symlink("/nowhere", path)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (make_directory, "a directory"),
        (make_socket, "a socket"),
        (os.mkfifo, "a named pipe"),
        (make_link, "a symbolic link"),
        (make_link_to_nothing, "a symbolic link"),
    ],
)
def test_what_is_no_regular_file_is_no_output(store, make, words):
    for output in (Declared("x"), Declared("x", optional=True, allow_empty=True, type="video")):
        store.prepare("a", [output])
        make(store.output_path("a", "x"))
        seen = store.inspect("a", output)
        assert seen == Fault("output-invalid", f'output "x" is {words}, not a regular file', "x")
        assert publish(store, "a", [output]).faults == (seen,)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_no_output(store):
    store.prepare("a", [])
    try:
        os.mknod(store.output_path("a", "x"), stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("devices cannot be made here")
    seen = store.inspect("a", Declared("x"))
    assert isinstance(seen, Fault) and "a character device" in seen.detail


def test_an_output_of_another_kind_is_invalid_and_says_what_it_is(store, wrote):
    wrote("a", {"clip.mp4": media.PNG})
    seen = store.inspect("a", Declared("clip.mp4", "video"))
    assert isinstance(seen, Fault) and seen.reason == "output-invalid"
    assert seen.detail == 'output "clip.mp4" is declared as video, but its first bytes are those of a PNG image'
    assert isinstance(store.inspect("a", Declared("clip.mp4", "image")), Facts)


def test_a_hard_linked_output_is_copied_and_the_other_name_left_alone(store, tmp_path):
    own = tmp_path / "own.wav"
    own.write_bytes(b"mine")
    own.chmod(0o640)
    store.prepare("a", [Declared("x")])
    os.link(own, store.output_path("a", "x"))
    (published,) = publish(store, "a", [Declared("x")]).published
    assert content(published.path) == b"mine"
    assert mode(own) == 0o640 and os.stat(published.path).st_ino != os.stat(own).st_ino
    assert os.stat(own).st_nlink == 1


def test_a_program_stays_runnable_and_never_set_uid(store, wrote):
    outputs = wrote("a", {"tool": b"#!/bin/sh\n"})
    os.chmod(store.output_path("a", "tool"), 0o6755)
    (published,) = publish(store, "a", outputs).published
    assert mode(published.path) == 0o500


def test_an_unreadable_output_is_said_and_not_published(ordinary):
    def work(folder):
        store = Store(folder + "/s")
        store.prepare("a", [])
        path = store.output_path("a", "x")
        Path(path).write_bytes(b"x")
        os.chmod(path, 0)
        seen = store.inspect("a", Declared("x"))
        assert isinstance(seen, Fault) and "cannot be read: Permission denied" in seen.detail, seen

    ordinary(work)


def test_a_huge_sparse_output_costs_nothing(store):
    store.prepare("a", [])
    with open(store.output_path("a", "x"), "wb") as stream:
        stream.truncate(1 << 40)
    (published,) = publish(store, "a", [Declared("x", "video")]).published
    assert published.identity.size == 1 << 40
    assert os.stat(published.path).st_blocks < 100


# --- retiring, modes


def test_retiring_keeps_the_public_ones_only_and_never_the_persons_files(store, wrote, tmp_path):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"mine")
    store.bring_in("video", str(clip))
    publish(store, "a", wrote("a", {"t": b"t", "p": b"p"}, public=("p",)))
    Path(store.attempt_path("a"), "scratch").write_bytes(b"s")
    store.retire()
    store.retire()
    assert os.listdir(store.root) == ["public"]
    assert content(store.path("p", public=True)) == b"p" and clip.read_bytes() == b"mine"


def test_nor_is_anything_left_among_them_by_a_removal_that_was_interrupted(store, wrote):
    publish(store, "a", wrote("a", {"p": b"p"}, public=("p",)))
    holder = Path(store.root, "public", ".removing-0badcafe")
    holder.mkdir()
    (holder / "0").write_bytes(b"of an attempt that was lost")
    assert store.public_names() == ["p"]
    store.retire()
    assert os.listdir(Path(store.root, "public")) == ["p"]


def test_what_an_interrupted_removal_left_is_removed_by_the_next(store, wrote):
    wrote("a", {"t": b"t"})
    # The crash: the folder has been renamed into the holder, and nothing has been removed.
    holder = Path(store.root, ".removing-0badcafe")
    holder.mkdir()
    os.rename(os.path.join(store.root, "work"), holder / "0")
    store.retire()
    assert [n for n in os.listdir(store.root) if n != "temp"] == []


def test_a_half_made_copy_that_a_crash_left_is_no_public_artifact(store, wrote):
    publish(store, "a", wrote("a", {"p": b"p", ".jm-mine": b"q"}, public=("p", ".jm-mine")))
    Path(store.path(".jm-0123456789abcdef", public=True)).write_bytes(b"half")
    assert store.public_names() == [".jm-mine", "p"]


def test_a_store_that_was_never_used_retires_and_goes(store):
    store.retire()
    store.remove_all()
    store.discard("a")
    assert store.public_names() == []
    assert not os.path.exists(store.root)


def test_removing_a_store_leaves_its_neighbours(store, wrote, tmp_path):
    other = Store(str(tmp_path / "jobs" / "j2" / "store"))
    other.prepare("a", [])
    publish(store, "a", wrote("a", {"t": b"t"}))
    os.symlink(other.root, os.path.join(store.root, "temp", "link"))
    store.remove_all()
    assert not os.path.exists(store.root) and os.path.isdir(other.attempt_path("a"))


def test_a_store_that_is_a_link_is_not_removed(tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    (real / "x").write_bytes(b"x")
    os.symlink(real, tmp_path / "store")
    with pytest.raises(EngineError):
        Store(str(tmp_path / "store")).remove_all()
    assert (real / "x").exists()


@pytest.mark.parametrize("mask", [0o000, 0o777, 0o277, 0o077])
def test_modes_do_not_depend_on_the_umask(ordinary, mask):
    def work(folder):
        os.umask(mask)
        clip = Path(folder, "clip")
        clip.touch()
        clip.chmod(0o600)
        store = Store(folder + "/jobs/j/s")
        store.bring_in("in", str(clip))
        store.prepare("a", [Declared("x"), Declared("y", public=True)])
        for name in ("x", "y"):
            path = Path(store.output_path("a", name))
            path.touch()
            path.chmod(0o600)
            path.write_bytes(b"1")
        outcome = publish(store, "a", [Declared("x"), Declared("y", public=True)])
        assert not outcome.faults, outcome
        for above, _, files in os.walk(folder + "/jobs"):
            assert mode(above) == 0o700, above
            assert all(mode(os.path.join(above, f)) == 0o400 for f in files if f != "in"), files
        store.retire()
        assert os.listdir(store.root) == ["public"]
        store.remove_all()

    ordinary(work)


# --- identity


def test_what_has_become_of_a_file_is_said(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"12")
    before = identity(str(path))
    assert unchanged(str(path), before) and difference(str(path), before) == ""
    with open(path, "ab") as stream:
        stream.write(b"3")
    assert difference(str(path), before) == "has changed: it had 2 bytes and has 3 now"
    path.write_bytes(b"12")
    os.utime(path, ns=(0, before.mtime_ns + 1))
    assert "written to" in difference(str(path), before)
    (tmp_path / "b").write_bytes(b"12")
    os.rename(tmp_path / "b", path)
    assert "another file" in difference(str(path), before)
    path.unlink()
    assert "can no longer be read" in difference(str(path), before)


def test_what_nobody_may_read_any_more_is_said_before_anybody_tries(ordinary):
    def work(folder):
        path = Path(folder, "a.wav")
        path.write_bytes(b"12")
        before = identity(str(path))
        path.chmod(0o000)
        assert difference(str(path), before) == "can no longer be read (Permission denied)"
        path.chmod(0o400)
        assert unchanged(str(path), before)
        os.chmod(folder, 0o000)
        assert difference(str(path), before) == "can no longer be read (Permission denied)"
        os.chmod(folder, 0o700)

    ordinary(work)


def test_the_digest_is_sha256(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(str(tmp_path / "x")) == f"sha256:{digest}"


# --- what the manifest adds


def test_the_manifests_type_and_leave_are_joined_to_the_jobs():
    module = Installed("m", "/m", "main.py", "", "", "", optional=("o",), allow_empty=("e",), types=(("o", "video"),))
    assert declared(Output("a", "o"), module) == Declared("a", "video", optional=True)
    assert declared(Output("a", "o", "audio", public=True), module) == Declared("a", "audio", True, True)
    assert declared(Output("a", "e", optional=True), module) == Declared("a", None, False, True, True)
    assert declared(Output("a", None, "json")) == Declared("a", "json")
