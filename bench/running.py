"""Runs the contenders of a workload in turn and keeps what each run cost. Knows no table and no page.

In turn (jm, a, b, jm, a, b...), so that what else the machine does falls on all of them; figures are compared only
within one round.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from graphs import write
from workloads import BARE, HERE, Command, Workload, environment

Sample = dict[str, float]
LEFT_BY_RUNS = (".jm", ".ninja_log", ".ninja_deps", "stamp.out")


class RunFailed(Exception):
    """A contender did not end with 0: its figures would mean nothing."""


@dataclass(frozen=True)
class Row:
    """A workload's figures: for each contender one value a round; `wall` and `cpu` in seconds, `peak` in MiB."""

    key: str
    title: str
    actions: int
    wall: dict[str, list[float]]
    cpu: dict[str, list[float]]
    peak: dict[str, float]

    def times(self, name: str, figures: dict[str, list[float]]) -> float:
        """How many times as much jm takes as this one: the median of the rounds' ratios."""
        pairs = zip(figures["jm"], figures[name], strict=True)
        return statistics.median(ours / max(theirs, 1e-6) for ours, theirs in pairs)


def measure(workload: Workload, names: Iterable[str], n: int, pairs: int, scratch: Path) -> list[Row]:
    """One row, or two where a first child can be seen starting. Raises RunFailed."""
    graph = workload.graph(n)
    takes_part = [name for name in workload.commands if name in names]
    folders = {name: scratch / name for name in takes_part}
    for name, folder in folders.items():
        folder.mkdir(parents=True)
        write(graph, folder)
        if name in workload.before:
            cost(workload.before[name](graph), folder)
    samples: dict[str, list[Sample]] = {name: [] for name in takes_part}
    for turn in range(pairs):
        for name in rotated(takes_part, turn):
            if not workload.again:
                tidy(folders[name])
            samples[name].append(cost(workload.commands[name](graph), folders[name]))
    shutil.rmtree(scratch)
    return rows(workload, graph.actions, samples)


def rotated(names: list[str], turn: int) -> list[str]:
    """So that nobody always runs right after the same other."""
    first = turn % len(names)
    return names[first:] + names[:first]


def tidy(folder: Path) -> None:
    for name in LEFT_BY_RUNS:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def cost(argv: list[str], folder: Path) -> Sample:
    """What one run took; with `first`, the seconds to the first child, if that has left its stamp."""
    command = [*BARE, str(HERE / "measure.py"), *argv]
    ended = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
    sample: Sample = json.loads(ended.stdout) if ended.stdout else {"exit": ended.returncode}
    if sample["exit"] != 0:
        raise RunFailed(f"{' '.join(argv)}: exit {sample['exit']:.0f}: {ended.stderr.strip()[-500:]}")
    stamp = folder / "stamp.out"
    if stamp.exists():
        sample["first"] = float(stamp.read_text()) - sample["began"]
    return sample


def rows(workload: Workload, actions: int, samples: dict[str, list[Sample]]) -> list[Row]:
    def row(title: str, figure: str) -> Row:
        wall, cpu, peak = (series(samples, of) for of in (figure, "cpu", "peak"))
        return Row(workload.key, title, actions, wall, cpu, {name: max(of) for name, of in peak.items()})

    title = workload.title.format(n=f"{actions:,}")
    first = [row("one action, to its start", "first")] if "first" in samples["jm"][0] else []
    return [*first, row(title, "wall")]


def series(samples: dict[str, list[Sample]], figure: str) -> dict[str, list[float]]:
    return {name: [sample[figure] for sample in taken] for name, taken in samples.items()}


def warm_up(command: Command, workload: Workload, scratch: Path) -> None:
    """A first run that nobody measures: it leaves bytecode and a warm page cache behind."""
    scratch.mkdir(parents=True)
    graph = workload.graph(2)
    write(graph, scratch)
    cost(command(graph), scratch)
    shutil.rmtree(scratch)
