"""What one seed draws: jobs, how children behave, which requests come when, and which misfortunes.

Everything is drawn first and by name, so that a failing life can be told again without one of its misfortunes or jobs.
Knows no kernel.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from functools import cached_property
from typing import NamedTuple

from job_manager.model.job import Action, Command, Input, Job, Output, Task, actions
from job_manager.model.record import replace
from tests.sim.witness import content_of

LIFE = 20.0  # virtual seconds in which things go wrong
FAULTS = (
    *("kill holder", "kill keeper", "kill child", "kill holder and keeper", "kill holder and child"),
    *("kill keeper and child", "kill all", "power cut", "disk full", "sync fails", "clock"),
    *("freeze holder", "freeze keeper", "contender", "bystander", "hold", "repeated request", "writeback"),
    *("cancel", "cancel action", "retry", "skip", "priority"),
)
# A request is acknowledged, a child ends, a holder starts: within so many system calls after it there is most to lose.
EVENTS = {"request": 20, "end": 120, "start": 200}
QUICK = "q1"  # the job whose steps are done in no time
LINES = ("poke lost", "poke torn", "poke late", "poke twice")  # what comes of telling the holder of a request
MANNERS = ("fails", "hangs", "stubborn", "daemon", "forgets output", "empty output")


class Fault(NamedTuple):
    """`calls`: so many system calls after `at` (virtual seconds from the beginning) it strikes, or after the next event
    of kind `on` that comes then; `amount` in seconds."""

    name: str
    kind: str
    at: float
    calls: int
    amount: float
    on: str


class Plan:
    """`without`: names of faults and jobs that are left out."""

    def __init__(self, seed: int, without: Collection[str] = ()) -> None:
        self.seed, self.without = seed, frozenset(without)
        rng = random.Random(seed)
        self.careful = rng.random() < 0.3
        self.slots = rng.randint(1, 3)
        self.room = rng.choice([300, 1 << 16, 1 << 16])
        kinds = rng.sample(FAULTS, len(FAULTS) // 2)
        manners = rng.sample(MANNERS, len(MANNERS) // 2)
        self.rates = {name: rng.uniform(0.05, 0.4) for name in manners}
        self.badness = random.Random(f"{seed} line").choice([0.0, 0.0, 0.5])  # of the line to the holder
        self.lasts = 0.0  # virtual seconds that must pass before all is healed
        self.faults = self._faults(rng, kinds)
        self.jobs = {f"j{n}": (rng.uniform(0.0, LIFE / 3), _job(rng, n)) for n in range(1, rng.choice([1, 1, 2]) + 1)}
        quick = random.Random(f"{seed} quick")
        if quick.random() < 0.5:
            self.jobs[QUICK] = (quick.uniform(0.0, LIFE / 3), _steps(quick))
        self.jobs = {name: drawn for name, drawn in self.jobs.items() if name not in self.without}
        self._contents = {job: _contents(job, drawn[1]) for job, drawn in self.jobs.items()}

    def _faults(self, rng: random.Random, kinds: list[str]) -> list[Fault]:
        many = rng.choice([0, 1, 2, 4, 8])
        drawn = [_fault(rng, f"f{n}", rng.choice(kinds)) for n in range(1, many + 1)]
        return [fault for fault in drawn if fault.name not in self.without]

    def told(self, faults: list[Fault], job: Job, careful: bool) -> Plan:
        """The same with these misfortunes, one job at once and children of good manners; nothing left to chance."""
        self.faults, self.rates, self.jobs, self.careful = faults, {}, {"j1": (0.001, job)}, careful
        self.badness, self.lasts = 0.0, 10.0
        self._contents = {"j1": _contents("j1", job)}
        return self

    @cached_property
    def listing(self) -> dict[str, list[Action]]:
        return {job: [action for _, action in actions(drawn[1])] for job, drawn in self.jobs.items()}

    def action(self, job: str, index: int) -> Action:
        return self.listing[job][index]

    @cached_property
    def before(self) -> dict[str, list[set[int]]]:
        """By job and action: which actions must have succeeded before it begins."""
        return {job: _before(drawn[1]) for job, drawn in self.jobs.items()}

    def repeats(self, job: str, index: int) -> bool:
        """Whether the action may run again when nobody knows what became of it."""
        return self.action(job, index).idempotent is not False

    def content(self, job: str, name: str) -> str:
        return self._contents[job][name]


def _fault(rng: random.Random, name: str, kind: str) -> Fault:
    on = rng.choice(["", *EVENTS])
    calls = rng.randint(0, EVENTS[on]) if on else rng.choice([0, rng.randint(1, 400)])
    return Fault(name, kind, rng.uniform(0.0, LIFE), calls, rng.uniform(0.1, 15.0), on)


def _job(rng: random.Random, number: int) -> Job:
    left = [rng.randint(2, 9)]
    made: list[str] = []
    children = _children(rng, left, made, "", depth=0)
    return Job(f"job {number}", children, parallel=rng.random() < 0.4)


def _steps(rng: random.Random) -> Job:
    """One after another what is done in no time, and of which nothing but the exit code counts: mostly."""
    return Job("quick steps", tuple(_step(rng, f"s{n}") for n in range(rng.randint(4, 9))))


def _step(rng: random.Random, name: str) -> Task | Action:
    if rng.random() < 0.3:
        return Task(name, tuple(_step(rng, f"{name}{n}") for n in range(rng.randint(2, 3))), rng.random() < 0.8)
    once = rng.random() < 0.1
    return Action(name, Command(("/bin/do",)), retries=rng.choice([None, 1, 3]), idempotent=False if once else None)


def _before(job: Job) -> list[set[int]]:
    found: list[set[int]] = []
    places: dict[str, set[int]] = {}

    def walk(children: tuple[Task | Action, ...], at_once: bool, above: str, must: set[int]) -> set[int]:
        whole: set[int] = set()
        seen: set[int] = set()  # whose turns come before; what has needs has no turn
        for child in children:
            needed = must if at_once else must | seen
            if child.needs is not None:
                needed = set().union(*(places[path] for path in child.needs))
            path = f"{above}{child.name}"
            if isinstance(child, Task):
                places[path] = walk(child.children, child.parallel, f"{path}/", needed)
            else:
                places[path] = {len(found)}
                found.append(set(needed))
            whole |= places[path]
            seen |= places[path] if child.needs is None else set()
        return whole

    walk(job.children, job.parallel, "", set())
    return found


def _children(
    rng: random.Random, left: list[int], made: list[str], above: str, depth: int
) -> tuple[Task | Action, ...]:
    """Actions read what earlier ones in listing order make, and say that they need these."""
    found: list[Task | Action] = []
    while left[0] > 0 and (depth == 0 or len(found) < 3):
        if depth < 2 and rng.random() < 0.3:
            name = f"t{len(found)}"
            below = _children(rng, left, made, f"{above}{name}/", depth + 1)
            found.append(Task(name, below, parallel=rng.random() < 0.5))
            continue
        left[0] -= 1
        found.append(_action(rng, f"a{len(found)}", made, above))
    return tuple(found)


def _action(rng: random.Random, name: str, made: list[str], above: str) -> Action:
    reads = rng.sample(made, min(len(made), rng.choice([0, 0, 1, 2])))
    action = Action(
        name,
        Command(("/bin/do",)),
        inputs=tuple(Input(path.replace("/", "-")) for path in reads),
        retries=rng.choice([None, 1, 3]),
        idempotent=rng.choice([None, None, None, False]),
        timeout=rng.choice([None, None, 3.0]),
        needs=tuple(reads) if reads else None,
    )
    if rng.random() < 0.5:
        path = f"{above}{name}"
        made.append(path)
        action = replace(action, outputs=(Output(path.replace("/", "-"), public=rng.random() < 0.5),))
    return action


def _contents(job: str, drawn: Job) -> dict[str, str]:
    found: dict[str, str] = {}
    for _, action in actions(drawn):
        read = [found[use.artifact] for use in action.inputs]
        found.update((use.artifact, content_of(job, use.artifact, read)) for use in action.outputs)
    return found
