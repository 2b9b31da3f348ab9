"""Random trees under random histories: whatever is lost, late, repeated, held or crashed, the promises hold.

Knows the farm and the checks of trees.py; after every turn the farm itself checks invariants and the fold.
"""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from job_manager.core import table
from job_manager.core.events import ActionLeased
from job_manager.core.said import (
    AttemptEnded,
    CancelAction,
    CancelJob,
    ReleaseJob,
    Report,
    RetryActions,
    SetPriority,
    SkipAction,
)
from job_manager.model.record import replace
from job_manager.testing import HANGS, Farm, Outcome, ScriptedWorker, fails, lost, site, succeeds
from tests.core import trees
from tests.drawn import drawn

OUTCOMES = st.sampled_from(
    [*[succeeds()] * 6, succeeds(0.0), fails(), fails(after=3.0), fails(reason="oom"), lost(), HANGS]
)


JOBS = ("j1", "j2", "j3")
IDS = st.sampled_from(["j1", "j1", "j1", "j2", "j3"])
ACTIONS = st.integers(0, 10)
GRACES = st.sampled_from([0.0, 5.0])


class AnyHistory(RuleBasedStateMachine):
    """A farm whose reports pass through a post office that loses, repeats, delays and mixes them."""

    @initialize(
        jobs=st.lists(trees.jobs, min_size=3, max_size=3),
        limits=st.lists(st.sampled_from([None, None, None, 30.0]), min_size=6, max_size=6),
        slots=st.integers(1, 4),
        ahead=st.integers(0, 3),
        cap=st.integers(0, 2),
    )
    def submit(self, jobs, limits, slots, ahead, cap):
        """Two jobs, and one that follows the first and has a cap."""
        self.trees = dict(zip(JOBS, jobs, strict=True))
        self.named = 0
        self.slots, self.ahead = slots, ahead
        self.outcomes: list[Outcome] = []
        self.faults = True
        first, *others = (
            replace(job, timeout=limits[2 * n], wait_timeout=limits[2 * n + 1]) for n, job in enumerate(jobs)
        )
        self.farm = Farm(first, workers=[])
        self.farm.submit(others[0], "j2")
        self.farm.submit(others[1], "j3", replace(site(), after_jobs=("j1",), cap=cap))
        self.post: list[Report] = []
        self.joins()

    def outcome(self, order):
        if not self.faults:
            return succeeds(0.0)
        return self.outcomes.pop() if self.outcomes else succeeds()

    @rule(outcomes=st.lists(OUTCOMES, min_size=1, max_size=5))
    def next_outcomes(self, outcomes):
        self.outcomes = outcomes

    @rule()
    def turn(self):
        self.farm.turn()

    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 2.0, 60.0]))
    def work(self, seconds):
        self.farm.clock.advance(seconds)
        for worker in self.farm.workers:
            self.post += worker.work(self.farm.clock.wall())

    @rule(pick=st.randoms(use_true_random=False), count=st.integers(1, 5))
    def deliver(self, pick, count):
        for _ in range(min(count, len(self.post))):
            self.farm.say(self.post.pop(pick.randrange(len(self.post))))
        self.farm.turn()

    @precondition(lambda self: self.post)
    @rule(pick=st.randoms(use_true_random=False))
    def lose_a_report(self, pick):
        self.post.pop(pick.randrange(len(self.post)))

    @precondition(lambda self: any(worker.said for worker in self.farm.workers))
    @rule(pick=st.randoms(use_true_random=False))
    def repeat_something_old(self, pick):
        worker = pick.choice([worker for worker in self.farm.workers if worker.said])
        self.farm.say(pick.choice(worker.said))

    @rule(action=st.integers(0, 40), attempt=st.integers(0, 9), reason=st.sampled_from(["", "code", "lost", "stopped"]))
    def say_nonsense(self, action, attempt, reason):
        self.farm.say(AttemptEnded("j1", action, attempt, "stranger", 0.0, 0.0, reason))

    @rule(grace=st.sampled_from([0.0, 5.0]), id=IDS)
    def hold(self, grace, id):
        self.farm.hold(grace=grace, id=id)

    @rule(id=IDS)
    def pause(self, id):
        self.farm.hold("paused", None, id)

    @rule(id=IDS)
    def release(self, id):
        self.farm.say(ReleaseJob(id))

    @rule(id=IDS)
    def resume(self, id):
        self.farm.resume(id=id)

    @rule(grace=GRACES, id=IDS)
    def cancel(self, grace, id):
        self.farm.say(CancelJob(id, grace))

    @rule(grace=GRACES, id=IDS, action=ACTIONS)
    def cancel_an_action(self, grace, id, action):
        self.farm.say(CancelAction(id, self.one_of(id, action), grace))

    @rule(id=IDS, lost=st.booleans())
    def retry_what_failed(self, id, lost):
        self.farm.say(RetryActions(id, "failed", lost=lost))

    @rule(mode=st.sampled_from(["from", "only"]), id=IDS, action=ACTIONS, lost=st.booleans())
    def retry(self, mode, id, action, lost):
        self.farm.say(RetryActions(id, mode, self.one_of(id, action), lost))

    @rule(id=IDS, action=ACTIONS)
    def skip(self, id, action):
        self.farm.say(SkipAction(id, self.one_of(id, action)))

    @rule(id=IDS, priority=st.sampled_from([-1.0, 0.0, 2.0]))
    def come_first(self, id, priority):
        self.farm.say(SetPriority(id, priority))

    def one_of(self, id: str, action: int) -> int:
        """One of the job's actions, and now and then none."""
        jobs = self.farm.supervisor.state.jobs
        return action % (len(jobs[id].states) + 1) if id in jobs else action

    @precondition(lambda self: len(self.farm.workers) < 3)
    @rule()
    def joins(self):
        self.named += 1
        worker = ScriptedWorker(f"w{self.named}", self.slots, self.ahead)
        worker.outcomes = self.outcome
        self.farm.join(worker)

    @precondition(lambda self: self.farm.workers)
    @rule(pick=st.randoms(use_true_random=False))
    def leaves(self, pick):
        self.farm.turn()
        self.farm.leave(pick.choice(self.farm.workers))
        self.farm.turn()

    @rule()
    def crash(self):
        self.farm.turn()
        self.farm.crash()

    def teardown(self):
        if hasattr(self, "farm"):
            self.heal()
            self.judge()

    def heal(self):
        """Faults stop: everything is said again, a person takes the job up, and it must come to its end."""
        farm = self.farm
        self.faults, self.outcomes = False, []
        farm.turn()
        for worker in list(farm.workers):  # what hangs must die with its machine
            farm.leave(worker)
        for id in JOBS:
            farm.resume(id=id)
        farm.turn()
        if farm.supervisor.state.jobs["j3"].held:  # it is refused to what is due to succeed
            farm.say(ReleaseJob("j3"))
        self.joins()
        farm.run(moments=2000)
        for job in farm.jobs:
            late = farm.job.finished != "succeeded" and job.id == "j3"  # then what follows it is never due
            assert late or trees.all_final(job), (job.id, job.state, farm.story())

    def judge(self):
        farm = self.farm
        found = trees.replay_broken(farm) + trees.due_broken(farm)
        for id, tree in self.trees.items():
            journal = trees.of_job(farm.journal, id)
            found += trees.order_broken(tree, journal) + trees.leases_broken(journal) + trees.ends_broken(journal)
            found += trees.hooks_broken(tree, journal) + trees.twice_begun(farm, id) + trees.cancelled_broken(journal)
        assert not found, "\n".join([*found, *farm.story()])


