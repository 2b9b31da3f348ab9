"""One worker with the jobs of several callers: each with its own environment and umask, closed when it is over, with more
or fewer slots from one moment to the next."""

from __future__ import annotations

import os
from pathlib import Path

from job_manager.core import events as e
from tests.process.keeping import Fifo
from tests.process.working import shells

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
