"""Artifacts that are directories, or several files in one: looked at, published, exported.

Knows real trees, hostile ones too; nothing of who reads them.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from job_manager.artifacts.directories import fits, listed, natural
from job_manager.artifacts.identity import difference, identity, unchanged
from job_manager.artifacts.outputs import Declared, Facts, Fault
from job_manager.artifacts.trees import DEEPEST
from job_manager.model.errors import Refused
from job_manager.model.job import DIRECTORY, FILES
from tests.artifacts.publishing import publish

TREE = Declared("site", kind=DIRECTORY, public=True)
FRAMES = Declared("frames", kind=FILES, glob="f_*.png")


@pytest.fixture
def made(store):
    """Prepares the attempt and gives the directory of its only output."""

    def prepare(output: Declared, label: str = "a.1") -> Path:
        store.prepare(label, [output])
        return Path(store.output_path(label, output.name))

    return prepare


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


# --- what fits --------------------------------------------------------------------------------------------------------


def test_numbers_in_names_are_in_order_of_their_size():
    names = ["f_10.png", "f_2.png", "f_1.png", "f_02.png", "a", "f_", "10", "9", "f_1_b", "f_1_a", "f_" + "9" * 400]
    ordered = ["9", "10", "a", "f_", "f_1.png", "f_1_a", "f_1_b", "f_02.png", "f_2.png", "f_10.png", "f_" + "9" * 400]
    assert sorted(names, key=natural) == ordered


@hypothesis.given(st.lists(st.text(max_size=6), max_size=6))
def test_any_names_can_be_ordered_and_only_one_way(names):
    names = sorted(set(names))
    assert sorted(names, key=natural) == sorted(names, key=lambda name: (natural(name), name))


@pytest.mark.parametrize(
    ("name", "glob", "fit"),
    [
        ("a.png", "", True),
        ("a.png", "*.png", True),
        ("a.PNG", "*.png", False),
        ("f_1.png", "f_[0-9].png", True),
        (".hidden.png", "*.png", False),
        (".hidden.png", ".*", True),
        ("f_*.png", "f_[*].png", True),
    ],
)
def test_what_a_pattern_fits(name, glob, fit):
    assert fits(name, glob) is fit


def test_only_files_directly_in_it_are_listed(tmp_path):
    fill(tmp_path, "f_10.png", "f_9.png", "log", "sub/f_1.png", ".f_3.png")
    (tmp_path / "f_link.png").symlink_to(tmp_path / "log")
    handle = os.open(tmp_path, os.O_RDONLY)
    assert [row[0] for row in listed(handle, "f_*.png")] == ["f_9.png", "f_10.png"]
    os.close(handle)


# --- looked at --------------------------------------------------------------------------------------------------------


def test_its_directory_is_there_before_the_attempt_begins(made):
    assert list(made(TREE).iterdir()) == []


@pytest.mark.parametrize(
    ("output", "names", "said"),
    [
        (TREE, [], 'nothing was written into the output "site"'),
        (FRAMES, [], 'no file that fits "f_*.png" was written into the output "frames"'),
        (FRAMES, ["log", "sub/f_1.png"], 'no file that fits "f_*.png" was written into the output "frames"'),
        (TREE._replace(kind=FILES), [], 'no file that fits "*" was written into the output "site"'),
    ],
)
def test_an_empty_one_is_missing(store, made, output, names, said):
    fill(made(output), *names)
    assert store.inspect("a.1", output) == Fault("output-missing", said, output.name)
    empty = output._replace(allow_empty=True)
    assert isinstance(store.inspect("a.1", empty), Facts)
    [published] = publish(store, "a.1", [empty]).published
    assert published.files == () and os.path.isdir(published.path)


@pytest.mark.parametrize("names", [[], ["log"]])
def test_an_optional_one_without_a_file_is_not_there(store, made, names):
    output = FRAMES._replace(optional=True)
    fill(made(output), *names)
    assert store.inspect("a.1", output) == Facts(None)
    assert publish(store, "a.1", [output]) == ((), ())
    assert not os.path.exists(store.path("frames"))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda at: (at / "link").symlink_to("/etc/hostname"), 'holds "link", which is a symbolic link'),
        (lambda at: (at / "sub" / "loop").symlink_to(at), 'holds "sub/loop", which is a symbolic link'),
        (lambda at: os.mkfifo(at / "pipe"), 'holds "pipe", which is no regular file'),
    ],
)
def test_what_is_neither_file_nor_directory_is_refused(store, made, make, said):
    at = made(TREE)
    fill(at, "sub/good")
    make(at)
    assert publish(store, "a.1", [TREE]).faults == (Fault("output-invalid", f'output "site" {said}', "site"),)
    assert not os.path.exists(store.path("site", public=True))


def test_a_device_is_refused(store, made):
    at = made(TREE)
    try:
        os.mknod(at / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")
    [fault] = publish(store, "a.1", [TREE]).faults
    assert fault.reason == "output-invalid" and 'holds "null", which is no regular file' in fault.detail


def test_a_tree_that_is_too_deep_is_refused(store, made):
    at = made(TREE)
    (at / "/".join("d" * (DEEPEST + 2))).mkdir(parents=True)
    [fault] = publish(store, "a.1", [TREE]).faults
    assert fault.detail == f'output "site" holds directories nested more than {DEEPEST} deep'


@pytest.mark.parametrize("kind", [DIRECTORY, FILES])
def test_a_file_in_its_place_is_no_directory(store, made, kind):
    output = TREE._replace(kind=kind)
    at = made(output)
    at.rmdir()
    at.write_text("x")
    assert store.inspect("a.1", output) == Fault("output-invalid", 'output "site" is a file, not a directory', "site")
    at.unlink()
    at.symlink_to("/etc")
    [fault] = publish(store, "a.1", [output]).faults
    assert fault.detail == 'output "site" is a symbolic link, not a directory'
    at.unlink()
    assert store.inspect("a.1", output) == Fault("output-missing", 'output "site" is gone', "site")


@pytest.mark.parametrize("name", ["con", "a\nb", " x", "x" * 200, "back\\slash"])
def test_a_file_that_others_could_not_read_by_its_name_is_refused(store, made, name):
    output = FRAMES._replace(glob="")
    fill(made(output), "good", name)
    [fault] = publish(store, "a.1", [output]).faults
    assert fault.reason == "output-invalid"
    assert fault.detail.startswith('output "frames" holds a file that others cannot read: ')
    assert isinstance(store.inspect("a.1", TREE._replace(name="frames")), Facts)  # as a whole it is what it is


# --- published --------------------------------------------------------------------------------------------------------


def test_several_files_are_published_in_natural_order(store, made):
    fill(made(FRAMES), "f_10.png", "f_9.png", "log")
    [published] = publish(store, "a.1", [FRAMES]).published
    assert [row[0] for row in published.files] == ["f_9.png", "f_10.png"]
    for name, inode, size, mtime in published.files:
        found = os.stat(store.path("frames", file=name))
        assert (found.st_ino, found.st_size, found.st_mtime_ns) == (inode, size, mtime)
        assert stat.S_IMODE(found.st_mode) == 0o400


def test_a_nested_tree_is_published_whole_and_read_only(store, made):
    at = made(TREE)
    fill(at, "index", "css/deep/a", "bin/run")
    (at / "empty").mkdir()
    (at / "bin/run").chmod(0o755)
    [published] = publish(store, "a.1", [TREE]).published
    assert published.path == store.path("site", public=True) and published.files == ()
    there = Path(published.path)
    assert {str(path.relative_to(there)) for path in there.rglob("*")} == {
        "index", "css", "css/deep", "css/deep/a", "bin", "bin/run", "empty",
    }  # fmt: skip
    assert stat.S_IMODE((there / "index").stat().st_mode) == 0o400
    assert stat.S_IMODE((there / "bin/run").stat().st_mode) == 0o500
    assert unchanged(published.path, published.identity)


@pytest.mark.parametrize("output", [TREE, FRAMES])
def test_publishing_again_after_a_crash_halfway_finds_the_work_done(store, made, output):
    fill(made(output), "f_2.png", "f_1.png")
    first = publish(store, "a.1", [output])
    assert publish(store, "a.1", [output]) == first
    [published] = first.published
    assert published.identity.size == len("f_1.png" * 2)


def test_of_two_outputs_the_one_that_was_moved_counts(store):
    both = [TREE, FRAMES]
    store.prepare("a.1", both)
    for output in both:
        fill(Path(store.output_path("a.1", output.name)), "f_1.png")
    publish(store, "a.1", [FRAMES])  # as far as a crash let it come
    outcome = publish(store, "a.1", both)
    assert {published.name for published in outcome.published} == {"site", "frames"} and not outcome.faults


def test_a_new_attempt_begins_with_nothing_of_the_old_one(store, made):
    fill(made(TREE), "old")
    publish(store, "a.1", [TREE])
    assert list(made(TREE, "a.2").iterdir()) == []
    assert not os.path.exists(store.path("site", public=True))


@pytest.mark.parametrize("change", ["size", "time", "more", "less"])
def test_a_change_inside_is_noticed(store, made, change):
    fill(made(TREE), "a", "sub/b")
    [published] = publish(store, "a.1", [TREE]).published
    inside = Path(published.path, "sub/b")
    inside.parent.chmod(0o755)
    inside.chmod(0o644)
    if change == "size":
        inside.write_text("other text")
    elif change == "time":
        os.utime(inside, (2**32, 2**32))
    elif change == "more":
        (inside.parent / "c").write_text("")
        os.utime(inside.parent, (2**32, 2**32))
    else:
        inside.unlink()
    assert not unchanged(published.path, published.identity)
    assert difference(published.path, published.identity)


def test_a_link_inside_a_persons_folder_is_no_identity(tmp_path):
    fill(tmp_path, "in/a")
    (tmp_path / "in/link").symlink_to("a")
    with pytest.raises(OSError, match="symbolic link"):
        identity(str(tmp_path / "in"))


# --- exported ---------------------------------------------------------------------------------------------------------


def test_export_replaces_a_directory_of_its_name_and_nothing_else(store, made, tmp_path):
    out = tmp_path / "out"
    fill(out, "site/old", "other/kept")
    at = made(TREE)
    fill(at, "sub/new", "run")
    (at / "run").chmod(0o755)
    publish(store, "a.1", [TREE])
    assert store.export(str(out)) == [str(out / "site")]
    assert {str(path.relative_to(out)) for path in out.rglob("*")} == {
        "site", "site/sub", "site/sub/new", "site/run", "other", "other/kept",
    }  # fmt: skip
    assert os.access(out / "site/sub/new", os.W_OK) and os.access(out / "site/run", os.X_OK)
    store.export(str(out))
    assert (out / "site/sub/new").read_text() == "sub/new"


def test_export_does_not_replace_a_file_by_a_directory(store, made, tmp_path):
    fill(tmp_path, "out/site")
    fill(made(TREE), "a")
    publish(store, "a.1", [TREE])
    with pytest.raises(Refused, match="is there and no directory"):
        store.export(str(tmp_path / "out"))
    assert (tmp_path / "out/site").read_text() == "out/site"


def test_what_nobody_may_read_in_a_directory_is_wrong_with_the_output_and_no_want_of_room(store, monkeypatch):
    """Waiting does not mend it. As root everything may be read: so the kernel's word is put into its mouth."""
    outputs = [Declared("x", kind="directory")]
    store.prepare("a.1", outputs)
    folder = Path(store.output_path("a.1", "x"))
    folder.mkdir(exist_ok=True)
    (folder / "inner.txt").write_bytes(b"1")
    opened = os.open

    def refusing(path, *words, **more):
        if path == "inner.txt":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return opened(path, *words, **more)

    monkeypatch.setattr(os, "open", refusing)
    [fault] = publish(store, "a.1", outputs).faults
    assert fault.reason == "output-invalid" and "inner.txt" in fault.detail and "cannot be read" in fault.detail
