"""What the crash loop has to do: jobs of witnesses whose outputs depend on their names and inputs alone, drawn by seed.

Knows the text of a job and what must come of it; starts nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.faults import witness

SIZE = 2048
FAILS = 0.15  # the share of actions whose first attempts end badly
ONCE = 0.15  # of actions that may not run twice, in a job that has such


class Part(NamedTuple):
    """One action. `fails`: attempts before this number end with 75; `once`: it is not idempotent."""

    name: str
    reads: tuple[str, ...]
    seconds: float
    fails: int = 0
    once: bool = False
    public: bool = False


class Plan(NamedTuple):
    """A job: rows of parts, one after another, the parts of a row at the same time."""

    name: str
    rows: tuple[tuple[Part, ...], ...]

    @property
    def parts(self) -> Iterator[Part]:
        return (part for row in self.rows for part in row)

    def path(self, name: str) -> str:
        """Where in the job a part is."""
        number = next(number for number, row in enumerate(self.rows) for part in row if part.name == name)
        return f"r{number}/{name}"

    @property
    def once(self) -> set[str]:
        """Paths of what may run once."""
        return {self.path(part.name) for part in self.parts if part.once}

    def contents(self) -> dict[str, bytes]:
        """What each part writes, byte for byte."""
        made: dict[str, bytes] = {}
        for part in self.parts:
            made[part.name] = witness.made(f"{part.name}.txt", [made[name] for name in part.reads], SIZE)
        return made

    def expected(self) -> dict[str, bytes]:
        """The public artifacts."""
        made = self.contents()
        return {f"{part.name}.txt": made[part.name] for part in self.parts if part.public}


def drawn(rng: random.Random, name: str, count: int, width: int, seconds: float, once: bool) -> Plan:
    """A job of so many actions of about so many seconds."""
    rows: list[tuple[Part, ...]] = []
    while count > 0:
        before = [part.name for part in rows[-1]] if rows else []
        here = range(min(width, count))
        last = count <= width
        rows.append(tuple(_part(rng, f"{name}{len(rows)}x{n}", before, seconds, once, last) for n in here))
        count -= width
    return Plan(name, tuple(rows))


def _part(rng: random.Random, name: str, before: list[str], seconds: float, once: bool, last: bool) -> Part:
    reads = tuple(rng.sample(before, min(len(before), rng.choice([1, 1, 2, 3]))))
    single = once and rng.random() < ONCE
    fails = 0 if single else rng.choice([2, 2, 3]) if rng.random() < FAILS else 0
    return Part(name, reads, round(seconds * rng.uniform(0.2, 1.8), 3), fails, single, last or rng.random() < 0.05)


def all_of(rng: random.Random, actions: int, seconds: float) -> list[Plan]:
    """Half of the actions in one job, without what may run only once; the rest in small ones of ten to forty."""
    plans = [drawn(rng, "main", actions // 2, max(4, actions // 50), seconds, once=False)]
    left = actions - actions // 2
    while left > 0:
        count = min(left, rng.randint(10, 40))
        plans.append(drawn(rng, f"side{len(plans)}", count, rng.randint(3, 8), seconds, once=rng.random() < 0.5))
        left -= count
    return plans


def text(plan: Plan, ledger: Path, hurried: bool = False) -> str:
    """The job.yaml of a plan; hurried, nothing in it takes its time."""
    lines = [f"name: {plan.name}", "version: 1", "steps:"]
    for number, row in enumerate(plan.rows):
        lines += [f"- name: r{number}", "  entries:"]
        lines += [line for part in row for line in _entry(part, ledger, hurried)]
    return "\n".join(lines) + "\n"


def _entry(part: Part, ledger: Path, hurried: bool) -> list[str]:
    words = ["--write", f"{{{part.name}.txt}}", "--size", SIZE, "--sleep", 0 if hurried else part.seconds]
    words += [word for name in part.reads for word in ("--read", f"{{{name}.txt}}")]
    words += ["--fail-before", part.fails] if part.fails else []
    listed = ", ".join(f'"{word}"' for word in witness.command(ledger, *words))
    reads = ", ".join(f"{name}.txt" for name in part.reads)
    return [
        f"  - name: {part.name}",
        f"    cmd: [{listed}]",
        f"    outputs: [{{name: {part.name}.txt{', public: true' if part.public else ''}}}]",
        *([f"    inputs: [{reads}]"] if reads else []),
        "    idempotent: false" if part.once else "    retries: 9",  # a child that is killed has failed
    ]
