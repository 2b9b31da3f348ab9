"""A damaged journal from a person's side: it is said, sound jobs can be looked at, and `jm repair` brings it back.

Knows what may be kept and what is lost; how rows are found in a file has tests of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from typing import NamedTuple

import pytest

from tests.e2e.person import PATIENCE, PROGRAM, Folder, gone, job

PAIR = job("[{shell: 'echo one > {o}', name: one, outputs: [o]}]",
           "[{shell: 'cat {o} > {p}', name: two, inputs: [o], outputs: [{name: p, public: true}]}]")  # fmt: skip


class Hurt(NamedTuple):
    """A job whose history is damaged: from its event `kept` on, of so many."""

    id: str
    kept: int
    events: int

    @property
    def lost(self) -> str:
        return f"{self.kept} events kept, {self.events - self.kept} events lost"


def damage(here: Folder, id: str, said: str) -> Hurt:
    """Change the first turn of the job in which this was said."""
    db = sqlite3.connect(here.path / ".jm" / "journal.db")
    with db:
        turns = db.execute("SELECT seq, count, body FROM turn WHERE job=? ORDER BY seq", (id,)).fetchall()
        at = next(seq for seq, _, body in turns if f'["{said}",' in body)
        db.execute("UPDATE turn SET at=at+1 WHERE job=? AND seq=?", (id, at))
    db.close()
    return Hurt(id, at, turns[-1][0] + turns[-1][1])


@pytest.fixture
def two(here: Folder) -> tuple[Folder, Hurt, str]:
    """Two jobs that have succeeded; the first of them is damaged where its first action had succeeded."""
    here.write("job.yaml", PAIR)
    first, sound = (here.jm("run", "-q", "job.yaml", "--keep-temp").out.strip() for _ in range(2))
    return here, damage(here, first, "succeeded"), sound


def test_a_start_is_refused_in_one_line_and_sound_jobs_can_be_looked_at(two):
    here, hurt, sound = two
    for words in (("run", "job.yaml"), ("resume", sound), ("rm", sound), ("gc",)):
        told = here.jm(*words)
        assert (told.code, told.out) == (5, "")
        place = f"{here.path}/.jm/journal.db is damaged: job {hurt.id}, event {hurt.kept}"
        what = "the hash chain is broken; `jm repair --dry-run` shows what can be kept"
        assert told.err == f"error: the journal {place}: {what}\n"
    assert here.jm("status", sound).code == 0 and here.jm("logs", sound).code == 0
    assert here.jm("status", hurt.id).code == 5
    told = here.jm("ls")
    assert told.code == 5 and [line.split()[1] for line in told.out.splitlines()[1:]] == ["succeeded", "unreadable"]
    assert f"{hurt.id} is unreadable: job {hurt.id}, event {hurt.kept}" in told.err and "repair --dry-run" in told.err
    listed = here.jm("ls", "--json").json["jobs"]
    assert [each["state"] for each in listed] == ["succeeded", "unreadable"]
    assert listed[0]["problem"] is None and f"event {hurt.kept}" in listed[1]["problem"]


def test_what_would_be_lost_is_said_and_nothing_is_changed(two):
    here, hurt, _ = two
    before = (here.path / ".jm/journal.db").read_bytes()
    told = here.jm("repair", "--dry-run")
    assert told.code == 0 and not told.err
    assert f"{hurt.lost}; running" in told.out
    assert "lost: s1/one had succeeded; it runs again" in told.out
    assert "lost: s2/two had succeeded; it runs again" in told.out
    assert "lost: it had finished as succeeded" in told.out
    assert "events kept, nothing lost; succeeded" in told.out
    assert (here.path / ".jm/journal.db").read_bytes() == before
    found = here.jm("repair", "-n", "--json").json
    assert (found["damaged"], found["repaired"], found["copies"]) == (True, False, [])
    assert found["damages"] == [{"job": hurt.id, "event": hurt.kept, "message": "the hash chain is broken"}]
    rows = [(each["kept"], each["lost"] > 0, each["problem"]) for each in found["jobs"]]
    assert rows == [(hurt.kept, True, None), (rows[1][0], False, None)]


def test_repaired_it_goes_on_from_what_is_proven(two):
    here, hurt, sound = two
    before = (here.path / ".jm/journal.db").read_bytes()
    told = here.jm("repair")
    assert told.code == 0 and "the journal is sound again" in told.out
    (copy,) = (here.path / ".jm").glob("journal.db.damaged-*")
    assert copy.read_bytes() == before and str(copy) in told.out
    assert here.jm("repair").out == "the journal is sound: there is nothing to repair\n"
    assert here.jm("ls").code == 0 and here.jm("status", sound).code == 0
    went = here.jm("resume", hurt.id)
    assert went.code == 0, went
    assert here.jm("run", "job.yaml").code == 0
    assert [each["state"] for each in here.jm("ls", "--json").json["jobs"]] == ["succeeded"] * 3
    assert (here.path / ".jm/jobs" / hurt.id / "public/p").read_text() == "one\n"


def test_what_must_not_run_twice_waits_for_a_persons_word(here):
    """Its success is among what is lost: a job that went on by itself would run it a second time."""
    here.write("job.yaml", job("[{shell: 'echo paid >> bank', name: pay, idempotent: false}, {shell: 'true', name: b}]",
                               "[{shell: 'false', name: c}]"))  # fmt: skip
    id = here.jm("run", "-q", "job.yaml").out.strip()
    damage(here, id, "succeeded")
    told = here.jm("repair")
    assert "may have run: s1/pay (idempotent: false)" in told.out and f"resume {id}" in told.out
    assert here.jm("ls", "--json").json["jobs"][0]["state"] == "paused"
    assert here.lines("bank") == ["paid"]


def test_a_job_of_which_nothing_is_proven_is_gone_and_its_files_stay(two):
    here, hurt, sound = two
    hurt = damage(here, hurt.id, "job-submitted")
    told = here.jm("repair")
    assert f"{hurt.lost}; gone" in told.out and "lost: s1/one had succeeded\n" in told.out
    assert [each["id"] for each in here.jm("ls", "--json").json["jobs"]] == [sound]
    assert (here.path / ".jm/jobs" / hurt.id / "public/p").read_text() == "one\n"


def test_a_job_that_makes_no_sense_does_not_take_the_others_with_it(here):
    """Poisoned, but as it was written: the chain is whole, and what it says cannot be."""
    here.write("job.yaml", job("[{shell: 'false'}]"))
    bad, other = (here.jm("run", "-q", "job.yaml").out.strip() for _ in range(2))
    poison(here, bad)
    told = here.jm("ls")
    assert told.code == 5 and [line.split()[1] for line in told.out.splitlines()[1:]] == ["failed", "unreadable"]
    assert f"{bad} is unreadable" in told.err and "Traceback" not in told.both
    assert here.jm("run", "job.yaml").code == 1
    assert here.jm("resume", other).code == 1
    assert here.jm("doctor").code == 1
    assert here.jm("repair").out == "the journal is sound: there is nothing to repair\n"
    assert here.jm("rm", bad).code == 0
    assert here.jm("ls").code == 0 and here.jm("doctor").code == 0


def test_a_supervisor_runs_all_but_what_makes_no_sense(here):
    here.write("job.yaml", job("[{shell: 'test -e mended'}]"))
    bad, other = (here.jm("run", "-q", "job.yaml").out.strip() for _ in range(2))
    poison(here, bad)
    here.write("mended", "")
    assert here.jm("up", "--detach").code == 0
    assert here.jm("retry", other).code == 0
    assert here.jm("wait", other).code == 0
    assert f"job {bad}: job {bad} is unreadable: " in (here.path / ".jm/up.log").read_text()
    states = {each["id"]: each["state"] for each in here.jm("ls", "--json").json["jobs"]}
    assert states == {bad: "unreadable", other: "succeeded"}
    assert here.jm("down").code == 0


def poison(here: Folder, id: str) -> None:
    """Append an event that cannot have happened, as only a fault of ours could."""
    text = f"""
