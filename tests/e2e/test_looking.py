"""ls, status, logs, modules, init, rm: what a person sees of jobs and shelves, and what a script reads.

Knows jobs that have ended; those that are still running are in test_stopping.
"""

from __future__ import annotations

import os
import sqlite3

import pytest

from tests.e2e.person import job

COUNTING = """{name: bad, shell: 'echo x >> marks; printf "tail %d" $(wc -l < marks); exit 4', retries: 1}"""
MIXED = job(f"[{{name: good, shell: 'echo fine; echo more'}}, {COUNTING}]", "[{name: later, shell: 'true'}]")


def test_an_empty_directory_is_friendly(here):
    told = here.jm("ls")
    assert told.code == 0 and "there are no jobs in" in told.out and "jm run" in told.out
    assert here.jm("ls", "--json").json == {"jobs": []}
    assert here.jm("ls", "-q").both == ""


def test_jobs_are_listed_newest_first(here):
    here.write("good.yaml", job("[{shell: 'true'}]", name="good one"))
    here.write("bad.yaml", job("[{shell: 'false'}]", name="bad one"))
    ids = [here.jm("run", "-q", file).out.strip() for file in ("good.yaml", "bad.yaml", "good.yaml")][::-1]
    assert here.jm("ls", "-q").out.split() == ids
    jobs = here.jm("ls", "--json").json["jobs"]
    assert [(j["id"], j["name"], j["state"]) for j in jobs] == [
        (ids[0], "good one", "succeeded"), (ids[1], "bad one", "failed"), (ids[2], "good one", "succeeded"),
    ]  # fmt: skip
    assert all(isinstance(j[key], float) for j in jobs for key in ("submitted", "finished"))
    head, *rows = here.jm("ls").out.splitlines()
    assert head.split() == ["ID", "STATE", "SUBMITTED", "TOOK", "JOB"]
    assert [row.split()[:2] for row in rows] == [[j["id"], j["state"]] for j in jobs]
    assert all(row.endswith(j["name"]) for row, j in zip(rows, jobs, strict=True))


def test_ids_may_be_shortened_as_long_as_they_are_unique(here):
    here.write("job.yaml", job("[{shell: 'true'}]"))
    first, second = (here.jm("run", "-q", "job.yaml").out.strip() for _ in range(2))
    length = next(n for n in range(1, 13) if first[:n] != second[:n])
    assert here.jm("status", "-q", first[:length]).out.strip() == first
    assert here.jm("status", "-q").out.strip() == here.jm("status", "-q", "last").out.strip() == second
    missing = here.jm("status", "xyz")
    assert missing.code == 7 and 'there is no job "xyz"' in missing.err


def test_status_shows_every_action_with_a_word_and_why_it_failed(here):
    here.write("job.yaml", MIXED)
    here.jm("run", "job.yaml")
    told = here.jm("status")
    assert told.code == 0 and "\x1b" not in told.out
    for words in (
        "failed  sample",
        "succeeded  good",
        "failed  bad",
        "attempt 2  exit code 4",
        "skipped  later",
        "jm logs",
        "resume ",
    ):
        assert words in told.out, words
    document = here.jm("status", "last", "--json").json
    assert document["state"] == "failed" and document["counts"] == {"succeeded": 1, "failed": 1, "skipped": 1}
    good, bad, later = document["actions"]
    assert (good["path"], good["state"], good["attempts"], good["failure"]) == ("s1/good", "succeeded", 1, None)
    assert bad["failure"] == {"reason": "code", "code": 4, "message": "exit code 4"} and os.path.exists(bad["log"])
    assert (later["state"], later["began"], later["log"]) == ("skipped", None, None)


def test_a_large_job_is_shown_by_its_counts(here):
    here.write("job.yaml", job("[" + ", ".join(["{shell: 'true'}"] * 201) + "]", "[{name: bad, shell: 'false'}]"))
    here.jm("run", "job.yaml")
    told = here.jm("status").out
    assert len(told.splitlines()) < 15 and "201/201" in told and "--all lists them" in told and "failed  bad" in told
    assert len(here.jm("status", "--all").out.splitlines()) > 200


# --- logs -------------------------------------------------------------------------------------------------------------


def test_logs_of_a_job_have_headers_and_of_an_action_are_its_bytes(here):
    here.write("job.yaml", MIXED)
    here.jm("run", "job.yaml")
    told = here.jm("logs")
    assert told.out == "==> s1/good, attempt 1, succeeded <==\nfine\nmore\n==> s1/bad, attempt 2, failed <==\ntail 2\n"
    assert here.jm("logs", "last/good").raw == b"fine\nmore\n" == here.jm("logs", "last/s1/good").raw
    assert here.jm("logs", "last/bad").raw == b"tail 2"
    assert here.jm("logs", "last/bad", "--attempt", "1").raw == b"tail 1"
    assert here.jm("logs", "last/good", "-n", "1").raw == b"more\n"
    assert here.jm("logs", "last/good", "-f").raw == b"fine\nmore\n"
    assert here.jm("logs", "last/good", "-n", "0").raw == b""


def test_logs_that_are_not_there_are_explained(here):
    here.write("job.yaml", MIXED)
    here.jm("run", "job.yaml")
    nothing = here.jm("logs", "last/later")
    assert nothing.code == 0 and not nothing.out and "s2/later has printed nothing" in nothing.err
    typo = here.jm("logs", "last/godo")
    assert typo.code == 7 and "did you mean" in typo.err and "good" in typo.err
    attempt = here.jm("logs", "last/good", "--attempt", "7")
    assert attempt.code == 7 and "no log of attempt 7" in attempt.err
    assert here.jm("logs", "last", "--attempt", "1").code == here.jm("logs", "-f", "--json").code == 2


