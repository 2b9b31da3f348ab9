"""One worker with the jobs of several callers: each with its own environment and umask, closed when it is over; more or
fewer slots from one moment to the next; keepers of holders before that still live."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from job_manager.artifacts.settling import whole
from job_manager.core import events as e
from job_manager.core.decide import StartAttempt
from job_manager.core.said import AttemptEnded, HoldJob
from job_manager.model.errors import EngineError
from job_manager.model.job import Action, Job, Output, Shell
from job_manager.worker import adoption, batch
from job_manager.worker.brief import Briefing
from job_manager.worker.keeper_link import KeeperLink
from job_manager.worker.processes import boot_id
from tests.crash.farm import wait_for
from tests.process.keeping import DEADLINE, Fifo, gone, is_alive
from tests.process.working import Working, shells

SAY = "echo $WHO $JM_HOME $JM_JOB_ID; umask; echo x > made-$JM_JOB_ID"


def test_each_job_has_its_callers_environment_and_umask(working, tmp_path):
    one = working()
    path = {"PATH": os.environ["PATH"]}
    one.submit("j1", shells(SAY), {**path, "WHO": "anna", "JM_HOME": "not for children"}, 0o077)
    one.submit("j2", shells(SAY), {**path, "WHO": "bert"}, 0o007)
    one.submit("j3", shells("echo ${WHO-nobody} $HOME; umask"))
    one.finish("j1", "j2", "j3")
    assert one.output("j1").split() == ["anna", "j1", "0077"]
    assert one.output("j2").split() == ["bert", "j2", "0007"]
    assert one.output("j3").split() == ["nobody", os.environ["HOME"], "0022"], "the worker's own"
    modes = [(tmp_path / f"made-{id}").stat().st_mode & 0o777 for id in ("j1", "j2")]
    assert modes == [0o600, 0o660]
    assert Path(one.layout("j2").log("a", 1)).stat().st_mode & 0o777 == 0o600, "logs are private, whatever the umask"


def test_an_environment_of_its_own_is_not_mixed_with_the_workers(working, monkeypatch):
    monkeypatch.setenv("ONLY_OF_THE_WORKER", "yes")
    one = working()
    one.submit("j1", shells("echo ${ONLY_OF_THE_WORKER-no}"), {"PATH": os.environ["PATH"]})
    one.submit("j2", shells("echo ${ONLY_OF_THE_WORKER-no}"))
    one.finish("j1", "j2")
    assert (one.output("j1"), one.output("j2")) == ("no\n", "yes\n")


def test_a_job_that_is_over_is_forgotten_and_may_come_again(working):
    one = working()
    one.submit("j1", shells("exit 3"))
    one.finish("j1")
    one.worker.close_job("j1")
    one.worker.close_job("never heard of")
    assert one.worker.resize(2) == []
    one.submit("j2", shells("true"))
    one.finish("j2")
    assert [(report.job, report.slots) for report in one.worker.resize(3)] == [("j2", 3)]


def test_slots_may_become_fewer_and_more_while_actions_run(working, tmp_path):
    one, go = working(slots=1), Fifo(tmp_path / "go")
    one.submit("j1", shells(*[f"echo > {tmp_path}/begun-$JM_INDEX; read x < {go.path}"] * 4))
    begun = lambda: len(list(tmp_path.glob("begun-*")))  # noqa: E731
    one.until(lambda: one.state("j1") == "running")
    assert begun() == 1
    one.say(*one.worker.resize(3))
    one.until(lambda: [one.state("j1", action) for action in range(3)] == ["running"] * 3)
    one.say(*one.worker.resize(1))
    go.write("x\n" * 2)
    one.until(lambda: len(one.events(e.ActionSucceeded)) == 2)
    assert begun() == 3
    go.write("x\n" * 2)
    one.finish("j1")
    assert begun() == 4
    go.close()


def hangs(tmp_path: Path, name: str) -> str:
    return f"echo > {tmp_path}/begun-{name}; read x < {tmp_path}/go-{name}; echo $x"


def running(one: Working, *ids: str) -> None:
    one.until(lambda: all(one.state(id) == "running" for id in ids))


def test_children_of_several_jobs_outlive_their_holder_and_are_adopted_one_job_after_the_other(working, tmp_path):
    gates = [Fifo(tmp_path / f"go-{name}") for name in "ab"]
    first = working()
    first.submit("a", shells(hangs(tmp_path, "a")))
    first.submit("b", shells(hangs(tmp_path, "b")))
    running(first, "a", "b")
    second = working(before=first.die())
    second.open("a")
    gates[1].write("b's\n")  # it ends while nobody has opened its job
    second.say(*second.worker.resize(3))
    gates[0].write("a's\n")
    second.finish("a")
    second.open("b")
    second.finish("b")
    assert (second.output("a"), second.output("b")) == ("a's\n", "b's\n")
    assert second.events(e.AttemptLost) == []
    for gate in gates:
        gate.close()


def test_a_keeper_that_lives_beside_the_present_one_is_heard_to_its_end(working, tmp_path):
    """A new holder has begun a job of its own before somebody opens the one that is still running from before."""
    gates = [Fifo(tmp_path / f"go-{name}") for name in "ab"]
    first = working(slots=1)
    first.submit("a", shells(hangs(tmp_path, "a"), "echo later"))
    running(first, "a")
    second = working(before=first.die())
    second.submit("b", shells(hangs(tmp_path, "b")))
    running(second, "b")
    second.open("a")
    second.until(lambda: second.state("a", 1) == "succeeded")
    assert second.state("a") == "running", "what was leased and not begun there is begun here"
    for gate, word in zip(gates, ("mine\n", "yours\n"), strict=True):
        gate.write(word)
    second.finish("a", "b")
    assert (second.output("a"), second.output("b")) == ("mine\n", "yours\n")
    assert second.events(e.AttemptLost) == []
    second.until(lambda: len(os.listdir(tmp_path / "keepers")) == 1)
    for gate in gates:
        gate.close()


def test_what_an_older_keeper_runs_can_be_stopped(working, tmp_path):
    gate = Fifo(tmp_path / "go-a")
    first = working()
    first.submit("a", shells(hangs(tmp_path, "a")))
    running(first, "a")
    second = working(before=first.die())
    second.submit("b", shells("true"))
    second.finish("b")
    second.open("a")
    second.say(HoldJob("a", "interrupted", 5.0))
    second.until(lambda: not second.job("a").leases)
    assert [event.attempt for event in second.events(e.AttemptStopped)] == [1]
    gate.close()


def test_when_an_older_keeper_is_killed_its_attempts_are_lost_and_made_again(working, tmp_path):
    gate = Fifo(tmp_path / "go-a")
    first = working()
    first.submit("a", shells(hangs(tmp_path, "a")))
    running(first, "a")
    old = first.worker.incarnation
    second = working(before=first.die())
    second.submit("b", shells("true"))
    second.finish("b")
    second.open("a")
    [trace] = [trace for trace in adoption.keepers(str(tmp_path / "keepers")) if trace.incarnation == old]
    os.kill(trace.pid, signal.SIGKILL)
    second.until(lambda: bool(second.events(e.AttemptLost)))
    assert not is_alive(trace.begun["a/0/1"].pid), "never two at once"
    running(second, "a")
    gate.write("again\n")
    second.finish("a")
    assert second.output("a", attempt=2) == "again\n"
    gate.close()


def test_records_of_a_dead_keeper_stay_until_all_jobs_in_them_have_been_opened(working, tmp_path):
    """Killed with its keeper, when both jobs had ended and nobody had read that yet."""
    first = working()
    gates = [Fifo(tmp_path / f"go-{name}") for name in "ab"]
    for name in "ab":
        first.submit(name, shells(hangs(tmp_path, name)))
    running(first, "a", "b")
    [trace] = adoption.keepers(str(tmp_path / "keepers"))
    first.die()
    for gate in gates:
        gate.write("done\n")
    while len(adoption.exits(trace)) < 2:
        gone(trace.begun["a/0/1"].pid)
    os.kill(trace.pid, signal.SIGKILL)
    assert gone(trace.pid)
    second = working(before=first)
    second.open("a")
    second.finish("a")
    second.open("b")
    second.finish("b")
    assert second.events(e.AttemptLost) == [] and len(second.events(e.ActionSucceeded)) == 2
    second.turn()
    assert len(os.listdir(tmp_path / "keepers")) == 1
    for gate in gates:
        gate.close()


@pytest.mark.parametrize("idempotent, lost", [(True, 0), (False, 1)])
def test_after_a_power_cut_what_may_not_run_twice_and_may_have_begun_is_lost(working, tmp_path, idempotent, lost):
    """The records of what was begun are not forced to disk: an empty one of another boot says nothing."""
    gate = Fifo(tmp_path / "go-a")
    first = working()
    first.submit("a", shells(hangs(tmp_path, "a"), idempotent=idempotent))
    wait_for(lambda: any(trace.begun for trace in adoption.keepers(str(tmp_path / "keepers"))), "a start")
    adoption.end_leftovers(adoption.keepers(str(tmp_path / "keepers"))[0], 0.0)
    assert first.state("a") == "leased"
    [folder] = (tmp_path / "keepers").iterdir()
    described = (folder / "keeper.json").read_text()
    (folder / "keeper.json").write_text(described.replace(boot_id(), "another"))
    (folder / "starts").write_text("")
    second = working(before=first.die())
    second.open("a")
    second.until(lambda: second.state("a") in ("lost", "running"))
    assert len(second.events(e.ActionLost)) == lost and len(second.events(e.LeaseReturned)) == 1 - lost
    gate.close()


def test_what_an_older_keeper_runs_takes_slots_from_the_present_one(working, tmp_path):
    gate = Fifo(tmp_path / "go-a")
    first = working(slots=2)
    first.submit("a", shells(hangs(tmp_path, "a")))
    running(first, "a")
    second = working(slots=2, before=first.die())
    second.submit("b", shells("true"))
    second.finish("b")
    second.open("a")
    joined = [event.slots for event in second.events(e.WorkerJoined)]
    second.submit("c", shells(*["sleep 0.2"] * 3))
    running(second, "c")
    second.turn()
    assert [second.state("c", each) for each in range(3)].count("running") == 1, joined
    gate.write("well\n")
    second.finish("a", "c")
    assert second.events(e.WorkerJoined)[-1].slots == 2
    gate.close()


def test_what_runs_on_after_its_keeper_was_killed_takes_slots_from_the_next(working, tmp_path):
    gate = Fifo(tmp_path / "go-a")
    one = working(slots=1)
    one.submit("a", shells(hangs(tmp_path, "a"), "true"))
    running(one, "a")
    [trace] = adoption.keepers(str(tmp_path / "keepers"))
    os.kill(trace.pid, signal.SIGKILL)
    one.until(lambda: one.worker.incarnation != trace.incarnation and one.events(e.WorkerJoined)[-1].slots == 0)
    assert one.state("a", 1) != "running"
    gate.write("well\n")
    one.finish("a")
    assert one.events(e.AttemptLost) == [] and one.output("a") == "well\n"
    gate.close()


def test_a_keeper_that_was_told_to_leave_is_not_taken_for_the_present_one(working, tmp_path):
    """Its worker had another, and has died: what it runs is heard, and what comes next is begun elsewhere."""
    gate = Fifo(tmp_path / "go-a")
    first = working()
    first.submit("a", shells(hangs(tmp_path, "a")))
    running(first, "a")
    second = working(before=first.die())
    second.submit("b", shells("true"))
    second.finish("b")
    second.open("a")
    second.turn()
    third = working(before=second.die())
    third.open("a")
    third.submit("c", shells("true"))
    third.finish("c")
    assert third.state("a") == "running" and len(third.events(e.LeaseReturned)) <= 1
    gate.write("well\n")
    third.finish("a")
    assert third.events(e.AttemptLost) == [] and third.output("a") == "well\n"
    gate.close()


def test_an_order_of_before_clears_nothing_away(working):
    """It was given out before the end was heard: preparing it anew would take away what has been published since."""
    one = working()
    makes = Action("a", Shell("echo made > {out}"), outputs=(Output("out", public=True),))
    one.submit("j1", Job("test", (makes,)))
    (lease,) = [order for order in one.handed_out if isinstance(order, StartAttempt)]
    one.finish("j1")
    path = Path(one.layout("j1").store.path("out", public=True))
    assert path.read_text() == "made\n"
    assert one.worker.carry_out([lease]) == []
    assert path.read_text() == "made\n"


@pytest.mark.parametrize(
    ("prompt", "together", "least", "most"),
    [(0.0, 0.0, 1, 1), (0.0, DEADLINE, 5, batch.FEW + 1), (DEADLINE, DEADLINE, 16, 20)],
)
def test_what_can_begin_is_sent_while_others_are_made_ready(
    working, monkeypatch, prompt: float, together: float, least: int, most: int
):
    """To make a hundred ready may take a tenth of a second, in which slots would be free. A few go together: the second
    of a kind of warm modules says that the first is worth a template."""
    starts: list[int] = []
    start = KeeperLink.start

    def count(link, orders):
        starts.append(len(orders))
        start(link, orders)

    monkeypatch.setattr(batch, "PROMPT", prompt)
    monkeypatch.setattr(batch, "TOGETHER", together)
    monkeypatch.setattr(KeeperLink, "start", count)
    one = working()
    one.submit("j1", shells(*["true"] * 24))
    one.finish("j1")
    assert sum(starts) == 24 and least <= max(starts) <= most


def makes_one(gate: Fifo, **more: object) -> Job:
    text = f"read x < {gate.path}; echo $x > {{out}}"
    return Job("test", (Action("a", Shell(text), outputs=(Output("out", public=True),), **more),))  # type: ignore[arg-type]


def heard_end(one: Working) -> list[AttemptEnded]:
    """The worker hears and publishes until an attempt has ended; nobody records it."""
    found: list[AttemptEnded] = []
    give_up = time.monotonic() + DEADLINE
    while not found:
        assert time.monotonic() < give_up, "nothing ends"
        select.select(one.worker.readers(), [], [], 1.0)
        found += [report for report in one.worker.receive() if isinstance(report, AttemptEnded)]
    return found


def test_an_end_that_is_heard_again_before_it_is_recorded_is_said_once(working, tmp_path):
    """Another job is taken up once more meanwhile, and the keeper says again all that it knows."""
    gate = Fifo(tmp_path / "go-a")
    one = working()
    one.submit("b", shells("true"))
    one.finish("b")
    one.worker.close_job("b")
    one.submit("a", shells(hangs(tmp_path, "a")))
    running(one, "a")
    gate.write("done\n")
    ends = heard_end(one)
    again = [*one.worker.open(Briefing(one.job("b"), one.layout("b"))), *one.worker.receive()]
    assert [type(report) for report in again if report.job == "a"] == [], "not even that it began is news"
    one.say(*ends)
    assert one.state("a") == "succeeded"
    gate.close()


def test_what_an_attempt_had_published_that_is_lost_is_taken_away(working, tmp_path):
    """Nobody knows whether it was done: its output is nobody's, although it may never be made again."""
    gate = Fifo(tmp_path / "go")
    first = working()
    first.submit("a", makes_one(gate, idempotent=False))
    running(first, "a")
    gate.write("made\n")
    heard_end(first)
    made = Path(first.layout("a").store.path("out", public=True))
    assert made.read_text() == "made\n"
    [trace] = adoption.keepers(str(tmp_path / "keepers"))
    adoption.end_leftovers(trace, 0.0)
    Path(trace.directory, "exits").write_text("")  # the power went before its record was on disk
    second = working(before=first.die())
    second.open("a")
    second.until(lambda: second.state("a") == "lost")
    assert not made.exists()
    gate.close()


