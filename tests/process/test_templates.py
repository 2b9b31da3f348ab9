"""Templates, from which actions of warm modules are copied: when they come up, what they refuse, how they end.

How alike a copy is to a start from nothing is in test_warm.py.
"""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from job_manager.worker import adoption, copies
from job_manager.worker import templates as of_keeper
from job_manager.worker.adoption import end_leftovers, leftovers, read_trace
from job_manager.worker.child import LOG_FLAGS, Attempt
from tests.process.keeping import DEADLINE, gone, is_alive
from tests.process.warming import ENV, come_up, order_of, recorded, templates

HOOK = Path(adoption.__file__).parent / "warm"


def test_the_first_of_its_kind_is_started_cold_and_the_second_asks_for_a_template(module):
    one = module("pass")
    assert one.run(()) == [(0, None, b"")] and recorded(one.keeper) == []
    assert one.run(()) == [(0, None, b"")] and len(recorded(one.keeper)) == 1
    assert one.run(()) == [(0, None, b"")] and len(recorded(one.keeper)) == 1


def test_what_differs_in_more_than_its_own_variables_has_a_template_of_its_own(module):
    one = module("import heavy, os; print(heavy.hello, os.environ['HELLO'])", "heavy")
    (one.folder / "heavy.py").write_text("import os; hello = os.environ['HELLO']")
    for word in ("one", "two"):
        ends = one.run((), (), env={"HELLO": word, "JM_ATTEMPT": word})
        assert {end[2].decode() for end in ends} == {f"{word} {word}\n"}
    assert len(templates(one.keeper)) == 2
    one.digest = "2"
    (one.folder / "heavy.py").write_text("hello = 'changed'")
    assert {end[2] for end in one.run((), (), env={"HELLO": "one"})} == {b"changed one\n"}


@pytest.mark.long
def test_a_template_notices_that_what_it_has_imported_has_changed(module):
    one = module("import heavy; print(heavy.word)", "heavy")
    (one.folder / "heavy.py").write_text("word = 'old'")
    assert {end[2] for end in one.run((), ())} == {b"old\n"}
    (pid,) = templates(one.keeper)
    (one.folder / "heavy.py").write_text(
        "word = 'new'  # of another size: else the compiled form of before would count"
    )
    heard = {one.run(())[0][2]}
    while heard != {b"new\n"}:  # within a second
        assert heard <= {b"old\n"}
        heard = {one.run(())[0][2]}
    assert {end[2] for end in one.run((), (), ())} == {b"new\n"}
    assert gone(pid) and one.keeper.notes == {}


