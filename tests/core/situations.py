"""Situations of known cause, made by the real core: what was done to a farm, and what the answer to `why` has to be.

Knows what is true because it was made so; asks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from job_manager.core import said as s
from job_manager.core.answers import View
from job_manager.core.past import Past
from job_manager.model.fanout import Each
from job_manager.model.job import ALWAYS, ON_ERROR, ON_SUCCESS, Action, Job, Task
from job_manager.model.record import NamedTuple, replace
from job_manager.testing import (
    HANGS,
    Farm,
    action,
    fails,
    growing,
    job,
    linked,
    lost,
    parallel,
    printing,
    script,
    serial,
    site,
    succeeds,
)
from job_manager.testing.clock import START

NO_ONE = False


def spelt(at: float) -> str:
    """A time as the tests read it: `+3` is three seconds after the farm's clock began."""
    return f"{at - START:+.0f}"


def past_of(farm: Farm) -> Past:
    """The past of the farm's job, and the state that all of its jobs are folded into."""
    return Past(farm.id).fold((turn.now, event) for turn in farm.turns for event in turn.events)


def view_of(farm: Farm, hosted: bool = True) -> View:
    return View(farm.clock.wall(), hosted, spelt)


class Truth(NamedTuple):
    """What an answer must say. `about`: all of these are named as the cause; `words`: a part of the sentence;
    `proof`: a part of the evidence; `helps`: the verb of the first command, or "" for any."""

    cause: str
    about: tuple[str, ...]
    words: str
    proof: str = ""
    helps: str = ""


class Situation(NamedTuple):
    """`made` gives the farm; `path` is that of the action asked about, or "" for the job."""

    name: str
    made: Callable[[], Farm]
    path: str
    truth: Truth
    hosted: bool = True


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


def slots_of_another_job() -> Farm:
    farm = Farm(replace(at_once("x", "y"), priority=-1.0), slots=1, outcomes=lambda order: HANGS)
    return later(beside(farm, at_once("p", "q")), 3)


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
    farm = Farm(at_once("a", "b", "c"), slots=3, outcomes=lambda order: HANGS)
    return later(beside(farm, at_once("x", "y", "z"), "j2"), 3)


def came_first() -> Farm:
    farm = Farm(at_once("a", "b"), slots=2, outcomes=lambda order: HANGS)
    return later(beside(farm, at_once("x", "y", "z"), "j0"), 3)


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


def no_worker() -> Farm:
    return settled(job("a"), 3, workers=[])


def worker_gone() -> Farm:
    farm = settled(job("a", "b"), 2, outcomes=hanging(0))
    farm.leave(farm.workers[0])
    farm.settle()
    return farm


# --- a failure --------------------------------------------------------------------------------------------------------


def fails_plainly() -> Farm:
    return settled(job("a", "b"), 5, outcomes=script({0: fails(3)}))


def fails_plainly_beside() -> Farm:
    return settled(at_once("a", "b"), 5, outcomes=script({0: fails(3), 1: HANGS}))


def fails_with_retries() -> Farm:
    return settled(job(action("a", retries=2)), 60, outcomes=script({0: fails(3)}))


def fails_for_a_reason_that_stays() -> Farm:
    one = job(action("a", retries=2))
    return settled(one, 60, outcomes=script({0: fails(reason="output-invalid")}))


def fails_otherwise_than_retry_on() -> Farm:
    one = job(replace(action("a", retries=2), retry_on=("75", "timeout")))
    return settled(one, 60, outcomes=script({0: fails(3)}))


def fails_after_ten_losses() -> Farm:
    return settled(job("a"), 60, outcomes=script({0: lost()}))


def waits_for_a_retry() -> Farm:
    return settled(job(action("a", retries=2)), 1.2, outcomes=script({0: fails(75)}))


def lost_for_good() -> Farm:
    return settled(job(action("pay", idempotent=False), "b"), 5, outcomes=script({0: lost()}))


