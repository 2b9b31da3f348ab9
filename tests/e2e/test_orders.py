"""Orders of JobManager run for real: values handed on, logs, `.jobstatus`, failures, two in one folder, kills.

Knows what JobManager's users look at; nothing of how an order is read.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.e2e.person import PATIENCE, Folder, gone

CODE = """
import os, signal, subprocess, sys

class Thing:
    def __init__(self, name):
        self.name = name

def make(name):
    return Thing(name), [1, 2]

def look(thing, numbers):
    print("looked at", type(thing).__name__, thing.name, numbers)

def loud(text):
    print("out", text)
    print("err", text, file=sys.stderr)
    subprocess.run(["sh", "-c", "echo from a child; echo and its errors >&2"])
    os.write(1, b"straight\\n")

def count():
    with open("counted", "a") as file:
        file.write("x\\n")

def wait(name):
    with open(name + ".at", "w") as file:
        file.write(f"{os.getpid()}\\n")
    with open(name + ".go") as file:
        file.read()

def fail():
    raise TypeError("no such thing")

def leave():
    os._exit(0)

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def several(*values):
    print(values)
    return values

def python():
    print(sys.executable)
"""


def order(*calls: str, **more: str) -> str:
    keys = "".join(f"{key}: {value}\n" for key, value in more.items())
    return f"{keys}Modules: {{w: work.py}}\nOrder:\n" + "".join(f"- {{Module: w, {call}}}\n" for call in calls)


@pytest.fixture
def work(here: Folder) -> Folder:
    here.write("jobs/work.py", CODE)
    return here


def status(folder: Folder) -> list[str]:
    first, second, *words = folder.lines("jobs/.jobstatus")
    assert first.startswith("# job ") and second == "status:"
    return [word.removeprefix("- ") for word in words]


def test_values_of_any_kind_are_handed_on_and_nothing_is_evaluated(work):
    work.write("jobs/a.yaml", order(
        "Function: make, Inputs: [{name: 3+4}], Outputs: [thing, numbers]",
        "Function: look, Inputs: [thing, numbers]",
        "Function: several, Declares: {self: 1}, Inputs: [{call: sys.exit()}, self, {number: 2.5}, x], Outputs: [t]",
        "Function: several, Inputs: {t: null, number: ~}",
    ))  # fmt: skip
    told = work.jm("run", "jobs/a.yaml")
    assert told.code == 0, told
    assert work.lines("jobs/job.log") == [
        "looked at Thing 3+4 [1, 2]",
        "('sys.exit()', 1, 2.5, None)",
        "(('sys.exit()', 1, 2.5, None), 2.5)",
    ]
    assert status(work) == ["w.make", "w.look", "w.several", "w.several", "Done"]
    assert work.jm("logs", "last/order").out == work.read("jobs/job.log")


def test_it_stops_at_the_first_exception_and_says_where(work):
    work.write("jobs/.jobstatus", "status:\n- Done\n")
    work.write("jobs/a.yaml", order(
        "Function: count", "Function: count", "Function: fail, Log: third.txt", "Function: count", "Function: count",
    ))  # fmt: skip
    told = work.jm("run", "jobs/a.yaml")
    assert told.code == 1
    assert "reason   call 3 of 5 (w.fail): TypeError: no such thing (exit code 1)" in told.err
    assert status(work) == ["w.count", "w.count", "w.fail", "Exception"]
    assert len(work.lines("jobs/counted")) == 2
    log = work.read("jobs/third.txt")
    assert log.startswith("Traceback (most recent call last):\n") and "runners" not in log
    assert log.endswith("TypeError: no such thing\n") and work.read("jobs/job.log") == log
    shown = work.jm("status", "last/order")
    assert [line.split()[2] for line in shown.out.splitlines()[3:]] == [
        "succeeded", "succeeded", "failed", "waiting", "waiting",
    ]  # fmt: skip
    calls = work.jm("status", "last/order", "--json").json["calls"]
    assert [call["call"] for call in calls] == ["w.count", "w.count", "w.fail", "w.count", "w.count"]
    assert calls[2]["message"] == "TypeError: no such thing" and calls[2]["log"] == str(work.path / "jobs/third.txt")
    assert calls[1]["ended"] >= calls[1]["began"] and calls[3]["began"] is None
    assert work.jm("status", "last", "--json").json["actions"][0]["calls"] == calls


def test_an_exception_without_a_log_of_its_own_is_in_the_job_log(work):
    work.write("jobs/a.yaml", order("Function: fail"))
    assert work.jm("run", "jobs/a.yaml").code == 1
    assert work.lines("jobs/job.log")[-1] == "TypeError: no such thing"
    assert work.read("jobs/job.log").count("Traceback") == 1


def test_a_module_that_cannot_be_imported_is_said_like_a_call(work):
    work.write("jobs/broken.py", "import no_such_package\ndef f(): pass\n")
    work.write("jobs/a.yaml", "Modules: {b: broken.py}\nOrder: [{Module: b, Function: f}]\n")
    told = work.jm("run", "jobs/a.yaml")
    assert told.code == 1 and status(work) == ["Exception"]
    assert "module b (broken.py): ModuleNotFoundError: No module named 'no_such_package'" in told.err
    assert "a .venv in " in told.err


def test_log_takes_what_one_call_prints_and_what_its_children_print(work):
    work.write("jobs/two.txt", "from before\n")
    work.write("jobs/a.yaml", order(
        "Function: loud, Inputs: [{t: one}]", "Function: loud, Inputs: [{t: two}], Log: ./two.txt",
        "Function: loud, Inputs: [{t: three}]",
    ))  # fmt: skip
    assert work.jm("run", "jobs/a.yaml").code == 0
    rest = ["from a child", "and its errors", "straight"]
    assert work.lines("jobs/two.txt") == ["out two", "err two", *rest]
    assert work.lines("jobs/job.log") == ["out one", "err one", *rest, "out three", "err three", *rest]


def test_a_function_that_ends_the_process_has_not_done_well(work):
    work.write("jobs/a.yaml", order("Function: count", "Function: leave", "Function: count"))
    told = work.jm("run", "jobs/a.yaml")
    assert told.code == 1 and "call 2 of 3 (w.leave): the process ended in the middle of it" in told.err
    assert status(work) == ["w.count", "w.leave", "Exception"]


def test_a_killed_order_does_not_look_as_if_it_ran_and_resume_begins_with_its_first_call(work):
    work.write("jobs/a.yaml", order("Function: count", "Function: kill"))
    assert work.jm("run", "jobs/a.yaml").code == 1
    assert status(work) == ["w.count", "w.kill", "Exception"]
    work.write("jobs/work.py", CODE.replace("os.kill(os.getpid(), signal.SIGKILL)", "pass"))
    told = work.jm("resume", "last")
    assert told.code == 0 and "note: order is run again from its first call" in told.both, told
    assert status(work) == ["w.count", "w.kill", "Done"] and len(work.lines("jobs/counted")) == 2
    assert "attempt 2" in work.lines("jobs/.jobstatus")[0]


def test_two_in_one_folder_do_not_speak_for_each_other(work):
    for name in ("a", "b"):
        text = order(
            f"Function: wait, Inputs: [{{n: {name}}}]", "Function: count", f"Function: wait, Inputs: [{{n: {name}2}}]"
        )
        work.write(f"jobs/{name}.yaml", text)
    fifos = {
        name: work.fifo(f"jobs/{name}") for name in ("a.at", "a.go", "a2.at", "a2.go", "b.at", "b.go", "b2.at", "b2.go")
    }
    for name in ("a.at", "a2.at", "b.at", "b2.at"):
        fifos[name].listen()
    first = work.start("--home", "one", "run", "jobs/a.yaml")
    fifos["a.at"].hear()
    second = work.start("--home", "two", "run", "jobs/b.yaml")
    fifos["b.at"].hear()
    of_second = work.lines("jobs/.jobstatus")[0]
    fifos["a.go"].release()
    fifos["a2.at"].hear()
    fifos["a2.go"].release()
    assert first.wait(PATIENCE) == 0
    assert status(work) == ["w.wait"] and work.lines("jobs/.jobstatus")[0] == of_second  # the first one is done
    fifos["b.go"].release()
    fifos["b2.at"].hear()
    assert status(work) == ["w.wait", "w.count", "w.wait"]
    fifos["b2.go"].release()
    assert second.wait(PATIENCE) == 0 and status(work)[-1] == "Done"


def test_jm_may_be_killed_while_an_order_runs_which_goes_on(work):
    at, go = work.fifo("jobs/x.at").listen(), work.fifo("jobs/x.go")
    work.write("jobs/a.yaml", order("Function: count", "Function: wait, Inputs: [{n: x}]", "Function: count"))
    killed = work.start("run", "jobs/a.yaml")
    (pid,) = at.hear()
    assert killed.stdout is not None
    assert any(b"order: call 2 of 3: w.wait" in line for line in killed.stdout)
    shown = work.jm("status", "last/order").out
    assert "running  w.wait" in shown and "waiting  w.count" in shown
    assert work.jm("status", "last", "--json").json["actions"][0]["message"] == "call 2 of 3: w.wait"
    killed.kill()
    killed.wait()
    assert not gone(int(pid))
    go.release()
    told = work.jm("resume", "last")
    assert told.code == 0 and "first call" not in told.both, told
    assert len(work.lines("jobs/counted")) == 2 and status(work)[-1] == "Done"


def test_ctrl_c_is_seen_in_the_status_and_resume_says_that_it_begins_again(work):
    at, go = work.fifo("jobs/x.at").listen(), work.fifo("jobs/x.go")
    work.write("jobs/a.yaml", order("Function: count", "Function: wait, Inputs: [{n: x}]"))
    running = work.start("run", "jobs/a.yaml")
    at.hear()
    running.send_signal(signal.SIGINT)
    assert running.wait(PATIENCE) == 130
    assert status(work) == ["w.count", "w.wait", "Exception"]
    shown = work.jm("status", "last/order").out
    assert "w.wait" in shown and "running" not in shown
    again = work.start("resume", "last")
    at.hear()
    go.release()
    out, _ = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0 and b"order is run again from its first call" in out
    assert len(work.lines("jobs/counted")) == 2


def test_a_remote_order_is_checked_and_waits_for_the_farm_but_runs_here_when_told_to(work):
    keys = {"ClassType": "Remote", "Hostname": "node7", "Username": "anna", "RemoteWorkingDir": "~/testing"}
    work.write("jobs/a.yaml", order("Function: count", **keys))
    checked = work.jm("check", "jobs/a.yaml")
    assert checked.code == 0 and "order is to run on node7 (remote)" in checked.both
    refused = work.jm("run", "jobs/a.yaml")
    assert refused.code == 2 and "other machines than this one are not served yet" in refused.err
    assert "`jm order FILE` runs it on this machine" in refused.err and not (work.path / "jobs/counted").exists()
    assert work.jm("order", "jobs/a.yaml").code == 0 and work.lines("jobs/counted") == ["x"]


@pytest.mark.parametrize("words", [["-m", "job_manager.order"], ["-m", "job_manager", "order"]])
def test_it_runs_alone_with_a_log_of_another_name(work, words):
    work.write("jobs/a.yaml", order("Function: several, Inputs: [{x: 1}]"))
    done = subprocess.run(
        [sys.executable, *words, "jobs/a.yaml", "-log", "own.txt"], cwd=work.path, env=work.env, timeout=PATIENCE,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done
    assert work.read("jobs/own.txt") == "(1,)\n" and not (work.path / "jobs/job.log").exists()


def test_the_log_of_a_call_cannot_be_that_of_the_order(work):
    work.write("jobs/a.yaml", order("Function: count, Log: own.txt"))
    told = work.jm("order", "jobs/a.yaml", "-log", "own.txt")
    assert told.code == 1 and "is the log of the whole order" in told.err


def test_the_folder_may_have_a_python_of_its_own(work):
    work.write("jobs/a.yaml", order("Function: python"))
    python = work.write("jobs/.venv/bin/python", f'#!/bin/sh\nOWN=1 exec {sys.executable} "$@"\n', 0o755)
    assert work.jm("plan", "jobs/a.yaml", "--json").json["children"][0]["interpreter"] == str(python)
    assert work.jm("run", "jobs/a.yaml").code == 0


def test_modules_are_found_like_those_of_jobmanager(work):
    work.write("home.py", "def f():\n    import beside\n    return beside.VALUE\n")
    work.write("beside.py", "VALUE = 7\n")
    work.write("jobs/lib/json.py", "def f():\n    return 'mine'\n")
    work.write("jobs/package/__init__.py", "def f():\n    return 'package'\n")
    work.write("jobs/a.yaml", """
