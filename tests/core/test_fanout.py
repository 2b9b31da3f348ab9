"""Fan-outs and conditions in the core: given what has happened, when something is said, then these events.

Knows no job language and no file; which names are safe, and what a condition means, is tested with the model.
"""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies as st

from job_manager.core import events as e
from job_manager.core import table
from job_manager.core.fanning import files_of
from job_manager.core.said import AttemptEnded
from job_manager.model.condition import FALSE, text_of
from job_manager.model.fanout import Each
from job_manager.model.job import FILES, Action, Input, JobInput, Output, Task
from job_manager.model.record import replace
from job_manager.model.site import GivenFile
from job_manager.testing import Farm, action, fails, job, parallel, script, serial, site, succeeds
from tests.core.given import NOW, J, W, decided, given, kinds, leased, only, when
from tests.core.making import fan, gather, jobs, making, row, writer
from tests.drawn import drawn

CRF = Each("crf", ("18", "23"))
FRAME = Each("frame", over="frames")
NEVER = text_of(FALSE)
FRAMES = job(writer("split", "frames"), fan("draw", FRAME), gather("join", "draw_{frame.name}"))


def split_made(*names: str) -> AttemptEnded:
    """The report that the first action has written these frames."""
    made = [row(Output("frames", kind=FILES), list(names))]
    return AttemptEnded(J, 0, 1, W, NOW, NOW, outputs=made)


# --- known from the start ---------------------------------------------------------------------------------------------


def test_a_fan_out_over_values_is_there_from_the_start():
    farm = Farm(job("a", fan("enc", CRF), "z"))
    farm.turn()
    assert farm.states() == {
        "a": "leased",
        "enc": "fanned-out",
        "z": "waiting",
        "enc/18": "waiting",
        "enc/23": "waiting",
    }
    assert [farm.job.shape.paths[action] for action in farm.job.shape.listed()] == ["a", "enc/18", "enc/23", "z"]
    assert farm.job.size == 4 and farm.job.counted() == {"waiting": 3, "leased": 1}
    farm.run()
    assert farm.job.finished == "succeeded" and farm.job.counted() == {"succeeded": 4}
    assert "fanned-out" not in kinds(farm.journal)  # it follows from the job alone


def test_members_run_at_once_and_what_follows_waits_for_all():
    farm = Farm(job(fan("enc", CRF), "z"), slots=2, outcomes=script({2: succeeds(5.0), 3: succeeds(1.0)}))
    farm.run()
    assert [action for _, action, _ in farm.workers[0].begun] == [2, 3, 1]
    assert farm.job.began[1] >= farm.job.ended[2]


def test_a_persons_files_are_known_from_the_start():
    files = tuple(GivenFile(f"clips/{name}", f"/{name}", (1, 1, 1, 1)) for name in ("b.txt", "a.txt"))
    one = replace(job(fan("enc", Each("clip", over="clips"))), inputs=(JobInput("clips", kind=FILES),))
    farm = Farm(one, site=replace(site(), inputs=files))
    farm.run()
    assert list(farm.states()) == ["enc", "enc/b", "enc/a"]  # in the order in which they were given
    assert files_of(farm.job, "clips") == ["clips/b.txt", "clips/a.txt"]


def test_a_fan_out_over_a_fan_out_is_known_too():
    each = Each("part", over="enc_{crf}")
    farm = Farm(job(fan("enc", CRF), fan("mux", each), gather("join", "mux_{part.name}")))
    assert not only(farm.turn(), e.FannedOut)
    farm.run()
    assert [p for p in farm.states() if "/" in p] == ["enc/18", "enc/23", "mux/enc_18", "mux/enc_23"]


def test_a_barrier_of_fan_outs_is_a_node_and_no_edges():
    many = Each("n", over="1-300")
    farm = Farm(job(fan("one", many), fan("two", many), "z"), slots=50)
    farm.turn()
    assert farm.job.shape.needs == {} and len(farm.job.shape.parent) == 1 + 3 + 600
    farm.run()
    assert farm.job.finished == "succeeded"


# --- known when an action has run -------------------------------------------------------------------------------------


