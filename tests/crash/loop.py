"""kill -9 of anything, again and again, while a supervisor runs thousands of actions and people ask things of it.

`python -m tests.crash.loop --kills 500 --actions 2000 [--seed N]` prints figures, the line that repeats it, and what
was violated. Nothing is ever repaired by hand: after a kill the same command is started again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.crash.farm import Farm, Sampler, alive, attempts, ended, kill, let_pass, wait_for
from tests.crash.people import People
from tests.crash.plan import Plan, all_of, drawn, text
from tests.faults import check, witness

SLOTS = 8
FATES = {"leased": "leased", "attempt-lost": "lost", "attempt-failed": "failed", "returned": "returned"}
SECONDS = 0.25  # that an action takes, on the average
STRIKES = {"supervisor": 7, "keeper": 3, "child": 3, "supervisor and keeper": 3, "everything": 3}


class Loop:
    """The real program, struck `kills` times, and what was seen."""

    def __init__(self, folder: Path, kills: int, actions: int, seed: int) -> None:
        self._rng = random.Random(seed)
        self.farm = Farm(folder)
        self.plans = all_of(self._rng, actions, SECONDS)
        self._runs = [drawn(self._rng, f"run{n}", 8, 4, SECONDS, once=False) for n in range(max(2, kills // 40))]
        self._ran: list[Plan] = []
        self.people = People(self.farm, random.Random(seed + 1), self.plans)
        self.ledger = folder / "ledger"
        self._target, self._work = kills, sum(1 for plan in self.plans for _ in plan.parts)
        self._processes: list[subprocess.Popen[bytes]] = []
        self.strikes: Counter[str] = Counter()
        self.starts: list[float] = []  # when `jm up` was started, and
        self.ends: list[float] = []  # when something was killed
        self.violations: list[str] = []
        self._kept_up = True

    # --- the attack -------------------------------------------------------------------------------------------------

    def attack(self) -> None:
        """Strike until enough is struck; then wait until everything is done."""
        for plan in [*self.plans, *self._runs]:
            (self.farm.folder / f"{plan.name}.yaml").write_text(text(plan, self.ledger))
        sampler = Sampler(self.farm.home)
        asking = threading.Thread(target=self._ask)
        self._keep_up()
        sampler.start()
        asking.start()
        try:
            while self.strikes.total() < self._target and not self.violations:
                self._pause()
                self._strike()
                self._keep_up()
        finally:
            self._kept_up = False
            asking.join()
        self._settle()
        sampler.end()
        self.violations += sampler.violations + self.people.violations
        self.looks, self.most = sampler.looks, sampler.most
        self.violations += [f"{self.most} attempts at once, in {SLOTS} slots"] if self.most > SLOTS else []

    def _ask(self) -> None:
        while self._kept_up or self.people.waiting:
            self.people.ask()
            time.sleep(0.3)

    def _pause(self) -> None:
        """Until the next strike: so long that kills and work come to their ends at about the same time."""
        done = _succeeded(self.farm.home / "journal.db") / self._work
        struck = self.strikes.total() / self._target
        longest = 0.25 if done > struck + 0.02 else 1.5 if done < struck - 0.02 else 0.6
        if self._rng.random() < 0.25:
            longest = 0.15  # while it takes up what the last strike has left
        let_pass(self._rng.uniform(0.0, longest))

    def _strike(self) -> None:
        kind = self._rng.choices(list(STRIKES), list(STRIKES.values()))[0]
        victims = self._victims(kind)
        self._rng.shuffle(victims)
        self.ends.append(time.time())
        kill(victims)
        self.strikes[kind] += 1

    def _victims(self, kind: str) -> list[int]:
        holders = [self.farm.holder() or next((p.pid for p in self._processes if alive(p.pid)), 0)]
        holders = [pid for pid in holders if pid]
        children = [pid for pids in attempts(self.farm.home).values() for pid in pids]
        if kind == "child" and children:
            return [self._rng.choice(children)]
        if kind == "keeper":
            return self.farm.keepers()[:1]
        if kind == "supervisor and keeper":
            return [*holders, *self.farm.keepers()]
        if kind == "everything":
            return [*(p.pid for p in self._processes), *holders, *self.farm.keepers(), *children]
        return holders

    def _keep_up(self) -> None:
        """Start the supervisor again if nobody is left, now and then a run instead, with another that joins it."""
        for process in [each for each in self._processes if each.poll() is not None]:
            self._processes.remove(process)
            if process.returncode not in (-9, 0):
                words = " ".join(map(str, process.args[3:]))  # type: ignore[index]
                self.violations.append(f"jm {words} ended with {process.returncode}\n{self.farm.tail()}")
        if self._processes:
            return
        if self._runs and self._rng.random() < 0.15:
            for plan in self._runs[: self._rng.choice([1, 2])]:
                self._runs.remove(plan)
                self._ran.append(plan)
                self._processes.append(self.farm.jm("run", f"{plan.name}.yaml", "-j", str(SLOTS)))
            return
        self.starts.append(time.time())
        self._processes.append(self.farm.jm("up", "-j", str(SLOTS)))

    # --- the end ----------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Nobody is killed any more: everything comes to its end, with a person's word where that is promised."""
        give_up = time.monotonic() + 240
        self.people.release_all()
        while not self.violations and (left := self._open()):
            self._keep_up()
            for name in left:
                if left[name] == "failed" and name in self.people.ids:
                    self.people.retry(name)
                elif left[name] == "paused":
                    self.people.release(name)
            if time.monotonic() > give_up:
                self.violations.append(f"not finished: {left}\n{self.farm.tail()}")
            time.sleep(0.3)
        self._down()

    def _open(self) -> dict[str, str]:
        """The state of every job that has not succeeded, by its name."""
        listing = self.farm.jm("ls", "--json", out=subprocess.PIPE)
        told = listing.communicate()[0]
        if listing.returncode:
            return {"jm ls": f"exit code {listing.returncode}"}
        return {job["name"]: job["state"] for job in json.loads(told)["jobs"] if job["state"] != "succeeded"}

    def _down(self) -> None:
        for process in self._processes:
            if "run" in process.args:  # type: ignore[operator]
                ended(process, [0], "a run", 120)
        self._processes = [process for process in self._processes if process.poll() is None]
        owed = self.farm.home / "owed"
        if not self.violations:
            wait_for(lambda: not list(owed.iterdir()), f"the end of what is owed: {list(owed.iterdir())}")
        if self._processes:
            ended(self.farm.jm("down"), [0], "jm down", 60)
            ended(self._processes[0], [0], "jm up", 60)

    def close(self) -> None:
        """End whatever is left of it, for the next."""
        kill(self._victims("everything"))

    # --- what has to be true ----------------------------------------------------------------------------------------

    def judge(self) -> list[str]:
        """Everything that is violated."""
        left = self._left()
        found = check.histories(self.farm.home / "journal.db")
        lines = witness.read(self.ledger)
        names = {name: ids.split() for name, ids in self.farm.names().items()}
        said = [*self.violations, *check.everything(self.farm.home, lines, self.people.ids.values())]
        said += [f"{name} is {len(ids)} jobs" for name, ids in names.items() if len(ids) > 1]
        said += [
            f"job {ids[0]} is not {name}'s"
            for name, ids in names.items()
            if self.people.ids.get(name, ids[0]) != ids[0]
        ]
        for plan in (plan for plan in [*self.plans, *self._ran] if plan.name in names):
            id = names[plan.name][0]
            said += check.artifacts(self.farm.home / "jobs" / id / "public", found[id], plan.expected())
            said += repeated(lines, id, plan, found[id])
        leased = sum(event[0] in ("leased", "chained") for events in found.values() for event in events)
        if leased > 3 * self._work + 100 * self._target:  # what is queued when a strike comes is leased again, once
            said.append(f"{leased} leases for {self._work} actions: something goes round and round")
        return said + left

    def _left(self) -> list[str]:
        home = self.farm.home
        left = [path for folder in ("inbox", "owed", "keepers") for path in (home / folder).iterdir()]
        left += [path for path in home.iterdir() if path.name == "socket"]
        left += [path for path in home.rglob("*") if path.name.endswith((".new", ".part", ".tmp"))]
        return [f"{path} is left" for path in left]

    def figures(self) -> list[str]:
        """What happened, in words."""
        found = check.histories(self.farm.home / "journal.db")
        events = Counter(event[0] for events in found.values() for event in events)
        first = _first_leases(self.farm.home / "journal.db", self.starts, self.ends)
        median, longest = (statistics.median(first), max(first)) if first else (0.0, 0.0)
        came = f"{len(first)} of {len(self.starts)} restarts came so far"
        return [
            f"{self.strikes.total()} strikes: " + ", ".join(f"{n} {kind}" for kind, n in self.strikes.most_common()),
            f"{len(found)} jobs, {len(self._ran)} of them by jm run; {events['succeeded']} actions succeeded",
            "attempts: " + ", ".join(f"{events[name]} {word}" for name, word in FATES.items()),
            f"{self.people.asked} requests of others: " + self.people.told(),
            f"{self.looks} looks at the living: at most {self.most} attempts at once",
            f"from a restart to the first dispatch ({came}): median {median:.2f} s, longest {longest:.2f} s",
        ]


