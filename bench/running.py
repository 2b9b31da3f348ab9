"""Runs the contenders of a workload in turn and keeps what each run cost. Knows no table and no page.

In turn (jm, a, b, jm, a, b...), so that what else the machine does falls on all of them; figures are compared only
within one round. Before the first round each runs once for its memory, which nobody times. A peer beside whom nothing
has to be reached runs no more once it has had its time.

Each run has a folder of its own, and what it has left is removed when all has been measured (bench.places).
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.graphs import Graph
from bench.peers import PEERS
from bench.places import renewed, spread
from bench.targets import Target
from bench.workloads import BARE, HERE, Contender, Workload, environment
from bench.writing import write

Sample = dict[str, float]
LEAST = 1e-6  # seconds: what is divided by
FEWEST = 20  # actions that also the slowest peer is given
HEED = 15.0  # seconds in which a contender that is interrupted ends
TIME = 30.0  # seconds after which a peer beside whom nothing is to be reached is not run again


class RunFailed(Exception):
    """A contender did not end with 0: its figures would mean nothing."""


@dataclass(frozen=True)
class Row:
    """A workload's figures: for each contender one value a round. `figure`: what `wall` holds: wall or first (seconds)
    or idle (a share of one processor); `cpu` in seconds, `peak` in MiB of the whole tree, once. `actions`: how many
    each was given."""

    key: str
    title: str
    figure: str
    actions: Mapping[str, int]
    wall: Mapping[str, list[float]]
    cpu: Mapping[str, list[float]]
    peak: Mapping[str, float]
    targets: tuple[Target, ...] = ()

    def times(self, name: str, figures: Mapping[str, list[float]]) -> float:
        """How many times as much jm takes for an action as this one: the median of the rounds' ratios."""
        more = self.actions[name] / self.actions["jm"]
        pairs = zip(figures["jm"], figures[name], strict=False)  # some were not run in every round
        return statistics.median(ours * more / max(theirs, LEAST) for ours, theirs in pairs)

    def judged(self, name: str) -> list[str]:
        """What was to be reached beside this contender, or by jm itself, and whether it is."""
        return [target.reached(self._value(target)) for target in self.targets if self._against(target) == name]

    def _against(self, target: Target) -> str:
        """Where there is no C, the loop in Python stands in for it."""
        if not target.against:
            return "jm"
        return "loop" if target.against == "C" and "C" not in self.wall else target.against

    def _value(self, target: Target) -> float:
        figures = self.cpu if target.figure == "cpu" else self.wall
        if target.against:
            return self.times(self._against(target), figures)
        return self.peak["jm"] if target.figure == "peak" else statistics.median(figures["jm"])


def measure(workload: Workload, names: Iterable[str], n: int, rounds: int, scratch: Path) -> list[Row]:
    """One row, or two where a first child can be seen starting. What was left lies in `scratch`. Raises RunFailed."""
    runs = [Run(name, workload, n, scratch / str(at)) for at, name in enumerate(contending(workload, names))]
    for run in runs:
        run.prepare()
    for turn in range(rounds):
        for run in rotated(runs, turn):
            if not run.has_had_its_time:
                run.take()
    return rows(workload, runs)


def contending(workload: Workload, names: Iterable[str]) -> list[str]:
    return [name for name in workload.contenders if name in names]


def rotated(runs: list[Run], turn: int) -> list[Run]:
    """So that nobody always runs right after the same other."""
    first = turn % len(runs)
    return runs[first:] + runs[:first]


class Run:
    """One contender with the folder of its runs, and what they have cost."""

    def __init__(self, name: str, workload: Workload, n: int, folder: Path) -> None:
        contender: Contender = workload.contenders[name]
        share = PEERS[contender.peer].share if contender.peer else 1.0
        self.name = name
        self.graph: Graph = workload.graph(n if n <= FEWEST else max(FEWEST, round(n * share)))
        self.samples: list[Sample] = []
        self.peak = 0.0
        self._workload, self._contender, self._folder = workload, contender, folder / "0"
        self._laid: set[str] = set()
        self._spent = 0.0
        against = {target.against for target in workload.targets}
        self._counts = name == "jm" or name in against or (name == "loop" and "C" in against)

    @property
    def has_had_its_time(self) -> bool:
        """Whether its figures are known well enough for who only stands beside."""
        return not self._counts and bool(self.samples) and self._spent > TIME

    def prepare(self) -> None:
        """Lay out its files, and run it once for its memory."""
        self._folder.parent.mkdir(parents=True)
        spread(self._folder.parent)
        self._folder.mkdir()
        if self._workload.prepare:
            self._workload.prepare(self._folder, self.graph.actions)
        write(self.graph, self._folder, self._contender.files)
        self._laid = {path.name for path in self._folder.iterdir()}
        if self.name in self._workload.before:
            self._cost(self._workload.before[self.name])
        self.peak = self._cost(self._contender, memory=self._workload.figure == "wall")["peak"]

    def take(self) -> None:
        """One run that counts."""
        self.samples.append(self._cost(self._contender))

    def _cost(self, contender: Contender, memory: bool = False) -> Sample:
        if not self._workload.again:
            self._folder = renewed(self._folder, self._laid)
        if self._workload.each:
            self._workload.each(self._folder)
        argv = contender.command(self.graph)
        if self._workload.figure == "wall":  # else it measures itself
            argv = [*BARE, str(HERE / "measure.py"), *(["--memory"] if memory else []), *argv]
        begun = time.monotonic()
        sample = cost(argv, self._folder)
        self._spent += time.monotonic() - begun
        return sample


def cost(command: list[str], folder: Path) -> Sample:
    """What one run took; with `first`, the seconds to the first child, if that has left its stamp. Raises RunFailed."""
    pipe = subprocess.PIPE
    running = subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )
    try:
        told, said = running.communicate()
    except BaseException:
        end(running)
        raise
    sample: Sample = json.loads(told) if told else {"exit": running.returncode}
    if sample["exit"] != 0:
        raise RunFailed(f"{' '.join(command)}: exit {sample['exit']:.0f}: {said.strip()[-500:]}")
    stamp = folder / "stamp.out"
    if stamp.exists():
        sample["first"] = float(stamp.read_text()) - sample["began"]
        stamp.unlink()
    return sample


def end(running: subprocess.Popen[str]) -> None:
    """As a person would, so that nothing of it goes on; and by force what does not heed that."""
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(running.pid, number)
            running.communicate(timeout=HEED)
            return
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return


def rows(workload: Workload, runs: list[Run]) -> list[Row]:
    actions = {run.name: run.graph.actions for run in runs}
    peak = {run.name: run.peak for run in runs}

    def row(title: str, figure: str) -> Row:
        wall, cpu = series(runs, figure), series(runs, "cpu")
        asked = tuple(target for target in workload.targets if (target.figure == "first") == (figure == "first"))
        return Row(workload.key, title, figure, actions, wall, cpu, peak, asked)

    title = workload.title.format(n=f"{actions['jm']:,}")
    first = [row(title.replace("to exit", "to its start"), "first")] if "first" in runs[0].samples[0] else []
    return [*first, row(title, workload.figure)]


def series(runs: list[Run], figure: str) -> dict[str, list[float]]:
    """Of those who have it."""
    return {run.name: [each[figure] for each in run.samples] for run in runs if figure in run.samples[0]}
