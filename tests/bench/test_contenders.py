"""Every contender runs every action of a graph once, each layer after the last; and what a run costs is counted.

Knows no figure. Who is not installed is skipped, visibly.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bench import media
from bench.graphs import Graph, chain, fan, flat, layered
from bench.workloads import BARE, HERE, RUNNERS, WORKLOADS, environment, installed, missing
from bench.writing import LANGUAGES, write

NOTES = ("/bin/sh", "-c", 'echo "$0" >>ran', "%")
QUICK = ("C", "loop", "xargs", "make", "ninja", "jm")
SLOW = tuple(name for name in RUNNERS if name not in QUICK)


def run(contender, graph, folder):
    write(graph, folder, contender.files)
    ended = subprocess.run(contender.command(graph), cwd=folder, env=environment(), capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def runs_all_in_order(name, folder):
    if not installed(name):
        pytest.skip(f"{name} is not installed")
    graph = Graph((4,) if name in ("xargs", "parallel") else (1, 3, 2), NOTES)
    run(RUNNERS[name], graph, folder)
    ran = (folder / "ran").read_text().split()
    for layer in range(len(graph.widths)):
        names = graph.names(layer)
        assert sorted(ran[: len(names)]) == names
        del ran[: len(names)]
    assert not ran


@pytest.mark.parametrize("name", QUICK)
def test_every_action_runs_once_and_in_order(tmp_path, name):
    if name == "loop":  # it only stands in, but is there everywhere
        graph = Graph((1, 3, 2), NOTES)
        subprocess.run(RUNNERS["loop"].command(graph), cwd=tmp_path, check=True)
        assert sorted((tmp_path / "ran").read_text().split()) == sorted(
            name for layer in range(3) for name in graph.names(layer)
        )
    else:
        runs_all_in_order(name, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("name", SLOW)
def test_every_action_of_a_slower_peer_runs_once_and_in_order(tmp_path, name):
    runs_all_in_order(name, tmp_path)


def test_the_shapes():
    assert (flat(3).widths, chain(3).widths, layered(400).widths) == ((3,), (1, 1, 1), (20,) * 20)
    assert (fan(100).widths, fan(100).actions, fan(100).layers) == ((1, 98, 1), 100, "1,98,1")


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: f"{workload.key} {workload.title}")
def test_whoever_takes_part_reads_what_is_written(workload):
    assert next(iter(workload.contenders)) == "jm"
    for contender in workload.contenders.values():
        assert set(contender.files) <= LANGUAGES.keys()
        assert all(isinstance(word, str) for word in contender.command(workload.graph(2)))
    assert {target.against for target in workload.targets} <= {"", *workload.contenders}


@pytest.mark.parametrize("number", [0, 1], ids=["plain", "numpy"])
def test_modules_are_found_well_by_jm_and_as_bare_commands(tmp_path, number):
    workload = [each for each in WORKLOADS if each.key == "W4"][number]
    if lacking := missing(workload):
        pytest.skip(f"not installed: {lacking}")
    for name in ("jm", "jm, cold"):
        (tmp_path / name).mkdir()
        run(workload.contenders[name], workload.graph(2), tmp_path / name)
    (tmp_path / "loop").mkdir()
    assert workload.each is not None
    workload.each(tmp_path / "loop")
    run(workload.contenders["loop"], workload.graph(2), tmp_path / "loop")
    assert [path.read_bytes()[:4] for path in sorted((tmp_path / "loop/out").iterdir())] == [bytes(range(4))] * 2


def measured(*words):
    command = [*BARE, str(HERE / "measure.py"), *words]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_processor_time_and_memory_are_those_of_the_whole_tree():
    grandchild = "held = bytearray(60_000_000); sum(range(3_000_000))"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    cost = measured("--memory", sys.executable, "-c", child)
    assert cost["exit"] == 0 and cost["peak"] > 55 and cost["cpu"] > 0.01
    assert measured("sh", "-c", "exit 3")["exit"] == 3
    assert measured("true")["peak"] == 0


@pytest.mark.long
@pytest.mark.needs("ffmpeg", "xargs")
def test_the_script_with_bare_commands_makes_what_the_job_makes(tmp_path, monkeypatch):
    monkeypatch.setattr(media, "CACHE", tmp_path / "cache")
    media.prepare(tmp_path, 4)
    subprocess.run(["sh", media.SCRIPT], cwd=tmp_path, check=True, env=environment(), capture_output=True)
    made = {path.name for path in (tmp_path / "made").iterdir()}
    job = next(each for each in WORKLOADS if each.key == "W8").contenders["jm"]
    subprocess.run(job.command(flat(1)), cwd=tmp_path, check=True, env=environment(), capture_output=True)
    public = {path.name for path in (tmp_path / ".jm/jobs").glob("*/public/*")}
    assert "report.html" in made and public <= made