def _succeeded(journal: Path) -> int:
    """How many successes are recorded."""
    if not journal.exists():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=10)) as db:
        try:
            rows = db.execute("SELECT (length(body) - length(replace(body, '[\"succeeded\"', ''))) / 12 FROM turn")
            return sum(row[0] for row in rows)
        except sqlite3.OperationalError:  # it was made this moment
            return 0


def repeated(lines: check.Lines, id: str, plan: Plan, events: check.History) -> Iterable[str]:
    """What may run once ran once more only where a person had said so."""
    again: Counter[int] = Counter()
    for event in events:
        if event[0] == "job-retried":
            again.update(action for first, end in event[2] for action in range(first, end))
    starts = Counter(line["index"] for line in lines if line["what"] == "start" and line["job"] == id)
    for index, part in enumerate(plan.parts):
        if part.once and starts[index] > 1 + again[index]:
            yield f"{part.name} may run once and ran {starts[index]} times, {again[index]} times by a person's word"


def _first_leases(journal: Path, starts: Sequence[float], ends: Sequence[float]) -> list[float]:
    """For each start of a supervisor that was not killed before, the seconds until it had first leased something."""
    with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT at FROM turn WHERE instr(CAST(body AS TEXT), '[\"leased\"') ORDER BY at").fetchall()
    moments = [row[0] for row in rows]
    found = []
    for start in starts:
        end = min((end for end in ends if end > start), default=float("inf"))
        first = next((at for at in moments if at >= start), float("inf"))
        found += [first - start] if first < end else []
    return found


