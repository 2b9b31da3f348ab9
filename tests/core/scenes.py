"""Farms in which something waits for a known cause, made by the real core; and how to look at one.

Knows what is done to a farm; what the answer to `why` has to be is in situations.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from job_manager.core import said as s
from job_manager.core.answers import View
from job_manager.core.past import Past
from job_manager.model.job import ALWAYS, Action, Job, Task
from job_manager.model.record import replace
from job_manager.testing import (
    HANGS,
    Farm,
    ScriptedWorker,
    action,
    fails,
    job,
    linked,
    parallel,
    script,
    serial,
    site,
    succeeds,
)
from job_manager.testing.clock import START


def spelt(at: float) -> str:
    """A time as the tests read it: `+3` is three seconds after the farm's clock began."""
    return f"{at - START:+.0f}"


def past_of(farm: Farm) -> Past:
    """The past of the farm's job, and the state that all of its jobs are folded into."""
    return Past(farm.id).fold((turn.now, event) for turn in farm.turns for event in turn.events)


def view_of(farm: Farm, hosted: bool = True) -> View:
    return View(farm.clock.wall(), hosted, spelt)


def at_once(*children: Task | Action | str) -> Job:
    return job(*children, at_once=True)


def settled(one: Job, seconds: float = 0.0, **rest: object) -> Farm:
    """The job after everything that happens in so many seconds."""
    farm = Farm(one, **rest)  # type: ignore[arg-type]
    return later(farm, seconds)


def later(farm: Farm, seconds: float) -> Farm:
    """So many seconds later: what ends or is due by then has been heard of."""
    end = farm.clock.wall() + seconds
    farm.settle()
    while True:
        moments = [farm.supervisor.next_timer(), *(worker.next_end() for worker in farm.workers)]
        due = min((moment for moment in moments if moment is not None), default=None)
        if due is None or due > end:
            break
        farm.clock.advance(max(0.0, due - farm.clock.wall()))
        farm.work()
        farm.settle()
    farm.clock.advance(max(0.0, end - farm.clock.wall()))
    return farm


def hanging(*which: int) -> Callable[..., object]:
    return script(dict.fromkeys(which, HANGS))


# --- in the tree ------------------------------------------------------------------------------------------------------


def turn() -> Farm:
    return settled(job(parallel("early", "a", "b"), "late"), 3, outcomes=hanging(1))


def turn_within() -> Farm:
    return settled(job(serial("outer", serial("inner", "x", "y"), "z"), "late"), 3, outcomes=hanging(0))


def needs() -> Farm:
    one = at_once(action("film"), action("sound"), linked("mix", needs=("film", "sound")))
    return settled(one, 3, outcomes=hanging(1))


def needs_chain() -> Farm:
    links = [linked(f"n{at}", needs=(f"n{at - 1}",)) for at in range(1, 6)]
    return settled(at_once(action("n0"), *links), 3, outcomes=hanging(0))


def needs_a_task() -> Farm:
    one = at_once(parallel("shots", *(f"s{at}" for at in range(6))), linked("cut", needs=("shots",)))
    return settled(one, 1, slots=2, outcomes=hanging(2, 3))


def hook_waits() -> Farm:
    last = replace(action("clean"), hook=ALWAYS)
    return settled(job(parallel("work", "a", "b", last)), 3, outcomes=hanging(1))


def behind_a_retry() -> Farm:
    return settled(job(action("flaky", retries=3), "late"), 1.1, outcomes=script({0: [fails(9)] * 4}))


def behind_a_queue() -> Farm:
    longer = (linked("a2", needs=("a",)), linked("a3", needs=("a2",)))
    one = at_once(action("a", gpu=1), action("b", gpu=1), linked("after", needs=("b",)), *longer)
    return settled(one, 3, limits={"gpu": 1}, outcomes=hanging(0))


# --- for something that others have -----------------------------------------------------------------------------------


def slots() -> Farm:
    return settled(at_once("a", "b", "c"), 3, outcomes=hanging(0, 1))


def slots_of_several_cpus() -> Farm:
    return settled(at_once(action("a"), action("wide", cpus=2)), 3, outcomes=hanging(0))


def beside(farm: Farm, other: Job, id: str = "j0", **more: Any) -> Farm:
    """Another job comes to the same farm, whose workers serve it, too."""
    farm.submit(other, id, replace(site(), **more))
    return farm


def together(one: Job, other: Job, id: str, slots: int) -> Farm:
    """Two jobs are there when the worker comes."""
    farm = beside(Farm(one, workers=[]), other, id)
    farm.join(ScriptedWorker("w1", slots, 0, lambda order: HANGS))
    return later(farm, 3)


