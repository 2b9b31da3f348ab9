"""Many hands at once on one directory: signals at any moment and twice, a second supervisor, people who ask for
opposite things while the work comes to its end, and a job that fails as fast as it can.

Real processes; seeded moments; what has to hold is told by `tests.faults.check`.
"""

from __future__ import annotations

import random
import re
import signal
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.farm import Farm, let_pass, wait_for
from tests.crash.plan import drawn, text
from tests.e2e.person import Folder, job
from tests.faults import check, witness

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
BEFORE = {-int(number) for number in SIGNALS}  # exit codes of a program that a signal has met before it listened


def finished(home: Path) -> bool:
    return not check.unfinished(check.histories(home / "journal.db")) and not list((home / "owed").iterdir())


def meets_only_python(said: str) -> bool:
    """Whether a traceback is of a SIGINT that came while Python itself was being started: no line of ours had run,
    `__main__`'s first ones at most, so that nothing of ours could say what it means."""
    return "KeyboardInterrupt" in said and not re.search(r"job_manager/(?!__init__|__main__)", said)


def end(up: subprocess.Popen[bytes]) -> int:
    up.send_signal(signal.SIGTERM)
    return up.wait(60)


# --- signals ----------------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_signals_once_and_twice_at_any_moment_of_a_supervisor(tmp_path: Path, rng: random.Random):
    """During the start, a commit, and the stop itself: it ends as promised, and the next goes on."""
    farm, ledger = Farm(tmp_path), tmp_path / "ledger"
    plan = drawn(rng, "signalled", 60, 6, 0.1, once=False)
    (tmp_path / "job.yaml").write_text(text(plan, ledger))
    assert farm.jm("submit", "-q", "job.yaml").wait(60) == 0
    for _ in range(25):
        farm.output.unlink()
        up = farm.jm("up", "-j", "4")
        let_pass(rng.uniform(0.0, 0.6))
        up.send_signal(rng.choice(SIGNALS))
        if rng.random() < 0.5:
            let_pass(rng.uniform(0.0, 0.1))
            up.send_signal(rng.choice(SIGNALS))
        try:
            code = up.wait(60)
        except subprocess.TimeoutExpired:
            assert "Exception ignored" in farm.output.read_text()  # Python's own start can swallow it, too
            code = end(up)
        if not meets_only_python(said := farm.output.read_text()):
            assert (code in {130, *BEFORE}, "Traceback" in said) == (True, False), said
    up = farm.jm("up", "-j", "4")
    wait_for(lambda: finished(farm.home), "the end")
    assert end(up) == 130
    [(id, events)] = check.histories(farm.home / "journal.db").items()
    assert check.everything(farm.home, witness.read(ledger), [id]) == []
    assert check.artifacts(farm.home / "jobs" / id / "public", events, plan.expected()) == []


# --- a second one -----------------------------------------------------------------------------------------------------


def test_a_second_supervisor_is_refused_at_once_and_touches_nothing(here: Folder):
    """The first program of this name removed, at its start, the files of every job there was."""
    waits = "echo half > {out}; echo > begun; until [ -e go ]; do sleep 0.02; done; echo whole > {out}"
    here.write("job.yaml", job(f"[{{name: a, shell: '{waits}', outputs: [{{name: out, public: true}}]}}]"))
    begun = here.fifo("begun").listen()
    running = here.start("run", "job.yaml")
    begun.hear()
    before = tree(here.path / ".jm/jobs")
    refused = here.jm("up")
    assert check.exclusion(refused.code, refused.err, 0.0, running.pid) == []
    assert tree(here.path / ".jm/jobs") == before
    here.write("go", "")
    assert running.wait(60) == 0
    [out] = (here.path / ".jm/jobs").glob("*/public/out")
    assert out.read_text() == "whole\n"


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder, with inode and size; not logs, which come when there is something in them."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".log"]
    return {str(path): (path.stat().st_ino, path.stat().st_size) for path in files}