def calm(folder: Path, plans: Sequence[Plan]) -> dict[str, dict[str, bytes]]:
    """What the same jobs make when nobody disturbs them, by the name of the job."""
    farm = Farm(folder)
    for plan in plans:
        (folder / f"{plan.name}.yaml").write_text(text(plan, folder / "ledger", hurried=True))
        ended(farm.jm("submit", "-q", f"{plan.name}.yaml"), [0], "jm submit")
    up = farm.jm("up", "-j", str(SLOTS))
    names = farm.names
    wait_for(lambda: len(names()) == len(plans), "the jobs")
    for id in names().values():
        ended(farm.jm("wait", id), [0], "jm wait", 600)
    ended(farm.jm("down"), [0], "jm down")
    up.wait(60)
    public = {name: farm.home / "jobs" / id / "public" for name, id in names().items()}
    return {name: {path.name: path.read_bytes() for path in store.iterdir()} for name, store in public.items()}


def run(folder: Path, kills: int, actions: int, seed: int, compare: bool = True) -> tuple[list[str], list[str]]:
    """The whole loop in an empty folder: what was violated, and the figures."""
    attacked, undisturbed = folder / "attacked", folder / "calm"
    attacked.mkdir()
    undisturbed.mkdir()
    began = time.monotonic()
    loop = Loop(attacked, kills, actions, seed)
    said: list[str] = []
    try:
        loop.attack()
        said = loop.judge()
        figures = loop.figures()
    finally:
        loop.close()
    figures.append(f"{time.monotonic() - began:.0f} s in all")
    if compare:
        made = calm(undisturbed, loop.plans)
        said += [
            f"{plan.name} makes something else undisturbed" for plan in loop.plans if made[plan.name] != plan.expected()
        ]
        figures.append(
            f"{sum(map(len, made.values()))} public artifacts are those of an undisturbed run, byte for byte"
        )
    return said, figures


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.loop")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--actions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--keep", action="store_true", help="keep the folder whatever comes")
    asked: Any = parser.parse_args(argv)
    again = f"python -m tests.crash.loop --kills {asked.kills} --actions {asked.actions} --seed {asked.seed}"
    print(again, flush=True)
    folder = Path(tempfile.mkdtemp(prefix="jm-crash-"))
    said, figures = run(folder, asked.kills, asked.actions, asked.seed)
    print("\n".join(figures))
    for violation in said[:40]:
        print(f"VIOLATED: {violation}")
    if said or asked.keep:
        print(f"left to look at: {folder}; to repeat it: {again}")
    else:
        shutil.rmtree(folder)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