def test_what_an_action_makes_is_fanned_out_when_it_has_run():
    state = given(FRAMES)
    assert kinds(decided(state)) == ["leased"]
    assert kinds(when(state, split_made("f1.png", "f2.png", "f10.png"))) == ["succeeded"]
    follows = decided(state)
    assert follows[0] == e.FannedOut(J, 1, [["frames/f1.png", "frames/f2.png", "frames/f10.png"]])
    assert follows[1:] == [leased(3), leased(4)]
    assert list(state.jobs[J].shape.paths) == ["split", "draw", "join", "draw/f1", "draw/f2", "draw/f10"]


def test_it_is_not_looked_at_again_after_a_crash():
    files = ["a.png", "b.png"]
    farm = making(FRAMES, lambda name: files)
    farm.settle()
    farm.pass_time()
    farm.work()
    farm.turn()
    files.append("c.png")
    farm.crash()
    farm.run()
    assert [path for path in farm.states() if path.startswith("draw/")] == ["draw/a", "draw/b"]
    assert farm.job.finished == "succeeded" and len(only(farm.journal, e.FannedOut)) == 1


def test_it_is_fanned_out_while_held_and_nothing_starts():
    farm = making(FRAMES, lambda name: ["a.png"])
    farm.settle()
    farm.hold()
    farm.turn()
    farm.say(split_made("a.png"))
    farm.turn()
    assert not farm.job.leases and farm.job.state == "interrupted"
    farm.resume()
    farm.run()
    assert farm.job.finished == "succeeded"


def test_of_nothing_there_is_nothing_to_do():
    farm = making(FRAMES, lambda name: [])
    farm.run()
    assert farm.states() == {"split": "succeeded", "draw": "fanned-out", "join": "succeeded"}
    assert farm.job.counted() == {"succeeded": 2} and farm.job.finished == "succeeded"
    assert only(farm.journal, e.FannedOut)[0].items == [[]]


def test_several_keys_multiply_what_was_made():
    farm = making(job(writer("split", "frames"), fan("draw", FRAME, CRF)), lambda name: ["a", "b"])
    farm.run()
    assert [p for p in farm.states() if "/" in p] == ["draw/a-18", "draw/a-23", "draw/b-18", "draw/b-23"]


def test_what_a_fan_out_makes_of_several_files_each_is_one_list():
    split = replace(writer("split", "parts_{crf}"), foreach=(CRF,))
    each = Each("part", over="parts_{crf}")
    two = replace(fan("draw", each), outputs=(Output("d{part.index}"),))
    farm = making(job(split, two), lambda name: [f"{name[-2:]}.x", "y"])
    farm.run()
    assert files_of(farm.job, "parts_{crf}") == ["parts_18/18.x", "parts_18/y", "parts_23/23.x", "parts_23/y"]
    assert [path for path in farm.states() if path.startswith("draw/")] == [
        "draw/18", "draw/y", "draw/23", "draw/y+4",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "output", "why"),
    [
        (["a.png", "a.jpg"], "draw_{frame.stem}", '"draw_a" would be written by both "a" and "a+2"'),
        (["a.png", "A.png"], "draw_{frame.stem}", '"draw_A" would be written by both'),
        (["x.png"], "{frame.stem}", '"x", of "x", is there already'),
        (["X.png"], "{frame.stem}", '"X", of "X", is there already'),
        (["y" * 125], "drawn_{frame.stem}", "the name has 131 characters; the limit is 128"),
    ],
)
def test_names_that_cannot_be_fail_the_fan_out(names, output, why):
    draw = replace(fan("draw", FRAME), outputs=(Output(output),))
    one = job(replace(writer("split", "frames"), outputs=(Output("frames", kind=FILES), Output("x"))), draw, "after")
    farm = making(one, lambda name: names)
    farm.run()
    [failed] = only(farm.journal, e.FanOutFailed)
    assert why in failed.message
    assert farm.states() == {"split": "succeeded", "draw": "failed", "after": "skipped"}
    assert farm.job.failures[1].reason == "upstream" and farm.job.finished == "failed"


def test_of_two_that_are_known_at_once_and_would_write_one_file_the_second_fails():
    """Neither was there when the other was looked at: one after another they are."""
    split = replace(writer("split", "one"), outputs=(Output("one", kind=FILES), Output("two", kind=FILES)))
    draws = [
        replace(fan(name, Each("frame", over=name)), outputs=(Output("{frame.stem}.png"),)) for name in ("one", "two")
    ]
    farm = making(
        job(split, parallel("draw", *draws)), lambda name: {"one": ["a", "b"], "two": ["c", "A"]}.get(name, [])
    )
    farm.run()
    [failed] = only(farm.journal, e.FanOutFailed)
    assert failed.message == '"a.png", of "a", is there already'
    states = farm.states()
    assert (states["draw/one"], states["draw/two"]) == ("failed", "fanned-out")
    assert states["draw/two/c"] == states["draw/two/A"] == "succeeded"