def slots_of_another_job() -> Farm:
    return together(replace(at_once("x", "y"), priority=-1.0), at_once("p", "q"), "j0", 1)


def limit() -> Farm:
    return settled(at_once(action("a", gpu=1), action("b", gpu=1), "c"), 3, limits={"gpu": 1}, outcomes=hanging(0))


def limit_of_two() -> Farm:
    one = at_once(action("a", gpu=1), action("both", gpu=2))
    return settled(one, 3, slots=4, limits={"gpu": 2}, outcomes=hanging(0))


def memory() -> Farm:
    one = at_once(action("a", memory=3 << 30), action("b", memory=2 << 30))
    return settled(one, 3, slots=4, memory=4 << 30, outcomes=hanging(0))


def kept() -> Farm:
    one = at_once(action("a", gpu=1), action("big", gpu=2), action("small", gpu=1))
    return settled(one, 3, slots=4, limits={"gpu": 2}, outcomes=hanging(0))


def less_than_it_takes() -> Farm:
    return settled(at_once(action("a", gpu=2)), 3, limits={"gpu": 1})


def max_active() -> Farm:
    one = replace(at_once("a", "b", "c"), max_active=1)
    return settled(one, 3, slots=4, outcomes=hanging(0))


def priority() -> Farm:
    one = at_once(action("a"), action("plain"), replace(action("urgent"), priority=5.0))
    farm = Farm(one, slots=1, outcomes=lambda order: HANGS)
    return later(farm, 3)


def priority_of_two() -> Farm:
    high = [replace(action(name), priority=5.0) for name in ("one", "two")]
    return settled(at_once(action("plain"), *high), 3, slots=1, outcomes=lambda order: HANGS)


def leased_ahead() -> Farm:
    """How long they take is known of the first."""
    one = job("quick", parallel("p", "a", "b"))
    return settled(one, 3, slots=1, ahead=1, outcomes=script({0: succeeds(0.0), 1: HANGS}))


def a_longer_row() -> Farm:
    rows = [linked(f"{row}{at}", needs=(f"{row}{at - 1}",) if at else None) for row in "pq" for at in range(3)]
    return settled(at_once("short", *rows), 3, slots=1, outcomes=lambda order: HANGS)


def fair_share() -> Farm:
    return together(at_once("a", "b", "c"), at_once("x", "y", "z"), "j2", 3)


def came_first() -> Farm:
    return together(at_once("a", "b"), at_once("x", "y", "z"), "j0", 2)


def capped() -> Farm:
    one = at_once("a", action("wide", cpus=2))
    return settled(one, 3, slots=4, site=replace(site(), cap=2), outcomes=hanging(0))


# --- for the whole job ------------------------------------------------------------------------------------------------


def paused() -> Farm:
    farm = settled(job("a", "b"), 0, outcomes=hanging(0))
    farm.clock.advance(2)
    farm.hold("paused", 0.0)
    farm.settle()
    return farm


def paused_by_its_text() -> Farm:
    return settled(replace(job("a"), paused=True), 3)


def interrupted() -> Farm:
    farm = settled(job("a", "b"), 2, outcomes=hanging(0))
    farm.hold("interrupted", 10.0)
    farm.settle()
    return later(farm, 60)


def not_before() -> Farm:
    return settled(job("a"), 3, site=replace(site(), not_before=START + 100))


def after_a_job_that_runs() -> Farm:
    farm = Farm(job("a"), site=replace(site(), after_jobs=("j0",)), outcomes=lambda order: HANGS)
    return later(beside(farm, job("x")), 3)


def after_a_job_that_failed() -> Farm:
    farm = Farm(job("a"), site=replace(site(), after_jobs=("j0",)), outcomes=lambda order: fails())
    return later(beside(farm, job("x")), 3)


def after_a_job_that_is_gone() -> Farm:
    return settled(job("a"), 3, site=replace(site(), after_jobs=("j9",)))


def never_taken_up() -> Farm:
    return settled(job("a", "b"), 3, workers=[])


def killed() -> Farm:
    return settled(job("a", "b"), 2, outcomes=hanging(0))


def no_room() -> Farm:
    """The worker has said that it takes nothing for now."""
    farm = Farm(job("a"), workers=[])
    short = "disk space: 10M free of the 256M floor at /data"
    farm.say(s.WorkerAnnounced("j1", "w1", 0, 0, None, (), short))
    return later(farm, 3)


def no_worker() -> Farm:
    return settled(job("a"), 3, workers=[])


def worker_gone() -> Farm:
    farm = settled(job("a", "b"), 2, outcomes=hanging(0))
    farm.leave(farm.workers[0])
    farm.settle()
    return farm
