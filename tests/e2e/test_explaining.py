"""`jm why` and `jm story` through the real command: beside a run, after it, and where nobody runs it.

Knows what was done; which cause each situation has is held in tests/core/test_why.py.
"""

from __future__ import annotations

import re
import time

import pytest

from tests.e2e.person import PATIENCE, Folder, job
from tests.e2e.test_resources import wait_for

ENTRIES = (
    "[{name: a, shell: 'echo no licence; exit 3', retries: 1}, {name: b, shell: 'true', needs: [a]}, "
    "{name: c, shell: 'true', when: 1 == 2}]"
)


@pytest.fixture
def failed(here) -> Folder:
    here.write("job.yaml", job(ENTRIES))
    assert here.jm("run", "-q", "job.yaml").code == 1
    return here


def test_the_first_failure_is_what_matters_about_a_job(failed):
    told = failed.jm("why")
    assert told.code == 0 and not told.err
    first, *rest = told.out.splitlines()
    assert first == "the job failed because s1/a failed: exit code 3"
    assert "  it is not tried again after attempt 2: its retries are used up: 2 attempts of 2" in rest
    assert "  s1/b: skipped because of s1/a" in rest
    assert "  | no licence" in rest
    assert re.fullmatch(r"try: .* logs [0-9a-f]{12}/s1/a  shows all that it printed", rest[-2])
    assert re.fullmatch(r"try: .* resume [0-9a-f]{12}  runs again what did not succeed, once it is mended", rest[-1])


def test_the_answer_for_one_action_as_text_as_data_and_quiet(failed):
    assert failed.jm("why", "last/b").out.startswith("s1/b was skipped because s1/a failed: exit code 3\n")
    found = failed.jm("why", "last/c", "--json").json
    assert (found["cause"], found["state"], found["path"]) == ("condition", "skipped", "s1/c")
    assert failed.jm("why", "last/a", "-q").out == f"{found['id']}/s1/a\n"
    assert failed.jm("why", "last/a", "--json").json["tail"] == ["no licence"]
    assert failed.jm("why", "last/z").code == 7


def test_the_commands_mean_the_same_directory(here):
    here.write("job.yaml", job(ENTRIES))
    here.jm("run", "-q", "job.yaml", "--home", "other dir")
    found = here.jm("why", "last/a", "--home", "other dir", "--json").json
    assert all(way["command"].endswith("--home 'other dir'") for way in found["commands"])


def test_the_story_has_every_event_with_its_time(failed):
    lines = failed.jm("story", "last/a").out.splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ", line) for line in lines)
    said = [line[21:] for line in lines]
    assert said[0] == "the job was submitted, with 3 actions"
    assert said[-1] == "it failed for good: its retries are used up: 2 attempts of 2"
    assert [line for line in said if line.startswith("attempt 2 failed")]
    short = failed.jm("story", "-n", "1").out
    assert short.count("\n") == 1 and "the job is over, and failed" in short
    usual, everything = (failed.jm("story", *more, "--json").json["events"] for more in ((), ("--all",)))
    left_out = {each["event"] for each in everything} - {each["event"] for each in usual}
    # What ends at once was not heard to begin, and what comes next may have been leased before its turn.
    assert left_out - {"started", "chained", "returned"} == {"leased", "retried"}


def heard_of(here: Folder) -> None:
    """Wait until the first action is known to have begun."""
    give_up = time.monotonic() + PATIENCE
    while here.jm("status", "last/a", "--json").json["state"] != "running":
        assert time.monotonic() < give_up


def test_a_job_that_runs_and_one_that_nobody_runs_any_more(here):
    waits = "touch began; until [ -e go ]; do sleep 0.02; done"
    here.write("job.yaml", job(f"[{{name: a, shell: '{waits}'}}, {{name: b, shell: 'true', needs: [a]}}]"))
    run = here.start("run", "job.yaml")
    wait_for(here, "began")
    heard_of(here)
    found = here.jm("why", "last/b", "--json").json
    assert (found["cause"], found["about"]) == ("needs", ["s1/a"])
    assert found["sentence"].startswith("s1/b waits for s1/a, which is running since ")
    run.kill()
    run.wait()
    assert here.jm("why", "last/a").out.startswith("s1/a was running when its jm was killed")
    found = here.jm("why", "--json").json
    assert (found["cause"], found["state"]) == ("no-supervisor", "interrupted")
    assert " resume " in found["commands"][0]["command"]
    here.write("go", "")
    assert here.jm("resume", "-q", "last").code == 0


def test_a_job_that_nobody_has_taken_up_yet(here):
    here.write("job.yaml", job(ENTRIES))
    here.jm("submit", "-q", "job.yaml", "--paused")
    found = here.jm("why", "last/b", "--json").json
    assert found["cause"] == "paused"
    assert " unpause " in found["commands"][0]["command"]
    assert "the job was submitted, with 3 actions" in here.jm("story").out


def test_no_job_at_all(here):
    assert here.jm("why").code == 7
    assert "there is no job" in here.jm("story").err