def no_items() -> Farm:
    each = Each("f", over="shots")
    one = job(linked("split", writes=("shots/",)), linked("one", foreach=(each,), writes=("one_{f.name}",)))
    rows = [["shots", 1, 1, 1, 1, "", {"files": [["A.png", 1, 1, 1], ["a.png", 1, 1, 1]]}]]
    return settled(one, 9, outcomes=script({0: succeeds()._replace(outputs=rows)}))


# --- skipped, left out ------------------------------------------------------------------------------------------------


def skipped_by_turn() -> Farm:
    return settled(job(parallel("early", "a", "b"), serial("late", "c", "d")), 9, outcomes=script({1: fails(7)}))


def skipped_by_needs() -> Farm:
    one = at_once(action("film"), linked("mix", needs=("film",)), action("other"))
    return settled(one, 9, outcomes=script({0: fails(7)}))


def skipped_over_others() -> Farm:
    one = at_once(action("a"), linked("b", needs=("a",)), linked("c", needs=("b",)), linked("d", needs=("c",)))
    return settled(one, 9, outcomes=script({0: fails(7)}))


def skipped_for_what_is_lost() -> Farm:
    return settled(job(action("pay", idempotent=False), "b"), 9, outcomes=script({0: lost()}))


def condition() -> Farm:
    one = at_once(action("try"), linked("mend", needs=("try",), when="try.failed"), action("x"))
    return settled(one, 9)


def condition_settled() -> Farm:
    return settled(at_once(linked("never", when="false"), "x"), 9)


def condition_of_its_task() -> Farm:
    one = job("try", replace(parallel("mend", "x", "y"), when="false"))
    return settled(one, 9)


def hook_not_called() -> Farm:
    last = replace(action("tell"), hook=ON_ERROR)
    return settled(job(parallel("work", "a", last)), 9)


def hook_for_success() -> Farm:
    last = replace(action("publish"), hook=ON_SUCCESS)
    return settled(job(parallel("work", "a", last)), 9, outcomes=script({0: fails(7)}))


def input_left_out() -> Farm:
    one = job(linked("make", writes=("film",), when="false"), linked("cut", reads=("film",)), "x")
    return settled(one, 9)


# --- what ran, and again ----------------------------------------------------------------------------------------------


def running() -> Farm:
    return settled(job("a", "b"), 7, outcomes=hanging(0))


def being_ended() -> Farm:
    farm = settled(job("a", "b"), 2, outcomes=script({0: HANGS._replace(heeds=False)}))
    farm.hold("interrupted", 10.0)
    farm.settle()
    return farm


def succeeded_at_once() -> Farm:
    return settled(job("a", "b"), 9)


def succeeded_after_a_failure() -> Farm:
    return settled(job(action("a", retries=1)), 9, outcomes=script({0: [fails(75), succeeds()]}))


def succeeded_after_a_loss() -> Farm:
    return settled(job("a"), 9, outcomes=script({0: [lost(), succeeds()]}))


def again_since_it_was_held() -> Farm:
    farm = settled(job("a"), 2, outcomes=script({0: [HANGS, succeeds()]}))
    farm.hold("interrupted", 0.0)
    later(farm, 5)
    farm.resume()
    return later(farm, 5)


def again_since_its_text_changed() -> Farm:
    farm = settled(job("a", "b"), 9)
    farm.resume(job(replace(action("a"), title="new"), "b"), [])
    return later(farm, 9)


def again_since_what_it_reads_changed() -> Farm:
    farm = settled(job("a", "b"), 9)
    farm.resume(job(replace(action("a"), title="new"), "b"), [])
    return later(farm, 9)


def hook_again() -> Farm:
    last = replace(action("tell"), hook=ALWAYS)
    farm = settled(job(parallel("work", "a", last)), 9, outcomes=script({0: [fails(7), succeeds()]}))
    farm.resume()
    return later(farm, 9)


def resumed_after_a_failure() -> Farm:
    farm = settled(job("a"), 9, outcomes=script({0: [fails(7), succeeds()]}))
    farm.resume()
    return later(farm, 9)


