"""Attempts that do nothing: when they count as stuck, who hears of it, and which are ended. What writes or works never
does, and what begins to move again is no longer stuck."""

from __future__ import annotations

import sys

import pytest

from job_manager.core import events as e
from job_manager.model.job import Stuck
from job_manager.worker import adoption
from job_manager.worker.hosting import Note
from tests.process.keeping import Keeping
from tests.process.working import shells

SOON = 0.2  # seconds: eight looks of 25 ms
BUSY = "import time\nwhile time.process_time() < 0.5: pass"


def still(keeper: Keeping) -> dict[str, float]:
    return adoption.still(str(keeper.root / "keepers"))


def test_what_does_nothing_is_noticed_and_goes_on(keeper):
    gate = keeper.fifo("gate")
    keeper.shell("a", f"read x < {gate.path}; exit 3", stuck=(SOON, False))
    keeper.until(lambda: bool(keeper.still))
    [[token, since]] = keeper.still
    began = keeper.began["a"][3]
    assert token == "a" and since == pytest.approx(began, abs=1.0)
    assert still(keeper) == {"a": pytest.approx(since, abs=0.01)}
    heir = keeper.adopted()
    heir.hello()
    heir.until(lambda: [row[0] for row in heir.still] == ["a"])  # whoever takes over hears it, too
    gate.write("x\n")
    record = heir.exit("a")
    assert (record["code"], record["why"]) == (3, None)
    assert record["still"] >= SOON
    heir.until(lambda: heir.still[-1] == ["a", None])
    assert still(keeper) == {}


def test_what_is_told_to_is_ended(keeper):
    keeper.shell("a", "sleep 1000 & wait", stuck=(SOON, True))
    record = keeper.exit("a")
    assert record["why"] == "stuck" and record["still"] >= SOON


def test_what_begins_to_move_is_not_stuck_any_more(keeper):
    gate = keeper.fifo("gate")
    keeper.shell("a", f"read x < {gate.path}; echo on; read x < {gate.path}", stuck=(SOON, False))
    keeper.until(lambda: len(keeper.still) == 1)
    gate.write("x\n")
    keeper.until(lambda: len(keeper.still) >= 3)
    assert [since is None for _, since in keeper.still] == [False, True, False]
    gate.write("x\n")
    keeper.exit("a")


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param([sys.executable, "-I", "-S", "-c", BUSY], marks=pytest.mark.long),
        ["/bin/sh", "-c", f"setsid {sys.executable} -I -S -c '{BUSY}' & wait"],
        ["/bin/sh", "-c", "n=0; while [ $n -lt 12 ]; do echo; sleep 0.04; n=$((n+1)); done"],
        pytest.param(
            ["/bin/sh", "-c", "n=0; while [ $n -lt 12 ]; do echo >&2; sleep 0.04; n=$((n+1)); done"],
            marks=pytest.mark.long,
        ),
    ],
    ids=["works", "a child works", "writes", "writes to stderr"],
)
def test_what_works_or_writes_is_not_stuck(keeper, argv):
    keeper.start("a", *argv, stuck=(SOON, True), err=keeper.log("a.err"))
    record = keeper.exit("a")
    assert (record["code"], record["why"], record["still"]) == (0, None, 0)


def test_nothing_is_looked_at_when_nobody_asked(keeper):
    for name, stuck in (("a", None), ("b", (0.0, True)), ("c", (float("inf"), True))):
        keeper.shell(name, "sleep 1000", stuck=stuck)
    keeper.shell("d", "sleep 1000", stuck=(SOON, True))
    assert keeper.exit("d")["why"] == "stuck"
    assert {row[0] for row in keeper.still} <= {"d"}
    keeper.start("bad", "/bin/true", stuck=("soon", True))
    keeper.until(lambda: "bad" in keeper.refused)


def test_an_action_that_was_stuck_has_failed_for_that_reason_and_is_tried_again(working):
    one = working()
    one.submit("j", shells("sleep 1000", retries=1, stuck=Stuck(SOON, True)))
    one.until(lambda: bool(one.events(e.RetryPlanned)))
    [failed] = one.events(e.AttemptFailed)
    assert failed.reason == "stuck"
    assert failed.message.startswith("it was ended because it was stuck: no output and no processor time for 0.")


def test_a_timeout_says_that_it_had_been_stuck_before(working):
    one = working()
    one.submit("j", shells("sleep 1000", timeout=SOON * 3, stuck=Stuck(SOON)))
    one.finish("j")
    [failed] = one.events(e.AttemptFailed)
    assert failed.reason == "timeout" and "no output and no processor time for" in failed.message


def test_the_worker_tells_who_is_still_and_what_holds_where_nothing_is_said(working):
    one = working()
    one.worker.jobs.stuck = SOON
    one.submit("j", shells("true", "exec sleep 1000"))
    one.submit("k", shells("exec sleep 1000", stuck=Stuck(0.0)))
    notes: list[Note] = []

    def heard() -> bool:
        notes.extend(one.worker.notes())
        return bool(notes)

    one.until(heard)
    [note] = notes
    assert (note.job, note.action) == ("j", 1)
    assert note.message.startswith("no output and no processor time for 0.")