def test_a_fan_out_that_failed_is_tried_again_at_resume():
    files = [["a.png", "a.jpg"]]
    draw = replace(fan("draw", FRAME), outputs=(Output("d_{frame.stem}"),))
    farm = making(job(writer("split", "frames"), draw), lambda name: files[-1])
    farm.run()
    assert farm.states() == {"split": "succeeded", "draw": "failed"}
    farm.resume()
    farm.run()
    assert len(only(farm.journal, e.FanOutFailed)) == 2 and farm.job.finished == "failed"


def test_more_actions_than_a_job_may_have_fail_it():
    thousand = [str(number) for number in range(1001)]
    many = fan("draw", FRAME, Each("n", over="1-1000"))
    farm = making(job(writer("split", "frames"), many), lambda name: thousand)
    farm.run()
    [failed] = only(farm.journal, e.FanOutFailed)
    assert failed.message == "there would be 1,001,000 actions; the limit for a job is 1,000,000"


# --- failures and resuming --------------------------------------------------------------------------------------------


def test_a_member_that_fails_fails_the_whole_and_its_siblings_end():
    farm = making(FRAMES, lambda name: ["a", "b", "c"], script({4: fails()}))
    farm.run()
    assert farm.states() == {
        "split": "succeeded", "draw": "fanned-out", "join": "skipped",
        "draw/a": "succeeded", "draw/b": "failed", "draw/c": "succeeded",
    }  # fmt: skip
    assert only(farm.journal, e.ActionsSkipped) == [e.ActionsSkipped(J, 2, 3, 4, 0)]


def test_resume_runs_only_the_member_that_failed():
    farm = making(FRAMES, lambda name: ["a", "b", "c"], script({4: [fails(), succeeds()]}))
    farm.run()
    before = len(farm.workers[0].begun)
    farm.resume()
    farm.run()
    assert [action for _, action, _ in farm.workers[0].begun[before:]] == [4, 2]
    assert farm.job.finished == "succeeded" and len(only(farm.journal, e.FannedOut)) == 1


def test_a_skip_covers_the_members_of_what_is_skipped():
    farm = Farm(job("a", parallel("p", fan("enc", CRF), "b"), "z"), outcomes=script({0: fails()}))
    farm.run()
    assert farm.states() == {
        "a": "failed", "p/enc": "fanned-out", "p/b": "skipped", "z": "skipped",
        "p/enc/18": "skipped", "p/enc/23": "skipped",
    }  # fmt: skip
    assert only(farm.journal, e.ActionsSkipped) == [e.ActionsSkipped(J, 1, 4, 0, 0)]
    farm.workers[0].outcomes = script()
    farm.resume()
    farm.run()
    assert farm.job.counted() == {"succeeded": 5}


def test_a_fan_out_that_never_came_is_skipped_as_one():
    farm = making(FRAMES, lambda name: ["a"], script({0: fails()}))
    farm.run()
    assert farm.states() == {"split": "failed", "draw": "skipped", "join": "skipped"}
    farm.workers[0].outcomes = script()
    farm.resume()
    farm.run()
    assert farm.job.finished == "succeeded" and farm.states()["draw/a"] == "succeeded"


def test_an_edit_keeps_a_fan_out_that_is_known():
    farm = making(FRAMES, lambda name: ["a", "b"], script({4: fails()}))
    farm.run()
    farm.workers[0].outcomes = script()
    edited = replace(FRAMES, children=(*FRAMES.children, action("more")))
    since = len(farm.journal)
    kept = [(0, 0), (4, 3)]  # one more written action: the members come behind it
    farm.resume(edited, kept, fans=[(1, [["frames/a", "frames/b"]])])
    farm.run()
    assert [event.action for event in only(farm.journal[since:], e.ActionLeased)] == [5, 2, 3]
    assert farm.job.finished == "succeeded" and not only(farm.journal[since:], e.FannedOut)


