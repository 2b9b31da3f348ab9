"""One supervisor's turns: refusals are collected, a failed commit orders nothing, what is lost is read again.

Knows the memory engine; the port's contract is in tests/contract.
"""

from __future__ import annotations

import pytest

from job_manager.core import events as e
from job_manager.core import said as s
from job_manager.core.decide import StartAttempt
from job_manager.engines.memory import MemoryEngine
from job_manager.model.document import job_document
from job_manager.model.errors import EngineError, NotFound
from job_manager.supervisor.supervisor import Supervisor
from job_manager.testing import Farm, action, fails, job, script
from tests.core.given import NOW, SITE, J, W, kinds

WIDE = job("a", "b", "c", at_once=True)


def test_a_refusal_does_not_keep_the_rest_of_the_turn_from_happening():
    farm = Farm(WIDE)
    farm.say(s.ResumeJob("j9", SITE), s.HoldJob(J, "paused", 1.0))
    assert kinds(farm.turn())[-1] == "job-held"
    ((said, why),) = farm.supervisor.refused
    assert said == s.ResumeJob("j9", SITE)
    assert isinstance(why, NotFound)
    farm.resume()
    farm.turn()
    assert farm.supervisor.refused == []


def test_an_announcement_brings_every_order_of_that_worker_again():
    farm = Farm(WIDE, slots=2)
    farm.turn()
    farm.engine.take()
    farm.say(s.WorkerAnnounced(J, W, 2, 0))
    assert farm.supervisor.turn(NOW) == []
    assert list(farm.engine.take()) == [StartAttempt(J, 0, 1, W), StartAttempt(J, 1, 1, W)]


class Broken(MemoryEngine):
    """An engine whose world fails when told to."""

    failing = False

    def commit(self, turn, events, orders):
        if self.failing:
            raise EngineError("the disk is full", retryable=True)
        return super().commit(turn, events, orders)


def test_when_a_commit_fails_nothing_is_ordered_and_nothing_said_is_lost():
    engine = Broken()
    supervisor = Supervisor(engine)
    engine.say(s.SubmitJob(J, job_document(WIDE), SITE), s.WorkerAnnounced(J, W, 1, 0))
    engine.failing = True
    with pytest.raises(EngineError):
        supervisor.turn(NOW)
    assert (engine.journal, list(engine.take())) == ([], [])
    engine.failing = False
    again = Supervisor(engine)
    assert kinds(again.turn(NOW)) == ["job-submitted", "worker-joined", "leased"]
    assert list(engine.take()) == [StartAttempt(J, 0, 1, W)]


class Overtaken(MemoryEngine):
    """Another engine on the same journal commits these events between this one's reading and its commit, once."""

    def __init__(self, journal, faster):
        super().__init__(journal)
        self.faster = faster

    def commit(self, turn, events, orders):
        self.journal.extend(self.faster)
        self.faster = []
        return super().commit(turn, events, orders)


def overtaken(*faster):
    """A supervisor with action 0 under lease that hears of its success while somebody else commits these events."""
    farm = Farm(WIDE, slots=1)
    farm.turn()
    farm.engine = Overtaken(farm.journal, [])
    farm.supervisor = Supervisor(farm.engine)
    farm.announce(farm.workers[0])
    farm.supervisor.turn(NOW)
    farm.engine.take()
    farm.engine.faster = list(faster)
    farm.say(s.AttemptEnded(J, 0, 1, W, NOW, NOW))
    return farm, farm.supervisor.turn(NOW)


def test_a_supervisor_that_was_overtaken_reads_again_and_decides_anew():
    farm, made = overtaken(e.AttemptFailed(J, 0, 1, NOW, NOW, "code", 1, ""), e.ActionFailed(J, 0))
    assert kinds(made) == ["leased"]
    assert farm.states() == {"a": "failed", "b": "leased", "c": "ready"}
    assert farm.supervisor.state.job(J).attempts[0] == 1
    farm.supervisor.turn(NOW)
    assert farm.engine.next() is None


def test_after_a_conflict_its_own_workers_are_still_its_workers():
    farm, made = overtaken(e.WorkerJoined(J, "w7", 0, 0, NOW))
    assert kinds(made) == ["succeeded", "leased"]
    assert list(farm.engine.take()) == [StartAttempt(J, 1, 1, W)]


def test_a_timer_makes_a_turn_and_nothing_else_does():
    farm = Farm(job(action("a", retries=1)), outcomes=script({0: [fails()]}))
    farm.settle()
    farm.pass_time()
    farm.settle()
    due = farm.supervisor.next_timer()
    assert due is not None
    assert farm.supervisor.turn(due - 0.001) == ()
    assert kinds(farm.supervisor.turn(due)) == ["retried", "leased"]
