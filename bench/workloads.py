"""What is measured: the workloads by number, and the command line of each contender for each of them.

Knows the programs and their options; neither how they are measured nor how the figures are shown.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench import media, targets
from bench.compiled import compiled
from bench.graphs import GIVEN, Graph, chain, fan, flat, layered
from bench.modules import make_room
from bench.peers import NUMPY, PEERS, program, python_of
from bench.targets import Target

HERE = Path(__file__).resolve().parent
BARE = [sys.executable, "-I", "-S"]
SLOTS = 2
STAMP = compiled("stamp") or str(HERE / "stamp.sh")
FAILS = "fails"  # where this file is, the action of W6 fails
YAML, COLD, MAKEFILE, NINJA, LINES, GRAPH = "job.yaml", "cold.yaml", "Makefile", "build.ninja", "lines", "graph.json"

Command = Callable[[Graph], list[str]]


@dataclass(frozen=True)
class Contender:
    """`files`: what it reads of what `bench.writing` writes; `peer`: which of the peers it is, if it is one."""

    command: Command
    files: tuple[str, ...]
    peer: str = ""


@dataclass(frozen=True)
class Workload:
    """One row of the table. `contenders`: who takes part, jm first; `before`: what each runs once, unmeasured.

    `again`: the state of the run before is kept. `each`: what is done in the folder before every run; `prepare`: once,
    with the number. `needs`: programs without which there is nothing to measure. `figure`: what is shown, wall or idle.
    `most`: rounds that it is worth at most.
    """

    key: str
    title: str
    graph: Callable[[int], Graph]
    quick: int
    full: int
    contenders: Mapping[str, Contender]
    targets: tuple[Target, ...] = ()
    before: Mapping[str, Contender] = field(default_factory=dict)
    again: bool = False
    each: Callable[[Path], None] | None = None
    prepare: Callable[[Path, int], None] | None = None
    needs: tuple[str, ...] = ()
    figure: str = "wall"
    most: int = 99


def jm_program() -> list[str]:
    """This checkout's: the script that was installed from it, or the module."""
    script = Path(sys.executable).parent / "jm"
    return [str(script)] if script.exists() and _installed_from_here() else [sys.executable, "-P", "-m", "job_manager"]


def _installed_from_here() -> bool:
    import job_manager

    return Path(job_manager.__file__).is_relative_to(HERE.parent) and "PYTHONPATH" not in os.environ


def jm(*words: str, file: str = YAML) -> Contender:
    return Contender(lambda _: [*jm_program(), *words], (file,))


def peer(name: str, *words: str, files: tuple[str, ...] = ()) -> Contender:
    return Contender(lambda _: [program(name) or name, *words], files, name)


def runner(name: str) -> Contender:
    """A peer that is a library: a program in bench/runners, by the interpreter that the peer was installed for."""
    script = str(HERE / "runners" / f"{name}_graph.py")
    return Contender(lambda _: [python_of(name) or sys.executable, script, str(SLOTS)], (GRAPH,), name)


def limit(graph: Graph) -> list[str]:
    return [compiled("limit") or "", str(SLOTS), graph.layers, *graph.program]


def loop(graph: Graph) -> list[str]:
    return [*BARE, str(HERE / "loop.py"), str(SLOTS), graph.layers, *graph.program]


def xargs(graph: Graph) -> list[str]:
    at_once = f"-P{min(SLOTS, max(graph.widths))}"
    if not any(word.endswith("%") for word in graph.program):
        return ["xargs", at_once, "-n1", "-a", LINES, *graph.program]
    return ["xargs", at_once, "-I{}", "-a", LINES, *(w[:-1] + "{}" if w.endswith("%") else w for w in graph.program)]


J = f"-j{SLOTS}"
RUN = ("run", "-q", J, YAML)
NINJA_RUN = ("--quiet", J)
SNAKEMAKE = ("--quiet", "all", "--scheduler", "greedy", J)
LIMITS = {"C": Contender(limit, ()), "loop": Contender(loop, ())}
XARGS = {"xargs": Contender(xargs, (LINES,), "xargs")}
DOERS = {
    "jm": jm(*RUN),
    "make": peer("make", "-rs", J, files=(MAKEFILE,)),
    "ninja": peer("ninja", *NINJA_RUN, files=(NINJA,)),
    "doit": peer("doit", "-n", str(SLOTS), files=("dodo.py", GRAPH)),
    "luigi": runner("luigi"),
    "snakemake": peer("snakemake", *SNAKEMAKE, files=("Snakefile", GRAPH)),
}
ORDERED = {**DOERS, **LIMITS, "dask": runner("dask"), "hyperqueue": runner("hyperqueue")}
RUNNERS = {**ORDERED, **XARGS, "parallel": peer("parallel", J, "-a", "commands", files=("commands",))}
SERIAL = {name: RUNNERS[name] for name in ("jm", "C", "loop", "xargs", "make", "ninja")}
READERS = {"make": peer("make", "-rn", files=(MAKEFILE,)), "ninja": peer("ninja", "-n", files=(NINJA,))}
AGAIN = {**DOERS, "jm": jm("resume", "-q", "last")}


# --- modules ----------------------------------------------------------------------------------------------------------


def modules_of(module: str, python: str) -> Callable[[int], Graph]:
    bare = (python, f"modules/{module}/main.py", "--input", GIVEN, "--output", "out/%")
    return lambda n: Graph((n,), bare, module=module, python=python)