import sys
from job_manager.engines.sqlite.journal import Journal
journal = Journal({str(here.path / ".jm/journal.db")!r})
impossible = [["job-resumed", 1.0, {{}}, None], ["succeeded", 7, 1, 0.0, 0.0]]
assert journal.append(1.0, [({id!r}, journal.head({id!r}), impossible)])
journal.close()
"""
    subprocess.run([sys.executable, "-c", text], env=here.env, check=True)


def test_a_journal_that_was_deleted_is_missed_as_long_as_there_are_jobs(here):
    here.write("job.yaml", PAIR)
    id = here.jm("run", "-q", "job.yaml").out.strip()
    (here.path / ".jm/journal.db").unlink()
    told = here.jm("run", "job.yaml")
    assert told.code == 5 and "journal.db is damaged: it is gone, though there are jobs in jobs/" in told.err
    assert here.jm("repair").code == 0
    assert here.jm("run", "job.yaml").code == 0
    assert (here.path / ".jm/jobs" / id / "public/p").exists()


def test_a_repair_is_refused_while_somebody_runs_jobs_here(here):
    here.write("job.yaml", job("[{shell: 'echo here > began; cat go', name: waits}]"))
    began, go = here.fifo("began").listen(), here.fifo("go")
    running = here.start("run", "job.yaml")
    began.hear()
    told = here.jm("repair")
    assert told.code == 7 and "is in use by" in told.err and str(running.pid) in told.err
    assert here.jm("repair", "-n").out == "the journal is sound: there is nothing to repair\n"
    go.release()
    assert running.wait(PATIENCE) == 0


def test_what_still_runs_of_a_job_that_lost_its_beginning_is_ended(here):
    """No journal knows of it any more, and it would run beside its own repetition."""
    here.write("job.yaml", job("[{shell: 'echo $$ > began; exec sleep 1000', name: long}]"))
    began = here.fifo("began").listen()
    running = here.start("run", "job.yaml")
    (pid,) = began.hear()
    id = here.jm("ls", "-q").out.strip()
    running.send_signal(signal.SIGKILL)
    running.wait()
    damage(here, id, "worker-joined")
    assert here.jm("repair").code == 0
    assert gone(int(pid))


def test_a_state_directory_that_is_not_there_needs_no_repair(here):
    assert here.jm("repair").code == 0 and here.jm("repair", "-n").code == 0
    assert not (here.path / ".jm").exists()


# --- killed while it repairs ------------------------------------------------------------------------------------------

WRITING = "pwrite64,write,fdatasync,fsync,rename,ftruncate,unlink"


@pytest.mark.long
@pytest.mark.needs("strace")
@pytest.mark.parametrize("step", [1, 2, 3])
def test_killed_anywhere_a_repair_is_undone_or_done(two, step, tmp_path):
    """Every third write-like call is the last one, in turn. The next repair ends as one that was not disturbed."""
    here, hurt, sound = two
    whole = tmp_path / "whole"
    shutil.copytree(here.path / ".jm", whole)
    number = step
    while True:
        shutil.rmtree(here.path / ".jm")
        shutil.copytree(whole, here.path / ".jm")
        strace = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={WRITING}"]
        words = [*strace, "-e", f"inject={WRITING}:signal=SIGKILL:when={number}", *PROGRAM, "repair"]
        killed = subprocess.run(words, cwd=here.path, env=here.env, capture_output=True)
        if killed.returncode == 0:
            break
        assert here.jm("repair").code == 0, number
        listed = {each["id"]: each["state"] for each in json.loads(here.jm("ls", "--json").out)["jobs"]}
        assert listed == {hurt.id: "interrupted", sound: "succeeded"}, number
        copies = [copy for copy in (here.path / ".jm").glob("journal.db.damaged-*") if copy.stat().st_size]
        assert copies, number
        number += 3
    assert number > 12
