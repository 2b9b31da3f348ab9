"""Many jobs in one directory: runs that join, a supervisor, what is submitted to it and asked of it.

Real processes and signals; what ran is told by the marks that the actions leave.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.person import PATIENCE, Folder, gone, job

# Says its process number when it has begun, and ends when there is a file NAME.go.
WAITS = "echo {name} >> marks; echo {name}=$$ > begun; until [ -e {name}.go ]; do sleep 0.05; done; echo {name} >> ends"


def waits(name: str) -> str:
    """A job of one action that waits for a file."""
    return job(f"[{{name: {name}, shell: '{WAITS.format(name=name)}'}}]").replace("name: ", "name: ", 1)


class Many(Folder):
    """A folder with a pipe over which actions say that they have begun."""

    def __init__(self, folder: Folder) -> None:
        super().__init__(folder.path)
        self._begun = self.fifo("begun").listen()
        self._ups: list[int] = []

    def began(self) -> dict[str, int]:
        """Wait for one more action to begin: its name and process number."""
        return {name: int(pid) for name, pid in (word.split("=") for word in self._begun.hear())}

    def let(self, name: str) -> None:
        """Let the action end."""
        self.write(f"{name}.go", "")

    def up(self, *words: str) -> int:
        """A supervisor in the background: its process number."""
        came = self.jm("up", "--detach", "-q", *words)
        assert came.code == 0, came
        self._ups.append(int(came.out))
        return self._ups[-1]

    def state(self, word: str = "last") -> str:
        state: str = self.jm("status", word, "--json").json["state"]
        return state

    def ended(self, process: subprocess.Popen[bytes]) -> tuple[int, str]:
        """Wait until a command left running has ended: its exit code and what it printed."""
        told = process.communicate(timeout=PATIENCE)[0].decode()
        return process.returncode, told

    def until(self, met: Callable[[], bool]) -> None:
        """Wait for something that nobody tells of."""
        give_up = time.monotonic() + PATIENCE
        while not met():
            assert time.monotonic() < give_up
            time.sleep(0.01)

    def clean(self) -> None:
        for up in self._ups:
            try:
                os.kill(up, signal.SIGTERM)
                os.kill(up, signal.SIGINT)
            except ProcessLookupError:
                pass
        for name in "abcdef":
            self.let(name)
        super().clean()


@pytest.fixture
def many(here: Folder) -> Iterator[Many]:
    folder = Many(here)
    for name in "abc":
        folder.write(f"{name}.yaml", waits(name))
    yield folder
    folder.clean()


def other(pid: int) -> dict[str, str]:
    """The environment that a process was started with."""
    entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(entry.decode().split("=", 1) for entry in entries if entry)


# --- runs that join ---------------------------------------------------------------------------------------------------


def test_a_second_run_joins_the_first_and_has_its_own_environment(many: Many):
    first = many.start("run", "a.yaml", "-j", "1")
    assert set(many.began()) == {"a"}
    many.env["COLOUR"] = "blue"
    second = many.start("run", "b.yaml", "-j", "2")
    child = many.began()["b"]
    assert other(child)["COLOUR"] == "blue"
    assert [each["state"] for each in many.jm("ls", "--json").json["jobs"]] == ["running", "running"]
    many.let("b")
    code, told = many.ended(second)
    assert code == 0 and "1 of 1 action done" in told, told
    many.let("a")
    assert many.ended(first)[0] == 0
    assert many.lines("marks") == ["a", "b"]


def test_when_the_host_is_killed_who_joined_goes_on_with_what_runs(many: Many):
    first = many.start("run", "a.yaml")
    many.began()
    second = many.start("run", "b.yaml", "-j", "2")
    child = many.began()["b"]
    first.kill()
    first.wait()
    many.let("b")
    code, told = many.ended(second)
    assert code == 0, told
    assert gone(child) and many.lines("marks") == ["a", "b"] and many.lines("ends") == ["b"]
    many.let("a")
    assert many.jm("resume", many.jm("ls", "-q").out.split()[-1]).code == 0
    assert many.lines("marks") == ["a", "b"] and many.lines("ends") == ["b", "a"]


def test_when_the_supervisor_is_ended_who_joined_goes_on_alone(many: Many):
    many.up()
    run = many.start("run", "a.yaml")
    many.began()
    assert many.jm("down").code == 0
    assert set(many.began()) == {"a"}
    many.let("a")
    code, told = many.ended(run)
    assert code == 0 and "1 of 1 action done" in told, told
    assert many.lines("marks") == ["a", "a"] and many.lines("ends") == ["a"]


def test_ctrl_c_on_the_host_ends_only_its_own_job(many: Many):
    first = many.start("run", "a.yaml")
    child = many.began()["a"]
    second = many.start("run", "b.yaml", "-j", "2")
    many.began()
    first.send_signal(signal.SIGINT)
    code, told = many.ended(first)
    assert code == 130 and "interrupted: 0 of 1 action done" in told and gone(child)
    many.let("b")
    assert many.ended(second)[0] == 0
    assert many.lines("marks") == ["a", "b"] and many.lines("ends") == ["b"]


def test_ctrl_c_on_one_that_joined_leaves_the_job_to_the_holder(many: Many):
    many.up()
    run = many.start("run", "a.yaml")
    many.began()
    run.send_signal(signal.SIGINT)
    code, told = many.ended(run)
    assert code == 130 and "goes on under the supervisor" in told and "cancel" in told
    assert many.state() == "running"
    many.let("a")
    assert many.jm("wait", "last").code == 0


# --- a supervisor -----------------------------------------------------------------------------------------------------


def test_what_is_submitted_is_run_and_waited_for(many: Many):
    many.write("bad.yaml", job("[{shell: 'exit 3'}]"))
    many.up()
    good = many.jm("submit", "-q", "a.yaml").out.strip()
    many.began()
    assert many.jm("wait", good, "--timeout", "0.05").code == 4
    many.let("a")
    assert many.jm("wait", good).code == 0
    bad = many.jm("submit", "bad.yaml", "--wait")
    assert bad.code == 1 and "exit code 3" in bad.both
    assert many.jm("down").code == 0
    log = many.read(".jm/up.log")
    assert "supervising" in log and "succeeded" in log and "failed" in log and "down" in log


def test_a_submission_waits_for_a_supervisor(many: Many):
    submitted = many.jm("submit", "a.yaml")
    assert submitted.code == 0 and "no supervisor is running" in submitted.err
    id = many.jm("ls", "-q").out.strip()
    assert many.state() == "submitted" and many.jm("ls", "--state", "submitted", "-q").out.strip() == id
    many.up()
    many.began()
    many.let("a")
    assert many.jm("wait").code == 0 and many.jm("ls", "-q").out.strip() == id


def test_several_are_submitted_at_once_or_none(many: Many):
    many.write("wrong.yaml", "name: wrong\nversion: 1\nsteps: 3\n")
    many.write("reads.yaml", "name: r\nversion: 1\ninputs: [x.json]\nsteps:\n- entries: [{cmd: ['true']}]\n")
    many.write("data.json", '{"steps": [1, 2]}')
    refused = many.jm("submit", "a.yaml", "wrong.yaml")
    assert refused.code == 2 and "wrong.yaml" in refused.err and not many.jm("ls", "-q").out
    told = many.jm("submit", "a.yaml", "reads.yaml", "data.json", "b.yaml", "--paused", "--json").json
    assert [each["name"] for each in told["jobs"]] == ["sample", "r", "sample"]
    assert many.jm("submit", "a.yaml", "b.yaml", "--request-id", "x").code == 2
    assert len(many.jm("ls", "-q").out.split()) == 3


def test_the_same_request_is_one_job(many: Many):
    ids = {many.jm("submit", "-q", "a.yaml", "--request-id", "nightly.1").out for _ in range(2)}
    many.up()
    many.began()
    ids.add(many.jm("submit", "-q", "a.yaml", "--request-id", "nightly.1").out)
    many.let("a")
    assert many.jm("wait").code == 0
    ids.add(many.jm("submit", "-q", "a.yaml", "--request-id", "nightly.1").out)
    assert len(ids) == 1 and many.lines("marks") == ["a"]


def test_a_second_supervisor_is_refused_by_name(many: Many):
    pid = many.up()
    refused = many.jm("up")
    assert refused.code == 7 and f"process {pid}" in refused.err and "jm up" in refused.err


def test_down_ends_what_runs_and_up_goes_on_with_it(many: Many):
    many.up()
    many.jm("submit", "a.yaml")
    child = many.began()["a"]
    down = many.jm("down")
    assert down.code == 0 and gone(child)
    assert many.state() == "interrupted" and many.jm("down").code == 7
    many.up()
    many.began()
    many.let("a")
    assert many.jm("wait").code == 0
    assert many.lines("marks") == ["a", "a"] and many.lines("ends") == ["a"]


def test_drained_it_ends_when_what_runs_has_ended(many: Many):
    many.write(
        "two.yaml", job(f"[{{name: a, shell: '{WAITS.format(name='a')}'}}]", "[{name: z, shell: 'echo z >> ends'}]")
    )
    many.up()
    many.jm("submit", "two.yaml")
    many.began()
    down = many.start("down", "--drain")
    many.until(lambda: "(down)" in many.read(".jm/up.log"))
    many.let("a")
    assert many.ended(down)[0] == 0
    assert many.lines("ends") == ["a"]
    many.up()
    assert many.jm("wait").code == 0 and many.lines("ends") == ["a", "z"]


def test_after_kill_9_of_the_supervisor_what_runs_goes_on_and_counts_once(many: Many):
    pid = many.up()
    many.jm("submit", "a.yaml")
    many.jm("submit", "b.yaml")
    children = many.began() | many.began()
    os.kill(pid, signal.SIGKILL)
    many.let("a")
    assert not gone(children["b"])
    many.up()
    many.let("b")
    for id in many.jm("ls", "-q").out.split():
        assert many.jm("wait", id).code == 0
    assert sorted(many.lines("marks")) == ["a", "b"] and sorted(many.lines("ends")) == ["a", "b"]


# --- what is asked of jobs --------------------------------------------------------------------------------------------


def test_a_job_is_cancelled_and_taken_up_again(many: Many):
    many.up()
    many.jm("submit", "a.yaml")
    child = many.began()["a"]
    assert many.jm("cancel", "last", "--now").code == 0
    waited = many.jm("wait")
    assert waited.code == 3 and "cancelled" in waited.out and gone(child)
    many.jm("retry", "last")
    many.began()
    many.let("a")
    assert many.jm("wait").code == 0


def test_an_action_is_cancelled_skipped_and_run_alone(many: Many):
    many.write(
        "job.yaml", job("[{name: a, shell: 'echo a >> marks; exit 1'}]", "[{name: z, shell: 'echo z >> marks'}]")
    )
    many.up()
    assert many.jm("submit", "job.yaml", "--wait").code == 1
    assert many.jm("skip", "last/a").code == 0
    assert many.jm("wait").code == 0 and many.lines("marks") == ["a", "z"]
    assert many.jm("retry", "last", "--only", "z").code == 0
    assert many.jm("wait").code == 0 and many.lines("marks") == ["a", "z", "z"]
    refused = many.jm("skip", "last/nothing")
    assert refused.code == 7 and "no action" in refused.err


def test_a_paused_job_starts_nothing_until_it_goes_on(many: Many):
    many.up()
    assert many.jm("submit", "a.yaml", "--paused").code == 0
    assert many.state() == "paused" and many.jm("prio", "last", "3").code == 0
    many.jm("unpause", "last")
    many.began()
    assert many.jm("pause", "last").code == 0
    many.let("a")
    assert many.jm("wait").code == 0


def test_what_is_asked_without_a_holder_is_kept_for_the_next(many: Many):
    many.jm("submit", "a.yaml")
    asked = many.jm("cancel", "last")
    assert asked.code == 0 and "no supervisor is running" in asked.err
    many.up()
    assert many.jm("wait").code == 3 and not many.lines("marks")
    many.until(lambda: not list(many.path.glob(".jm/inbox/*")))


def test_one_job_after_another(many: Many):
    many.up()
    first = many.jm("submit", "-q", "a.yaml").out.strip()
    many.began()
    second = many.jm("submit", "-q", "b.yaml", "--after", first).out.strip()
    assert many.jm("wait", second, "--timeout", "0.05").code == 4 and many.lines("marks") == ["a"]
    many.let("a")
    many.let("b")
    assert many.jm("wait", second).code == 0
    many.began()
    assert many.lines("marks") == ["a", "b"]


def test_a_job_may_follow_one_that_is_over_long_since(many: Many):
    many.let("a")
    many.let("b")
    many.let("c")
    many.up()
    first = many.jm("submit", "-q", "a.yaml").out.strip()
    assert many.jm("wait").code == 0
    assert many.jm("submit", "b.yaml", "--after", first, "--wait").code == 0
    many.jm("down")
    many.up()
    assert many.jm("submit", "c.yaml", "--after", first, "--after", "last", "--wait").code == 0


def test_who_submits_and_waits_is_told_the_id_once(many: Many):
    many.let("a")
    many.up()
    told = many.jm("submit", "-q", "a.yaml", "--wait")
    assert told.code == 0 and told.out.split() == many.jm("ls", "-q").out.split()


def test_results_that_cannot_be_put_in_place_are_told_to_who_waits_and_put_there_later(many: Many):
    makes, output = f"{WAITS.format(name='r')}; echo made > {{r.txt}}", "{name: r.txt, public: true}"
    many.write("r.yaml", job(f"[{{name: r, shell: '{makes}', outputs: [{output}]}}]"))
    many.up()
    id = many.jm("submit", "-q", "r.yaml", "--out", "results").out.strip()
    many.began()
    (many.path / "results/r.txt").mkdir(parents=True)  # it was not there when that was looked at
    many.let("r")
    told = many.jm("wait", id)
    assert told.code == 5 and "is a directory" in told.err and f"jm resume {id} --out" in told.err
    (many.path / "results/r.txt").rmdir()
    many.jm("down")
    many.up()
    many.until((many.path / "results/r.txt").is_file)
    assert many.jm("wait", id).out.splitlines()[-1].strip() == "results/r.txt"