def with_modules(file: str) -> Contender:
    def command(graph: Graph) -> list[str]:
        return [*jm_program(), "run", "-q", J, file, GIVEN, "--modules", "modules", "--python", graph.python]

    return Contender(command, (file,))


MODULE_RUNNERS = {
    "jm": with_modules(YAML),
    "jm, cold": with_modules(COLD),
    **{name: RUNNERS[name] for name in ("C", "loop", "xargs", "make", "ninja")},
}
PLAIN_PYTHON = getattr(sys, "_base_executable", "") or sys.executable  # the modules need nothing that is installed
NUMPY_PYTHON = python_of(NUMPY)


# --- one action -------------------------------------------------------------------------------------------------------


def one_action(n: int) -> Graph:
    return Graph((1,), (STAMP,))


def fail_first(folder: Path) -> None:
    """A run whose only action has failed, for the next one to take up. Raises RuntimeError."""
    (folder / FAILS).touch()
    try:
        done = subprocess.run([*jm_program(), *RUN], cwd=folder, env=environment(), capture_output=True, text=True)
    finally:
        (folder / FAILS).unlink()
    if done.returncode != 1:
        raise RuntimeError(f"jm ended with {done.returncode}, not 1: {done.stderr[-500:]}")


# --- others -----------------------------------------------------------------------------------------------------------


def media_job(graph: Graph) -> list[str]:
    job, modules = str(media.MEDIA / YAML), str(media.MEDIA / "modules")
    return [*jm_program(), "run", "-q", J, job, "clip.mp4", "--modules", modules, "--python", sys.executable]


def never(n: int) -> Graph:
    return Graph(fan(n).widths, never=True)


def kept(n: int) -> Graph:
    return Graph((n,), keeps=True)


def idle(graph: Graph) -> list[str]:
    return [sys.executable, str(HERE / "idle.py"), str(graph.actions), "10", *jm_program()]


PYTHON = {"python": Contender(lambda _: [*BARE, "-c", "pass"], ())}  # what an interpreter takes that does nothing
MEDIA = {"jm": Contender(media_job, ()), "script": Contender(lambda _: ["sh", media.SCRIPT], ())}
CHECKERS = {"jm": jm("check", "-q", YAML), "make": READERS["make"]}
numpy_modules = modules_of("copy_numpy", NUMPY_PYTHON or "numpy")

WORKLOADS = (
    Workload("W1", "{n} independent, 2 at a time", flat, 2000, 10_000, RUNNERS, targets.W1),
    Workload("W2", "a chain of {n}", chain, 300, 1000, SERIAL, targets.W2),
    Workload("W3", "20 layers, {n} in all", layered, 400, 2000, ORDERED, targets.W3),
    Workload(
        "W4", "{n} modules", modules_of("copy", PLAIN_PYTHON), 60, 200, MODULE_RUNNERS, targets.W4, each=make_room
    ),
    Workload(
        "W4", "{n} modules with numpy", numpy_modules, 20, 200, MODULE_RUNNERS, targets.W4_NUMPY,
        each=make_room, needs=(NUMPY,),
    ),
    Workload("W5", "check {n}, in and out by one", fan, 20_000, 100_000, CHECKERS),
    Workload(
        "W5", "plan {n}, in and out by one", fan, 20_000, 100_000,
        {"jm": jm("plan", YAML), **READERS}, targets.W5_PLAN,
    ),
    Workload(
        "W5", "run {n}, nothing to execute", never, 20_000, 100_000,
        {"jm": jm(*RUN)}, targets.W5_DECIDE,
    ),
    Workload("W6", "one action, to exit", one_action, 1, 1, {**RUNNERS, **PYTHON}, targets.W6),
    Workload(
        "W6", "one action, `jm resume`, to exit", one_action, 1, 1,
        {"jm": jm("resume", "-q", "last")}, targets.W6, each=fail_first,
    ),
    Workload("W6", "help", flat, 1, 1, {"jm": jm("--help"), **PYTHON}),
    Workload("W7", "{n}, finished, again", kept, 2000, 10_000, AGAIN, targets.W7, before=DOERS, again=True),
    Workload(
        "W8", "examples/media, a clip of {n} s", flat, 15, 60, MEDIA, targets.W8,
        prepare=media.prepare, needs=("ffmpeg", "xargs"),
    ),
    Workload(
        "W9", "{n} open actions, one runs: idle", flat, 1000, 10_000, {"jm": Contender(idle, ())}, targets.W9,
        figure="idle", most=1,
    ),
)  # fmt: skip


def missing(workload: Workload) -> list[str]:
    """What is not there without which the workload cannot be measured."""
    return [name for name in workload.needs if (python_of(name) if name == NUMPY else shutil.which(name)) is None]


def installed(name: str) -> bool:
    """Whether a contender is there. Of the two limits the one in C counts; the other stands in for it."""
    if name in LIMITS:
        return (compiled("limit") is not None) == (name == "C")
    return name not in PEERS or program(name) is not None


def environment() -> dict[str, str]:
    """What every contender gets: nothing of ours, of make's or of Python's that would change what is measured."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return kept if len(jm_program()) == 1 else {**kept, "PYTHONPATH": str(HERE.parent / "src")}
