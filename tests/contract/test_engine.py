"""The engine port's contract, one suite for every engine: what is said, read, committed, handed out, and found again.

Knows the port and the benches; nothing of any engine's inside.
"""

from __future__ import annotations

import pytest

from job_manager.core import events as e
from job_manager.core import said as s
from job_manager.core.decide import StartAttempt, StopAttempt
from job_manager.core.evolve import fold
from job_manager.core.state import State
from job_manager.model.document import job_document
from job_manager.supervisor.supervisor import Supervisor
from job_manager.testing import job, parallel
from job_manager.testing.farm import plain, reread
from tests.contract.engines import BENCHES, needs
from tests.core.given import NOW, SITE, W

DOCUMENT = job_document(job(parallel("p", "a", "b"), "c"))
SUBMIT, SUBMIT2 = (s.SubmitJob(id, DOCUMENT, SITE) for id in ("j1", "j2"))
ORDERS = [StartAttempt("j1", 0, 1, W), StopAttempt("j1", 1, 1, W, 2.0)]


def first(id: str) -> list[e.Event]:
    return [e.JobSubmitted(id, NOW, DOCUMENT, SITE), e.WorkerJoined(id, W, 2, 1, NOW)]


@pytest.fixture(params=BENCHES, ids=str)
def bench(request, tmp_path):
    return BENCHES[request.param](tmp_path)


@pytest.fixture
def engine(bench):
    opened = bench.open()
    yield opened
    opened.close()


def opened_again(bench, *jobs):
    """All the events that an engine opened now gives out in its first turn."""
    engine = bench.open(*jobs)
    try:
        turn = engine.next()
        return [] if turn is None else [reread(event) for event in turn.events]
    finally:
        engine.close()


def test_with_nothing_said_and_no_history_there_is_no_turn(engine):
    assert engine.next() is None
    assert list(engine.take()) == []


def test_a_timer_asks_for_a_turn(engine):
    turn = engine.next(due=True)
    assert (list(turn.events), list(turn.said)) == ([], [])
    assert engine.commit(turn, [], [])
    assert engine.next() is None


def test_what_is_said_comes_in_the_next_turn_in_order(engine):
    engine.say(SUBMIT)
    engine.say(SUBMIT2, s.HoldJob("j1", "paused", 1.0))
    assert list(engine.next().said) == [SUBMIT, SUBMIT2, s.HoldJob("j1", "paused", 1.0)]


def test_what_was_said_comes_again_until_a_turn_with_it_is_committed(engine):
    engine.say(SUBMIT)
    engine.next()
    turn = engine.next()
    assert list(turn.said) == [SUBMIT]
    assert engine.commit(turn, first("j1"), [])
    assert engine.next() is None


def test_what_is_said_after_the_turn_was_read_stays_for_the_next(engine):
    engine.say(SUBMIT)
    turn = engine.next()
    engine.say(SUBMIT2)
    assert engine.commit(turn, first("j1"), [])
    assert list(engine.next().said) == [SUBMIT2]


def test_own_events_are_not_given_back(engine):
    engine.say(SUBMIT)
    assert engine.commit(engine.next(), first("j1"), [])
    engine.say(SUBMIT2)
    assert list(engine.next().events) == []


def test_orders_are_handed_out_after_the_commit_and_once(engine):
    engine.say(SUBMIT)
    turn = engine.next()
    assert list(engine.take()) == []
    assert engine.commit(turn, first("j1"), ORDERS)
    assert list(engine.take()) == ORDERS
    assert list(engine.take()) == []


def test_orders_of_several_turns_add_up(engine):
    for id in ("j1", "j2"):
        engine.say(s.SubmitJob(id, DOCUMENT, SITE))
        assert engine.commit(engine.next(), first(id), [StartAttempt(id, 0, 1, W)])
    assert list(engine.take()) == [StartAttempt("j1", 0, 1, W), StartAttempt("j2", 0, 1, W)]


def test_orders_are_handed_out_even_when_nothing_new_happened(engine):
    engine.say(s.WorkerAnnounced("j1", W, 2, 1))
    assert engine.commit(engine.next(), [], ORDERS)
    assert list(engine.take()) == ORDERS


def test_opened_again_every_committed_event_comes_in_order(bench, engine):
    for _ in range(3):
        engine.say(SUBMIT)
        assert engine.commit(engine.next(), first("j1"), [])
    engine.close()
    assert opened_again(bench, "j1") == [reread(event) for event in first("j1") * 3]


def test_opened_again_what_was_not_committed_is_not_there(bench, engine):
    engine.say(SUBMIT)
    engine.next()
    engine.close()
    assert opened_again(bench, "j1") == []


