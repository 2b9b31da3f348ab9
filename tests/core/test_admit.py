"""What becomes of requests and reports: events once, nothing when stale or repeated, a refusal that names the state.

Knows the words that may be said; what follows from the events is decide's.
"""

from __future__ import annotations

import pytest

from job_manager.core import events as e
from job_manager.core import said as s
from job_manager.core.admit import admit
from job_manager.core.evolve import fold
from job_manager.model.document import job_document
from job_manager.model.errors import NotFound, Refused
from job_manager.testing import job, parallel
from tests.core.given import (
    NOW,
    SITE,
    J,
    W,
    decided,
    ended,
    failed,
    given,
    kinds,
    leased,
    play,
    started,
    submitted,
    succeeded,
    when,
)

TWO = job(parallel("p", "a", "b"), "c")


def test_a_job_is_submitted_once_however_often_it_is_said():
    said = s.SubmitJob("j2", job_document(TWO), SITE)
    state = given(TWO)
    assert when(state, said) == [e.JobSubmitted("j2", NOW, job_document(TWO), SITE)]
    assert when(state, said, said) == []


@pytest.mark.parametrize(
    ("said", "then"),
    [
        (s.AttemptBegan(J, 0, 1, W, 7.0), e.ActionStarted(J, 0, 1, 7.0)),
        (s.AttemptReturned(J, 0, 1, W), e.LeaseReturned(J, 0, 1)),
        (
            s.AttemptEnded(J, 0, 1, W, 7.0, 9.0, usage=(1.0, 2.0, 3), outputs=[["v", 1, 2, 3, 4, ""]]),
            e.ActionSucceeded(J, 0, 1, 7.0, 9.0, (1.0, 2.0, 3), [["v", 1, 2, 3, 4, ""]]),
        ),
        (s.AttemptEnded(J, 0, 1, W, 7.0, 9.0, "stopped"), e.AttemptStopped(J, 0, 1, 9.0)),
        (s.AttemptEnded(J, 0, 1, W, 7.0, 9.0, "lost"), e.AttemptLost(J, 0, 1, 9.0)),
        (
            s.AttemptEnded(J, 0, 1, W, 7.0, 9.0, "signal", 11, "core dumped", (1.0,)),
            e.AttemptFailed(J, 0, 1, 7.0, 9.0, "signal", 11, "core dumped", (1.0,)),
        ),
    ],
)
def test_a_report_of_the_open_lease_becomes_its_event(said, then):
    assert admit(given(TWO, leased()), said, NOW) == [then]


REPORTS = [
    s.AttemptBegan(J, 0, 1, W, NOW),
    s.AttemptReturned(J, 0, 1, W),
    ended(),
    ended(reason="code"),
    ended(reason="lost"),
    ended(reason="stopped"),
]


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize(
    "history",
    [
        [],  # never leased
        [leased(), e.LeaseReturned(J, 0, 1)],  # given back
        [leased(), e.LeaseReturned(J, 0, 1), leased(attempt=2)],  # a later attempt is under lease
        [leased(), e.LeaseReturned(J, 0, 1), leased(attempt=2), started(attempt=2)],
        [leased(), started(), failed()],
        [leased(), started(), succeeded()],
        [e.WorkerJoined(J, "w2", 1, 0, NOW), leased(worker="w2")],  # of another incarnation
        [e.WorkerJoined(J, "w2", 1, 0, NOW), leased(worker="w2"), started()],
    ],
)
def test_a_report_of_any_other_attempt_gives_nothing(report, history):
    state = given(TWO, *history)
    assert when(state, report, report) == []


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_said_twice_counts_once(report):
    state = given(TWO, leased())
    assert len(when(state, report, report)) == 1


def test_a_begin_or_a_return_after_the_begin_gives_nothing():
    state = given(TWO, leased(), started())
    assert when(state, s.AttemptBegan(J, 0, 1, W, NOW), s.AttemptReturned(J, 0, 1, W)) == []


