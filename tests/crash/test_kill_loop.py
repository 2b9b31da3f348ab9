"""kill -9 of the real program at seeded moments, then `jm resume`, until the job is done; a ledger outside the state
directory says what really ran. Knows nothing of the program's insides but the journal it reads at the end."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from job_manager.core import events as e
from job_manager.engines.sqlite.reading import Reading
from job_manager.worker.processes import process_of
from tests.crash.farm import environ
from tests.process.keeping import gone

ACTIONS = 24
TOLD = "import os, sys, time\nledger, out, name = sys.argv[1:4]"
AS_MODULE = "import os, sys, time\nledger, out, name = os.environ['LEDGER'], sys.argv[2], os.environ['JM_TASK_NAME']"
WITNESS = """
def note(word):
    handle = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, f"{word} {name} {os.environ['JM_ATTEMPT']} {os.getpid()} {time.time():.6f}\\n".encode())
    os.close(handle)
note("start")
time.sleep(0.05)
with open(out, "w") as stream:
    stream.write(f"made by {name}\\n" * 1000)
note("end")
"""


def _job(folder: Path, warm: bool = False) -> Path:
    (folder / "witness.py").write_text(TOLD + WITNESS)
    _module(folder / "modules" / "witness")
    rows = ["name: loop", "version: 1", "steps:"]
    for step in range(4):
        rows += [f"- name: s{step}", "  entries:"]
        for number in range(ACTIONS // 4):
            name = f"a{step}{number}"
            words = [sys.executable, str(folder / "witness.py"), str(folder / "ledger"), f"{{{name}.txt}}", name]
            rows += [
                f"  - name: {name}",
                "    module: witness" if warm else f"    cmd: [{', '.join(f'{w!r}' for w in words)}]",
                f"    outputs: [{{name: {name}.txt, public: true{', param_name: out' if warm else ''}}}]",
            ]
    path = folder / "job.yaml"
    path.write_text("\n".join(rows) + "\n")
    return path


def _module(folder: Path) -> None:
    """The same as a warm module."""
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(AS_MODULE + WITNESS)
    lines = ["name: witness", "entrypoint: main.py", "outputs: [{param_name: out, type: any}]"]
    lines += ["warm: true", "preload: [json]", f"env: {{LEDGER: {str(folder.parents[1] / 'ledger')!r}}}"]
    (folder / "manifest.yaml").write_text("\n".join(lines) + "\n")


def _jm(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "job_manager", *words]
    log = (folder / "output").open("ab")
    with log:
        return subprocess.Popen(argv, cwd=folder, stdout=log, stderr=log, env=environ(), start_new_session=True)


def _keeper_pids(folder: Path) -> list[int]:
    found = []
    for described in (folder / ".jm" / "keepers").glob("*/keeper.json"):
        try:
            found.append(int(described.read_text().split('"pid":')[1].split(",")[0]))
        except (OSError, IndexError, ValueError):
            continue
    return found


def _template_pids(folder: Path) -> list[int]:
    files = (folder / ".jm" / "keepers").glob("*/templates")
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    processes = {line["pid"]: process_of(line["pid"]) for line in lines}
    return [line["pid"] for line in lines if (now := processes[line["pid"]]) and now.ticks == line["start_ticks"]]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _loop(folder: Path, rng: random.Random, kills: int) -> int:
    """Run, kill and resume until the job is done or `kills` were made, the last one undisturbed; the kills made."""
    running = _jm(folder, "run", "job.yaml")
    for made in range(kills):
        try:
            code = running.wait(timeout=rng.uniform(0.02, 0.6))
            assert code == 0, (folder / "output").read_text()[-3000:]
            return made
        except subprocess.TimeoutExpired:
            _strike(folder, running, rng)
        if running.poll() is not None:
            running = _jm(folder, *(("resume", "last") if _submitted(folder) else ("run", "job.yaml")))
    assert running.wait(timeout=120) == 0, (folder / "output").read_text()[-3000:]
    return kills


def _strike(folder: Path, running: subprocess.Popen[bytes], rng: random.Random) -> None:
    """Kill the program, the keepers, what actions are copied from, or several of these in any order."""
    keepers, templates = _keeper_pids(folder), _template_pids(folder)
    choices = [[running.pid], [running.pid], keepers, [running.pid, *keepers]]
    victims = rng.choice([*choices, templates, templates, [*keepers, *templates]] if templates else choices)
    rng.shuffle(victims)
    for pid in victims:
        _kill(pid)
    if running.pid in victims:
        running.wait()


def _submitted(folder: Path) -> bool:
    journal = folder / ".jm" / "journal.db"
    return journal.exists() and bool(Reading(str(journal)).jobs())


def _check(folder: Path) -> None:
    reading = Reading(str(folder / ".jm" / "journal.db"))
    row = reading.jobs()[0]
    assert row.state == "succeeded"
    history = list(reading.events(row.id))
    names = [f"a{step}{number}" for step in range(4) for number in range(ACTIONS // 4)]
    succeeded = defaultdict(list)
    for event in history:
        if isinstance(event, e.ActionSucceeded):
            succeeded[names[event.action]].append(event)
    for name in names:
        assert len(succeeded[name]) == 1, f"{name} succeeded {len(succeeded[name])} times"
        made = folder / ".jm" / "jobs" / row.id / "public" / f"{name}.txt"
        assert made.read_text() == f"made by {name}\n" * 1000
    _check_ledger(folder, succeeded)


def _check_ledger(folder: Path, succeeded: dict[str, list[e.ActionSucceeded]]) -> None:
    """Nothing starts after its success was recorded; a later attempt starts only when the earlier process is gone."""
    starts: dict[str, list[tuple[float, int, int]]] = defaultdict(list)
    ends: dict[int, float] = {}
    for line in (folder / "ledger").read_text().splitlines():
        word, name, attempt, pid, at = line.split()
        if word == "start":
            starts[name].append((float(at), int(attempt), int(pid)))
        else:
            ends[int(pid)] = float(at)
    for name, rows in starts.items():
        for (_, _, before), (later, _, _) in itertools.pairwise(sorted(rows)):
            assert ends.get(before, 0.0) <= later, f"{name}: two of it were alive at once: {rows}"
        attempts = [attempt for _, attempt, _ in rows]
        assert len(attempts) == len(set(attempts)), f"{name}: attempt started twice: {rows}"
        assert max(attempts) == succeeded[name][0].attempt, f"{name}: started after it had succeeded: {rows}"


@pytest.mark.long
@pytest.mark.parametrize("round", range(3))
def test_kill_loop(tmp_path: Path, rng: random.Random, round: int) -> None:
    _job(tmp_path)
    _loop(tmp_path, random.Random(rng.random() + round), 20)
    _check(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("round", range(3))
def test_kill_loop_of_warm_modules(tmp_path: Path, rng: random.Random, round: int) -> None:
    _job(tmp_path, warm=True)
    _loop(tmp_path, random.Random(rng.random() + round), 20)
    _check(tmp_path)
    assert [pid for pid in _template_pids(tmp_path) if not gone(pid)] == []


def test_a_few_kills(tmp_path: Path, rng: random.Random) -> None:
    _job(tmp_path)
    _loop(tmp_path, rng, 4)
    _check(tmp_path)
