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
from job_manager.core.said import AttemptEnded, Report
from job_manager.testing import HANGS, Farm, Outcome, ScriptedWorker, fails, lost, succeeds
from tests.core import trees
from tests.drawn import drawn

OUTCOMES = st.sampled_from(
    [*[succeeds()] * 6, succeeds(0.0), fails(), fails(after=3.0), fails(reason="oom"), lost(), HANGS]
)


class AnyHistory(RuleBasedStateMachine):
    """A farm whose reports pass through a post office that loses, repeats, delays and mixes them."""

    @initialize(job=trees.jobs, slots=st.integers(1, 4), ahead=st.integers(0, 3))
    def submit(self, job, slots, ahead):
        self.tree = job
        self.named = 0
        self.slots, self.ahead = slots, ahead
        self.outcomes: list[Outcome] = []
        self.faults = True
        self.farm = Farm(job, workers=[])
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

    @rule(grace=st.sampled_from([0.0, 5.0]))
    def hold(self, grace):
        self.farm.hold(grace=grace)

    @rule()
    def resume(self):
        self.farm.resume()

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
        farm.resume()
        self.joins()
        farm.run(moments=2000)
        assert trees.all_final(farm.job), (farm.job.state, farm.states())

    def judge(self):
        farm = self.farm
        journal = farm.journal
        found = trees.order_broken(self.tree, journal) + trees.leases_broken(journal) + trees.ends_broken(journal)
        found += trees.hooks_broken(self.tree, journal) + trees.twice_begun(farm) + trees.replay_broken(farm)
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
