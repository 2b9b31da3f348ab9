"""`jm doctor` and `jm gc`: what is found where something is wrong, and what is removed and what never is.

Knows what a person sees; what each look at the machine reads has tests of its own.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from tests.e2e.person import PATIENCE, Folder, job

OLD = 40 * 86400.0


def findings(here: Folder, code: int = 0) -> dict[str, list[tuple[str, str]]]:
    """By topic: level and words."""
    told = here.jm("doctor", "--json")
    assert told.code == code and told.json["well"] is (code == 0), told
    found: dict[str, list[tuple[str, str]]] = {}
    for each in told.json["findings"]:
        found.setdefault(each["topic"], []).append((each["level"], each["message"]))
    return found


def bad(here: Folder) -> list[str]:
    return [f"{topic}: {says}" for topic, rows in findings(here, 1).items() for level, says in rows if level == "bad"]


# --- doctor -----------------------------------------------------------------------------------------------------------


def test_nothing_is_bad_of_a_directory_that_is_not_there_nor_of_a_fresh_one(here):
    assert "is not there yet" in findings(here)["directory"][0][1]
    here.write("job.yaml", job("[{shell: 'true'}]"))
    here.jm("run", "job.yaml")
    before = {path: path.stat().st_mtime_ns for path in (here.path / ".jm").iterdir()}
    found = findings(here)
    assert found["journal"] == [("ok", "sound: 1 job, 0 of them not finished; 20K")]
    assert found["permissions"] == [("ok", "only you can read what is here")]
    assert found["holder"] == [("ok", "nobody runs jobs here now")]
    assert found["keeper"][0][0] in ("ok", "warn") and "answers after" in found["keeper"][0][1]
    assert {path: before.get(path) for path in (here.path / ".jm").iterdir() if path.name in ("lock", "jobs")} == {
        path: stamp for path, stamp in before.items() if path.name in ("lock", "jobs")
    }


def test_what_is_open_to_others_a_link_or_damaged_is_bad_with_what_to_do(here):
    here.write("job.yaml", job("[{shell: 'true'}]"))
    id = here.jm("run", "-q", "job.yaml").out.strip()
    (here.path / ".jm").chmod(0o755)
    (here.path / ".jm/journal.db").chmod(0o644)
    here.write(".jm/secrets", "x", 0o640)
    assert bad(here) == [
        f"permissions: {here.path}/.jm is open to others",
        f"permissions: {here.path}/.jm/journal.db is open to others",
        f"permissions: {here.path}/.jm/secrets is open to others",
    ]
    told = here.jm("doctor").out
    assert f"chmod 700 {here.path}/.jm\n" in told and f"chmod 600 {here.path}/.jm/secrets\n" in told
    for name, mode in ((".jm", 0o700), (".jm/journal.db", 0o600), (".jm/secrets", 0o600)):
        (here.path / name).chmod(mode)
    with sqlite3.connect(here.path / ".jm/journal.db") as db:
        db.execute("UPDATE turn SET at=at+1")
    db.close()
    assert bad(here) == [f"journal: damaged: job {id}, event 0: the hash chain is broken"]
    assert "repair --dry-run" in here.jm("doctor").out
    assert here.jm("doctor", "-q").out.startswith("bad: journal: damaged: ")


def test_who_runs_jobs_here_and_what_a_killed_one_left(here):
    here.write("job.yaml", job("[{shell: 'echo here > began; cat go'}]"))
    began, go = here.fifo("began").listen(), here.fifo("go")
    running = here.start("run", "job.yaml")
    began.hear()
    found = findings(here)
    assert f"(process {running.pid}, since " in found["holder"][0][1]
    assert found["keepers"] == [("ok", "1 alive, with 1 program under way")]
    running.send_signal(signal.SIGKILL)
    running.wait()
    found = findings(here)
    assert (
        found["holder"] == [("ok", "nobody runs jobs here now")] and "1 of them not finished" in found["journal"][0][1]
    )
    go.release()
    assert here.jm("resume").code == 0
    assert "keepers" not in findings(here)


def test_a_clock_that_is_behind_the_journal_is_said(here):
    here.write("job.yaml", job("[{shell: 'true'}]"))
    here.jm("run", "job.yaml")
    with sqlite3.connect(here.path / ".jm/journal.db") as db:
        db.execute("UPDATE head SET submitted=submitted+1e6, finished=finished+1e6")
    db.close()
    assert findings(here)["clock"][0][0] == "warn"


# --- gc ---------------------------------------------------------------------------------------------------------------


def aged(here: Folder, *ids: str) -> None:
    """Let them have ended long ago."""
    with sqlite3.connect(here.path / ".jm/journal.db") as db:
        for id in ids:
            db.execute("UPDATE head SET submitted=submitted-?, finished=finished-? WHERE job=?", (OLD, OLD, id))
    db.close()
    for path in (here.path / ".jm/jobs").iterdir():
        for each in (path, *path.iterdir()):
            os.utime(each, (time.time() - OLD,) * 2)


@pytest.fixture
def there(here: Folder):
    """Jobs that succeeded long ago and just now, and one that failed long ago."""
    here.write("good.yaml", job("[{shell: 'echo x | tee {o}', outputs: [{name: o, public: true}]}]"))
    here.write("bad.yaml", job("[{shell: 'false'}]"))
    old, new = (here.jm("run", "-q", "good.yaml").out.split()[0] for _ in range(2))
    failed = here.jm("run", "-q", "bad.yaml").out.strip()
    aged(here, old, failed)
    return here, old, new, failed


def test_only_what_ended_well_long_ago_is_removed(there):
    here, old, new, failed = there
    told = here.jm("gc", "-n")
    assert told.code == 0 and f"job  {old}  sample, succeeded" in told.out and "would be removed: " in told.out
    assert here.jm("ls", "-q").out.split() == [new, failed, old] or len(here.jm("ls", "-q").out.split()) == 3
    told = here.jm("gc", "--json").json
    assert [(each["kind"], each["name"]) for each in told["removed"]] == [("job", old)]
    assert told["bytes"] == told["removed"][0]["size"] > 0 and told["would_remove"] == []
    assert not (here.path / ".jm/jobs" / old).exists()
    assert sorted(here.jm("ls", "-q").out.split()) == sorted([new, failed])
    assert here.jm("gc").out == "there is nothing to remove\n"
    assert here.jm("gc", "--failed", "-q").out == f"{failed}\n"
    assert here.jm("gc", "--older", "0", "-q").out == f"{new}\n"
    assert here.jm("ls", "-q").out == "" and here.jm("doctor").code == 0


def test_logs_can_be_kept_and_are_removed_another_time(there):
    here, old, _, _ = there
    assert here.jm("gc", "--keep-logs").code == 0
    assert [path.name for path in (here.path / ".jm/jobs" / old).iterdir()] == ["logs"]
    assert here.jm("gc").out == "there is nothing to remove\n"
    aged(here)
    told = here.jm("gc", "--json").json
    assert [(each["kind"], each["name"]) for each in told["removed"]] == [("folder", old)]
    assert not (here.path / ".jm/jobs" / old).exists()


def test_what_is_not_ours_stays(there):
    here, _, _, _ = there
    for name in ("mine/notes", "photos/2024/logs", "0123/own"):
        (here.path / ".jm/jobs" / name).mkdir(parents=True)
    here.write(".jm/jobs/file", "x")
    (here.path / ".jm/jobs/linked").symlink_to(here.path)
    aged_folders(here.path / ".jm/jobs")
    here.jm("gc", "--failed", "--older", "0")
    left = {path.name for path in (here.path / ".jm/jobs").iterdir()}
    assert left == {"mine", "photos", "0123", "file", "linked"} and here.read("good.yaml")


def aged_folders(folder: Path) -> None:
    for path in folder.iterdir():
        os.utime(path, (time.time() - OLD,) * 2, follow_symlinks=False)


def test_an_open_job_stays_however_old_and_a_holder_is_not_disturbed(here):
    here.write("job.yaml", job("[{shell: 'echo here > began; cat go'}]"))
    began, go = here.fifo("began").listen(), here.fifo("go")
    running = here.start("run", "job.yaml")
    began.hear()
    id = here.jm("ls", "-q").out.strip()
    assert here.jm("gc", "-n", "--older", "0").out == "there is nothing to remove\n"
    assert here.jm("gc", "--older", "0").out == "there is nothing to remove\n"
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert here.jm("gc", "--older", "0", "--failed").out == "there is nothing to remove\n"
    go.release()
    assert here.jm("resume", id).code == 0
    assert here.jm("gc", "--older", "0", "-q").out == f"{id}\n"
    assert running.wait(PATIENCE) != 0


def test_beside_a_holder_old_jobs_are_removed_all_the_same(there):
    here, old, new, failed = there
    here.write("job.yaml", job("[{shell: 'echo here > began; cat go'}]"))
    began, go = here.fifo("began").listen(), here.fifo("go")
    running = here.start("run", "job.yaml")
    began.hear()
    assert here.jm("gc", "-q").out == f"{old}\n"
    assert not (here.path / ".jm/jobs" / old).exists()
    go.release()
    assert running.wait(PATIENCE) == 0
    assert {failed, new} < set(here.jm("ls", "-q").out.split())


def test_what_an_open_job_is_to_come_after_stays(there):
    here, old, _, _ = there
    told = here.jm("submit", "bad.yaml", "--after", old, "--paused", "-q")
    assert told.code == 0, told
    assert here.jm("up", "--detach").code == 0
    assert here.jm("down").code == 0
    assert here.jm("gc").out == "there is nothing to remove\n"
    here.jm("rm", told.out.split()[0])
    assert here.jm("gc", "-q").out == f"{old}\n"


def test_a_job_that_is_submitted_and_not_taken_up_is_no_leftover(here):
    """There is no journal yet, and its inputs lie in its folder."""
    here.write("job.yaml", "name: a\nversion: 1\ninputs: [x]\nsteps: [{entries: [{cmd: [cat, '{x}'], inputs: [x]}]}]\n")
    here.write("x", "1")
    id = here.jm("submit", "-q", "job.yaml", "x").out.split()[0]
    aged_folders(here.path / ".jm/jobs")
    assert not [level for rows in findings(here).values() for level, says in rows if id in says]
    assert here.jm("gc", "--older", "0").out == "there is nothing to remove\n"
    assert here.jm("repair").out == "the journal is sound: there is nothing to repair\n"
    assert here.jm("up", "--detach").code == 0
    assert here.jm("wait", id).code == 0 and here.jm("down").code == 0


def test_a_directory_that_is_not_there_is_not_made(here):
    assert here.jm("gc").out == "there is nothing to remove\n"
    assert not (here.path / ".jm").exists()
    told = here.jm("gc", "--older", "soon")
    assert told.code == 2 and 'found "soon"' in told.err
