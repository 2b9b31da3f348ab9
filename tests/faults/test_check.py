"""The checks themselves: a run that went well has no violation, and each kind of damage is found by the check for it.

Histories come from the real program, since a model that nothing real passes proves nothing.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from job_manager.core import said as s
from job_manager.core.events import pack
from job_manager.testing import Farm, fails, script, succeeds
from job_manager.testing import job as serial_job
from tests.faults import check, witness
from tests.faults.model import illegal


def job(folder: Path) -> str:
    """Two steps, the first parallel with an action that fails at first, the second reading what the first wrote."""
    ledger = folder / "ledger"
    words = [
        witness.command(ledger, "--write", "{a.txt}"),
        witness.command(ledger, "--write", "{b.txt}", "--fail-before", "2"),
        witness.command(ledger, "--read", "{a.txt}", "--read", "{b.txt}", "--write", "{c.txt}"),
    ]
    a, b, c = map(json.dumps, words)
    return f"""
name: witnessed
version: 1
steps:
- name: one
  entries:
  - {{name: a, cmd: {a}, outputs: [{{name: a.txt, public: true}}]}}
  - {{name: b, cmd: {b}, outputs: [b.txt], retries: 1}}
- name: two
  entries:
  - {{name: c, cmd: {c}, inputs: [a.txt, b.txt], outputs: [{{name: c.txt, public: true}}]}}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    (folder / "job.yaml").write_text(job(folder))
    argv = [sys.executable, "-m", "job_manager", "run", "job.yaml"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def history(run: Path) -> list[list[Any]]:
    [events] = check.histories(run / ".jm" / "journal.db").values()
    return copy.deepcopy(events)


def test_what_went_well_has_no_violation(run: Path) -> None:
    found = check.histories(run / ".jm" / "journal.db")
    ledger = witness.read(run / "ledger")
    assert [line["what"] for line in ledger].count("start") == 4
    assert check.everything(run / ".jm", ledger, acknowledged=found) == []
    [(id, events)] = found.items()
    a, b = witness.made("a.txt"), witness.made("b.txt")
    expected = {"a.txt": a, "c.txt": witness.made("c.txt", [a, b])}
    assert check.artifacts(run / ".jm" / "jobs" / id / "public", events, expected) == []
    assert check.bounds(run / ".jm" / "jobs" / id / "logs", 1 << 20) == []


@pytest.mark.parametrize("name", ["started", "succeeded", "attempt-failed", "retry-planned", "job-finished"])
def test_no_event_may_be_missing_or_there_twice(history, name):
    at = next(number for number, event in enumerate(history) if event[0] == name)
    twice = [*history[: at + 1], history[at], *history[at + 1 :]]
    assert illegal(twice)
    if name not in ("started", "retry-planned", "job-finished"):  # these three need not have followed
        assert illegal([*history[:at], *history[at + 1 :]])


def test_events_that_cannot_have_happened_are_found(history):
    assert illegal(history) == []
    leased = next(number for number, event in enumerate(history) if event[0] == "leased" and event[1] == 2)
    early = [*history[:2], history[leased], *history[2:leased], *history[leased + 1 :]]
    assert any("has to wait for 0" in why for why in illegal(early))
    older = [[*event] for event in history]
    next(event for event in older if event[0] == "leased" and event[2] == 2)[2] = 1
    assert any("was made before" in why for why in illegal(older))
    stranger = [[*event] for event in history]
    next(event for event in stranger if event[0] == "leased")[3] = "somebody"
    assert any("no worker of the job" in why for why in illegal(stranger))
    assert any("nobody has described" in why for why in illegal([*history[:2], ["vanished", 1], *history[2:]]))
    assert any("after the job was succeeded" in why for why in illegal([*history, ["job-due", 1.0]]))


def test_what_people_ask_for_is_described(seed):
    """Cancel, retry, skip, pause: as the core answers to them, and not otherwise."""
    farm = Farm(serial_job("a", "b", "c"), outcomes=script({1: fails()}))
    farm.run()
    for request in (
        s.RetryActions("j1", "failed", request="r1"),
        s.SkipAction("j1", 1, request="r2"),
        s.RetryActions("j1", "from", 1, request="r3"),
        s.CancelJob("j1", 0.0, request="r4"),
        s.RetryActions("j1", "failed", request="r5"),
        s.HoldJob("j1", "paused", None, request="r6"),
        s.ReleaseJob("j1", request="r7"),
        s.SetPriority("j1", 2.0, request="r8"),
        s.CancelAction("j1", 2, 0.0, request="r9"),
    ):
        farm.say(request)
        farm.turn()
        if request.request in ("r1", "r2", "r9"):
            farm.run()
    events = [json.loads(json.dumps(pack(event))) for event in farm.journal]
    names = {event[0] for event in events}
    assert {"job-retried", "excused", "job-cancelled", "job-held", "job-released", "cancelled"} <= names
    assert illegal(events) == []
    assert illegal([event for event in events if event[0] != "job-retried"])
    assert illegal([event for event in events if event[0] != "excused"])


def test_a_lost_job_and_an_open_one_are_found(history):
    assert check.losses(["a", "b"], ["b"]) == ["job a was acknowledged and is not there"]
    assert check.unfinished({"a": history[:-1]}) and not check.unfinished({"a": history})


def test_damage_to_the_file_is_found(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run / ".jm", tmp_path / "jm")
    journal = tmp_path / "jm" / "journal.db"
    assert check.damage(journal) == []
    with sqlite3.connect(journal) as db:
        db.execute("UPDATE turn SET body = replace(body, '\"succeeded\"', '\"failed\"') WHERE n = 2")
        db.execute("DELETE FROM turn WHERE n = (SELECT max(n) FROM turn)")
    db.close()
    said = " ".join(check.damage(journal))
    assert "the chain is broken" in said or "the end of its chain is wrong" in said
    assert "the end of its chain is wrong" in said


def line(what: str, attempt: int, ns: int, **more: Any) -> dict[str, Any]:
    return {"what": what, "job": "j", "action": "s/a", "index": 0, "attempt": attempt, "pid": 100 + attempt, "ticks": 1,
            "boot": "b", "ns": ns, **more}  # fmt: skip


def test_repeated_and_overlapping_attempts_are_found():
    calm = [line("start", 1, 10), line("end", 1, 20), line("start", 2, 30), line("end", 2, 40)]
    won = {"j": [["succeeded", 0, 2, 0.0, 1.0]]}
    assert check.repetitions(calm, won) == check.overlaps(calm) == []
    assert check.overlaps([calm[0], calm[2], {**calm[1], "ns": 35}, calm[3]])
    assert check.repetitions([*calm, line("start", 2, 50)], won)
    assert check.repetitions([*calm, line("start", 3, 50)], won)
    assert check.repetitions(calm, won, once=["s/a"])
    assert check.repetitions([line("overlap", 2, 30), *calm], won)


def test_the_witness_notes_a_live_attempt_of_the_same_action(tmp_path: Path) -> None:
    environ = {"JM_JOB_ID": "j", "JM_TASK_ID": "s/a", "JM_INDEX": "0"}
    argv = witness.command(tmp_path / "ledger", "--await", tmp_path / "go")
    with subprocess.Popen(argv, env={**environ, "JM_ATTEMPT": "1"}) as first:
        while not witness.read(tmp_path / "ledger"):
            assert first.poll() is None
        second = witness.command(tmp_path / "ledger")
        assert subprocess.run(second, env={**environ, "JM_ATTEMPT": "2"}).returncode == 0
        (tmp_path / "go").touch()
    ledger = witness.read(tmp_path / "ledger")
    assert [row["what"] for row in ledger] == ["start", "overlap", "start", "end", "end"]
    assert check.repetitions(ledger, {}) and check.overlaps(ledger)


def test_what_is_published_wrongly_is_found(tmp_path: Path) -> None:
    events = [["succeeded", 0, 1, 0.0, 1.0, [], [["a", 1, 2, 3, 4, ""]]]]
    (tmp_path / "a").write_bytes(b"abc")
    assert check.artifacts(tmp_path, events, {"a": b"abc"}) == []
    assert check.artifacts(tmp_path, events, {"a": b"abd"})
    assert check.artifacts(tmp_path, events, {"a": b"abc", "b": b""})
    (tmp_path / "a").write_bytes(b"ab")
    assert len(check.artifacts(tmp_path, events, {"a": b"abc"})) == 2
    (tmp_path / "half").touch()
    assert "half is published and nobody made it" in check.artifacts(tmp_path, events, {})
    assert check.artifacts(tmp_path, [*events, ["succeeded", 1, 1, 0.0, 1.0, [], [["a", 1, 2, 3, 4, ""]]]], {})


def test_a_process_that_is_left_is_found() -> None:
    with subprocess.Popen(["sleep", "60"], env={"JM_KEEPER": "k123", "JM_ATTEMPT_TOKEN": "job1/0/1"}) as left:
        while not check.survivors(["k123"]):  # it is there when it has become sleep
            assert left.poll() is None
        assert check.survivors([], ["job1"]) and not check.survivors(["k12"], ["job"])
        left.kill()
        with open(f"/proc/{left.pid}/stat") as stat:
            while " Z " not in stat.read():
                stat.seek(0)
        assert check.zombies(os.getpid())


def test_bad_manners_are_found():
    assert check.manners(2, "error: no such file\n") == []
    assert check.manners(1, "Traceback (most recent call last):\n")
    assert check.manners(137, "error: x") and check.manners(5, "") and check.manners(2, "error: x", [7])
    assert check.exclusion(7, "error: in use by `jm` (process 12, since 1)", 0.2, 12) == []
    assert len(check.exclusion(5, "error: in use", 1.5, 12)) == 3


def test_secrets_are_found_however_they_are_spelt(tmp_path: Path) -> None:
    secret = "s3cr3t/CANARY+77"
    assert check.leaks(secret, tmp_path) == []
    for number, spelt in enumerate(check.spellings(secret)):
        (tmp_path / "file").write_bytes(b"x" * number + spelt)
        assert check.leaks(secret, tmp_path), spelt
    (tmp_path / "file").unlink()
    with subprocess.Popen(["sh", "-c", "sleep 60; :", secret]) as shell:
        while not check.leaks(secret, tmp_path):  # it is there when it has become sh
            assert shell.poll() is None
        shell.kill()


def test_a_log_that_is_too_long_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"x" * 4096)
    assert check.bounds(tmp_path, 8192) == []
    assert check.bounds(tmp_path, 0, slack=1024)


