"""Trees no ordinary removal copes with: very deep, locked, full of links; and what must survive."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from job_manager.artifacts.removal import remove, remove_tree

# Deeper than any path may be long; the long lane goes further.
DEPTHS = [1000, pytest.param(5000, marks=pytest.mark.long)]


def dig(path, depth):
    """A chain of `depth` directories, each with a file: deeper than any path may be long."""
    os.mkdir(path)
    above = os.open(path, os.O_RDONLY)
    for _ in range(depth):
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=above))
        os.mkdir("below", dir_fd=above)
        below = os.open("below", os.O_RDONLY, dir_fd=above)
        os.close(above)
        above = below
    os.close(above)


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_tree_thousands_deep_goes_with_few_descriptors(tmp_path, depth):
    dig(tmp_path / "deep", depth)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        remove_tree(str(tmp_path / "deep"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert os.listdir(tmp_path) == []


def test_named_trees_go_and_their_neighbours_stay(tmp_path):
    dig(tmp_path / "one", 50)
    dig(tmp_path / "two", 3)
    (tmp_path / "file").touch()
    os.symlink(tmp_path / "two", tmp_path / "link")
    remove(str(tmp_path), ["one", "file", "link", "never there"])
    assert os.listdir(tmp_path) == ["two"]
    assert (tmp_path / "two" / "below" / "file").exists()


def test_links_are_removed_and_not_followed(tmp_path):
    keep = tmp_path / "keep"
    keep.mkdir()
    (keep / "precious").touch()
    tree = tmp_path / "tree"
    (tree / "a").mkdir(parents=True)
    os.symlink(keep, tree / "a" / "out")
    os.symlink(keep, tree / "out")
    os.symlink("loop", tree / "loop")
    os.symlink(keep / "precious", tree / "precious")
    remove_tree(str(tree))
    assert not tree.exists() and (keep / "precious").exists()


def test_locked_directories_are_unlocked(ordinary):
    def work(folder):
        for bits in (0o000, 0o500, 0o300, 0o100):
            tree = Path(folder, f"tree{bits:o}")
            (tree / "locked" / "inner" / "most").mkdir(parents=True)
            (tree / "locked" / "inner" / "file").touch()
            for path in (tree / "locked" / "inner" / "most", tree / "locked" / "inner", tree / "locked", tree):
                path.chmod(bits)
            remove_tree(str(tree))
            assert not tree.exists()

    ordinary(work)


def test_many_files_with_odd_names_go(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    for n in range(2000):
        os.close(os.open(os.fsencode(str(tree)) + b"/\xff\n-%d" % n, os.O_CREAT))
    os.mkfifo(tree / "pipe")
    remove_tree(str(tree))
    assert not tree.exists()


def test_a_missing_tree_is_no_error(tmp_path):
    remove_tree(str(tmp_path / "none"))
    remove(str(tmp_path / "none"), ["x"])
