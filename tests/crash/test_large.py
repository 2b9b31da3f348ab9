"""Jobs and journals of a size that nobody has every day: a hundred thousand actions in three shapes, a journal that has
grown, a reader that never ends, and too little memory for any of it.

Real processes and their true peaks. How fast it is, is said by command (tests.crash.restart) and in docs/promises.md.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from job_manager.engines.sqlite import journal as journal_module
from job_manager.engines.sqlite.journal import Head, Journal
from tests.contract.big import fill
from tests.crash import restart
from tests.crash.farm import Farm, attempts, kill, wait_for
from tests.faults import check
from tests.memory import had, telling

pytestmark = pytest.mark.long
MOST = 300_000  # kB that any process of ours may take
HEAD = "name: large\nversion: 1\nsteps:\n"
FAN_OUT = HEAD + "- entries: [{name: a, foreach: {n: 1-100000}, shell: 'true {n}'}]\n"
BARRIER = (
    HEAD + "- entries: [{name: a, foreach: {n: 1-1000}, shell: 'true {n}'}]\n"
    "- entries: [{name: b, foreach: {n: 1-1000}, shell: 'true {n}'}]\n"
)


def chain() -> str:
    return HEAD + "".join(f"- {{name: s{n}, entries: [{{name: a, shell: 'true'}}]}}\n" for n in range(100_000))


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    made = Farm(tmp_path)
    yield made
    kill(
        [
            *filter(None, [made.holder()]),
            *made.keepers(),
            *(pid for pids in attempts(made.home).values() for pid in pids),
        ]
    )


def peak(farm: Farm, *words: str, out: Any = None) -> int:
    """Waits for a command that has to go well; the most memory (kB) that it, or what it waited for, has had."""
    told = farm.folder / "peak"
    assert farm.jm(*words, out=out, prefix=telling(told)).wait() == 0
    return int(told.read_text())


def counted(farm: Farm, kind: str = "succeeded") -> int:
    """How many events of this kind are in the journal; none while there is none."""
    try:
        with closing(sqlite3.connect(f"file:{farm.home}/journal.db?mode=ro", uri=True, timeout=30)) as db:
            return sum(body.count(f'["{kind}",') for (body,) in db.execute("SELECT CAST(body AS TEXT) FROM turn"))
    except sqlite3.OperationalError:
        return 0


@pytest.mark.parametrize(
    ("text", "actions"), [(FAN_OUT, 100_000), (chain(), 100_000), (BARRIER, 2_000)], ids=["fan-out", "chain", "barrier"]
)
def test_very_many_actions_begin_and_can_be_ended(farm: Farm, text: str, actions: int):
    """All of the barrier run: a thousand wait for each of a thousand."""
    (farm.folder / "job.yaml").write_text(text)
    assert peak(farm, "submit", "-q", "job.yaml") < MOST
    up = farm.jm("up", "-j", "2")
    wait_for(lambda: counted(farm) > 500, "the first of them")
    if actions > 2_000:
        assert peak(farm, "cancel", "last", "--now") < MOST
    wait_for(lambda: counted(farm, "job-finished") == 1, "the end", 120)
    assert peak(farm, "status", "last", out=subprocess.DEVNULL) < MOST
    assert had(up.pid) < MOST
    assert peak(farm, "down") < MOST and up.wait(60) == 0
    assert check.damage(farm.home / "journal.db") == []
    assert actions > 2_000 or counted(farm) == actions


def test_a_journal_that_has_grown_is_taken_up_and_goes_on():
    """A million events and their times are for the command; here, that every open action is still there."""
    seconds, _ = restart.measured(1_000, 1, quiet=0.5, finished=200_000)
    assert len(seconds) == 1


READER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN")
print(db.execute("SELECT count(*) FROM turn").fetchone(), flush=True)
input()
print(db.execute("SELECT count(*) FROM turn").fetchone(), flush=True)
"""


def test_a_reader_that_never_ends_costs_room_that_is_said_and_given_back(tmp_path: Path):
    """At its true limits: 64 MiB of log, and a look every so many turns."""
    path = str(tmp_path / "journal.db")
    fill(path, 100, actions=10)
    journal, head = Journal(path), Head()
    reader = subprocess.Popen([sys.executable, "-c", READER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert reader.stdout is not None
    before, turns = reader.stdout.readline(), 0
    while not journal.warning:
        journal.append(1.0, [("open", head, [["worker-joined", "w" * 65_000, 1, 0, 1.0]])])
        turns += 1
        assert turns < 5_000, "nothing is said"
    assert f"process {reader.pid} (" in journal.warning, journal.warning
    assert os.path.getsize(f"{path}-wal") > journal_module.LOG_LIMIT
    after, _ = reader.communicate(b"\n", 60)
    assert after == before, "it sees one moment all the time"
    while journal.warning:
        journal.append(1.0, [("open", head, [["worker-joined", "w", 1, 0, 1.0]])])
    journal.close()
    assert not os.path.exists(f"{path}-wal")


@pytest.mark.parametrize("megabytes", [24, 40, 60, 100, 180, 280])
def test_a_job_that_memory_does_not_suffice_for_is_all_there_or_not_at_all(farm: Farm, megabytes: int):
    """And whoever runs it with too little says so; with enough, it goes on."""
    (farm.folder / "job.yaml").write_text(FAN_OUT)
    limit = ("/bin/sh", "-c", f'ulimit -v {megabytes << 10}; exec "$@"', "sh")
    assert farm.jm("submit", "-q", "job.yaml", prefix=limit).wait(60) in (0, 5)
    there = list((farm.home / "inbox").glob("*.json"))
    if not there:
        assert "not enough memory" in farm.tail()
        peak(farm, "submit", "-q", "job.yaml")
    up = farm.jm("up", "-j", "2", prefix=limit)
    wait_for(lambda: up.poll() is not None or counted(farm) > 0, "its end, or that of an action")
    if up.poll() is None:
        peak(farm, "down")
        assert up.wait(60) == 0
    else:
        assert up.returncode == 5 and "memory" in farm.tail().lower(), farm.tail()
    said = farm.output.read_text()
    assert "Traceback" not in said and "internal error" not in said and "unreadable" not in said, said
    before, up = counted(farm), farm.jm("up", "-j", "2")
    wait_for(lambda: farm.holder() == up.pid and counted(farm) > before, "that it goes on")
    peak(farm, "down")
    assert up.wait(60) == 0
    assert check.damage(farm.home / "journal.db") == [] and len(check.histories(farm.home / "journal.db")) == 1