Modules: {home: ~/home.py, mine: lib/json.py, whole: package, bare: work, system: string}
Order:
- {Module: home, Function: f, Outputs: [a]}
- {Module: mine, Function: f, Outputs: [b]}
- {Module: whole, Function: f, Outputs: [c]}
- {Module: system, Function: capwords, Inputs: [{s: a b}], Outputs: [d]}
- {Module: bare, Function: several, Inputs: [a, b, c, d]}
""")  # fmt: skip
    told = work.jm("run", "jobs/a.yaml")
    assert told.code == 0, told
    assert work.read("jobs/job.log") == "(7, 'mine', 'package', 'A B')\n"


def test_the_log_on_another_disk_is_a_link_and_in_the_end_a_copy(work, tmp_path):
    if not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("there is no other file system here")
    work.write("jobs/a.yaml", order("Function: several, Inputs: [{x: 1}]"))
    home = f"/dev/shm/jm-orders-{os.getpid()}"
    try:
        assert work.jm("--home", home, "run", "jobs/a.yaml").code == 0
        log = work.path / "jobs/job.log"
        assert log.read_text() == "(1,)\n" and not log.is_symlink()
    finally:
        subprocess.run(["rm", "-rf", home], check=True)


def test_merging_writes_all_of_both_or_nothing(work):
    work.write("jobs/a.yaml", "# the order\n" + order("Function: count"))
    work.write("conn.yaml", "Hostname: node7   # ours\nUsername: anna\n")
    told = work.jm("merge", "jobs/a.yaml", "conn.yaml", "--name", "jobs/remote.yaml")
    assert told.code == 0 and work.read("jobs/remote.yaml") == work.read("jobs/a.yaml") + work.read("conn.yaml")
    assert work.jm("check", "jobs/remote.yaml").code == 0
    work.write("c.yaml", "{Key: ~/.ssh/id_rsa, Username: bob, Hostname: node8}")
    refused = work.jm("merge", "conn.yaml", "c.yaml")
    assert refused.code == 2 and not (work.path / "merged.yaml").exists()
    assert refused.err.splitlines() == [
        'c.yaml:1:22: Username: the key "Username" is in both files; it is at conn.yaml:2:1, too',
        'c.yaml:1:37: Hostname: the key "Hostname" is in both files; it is at conn.yaml:1:1, too',
        "2 errors",
    ]
    work.write("c.yaml", '{Key: ~/.ssh/id_rsa, Uploads: ["a b", 1.10, no, "no"], Port: 22}')
    assert work.jm("merge", "conn.yaml", "c.yaml").code == 0
    assert work.lines("merged.yaml")[-3:] == ['Key: "~/.ssh/id_rsa"', 'Uploads: ["a b", 1.10, no, "no"]', "Port: 22"]
    assert work.jm("merge", "conn.yaml", "c.yaml", "--name", "conn.yaml").code == 2
