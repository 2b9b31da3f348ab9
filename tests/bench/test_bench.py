"""bench/run as a person calls it, small: it ends well, and its table and figures have their shape.

Knows no figure: how fast anything is depends on the machine, and no test is about that.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.crash.farm import alive, wait_for

BENCH = Path(__file__).resolve().parents[2] / "bench"


def bench(results, *words, path=None):
    environment = {**os.environ, **({"PATH": str(path)} if path else {})}
    command = [sys.executable, str(BENCH / "run"), *words, "--results", str(results)]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def rows_of(results):
    return json.loads((results / "latest.json").read_text())["rows"]


@pytest.mark.long
def test_some_workloads_give_a_table_every_figure_and_a_picture(tmp_path):
    ended = bench(tmp_path, "W1", "W6", "--n", "20", "--rounds", "2", "--against", "xargs")
    assert ended.returncode == 0, ended.stderr
    rows = rows_of(tmp_path)
    assert [(row["key"], row["title"], row["figure"]) for row in rows] == [
        ("W1", "20 independent, 2 at a time", "wall"),
        ("W6", "one action, to its start", "first"),
        ("W6", "one action, to exit", "wall"),
        ("W6", "one action, `jm resume`, to its start", "first"),
        ("W6", "one action, `jm resume`, to exit", "wall"),
        ("W6", "help", "wall"),
    ]
    for row in rows:
        assert {"jm"} <= row["wall"].keys() <= row["cpu"].keys() == row["peak"].keys() == row["actions"].keys()
        assert all(len(taken) == 2 and min(taken) > 0 for taken in row["wall"].values())
        assert row["peak"]["jm"] > 1
    for first, whole in (rows[1:3], rows[3:5]):
        for start, end in zip(first["wall"]["jm"], whole["wall"]["jm"], strict=True):
            assert start < end
    lines = ended.stdout.splitlines()
    assert len(lines) > 2 + sum(len(row["wall"]) for row in rows)
    assert "that have to be reached are" in ended.stdout
    assert ElementTree.parse(tmp_path / "latest.svg").getroot().tag.endswith("svg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest.json", "latest.md", "latest.svg"]


@pytest.mark.long
@pytest.mark.parametrize("key", ["W4", "W5", "W7", "W9"])
def test_every_other_workload_runs(tmp_path, key):
    ended = bench(tmp_path, key, "--n", "30", "--rounds", "1", "--against", "make")
    assert ended.returncode == 0, ended.stderr
    rows = rows_of(tmp_path)
    assert rows and {row["key"] for row in rows} == {key}
    assert all(row["actions"]["jm"] == 30 for row in rows)


@pytest.mark.long
@pytest.mark.needs("make")
def test_the_check_compares_by_ratio_and_says_what_it_found(tmp_path):
    ended = bench(tmp_path, "W6", "--check")
    assert ended.returncode in (0, 1), ended.stderr  # how fast it is here is not what is asked
    assert ("SLOWER: W6" if ended.returncode else "well: W6") in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_peer_that_is_not_there_is_left_out_and_said(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    ended = bench(tmp_path / "r", "W7", "--n", "2", "--rounds", "1", "--against", "make", path=empty)
    assert ended.returncode == 0, ended.stderr
    assert "not installed, so left out: make" in ended.stderr
    (row,) = rows_of(tmp_path / "r")
    assert row["wall"].keys() == {"jm"}


def test_words_it_does_not_know_are_refused(tmp_path):
    ended = bench(tmp_path / "r", "W99")
    assert ended.returncode == 2
    assert "no such workload: W99" in ended.stderr
    ended = bench(tmp_path / "r", "--against", "nobody")
    assert "no such peer: nobody" in ended.stderr


def test_an_unknown_peer_is_not_installed():
    ended = subprocess.run([sys.executable, str(BENCH / "install"), "nobody"], capture_output=True, text=True)
    assert ended.returncode == 2
    assert "no such peer: nobody" in ended.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["W11"], "no such workload: W11; did you mean W1?"),
        (["--against", "nija, make"], "no such peer: nija; did you mean ninja?"),
        (["--n", "0"], "argument --n: at least 1"),
        (["--rounds", "-1"], "argument --rounds: at least 1"),
        (["W2", "--write-docs"], "--write-docs replaces the whole table"),
        (["--quick", "--write-docs"], "--write-docs replaces the whole table"),
        (["--check", "W1", "W2"], "there is no bound to check for W2, but for W1 W3 W5 W6"),
        (["--check", "--rounds", "2"], "--check has sizes and peers of its own"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_measured(tmp_path, words, said):
    ended = bench(tmp_path / "results", *words)
    assert (ended.returncode, ended.stdout) == (2, "") and said in ended.stderr
    assert not (tmp_path / "results").exists()


def test_where_figures_cannot_be_kept_is_said(tmp_path):
    (tmp_path / "file").touch()
    ended = bench(tmp_path / "file" / "results", "W2", "--n", "5", "--rounds", "1", "--against", "")
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1] == f"bench/run: {tmp_path}/file/results: Not a directory"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_stops_it_is_told_so_and_nothing_goes_on(tmp_path, number):
    command = [sys.executable, str(BENCH / "run"), "W1", "--n", "100000", "--against", "", "--results", str(tmp_path)]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: any(tmp_path.glob("scratch-*/0/*/*/.jm/keepers/*/keeper.json")), "jm at work")
    [told] = tmp_path.glob("scratch-*/0/*/*/.jm/keepers/*/keeper.json")
    keeper = json.loads(told.read_text())["pid"]
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130 and said.splitlines()[-1] == "interrupted" and "Traceback" not in said
    assert not alive(keeper) and list(tmp_path.iterdir()) == []