def grown_waits() -> Farm:
    one = job(growing("g"), "late")
    return settled(one, 3, outcomes=script({0: printing("x", "y"), 2: HANGS}))


# --- what a person said -----------------------------------------------------------------------------------------------


def told(farm: Farm, *said: s.Said, seconds: float = 1) -> Farm:
    """A second later somebody says this; and what comes of it in a second more."""
    later(farm, 1)
    farm.say(*said)
    return later(farm, seconds)


STUBBORN = HANGS._replace(heeds=False)


def action_cancelled() -> Farm:
    one = at_once(action("a"), linked("b", needs=("a",)), action("c"))
    return told(settled(one, 1, outcomes=hanging(0, 2)), s.CancelAction("j1", 0, 0.0))


def action_being_cancelled() -> Farm:
    return told(settled(at_once("a", "b"), 1, outcomes=script({0: STUBBORN, 1: HANGS})), s.CancelAction("j1", 0, 30.0))


def waiting_action_cancelled() -> Farm:
    return told(settled(job("a", "b"), 1, outcomes=hanging(0)), s.CancelAction("j1", 1, 0.0))


def job_cancelled() -> Farm:
    return told(settled(job("a", "b"), 1, outcomes=hanging(0)), s.CancelJob("j1", 0.0))


def job_being_cancelled() -> Farm:
    return told(settled(job("a", "b"), 1, outcomes=script({0: STUBBORN})), s.CancelJob("j1", 30.0))


def excused() -> Farm:
    return told(settled(job("a", "b"), 1, outcomes=script({0: fails(7), 1: HANGS})), s.SkipAction("j1", 0))


def reads_what_was_excused() -> Farm:
    one = job(linked("make", writes=("film",)), linked("cut", reads=("film",)), "x")
    return told(settled(one, 3, outcomes=script({0: fails(7), 2: HANGS})), s.SkipAction("j1", 0))


def paused_while_something_runs() -> Farm:
    return told(settled(at_once("a", "b"), 1, slots=1, outcomes=hanging(0)), s.HoldJob("j1", "paused", None))


def released() -> Farm:
    farm = told(settled(at_once("a", "b"), 1, slots=1, outcomes=hanging(0)), s.HoldJob("j1", "paused", None))
    return told(farm, s.ReleaseJob("j1"))


def shut_down() -> Farm:
    return told(settled(job("a", "b"), 1, outcomes=hanging(0)), s.HoldJob("j1", "down", 0.0))


def retried_after_success() -> Farm:
    return told(settled(job("a", "b"), 5), s.RetryActions("j1", s.FROM, 0), seconds=5)


def retried_after_a_cancel() -> Farm:
    farm = told(settled(job("a", "b"), 1, outcomes=script({0: [HANGS, succeeds()]})), s.CancelAction("j1", 0, 0.0))
    return told(farm, s.RetryActions("j1", s.FAILED), seconds=5)


def another_job_was_preferred() -> Farm:
    """Two jobs that want the one slot; the one that came later is given the higher priority."""
    farm = later(beside(Farm(at_once("x", "y"), slots=1, outcomes=lambda order: HANGS), at_once("p"), "j2"), 1)
    return told(farm, s.SetPriority("j2", 3.0))


def out_of_time() -> Farm:
    return settled(replace(job("a", "b"), timeout=20.0), 30, outcomes=hanging(0))


def never_begun() -> Farm:
    return settled(replace(job("a", "b"), wait_timeout=20.0), 30, workers=[])


def out_of_time_with_retries() -> Farm:
    one = replace(at_once(action("flaky", retries=3), action("b")), timeout=20.0)
    return settled(one, 30, outcomes=script({0: HANGS, 1: succeeds()}))


