"""Power cuts under a supervisor at work: what was acknowledged, or seen as recorded, is there after each of them.

`python -m tests.crash.cuts --cuts 100 [--seed N]` prints figures and what was violated. With `--without-fsync` no
fsync reaches the disk: then something has to be lost, or the test would see nothing at all.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.crash.disk import INSIDE, PRIVATE, Disk, why_not
from tests.crash.farm import Farm, ended, let_pass, wait_for
from tests.crash.loop import repeated
from tests.crash.plan import Plan, drawn, text
from tests.faults import check, witness

SYNCS = "fsync,fdatasync,sync_file_range,syncfs"  # told to have been done
BLIND = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={SYNCS}", "-e", f"inject={SYNCS}:retval=0")
SKIPPED = 77  # exit code: no power can be cut here
Heads = dict[str, tuple[int, bytes]]


class Cuts:
    """One state directory over many cuts. `outside` is a folder that has power all the time."""

    def __init__(self, outside: Path, seed: int) -> None:
        self._rng = random.Random(seed)
        self.prefix: Sequence[str] = ()  # before every command
        self.disk = Disk(outside)
        self.farm = Farm(self.disk.path)
        self.farm.output = outside / "output"
        self._outside = outside
        self.ledger = outside / "ledger"
        self.plans: dict[str, Plan] = {}
        self.ids: dict[str, str] = {}  # acknowledged jobs by the name of their plan
        self._processes: list[subprocess.Popen[bytes]] = []
        self.cuts = self.seen = 0
        self.violations: list[str] = []

    def cut(self) -> None:
        """Let it work for a moment, cut the power, look at what is left."""
        self._start("up", "-j", "6")
        asking = [self.submit() for _ in range(self._rng.choice([1, 1, 2]))]
        let_pass(self._rng.uniform(0.1, 2.0))
        heads = _heads(self.farm.home / "journal.db")
        self.disk.cut()
        self.cuts += 1
        for process in self._processes:
            process.wait(30)
        for name, process, out in asking:
            said = out.read_text()
            if said.endswith("\n"):
                self.ids[name] = said.strip()
            elif process.returncode == 0:
                self.violations.append(f"{name} was acknowledged without an id")
        self._processes = []
        self.disk.reboot()
        self.disk.mount()
        self.violations += self.losses(heads)

    def _start(self, *words: str, out: Any = None) -> subprocess.Popen[bytes]:
        self._processes.append(self.farm.jm(*words, out=out, prefix=self.prefix))
        return self._processes[-1]

    def submit(self) -> tuple[str, subprocess.Popen[bytes], Path]:
        """Submit one more job: its name, the command, and the file with what that says."""
        name = f"job{len(self.plans)}"
        plan = self.plans[name] = drawn(self._rng, name, 8, 3, 0.1, once=self._rng.random() < 0.5)
        (self._outside / f"{name}.yaml").write_text(text(plan, self.ledger))
        out = self._outside / f"{name}.out"
        words = ("submit", "-q", str(self._outside / f"{name}.yaml"), "--request-id", name)
        with out.open("wb") as file:
            return name, self._start(*words, out=file), out

    # --- what has to be true ----------------------------------------------------------------------------------------

    def losses(self, seen: Heads) -> list[str]:
        """What was recorded or acknowledged before the cut, and is not there."""
        journal, inbox = self.farm.home / "journal.db", self.farm.home / "inbox"
        if seen and not journal.exists():
            return ["the journal is gone"]
        try:
            found = check.histories(journal) if journal.exists() else {}
            heads = _heads(journal)
        except sqlite3.Error as error:
            return [f"the journal cannot be read: {error}"]
        waiting = {path.name.removesuffix(".json") for path in inbox.iterdir()} if inbox.is_dir() else set()
        said = [
            f"{n} was acknowledged and is gone" for n, id in self.ids.items() if id not in found and n not in waiting
        ]
        self.seen += sum(seq for seq, _ in seen.values())
        for job, (seq, _) in seen.items():
            if heads.get(job, (0, b""))[0] < seq:
                said.append(f"job {job}: event {seq - 1} was seen in the journal and is gone")
        return said + (check.damage(journal) if found else []) + self._artifacts(found)

    def _artifacts(self, found: dict[str, check.History]) -> list[str]:
        """What is recorded as made is there, whole; what has succeeded shows its results."""
        said = []
        for job, events in found.items():
            over = any(event[0] == "job-finished" and event[2] == "succeeded" for event in events)
            plan = self.plans[_title(events)]
            made = {f"{part.name}.txt": part.public for part in plan.parts}
            contents = plan.contents()
            for name in (row[0] for event in events if event[0] == "succeeded" for row in event[6]):
                path = self.farm.home / "jobs" / job / ("public" if made[name] else "temp") / name
                if path.exists() and path.read_bytes() != contents[name.removesuffix(".txt")]:
                    said.append(f"{path} is not what was made")
                elif not path.exists() and (made[name] or not over):
                    said.append(f"{path} was recorded and is gone")
        return said

    def settle(self) -> list[str]:
        """Power stays on: everything comes to its end; all that is violated, of all the cuts, too."""
        up = self._start("up", "-j", "6")
        for name in self.plans:  # also what was killed before it was heard
            words = ("submit", "-q", str(self._outside / f"{name}.yaml"), "--request-id", name)
            out = self.farm.jm(*words, out=subprocess.PIPE)
            id = out.communicate()[0].decode().strip()
            if self.ids.setdefault(name, id) != id:
                self.violations.append(f"{name} was {self.ids[name]} and is {id}")
        for name, id in self.ids.items():
            ended(self.farm.jm("wait", id), [0, 1], f"jm wait {name}", 240)
            if self._lost(id):
                ended(self.farm.jm("retry", id), [0], f"jm retry {name}")
                ended(self.farm.jm("wait", id), [0], f"jm wait {name}", 240)
        owed = self.farm.home / "owed"
        wait_for(lambda: not list(owed.iterdir()), "the end of what is owed")
        ended(self.farm.jm("down"), [0], "jm down")
        up.wait(30)
        return self.violations + self._judge()

    def _lost(self, id: str) -> bool:
        events = check.histories(self.farm.home / "journal.db")[id]
        return any(
            event[0] == "job-finished" and event[2] == "failed" and event[3].get("lost") for event in events[-3:]
        )

    def _judge(self) -> list[str]:
        found, lines = check.histories(self.farm.home / "journal.db"), witness.read(self.ledger)
        said = check.everything(self.farm.home, lines, self.ids.values())
        for name, id in self.ids.items():
            said += check.artifacts(self.farm.home / "jobs" / id / "public", found[id], self.plans[name].expected())
            said += repeated(lines, id, self.plans[name], found[id])
        return said

    def figures(self) -> list[str]:
        events = Counter(e[0] for events in check.histories(self.farm.home / "journal.db").values() for e in events)
        leased = events["leased"] + events["chained"]
        made = f"{len(self.ids)} jobs, {events['succeeded']} actions succeeded, {leased} attempts leased"
        lost = f"{events['attempt-lost']} lost, {events['lost']} actions waited for a person's word"
        return [
            f"{self.cuts} cuts; {made}, {lost}",
            f"{self.seen} events had been seen before the cuts, none is gone",
        ]


def _title(events: check.History) -> str:
    [(_, document)] = events[0][2].items()
    return str(document["title"])


def _heads(journal: Path) -> Heads:
    """How far each job's history goes, for whoever reads it now."""
    if not journal.exists():
        return {}
    with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=10)) as db:
        try:
            return {job: (seq, hash) for job, seq, hash in db.execute("SELECT job, seq, hash FROM head")}
        except sqlite3.OperationalError:
            return {}