UNFIT = {
    "fails": ("import no_such_module", "importing heavy fails: ModuleNotFoundError: No module named 'no_such_module'"),
    "leaves the interpreter": ("import sys; sys.exit(3)", "importing heavy fails: SystemExit: 3"),
    "leaves threads": (
        "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
        "importing heavy leaves threads running",
    ),
    "leaves processes": (
        "import subprocess, sys\np = subprocess.Popen(['/bin/sleep', '0.01'])",
        "importing heavy leaves processes running",
    ),
    "leaves a file open": ("held = open(__file__)", "importing heavy leaves files open"),
    "shares memory": (
        "import mmap; held = mmap.mmap(-1, 4096)",
        "importing heavy leaves memory that would be shared",
    ),
    "prints": ("print('hello')", "importing what it preloads prints something"),
    "leaves files": ("open('file', 'w').close()", "importing what it preloads leaves files"),
    "ends": ("import os; os._exit(3)", f"{sys.executable} cannot be prepared, or has ended"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_cannot_be_prepared_is_started_cold_with_a_note(module, name):
    text, why = UNFIT[name]
    one = module("import heavy; print('done')", "heavy")
    (one.folder / "heavy.py").write_text(text)
    ((code, _, output),) = one.run((), warm=False)
    assert [end[0] for end in one.run((), (), ())] == [code] * 3
    assert set(one.keeper.notes.values()) == {f"started cold, not warm: {why}"} and templates(one.keeper) == []
    assert (code == 0) == output.endswith(b"done\n")
    assert [name for name in os.listdir(one.keeper.directory) if name.startswith("warm-")] in ([], ["warm-1"])


def test_a_device_that_is_open_is_nobodys(module):
    one = module("import heavy; print(len(heavy.held.read(8)))", "heavy")
    (one.folder / "heavy.py").write_text("held = open('/dev/urandom', 'rb', 0)")
    assert {end[2] for end in one.run((), ())} == {b"8\n"} and len(templates(one.keeper)) == 1


def test_an_interpreter_that_is_none_or_hears_nothing_is_never_given_the_entrypoint(module, tmp_path):
    """Its entrypoint would be run without its words."""
    deaf = tmp_path / "deaf"
    deaf.write_text(f'#!/bin/sh\nexec {sys.executable} -E "$@"\n')
    deaf.chmod(0o755)
    one = module("import sys; print(sys.argv[1:]); open(sys.argv[1], 'x')")
    for program in (str(deaf), "/bin/sh"):
        if program == "/bin/sh":
            one.main.write_text('echo "[$1]"; : > "$1"')
        files = [str(tmp_path / f"{os.path.basename(program)}-{number}") for number in range(3)]
        orders = one.orders(*[(file,) for file in files])
        for order in orders:
            order["argv"][0] = program
        one.keeper.link.start(orders)
        assert [one.keeper.exit(order["token"])["code"] for order in orders] == [0, 0, 0]
        assert [Path(order["log"]).read_text().count(file) for order, file in zip(orders, files, strict=True)] == [
            1
        ] * 3
        assert f"started cold, not warm: {program} cannot be prepared, or has ended" in one.keeper.notes.values()


def test_others_do_not_wait_for_a_template_that_is_coming_up(module):
    one = module("pass", "slow")
    told, go = one.keeper.fifo("told"), one.keeper.fifo("go")
    (one.folder / "slow.py").write_text(f"open({told.path!r}, 'w').write('up'); open({go.path!r}).readline()")
    orders = one.orders((), ())
    one.keeper.link.start(orders)
    told.read()
    assert one.keeper.run("other", "/bin/echo", "here")["code"] == 0
    one.keeper.link.stop([(orders[0]["token"], 0.0)])
    one.keeper.until(lambda: one.keeper.returned == [orders[0]["token"]])
    go.write("\n")
    assert one.keeper.exit(orders[1]["token"])["code"] == 0
    assert orders[0]["token"] not in one.keeper.exits


def test_a_template_that_is_killed_costs_nothing_but_its_making(module):
    one = module("import os; print(os.getppid())")
    one.run((), ())
    (first,) = templates(one.keeper)
    os.kill(first, signal.SIGKILL)
    assert gone(first)
    assert {end[0] for end in one.run((), (), (), ())} == {0}
    assert "no copy could be made" not in str(one.keeper.notes)


@pytest.mark.long
def test_a_template_that_does_not_answer_is_given_up(module):
    one = module("import os; print(os.getppid())")
    one.run((), ())
    (first,) = templates(one.keeper)
    os.kill(first, signal.SIGSTOP)
    assert {end[0] for end in one.run((), ())} == {0}
    assert gone(first) and "started cold, not warm: no copy could be made" in one.keeper.notes.values()


def test_copies_live_on_when_the_keeper_is_killed_and_its_templates_do_not(module, subreaper):
    one = module("import os, sys; open(sys.argv[1], 'w').write('x'); __import__('signal').pause()")
    told = one.keeper.fifo("told")
    orders = one.orders((told.path,), (told.path,))
    one.keeper.link.start(orders)
    pids = {one.keeper.pid(order["token"]) for order in orders}
    (template,) = templates(one.keeper)
    one.keeper.kill()
    assert gone(template)
    trace = read_trace(one.keeper.directory)
    assert {(left.token, left.process.pid) for left in leftovers(trace)} == {
        (order["token"], one.keeper.pid(order["token"])) for order in orders
    }
    assert all(is_alive(pid) for pid in pids)
    assert end_leftovers(trace, 0.0) == [] and all(gone(pid) for pid in pids)


DAEMON = """
import os, signal, sys
if os.fork() == 0:
    os.setsid()
    open(sys.argv[1], "w").write("x ")
signal.pause()
"""


def test_what_a_copy_has_begun_is_known_by_its_token_when_nothing_else_is_written_down(module, subreaper):
    one = module(DAEMON)
    told = one.keeper.fifo("told")
    orders = one.orders((told.path,), (told.path,))
    one.keeper.link.start(orders)
    told.words(2)
    one.keeper.kill()
    starts = Path(one.keeper.directory) / "starts"
    starts.write_text("".join(line for line in starts.read_text().splitlines(True) if '"pid"' not in line))
    left = leftovers(read_trace(one.keeper.directory))
    assert sorted(each.token for each in left) == sorted(2 * [order["token"] for order in orders])
    assert end_leftovers(read_trace(one.keeper.directory), 0.0) == []


def test_no_template_knows_a_secret(module):
    one = module("import heavy, os; print(heavy.word, len(os.environ['WORD']))", "heavy")
    (one.folder / "heavy.py").write_text("import os; word = os.environ.get('WORD')")
    for word in ("CANARY-number-one", "CANARY-2"):
        env = {"WORD": word}
        ends = one.run((), (), env=env, secrets=["WORD"])
        assert {end[2] for end in ends} == {b"None %d\n" % len(word)}
    (pid,) = templates(one.keeper)
    assert b"CANARY" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_a_keeper_that_leaves_takes_its_templates_along(module):
    one = module("pass")
    one.run((), ())
    (template,) = templates(one.keeper)
    one.keeper.link.leave()
    one.keeper.link.flush()
    assert one.keeper.link.ended() and not is_alive(template)


PAINTING = """
import os, runpy, sys
kernel = runpy.run_path(sys.argv[1])["Kernel"]()
class Old:
    def __getattr__(self, name): return getattr(libc, name)
    def prctl(self, *words): return -1
libc, kernel._libc = kernel._libc, Old()
kernel.call_itself([b"python"], [b"JM_ATTEMPT_TOKEN=a/1/1", b"B=2"], [b"ADDED=1"])
print(open("/proc/self/environ").read().rstrip("\\0").split("\\0"), flush=True)
os.execv("/usr/bin/env", ["env"])
"""


def test_where_the_kernel_cannot_be_told_the_environment_is_painted_over(tmp_path):
    (tmp_path / "painting.py").write_text(PAINTING)
    argv = [sys.executable, str(tmp_path / "painting.py"), str(HOOK / "sitecustomize.py")]
    env = {"LONG": "x" * 200, "LC_ALL": "C.UTF-8"}
    shown, *inherited = subprocess.run(argv, env=env, capture_output=True, text=True, check=True).stdout.splitlines()
    assert shown == "['JM_ATTEMPT_TOKEN=a/1/1', 'B=2']"
    assert inherited == ["JM_ATTEMPT_TOKEN=a/1/1", "B=2", "ADDED=1"]


def test_both_ends_agree_on_what_they_have_in_common():
    hook = runpy.run_path(str(HOOK / "sitecustomize.py"))
    assert (hook["SOCKET"], str(HOOK)) == (of_keeper.SOCKET, of_keeper.HOOK)
    assert hook["LARGEST"] == copies.LARGEST
    assert (adoption.TEMPLATES, adoption.COMING_UP) == (of_keeper.RECORD, of_keeper.FOLDER)
    assert of_keeper.LOG_FLAGS == LOG_FLAGS | os.O_CLOEXEC


def test_that_it_is_ready_is_not_missed_though_somebody_asks_meanwhile_who_there_is(host, tmp_path):
    """What outlives an attempt makes the keeper ask, at any moment."""
    ours = of_keeper.Templates(host)
    order = order_of(tmp_path)
    ours.meet(order, ENV)
    ours.meet(order, ENV)
    assert ours.holds(order, ENV) and host.poll.poll(DEADLINE * 1000)  # it has said so
    ours.hear()
    come_up(host, ours)
    assert not ours.holds(order, ENV)
    ours.close()


def test_a_template_without_work_is_dropped_after_its_time_and_one_that_does_not_come_up_after_its_own(host, tmp_path):
    ours = of_keeper.Templates(host)
    order = order_of(tmp_path)
    ours.meet(order, ENV)
    assert not ours.holds(order, ENV) and host.apart == set()
    ours.meet(order, ENV)
    assert ours.holds(order, ENV)
    (pid,) = host.apart
    come_up(host, ours)
    assert not ours.holds(order, ENV) and 0 < ours.due() - time.monotonic() <= of_keeper.IDLE
    ours.expire(ours.due() - 1.0)
    assert is_alive(pid)
    ours.expire(ours.due())
    assert gone(pid) and ours.due() == of_keeper.NEVER
    assert ours.holds(order, ENV)  # it comes up again
    ours.expire(ours.due())
    assert not ours.holds(order, ENV) and all(map(gone, host.apart))
    ours.close()


def test_where_no_orphan_is_handed_over_everything_is_started_cold(host, tmp_path):
    host.subreaper = False
    ours = of_keeper.Templates(host)
    order = order_of(tmp_path)
    ours.meet(order, ENV)
    ours.meet(order, ENV)
    assert not ours.holds(order, ENV) and ours.copy(Attempt("a"), order, ()) == 0
    assert host.noted == ['["a","started cold, not warm: it takes Linux"]'] and host.apart == set()


def test_a_copy_joins_the_group_that_bounds_its_memory_before_it_begins(host, tmp_path):
    ours = of_keeper.Templates(host)
    order = {**order_of(tmp_path), "cwd": str(tmp_path)}
    group = tmp_path / "group"
    group.mkdir()
    (group / "cgroup.procs").write_text("")
    (tmp_path / "main.py").write_text("print(open('group/cgroup.procs').read())")
    attempt = Attempt("a")
    attempt.env = ENV
    attempt.group, attempt.logs = str(group), (str(tmp_path / "log"),)
    for _ in range(2):
        ours.meet(order, ENV)
    assert ours.holds(order, ENV)
    come_up(host, ours)
    pid = ours.copy(attempt, order, ())
    assert os.waitpid(pid, 0) == (pid, 0) and (tmp_path / "log").read_text().strip() == str(pid)
    ours.copy_ended(attempt)
    ours.close()


def test_there_are_only_so_many_templates(host, tmp_path):
    ours = of_keeper.Templates(host)
    orders = [order_of(tmp_path, digest=str(number)) for number in range(of_keeper.MOST + 1)]
    for order in [*orders, *orders]:
        ours.meet(order, ENV)
    assert [ours.holds(order, ENV) for order in orders] == [True] * of_keeper.MOST + [False]
    assert len(host.apart) == of_keeper.MOST
    pids = set(host.apart)
    ours.close()
    assert all(map(gone, pids))


def test_paths_of_python_that_are_not_absolute_are_left_to_a_start_from_nothing(module):
    one = module("import sys; print(sys.path[1])")
    ends = one.run((), (), env={"PYTHONPATH": "here"})
    assert [Path(end[2].decode().strip()).name for end in ends] == ["here", "here"]
    assert set(one.keeper.notes.values()) == {"started cold, not warm: PYTHONPATH has a path that is not absolute"}