SITUATIONS: Sequence[Situation] = (
    Situation("its turn", turn, "late", Truth("turn", ("early",), "waits for its turn in the job", "", "logs")),
    Situation("the turn of its task", turn_within, "late", Truth("turn", ("outer",), "outer/inner/x", "", "logs")),
    Situation("its turn within", turn_within, "outer/z", Truth("turn", ("outer/inner",), "its turn in outer")),
    Situation("needs", needs, "mix", Truth("needs", ("sound",), "waits for sound, which is running since +0")),
    Situation(
        "needs in a chain", needs_chain, "n5", Truth("needs", ("n4",), "waits for n4", "stands n0, which is running")
    ),
    Situation("needs a task", needs_a_task, "cut", Truth("needs", ("shots",), "shots, of which 4 of 6 are open")),
    Situation("a hook", hook_waits, "work/clean", Truth("hook", ("work/b",), "runs when all else in work is over")),
    Situation(
        "behind a retry",
        behind_a_retry,
        "late",
        Truth("turn", ("flaky",), "flaky, which is tried again", "exit code 9", "why"),
    ),
    Situation(
        "behind what lacks a limit",
        behind_a_queue,
        "after",
        Truth("needs", ("b",), "waits for b", "gpu: 1 of 1 in use by a"),
    ),
    Situation("in what has grown", grown_waits, "late", Truth("turn", ("g",), "g: g/x is running")),
    Situation("no slot", slots, "c", Truth("slots", ("a", "b"), "2 of 2 in use", "at work: a and b")),
    Situation("not so many slots", slots_of_several_cpus, "wide", Truth("slots", ("a",), "takes 2, and 1 of 2 in use")),
    Situation("a limit", limit, "b", Truth("limit", ("gpu", "a"), "gpu: 1 of 1 in use by a", "gpu is held by a")),
    Situation(
        "so much of a limit", limit_of_two, "both", Truth("limit", ("gpu", "a"), "gpu: takes 2, and 1 of 2 in use by a")
    ),
    Situation("memory", memory, "b", Truth("memory", ("memory", "a"), "takes 2G, and 3G of 4G in use by a")),
    Situation("kept for another", kept, "small", Truth("kept", ("gpu", "big"), "gpu: big comes before it")),
    Situation(
        "more than there is",
        less_than_it_takes,
        "a",
        Truth("limit", ("gpu",), "0 of 1 in use", "nobody: there is less"),
    ),
    Situation("max_active", max_active, "b", Truth("max-active", ("a",), "no more than 1 actions", "at work: a")),
    Situation(
        "the priority of another",
        priority_of_two,
        "plain",
        Truth("priority", ("two",), "two comes first: its priority is 5, not 0"),
    ),
    Situation(
        "a job of a higher priority",
        slots_of_another_job,
        "x",
        Truth("priority", ("j0",), "job j0 (test) waits for one, too, and its priority is 0, not -1", "at work: j0/p"),
    ),
    Situation("behind a slot", leased_ahead, "p/b", Truth("next", (), "behind the 1 slot of worker w1")),
    Situation("paused", paused, "b", Truth("paused", (), "is paused since +2", "a, which is ready", "unpause")),
    Situation("paused by its text", paused_by_its_text, "a", Truth("paused", (), "its text says `paused`")),
    Situation("interrupted", interrupted, "b", Truth("interrupted", (), "was interrupted at +2", "", "resume")),
    Situation("not before", not_before, "a", Truth("not-before", (), "before +100, in 1m 37s", "", "resume")),
    Situation(
        "killed, waiting",
        killed,
        "b",
        Truth("no-supervisor", (), "the job is run by nobody", "a, which was running", "resume"),
        NO_ONE,
    ),
    Situation(
        "killed, running",
        killed,
        "a",
        Truth("no-supervisor", (), "was running when its jm was killed", "attempt 1", "resume"),
        NO_ONE,
    ),
    Situation(
        "after a job that runs",
        after_a_job_that_runs,
        "a",
        Truth("after-jobs", ("j0",), "the job comes after job j0 (test), which is not over", "", "why"),
    ),
    Situation(
        "after a job that failed",
        after_a_job_that_failed,
        "a",
        Truth("after-jobs", ("j0",), "job j0 (test), which has failed, and does not count"),
    ),
    Situation(
        "after a job that is gone",
        after_a_job_that_is_gone,
        "a",
        Truth("after-jobs", ("j9",), "job j9, which is not there"),
    ),
    Situation(
        "submitted only",
        never_taken_up,
        "b",
        Truth("no-supervisor", (), "is submitted, and no supervisor is there", "", "up"),
        NO_ONE,
    ),
    Situation(
        "a longer row first",
        a_longer_row,
        "short",
        Truth(
            "slots",
            ("p0",),
            "1 of 1 in use",
            "first q0: it begins a row of 3 that come one after another, this one of 1",
        ),
    ),
    Situation(
        "a fair share",
        fair_share,
        "c",
        Truth("fair-share", ("j2",), "job j2 (test) waits for one, too, and has only 1 slot, while this one has 2"),
    ),
    Situation(
        "another job came first",
        came_first,
        "b",
        Truth("fair-share", ("j0",), "job j0 (test) waits for one, too, and came first"),
    ),
    Situation(
        "as many CPUs as the job may have",
        capped,
        "wide",
        Truth("cap", ("a",), "was given 2 CPUs (`-j`), and it takes 2", "-j: 1 of 2 cpus in use"),
    ),
    Situation("no worker", no_worker, "a", Truth("no-worker", (), "has no worker: none has come yet")),
    Situation(
        "the worker is gone",
        worker_gone,
        "a",
        Truth("no-worker", (), "has no worker: w1 is there no more since +2", "attempt 1 was lost"),
    ),
    Situation(
        "failed", fails_plainly, "a", Truth("failed", ("a",), "a failed: exit code 3", "it has no `retries`", "logs")
    ),
    Situation(
        "failed three times",
        fails_with_retries,
        "a",
        Truth("failed", ("a",), "exit code 3", "used up: 3 attempts of 3"),
    ),
    Situation(
        "no help in trying",
        fails_for_a_reason_that_stays,
        "a",
        Truth("failed", ("a",), "output-invalid", "does not help after `output-invalid`"),
    ),
    Situation(
        "not in retry_on",
        fails_otherwise_than_retry_on,
        "a",
        Truth("failed", ("a",), "exit code 3", "`retry_on` does not name this end: 75, timeout"),
    ),
    Situation(
        "lost ten times",
        fails_after_ten_losses,
        "a",
        Truth("failed", ("a",), "outcome is not known", "it was lost 11 times"),
    ),
    Situation(
        "a retry", waits_for_a_retry, "a", Truth("retry", (), "is tried again at +2", "attempt 1 failed at +1", "logs")
    ),
    Situation(
        "lost",
        lost_for_good,
        "pay",
        Truth("lost", ("pay",), "may have run and must not run twice", "`idempotent: false`", "skip"),
    ),
    Situation(
        "no items", no_items, "one", Truth("failed", (), "would be written by both", "nothing of it was started")
    ),
    Situation(
        "skipped, by turn",
        skipped_by_turn,
        "late/d",
        Truth("skipped", ("early/b",), "because early/b failed: exit code 7", "comes after early/b", "why"),
    ),
    Situation(
        "skipped, by needs",
        skipped_by_needs,
        "mix",
        Truth("skipped", ("film",), "because film failed: exit code 7", "mix needs what film is part of"),
    ),
    Situation(
        "skipped, over others",
        skipped_over_others,
        "d",
        Truth("skipped", ("a",), "because a failed", "between the two c and b were skipped"),
    ),
    Situation("skipped for a loss", skipped_for_what_is_lost, "b", Truth("skipped", ("pay",), "because pay is lost")),
    Situation("a condition", condition, "mend", Truth("condition", ("try",), "`try.failed`", "try ended as succeeded")),
    Situation(
        "a condition of params",
        condition_settled,
        "never",
        Truth("condition", (), "`false`", "settled when the job was submitted"),
    ),
    Situation(
        "the condition of its task", condition_of_its_task, "mend/y", Truth("condition", (), "so was all of mend")
    ),
    Situation(
        "a hook for errors",
        hook_not_called,
        "work/tell",
        Truth("hook-not-called", ("work/a",), "only after something failed", "work/a ended as succeeded"),
    ),
    Situation(
        "a hook for success",
        hook_for_success,
        "work/publish",
        Truth("hook-not-called", ("work/a",), "only when all went well", "work/a ended as failed"),
    ),
    Situation(
        "an input left out",
        input_left_out,
        "cut",
        Truth(
            "input-left-out",
            ("make",),
            'reads "film", and make, which writes that, was left out',
            "its condition does not hold: `false`",
        ),
    ),
    Situation("running", running, "a", Truth("running", ("a",), "since +0, for 7.0s", "on worker w1", "logs")),
    Situation("being ended", being_ended, "a", Truth("stopping", (), "is being ended: the job was interrupted")),
    Situation("succeeded", succeeded_at_once, "a", Truth("succeeded", ("a",), "succeeded at +1, after 1.0s")),
    Situation(
        "again after a failure",
        succeeded_after_a_failure,
        "a",
        Truth("ran-again", ("a",), "attempt 1 had failed: exit code 75"),
    ),
    Situation(
        "again after a loss",
        succeeded_after_a_loss,
        "a",
        Truth("ran-again", ("a",), "an attempt was lost", "costs none of its retries"),
    ),
    Situation(
        "again after a hold",
        again_since_it_was_held,
        "a",
        Truth("ran-again", ("a",), "ended when the job was held", "that costs nothing"),
    ),
    Situation(
        "again with another text",
        again_since_its_text_changed,
        "a",
        Truth("ran-again", ("a",), "its own text was edited"),
    ),
    Situation(
        "again with other inputs",
        again_since_what_it_reads_changed,
        "b",
        Truth("ran-again", ("b",), "what it reads had changed"),
    ),
    Situation(
        "a hook again", hook_again, "work/tell", Truth("ran-again", ("work/tell",), "what it follows was run again")
    ),
    Situation(
        "again when asked",
        resumed_after_a_failure,
        "a",
        Truth("ran-again", ("a",), "because somebody asked for it", "attempt 1 failed at +1 after 1.0s: exit code 7"),
    ),
    Situation(
        "cancelled",
        action_cancelled,
        "a",
        Truth("cancelled", ("a",), "somebody said so at +2", "ended at +2, and with it the action", "retry"),
    ),
    Situation(
        "cancelled before it began",
        waiting_action_cancelled,
        "b",
        Truth("cancelled", ("b",), "somebody said so at +2", "nothing of it was started"),
    ),
    Situation(
        "skipped for what was cancelled",
        action_cancelled,
        "b",
        Truth("skipped", ("a",), "because a was cancelled", "b needs"),
    ),
    Situation(
        "being cancelled",
        action_being_cancelled,
        "a",
        Truth("stopping", (), "somebody cancelled it at +2", "had 30s to end"),
    ),
    Situation(
        "cancelled with the job", job_cancelled, "b", Truth("cancelled", ("b",), "somebody cancelled the job at +2")
    ),
    Situation(
        "being cancelled with the job",
        job_being_cancelled,
        "a",
        Truth("stopping", (), "the job is ended: somebody cancelled the job at +2"),
    ),
    Situation(
        "skipped by a person",
        excused,
        "a",
        Truth("excused", ("a",), "somebody said at +2 to go on without it", "exit code 7", "retry"),
    ),
    Situation(
        "reads what a person skipped",
        reads_what_was_excused,
        "cut",
        Truth(
            "input-left-out", ("make",), "make, which writes that, was left out", "somebody said at +4 to go on without"
        ),
    ),
    Situation("runs since a person skipped", excused, "b", Truth("running", ("b",), "attempt 1, since +2")),
    Situation(
        "paused, nothing is ended",
        paused_while_something_runs,
        "b",
        Truth("paused", (), "is paused since +2", "1 of 1 in use", "unpause"),
    ),
    Situation(
        "paused, it goes on",
        paused_while_something_runs,
        "a",
        Truth("running", ("a",), "since +0", "the job is paused since +2"),
    ),
    Situation("released", released, "b", Truth("slots", ("a",), "waits for a free slot: 1 of 1 in use")),
    Situation(
        "shut down", shut_down, "b", Truth("down", (), "held since its supervisor was shut down at +2", "", "up")
    ),
    Situation(
        "retried after success",
        retried_after_success,
        "b",
        Truth("ran-again", ("b",), "somebody asked for it", "since +6"),
    ),
    Situation(
        "retried after a cancel",
        retried_after_a_cancel,
        "a",
        Truth("ran-again", ("a",), "somebody asked for it", "since +4"),
    ),
    Situation(
        "another job was preferred",
        another_job_was_preferred,
        "y",
        Truth("priority", ("j2",), "job j2 (test) waits for one, too, and its priority is 3, not 0"),
    ),
    Situation(
        "out of time, running", out_of_time, "a", Truth("job-timeout", ("a",), "the job's timeout of 20s had passed")
    ),
    Situation(
        "out of time, waiting",
        out_of_time,
        "b",
        Truth("job-timeout", ("b",), "b was cancelled: the job's timeout of 20s had passed at +20"),
    ),
    Situation(
        "never begun",
        never_begun,
        "a",
        Truth("job-timeout", ("a",), "it had not begun within its wait_timeout of 20s at +20"),
    ),
    Situation(
        "no retry, out of time",
        out_of_time_with_retries,
        "flaky",
        Truth("job-timeout", ("flaky",), "flaky failed: the job's timeout", "the whole job is ended"),
    ),
)