def control(folder: Path, seed: int, most: int = 5) -> str:
    """What is lost when no fsync reaches the disk, with the first cuts; "" when nothing is."""
    cuts = Cuts(folder, seed)
    name, first, _ = cuts.submit()
    ended(first, [0], f"jm submit {name}")
    subprocess.run(["sync", "-f", str(cuts.farm.folder)], check=True)  # so that it is not only that nothing is there
    cuts.prefix = BLIND
    while cuts.cuts < most and not cuts.violations:
        cuts.cut()
    cuts.disk.unmount()
    return f"with cut {cuts.cuts}: {'; '.join(cuts.violations[:3])}" if cuts.violations else ""


def run(folder: Path, number: int, seed: int) -> tuple[list[str], list[str]]:
    """So many cuts: what was violated, and the figures."""
    began = time.monotonic()
    cuts = Cuts(folder, seed)
    while cuts.cuts < number and not cuts.violations:
        cuts.cut()
    said = cuts.violations or cuts.settle()
    figures = [] if said else cuts.figures()
    cuts.disk.unmount()
    return said, [*figures, f"{time.monotonic() - began:.0f} s in all"]


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.cuts")
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--without-fsync", action="store_true", help="something has to be lost then")
    parser.add_argument(INSIDE, action="store_true", dest="inside", help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="jm-cuts-"))
    if not asked.inside:
        reason = why_not(folder)
        shutil.rmtree(folder)
        if reason:
            print(f"no power can be cut here: {reason}")
            return SKIPPED
        # Whatever is mounted goes with the namespace, however this ends.
        again = [*PRIVATE, sys.executable, "-m", "tests.crash.cuts", *argv, "--seed", str(asked.seed), INSIDE]
        os.execvp(again[0], again)
    if asked.without_fsync:
        lost = control(folder, asked.seed)
        print(f"without fsync: {lost}" if lost else "nothing was lost: this test is blind")
        return 0 if lost else 1
    return _told(folder, asked.cuts, asked.seed)


def _told(folder: Path, cuts: int, seed: int) -> int:
    again = f"python -m tests.crash.cuts --cuts {cuts} --seed {seed}"
    print(again, flush=True)
    said, figures = run(folder, cuts, seed)
    print("\n".join(figures))
    for violation in said[:40]:
        print(f"VIOLATED: {violation}")
    if said:
        print(f"left to look at: {folder}; to repeat it: {again}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
