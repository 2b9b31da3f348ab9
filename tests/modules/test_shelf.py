"""Finding modules in real folders: how deep, what is skipped, what is broken, what stands twice."""

from __future__ import annotations

import os

import pytest

from job_manager.model.errors import InputError
from job_manager.modules.shelf import find


def folders(shelf, tmp_path):
    return {module.name: os.path.relpath(module.folder, tmp_path) for module in shelf.modules}


def test_all_modules_under_a_path_are_found_and_sorted(make, tmp_path):
    for folder in ("shelf/zoom", "shelf/audio/extract", "shelf/a/b/deep"):
        make(folder)
    (tmp_path / "shelf" / "no manifest").mkdir()
    shelf = find([str(tmp_path / "shelf")])
    assert folders(shelf, tmp_path) == {
        "deep": "shelf/a/b/deep",
        "extract": "shelf/audio/extract",
        "zoom": "shelf/zoom",
    }
    assert shelf.names == ("deep", "extract", "zoom") and shelf.broken == ()
    assert shelf.searched == (str(tmp_path / "shelf"),)
    zoom = shelf.get("zoom")
    assert zoom is not None and zoom.name == "zoom" and shelf.get("none") is None


def test_a_path_may_be_a_modules_own_folder(make):
    assert find([str(make("one"))]).names == ("one",)


def test_what_lies_too_deep_below_a_manifest_or_in_a_hidden_folder_is_not_found(make, tmp_path):
    for folder in ("s/a/b/c/four", "s/one/inner", "s/.git/hidden", "s/node_modules/js", "s/__pycache__/cached"):
        make(folder)
    make("s/one")
    assert folders(find([str(tmp_path / "s")]), tmp_path) == {"one": "s/one"}


def test_the_name_in_the_manifest_counts_not_the_folders(make, tmp_path):
    make("s/folder", "the_name")
    assert find([str(tmp_path / "s")]).names == ("the_name",)


def test_a_broken_module_never_hides_the_good_ones_and_is_known_by_its_name(make, tmp_path):
    make("s/good")
    make("s/bad", manifest="name: wanted\n")
    make("s/worse", manifest="]]] no yaml\n")
    make("s/locked", entrypoint="none.py")
    shelf = find([str(tmp_path / "s")])
    assert shelf.names == ("good",)
    assert [broken.name for broken in shelf.broken] == ["locked", "wanted", "worse"]
    assert 'required key "entrypoint" is missing' in shelf.why_unusable("wanted")[0].message
    assert "does not exist" in shelf.why_unusable("locked")[0].message
    assert shelf.why_unusable("worse") and shelf.why_unusable("good") == () and shelf.why_unusable("other") == ()


def test_a_broken_twin_does_not_take_the_good_one_away(make, tmp_path):
    make("s/good", "m")
    make("s/bad", "m", entrypoint="none.py")
    shelf = find([str(tmp_path / "s")])
    assert shelf.names == ("m",) and shelf.why_unusable("m") == ()


def test_two_of_one_name_are_both_unusable_and_both_named(make, tmp_path):
    one, two = make("s/one", "m"), make("other/two", "m")
    make("s/free")
    shelf = find([str(tmp_path / "s"), str(tmp_path / "other")])
    assert shelf.names == ("free",) and len(shelf.broken) == 2
    for problem in shelf.why_unusable("m"):
        assert str(one) in problem.message and str(two) in problem.message and problem.place.line == 1


def test_one_module_reached_on_several_ways_is_one(make, tmp_path):
    one = make("s/a/one")
    os.symlink(one, tmp_path / "s" / "again")
    os.symlink(tmp_path / "s", tmp_path / "s" / "a" / "up")
    os.symlink("self", tmp_path / "s" / "self")
    os.symlink(tmp_path / "s", tmp_path / "whole")
    shelf = find([str(tmp_path / "s"), str(tmp_path / "whole"), str(one)])
    assert shelf.names == ("one",) and shelf.broken == ()


def test_a_link_to_a_module_elsewhere_is_followed(make, tmp_path):
    make("elsewhere/m")
    (tmp_path / "s").mkdir()
    os.symlink(tmp_path / "elsewhere" / "m", tmp_path / "s" / "m")
    assert find([str(tmp_path / "s")]).names == ("m",)


def test_a_missing_folder_that_was_asked_for_is_an_error_a_missing_default_none(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError) as caught:
        find([str(tmp_path / "none"), str(tmp_path / "file")])
    said = str(caught.value)
    assert "none does not exist" in said and "file is not a folder" in said
    shelf = find([], default=str(tmp_path / "modules"))
    assert shelf.modules == () and shelf.searched == (str(tmp_path / "modules"),)
    assert find([]).searched == ()


def test_the_default_is_used_only_when_nothing_was_asked_for(make, tmp_path):
    make("modules/one")
    make("mine/two")
    assert find([], default=str(tmp_path / "modules")).names == ("one",)
    assert find([str(tmp_path / "mine")], default=str(tmp_path / "modules")).names == ("two",)


def test_the_old_manifest_name_is_broken_with_advice_and_does_not_end_the_search(make, tmp_path):
    make("s/inner")
    (tmp_path / "s" / "modules.yaml").write_text("- inner\n")
    make("s/old").joinpath("manifest.yaml").rename(tmp_path / "s" / "old" / "modules.yaml")
    shelf = find([str(tmp_path / "s")])
    assert shelf.names == ("inner",)
    assert [broken.name for broken in shelf.broken] == ["old", "s"]
    assert shelf.why_unusable("old")[0].hint == "rename it to manifest.yaml"


def test_names_nearly_right_get_suggestions(make, tmp_path):
    for name in ("example_module", "exit_module", "loudness", "waveform"):
        make(f"s/{name}")
    shelf = find([str(tmp_path / "s")])
    assert shelf.suggest("exmple_module") == 'did you mean "example_module"?'
    assert shelf.nearest("exmple_module")[0] == "example_module" and len(shelf.nearest("x")) == 3
    assert shelf.suggest("zzz") == ""


def test_a_name_of_any_length_is_looked_up(make, tmp_path):
    make("s/m")
    shelf = find([str(tmp_path / "s")])
    assert shelf.nearest("x" * 100_000) == ("m",) and shelf.suggest("x" * 100_000) == ""
