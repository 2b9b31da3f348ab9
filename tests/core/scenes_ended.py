"""Farms in which something has ended, runs again or was told to by a person, made by the real core.

Knows what is done to a farm; what the answer to `why` has to be is in situations_ended.py.
"""

from __future__ import annotations

from job_manager.core import said as s
from job_manager.model.fanout import Each
from job_manager.model.job import ALWAYS, ON_ERROR, ON_SUCCESS
from job_manager.model.record import replace
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
    succeeds,
)
from tests.core.scenes import at_once, beside, hanging, later, settled

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


def starves() -> Farm:
    return settled(job("a"), 3000, outcomes=script({0: fails(reason="disk")}))


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


def in_time() -> Farm:
    return settled(replace(job("long", "b"), timeout=20.0), 10, outcomes=hanging(0))


def never_begun() -> Farm:
    return settled(replace(job("a", "b"), wait_timeout=20.0), 30, workers=[])


def out_of_time_with_retries() -> Farm:
    one = replace(at_once(action("flaky", retries=3), action("b")), timeout=20.0)
    return settled(one, 30, outcomes=script({0: HANGS, 1: succeeds()}))
