"""Looks after a search from outside: starts it, learns how it died, makes the finds short and writes them down.

Knows processes and files; what is searched and how is the child's.
"""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.formats.fuzz.explore import Current, Failure, outcome
from tests.formats.fuzz.minimise import minimised
from tests.formats.fuzz.targets import ROOT, Target

MINIMISING_SECONDS = 20
FOUND = ROOT / "build" / "fuzz"


def fuzz(target: Target, seconds: float, seed: int, found: Path = FOUND) -> int:
    """One search, told on standard output. Returns how many different failures it found."""
    with tempfile.TemporaryDirectory() as scratch:
        died, said = _search(target, seconds, seed, Path(scratch))
        failures = [Failure(one["kind"], bytes.fromhex(one["raw"]), one["shown"]) for one in said.get("failures", ())]
        if died is not None:
            failures.append(died)
    figures = f"{said.get('runs', '?')} inputs, {said.get('kept', '?')} kept, {said.get('steps', '?')} steps of code"
    print(f"{target.name}: {figures} in {seconds:g} s, seed {seed}: {len(failures) or 'no'} failures", flush=True)
    for failure in failures:
        _tell(target, failure, seed, found)
    return len(failures)


def _search(target: Target, seconds: float, seed: int, scratch: Path) -> tuple[Failure | None, dict]:
    current, result = scratch / "current", scratch / "result"
    argv = [sys.executable, "-m", "tests.formats.fuzz", target.name, "--seconds", str(seconds), "--seed", str(seed)]
    done = subprocess.run(
        [*argv, "--inside", str(current), str(result)], cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    if done.returncode == 0 and result.exists():
        return None, json.loads(result.read_text())
    shown = done.stderr.decode(errors="replace")[-2000:]
    kind = _how(done.returncode)
    raw = Current.left(current) if current.exists() else b""
    return Failure(kind, raw, f"the reader's process: {kind}\n{shown}"), {}


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"


def _tell(target: Target, failure: Failure, seed: int, found: Path) -> None:
    raw = minimised(failure.raw, _breaks(target, failure), MINIMISING_SECONDS)
    folder = found / target.name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{hashlib.sha256(raw).hexdigest()[:12]}{target.endings[0]}"
    file.write_bytes(raw)
    print(f"\n== {target.name}: {failure.kind} (seed {seed}), {len(raw)} bytes: {raw[:200]!r}")
    print(failure.shown.rstrip())
    print(f"to repeat it: python -m tests.formats.fuzz {target.name} --one {file}", flush=True)


def _breaks(target: Target, failure: Failure) -> Callable[[bytes], bool]:
    # What ends a process is tried in others; the rest at once, here.
    if failure.kind.startswith(("killed", "ended", "slow", "MemoryError")):
        return lambda raw: _in_a_child(target, raw) == failure.kind

    def breaks(raw: bytes) -> bool:
        again = outcome(target.read, raw)
        return again is not None and again.kind == failure.kind

    return breaks


def _in_a_child(target: Target, raw: bytes) -> str:
    with tempfile.NamedTemporaryFile() as file:
        file.write(raw)
        file.flush()
        argv = [sys.executable, "-m", "tests.formats.fuzz", target.name, "--one", file.name]
        done = subprocess.run(argv, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode in (0, 1):
        return done.stdout.partition("\n")[0]
    return _how(done.returncode)
