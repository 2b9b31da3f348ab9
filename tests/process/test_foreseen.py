"""The warm modules with which a job begins: what is foreseen is what will be asked for, and is ready then."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from job_manager.core.state import JobState
from job_manager.model.job import Action, Input, Job, ModuleCall, Output, Shell, Task
from job_manager.model.record import replace
from job_manager.model.secret import Secret
from job_manager.model.site import Installed, Site
from job_manager.worker import templates as of_keeper
from job_manager.worker.attempt import prepare
from job_manager.worker.brief import Briefing
from job_manager.worker.foreseen import foreseen
from job_manager.worker.layout import Layout
from tests.process.warming import recorded, templates

WARM = {"warm": True, "preload": ("heavy",)}
BASE = {"PATH": "/bin", "HOME": "/"}
M, OTHER = ModuleCall("m"), ModuleCall("n")


def installed(name: str = "m", **more: Any) -> Installed:
    return Installed(name, f"/{name}", "main.py", "/bin/python3", "", f"digest of {name}", **{**WARM, **more})


def site(*modules: Installed, **more: Any) -> Site:
    return Site("/w", "", modules=modules or (installed(), installed("n")), **more)


def several(count: int = 2, work: Any = M, **more: Any) -> tuple[Action, ...]:
    return tuple(Action(f"a{number}", work, **more) for number in range(count))


def together(*children: Task | Action) -> Job:
    return Job("j", (Task("first", children, parallel=True), Task("second", several(9, OTHER), parallel=True)))


def kinds(job: Job, where: Site | None = None) -> list[str]:
    hints = foreseen(job, where or site(), Layout("/nowhere", "j1"))
    return [os.path.basename(os.path.dirname(hint["argv"][1])) for hint in hints]


ALIKE: dict[str, tuple[Job, Site]] = {
    "plain": (together(*several()), site()),
    "a module with an environment of its own": (together(*several()), site(installed(env=(("HELLO", "module"),)))),
    "with an environment, and more than one processor": (
        together(*several(env=(("HELLO", "x"), ("OMP_NUM_THREADS", "3")), cpus=2, memory=1 << 30)),
        site(),
    ),
    "a module that takes two processors": (together(*several()), site(installed(cpus=2, timeout=9.0))),
    "with words and files": (
        together(*several(inputs=(Input("i", "in"),), outputs=(Output("o", "out"),), params=(("n", 1),), timeout=7.0)),
        site(),
    ),
    "limits that are counted": (together(*several(limits=(("gpu", 1),), tags=("t",))), site(counted=("t",))),
}


@pytest.mark.parametrize("name", ALIKE)
def test_what_is_foreseen_shares_its_interpreter_with_the_orders_that_come(name, tmp_path):
    job, where = ALIKE[name]
    layout = Layout(str(tmp_path), "j1")
    hint: Any
    (hint,) = foreseen(job, where, layout)
    brief = Briefing(JobState("j1", job, where, 0.0), layout).brief(1, 1)._replace(reads=())
    order: Any = prepare(brief, layout, "w", 0.0)
    keys = [of_keeper.key_of(each, {**BASE, **each["env"]}) for each in (order, hint)]
    assert keys[0] == keys[1]


def test_only_what_begins_and_only_where_several_want_the_same():
    assert kinds(together(*several())) == ["m"]
    assert kinds(together(*several(), *several(2, OTHER))) == ["m", "n"]
    assert kinds(together(*several(1), *several(1, OTHER))) == []
    assert kinds(together(*several(1), *several(1, cpus=2))) == []
    assert kinds(Job("j", several())) == []  # one after another
    assert kinds(Job("j", several(), parallel=True)) == ["m"]
    assert kinds(Job("j", (Task("a", several(1)), Task("b", several(3), parallel=True)), parallel=True)) == ["m"]
    assert kinds(together(*several(2, needs=("a0",)))) == kinds(together(*several(2, hook="on-failure"))) == []
    assert kinds(together(*several(1, foreach=(("x", (1, 2)),)))) == ["m"]


def test_nothing_that_waits_takes_secrets_or_is_cold():
    job = together(*several())
    for later in (replace(job, paused=True), replace(job, after="4:00")):
        assert kinds(later) == []
    assert kinds(job, site(not_before=1.0)) == kinds(job, site(after_jobs=("j0",))) == []
    assert kinds(job, site(installed(warm=False))) == kinds(job, site(replace(installed(), interpreter=""))) == []
    assert kinds(together(*several(env=(("KEY", Secret("key")),)))) == []
    assert kinds(together(*several(2, Shell("true")))) == []


def hint_of(one: Any) -> Any:
    (order,) = one.orders(())
    return {"argv": order["argv"][:2], "env": order["env"], "warm": order["warm"]}


def test_an_interpreter_that_was_foreseen_is_there_for_the_first_order(module):
    one = module("import sys; print('heavy' in sys.modules)", "heavy")
    (one.folder / "heavy.py").write_text("")
    one.keeper.link.foresee([hint_of(one)])
    assert one.run(()) == [(0, None, b"True\n")] and len(templates(one.keeper)) == 1
    assert one.run((), ()) == [(0, None, b"True\n")] * 2 and len(recorded(one.keeper)) == 1


def test_what_was_foreseen_wrongly_costs_nothing_but_its_making(module):
    one = module("print('done')", "heavy")
    (one.folder / "heavy.py").write_text("raise OSError")
    hint = hint_of(one)
    one.keeper.link.foresee([hint, {**hint, "argv": ["/no/such", "x"]}])
    assert one.run((), ()) == [(0, None, b"done\n")] * 2
    assert set(one.keeper.notes.values()) == {"started cold, not warm: importing heavy fails: OSError: "}
    assert sys.executable not in one.keeper.notes
