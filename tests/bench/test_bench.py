"""bench/run as a person calls it, small: it ends well, and its table and figures have their shape.

Knows no figure: how fast anything is depends on the machine, and no test is about that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

RUN = Path(__file__).resolve().parents[2] / "bench/run"


def bench(results, *words, path=None):
    environment = {**os.environ, **({"PATH": str(path)} if path else {})}
    command = [sys.executable, str(RUN), *words, "--results", str(results)]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.mark.long
def test_two_workloads_give_a_table_every_figure_and_a_picture(tmp_path):
    ended = bench(tmp_path, "W1", "W6", "--n", "20", "--pairs", "2", "--against", "xargs")
    assert ended.returncode == 0, ended.stderr
    rows = json.loads((tmp_path / "latest.json").read_text())["rows"]
    assert [(row["key"], row["title"], row["actions"]) for row in rows] == [
        ("W1", "20 independent, 2 at a time", 20),
        ("W6", "one action, to its start", 1),
        ("W6", "one action, to exit", 1),
        ("W6", "help", 1),
    ]
    for row in rows:
        assert {"jm"} < row["wall"].keys() == row["cpu"].keys() == row["peak"].keys()
        assert all(len(taken) == 2 and min(taken) > 0 for taken in row["wall"].values())
        assert all(peak > 0 for peak in row["peak"].values())
    starts, exits = rows[1]["wall"]["jm"], rows[2]["wall"]["jm"]
    assert all(start < end for start, end in zip(starts, exits, strict=True))
    lines = ended.stdout.splitlines()
    assert len(lines) == 2 + sum(len(row["wall"]) for row in rows)
    assert {line.count("|") for line in lines} == {lines[0].count("|")}
    assert ElementTree.parse(tmp_path / "latest.svg").getroot().tag.endswith("svg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest.json", "latest.svg"]


def test_a_peer_that_is_not_there_is_left_out_and_said(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    ended = bench(tmp_path / "r", "W7", "--n", "2", "--pairs", "1", "--against", "ninja", path=empty)
    assert ended.returncode == 0, ended.stderr
    assert "ninja is not installed: left out" in ended.stderr
    (row,) = json.loads((tmp_path / "r/latest.json").read_text())["rows"]
    assert row["wall"].keys() == {"jm"}


def test_words_it_does_not_know_are_refused(tmp_path):
    ended = bench(tmp_path / "r", "W99")
    assert ended.returncode == 2
    assert "no such workload: W99" in ended.stderr
