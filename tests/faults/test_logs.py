"""What programs print that no reader expects: lines without end, bytes that are no text, orders to a terminal, floods
on both streams. The file keeps the bytes, the disk is bounded, and what a person is shown harms no terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import check

JM = [sys.executable, "-m", "job_manager"]
MIB = 1 << 20


def jm(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*JM, *words], cwd=folder, capture_output=True, env={**os.environ, **environ})


def run(folder: Path, shell: str, cap: int = MIB) -> tuple[subprocess.CompletedProcess[bytes], Path]:
    entry = f"{{name: a, shell: {json.dumps(shell)}}}"
    (folder / "job.yaml").write_text(f"name: j\nversion: 1\nsteps: [{{name: s, entries: [{entry}]}}]\n")
    done = jm(folder, "run", "job.yaml", JM_LOG_CAP=str(cap))
    [log] = (folder / ".jm" / "jobs").glob("*/logs/*.log")
    return done, log


def harmless(shown: bytes) -> bool:
    text = shown.decode("utf-8")  # it is text, whatever was printed
    return all(character.isprintable() or character in "\n\t" for character in text)


HOSTILE = (
    b"\x1b]0;title\x07\x1b]52;c;aGk=\x07\x1b[2J\x1b[31mred\x07\r\nerror: not ours\r\n\x9b31m"
    b"::set-env name=A::b\n<script>alert(1)</script>\n\xe2\x80\xae\xd8\xa7\xff\xfe\x00\xc3"
)


def test_bytes_are_kept_as_they_are_and_shown_so_that_they_do_nothing(tmp_path: Path) -> None:
    (tmp_path / "hostile").write_bytes(HOSTILE)
    done, log = run(tmp_path, "cat hostile; cat hostile >&2; exit 3")
    assert done.returncode == 1
    assert log.read_bytes() == HOSTILE * 2
    assert harmless(done.stdout) and harmless(done.stderr)
    assert jm(tmp_path, "logs", "last/a").stdout == HOSTILE * 2, "a pipe gets what there is"
    assert harmless(jm(tmp_path, "status").stdout)


@pytest.mark.parametrize("size", [4 * MIB, pytest.param(1 << 30, marks=pytest.mark.long)])
def test_a_line_without_end_is_bounded_and_its_end_is_shown(tmp_path: Path, size: int) -> None:
    done, log = run(tmp_path, f"head -c {size} /dev/zero | tr '\\0' x; echo; echo the end; exit 3")
    assert done.returncode == 1 and b"| the end" in done.stderr + done.stdout
    assert check.bounds(log.parent, MIB) == []
    assert log.stat().st_size > size
    assert len(done.stdout) + len(done.stderr) < 100_000


@pytest.mark.long
def test_a_flood_on_both_streams_is_bounded_and_others_run_meanwhile(tmp_path: Path) -> None:
    flood = "(yes out | head -c 512M) & (yes err | head -c 512M >&2); wait"
    entries = f"[{{name: flood, shell: {flood!r}}}, {{name: calm, shell: 'echo calm'}}]"
    (tmp_path / "job.yaml").write_text(f"name: j\nversion: 1\nsteps: [{{name: s, entries: {entries}}}]\n")
    done = jm(tmp_path, "run", "job.yaml", "-j", "2", JM_LOG_CAP=str(8 * MIB))
    assert done.returncode == 0, done.stderr
    [logs] = (tmp_path / ".jm" / "jobs").glob("*/logs")
    assert check.bounds(logs, 8 * MIB) == []


def test_nothing_at_all_and_no_line_end_are_shown_as_they_are(tmp_path: Path) -> None:
    done, log = run(tmp_path, "printf 'half a line'; exit 3")
    assert log.read_bytes() == b"half a line" and b"| half a line" in done.stderr + done.stdout