def test_any_bytes_of_a_log_come_out_as_they_went_in(here):
    raw = bytes(range(256)) * 3 + b"\r\nno end"
    here.write("raw", raw)
    here.write("job.yaml", job("[{name: a, cmd: [cat, raw]}]"))
    here.jm("run", "job.yaml")
    assert here.jm("logs", "last/a").raw == raw
    (log,) = here.jm("logs", "last/a", "--json").json["logs"]
    assert log["bytes"] == len(raw) and log["attempt"] == 1 and log["stream"] == "log" and "no end" in log["tail"]
    assert here.jm("logs", "-q").out.strip() == log["log"]


# --- shelves, projects, removal ---------------------------------------------------------------------------------------


def test_modules_are_listed_and_a_broken_one_hides_none(here):
    here.write(
        "modules/good/manifest.yaml",
        "name: good\ndescription: Does good\nentrypoint: main.py\noutputs: [{param_name: o, type: text}]\n",
    )
    here.write("modules/good/main.py", "")
    here.write("modules/bad/manifest.yaml", "name: bad\nentrypoint: none.py\n")
    told = here.jm("modules")
    assert (
        told.code == 0
        and "good  Does good" in told.out
        and "--o text" in told.out
        and "the Python that runs jm" in told.out
    )
    assert "bad  cannot be used" in told.err and "modules/bad/manifest.yaml:2:" in told.err
    document = here.jm("modules", "--json").json
    assert [m["name"] for m in document["modules"]] == ["good"] and [b["name"] for b in document["broken"]] == ["bad"]
    assert here.jm("modules", "-q", "modules").out == "good\n"
    missing = here.jm("modules", "nowhere")
    assert missing.code == 2 and "nowhere" in missing.err
    (here.path / "empty").mkdir()
    assert "no module in" in here.jm("modules", env={"JM_MODULES": "empty"}).out


def test_one_module_is_examined(here):
    here.write(
        "m/manifest.yaml", "name: m\ndescription: d\nentrypoint: main.py\noutputs: [{param_name: o, type: text}]\n"
    )
    here.write("m/main.py", "print('never run')\n")
    told = here.jm("modules", "check", "m")
    assert (told.code, told.out) == (0, "ok: m\n")
    assert here.jm("modules", "check", "m", "--json").json["ok"] is True
    here.write("m/main.py", "def f(:\n")
    broken = here.jm("modules", "check", "m")
    assert broken.code == 2 and "m/main.py:1:" in broken.err
    assert here.jm("modules", "check", "m", "--json").json["error"]["problems"][0]["line"] == 1


def test_a_new_project_works_at_once_and_nothing_is_overwritten(here):
    told = here.jm("init", "my project")
    assert told.code == 0 and "cd 'my project'" in told.out
    project = here.path / "my project"
    here.path = project
    assert here.jm("check", "job.yaml", "sample.txt").out.startswith("ok: ")
    ran = here.jm("run", "job.yaml", "sample.txt", "--out", "results")
    assert ran.code == 0 and not ran.err, ran
    assert '"the": 4' in here.read("results/words.json")
    here.path = project.parent
    again = here.jm("init", "my project")
    assert again.code == 7 and "nothing in it was touched" in again.err
    here.write("file", "mine")
    assert here.jm("init", "file").code == 7 and here.read("file") == "mine"
    assert here.jm("init", "x", "--json").json["files"][0] == "job.yaml"
    assert here.jm("init", "y", "-q").out == f"{here.path}/y\n"
    braces = here.jm("init", "{odd} 'name'")
    assert braces.code == 0 and here.jm("check", "{odd} 'name'/job.yaml").code == 0


def test_a_job_is_removed_with_everything_and_nothing_else(here):
    here.write("job.yaml", job("[{shell: 'echo x > {o}', outputs: [{name: o, public: true}]}]"))
    first, second = (here.jm("run", "-q", "job.yaml", "--out", "r").out.strip() for _ in range(2))
    told = here.jm("rm", first)
    assert (told.code, told.out) == (0, f"removed job {first}\n")
    assert here.jm("ls", "-q").out.split() == [second]
    assert not (here.path / ".jm/jobs" / first).exists() and (here.path / ".jm/jobs" / second).exists()
    assert here.read("r/o") == "x\n"
    assert here.jm("rm", second, "nosuch").code == 7 and here.jm("ls", "-q").out.split() == [second]
    assert here.jm("rm", "last", "--json").json == {"removed": [second]}


def test_the_state_directory_is_for_its_owner_alone(here):
    here.write("job.yaml", job("[{shell: 'echo x > {o}', outputs: [{name: o, public: true}]}]"))
    here.jm("run", "job.yaml", "--out", "r")
    folders = [folder for folder, _, _ in os.walk(here.path / ".jm")]
    assert len(folders) > 3
    assert not [folder for folder in folders if os.stat(folder).st_mode & 0o077]


@pytest.mark.parametrize("damage", ["UPDATE turn SET at=at+1", "DELETE FROM turn", None])
def test_a_damaged_journal_is_said_by_every_command_that_looks(here, damage):
    here.write("job.yaml", job("[{shell: 'true'}]"))
    here.jm("run", "job.yaml")
    journal = here.path / ".jm" / "journal.db"
    if damage is None:
        journal.write_bytes(journal.read_bytes()[:5000])
    else:
        with sqlite3.connect(journal) as db:
            db.execute(damage)
        db.close()
    for words in (("status",), ("logs",), ("run", "job.yaml")):
        told = here.jm(*words)
        assert told.code == 5 and not told.out and "is damaged" in told.err, told
    for words in (("ls",), ("ls", "-q")):
        told = here.jm(*words)
        assert told.code == 5 and ("is unreadable" in told.err or "is damaged" in told.err), told
