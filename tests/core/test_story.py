"""A story is the journal in words: every kind of event has some, and an action's story is its own and whole.

Knows the farm's journal; how a time is written is the asker's.
"""

from __future__ import annotations

from job_manager.core import events as e
from job_manager.core import said as s
from job_manager.core.story import WORDS, Line, story
from job_manager.model.record import replace
from job_manager.testing import HANGS, Farm, action, fails, job, linked, lost, parallel, script, succeeds
from tests.core.rows import SCENARIOS
from tests.core.scenes import later, not_before, settled, spelt, worker_gone
from tests.core.scenes_ended import out_of_time, released
from tests.core.scenes_ended import told as told_to

NOW = 1000.0


def told(farm: Farm, path: str = "") -> list[Line]:
    timed = ((turn.now, event) for turn in farm.turns for event in turn.events)
    return list(story(timed, spelt, path))


def words(farm: Farm, path: str) -> list[str]:
    return [line.words for line in told(farm, path)]


def said() -> list[Farm]:
    return [
        told_to(settled(job("a"), outcomes=script({0: HANGS})), s.SetPriority("j1", 2.0)),
        released(),
        out_of_time(),
    ]


def test_every_kind_of_event_has_words():
    assert WORDS.keys() == e.NAMES.keys()


def test_every_event_of_every_row_of_the_table_is_a_line_of_the_jobs_story():
    kinds = set()
    for farm in (*(scenario() for scenario in SCENARIOS), later(not_before(), 200), worker_gone(), *said()):
        lines = list(story(((NOW, event) for event in farm.journal if event.job == farm.id), spelt))
        assert [line.event for line in lines] == [
            e.NAMES[type(event)] for event in farm.journal if event.job == farm.id
        ]
        assert all(line.words and "\n" not in line.words for line in lines)
        kinds |= {line.event for line in lines}
    assert kinds == set(e.NAMES.values())


def test_the_story_of_an_action_that_is_tried_again():
    farm = settled(job(action("a", retries=1), "b"), 9, outcomes=script({0: [fails(3), succeeds()]}))
    assert words(farm, "a") == [
        "the job was submitted, with 2 actions",
        "nothing is left to wait for: it may run",
        "attempt 1 was given to worker w1",
        "attempt 1 began",
        "attempt 1 failed after 1.0s (code): exit code 3",
        "it is tried again at +2",
        "it may be tried again",
        "attempt 2 was given to worker w1",
        "attempt 2 began",
        "attempt 2 succeeded after 1.0s",
    ]
    assert [round(line.at - farm.turns[0].now) for line in told(farm, "a")] == [0, 0, 0, 0, 1, 1, 2, 2, 2, 3]


def test_the_story_of_what_was_skipped_and_of_what_was_left_out():
    one = job("a", linked("b", needs=("a",)), linked("c", needs=(), when="false"), at_once=True)
    farm = settled(one, 9, outcomes=script({0: fails(3)}))
    assert words(farm, "b")[1:] == ["b was skipped, because a did not succeed"]
    assert words(farm, "c")[1:] == ["c was left out: its condition does not hold: `false`"]
    assert words(farm, "a")[-1] == "it failed for good: it has no `retries`"


def test_a_loss_a_hold_and_that_somebody_had_it_go_on():
    farm = settled(job("a"), 2, outcomes=script({0: [lost(), HANGS, succeeds()]}))
    farm.hold("interrupted", 0.0)
    later(farm, 5)
    farm.resume()
    later(farm, 9)
    said = words(farm, "a")
    assert "attempt 1 is lost: its outcome is not known: it was killed together with what watched it" in said
    assert said[-5:] == [
        "attempt 2 was ended, because the job was held; that costs nothing",
        "somebody had the job go on: what did not succeed may run again, what was lost too",
        "attempt 3 was given to worker w1",
        "attempt 3 began",
        "attempt 3 succeeded after 1.0s",
    ]
    assert "the job was interrupted: nothing new starts, what runs is ended" in said


def test_a_story_follows_its_action_over_an_edit_that_numbers_it_anew():
    farm = settled(job("a", "b"), 9)
    farm.resume(job("new", "a", replace(action("b"), title="other")), [[1, 0]])
    later(farm, 9)
    assert [line.event for line in told(farm, "a")].count("succeeded") == 1
    assert [line.event for line in told(farm, "b")].count("succeeded") == 2
    assert [line.event for line in told(farm, "new")].count("succeeded") == 1


def test_what_began_before_it_was_heard_of_has_both_times():
    farm = Farm(job("a"))
    farm.turn()
    worker = farm.workers[0]
    said = worker.work(farm.clock.wall())
    farm.clock.advance(30)
    farm.say(*said)
    farm.settle()
    (began,) = [line for line in told(farm, "a") if line.event == "started"]
    assert began.recorded - began.at == 30


def test_the_story_of_a_job_names_the_action_of_each_line():
    farm = settled(job(parallel("p", "x", "y")), 9)
    assert {line.path for line in told(farm)} == {"", "p/x", "p/y"}