def test_jobs_of_one_turn_keep_their_own_order(bench, engine):
    both = [event for pair in zip(first("j1"), first("j2"), strict=True) for event in pair]
    engine.say(SUBMIT, SUBMIT2)
    assert engine.commit(engine.next(), both, [])
    engine.say(SUBMIT)
    assert engine.commit(engine.next(), [e.JobHeld("j2", NOW, "paused", 1.0), e.WorkerLeft("j1", W, NOW)], [])
    engine.close()
    events = opened_again(bench, "j1", "j2")
    assert kinds_of(events, "j1") == [e.JobSubmitted, e.WorkerJoined, e.WorkerLeft]
    assert kinds_of(events, "j2") == [e.JobSubmitted, e.WorkerJoined, e.JobHeld]


def kinds_of(events, id):
    return [type(event) for event in events if event.job == id]


def test_a_hundred_jobs(bench, engine):
    ids = [f"j{n}" for n in range(100)]
    engine.say(*(s.SubmitJob(id, DOCUMENT, SITE) for id in ids))
    assert engine.commit(engine.next(), [event for id in ids for event in first(id)], [])
    engine.close()
    state = fold(State(), opened_again(bench, *ids))
    assert sorted(state.jobs) == sorted(ids)


def test_of_two_who_read_the_same_the_second_to_commit_writes_nothing(bench, engine):
    engine.say(SUBMIT)
    assert engine.commit(engine.next(), first("j1"), [])
    second = bench.open("j1")
    second.say(s.HoldJob("j1", "paused", 1.0))
    late = second.next()
    engine.say(s.HoldJob("j1", "interrupted", 1.0))
    assert engine.commit(engine.next(), [e.JobHeld("j1", NOW, "interrupted", 1.0)], [])
    assert not second.commit(late, [e.JobHeld("j1", NOW, "paused", 1.0)], ORDERS)
    assert list(second.take()) == []
    again = second.next()
    assert [reread(event) for event in again.events] == [
        *map(reread, first("j1")), e.JobHeld("j1", NOW, "interrupted", 1.0)
    ]  # fmt: skip
    assert list(again.said) == [s.HoldJob("j1", "paused", 1.0)]
    assert second.commit(again, [e.JobResumed("j1", NOW, SITE)], [])
    second.close()
    engine.close()
    assert kinds_of(opened_again(bench, "j1"), "j1")[2:] == [e.JobHeld, e.JobResumed]


def test_a_turn_that_was_overtaken_by_ones_own_is_refused_and_all_comes_again(engine):
    engine.say(SUBMIT)
    old = engine.next()
    assert engine.commit(engine.next(), first("j1"), [])
    assert not engine.commit(old, first("j1"), [])
    assert [reread(event) for event in engine.next().events] == [reread(event) for event in first("j1")]


def test_a_job_that_somebody_else_submitted_first_is_not_submitted_again(bench, engine):
    other = bench.open()
    other.say(SUBMIT)
    late = other.next()
    engine.say(SUBMIT)
    assert engine.commit(engine.next(), first("j1"), [])
    assert not other.commit(late, first("j1"), [])
    assert [reread(event) for event in other.next().events] == [reread(event) for event in first("j1")]
    other.close()


def test_events_of_others_are_told_without_a_commit(bench, engine):
    needs(bench, "tells of others' events")
    other = bench.open()
    engine.say(SUBMIT)
    assert engine.commit(engine.next(), first("j1"), [])
    assert list(other.next().events) == first("j1")
    assert other.next() is None


def test_two_supervisors_on_one_history_come_to_the_same_state(bench, engine):
    """Each decides on what it has read; the one that was too late reads again and decides anew."""
    one, other = Supervisor(engine), bench.open("j1")
    two = Supervisor(other)
    engine.say(SUBMIT, s.WorkerAnnounced("j1", W, 1, 0))
    one.turn(NOW)
    two.turn(NOW)
    for at, (said, supervisor, its) in enumerate(
        [
            (s.AttemptBegan("j1", 0, 1, W, NOW), two, other),
            (s.AttemptEnded("j1", 0, 1, W, NOW, NOW), one, engine),
            (s.HoldJob("j1", "paused", 1.0), two, other),
        ]
    ):
        its.say(said)
        supervisor.turn(NOW + at)
    engine.say(s.WorkerAnnounced("j1", W, 1, 0))
    one.turn(NOW + 9)
    other.close()
    engine.close()
    assert plain(fold(State(), opened_again(bench, "j1"))) == plain(one.state)


def test_it_outlives_the_process(bench, engine):
    needs(bench, "durable")
    engine.say(SUBMIT)
    assert engine.commit(engine.next(), first("j1"), [])
    del engine
    assert len(opened_again(bench, "j1")) == 2
