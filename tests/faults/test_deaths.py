"""The keeper dies, the worker dies, both die, the machine restarts: what runs goes on or ends, what has ended counts
once, and nothing is signalled that is not ours. Every attempt is witnessed.

With a real keeper and the real core in this process; the loops over the real program are in tests/crash.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from job_manager.core import events as e
from job_manager.core.events import pack
from job_manager.model.job import Action, Command, Job
from job_manager.worker import adoption
from tests.faults import check, witness
from tests.faults.model import illegal
from tests.process.keeping import gone, is_alive
from tests.process.working import Working


def watched(folder: Path, *words: str, **more: object) -> Job:
    """One action that is witnessed and waits for a file."""
    argv = witness.command(folder / "ledger", "--await", folder / "go", *words)
    return Job("test", (Action("a", Command(tuple(argv)), **more),))  # type: ignore[arg-type]


def begun(one: Working) -> int:
    """Wait until the witness has begun once more than it has ended; its pid."""
    one.until(lambda: one.state("j") == "running" and len(starts(one)) == one.job("j").attempts[0])
    return int(starts(one)[-1]["pid"])


def starts(one: Working) -> list[dict[str, Any]]:
    return [line for line in witness.read(one.root / "ledger") if line["what"] == "start"]


def keeper(one: Working) -> adoption.KeeperTrace:
    return next(
        each for each in adoption.keepers(str(one.root / "keepers")) if each.incarnation == one.worker.incarnation
    )


def kill(trace: adoption.KeeperTrace) -> None:
    os.kill(trace.pid, signal.SIGKILL)
    assert gone(trace.pid)


def violations(one: Working, once: tuple[str, ...] = ()) -> list[str]:
    events = [json.loads(json.dumps(pack(event))) for event in one.journal]
    ledger = witness.read(one.root / "ledger")
    return [
        *illegal(events),
        *check.repetitions(ledger, {"j": events}, once),
        *check.overlaps(ledger),
        *check.times({"j": events}),
        *check.survivors({event.worker for event in one.journal if isinstance(event, e.WorkerJoined)}),
    ]


@pytest.mark.parametrize("idempotent", [True, False])
def test_the_keeper_alone_dies_and_its_child_goes_on(working, tmp_path, idempotent):
    """F03. The worker is the next to look after it: its end counts, also when it may not run twice."""
    one = working()
    one.submit("j", watched(tmp_path, idempotent=idempotent))
    pid = begun(one)
    kill(keeper(one))
    one.until(lambda: len(one.events(e.WorkerJoined)) >= 2)
    assert is_alive(pid)
    (tmp_path / "go").touch()
    one.finish("j")
    assert one.job("j").finished == "succeeded" and len(starts(one)) == 1
    assert violations(one, once=("a",)) == []


def test_the_worker_dies_and_the_next_one_adopts(working, tmp_path):
    """F05. With a name of its own, at once, and without asking anybody whether the old one still lives."""
    first = working()
    first.submit("j", watched(tmp_path, idempotent=False))
    pid = begun(first)
    second = working(before=first.die())
    second.open("j")
    assert is_alive(pid) and second.worker.incarnation == first.worker.incarnation
    third = working(before=second.die())
    third.open("j")
    (tmp_path / "go").touch()
    third.finish("j")
    assert third.job("j").finished == "succeeded" and len(starts(third)) == 1
    assert violations(third, once=("a",)) == []


@pytest.mark.parametrize(("idempotent", "state", "attempts"), [(True, "succeeded", 2), (False, "lost", 1)])
def test_keeper_and_worker_die_and_what_they_left_ends_first(working, tmp_path, idempotent, state, attempts):
    """F06. What may run again does, when what was left has ended; what may not is lost until a person says so."""
    first = working()
    more = () if idempotent else ("--daemon", "--deaf")
    first.submit("j", watched(tmp_path, *more, idempotent=idempotent))
    pid = begun(first)
    trace = keeper(first)
    first.die()
    kill(trace)
    second = working(before=first)
    second.open("j")
    assert not is_alive(pid)
    (tmp_path / "go").touch()
    second.finish("j")
    assert second.state("j") == state and len(starts(second)) == attempts
    assert violations(second, once=() if idempotent else ("a",)) == []


def test_the_child_and_everybody_else_die_at_once(working, tmp_path):
    """F06. As when a session is ended from outside: nothing is left to be found."""
    first = working()
    first.submit("j", watched(tmp_path, idempotent=False))
    pid, trace = begun(first), keeper(first)
    first.die()
    os.kill(trace.pid, signal.SIGKILL)
    os.killpg(pid, signal.SIGKILL)
    assert gone(trace.pid) and gone(pid)
    second = working(before=first)
    second.open("j")
    second.finish("j")
    assert second.state("j") == "lost" and len(second.events(e.ActionLost)) == 1
    assert violations(second, once=("a",)) == []


def test_after_a_restart_of_the_machine_nothing_of_before_is_signalled_or_adopted(working, tmp_path):
    """F10. Pids begin anew: whoever has one of the old ones now is somebody else."""
    first = working()
    first.submit("j", watched(tmp_path))
    pid, trace = begun(first), keeper(first)
    first.die()
    rows = [json.loads(line) for line in Path(trace.directory, "starts").read_text().splitlines()]
    for row in rows:
        row.update({"boot": "0" * 8} if "boot" in row else {})
    Path(trace.directory, "starts").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    described = json.loads(Path(trace.directory, "keeper.json").read_text())
    Path(trace.directory, "keeper.json").write_text(json.dumps(described | {"boot_id": "0" * 8}))
    second = working(before=first)
    second.open("j")
    assert [event.attempt for event in second.events(e.AttemptLost)] == [1]
    assert is_alive(pid) and is_alive(trace.pid), "they are those of somebody else, as far as anybody can tell"
    assert second.worker.incarnation != first.worker.incarnation
    os.killpg(pid, signal.SIGKILL)
    kill(trace)
    (tmp_path / "go").touch()
    second.finish("j")
    assert second.job("j").finished == "succeeded"


@pytest.mark.parametrize("seconds", [0.2, pytest.param(60.0, marks=pytest.mark.long)])
def test_a_holder_that_is_stopped_for_a_while_loses_nothing(tmp_path, seconds):
    """F09. What ended meanwhile is read when it goes on; no time that has passed is held against anybody."""
    argv = witness.command(tmp_path / "ledger", "--await", tmp_path / "go")
    entry = f"{{name: NAME, cmd: {json.dumps(argv)}, idempotent: false}}"
    entries = "".join(f"\n  - {entry.replace('NAME', name)}" for name in "ab")
    (tmp_path / "job.yaml").write_text(f"name: j\nversion: 1\nsteps:\n- name: s\n  entries:{entries}\n")
    with subprocess.Popen([sys.executable, "-m", "job_manager", "run", "job.yaml", "-j", "2"], cwd=tmp_path) as running:
        ledger = tmp_path / "ledger"
        give_up = time.monotonic() + 30
        while len(witness.read(ledger)) < 2:
            assert time.monotonic() < give_up
        running.send_signal(signal.SIGSTOP)
        (tmp_path / "go").touch()
        while [line["what"] for line in witness.read(ledger)].count("end") < 2:
            assert time.monotonic() < give_up
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(0.05)
        running.send_signal(signal.SIGCONT)
        assert running.wait(30) == 0
    assert check.everything(tmp_path / ".jm", witness.read(ledger)) == []
    [events] = check.histories(tmp_path / ".jm" / "journal.db").values()
    assert "attempt-lost" not in {event[0] for event in events}