def test_the_children_of_two_keepers_that_died_one_after_the_other_are_heard(working, tmp_path):
    gates = [Fifo(tmp_path / f"go-{name}") for name in "ab"]
    one = working()
    for name in "ab":
        one.submit(name, shells(hangs(tmp_path, name)))
        running(one, name)
        old = one.worker.incarnation
        [trace] = [trace for trace in adoption.keepers(str(tmp_path / "keepers")) if trace.incarnation == old]
        os.kill(trace.pid, signal.SIGKILL)
        one.until(lambda old=old: one.worker.incarnation != old)
    for gate in gates:
        gate.write("well\n")
    one.finish("a", "b")
    assert one.events(e.AttemptLost) == [] and (one.output("a"), one.output("b")) == ("well\n", "well\n")
    for gate in gates:
        gate.close()


def test_an_end_that_is_being_published_counts_though_its_keeper_has_gone(working, tmp_path):
    """Said to be gone too soon, the attempt would be lost, and what it has made nobody's."""
    gate, published = Fifo(tmp_path / "gate"), threading.Event()
    first = working()
    first.submit("j", makes_one(gate, idempotent=False))
    first.until(lambda: first.state("j") == "running")
    second = working(before=first.die())
    second.worker.start()  # so that the first one's keeper is an older one
    second.open("j")
    (older,) = [each for each in adoption.keepers(str(tmp_path / "keepers")) if "j/0/1" in each.begun]

    def held_up() -> AttemptEnded:
        assert published.wait(DEADLINE)
        return AttemptEnded("j", 0, 99, "nobody", 0.0, 0.0)

    second.worker._concluder.give(whole(held_up))  # and what comes behind it
    gate.write("made\n")
    second.until(lambda: second.worker._concluder.open == 2 and not second.worker._older)
    assert gone(older.pid) and second.state("j") == "running"
    published.set()
    second.finish("j")
    assert second.state("j") == "succeeded" and second.events(e.AttemptLost) == []
    gate.close()


def test_a_keeper_that_never_comes_up_is_an_error_and_no_endless_trying(working, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    one = working()
    with pytest.raises(EngineError, match="ended 11 times before it was up"):
        one.submit("j", shells("true"))
        one.finish("j")
    assert one.state("j") in ("ready", "leased")