def test_an_end_before_the_beginning_is_found():
    assert check.times({"j": [["succeeded", 0, 1, 5.0, 4.0]]}) and not check.times(
        {"j": [["succeeded", 0, 1, 4.0, 5.0]]}
    )


def test_what_is_leased_before_its_turn_is_not_done_before_it():
    farm = Farm(serial_job("a", "b", "c"), ahead=4, outcomes=script(dict.fromkeys(range(3), succeeds(0.0))))
    farm.run()
    history = [pack(event) for event in farm.journal]
    assert [event[1] for event in history if event[0] == "chained"] == [2]
    assert illegal(history) == []
    second, third = (next(n for n, event in enumerate(history) if event[:2] == ["succeeded", at]) for at in (1, 2))
    history[second], history[third] = history[third], history[second]
    assert any("action 2 has to wait for 1" in why for why in illegal(history))


LOST = [
    ["job-submitted", 1.0, {"Job": {"children": [{"Action": {"name": "a", "argv": ["true"]}}]}}, {}, ""],
    ["worker-joined", "w", 1, 1, 1.0],
    ["leased", 0, 1, "w"],
    ["started", 0, 1, 2.0],
    ["cancelled", 0, 3.0, 0.0, "r"],
    ["attempt-lost", 0, 1, 4.0],
]


CANCELLED = [["job-finished", 5.0, "failed", {"cancelled": 1}]]
UNKNOWN = [["lost", 0], ["job-finished", 5.0, "lost", {"lost": 1}]]


@pytest.mark.parametrize("end", [CANCELLED, UNKNOWN])
def test_what_is_lost_while_it_is_being_cancelled_is_over(end: list[list[Any]]) -> None:
    """Found by the kill loop: the keeper died between the request and the end. The other end is of what may not run
    twice: nobody knows."""
    assert illegal([*LOST, *end]) == []
    uncancelled = [event for event in LOST if event[0] != "cancelled"]
    assert illegal([*uncancelled, *CANCELLED])