# --- conditions -------------------------------------------------------------------------------------------------------


def asking(name: str, when: str, *needs: str) -> Action:
    return replace(action(name), needs=needs, when=when)


def test_what_is_never_wanted_is_left_out_and_all_is_well():
    farm = Farm(job(replace(action("a"), when=NEVER), "b"))
    farm.run()
    assert farm.states() == {"a": "skipped", "b": "succeeded"} and farm.job.finished == "succeeded"
    assert only(farm.journal, e.ActionsOmitted) == [e.ActionsOmitted(J, 0, 1, 1)]


def test_a_task_is_left_out_with_all_that_is_below_it():
    off = replace(serial("off", "a", fan("enc", CRF), parallel("p", "b")), when=NEVER)
    farm = Farm(job(off, "z"))
    farm.run()
    assert farm.states() == {
        "off/a": "skipped", "off/enc": "fanned-out", "off/p/b": "skipped", "z": "succeeded",
        "off/enc/18": "skipped", "off/enc/23": "skipped",
    }  # fmt: skip
    assert len(only(farm.journal, e.ActionsOmitted)) == 1 and farm.job.finished == "succeeded"


@pytest.mark.parametrize("end", ["succeeded", "failed", "skipped"])
@pytest.mark.parametrize("asked", ["succeeded", "failed", "skipped", "done"])
def test_it_asks_how_another_ended(end, asked):
    first = replace(action("first"), when=NEVER if end == "skipped" else "")
    one = job(parallel("p", first, asking("second", f"p/first.{asked}", "p/first")))
    farm = Farm(one, outcomes=script({0: fails()}) if end == "failed" else None)
    farm.run()
    wanted = asked in (end, "done")
    assert farm.states() == {"p/first": end, "p/second": "succeeded" if wanted else "skipped"}
    assert farm.job.finished == ("failed" if end == "failed" else "succeeded")


ENDS = ("succeeded", "failed", "skipped")


def asked_how(name: str) -> list[Action]:
    return [asking(end, f"{name}.{end}", name) for end in ENDS]


def test_where_some_were_left_out_and_the_others_succeeded_all_is_well():
    farm = Farm(job(parallel("p", "a", replace(action("b"), when=NEVER)), parallel("q", *asked_how("p"))))
    farm.run()
    assert [farm.states()[f"q/{end}"] for end in ENDS] == ["succeeded", "skipped", "skipped"]


def test_where_some_were_skipped_for_a_failure_elsewhere_it_has_not_succeeded():
    some = parallel("p", "a", replace(action("b"), needs=("all/bad",)))
    farm = Farm(job(parallel("all", "bad", some, *asked_how("all/p"))), outcomes=script({0: fails()}))
    farm.run()
    assert farm.states()["all/p/a"] == "succeeded" and farm.states()["all/p/b"] == "skipped"
    assert [farm.states()[f"all/{end}"] for end in ENDS] == ["skipped", "skipped", "succeeded"]


def test_a_fallback_runs_after_a_failure_and_what_needs_both_goes_its_way():
    one = job(
        parallel(
            "p", "try", asking("instead", "p/try.failed", "p/try"), asking("report", "p/instead.done", "p/instead")
        ),
        "after",
    )
    farm = Farm(one, outcomes=script({0: fails()}))
    farm.run()
    assert farm.states() == {
        "p/try": "failed", "p/instead": "succeeded", "p/report": "succeeded", "after": "skipped",
    }  # fmt: skip
    assert farm.job.finished == "failed"


def test_a_fallback_in_a_step_that_never_comes_runs_all_the_same():
    farm = Farm(job("try", parallel("p", asking("instead", "try.failed", "try"), "b")), outcomes=script({0: fails()}))
    farm.run()
    assert farm.states() == {"try": "failed", "p/instead": "succeeded", "p/b": "skipped"}


def test_a_condition_may_ask_after_a_fan_out():
    one = job(parallel("p", fan("enc", CRF), asking("mend", "p/enc.failed", "p/enc")))
    farm = Farm(one, outcomes=script({3: fails()}))
    farm.run()
    assert farm.states()["p/mend"] == "succeeded"
    farm = Farm(one)
    farm.run()
    assert farm.states()["p/mend"] == "skipped" and farm.job.finished == "succeeded"


