"""What modules print, as the original's users see it: live, kept apart, coloured on a terminal, whatever the bytes."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from tests.e2e.original import World, lines_until, records

COPY = "import shutil\nshutil.copyfile(options()['input'], options()['output'])\n"


@pytest.fixture
def world(tmp_path):
    with World(tmp_path) as world:
        yield world


def test_lines_come_while_the_module_runs_and_streams_are_kept_apart(world):
    go = world.root / "go"
    code = f"print('to out', flush=True)\nprint('to err', file=sys.stderr, flush=True)\nwait_for({str(go)!r})\n"
    world.module("talks", code + "print('after', end='')\n" + COPY)
    world.chain(("talks",))
    process = world.start("job.yaml", "clip.mp4")
    assert process.stderr is not None
    seen = list(lines_until(process.stderr, "talks: to out"))
    if not any("talks: to err" in line for line in seen):
        seen += lines_until(process.stderr, "talks: to err")
    go.touch()  # only now may it end: what was seen was seen live
    seen += process.stderr.readlines()
    assert process.wait() == 0
    log = records("".join(seen))
    job_logger = next(record.logger for record in log if record.text.startswith("Running step"))
    assert (job_logger, "INFO", "talks: to out") in log
    assert (job_logger, "ERROR", "talks: to err") in log
    assert (job_logger, "INFO", "talks: after") in log  # a last line without an end
    assert len([record for record in log if record.text.startswith("talks:")]) == 3


def test_every_line_comes_and_in_order(world):
    world.module("much", "for number in range(20000): print(number)\n" + COPY)
    world.chain(("much",))
    ended = world.original()
    assert ended.code == 0
    assert [text for text in ended.texts("INFO") if text.startswith("much: ")] == [f"much: {n}" for n in range(20000)]


def test_bytes_that_are_no_text_and_what_a_terminal_would_obey(world):
    code = r"""out = sys.stdout.buffer
out.write(b"bad \xff\xfe bytes\n")
out.write(b"\x1b[31mred\x1b]0;title\x07\n")
out.write(b"10%\r50%\r100%\r\n")
out.write("tab\tand żółw".encode() + b"\n\n")
out.flush()
"""
    world.module("odd", code + COPY)
    world.chain(("odd",))
    ended = world.original(PYTHONUTF8="1")
    assert ended.code == 0
    assert [text for text in ended.texts("INFO") if text.startswith("odd:")] == [
        "odd: bad \ufffd\ufffd bytes",
        "odd: \\x1b[31mred\\x1b]0;title\\x07",
        "odd: 100%",
        "odd: tab\tand żółw",
        "odd: ",
    ]
    assert "\x1b" not in ended.err and "\x07" not in ended.err


def test_a_line_without_end_costs_no_memory(world):
    """200 MB in one line: the line is cut, its size is told, and the process that shows it stays small."""
    code = "block = b'x' * (1 << 20)\nfor _ in range(200): sys.stdout.buffer.write(block)\n"
    world.module("long", code + COPY)
    world.chain(("long",))
    measured = (
        "import resource, subprocess, sys\n"
        "code = subprocess.call([sys.executable, '-m', 'job_manager', 'job.yaml', 'clip.mp4'])\n"
        "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", measured], cwd=world.root, env=world.environment(), capture_output=True, text=True
    )
    code_and_memory = done.stdout.split()
    # On a slow machine the middle of the log is dropped while it is being shown, and that is said in between.
    lines = [record.text for record in records(done.stderr) if record.text.startswith("long: ")]
    assert code_and_memory[0] == "0"
    assert all(len(line) < 10_000 for line in lines) and any("more bytes]" in line for line in lines)
    assert int(code_and_memory[1]) < 120_000  # KiB; one copy of the line alone would be 200,000


def on_a_terminal(world: World, **environment: str) -> str:
    """What it writes to a terminal."""
    master, slave = pty.openpty()
    env = {**world.environment(), "TERM": "xterm", **environment}
    process = subprocess.Popen(
        [sys.executable, "-m", "job_manager", "job.yaml", "clip.mp4"],
        cwd=world.root,
        env=env,
        stderr=slave,
        stdout=slave,
    )
    os.close(slave)
    seen = b""
    try:
        while part := os.read(master, 65536):
            seen += part
    except OSError:  # the other end is closed
        pass
    process.wait()
    os.close(master)
    return seen.decode().replace("\r\n", "\n")


def test_levels_have_colours_on_a_terminal(world):
    world.module("talks", "print('fine')\nprint('bad', file=sys.stderr)\n" + COPY)
    world.chain(("talks",))
    world.job_file.write_text(world.job_file.read_text().replace("1-0.mp4, type: video", "1-0.mp4, type: wrongtype"))
    lines = on_a_terminal(world).splitlines()
    colours = {re.search(r" - ([A-Z]+) - ", line)[1]: line[: line.index("m") + 1] for line in lines}  # type: ignore[index]
    assert colours == {"INFO": "\x1b[90m", "WARNING": "\x1b[33m", "ERROR": "\x1b[31m"}
    assert all(line.endswith("\x1b[0m") for line in lines)
    assert records("\n".join(re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines))


@pytest.mark.parametrize("plain", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_declined(world, plain):
    world.example()
    assert "\x1b" not in on_a_terminal(world, **plain)
