"""Copies of a template that are made ahead of their orders: who they are until then, and what becomes of them.

How alike a copy is to a start from nothing is in test_warm.py, how templates come and go in test_templates.py.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from job_manager.worker import templates as of_keeper
from job_manager.worker.child import Attempt
from job_manager.worker.processes import children_of, marks_of
from tests.crash.farm import wait_for
from tests.process.keeping import gone, is_alive
from tests.process.warming import ENV, Host, Module, come_up, order_of, recorded, templates


def waiting(one: Module) -> set[int]:
    """The children of the keeper that are nobody's: its templates, and copies without an order."""
    return {pid for pid in children_of(one.keeper.link.pid) if marks_of(pid) == ("", "")}


PARENT = "import os, sys; print(os.getppid(), os.getpid() == os.getsid(0))"


def test_of_many_orders_copies_are_made_ahead_and_all_are_the_keepers_children(module):
    one = module(PARENT)
    ends = one.run(*[()] * 30)
    assert {end[2] for end in ends} == {b"%d True\n" % one.keeper.link.pid} and len(recorded(one.keeper)) == 1


def test_a_copy_without_an_order_belongs_to_no_attempt(module):
    """What outlives its attempt is found and ended; copies that wait meanwhile are not, and cost nobody anything."""
    one = module("import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(100)")
    orders = one.orders(*[()] * 20)
    one.keeper.link.start(orders)
    assert {one.keeper.exit(order["token"])["left"] for order in orders} == {1}
    assert len(recorded(one.keeper)) == 1 and one.keeper.notes == {}
    wait_for(lambda: waiting(one) == set(templates(one.keeper)), "an end of copies")


def test_copies_that_wait_end_with_the_keeper_and_with_their_template(module):
    one = module("import sys; open(sys.argv[1]).readline()")
    go = one.keeper.fifo("go")
    orders = one.orders(*[(go.path,)] * 40)
    one.keeper.link.start(orders)
    wait_for(lambda: len(waiting(one)) > 1, "copies")
    (template,) = templates(one.keeper)
    copies = waiting(one) - {template}
    os.kill(template, signal.SIGKILL)
    assert gone(template)
    wait_for(lambda: not copies & waiting(one), "their end")  # or an order had been on its way
    one.keeper.kill()
    assert all(map(gone, waiting(one)))


@pytest.fixture
def up(host: Host, tmp_path: Path):
    """A template that is up, and an attempt with its order."""
    ours = of_keeper.Templates(host)
    order = {**order_of(tmp_path), "cwd": str(tmp_path)}
    attempt = Attempt("a")
    attempt.env, attempt.logs = ENV, (str(tmp_path / "log"),)
    for _ in range(2):
        ours.meet(order, ENV)
    assert ours.holds(order, ENV)
    come_up(host, ours)
    host.queue, host.queued = list("bcdefghijkl"), dict.fromkeys("bcdefghijkl", (attempt, order))
    yield ours, attempt, order
    ours.close()


def ended(host: Host, ours: of_keeper.Templates, attempt: Attempt, pid: int) -> None:
    _, attempt.status = os.waitpid(pid, 0)
    ours.copy_ended(attempt)


def stocked(ours: of_keeper.Templates, attempt: Attempt, order: Any, host: Host) -> of_keeper.Template:
    """Its template, when several copies wait: after two orders within a short time more are made."""
    for _ in range(2):
        ended(host, ours, attempt, ours.copy(attempt, order, ()))
    [template] = ours._templates.values()
    while template.making:
        ours.hear()
    assert len(template.stock) > 1
    return template


def reap(host: Host, pid: int) -> None:
    """As a keeper does."""
    os.waitpid(pid, 0)
    host.apart.discard(pid)


def test_a_copy_that_cannot_become_the_action_has_not_been_started(host, up, monkeypatch):
    ours, attempt, order = up
    with monkeypatch.context() as patch:  # what else was patched stays: the working directory
        patch.setattr(of_keeper, "message", lambda *_: b"what is this")
        ended(host, ours, attempt, ours.copy(attempt, order, ()))
    assert (attempt.why, attempt.status) == ("spawn", None) and attempt.error
    again = Attempt("b")
    again.env, again.logs = attempt.env, attempt.logs
    ended(host, ours, again, ours.copy(again, order, ()))
    assert (again.why, again.status) == (None, 0)


