"""Stopped, killed, taken up again: Ctrl-C once and twice, kill -9, a second jm in one directory, an edited job.

Real signals to real processes; what ran is told by the marks that the actions leave.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.person import PATIENCE, Folder, gone, job

# Says its process number when it has begun, and does not end by itself.
WAITING = "echo $$ > begun; exec sleep 100"
STUBBORN = "trap : TERM INT; echo $$ > begun; while :; do sleep 100 & wait; done"


class Waiting(Folder):
    """A folder with a pipe over which actions say that they have begun."""

    def __init__(self, folder: Folder) -> None:
        super().__init__(folder.path)
        self._begun = self.fifo("begun").listen()

    def began(self) -> int:
        """Wait for an action to begin; its process number."""
        return int(self._begun.hear()[0])


@pytest.fixture
def waiting(here: Folder) -> Iterator[Waiting]:
    folder = Waiting(here)
    yield folder
    folder.clean()


def resume_command(text: str) -> list[str]:
    """The command after `go on with it: ` on the last line."""
    return shlex.split(text.strip().splitlines()[-1].split("go on with it: ")[1].replace("\x1b[0m", ""))


# --- Ctrl-C -----------------------------------------------------------------------------------------------------------


def test_ctrl_c_once_ends_the_children_and_says_how_to_go_on(waiting: Waiting):
    waiting.write(
        "job.yaml",
        job(
            "[{name: first, shell: 'echo 1 >> marks'}]", f"[{{name: second, shell: 'test -e go || {{ {WAITING}; }}'}}]"
        ),
    )
    typed = waiting.type("run", "job.yaml")
    child = waiting.began()
    typed.see("1 running")
    typed.press_ctrl_c()
    assert typed.end() == 130
    assert "stopping: waiting up to 10 s for 1 action; Ctrl-C again to end them now" in typed.text
    assert "interrupted" in typed.text and "1 of 2 actions done, 1 left" in typed.text
    assert gone(child)
    waiting.write("go", "")
    done = subprocess.run(
        resume_command(typed.text), cwd=waiting.path, env=waiting.env, capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done
    assert b"1 of them done before" in done.stdout
    assert waiting.lines("marks") == ["1"]


def test_ctrl_c_twice_ends_even_those_who_do_not_listen(waiting: Waiting):
    waiting.write("job.yaml", job(f"[{{shell: '{STUBBORN}'}}]"))
    typed = waiting.type("run", "job.yaml")
    child = waiting.began()
    typed.see("1 running")
    typed.press_ctrl_c()
    typed.see("stopping: waiting")
    assert not gone(child)
    typed.press_ctrl_c()
    assert typed.end() == 130
    assert "ending 1 action now" in typed.text and gone(child)
    assert resume_command(typed.text)[-2] == "resume"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_without_a_terminal_do_the_same(waiting: Waiting, number: int):
    waiting.write("job.yaml", job(f"[{{shell: '{WAITING}'}}]"))
    running = waiting.start("run", "job.yaml")
    child = waiting.began()
    running.send_signal(number)
    told = running.communicate(timeout=PATIENCE)[0].decode()
    assert running.returncode == 130 and gone(child)
    assert "stopping: waiting" in told and "go on with it: " in told and "\x1b" not in told
    assert waiting.jm("ls", "--json").json["jobs"][0]["state"] == "interrupted"


def test_an_interrupted_job_is_mentioned_when_another_ends(waiting: Waiting):
    waiting.write("job.yaml", job(f"[{{shell: '{WAITING}'}}]"))
    running = waiting.start("run", "job.yaml")
    waiting.began()
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=PATIENCE)
    id = waiting.jm("ls", "-q").out.strip()
    waiting.write("other.yaml", job("[{shell: 'true'}]"))
    last = waiting.jm("run", "other.yaml").out.splitlines()[-1]
    assert last.startswith(f"1 interrupted job: {id}") and f"resume {id}" in last


def test_an_interrupt_while_following_a_log_is_quiet(waiting: Waiting):
    waiting.write("job.yaml", job("[{name: a, shell: 'echo hello; echo $$ > begun; exec sleep 100'}]"))
    waiting.start("run", "job.yaml")
    waiting.began()
    typed = waiting.type("logs", "last/a", "-f")
    typed.see("hello")
    typed.press_ctrl_c()
    assert typed.end() == 130 and "Traceback" not in typed.text


# --- kill -9 ----------------------------------------------------------------------------------------------------------


A = "{name: a, shell: 'echo a >> marks; echo a > {a}', outputs: [{name: a}]}"
B = "{name: b, shell: 'echo b >> marks'}"


def keeper(waiting: Waiting) -> int:
    """The process number of the only keeper."""
    (described,) = waiting.path.glob(".jm/keepers/*/keeper.json")
    pid: int = json.loads(described.read_text())["pid"]
    return pid


def test_after_kill_9_of_everything_what_was_done_is_not_done_again(waiting: Waiting):
    work = f"echo c >> marks; test -e go || {{ {STUBBORN}; }}; cat {{a}} > {{c}}"
    c = f"{{name: c, shell: '{work}', inputs: [{{name: a}}], outputs: [{{name: c, public: true}}]}}"
    waiting.write("job.yaml", job(f"[{A}, {B}]", f"[{c}]"))
    running = waiting.start("run", "job.yaml", "--out", "r")
    child = waiting.began()
    os.kill(keeper(waiting), signal.SIGKILL)
    running.kill()
    running.wait()
    assert not gone(child)
    assert waiting.jm("ls", "--json").json["jobs"][0]["state"] == "interrupted"
    assert waiting.jm("status", "--json").json["counts"] == {"succeeded": 2, "interrupted": 1}
    told = waiting.jm("status")
    assert "1 interrupted" in told.out and "running" not in told.out
    assert "interrupted  c" in told.out and "succeeded  a" in told.out and "resume" in told.out
    waiting.write("go", "")
    resumed = waiting.jm("resume", "last", "--json")
    assert resumed.code == 0, resumed
    states = {action["path"]: (action["state"], action["attempts"]) for action in resumed.json["actions"]}
    assert states == {"s1/a": ("succeeded", 1), "s1/b": ("succeeded", 1), "s2/c": ("succeeded", 2)}
    assert gone(child)
    assert sorted(waiting.lines("marks")) == ["a", "b", "c", "c"] and waiting.read("r/c") == "a\n"


def test_a_child_that_outlived_its_jm_is_never_joined_by_a_second(waiting: Waiting):
    go = waiting.fifo("go")
    work = "mkdir alone || echo two >> marks; echo $$ > begun; read x < go; rmdir alone; echo x >> done"
    waiting.write("job.yaml", job(f"[{{name: a, shell: '{work}'}}]"))
    running = waiting.start("run", "job.yaml")
    child = waiting.began()
    running.kill()
    running.wait()
    assert not gone(child)
    resumed = waiting.start("resume", "last")
    while waiting.jm("status", "--json").json["state"] != "running":
        assert resumed.poll() is None, resumed.communicate()
    go.release()
    said = resumed.communicate(timeout=PATIENCE)[0].decode()
    assert resumed.returncode == 0, said
    assert waiting.lines("marks") == [] and waiting.lines("done") == ["x"]


# --- one at a time ----------------------------------------------------------------------------------------------------


def test_while_a_job_runs_it_is_not_removed_and_not_edited(waiting: Waiting):
    waiting.write("job.yaml", job(f"[{{shell: '{WAITING}'}}]"))
    running = waiting.start("run", "job.yaml")
    waiting.began()
    told = waiting.jm("rm", "last")
    assert told.code == 7 and "is not over" in told.err and "jm cancel" in told.err
    edited = waiting.write("edited.yaml", job("[{shell: 'true'}]"))
    told = waiting.jm("resume", "last", str(edited))
    assert told.code == 7 and "runs by its old text" in told.err
    assert waiting.jm("rm", "last", "--json").json["error"]["kind"] == "refused"
    assert waiting.jm("ls").code == waiting.jm("status").code == waiting.jm("logs").code == 0
    assert waiting.jm("ls", "--json").json["jobs"][0]["state"] == "running" and running.poll() is None


# --- edited -----------------------------------------------------------------------------------------------------------


def test_with_an_edited_job_only_what_changed_runs_again(here):
    steps = (f"[{A}, {B}]", "[{name: c, shell: 'echo c >> marks; false'}]")
    here.write("job.yaml", job(*steps))
    assert here.jm("run", "job.yaml").code == 1
    here.write("job.yaml", job(steps[0].replace("echo b >>", "echo B >>"), steps[1].replace("false", "true")))
    told = here.jm("resume", "last", "job.yaml")
    assert told.code == 0, told
    marks = here.lines("marks")
    assert sorted(marks[:2]) == ["a", "b"] and marks[2:] == ["c", "B", "c"]
    here.write("job.yaml", job("[{nmae: a}]"))
    assert here.jm("resume", "last", "job.yaml").code == 2


def test_changed_module_code_is_used_and_said(here):
    here.write("modules/m/manifest.yaml", "name: m\nentrypoint: main.py\n")
    here.write("modules/m/main.py", "raise SystemExit(1)\n")
    here.write("job.yaml", job("[{shell: 'echo a >> marks'}]", "[{module: m}]"))
    assert here.jm("run", "job.yaml").code == 1
    here.write("modules/m/main.py", "print('mended')\n")
    running = here.start("resume")
    told = running.communicate(timeout=PATIENCE)[0].decode()
    assert running.returncode == 0 and 'module "m" has changed' in told.split("job sample")[0], told
    assert here.lines("marks") == ["a"]
    again = here.jm("resume")
    assert "nothing was left to do" in again.out and not again.err


# Instead of going on once the results are being made durable in the folder of --out, it says so and waits.
WAITS_AT_OUT = """
import os, signal
fsync = os.fsync
def wait(handle):
    if "/results" in os.readlink(f"/proc/self/fd/{handle}"):
        with open("begun", "w") as pipe:
            pipe.write("1\\n")
        signal.pause()
    fsync(handle)
