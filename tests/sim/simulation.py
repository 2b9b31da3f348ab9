"""A farm with a bad post and short lives: seeded, on a virtual clock, driving the real core and supervisor.

Every order and report is a letter that may be late, lost, repeated or overtaken; supervisors and workers die. Each run
turns a random half of the faults off, since some faults hide behind others. Then all faults stop and it must end.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from job_manager.core.decide import Order, StartAttempt
from job_manager.core.said import (
    CancelAction,
    CancelJob,
    ReleaseJob,
    Report,
    Request,
    ResumeJob,
    RetryActions,
    SetPriority,
    SkipAction,
)
from job_manager.core.state import JobState
from job_manager.model.document import children_document
from job_manager.model.fanout import Each
from job_manager.model.job import FILES, HOOKS, Action, Job, Task
from job_manager.model.record import replace
from job_manager.testing import (
    HANGS,
    Farm,
    Outcome,
    ScriptedWorker,
    action,
    fails,
    growing,
    linked,
    lost,
    parallel,
    serial,
    site,
    succeeds,
)
from job_manager.testing.clock import START
from tests.core import trees

FAULTS = (
    *("late", "lose", "repeat", "kill worker", "kill supervisor", "hold", "fail", "hang", "lose attempt"),
    *("pause", "cancel", "cancel an action", "retry", "skip", "come first"),
)
MEMORY, LIMITS = 8, {"gpu": 1, "nuke": 2}
LIFE = 60.0  # virtual seconds of faults


class Settings(NamedTuple):
    """How one run goes: the rate of each fault that is on, 0 of the others."""

    rates: dict[str, float]
    job: Job
    workers: int
    slots: int
    ahead: int


def drawn(rng: random.Random) -> Settings:
    on = rng.sample(FAULTS, len(FAULTS) // 2)
    rates = {fault: rng.uniform(0.02, 0.3) if fault in on else 0.0 for fault in FAULTS}
    left = [rng.randint(5, 60)]
    numbered = trees.numbered(_children(rng, left, 0, rng.random() < 0.5))
    hooks = tuple(node for node in numbered if isinstance(node, Action) and node.hook)
    children = tuple(node for node in numbered if node not in hooks)
    children += tuple(_fanning(rng, f"f{n}") for n in range(rng.choice([0, 0, 1, 2])))
    children += tuple(_waiting(f"w{n}") for n in range(rng.choice([0, 0, 1])))
    children += tuple(_minding(f"m{n}") for n in range(rng.choice([0, 0, 1]))) + hooks
    job = Job("sim", children, parallel=rng.random() < 0.3, max_active=rng.choice([None, None, None, 2]))
    job = replace(job, timeout=rng.choice([None, None, 20.0]), wait_timeout=rng.choice([None, None, 60.0]))
    return Settings(rates, job, rng.randint(1, 3), *_capacity(rng))


def _fanning(rng: random.Random, name: str) -> Task:
    """Files of which nobody knows how many there will be; one action for each; one that reads what they made."""
    over = (Each("x", over=f"{name}.made"),)
    each = f"{{x}}.{name}" if rng.random() < 0.8 else f"{name}.all"  # two of these are one too many
    makes, reads = linked("makes", writes=(f"{name}.made/",)), linked("reads", reads=(each,))
    return Task(name, (makes, linked("each", reads=("x",), writes=(each,), foreach=over), reads))


def _minding(name: str) -> Task:
    """One that starts when another has failed, and one that reads what the first makes."""
    lifeboat = linked("boat", needs=(f"{name}/ship",), when=f"{name}/ship.failed", writes=(f"{name}.saved",))
    return Task(
        name, (linked("ship"), lifeboat, linked("shore", needs=(f"{name}/boat",), reads=(f"{name}.saved",))), True
    )


def _waiting(name: str) -> Task:
    """One that does not wait for its turn and grows."""
    needed = (f"{name}/first",)
    then = replace(serial("then", growing("grows"), "after"), needs=needed)
    return parallel(name, "first", then, serial("row", replace(growing("free"), needs=needed)))


def _steps(rng: random.Random, depth: int) -> tuple[Task | Action, ...]:
    """Of nothing more than the exit code counts."""
    plain = action("a", retries=rng.choice([None, 0, 2]))
    return tuple(
        Task("t", _steps(rng, depth + 1), rng.random() < 0.7) if depth < 3 and rng.random() < 0.3 else plain
        for _ in range(rng.randint(2, 8 - 2 * depth))
    )


def _capacity(rng: random.Random) -> tuple[int, int]:
    return rng.randint(1, 4), rng.choice([0, 0, 2, 8])


def _action(rng: random.Random, takes: bool) -> Action:
    return action(
        "a",
        retries=rng.choice([None, 0, 2]),
        idempotent=rng.choice([None, None, None, False]),
        cpus=rng.choice([None, None, 2]) if takes else None,
        memory=rng.choice([None, 1, 5]) if takes else None,
        gpu=rng.choice([0, 1]) if takes else 0,
        nuke=rng.choice([0, 0, 2]) if takes else 0,
    )


def _children(rng: random.Random, left: list[int], depth: int, takes: bool) -> tuple[Task | Action, ...]:
    made: list[Task | Action] = []
    after = [replace(_action(rng, takes), hook=rng.choice(HOOKS)) for _ in range(rng.choice([0, 0, 0, 1, 2]))]
    for _ in range(rng.randint(0 if depth else 2, 6)):
        if left[0] <= 0:
            break
        if depth < 4 and rng.random() < 0.35:
            made.append(Task("t", _children(rng, left, depth + 1, takes), rng.random() < 0.5))
        else:
            left[0] -= 1
            priority = rng.choice([None, None, None, 1.0, -1.0])
            made.append(replace(_action(rng, takes), priority=priority, expand=rng.random() < 0.1))
    return (*made, *after)


class Simulation(Farm):
    """One seed's life of a farm. `run_to_the_end` is all there is to call."""

    _last: JobState | None = None

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.settings = drawn(self.rng)
        quick = random.Random(f"{seed} quick")
        self.quick = quick.random() < 0.4
        if self.quick:  # much of what comes next is leased before its turn
            steps = trees.numbered(_steps(quick, depth=0))
            self.settings = self.settings._replace(job=Job("sim", steps), workers=1, ahead=8)
        self.healed = False
        self._letters: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._named = count(1)
        # Of some nothing is to start for a while.
        later = START + self.rng.uniform(1.0, LIFE / 2) if self.rng.random() < 0.2 else 0.0
        super().__init__(self.settings.job, workers=[], site=replace(site(), not_before=later))
        # One that shares the slots, and one that follows the first.
        self.submit(Job("beside", trees.numbered(_children(self.rng, [self.rng.randint(1, 9)], 3, False))), "j2")
        self.submit(Job("after", (action("a"),)), "j3", replace(site(), after_jobs=("j1",), cap=1))
        for _ in range(self.settings.workers):
            self.new_worker()

    # --- the post -----------------------------------------------------------------------------------------------

    def chance(self, fault: str) -> bool:
        return not self.healed and self.rng.random() < self.settings.rates[fault]

    def send(self, deliver: Callable[[], None]) -> None:
        """A letter; whether, when and how often it arrives is the post's business."""
        if self.chance("lose"):
            return
        for _ in range(2 if self.chance("repeat") else 1):
            delay = self.rng.expovariate(1.0) if self.chance("late") else 0.0
            heappush(self._letters, (self.clock.wall() + delay, next(self._numbers), deliver))

    def hand_out(self, taken: Sequence[Order]) -> None:
        self._last = self.job  # what the workers know of it, also while the supervisor is dead
        for order in taken:
            self.send(lambda order=order: self.reach(order))  # type: ignore[misc]

    def reach(self, order: Order) -> None:
        for worker in self.workers:
            if worker.name == order.worker:
                self.report(worker.carry_out([order], self.clock.wall()))

    def report(self, reports: Sequence[Report]) -> None:
        for each in reports:
            self.send(lambda each=each: self.say(each))  # type: ignore[misc]

    # --- lives --------------------------------------------------------------------------------------------------

    def new_worker(self) -> None:
        name = f"w{next(self._named)}"
        self.join(ScriptedWorker(name, self.settings.slots, self.settings.ahead, self.outcome, MEMORY, LIMITS))

    def outcome(self, order: StartAttempt) -> Outcome:
        after = self.rng.choice([0.0, 0.1, 1.0, 5.0])
        if self.chance("hang"):
            return HANGS
        if self.chance("lose attempt"):
            return lost(after)
        if self.chance("fail"):
            return fails(after=after)
        if self.quick and self.rng.random() < 0.9:
            after *= 0.02
        return succeeds(after)._replace(outputs=self._made(order), grown=self._printed(order))

    def _made(self, order: StartAttempt) -> list[list[object]]:
        """What the attempt has written, for those that read it: of kind files none, one or a few."""
        rows: list[list[object]] = []
        assert self._last is not None
        if order.job != self.id:
            return []
        for use in self._last.shape.actions[order.action].outputs:
            files = [[f"{number}", number, 1, 1] for number in range(self.rng.randint(0, 4))]
            rows.append([use.artifact, 1, 1, 1, 1, "", {"files": files if use.kind == FILES else []}])
        return rows

    def _printed(self, order: StartAttempt) -> list[dict[str, object]]:
        """What the command of an attempt has printed, if it was to: a few more, some of which grow again."""
        assert self._last is not None
        if order.job != self.id:
            return []
        shape = self._last.shape
        node = shape.node_of[order.action]
        if not shape.actions[order.action].expand:
            return []
        new = trees.numbered(_children(self.rng, [self.rng.randint(0, 6)], 2 + shape.depth(node), takes=False))
        if self.rng.random() < 0.3:  # it may be one that waits for this one: then there is nothing to be done
            new += (linked("late", needs=(self.rng.choice(shape.paths[: shape.actions.written]),)),)
        # What is a hook of nothing is none.
        return children_document(tuple(replace(n, hook="") if isinstance(n, Action) else n for n in new))

    def misfortune(self) -> None:
        if self.chance("kill supervisor"):
            self.turn()  # what reached it may be in the journal by then; what had not is lost
            self.crash()
        if self.workers and self.chance("kill worker"):
            self.leave(self.rng.choice(self.workers))
            self.new_worker()
        if self.chance("hold"):
            self.hold(grace=self.rng.choice([0.0, 3.0]))
            self._later(self.rng.uniform(0.0, 5.0), self.resume)
        self.wishes()

    def wishes(self) -> None:
        """What people want, whether it makes sense or not; what they did they take back after a while."""
        id, rng = self.rng.choice(["j1", "j1", "j2", "j3"]), self.rng
        job = self.supervisor.state.jobs.get(id)
        index = rng.randrange(len(job.states) + 1) if job else 0
        soon = rng.uniform(0.0, 5.0)
        if self.chance("pause"):
            self.hold("paused", None, id)
            self._later(soon, lambda: self.say(ReleaseJob(id)))
        if self.chance("cancel"):
            self.say(CancelJob(id, rng.choice([0.0, 3.0])))
            again: list[Request] = [ResumeJob(id, self.sites[id], lost=True), RetryActions(id, "failed", lost=True)]
            self._later(soon, lambda: self.say(rng.choice(again)))
        if self.chance("cancel an action"):
            self.say(CancelAction(id, index, rng.choice([0.0, 3.0])))
        if self.chance("retry"):
            self.say(RetryActions(id, rng.choice(["failed", "from", "only"]), index, rng.random() < 0.5))
        if self.chance("skip"):
            self.say(SkipAction(id, index))
        if self.chance("come first"):
            self.say(SetPriority(id, rng.choice([-1.0, 0.0, 1.0])))

    def _later(self, seconds: float, deliver: Callable[[], None]) -> None:
        heappush(self._letters, (self.clock.wall() + seconds, next(self._numbers), deliver))

    # --- time ---------------------------------------------------------------------------------------------------

    def moment(self) -> None:
        """Everything that is due now: letters, work, one turn, perhaps a misfortune, now and then a heartbeat."""
        while self._letters and self._letters[0][0] <= self.clock.wall():
            heappop(self._letters)[2]()
        for worker in self.workers:
            self.report(worker.work(self.clock.wall()))
        self.never_two_alive()
        self.turn()
        if not self.healed:
            self.misfortune()
        if self.rng.random() < 0.1:
            for worker in self.workers:
                self.announce(worker)

    def never_two_alive(self) -> None:
        alive = [(job, at) for worker in self.workers for job, at, _ in worker.running]
        assert len(alive) == len(set(alive)), f"two attempts of one action are alive: {sorted(alive)}"

    def go_on(self, limit: float) -> None:
        while self.clock.monotonic() < limit and not (self.healed and self.all_finished):
            self.moment()
            self.clock.advance(self.rng.choice([0.0, 0.1, 0.5, 1.0]))

    @property
    def all_finished(self) -> bool:
        """Of a job that follows one that failed, nobody can say more."""
        first, beside, after = self.jobs
        return bool(first.finished and beside.finished and (after.finished or first.finished != "succeeded"))

    def run_to_the_end(self) -> None:
        """Raises AssertionError where a promise is broken."""
        self.go_on(LIFE)
        self.healed = True
        self.turn()
        self.crash()
        for worker in list(self.workers):
            self.leave(worker)
        self.new_worker()
        for id in self.sites:
            self.resume(id=id)
            self.say(ReleaseJob(id))
        self.turn()
        self.go_on(LIFE + 5000.0)
        for job in self.jobs[: 3 if self.job.finished == "succeeded" else 2]:
            assert trees.all_final(job), f"{job.id} is not over: {job.state} {self.states()}"
        self.judge()

    def judge(self) -> None:
        job, journal = self.settings.job, trees.of_job(self.journal, self.id)
        found = trees.order_broken(job, journal) + trees.hooks_broken(job, journal)
        found += trees.replay_broken(self) + trees.due_broken(self)
        for id in self.sites:
            journal = trees.of_job(self.journal, id)
            found += trees.leases_broken(journal) + trees.ends_broken(journal) + trees.cancelled_broken(journal)
            found += trees.twice_begun(self, id)
        assert not found, "\n".join([*found, *self.story()])
