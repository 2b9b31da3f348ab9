"""Attempts with secrets: what they print goes through the filter, which ends with them and outlives those who watch.

Knows the keeper through its link; which forms of a secret there are is in test_redaction.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from job_manager.worker.adoption import keepers
from job_manager.worker.processes import children_of
from tests.process.keeping import DEADLINE, Keeping, gone, is_alive
from tests.warm.started import SRC

SECRET = "s3cr3t-CANARY-\udce9-4711"
TOKEN = {"env": {"TOKEN": SECRET, "PATH": os.environ["PATH"]}, "secrets": ["TOKEN"]}


def filter_of(keeper: Keeping, token: str) -> int:
    child = keeper.pid(token)
    (pid,) = set(children_of(keeper.link.pid)) - {child}
    return pid


def printed(keeper: Keeping, token: str, text: bytes) -> None:
    """Wait until exactly this stands in the log."""
    give_up = time.monotonic() + DEADLINE
    while keeper.output(token) != text:
        assert time.monotonic() < give_up, keeper.output(token)
        time.sleep(0.002)


def hidden(keeper: Keeping, *paths: str) -> bool:
    """Whether the value is in none of these files, nor in the records of the keeper."""
    files = [*map(Path, paths), *Path(keeper.directory).iterdir()]
    return not any(b"CANARY" in file.read_bytes() for file in files if file.is_file())


def test_what_is_printed_is_masked_in_written_order(keeper):
    text = 'echo "one $TOKEN"; echo "two $TOKEN" >&2; printf %s "$TOKEN" | base64; echo three'
    keeper.shell("a", text, **TOKEN)
    record = keeper.exit("a")
    assert keeper.output("a") == b"one ***\ntwo ***\n***\nthree\n"
    assert (record["code"], record["why"], record["left"]) == (0, None, 0) and hidden(keeper)


def test_streams_may_be_kept_apart(keeper, tmp_path):
    err = str(tmp_path / "a.err")
    keeper.shell("a", "echo out $TOKEN; echo err $TOKEN >&2; exit 3", err=err, **TOKEN)
    assert keeper.exit("a")["code"] == 3
    assert (keeper.output("a"), Path(err).read_bytes()) == (b"out ***\n", b"err ***\n")
    assert os.stat(err).st_mode & 0o077 == os.stat(keeper.log("a")).st_mode & 0o077 == 0


def test_the_log_is_live_and_a_secret_in_two_pieces_is_masked(keeper):
    told, go = keeper.fifo("told"), keeper.fifo("go")
    half = "printf 'half: s3cr3t-CAN'; echo > told; read x < go; printf %s \"${TOKEN#s3cr3t-CAN}\"; echo; kill -9 $$"
    keeper.shell("a", f"echo begun; {half}", **TOKEN)
    told.read()
    printed(keeper, "a", b"begun\nhalf: ")
    go.write("\n")
    assert keeper.exit("a")["signal"] == 9
    assert keeper.output("a") == b"begun\nhalf: ***\n"


def test_the_filter_gets_the_value_in_its_environment_and_in_no_argument(keeper):
    keeper.shell("a", "exec sleep 100", **TOKEN)
    pid = filter_of(keeper, "a")
    assert b"CANARY" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert b"CANARY" in Path(f"/proc/{pid}/environ").read_bytes()
    keeper.link.stop([("a", 0.0)])
    assert keeper.exit("a")["why"] == "stopped" and gone(pid) and hidden(keeper)


def test_without_secrets_nobody_stands_between(keeper):
    keeper.start("a", "/bin/sleep", "100")
    child = keeper.pid("a")
    assert children_of(keeper.link.pid) == [child]


def test_bytes_come_through_as_they_are(keeper):
    program = "import os; os.write(1, bytes(range(256)) * 4096)"
    keeper.start("a", sys.executable, "-I", "-S", "-c", program, **TOKEN)
    keeper.exit("a")
    assert keeper.output("a") == bytes(range(256)) * 4096


def test_a_daemon_that_holds_the_output_is_ended_and_so_is_the_filter(keeper):
    keeper.shell("a", "setsid -f sleep 100; echo done $TOKEN", grace=0.0, **TOKEN)
    record = keeper.exit("a")
    assert (record["code"], record["left"]) == (0, 1) and keeper.output("a") == b"done ***\n"
    assert children_of(keeper.link.pid) == []


def test_a_child_that_closes_its_output_runs_on(keeper):
    told, go = keeper.fifo("told"), keeper.fifo("go")
    keeper.shell("a", "echo $TOKEN; exec > /dev/null 2>&1; echo > told; read x < go; exit 4", **TOKEN)
    told.read()
    printed(keeper, "a", b"***\n")
    go.write("\n")
    assert keeper.exit("a")["code"] == 4


def test_what_is_printed_at_the_end_of_a_grace_is_there(keeper):
    told = keeper.fifo("told")
    keeper.shell("a", "trap 'echo last $TOKEN; exit 5' TERM; echo > told; while :; do sleep 0.05; done", **TOKEN)
    told.read()
    keeper.link.stop([("a", 10.0)])
    assert keeper.exit("a")["why"] == "stopped" and keeper.output("a").endswith(b"last ***\n")


def test_a_full_disk_below_the_log_holds_nobody_up(keeper):
    record = keeper.run("a", "/bin/sh", "-c", "yes $TOKEN | head -c 1000000; exit 6", log="/dev/full", **TOKEN)
    assert record["code"] == 6


def test_a_program_that_is_not_there_is_told_as_ever(keeper):
    assert "cannot start no-such" in (keeper.run("a", "no-such", **TOKEN)["error"] or "")
    assert "cannot open the log" in (keeper.run("b", "/bin/true", log="/no/such/log", **TOKEN)["error"] or "")
    assert hidden(keeper)


@pytest.mark.parametrize("wrong", [{"secrets": ["NOT_THERE"]}, {"secrets": ["EMPTY"]}, {"secrets": 1}])
def test_what_is_no_order_is_refused_without_its_values(keeper, wrong: dict[str, Any]):
    keeper.shell("a", "true", **{**TOKEN, "env": {"TOKEN": SECRET, "EMPTY": ""}, **wrong})
    keeper.until(lambda: "a" in keeper.refused)
    assert "CANARY" not in keeper.refused["a"]


def test_the_filter_outlives_its_keeper_and_ends_with_the_child(keeper):
    told, go = keeper.fifo("told"), keeper.fifo("go")
    keeper.shell("a", "echo one $TOKEN; echo > told; read x < go; echo two $TOKEN", **TOKEN)
    told.read()
    pid, child = filter_of(keeper, "a"), keeper.pid("a")
    keeper.kill()
    assert is_alive(pid)
    go.write("\n")
    assert gone(child) and gone(pid)
    assert keeper.output("a") == b"one ***\ntwo ***\n"
    (trace,) = keepers(str(keeper.root / "keepers"))
    assert not trace.alive and hidden(keeper)


def test_when_the_filter_is_killed_nothing_is_printed_past_it(keeper):
    told, go = keeper.fifo("told"), keeper.fifo("go")
    keeper.shell("a", "echo > told; read x < go; echo late $TOKEN; exit 7", **TOKEN)
    told.read()
    pid = filter_of(keeper, "a")
    os.kill(pid, signal.SIGKILL)
    assert gone(pid)
    go.write("\n")
    record = keeper.exit("a")
    assert (record["code"], record["signal"]) in ((7, None), (None, signal.SIGPIPE))
    assert keeper.output("a") == b"" and hidden(keeper)


def test_a_process_with_secrets_leaves_no_core_dump_and_what_it_starts_is_as_before():
    text = """import ctypes, os, sys
from job_manager.worker.processes import become_undumpable
print(become_undumpable(), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)
os.execv(sys.executable, [sys.executable, "-c", "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"])"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env={"PYTHONPATH": str(SRC)})
    assert done.stdout.split() == ["True", "0", "1"], done


@pytest.mark.parametrize("more", [{}, TOKEN])
def test_a_link_in_place_of_a_log_is_refused(keeper, tmp_path, more):
    (tmp_path / "victim").write_text("untouched")
    os.symlink(tmp_path / "victim", keeper.log("a"))
    assert "cannot open the log" in (keeper.run("a", "/bin/echo", "x", **more)["error"] or "")
    assert (tmp_path / "victim").read_text() == "untouched"