def test_a_report_about_an_unknown_job_or_action_gives_nothing():
    state = given(TWO, leased())
    assert when(state, ended()._replace(job="j9"), ended(action=99), ended(action=-1)) == []


def test_a_worker_joins_once_and_again_when_it_offers_something_else():
    state = given(TWO)
    offer = s.WorkerAnnounced(J, "w2", 3, 1)
    assert when(state, offer, offer) == [e.WorkerJoined(J, "w2", 3, 1, NOW)]
    assert when(state, offer._replace(slots=4)) == [e.WorkerJoined(J, "w2", 4, 1, NOW)]


@pytest.mark.parametrize("late", [0.0, 2.0])
def test_a_job_that_is_read_late_does_not_say_what_its_worker_has_to_give_now(late):
    """It heard last that there was no room; since then another job has heard that there is."""
    state = given(TWO, submitted(TWO, id="j2"), e.WorkerJoined("j2", W, 0, 0, NOW - 1.0, waits="disk space"))
    assert state.workers[W].offer == (2, 0, None, {}, "")
    fold(state, [e.WorkerJoined("j2", W, 3, 1, NOW + late)])
    assert state.workers[W].slots == 3


def test_of_two_announcements_the_later_one_counts_also_when_the_clock_has_been_set_back():
    state = given(TWO, e.WorkerJoined(J, W, 2, 0, NOW + 3600.0))
    (again,) = when(state, s.WorkerAnnounced(J, W, 5, 1))
    assert isinstance(again, e.WorkerJoined) and again.at > NOW + 3600.0 and state.workers[W].slots == 5


def test_when_a_worker_is_gone_what_it_held_is_lost_and_nobody_elses():
    state = given(TWO, e.WorkerJoined(J, "w2", 1, 0, NOW), leased(0), leased(1, worker="w2"))
    assert when(state, s.WorkerGone(J, W)) == [e.AttemptLost(J, 0, 1, NOW), e.WorkerLeft(J, W, NOW)]
    assert when(state, s.WorkerGone(J, W)) == []
    assert list(state.jobs[J].leases) == [1]
    assert (state.workers[W].held, state.workers["w2"].held) == (0, 1)


@pytest.mark.parametrize(
    "said",
    [
        s.ResumeJob("nobody", SITE),
        s.HoldJob("nobody", "paused", 1.0),
        s.WorkerAnnounced("nobody", W, 1, 0),
        s.WorkerGone("nobody", W),
    ],
)
def test_what_names_no_job_is_not_found(said):
    with pytest.raises(NotFound, match="there is no job nobody"):
        admit(given(TWO), said, NOW)


def test_a_succeeded_job_refuses_to_be_resumed_and_says_why():
    state = given(TWO)
    play(state)
    with pytest.raises(Refused, match="job j1 has succeeded"):
        admit(state, s.ResumeJob(J, SITE), NOW)


def test_an_edit_is_refused_while_attempts_are_open_and_says_how_many():
    state = given(TWO, leased(0), leased(1))
    with pytest.raises(Refused, match="while 2 of its attempts are open"):
        admit(state, s.ResumeJob(J, SITE, job_document(TWO)), NOW)


def test_only_what_succeeded_is_kept():
    state = given(TWO, *(leased(0), succeeded(0)))
    (event,) = when(state, s.ResumeJob(J, SITE, job_document(TWO), [(0, 0), (1, 1), (2, 99)]))
    assert isinstance(event, e.JobResumed)
    assert list(event.kept) == [(0, 0)]


def test_a_job_is_held_once_and_again_only_to_end_sooner():
    state = given(TWO)
    assert kinds(when(state, s.HoldJob(J, "interrupted", 10.0), s.HoldJob(J, "interrupted", 10.0))) == ["job-held"]
    assert when(state, s.HoldJob(J, "interrupted", 20.0)) == []
    assert kinds(when(state, s.HoldJob(J, "interrupted", 0.0))) == ["job-held"]


def test_holding_a_finished_job_changes_nothing():
    state = given(TWO)
    play(state)
    assert when(state, s.HoldJob(J, "interrupted", 0.0)) == []
    assert decided(state) == []
