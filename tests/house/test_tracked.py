"""No place of one machine and no registry's address in any file of a clone; pins that can be trusted.

Knows how a requirements file must look; which files are the project's is in tracked.py.
"""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import job_manager
from tests.house import tracked
from tests.house.source import ROOT, shown

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LANES = ("demo", "dev")


def test_no_file_names_a_machine_or_a_registry():
    found = tracked.out_of_place(tracked.tracked(ROOT))
    assert not found, shown(found)


@pytest.mark.parametrize(
    "line",
    [
        "cd /" + "work/main",
        "'/" + "root/.cache'",
        "x=/" + "farm/1",
        "open('/tmp/" + "x_jobs/1')",
        "see https://py" + "pi.org/project/x",
        "--extra-index" + "-url https://example.org",
        '"resolved": ' + '"https://example.org/x.tgz"',
    ],
)
def test_a_place_of_one_machine_is_found(line):
    assert len(tracked.out_of_place({"notes.md": f"first\n{line}\n"})) == 1


@pytest.mark.parametrize(
    "line", ["src/work/it.py", "./root/x", "/tmp/clip.mp4", "/home/anna/film.mp4", "work/", "~/work"]
)
def test_ordinary_paths_are_left_alone(line):
    assert tracked.out_of_place({"notes.md": line}) == []


def test_files_are_found_with_and_without_git(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.bin").write_bytes(b"\0")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "c.txt").write_text("c")
    assert tracked.tracked(tmp_path) == {"a.txt": "a"}
    assert "pyproject.toml" in tracked.tracked(ROOT)


def pins(lane: str) -> dict[str, str]:
    """Name and version; every pin has hashes, and nothing but pins, hashes and comments is in the file."""
    text = (ROOT / "requirements" / f"{lane}.txt").read_text(encoding="utf-8")
    found = {}
    for logical in re.sub(r"\\\n", " ", text).splitlines():
        if not logical.strip() or logical.lstrip().startswith("#"):
            continue
        matched = re.fullmatch(r"([a-z0-9-]+)==(\S+)(?: ; [^-]+)?((?:\s+--hash=sha256:[0-9a-f]{64})+)\s*", logical)
        assert matched, f"not a pin with hashes: {logical[:100]}"
        found[matched[1]] = matched[2]
    return found


def declared(lane: str) -> list[Requirement]:
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["media"], *groups["build"]]
    return [Requirement(line) for line in wanted + (groups["dev"] if lane == "dev" else [])]


@pytest.mark.parametrize("lane", LANES)
def test_every_declared_dependency_is_pinned_within_its_range(lane):
    pinned = pins(lane)
    for each in declared(lane):
        assert each.specifier.contains(pinned[canonicalize_name(each.name)]), each


def test_the_demo_runs_on_what_is_tested():
    assert pins("demo").items() <= pins("dev").items()


def test_the_build_backend_is_the_pinned_one():
    assert PROJECT["build-system"]["requires"] == PROJECT["dependency-groups"]["build"]


def test_one_version_everywhere():
    assert job_manager.__version__ == PROJECT["project"]["version"]
