"""What is measured: the workloads by number, and the command line of each contender for each of them.

Knows the programs and their options; neither how they are measured nor how the figures are shown.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from graphs import Graph

HERE = Path(__file__).resolve().parent
BARE = [sys.executable, "-I", "-S"]
SLOTS = 2
LAYERS = 20
STAMP = str(HERE / "stamp")
PEERS = ("xargs", "make", "ninja")

Command = Callable[[Graph], list[str]]


@dataclass(frozen=True)
class Workload:
    """One row of the table. `commands`: who takes part, jm first; `before`: what each runs once, unmeasured.

    `again`: the state of the run before is kept. `most`: pairs are not worth more than this.
    """

    key: str
    title: str
    graph: Callable[[int], Graph]
    quick: int
    full: int
    commands: dict[str, Command]
    before: dict[str, Command] = field(default_factory=dict)
    again: bool = False
    most: int = 99


def jm(*words: str) -> Command:
    script = Path(sys.executable).parent / "jm"
    program = [str(script)] if script.exists() else [sys.executable, "-m", "job_manager"]
    return lambda _: [*program, *words]


def loop(graph: Graph) -> list[str]:
    return [*BARE, str(HERE / "loop.py"), str(graph.layers), str(graph.width), str(SLOTS), graph.program]


def xargs(graph: Graph) -> list[str]:
    return ["xargs", f"-P{min(SLOTS, graph.width)}", "-n1", "-a", "lines", graph.program]


def peer(*words: str) -> Command:
    return lambda _: list(words)


def flat(n: int) -> Graph:
    return Graph(1, n)


def layered(n: int) -> Graph:
    return Graph(LAYERS, max(1, n // LAYERS))


RUN = jm("run", "-q", f"-j{SLOTS}", "job.yaml")
MAKE, NINJA = peer("make", "-rs", f"-j{SLOTS}"), peer("ninja", "--quiet", f"-j{SLOTS}")
RUNNERS: dict[str, Command] = {"jm": RUN, "loop": loop, "xargs": xargs, "make": MAKE, "ninja": NINJA}
ORDERED = {name: command for name, command in RUNNERS.items() if name != "xargs"}
READERS: dict[str, Command] = {"make": peer("make", "-rn"), "ninja": peer("ninja", "-n")}
DOERS: dict[str, Command] = {"jm": RUN, "make": MAKE, "ninja": NINJA}

WORKLOADS = (
    Workload("W1", "{n} independent, 2 at a time", flat, 2000, 10_000, RUNNERS),
    Workload("W2", "a chain of {n}", lambda n: Graph(n, 1), 300, 1000, RUNNERS),
    Workload("W3", "20 layers, {n} in all", layered, 400, 2000, ORDERED),
    Workload("W5", "check {n}", flat, 100_000, 100_000, {"jm": jm("check", "-q", "job.yaml"), **READERS}, most=3),
    Workload("W5", "plan {n}", flat, 100_000, 100_000, {"jm": jm("plan", "job.yaml"), **READERS}, most=3),
    Workload("W6", "one action, to exit", lambda _: Graph(1, 1, STAMP), 1, 1, RUNNERS),
    Workload("W6", "help", lambda _: Graph(1, 1), 1, 1, {"jm": jm("--help"), "python": peer(*BARE, "-c", "pass")}),
    Workload(
        "W7",
        "{n}, finished, again",
        lambda n: Graph(1, n, keeps=True),
        2000,
        10_000,
        {**DOERS, "jm": jm("resume", "-q", "last")},
        before=DOERS,
        again=True,
    ),
)


def installed(name: str) -> bool:
    return name not in PEERS or shutil.which(name) is not None


def environment() -> dict[str, str]:
    """What every contender gets: nothing of ours, of make's or of Python's that would change what is measured."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ}
    installed_as_script = (Path(sys.executable).parent / "jm").exists()
    return kept if installed_as_script else {**kept, "PYTHONPATH": str(HERE.parent / "src")}