def test_a_fan_out_may_be_left_out():
    farm = making(job(writer("split", "frames"), replace(fan("draw", FRAME), when=NEVER), "z"), lambda name: ["a"])
    farm.run()
    assert farm.states() == {"split": "succeeded", "draw": "skipped", "z": "succeeded"}
    assert not only(farm.journal, e.FannedOut)


def reading(name: str, artifact: str, *, optional: bool = False) -> Action:
    one = replace(action(name), outputs=(Output(f"{name}.out"),))
    return replace(one, inputs=(Input(artifact, optional=optional),))


def test_who_reads_what_was_left_out_is_left_out_too():
    first = replace(action("first"), when=NEVER, outputs=(Output("x"),))
    one = job(first, parallel("p", reading("a", "x"), reading("b", "x", optional=True)), reading("c", "a.out"), "z")
    farm = Farm(one)
    farm.run()
    assert farm.states() == {
        "first": "skipped", "p/a": "skipped", "p/b": "succeeded", "c": "skipped", "z": "succeeded",
    }  # fmt: skip
    assert farm.job.finished == "succeeded" and len(only(farm.journal, e.ActionsOmitted)) == 3


def test_what_goes_over_something_left_out_is_left_out():
    one = job(replace(writer("split", "frames"), when=NEVER), *FRAMES.children[1:], "z")
    farm = making(one, lambda name: ["a"])
    farm.run()
    assert farm.states() == {"split": "skipped", "draw": "skipped", "join": "skipped", "z": "succeeded"}
    assert farm.job.finished == "succeeded"


def test_what_was_left_out_is_asked_about_again_at_resume():
    one = job(parallel("p", "try", asking("instead", "p/try.failed", "p/try")), "after")
    farm = Farm(one, outcomes=script({0: [fails(), succeeds()]}))
    farm.run()
    assert farm.states() == {"p/try": "failed", "p/instead": "succeeded", "after": "skipped"}
    farm.resume()
    farm.run()
    assert farm.states() == {"p/try": "succeeded", "p/instead": "succeeded", "after": "succeeded"}
    assert farm.job.finished == "succeeded"


# --- tasks in tasks ---------------------------------------------------------------------------------------------------


def test_a_serial_task_begins_with_its_own_turn_whatever_is_free_in_it():
    inner = serial("inner", Task("t", (asking("early", NEVER),)), "late")
    farm = Farm(job("slow", inner), slots=3, outcomes=script({0: succeeds(20.0)}))
    farm.run()
    assert farm.job.began[2] >= farm.job.ended[0]
    assert farm.states() == {"slow": "succeeded", "inner/t/early": "skipped", "inner/late": "succeeded"}


# --- any --------------------------------------------------------------------------------------------------------------


SLOW = [hypothesis.HealthCheck.too_slow]
RUNS = (jobs(), st.sets(st.integers(0, 30)), st.integers(1, 4), st.integers(0, 3), st.booleans())


@drawn(50, 400, *RUNS, suppress_health_check=SLOW)
def test_any_job_comes_to_its_end_and_runs_nothing_twice(one, bad, slots, most, crash):
    """The farm holds the invariants after every turn, and that the history folds to the state at hand."""
    sizes: dict[str, int] = {}

    def files(name: str) -> list[str]:
        size = sizes.setdefault(name, (len(name) + len(sizes)) % (most + 1))
        return [f"{number}.x" for number in range(size)]

    farm = making(
        one, files, lambda order: fails() if order.action in bad else succeeds(order.action * 7 % 5), slots=slots
    )
    farm.run()
    judge(farm)
    if crash:
        farm.crash()
        farm.turn()
        judge(farm)
    done = {at for at, state in enumerate(farm.job.states) if state == table.SUCCEEDED}
    if farm.job.finished == "failed":
        begun = len(farm.workers[0].begun)
        farm.workers[0].outcomes = script()
        farm.resume()
        farm.run()
        judge(farm)
        assert not {at for _, at, _ in farm.workers[0].begun[begun:]} & done
        assert "failed" not in farm.states().values() or only(farm.journal, e.FanOutFailed)


def judge(farm: Farm) -> None:
    """It has ended, with every action in one of the final states, and as these say."""
    states = set(farm.states().values())
    assert states <= {"succeeded", "failed", "skipped", "fanned-out"}, farm.states()
    assert farm.job.finished == ("failed" if "failed" in states else "succeeded"), farm.states()
