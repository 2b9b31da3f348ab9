"""`python -m tests.sim.mutants`: each mutant in a copy of the source, until something notices it. All must be noticed.

A test or life has noticed it only if it is well with the source as it is. Without `--until-first-kill` every one of its
killers is asked, and the share of lives that notice is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

from tests.sim.mutant import FARM, WORLD, Mutant
from tests.sim.mutations import ALL, NOT_YET

ROOT = Path(__file__).parents[2]
MOST = 2000  # lives until a mutant that no test has noticed has survived
MANY = 100  # lives of which the share is taken
LIFE = f"""
import json, sys
sys.path[:0] = [sys.argv[1], {str(ROOT)!r}]
from tests.sim.simulation import Simulation
from tests.sim.telling import Failure, kept, lived
kind, most, first = sys.argv[2], int(sys.argv[3]), sys.argv[4] == "first"
only, unfit = json.loads(sys.argv[5])
def fails(seed, without=()):
    if kind == "world":
        return isinstance(lived(seed, without), Failure)
    try:
        Simulation(seed).run_to_the_end()
    except Exception:
        return True
    return False
lives = [only] if only else ([*kept()] if kind == "world" else []) + [(seed, ()) for seed in range(most)]
killed, lived_through, at = 0, 0, None
for life in lives:
    if [life[0], list(life[1])] in unfit:
        continue
    lived_through += 1
    if fails(*life):
        killed, at = killed + 1, at or life
    if killed and (first or lived_through >= {MANY}):
        break
print(json.dumps([killed, lived_through, at]))
"""


class Unusable(Exception):
    """The mutant is none: its text is not there, or what it makes is no program."""


class Verdict(NamedTuple):
    """`by`: who noticed, with figures; "" for a survivor. `wrong`: who did not, or why it is no mutant."""

    mutant: Mutant
    by: str
    seconds: float
    wrong: str = ""


def changed(mutant: Mutant, folder: Path) -> Path:
    """A copy of the source with the mutant in it. Raises Unusable where its text is not there once."""
    source = folder / "src"
    shutil.copytree(ROOT / "src", source, copy_function=os.link, ignore=shutil.ignore_patterns("__pycache__"))
    path = source / "job_manager" / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise Unusable(f"{mutant.name}: its text stands {text.count(mutant.old)} times in {mutant.file}")
    path.unlink()  # it is a link: the original stays as it is
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return source


def judged(mutant: Mutant, first: bool) -> Verdict:
    """Ask its killers one after another, until one notices it or, unless `first`, all."""
    began = time.monotonic()
    found: list[str] = []
    wrong = ""
    with tempfile.TemporaryDirectory(prefix="jm-mutant-") as folder:
        try:
            source = changed(mutant, Path(folder))
            for killer in mutant.killers:
                lives = MANY if found else MOST
                by = _lives(source, killer, lives, first) if killer in (WORLD, FARM) else _tests(source, killer)
                found += [by] if by else []
                wrong += "" if by else f"; not by {killer}"
                if found and first:
                    break
        except Unusable as why:
            return Verdict(mutant, "", time.monotonic() - began, str(why))
    return Verdict(mutant, "; ".join(found), time.monotonic() - began, wrong)


def _environ() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JM_", "PYTHON"))}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"}


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=_environ(), capture_output=True, text=True, timeout=900
    )


def _lives(source: Path, kind: str, most: int, first: bool) -> str:
    unfit: list[Any] = []  # lives that fail without the mutant, too: they say nothing of it
    while True:
        killed, lives, life = _lived(source, kind, most, first, unfit=unfit)
        if not killed:
            return ""
        if not _lived(ROOT / "src", kind, 1, True, life)[0]:
            return f"{kind}: {killed} of {lives} lives, first {life[0]}"
        unfit.append(life)


def _lived(source: Path, kind: str, most: int, first: bool, only: object = None, unfit: Sequence[Any] = ()) -> Any:
    """How many lives noticed, of how many, and the first that did. `only`: of this one life; `unfit` are left out."""
    ended = _run("-c", LIFE, str(source), kind, str(most), "first" if first else "all", json.dumps([only, [*unfit]]))
    if ended.returncode:
        raise Unusable(ended.stderr.strip().splitlines()[-1])
    return json.loads(ended.stdout.splitlines()[-1])


def _tests(source: Path, target: str) -> str:
    failed = _failed(source, target)
    if failed and _failed(ROOT / "src", failed):
        raise Unusable(f"{failed} fails without it, too")
    return failed


def _failed(source: Path, target: str) -> str:
    """The first test that fails. What goes wrong around a test is no verdict: raises Unusable."""
    words = [
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-o",
        f"pythonpath={source} {ROOT}",
    ]
    with tempfile.TemporaryDirectory(prefix="jm-mutant-") as folder:
        ended = _run(*words, f"--basetemp={folder}/tmp", target)
    if not ended.returncode:
        return ""
    told = next((line for line in ended.stdout.splitlines() if line.startswith("FAILED ")), "")
    if ended.returncode != 1 or not told:
        raise Unusable(f"{target}: pytest says {ended.returncode}: {ended.stdout.strip().splitlines()[-1:]}")
    return told.removeprefix("FAILED ").split(" - ")[0]


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m tests.sim.mutants", description="All mutants must be noticed.")
    words.add_argument("--until-first-kill", action="store_true", help="ask no further once a mutant is noticed")
    words.add_argument("--sample", type=int, default=0, help="so many of them, drawn by the seed")
    words.add_argument("--seed", type=int, default=int(os.environ.get("JM_SEED", "0")), help="what draws the sample")
    words.add_argument("--only", default="", help="those whose name has this in it")
    words.add_argument("--jobs", type=int, default=1, help="so many at a time")
    said = words.parse_args()
    chosen = [mutant for mutant in ALL if said.only in mutant.name]
    if said.sample:
        chosen = random.Random(said.seed).sample(chosen, min(said.sample, len(chosen)))
    survivors, began = 0, time.monotonic()
    with ThreadPoolExecutor(said.jobs) as pool:
        for running in as_completed([pool.submit(judged, mutant, said.until_first_kill) for mutant in chosen]):
            verdict = running.result()
            survivors += not verdict.by
            how = "killed  " if verdict.by else "SURVIVES"
            print(f"{how} {verdict.seconds:6.1f} s  {verdict.mutant.name}  [{verdict.by}{verdict.wrong}]", flush=True)
    seconds = time.monotonic() - began
    print(f"{len(chosen) - survivors} of {len(chosen)} killed in {seconds:.0f} s", end="; ")
    print(f"of {len(NOT_YET)} more there is nothing yet to change")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