# --- jobs -------------------------------------------------------------------------------------------------------------

JOBS: Sequence[Situation] = (
    Situation("a job that runs", running, "", Truth("running", ("a",), "at work is a", "0 of 2 actions done")),
    Situation(
        "a job that waits for a retry",
        waits_for_a_retry,
        "",
        Truth("retry", ("a",), "the job waits: a is tried again at +2"),
    ),
    Situation(
        "a job that waits for a limit",
        less_than_it_takes,
        "",
        Truth("limit", ("a", "gpu"), "the job waits: a waits for gpu"),
    ),
    Situation("a paused job", paused, "", Truth("paused", (), "the job is paused since +2", "0 of 2", "unpause")),
    Situation("an interrupted job", interrupted, "", Truth("interrupted", (), "the job was interrupted", "", "resume")),
    Situation("a killed job", killed, "", Truth("no-supervisor", (), "the job is run by nobody", "", "resume"), NO_ONE),
    Situation(
        "a failed job",
        skipped_by_turn,
        "",
        Truth("failed", ("early/b",), "the job failed because early/b failed: exit code 7", "", "logs"),
    ),
    Situation(
        "a lost job", lost_for_good, "", Truth("lost", ("pay",), "the job failed because pay may have run", "", "skip")
    ),
    Situation(
        "a job that goes on",
        fails_plainly_beside,
        "",
        Truth("failed", ("a",), "the job goes on with what does not need it"),
    ),
    Situation(
        "a job that succeeded",
        succeeded_at_once,
        "",
        Truth("succeeded", (), "the job succeeded at +2, after 2.0s: 2 succeeded"),
    ),
    Situation(
        "a cancelled job",
        job_cancelled,
        "",
        Truth("cancelled", (), "the job was cancelled: somebody cancelled the job at +2", "", "retry"),
    ),
    Situation(
        "a job being cancelled",
        job_being_cancelled,
        "",
        Truth("cancelled", (), "the job is being ended: somebody", "1 attempt of it still to end"),
    ),
    Situation(
        "a job out of time",
        out_of_time,
        "",
        Truth("job-timeout", (), "the job failed: the job's timeout of 20s had passed at +20"),
    ),
    Situation(
        "a job that never began",
        never_begun,
        "",
        Truth("job-timeout", (), "the job failed: it had not begun within its wait_timeout of 20s"),
    ),
    Situation(
        "a job whose supervisor was shut down", shut_down, "", Truth("down", (), "the job is held since its supervisor")
    ),
)
