"""Who is run how often. Knows no program: what a run costs is said here."""

from __future__ import annotations

from functools import partial

from bench import running
from bench.graphs import flat
from bench.targets import ratio
from bench.workloads import Contender, Workload


def named(name, _graph):
    return [name]


def test_a_slow_peer_beside_whom_nothing_is_to_be_reached_is_not_run_in_every_round(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(running, "TIME", 0.0)

    def cost(argv, _):
        ran.append(argv[-1])
        return {"wall": len(ran), "cpu": 1.0, "peak": 0.0}

    monkeypatch.setattr(running, "cost", cost)
    contenders = {name: Contender(partial(named, name), ()) for name in ("jm", "C", "slow")}
    workload = Workload("W0", "{n}", flat, 1, 1, contenders, (ratio("C", 1.5),))
    (row,) = running.measure(workload, contenders, 1, 3, tmp_path / "scratch")
    assert {name: len(taken) for name, taken in row.wall.items()} == {"jm": 3, "C": 3, "slow": 1}
    assert ran.count("slow") == 2  # once for its memory
    ours, theirs = row.wall["jm"][0], row.wall["slow"][0]
    assert row.times("slow", row.wall) == ours / theirs
