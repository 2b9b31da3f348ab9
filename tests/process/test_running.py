"""What a child gets and what is told of it: exits, spawn errors, environment, directories, logs, signals, records."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from job_manager.worker.processes import process_of
from tests.process.keeping import PATH

RAW = os.fsdecode(b"caf\xe9 \xff\n")  # not UTF-8, with a blank and a line end


@pytest.mark.parametrize(
    ("text", "code", "number"), [("exit 0", 0, None), ("exit 3", 3, None), ("kill -9 $$", None, 9)]
)
def test_how_a_child_ends_is_told(keeper, text, code, number):
    record = keeper.run("a", "/bin/sh", "-c", text)
    assert (record["code"], record["signal"], record["why"], record["error"]) == (code, number, None, None)
    assert record["left"] == 0
    assert record["ended"] >= record["began"] > 0
    assert record["elapsed"] >= 0
    assert record["maxrss_kib"] > 0


def test_processor_time_is_told(keeper):
    record = keeper.run("a", sys.executable, "-I", "-S", "-c", "sum(range(10**6))")
    assert record["utime"] > 0


def test_pid_and_start_time_are_told_and_recorded(keeper):
    keeper.start("a", "/bin/sleep", "100")
    pid = keeper.pid("a")
    process = process_of(pid)
    assert process is not None
    assert keeper.began["a"][2] == process.ticks
    first, second = map(json.loads, keeper.lines("starts"))
    assert first["token"] == second["token"] == "a"
    assert first["boot"] == keeper.states[0]["boot"]
    assert (second["pid"], second["start_ticks"]) == (pid, process.ticks)


def test_exits_are_recorded_before_they_are_told(keeper):
    record = keeper.run("a", "/bin/false")
    assert [json.loads(line) for line in keeper.lines("exits")] == [record]


def unstartable(root: Path) -> dict[str, tuple[list[Any], dict[str, object], str]]:
    (root / "plain").write_text("text")
    (root / "bare").write_text("echo no first line")
    (root / "lost").write_text("#!/no/such/interpreter\n")
    os.chmod(root / "bare", 0o755)
    os.chmod(root / "lost", 0o755)
    return {
        "absent": (["/no/such/program"], {}, "/no/such/program: No such file"),
        "not on PATH": (["no-such-program"], {}, "not found on the action's PATH"),
        "not executable": ([f"{root}/plain"], {}, "Permission denied"),
        "a directory": ([str(root)], {}, "Permission denied"),
        "no #! line": ([f"{root}/bare"], {}, "neither a program nor a script"),
        "no interpreter": ([f"{root}/lost"], {}, "interpreter"),
        "no cwd": (["/bin/true"], {"cwd": f"{root}/none"}, f"working directory {root}/none"),
        "no log": (["/bin/true"], {"log": f"{root}/none/log"}, f"the log {root}/none/log"),
        "no second log": (["/bin/true"], {"err": f"{root}/none/err"}, f"the log {root}/none/err"),
        "too much": (["/bin/true", *["x" * 100_000] * 100], {}, "Argument list too long"),
        "a NUL": (["/bin/true", "a\0b"], {}, "null"),
        "no name": (["/bin/true"], {"env": {"A=B": "c"}}, "environment variable name"),
        "no text": (["/bin/true", 7], {}, "cannot start /bin/true"),
    }


def test_what_cannot_start_is_an_exit_that_says_why(keeper, tmp_path):
    cases = unstartable(tmp_path)
    keeper.link.start([keeper.order(name, *argv, **more) for name, (argv, more, _) in cases.items()])
    for name, (_, _, words) in cases.items():
        record = keeper.exit(name)
        assert (record["code"], record["signal"], record["why"]) == (None, None, "spawn"), name
        assert words in record["error"], record["error"]
    assert keeper.run("after", "/bin/true")["code"] == 0
    assert keeper.complaints() == ""


def test_the_program_is_looked_up_on_the_path_of_the_action(keeper, tmp_path):
    (tmp_path / "tool").write_text("#!/bin/sh\necho mine\n")
    os.chmod(tmp_path / "tool", 0o755)
    assert keeper.run("a", "tool", env={"PATH": f"/nowhere:{tmp_path}:{PATH}"})["code"] == 0
    assert keeper.output("a") == b"mine\n"


def test_an_empty_path_entry_is_the_working_directory(keeper, tmp_path):
    (tmp_path / "tool").write_text("#!/bin/sh\necho here\n")
    os.chmod(tmp_path / "tool", 0o755)
    assert keeper.run("a", "tool", env={"PATH": ""}, cwd=str(tmp_path))["code"] == 0
    assert keeper.output("a") == b"here\n"


def environment(content: bytes) -> dict[str, str]:
    return dict(os.fsdecode(entry).split("=", 1) for entry in content.split(b"\0") if entry)


def test_the_environment_is_exactly_base_and_additions(keeping):
    keeper = keeping()
    keeper.hello(env={"PATH": PATH, "A": "base", "B": RAW})
    keeper.run("a", "/usr/bin/env", "-0", env={"A": "added", "C": "3\n4"})
    marks = {"JM_ATTEMPT_TOKEN": "a", "JM_KEEPER": keeper.incarnation}
    assert environment(keeper.output("a")) == {"PATH": PATH, "A": "added", "B": RAW, "C": "3\n4", **marks}


def test_a_bare_environment_is_the_additions_alone(keeper):
    keeper.run("a", "/usr/bin/env", "-0", env={"C": "3"}, bare=True)
    assert environment(keeper.output("a")) == {"C": "3", "JM_ATTEMPT_TOKEN": "a", "JM_KEEPER": keeper.incarnation}


def test_umask_and_working_directory_are_those_asked_for(keeping, tmp_path):
    keeper = keeping()
    keeper.hello(umask=0o027)
    (tmp_path / "there").mkdir()
    keeper.run("a", "/bin/sh", "-c", "pwd; umask; : > made", cwd=f"{tmp_path}/there")
    assert keeper.output("a").decode().split() == [f"{tmp_path}/there", "0027"]
    assert stat.S_IMODE(os.stat(tmp_path / "there" / "made").st_mode) == 0o640


def test_text_that_is_not_utf_8_passes_unchanged(keeper, tmp_path):
    folder = tmp_path / RAW
    folder.mkdir()
    log = f"{folder}/log {RAW}"
    record = keeper.run(f"a/{RAW}", "/usr/bin/printf", "%s", RAW, cwd=str(folder), log=log, env={"V": RAW})
    assert record["code"] == 0
    assert Path(log).read_bytes() == os.fsencode(RAW)
    assert json.loads(keeper.lines("starts")[0])["token"] == f"a/{RAW}"


def test_logs_are_private_appended_to_and_split_when_asked(keeping, tmp_path):
    keeper = keeping()
    keeper.hello(umask=0)
    Path(keeper.log("a")).write_text("before\n")
    keeper.run("a", "/bin/sh", "-c", "echo out; echo err >&2; echo more")
    assert keeper.output("a") == b"before\nout\nerr\nmore\n"
    keeper.run("b", "/bin/sh", "-c", "echo out; echo err >&2", err=f"{tmp_path}/b.err")
    assert keeper.output("b") == b"out\n"
    assert (tmp_path / "b.err").read_bytes() == b"err\n"
    assert {stat.S_IMODE(os.stat(path).st_mode) for path in (keeper.log("b"), tmp_path / "b.err")} == {0o600}


def test_output_is_kept_byte_by_byte(keeper, tmp_path):
    content = bytes(range(256)) * 4096
    (tmp_path / "in").write_bytes(content)
    keeper.run("a", "/bin/cat", f"{tmp_path}/in")
    assert keeper.output("a") == content


def test_a_child_may_close_its_output(keeper):
    assert keeper.run("a", "/bin/sh", "-c", "exec >&- 2>&-; exit 4")["code"] == 4


def test_a_child_begins_clean(keeper):
    """Own session, no signal ignored or blocked, nothing open but the standard three, input empty."""
    keeper.run("a", "/bin/cat", "/proc/self/stat", "-")
    fields = keeper.output("a").decode()
    pid, rest = int(fields.split()[0]), fields.rpartition(")")[2].split()
    assert (int(rest[2]), int(rest[3])) == (pid, pid)
    keeper.run("b", "/bin/ls", "/proc/self/fd")
    assert keeper.output("b").split() == [b"0", b"1", b"2", b"3"]  # 3 is the directory that is listed
    keeper.run("c", "/bin/grep", "-E", "Sig(Ign|Blk)", "/proc/self/status")
    ignored, blocked = keeper.output("c").decode().splitlines()
    internal = 0b11 << 31  # 32 and 33 belong to the C library, which ignores them in what it spawns
    assert {int(line.split()[1], 16) & ~internal for line in (ignored, blocked)} == {0}


def test_children_are_marked_to_go_first_when_memory_runs_out(keeper):
    keeper.run("a", "/bin/cat", "/proc/self/oom_score_adj")
    own = int(Path(f"/proc/{keeper.link.pid}/oom_score_adj").read_text())
    assert int(keeper.output("a")) == min(1000, own + 500)


def test_the_keeper_writes_no_secret_and_is_private(keeping):
    keeper = keeping()
    secrets = ["s3cr3t-of-the-base", "s3cr3t-of-the-action", "s3cr3t-in-argv"]
    keeper.hello(env={"PATH": PATH, "KEY": secrets[0]}, umask=0)
    keeper.run("a", "/bin/sh", "-c", "true", secrets[2], env={"PASS": secrets[1]})
    keeper.run("b", "no-such-program", secrets[2], env={"PASS": secrets[1]})
    folder = Path(keeper.directory)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0, path
        if path.is_file():
            assert not [secret for secret in secrets if secret in path.read_text()], path


def test_a_large_log_costs_the_keeper_no_memory(keeper):
    size = 64 << 20
    assert keeper.run("a", "/usr/bin/head", "-c", str(size), "/dev/zero")["code"] == 0
    assert os.path.getsize(keeper.log("a")) == size
    status = Path(f"/proc/{keeper.link.pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak < 32 << 10
    os.unlink(keeper.log("a"))


def test_an_exit_that_must_not_be_lost_is_on_file_while_others_wait(keeping):
    keeper = keeping()
    keeper.hello(slots=1)
    orders = [keeper.order("a", "/bin/true", durable=True), keeper.order("b", "/bin/cat", f"{keeper.directory}/exits")]
    keeper.link.start([*orders, keeper.order("c", "/bin/true")])
    keeper.exit("c")
    assert json.loads(keeper.output("b"))["token"] == "a"


def test_sigpipe_ends_a_child_as_it_should(keeper):
    assert keeper.run("a", "/bin/sh", "-c", "kill -PIPE $$; exit 5")["signal"] == signal.SIGPIPE
