"""How cost grows with a job's size: `.venv/bin/python bench/scale.py`, one table from a thousand actions to a million.

Each job is one action, then all the others at once, then one. check, plan, submit and status are the commands. Run is
the life of every action in the real core, turn by turn, with its journal synced to disk; only the worker is one that
reports success at once, so that no process is started. It does not know whether a figure is good.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

if TYPE_CHECKING:
    from job_manager.core.decide import Order
    from job_manager.core.said import AttemptEnded

from bench.showing import machine, told  # noqa: E402

JM = ("-P", "-m", "job_manager")
HEAD = 'name: big\nversion: "1"\nsteps:\n'
STAGES = ("check", "plan", "submit", "run", "status", "status --json", "resume")
SLOTS, AHEAD = 2, 64  # as the product has it on two cores


def entries(count: int) -> Iterator[str]:
    """An entry for each action, as a program writes them."""
    yield HEAD + "  - entries:\n      - {name: first, cmd: [/bin/true]}\n  - entries:\n"
    yield from (f"      - {{name: a{number}, cmd: [/bin/true]}}\n" for number in range(count - 2))
    yield "  - entries:\n      - {name: last, cmd: [/bin/true]}\n"


def foreach(count: int) -> Iterator[str]:
    """The same said with a range."""
    yield HEAD + "  - entries:\n      - {name: first, cmd: [/bin/true]}\n  - entries:\n"
    yield f"      - {{name: a, cmd: [/bin/true], foreach: {{number: 1-{count - 2}}}}}\n"
    yield "  - entries:\n      - {name: last, cmd: [/bin/true]}\n"


def files(count: int) -> Iterator[str]:
    """The same with a file from each action to the next."""
    yield HEAD + "  - entries:\n      - {name: first, cmd: [touch, '{seed}'], outputs: [seed]}\n  - entries:\n"
    for number in range(count - 2):
        cmd = f"[cp, '{{seed}}', '{{f{number}}}']"
        yield f"      - {{name: a{number}, cmd: {cmd}, inputs: [seed], outputs: [f{number}]}}\n"
    reads = ", ".join(f"f{number}" for number in range(count - 2))
    yield f"  - entries:\n      - {{name: last, cmd: [/bin/true], inputs: [{reads}]}}\n"


def chain(count: int) -> Iterator[str]:
    """One after another: a step for each."""
    yield HEAD
    yield from (f"  - entries:\n      - {{name: a{number}, cmd: [/bin/true]}}\n" for number in range(count))


SHAPES = {shape.__name__: shape for shape in (entries, foreach, files, chain)}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/scale.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000, 100_000, 1_000_000], metavar="ACTIONS")
    parser.add_argument("--shape", choices=SHAPES, default="entries", help="how the job is written (%(default)s)")
    parser.add_argument("--stages", default=",".join(STAGES), help="which: %(default)s")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout whose code is measured")
    parser.add_argument("--life", type=Path, help=argparse.SUPPRESS)  # inside: run the job of this file
    return parser.parse_args()


def measured(asked: argparse.Namespace, words: list[str], folder: Path) -> dict[str, float]:
    """What one command took: seconds and MiB."""
    command = [sys.executable, "-I", "-S", str(HERE / "measure.py"), sys.executable, *words]
    env = os.environ | {"PYTHONPATH": str(asked.root / "src")}
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=folder)
    if done.returncode:
        sys.exit(f"{' '.join(words)}: {done.stderr}")
    found: dict[str, float] = json.loads(done.stdout)
    if found["exit"]:
        sys.exit(f"exit {found['exit']:.0f}: {' '.join(words)}")
    return found


def stage(asked: argparse.Namespace, name: str, folder: Path) -> dict[str, float]:
    if name == "run":
        life = ["-P", str(HERE / "scale.py"), "--life", "job.yaml", "--root", str(asked.root)]
        return measured(asked, life, folder)
    if name == "submit":
        return measured(asked, [*JM, "submit", "job.yaml", "--home", "submitted"], folder)
    words = name.split()
    return measured(asked, [*JM, words[0], "job.yaml" if words[0] in ("check", "plan") else "last", *words[1:]], folder)


def live(file: str) -> None:
    """The job of the file from its first event to its last, in `.jm` of this directory."""
    from job_manager.app import wiring
    from job_manager.app.home import Home
    from job_manager.app.loading import Wish, load
    from job_manager.cli.main import ALLOCATIONS
    from job_manager.core.said import SubmitJob, WorkerAnnounced
    from job_manager.model.document import job_document
    from job_manager.model.site_document import site_document
    from job_manager.supervisor.supervisor import Supervisor

    gc.set_threshold(ALLOCATIONS)
    home = Home(".jm")
    home.make()
    home.lock()
    loaded = load(Wish(job_file=file), os.environ, os.getcwd())
    engine = wiring.local_engine(wiring.open_journal(home), wiring.system_clock())
    supervisor = Supervisor(engine)
    engine.say(SubmitJob("big", job_document(loaded.job), site_document(loaded.site)))
    del loaded
    supervisor.turn(time.time())
    engine.say(WorkerAnnounced("big", "w", SLOTS, AHEAD))
    while supervisor.turn(time.time()):
        engine.say(*map(success, engine.take()))
    if supervisor.state.job("big").finished != "succeeded":
        sys.exit("the job did not come to its end")
    engine.close()


def success(order: Order) -> AttemptEnded:
    from job_manager.core.said import AttemptEnded

    now = time.time()
    return AttemptEnded(order.job, order.action, order.attempt, order.worker, now, now)


def main() -> None:
    asked = arguments()
    if asked.life:
        sys.path[0:0] = [str(asked.root / "src")]
        live(str(asked.life))
        return
    with tempfile.TemporaryDirectory() as scratch:
        print(told(machine(Path(scratch))) + "\n")
        stages = asked.stages.split(",")
        print(f"| {asked.shape}: s of CPU, MiB | " + " | ".join(stages) + " |")
        print("|---" * (len(stages) + 1) + "|", flush=True)
        for count in asked.sizes:
            folder = Path(scratch, f"{count}")
            folder.mkdir()
            with open(folder / "job.yaml", "w") as file:
                file.writelines(SHAPES[asked.shape](count))
            print(f"| {count:,} |", end="", flush=True)
            for name in stages:
                found = stage(asked, name, folder)
                print(f" {found['cpu']:.2f} s ({found['wall']:.2f}), {found['peak']:.0f} |", end="", flush=True)
            print(flush=True)


if __name__ == "__main__":
    main()
