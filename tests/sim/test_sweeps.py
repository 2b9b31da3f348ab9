"""Misfortunes at every system call of one short life, each in a life of its own: nothing here is left to chance.

Knows nothing of what is right; a life judges itself.
"""

from __future__ import annotations

import pytest

from job_manager.core.events import ActionSucceeded, unpack
from job_manager.model.job import Action, Command, Job, Output
from tests.sim.disk import File
from tests.sim.plan import Fault, Plan
from tests.sim.world import World

ONCE = Action("once", Command(("/bin/do",)), idempotent=False, outputs=(Output("only", public=True),))
MAKES = Action("makes", Command(("/bin/do",)), outputs=(Output("made", public=True),))
AGAIN = Action("again", Command(("/bin/do",)), outputs=(Output("more"),), retries=3)
JOB = Job("swept", (ONCE, MAKES, AGAIN))
PLAIN = Job("plain", (Action("one", Command(("/bin/do",))), Action("two", Command(("/bin/do",)))))
STEP = 4  # of so many calls each is struck, and each other one by another seed


def swept(most, *faults, seeds=2, careful=None, job=JOB, step=STEP):
    """Lives in which the first fault strikes at each of so many calls after its event."""
    for seed in range(seeds):
        for calls in range(seed % step, most, step):
            first, *others = faults
            told = [first._replace(calls=calls), *others]
            World(seed, plan=Plan(seed).told(told, job, bool(seed % 2) if careful is None else careful)).run()


def fault(kind, on, calls=0, name="f1"):
    return Fault(name, kind, 0.0, calls, 1.0, on)


@pytest.mark.parametrize("kind", ["kill holder", "kill all", "power cut"])
def test_at_every_call_after_a_submission(kind):
    swept(240, fault(kind, "request"))


@pytest.mark.parametrize("kind", ["kill holder", "kill keeper", "kill holder and keeper", "power cut", "disk full"])
def test_at_every_call_after_the_first_end(kind):
    swept(150, fault(kind, "end"))


@pytest.mark.parametrize("calls", [0, 40])
def test_the_power_goes_while_nobody_holds_the_directory(calls):
    """What had ended is on record, and its outputs are not published."""
    next_start = fault("power cut", "start", calls, "f2")._replace(at=0.005)  # not the first
    swept(100, fault("kill holder", "end"), next_start, seeds=6, careful=True)


def test_killed_again_at_every_call_of_the_recovery():
    swept(400, fault("kill holder", "start"), fault("kill holder", "request", 25, "f2"), seeds=1)


def test_two_keepers_die_one_after_the_other():
    swept(150, fault("kill keeper", "end"), fault("kill keeper", "end", 60, "f2"))


@pytest.mark.parametrize("kind", ["kill keeper", "kill holder and keeper"])
def test_at_every_call_after_a_child_began(kind):
    swept(40, fault(kind, "begin"), seeds=3)


def test_the_disk_fails_at_every_call_after_a_submission():
    swept(40, fault("sync fails", "request"))


def test_the_disk_fails_at_every_call_of_the_next_start():
    """What has ended meanwhile is published then, and recorded."""
    swept(200, fault("sync fails", "start")._replace(at=0.005), fault("kill holder", "end", 10, "f2"))


def test_the_disk_fails_as_it_comes_up_after_a_power_cut():
    """A job of which only the journal still knows is not left alone for that."""
    cut = fault("power cut", "begin", 60, "f2")
    swept(40, fault("sync fails", "start")._replace(at=0.005), cut, seeds=6, careful=False, step=5)


def test_killed_at_every_call_around_the_record_of_an_end():
    """Nothing is to be published: the keeper is told at once what it may forget."""
    swept(40, fault("kill holder", "end"), seeds=2, job=PLAIN, step=1)


class Looking(World):
    """A world that looks at the platter as an end is recorded."""

    forced = 0

    def committed(self, job, packed):
        super().committed(job, packed)
        for event in (unpack(job, row) for row in packed):
            if isinstance(event, ActionSucceeded) and not self.plan.repeats(job, event.action):
                records = [
                    node for path, node in self.kernel.tree() if path.endswith("/exits") and isinstance(node, File)
                ]
                self.forced += any(
                    f'"{job}/{event.action}/{event.attempt}"'.encode() in node.synced for node in records
                )


def test_how_that_ended_which_may_not_run_twice_is_on_disk_before_anybody_is_told():
    for seed in range(8):
        life = Looking(seed, plan=Plan(seed).told([], JOB, careful=False))
        life.run()
        assert life.forced == 1
