"""What a screen is told of a run: in which order, and in whose words. Knows events as the core makes them."""

from __future__ import annotations

from job_manager.app.watching import Watch
from job_manager.cli.output import Output
from job_manager.cli.story import Silent, telling
from job_manager.core import events as e
from job_manager.core.evolve import fold
from job_manager.testing import action, job, parallel
from tests.core.given import NOW, J, W, failed, given, leased, lost, ran, started, succeeded


class Told(Silent):
    """A screen that remembers."""

    hears = True

    def __init__(self) -> None:
        super().__init__(Output(quiet=True))
        self.lines: list[str] = []

    def told(self, watch, notices):
        self.lines += [f"{notice.subject}: {telling(notice)}" for notice in notices]


def told(tree, before, turn):
    """What is said of these events, which come in one turn."""
    state = given(tree, *before)
    screen = Told()
    watch = Watch(screen, "/nowhere")
    watch.happened(state.jobs[J], [e.WorkerJoined(J, W, 2, 0, NOW)])
    fold(state, turn)
    watch.happened(state.jobs[J], turn)
    return screen.lines


def test_a_step_ends_after_the_last_word_on_its_actions():
    turn = [started(0), started(1), failed(0), failed(1), e.ActionFailed(J, 0), e.ActionFailed(J, 1)]
    lines = told(job(parallel("s", "a", "b")), [leased(0), leased(1)], turn)
    assert [line.split(":")[0] for line in lines] == ["s", "s/a", "s/b", "s"]
    assert lines[0].startswith("s: started") and lines[-1].endswith("2 failed")


def test_of_steps_that_are_over_in_one_turn_each_is_told_to_its_end_before_the_next():
    turn = [event for at in (0, 1) for event in (started(at), succeeded(at))]
    lines = told(job("a", "b"), [leased(0), e.ActionChained(J, 1, 1, W, [1])], turn)
    assert [line.split(":")[0] for line in lines] == ["a", "a", "a", "b", "b", "b"]


def test_an_action_that_is_lost_is_called_so():
    turn = [lost(1), e.ActionLost(J, 1)]
    tree = job(parallel("s", "a", action("b", idempotent=False)))
    lines = told(tree, [*ran(0), leased(1), started(1)], turn)
    assert lines[0] == "s/b: lost: its outcome is not known: what ran it was killed"
    assert lines[1].startswith("s: ") and lines[1].endswith("1 succeeded, 1 lost") and len(lines) == 2


def test_for_who_does_not_listen_nothing_is_followed():
    state, screen = given(job("a"), leased(0)), Told()
    screen.hears = False
    watch = Watch(screen, "/nowhere")
    watch.happened(state.jobs[J], [e.WorkerJoined(J, W, 2, 0, NOW)])
    turn: list[e.Event] = [started(0), succeeded(0)]
    fold(state, turn)
    watch.happened(state.jobs[J], turn)
    assert watch.opened and not screen.lines and not watch.running
