"""`why`: the answer to every situation of known cause is that cause, in data and in words; a large job costs its size.

What is true of each is in situations.py and situations_ended.py; that the answers come of the rules is held against
random histories.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from job_manager.core import said as s
from job_manager.core import table
from job_manager.core.answers import CAUSES, Answer
from job_manager.core.explain import why
from job_manager.core.holdups import Holdup, holdup_of, holdups
from job_manager.core.obstacles import standstill
from job_manager.core.overall import why_job
from job_manager.core.past import BAD, Past
from job_manager.model.record import replace
from job_manager.testing import HANGS, Farm, action, fails, job, linked, lost, parallel, succeeds
from tests.core import making, trees
from tests.core.scenes import past_of, settled, view_of
from tests.core.situations import JOBS, WAITING, Situation, Truth
from tests.core.situations_ended import ENDED
from tests.drawn import drawn

ALL = [*WAITING, *ENDED, *JOBS]


def answer_to(situation: Situation) -> Answer:
    farm = situation.made()
    past = past_of(farm)
    view = view_of(farm, situation.hosted)
    return why(past, index_of(past, situation.path), view) if situation.path else why_job(past, view)


def index_of(past: Past, path: str) -> int:
    return list(past.job.shape.paths).index(path)


def agrees(answer: Answer, truth: Truth) -> bool:
    """Whether an answer says what is true."""
    evidence = "\n".join([*answer.evidence, *(group.words for group in answer.groups)])
    return (
        answer.cause == truth.cause
        and set(truth.about) <= set(answer.about)
        and truth.words in answer.sentence
        and truth.proof in evidence
        and (not truth.helps or (bool(answer.ways) and answer.ways[0].words[0] == truth.helps))
    )


@pytest.mark.parametrize("situation", ALL, ids=lambda each: each.name.replace(" ", "-"))
def test_the_true_cause_is_named(situation):
    answer = answer_to(situation)
    assert answer.cause in CAUSES
    assert answer.path == situation.path
    assert agrees(answer, situation.truth), answer


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    return {situation.name: answer_to(situation) for situation in ALL}


def test_there_are_enough_situations_and_every_cause_has_one():
    assert len(ALL) >= 40
    assert {situation.truth.cause for situation in ALL} == CAUSES.keys()
    assert len({situation.name for situation in ALL}) == len(ALL)


def test_a_wrong_cause_is_found_out(answers):
    """No answer agrees with what is true of another situation, nor with its own truth under another cause."""
    for situation in ALL:
        answer = answers[situation.name]
        for other in ALL:
            if other.truth != situation.truth and (other.made, other.path) != (situation.made, situation.path):
                assert answer.path != other.path or not agrees(answer, other.truth), (situation.name, other.name)
        for cause in CAUSES.keys() - {situation.truth.cause}:
            assert not agrees(answer, situation.truth._replace(cause=cause))
        assert not agrees(answer, situation.truth._replace(about=("nobody",)))


# --- the same rules ---------------------------------------------------------------------------------------------------

OUTCOMES = st.lists(
    st.sampled_from([*[succeeds()] * 5, succeeds(0.0), fails(), fails(after=3.0), fails(reason="oom"), lost()]),
    max_size=12,
)
TREES = st.one_of(making.jobs(), trees.jobs)


def is_open(past: Past, path: str) -> bool:
    """Whether anything below a node is not over: looked up by its path, one by one."""
    job = past.job
    return any(
        f"{job.shape.paths[action]}/".startswith(f"{path}/") and state not in table.FINAL
        for action, state in enumerate(job.states)
    )


class Witness:
    """Looks at a farm from outside after every moment, and holds what is answered to what happens next."""

    def __init__(self, farm: Farm) -> None:
        self.farm = farm
        self.past = Past(farm.id)
        self._read = 0
        self._named: dict[int, tuple[str, ...]] = {}  # what each waiting action was said to wait for

    def forget(self) -> None:
        """Somebody says something: what was to come may not come."""
        self._named.clear()

    def look(self) -> None:
        for turn in self.farm.turns[self._read :]:
            self.past.fold((turn.now, event) for event in turn.events)
        self._read = len(self.farm.turns)
        job, view = self.past.job, view_of(self.farm)
        held = dict(holdups(job))
        stopped = standstill(self.past, view)
        for index, state in enumerate(job.states):
            named = self._named.pop(index, ())
            if state in BEGUN:
                assert not [path for path in named if is_open(self.past, path)]
            answer = why(self.past, index, view)
            assert answer.cause in CAUSES
            if stopped is None:
                self._heed(index, state, answer, held)
            elif state in (table.WAITING, table.READY, table.RETRYING):
                assert answer.cause == stopped.cause
            if answer.cause == "skipped":
                culprit = index_of(self.past, answer.about[0])
                assert job.states[culprit] in BAD or culprit in self.past.again  # only that one was asked for again
        groups = sum(group.number for group in why_job(self.past, view).groups)
        assert groups == job.size - job.counts[table.SUCCEEDED]

    def _heed(self, index: int, state: int, answer: Answer, held: dict[int, Holdup]) -> None:
        if state == table.WAITING:
            assert held[index] == holdup_of(self.past.job, index)
            assert answer.cause in ("needs", "turn", "hook")
            assert answer.about and all(is_open(self.past, path) for path in answer.about)
            self._named[index] = answer.about
        elif state == table.READY:  # else it had been leased
            assert answer.cause in ("slots", "limit", "memory", "kept", "priority", "max-active", "cap", "fair-share")


BEGUN = (table.READY, table.LEASED, table.RUNNING)


def asked(draw: random.Random, size: int) -> s.Request:
    """Something that a person may say."""
    which = draw.randrange(size)
    wishes: list[s.Request] = [
        s.HoldJob("j1", "paused", draw.choice([None, 0.0])),
        s.ReleaseJob("j1"),
        s.CancelAction("j1", which, 0.0),
        s.CancelJob("j1", 0.0),
        s.SkipAction("j1", which),
        s.RetryActions("j1", s.FAILED, lost=True),
        s.RetryActions("j1", draw.choice([s.FROM, s.ONLY]), which),
        s.SetPriority("j1", 2.0),
    ]
    return draw.choice(wishes)


@drawn(40, 400, TREES, OUTCOMES, st.integers(1, 3), st.integers(0, 2), st.randoms(use_true_random=False))
def test_what_is_waited_for_is_open_and_nobody_starts_before_it_is_over(tree, outcomes, slots, limit, draw):
    taken = iter(outcomes)
    limits = {"gpu": limit} if limit else {}
    one = replace(tree, max_active=limit or None)
    farm = making.making(
        one, lambda artifact: ["a.png", "b.png"], lambda order: next(taken, succeeds()), slots=slots, limits=limits
    )
    witness = Witness(farm)
    for _ in range(60):
        farm.settle()
        witness.look()
        if draw.random() < 0.3 and farm.job.states:
            witness.forget()
            farm.say(asked(draw, len(farm.job.states)))
        elif not farm.pass_time():
            witness.forget()
            farm.resume()
        farm.work()


# --- large jobs -------------------------------------------------------------------------------------------------------


def many_in_a_row(size: int) -> Farm:
    links = [linked(f"n{at}", needs=(f"n{at - 1}",)) for at in range(1, size)]
    return settled(job(action("n0"), *links, at_once=True), outcomes=lambda order: HANGS)


def many_at_once(size: int) -> Farm:
    return settled(job(parallel("wide", *(f"n{at}" for at in range(size))), "last"), outcomes=lambda order: HANGS)


def all_skipped(size: int) -> Farm:
    links = [linked(f"n{at}", needs=(f"n{at - 1}",)) for at in range(1, size)]
    return settled(job(action("n0"), *links, at_once=True), 5, outcomes=lambda order: fails())


def all_failed(size: int) -> Farm:
    return settled(
        job(*(f"n{at}" for at in range(size)), at_once=True), size, outcomes=lambda order: fails(order.action)
    )


def needed_by_all(size: int) -> Farm:
    first = [f"a{at}" for at in range(size // 2)]
    rest = [linked(f"b{at}", needs=("all",)) for at in range(size // 2)]
    return settled(job(parallel("all", *first), *rest, at_once=True), outcomes=lambda order: HANGS)


def calls_of(work: Callable[[], object]) -> int:
    """How many calls, of C as well, something takes."""
    made = 0

    def count(frame: object, event: str, arg: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made


@pytest.mark.parametrize("made", [many_in_a_row, many_at_once, all_skipped, all_failed, needed_by_all])
def test_a_large_job_costs_its_size_and_its_answer_is_short(made):
    for small, large in zip(costs_of(made(50)), costs_of(made(200)), strict=True):
        assert large < 6 * small + 100


def costs_of(farm: Farm) -> tuple[int, int]:
    """Of the answers for the job, and for its last action."""
    past, view = past_of(farm), view_of(farm)
    last = len(past.job.states) - 1
    assert len(repr(why_job(past, view))) < 4000
    assert len(repr(why(past, last, view))) < 2000
    return calls_of(lambda: why_job(past, view)), calls_of(lambda: why(past, last, view))