# --- people who ask for opposite things -------------------------------------------------------------------------------


@pytest.mark.long
def test_four_people_ask_for_opposite_things_while_it_ends(here: Folder, rng: random.Random):
    """Each request is refused or is in the history once, and that is one that can have happened."""
    entries = ", ".join(f"{{name: a{n}, shell: 'sleep 0.0{n % 7}; exit {n % 5 == 4:d}'}}" for n in range(40))
    here.write("job.yaml", job(f"[{entries}]", "[{name: last, cmd: ['true']}]"))
    assert here.jm("up", "--detach", "-j", "2").code == 0
    id = here.jm("submit", "-q", "job.yaml").out.strip()
    verbs = [["cancel"], ["skip"], ["retry", "--only"], ["pause"], ["unpause"], ["prio"], ["retry"]]
    seeds = [rng.getrandbits(32) for _ in range(4)]

    def person(seed: int) -> list[tuple[str, int, str]]:
        mine, said = random.Random(seed), []
        for _ in range(15):
            words, action = mine.choice(verbs), f"a{mine.randrange(40)}"
            named = [f"{id}/{action}"] if words[0] in ("cancel", "skip") else [id]
            more = {"prio": [str(mine.randrange(9))]}.get(words[0], [action] if words[1:] else [])
            told = here.jm(*words[:1], *named, *words[1:], *more)
            said.append((words[0], told.code, told.err))
        return said

    with ThreadPoolExecutor(4) as people:
        said = [each for answers in people.map(person, seeds) for each in answers]
    assert [each for each in said if check.manners(each[1], each[2], (0, 7))] == []
    here.jm("unpause", id)
    assert here.jm("wait", id).code in (0, 1)
    assert here.jm("down").code == 0
    found = check.histories(here.path / ".jm/journal.db")
    assert check.legality(found) + check.damage(here.path / ".jm/journal.db") == []
    asked = [event[-1] for event in found[id] if event[0] in ASKED]
    assert len(asked) == len(set(asked)), "no request counts twice"
    accepted = sum(code == 0 for _, code, _ in said)
    assert len(asked) <= accepted + 1 + 1, (
        "what was refused has changed nothing"
    )  # and submitting, and the last unpause


ASKED = {"job-submitted", "job-held", "job-released", "job-cancelled", "cancelled", "job-retried", "excused"}
ASKED |= {"priority-changed"}


# --- a job that fails as fast as it can -------------------------------------------------------------------------------


@pytest.mark.long
def test_a_storm_of_retries_is_slow_and_can_be_stopped(here: Folder):
    """Two hundred actions that fail at once and may be tried a thousand times: each waits longer and longer."""
    entries = ", ".join(f"{{name: a{n}, shell: 'exit 1', retries: 1000}}" for n in range(200))
    here.write("job.yaml", job(f"[{entries}]"))
    assert here.jm("up", "--detach", "-j", "4").code == 0
    began = time.monotonic()
    id = here.jm("submit", "-q", "job.yaml").out.strip()
    journal = here.path / ".jm/journal.db"
    wait_for(lambda: attempts(journal) > 400, "the second attempts")
    assert here.jm("status", id, "--json").json["state"] == "running"
    assert here.jm("cancel", id, "--now").code == 0
    assert here.jm("wait", id).code == 3
    waits, tried = time.monotonic() - began, 0
    while waits > 0:  # 0.75 s at least before the second, then twice as long each time
        waits -= 0.75 * 2**tried
        tried += 1
    assert attempts(journal) <= 200 * (tried + 1)
    assert journal.stat().st_size < 4 << 20
    assert here.jm("down").code == 0


def attempts(journal: Path) -> int:
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=10)) as db:
        rows = db.execute("SELECT CAST(body AS TEXT) FROM turn").fetchall()
    return sum(body.count('["attempt-failed"') for (body,) in rows)