os.fsync = wait
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_results_are_copied_leaves_them_to_resume(waiting: Waiting, number: int):
    waiting.write("patched/sitecustomize.py", WAITS_AT_OUT)
    waiting.write("job.yaml", job("[{shell: 'echo a > {a}', outputs: [{name: a, public: true}]}]"))
    path = waiting.env["PYTHONPATH"]
    waiting.env["PYTHONPATH"] = f"{waiting.path}/patched:{path}"
    running = waiting.start("run", "job.yaml", "--out", "results")
    waiting.env["PYTHONPATH"] = path
    waiting.began()
    running.send_signal(number)
    told = running.communicate(timeout=PATIENCE)[0].decode()
    assert running.returncode == 130 and "Traceback" not in told, told
    assert "interrupted: the job has succeeded, but its results may not all be in place" in told
    assert list((waiting.path / "results").iterdir()) == []
    done = subprocess.run(
        resume_command(told), cwd=waiting.path, env=waiting.env, capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 0 and waiting.read("results/a") == "a\n", done


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_that_comes_when_all_is_over_changes_nothing(waiting: Waiting, second: int):
    waiting.write("job.yaml", job(f"[{{shell: '{WAITING}'}}]"))
    running = waiting.start("run", "job.yaml")
    child = waiting.began()
    running.send_signal(signal.SIGINT)
    while not gone(child) and running.poll() is None:
        pass  # on a busy machine it may be through before we look again
    running.send_signal(second)
    told = running.communicate(timeout=PATIENCE)[0].decode()
    assert running.returncode == 130 and "resume" in told and "Traceback" not in told


# --- the window is closed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_closing_the_window_is_like_ctrl_c(waiting: Waiting, term: str):
    waiting.write("job.yaml", job(f"[{{shell: '{WAITING}'}}]"))
    typed = waiting.type("run", "job.yaml", TERM=term)
    child = waiting.began()
    typed.see("running" if term != "dumb" else "started")
    assert typed.close_window() == 130
    assert gone(child)
    assert waiting.jm("ls", "--json").json["jobs"][0]["state"] == "interrupted"


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_under_nohup_a_closed_window_changes_nothing(waiting: Waiting, term: str):
    go = waiting.fifo("go")
    steps = ["[{name: a, shell: 'echo $$ > begun; read y < go; exit 3', retries: 1}]"]
    waiting.write("job.yaml", job(*steps))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        typed = waiting.type("run", "job.yaml", TERM=term)
    finally:
        signal.signal(signal.SIGHUP, before)
    waiting.began()
    typed.see("running" if term != "dumb" else "started")
    os.close(typed._master)
    go.release()
    waiting.began()  # tried again, after a line that nobody could see
    go.release()
    assert typed.process.wait(PATIENCE) == 1
    assert waiting.jm("ls", "--json").json["jobs"][0]["state"] == "failed"