def histories(count: int) -> settings:
    return settings(
        max_examples=count,
        stateful_step_count=40,
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large],
    )


def test_any_history():
    run_state_machine_as_test(AnyHistory, settings=histories(25))


@pytest.mark.long
def test_many_histories():
    run_state_machine_as_test(AnyHistory, settings=histories(600))


BAD = st.sets(st.integers(0, trees.MOST))


@drawn(40, 400, trees.jobs, BAD, st.integers(1, 5), st.integers(0, 5))
def test_how_a_job_ends_does_not_depend_on_how_many_run_at_once(job, bad, slots, ahead):
    """Actions that fail always do: the end is a function of the tree alone, which a second opinion computes."""

    def outcome(order):
        return fails(after=float(order.action % 3)) if order.action in bad else succeeds(float(order.action % 4))

    farm = Farm(job, slots=slots, ahead=ahead, outcomes=outcome)
    farm.run()
    expected = trees.ends(job, bad)
    assert list(farm.states().values()) == expected
    assert farm.job.finished == ("failed" if "failed" in expected else "succeeded")
    assert not trees.hooks_broken(job, farm.journal)


@drawn(20, 400, trees.jobs, BAD, trees.jobs, BAD, st.randoms(use_true_random=False))
def test_any_edit_keeps_what_is_kept_and_comes_to_its_end(job, bad, edited, bad_then, pick):
    farm = Farm(job, outcomes=lambda order: fails() if order.action in bad else succeeds())
    farm.run()
    good = [at for at, state in enumerate(farm.states().values()) if state == "succeeded"]
    size = len(trees.waits_for(edited))
    kept = list(zip(sorted(pick.sample(range(size), pick.randint(0, min(size, len(good))))), good, strict=False))
    farm.workers[0].outcomes = lambda order: fails() if order.action in bad_then else succeeds()
    since = len(farm.journal)
    farm.resume(edited, kept)
    farm.run()
    again = {event.action for event in farm.journal[since:] if isinstance(event, ActionLeased)}
    assert not again & {new for new, _ in kept}
    assert all(farm.job.states[new] == table.SUCCEEDED for new, _ in kept)
    assert trees.all_final(farm.job)
    assert len(farm.workers[0].begun) == len(set(farm.workers[0].begun))
    farm.crash()
    farm.turn()
    assert trees.all_final(farm.job)