def test_one_that_ends_badly_by_itself_has_been(host, up, tmp_path):
    ours, attempt, order = up
    (tmp_path / "main.py").write_text("raise SystemExit(1)")
    ended(host, ours, attempt, ours.copy(attempt, order, ()))
    assert (attempt.why, os.waitstatus_to_exitcode(attempt.status or 0)) == (None, 1)


def test_none_waits_long(host, up, monkeypatch):
    """It has imported what there was when it was made."""
    ours, attempt, order = up
    template = stocked(ours, attempt, order, host)
    waiting = {copy.pid for copy in template.stock}
    monkeypatch.setattr(of_keeper, "FRESH", 0.0)
    pid = ours.copy(attempt, order, ())
    assert pid and pid not in waiting and not template.stock
    for old in waiting:
        reap(host, old)
    ended(host, ours, attempt, pid)


def test_a_copy_that_was_killed_while_it_waited_is_given_no_order(host, up):
    ours, attempt, order = up
    template = stocked(ours, attempt, order, host)
    first = template.stock[0].pid
    os.kill(first, signal.SIGKILL)
    reap(host, first)
    pid = ours.copy(attempt, order, ())
    assert pid not in (0, first) and is_alive(template.pid)
    ended(host, ours, attempt, pid)


CUSTOMS = """
import site, sys
print("usercustomize" in sys.modules, site.execusercustomize.__module__, site.execusercustomize.__name__)
print(sys.path_importer_cache[sys.argv[0]])
"""


@pytest.mark.parametrize("text", ["", "import sys; sys.custom = 1"])
def test_the_customs_of_a_user_are_followed_as_in_a_start_from_nothing(module, tmp_path, text):
    """`site` has them done in the template; a copy finds everything as they leave it."""
    python = os.path.realpath(sys.executable)  # in a venv nobody has any
    one = module(CUSTOMS)
    base = tmp_path / "base"
    folder = base / f"lib/python3.{sys.version_info.minor}/site-packages"
    folder.mkdir(parents=True)
    if text:
        (folder / "usercustomize.py").write_text(text)
    found = []
    for warm in (False, True):
        orders = one.orders((), (), (), warm=warm, env={"PYTHONUSERBASE": str(base)})
        for order in orders:
            order["argv"][0] = python
        one.keeper.link.start(orders)
        assert {one.keeper.exit(order["token"])["code"] for order in orders} == {0}
        found += [Path(order["log"]).read_text() for order in orders]
    assert set(found) == {f"{bool(text)} site execusercustomize\nNone\n"}
    assert len(recorded(one.keeper)) == 1 and one.keeper.notes == {}


RAISING = """
import sys
class Hook:
    def __call__(self, path): raise RuntimeError("no")
sys.path_hooks.insert(0, Hook())
"""


@pytest.mark.parametrize("what", ["a hook that raises", "no ctypes"])
def test_a_template_never_goes_on_to_the_entrypoint_itself(module, tmp_path, what):
    """`site` makes nothing of what is raised there, and the interpreter would go on, without words and token."""
    ledger = tmp_path / "ledger"
    text = f"import os, sys\nwith open({str(ledger)!r}, 'a') as file: print(sys.argv[1:], file=file)\n"
    one = module(text, *(["heavy"] if what == "a hook that raises" else []))
    (one.folder / "heavy.py").write_text(RAISING)
    folder = tmp_path / "path"
    folder.mkdir()
    if what == "no ctypes":
        (folder / "ctypes.py").write_text("raise ImportError('none')")
    orders = one.orders(*[("word",)] * 4, env={"PYTHONPATH": str(folder)})
    one.keeper.link.start(orders)
    for order in orders:
        one.keeper.exit(order["token"])
    lines = ledger.read_text().splitlines() if ledger.exists() else []
    assert set(lines) <= {"['word']"} and (what == "a hook that raises" or len(lines) == 4)


def test_a_keeper_ends_though_a_copy_that_it_has_let_go_was_stopped(host, up, monkeypatch):
    ours, attempt, order = up
    template = stocked(ours, attempt, order, host)
    old = template.stock[0].pid
    os.kill(old, signal.SIGSTOP)
    monkeypatch.setattr(of_keeper, "FRESH", 0.0)
    ended(host, ours, attempt, ours.copy(attempt, order, ()))
    ours.close()
    assert gone(old)
