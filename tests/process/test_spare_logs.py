"""Logs of children: none for who prints nothing, in its place when it matters, whole whoever dies. Real processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def spares(keeper) -> list[str]:
    return sorted(name for name in os.listdir(keeper.directory) if name.startswith("log-"))


def test_who_prints_nothing_leaves_no_log_and_who_prints_does(keeper):
    for number in range(20):
        keeper.run(f"quiet{number}", "/bin/true")
    keeper.run("loud", "/bin/echo", "hello")
    assert not any(Path(keeper.log(f"quiet{number}")).exists() for number in range(20))
    assert keeper.output("loud") == b"hello\n" and len(spares(keeper)) <= 1
    assert Path(keeper.log("loud")).stat().st_mode & 0o777 == 0o600
    keeper.run("after", "/bin/true")
    assert not Path(keeper.log("after")).exists() and keeper.output("loud") == b"hello\n"


def test_a_log_is_in_its_place_while_its_child_lives(keeper):
    keeper.shell("long", "echo begun; read line < /dev/null; exec sleep 100")
    keeper.until(lambda: keeper.output("long") == b"begun\n")
    keeper.link.stop([("long", 0.0)])
    assert keeper.exit("long")["signal"] == signal.SIGKILL
    assert keeper.output("long") == b"begun\n"


def test_what_a_child_writes_to_its_log_by_name_is_kept_with_what_it_prints(keeper):
    keeper.shell("both", f"echo by name >> {keeper.log('both')}; echo printed")
    keeper.exit("both")
    assert keeper.output("both") == b"by name\nprinted\n"
    keeper.run("quiet", "/bin/true")
    assert keeper.complaints() == "" and not Path(keeper.log("quiet")).exists()


def test_a_second_attempt_at_the_same_log_appends(keeper):
    for token in ("one", "two"):
        keeper.start(token, "/bin/echo", token, log=keeper.log("same"))
        keeper.exit(token)
    assert keeper.output("same") == b"one\ntwo\n"


def test_who_takes_his_time_and_prints_nothing_leaves_none_either(keeper):
    gate = keeper.fifo("gate")
    keeper.shell("slow", f"read line < {gate.path}")
    keeper.until(lambda: Path(keeper.log("slow")).exists())
    gate.write("go\n")
    keeper.exit("slow")
    assert not Path(keeper.log("slow")).exists()
