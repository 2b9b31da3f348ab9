"""Ending children with all they started: timeouts, grace, detached grandchildren, what outlives its main process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from job_manager.worker import processes
from tests.process.keeping import Fifo, Keeping, gone, is_alive, stopped

IGNORING = "trap '' TERM; echo $$ > {ready}; while :; do sleep 100; done"
# A daemon as they come: forked twice, in a session of its own, its first parent gone before it says that it is there.
DAEMON = """
import os, signal, sys
if os.fork():
    os.wait()
    {main}
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
{painted}
with open({ready!r}, "w") as ready:
    ready.write(str(os.getpid()) + "\\n")
{last}
"""
FOR_EVER = "while True: signal.pause()"
# Signals are blocked and waited for, not caught: a handler may run in the middle of a write, or just before a pause.
SAVING = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
with open(sys.argv[1], "w") as ready:
    ready.write("here\\n")
signal.sigwait([signal.SIGTERM])
os.write(1, b"saved\\n")
os._exit(7)
"""
LEADER = """
import sys
os.setsid()
with open(sys.argv[1], "w") as ready:
    ready.write(str(os.getpid()) + "\\n")
while True:
    signal.pause()
"""
WAIT_READY = "open({go!r}).read(1)"


def daemon(ready: Fifo, main: str, painted: str = "", last: str = FOR_EVER) -> list[str]:
    text = DAEMON.format(ready=ready.path, main=main, painted=painted, last=last)
    return [sys.executable, "-I", "-S", "-c", text]


@pytest.fixture
def ready(keeper: Keeping) -> Fifo:
    return keeper.fifo("ready")


def test_a_timeout_ends_a_child_gently(keeper, ready):
    keeper.shell("a", f"echo > {ready.path}; exec sleep 100", timeout=0.2, grace=100.0)
    record = keeper.exit("a")
    assert (record["signal"], record["why"]) == (signal.SIGTERM, "timeout")


def test_a_timeout_ends_what_ignores_sigterm_after_its_grace(keeper, ready):
    keeper.shell("a", IGNORING.format(ready=ready.path), timeout=0.3, grace=0.2)
    record = keeper.exit("a")
    assert (record["signal"], record["why"]) == (signal.SIGKILL, "timeout")


def test_a_child_may_use_its_grace_to_end_well(keeper, ready):
    keeper.start("a", sys.executable, "-I", "-S", "-c", SAVING, ready.path)
    ready.read()
    keeper.link.stop([("a", 100.0)])
    record = keeper.exit("a")
    assert (record["code"], record["why"]) == (7, "stopped")
    assert keeper.output("a") == b"saved\n"


def test_stop_with_no_grace_kills_now(keeper, ready):
    keeper.shell("a", IGNORING.format(ready=ready.path))
    ready.read()
    keeper.link.stop([("a", 0)])
    record = keeper.exit("a")
    assert (record["signal"], record["why"]) == (signal.SIGKILL, "stopped")


def test_a_second_stop_shortens_the_grace(keeper, ready):
    keeper.shell("a", IGNORING.format(ready=ready.path))
    ready.read()
    keeper.link.stop([("a", 1000.0)])
    keeper.link.stop([("a", 2000.0)])
    keeper.link.stop([("a", 0.05)])
    assert keeper.exit("a")["signal"] == signal.SIGKILL


def test_a_stopped_child_is_woken_to_end(keeper):
    keeper.shell("a", "kill -STOP $$; exit 3")
    stopped(keeper.pid("a"))
    keeper.link.stop([("a", 100.0)])
    assert keeper.exit("a")["signal"] == signal.SIGTERM


def test_what_was_not_begun_is_returned(keeping):
    keeper = keeping()
    keeper.hello(slots=0)
    keeper.start("a", "/bin/true")
    keeper.link.stop([("a", 0), ("unheard of", 0)])
    keeper.until(lambda: sorted(keeper.returned) == ["a", "unheard of"])
    keeper.link.slots(1)
    assert keeper.run("b", "/bin/true")["code"] == 0
    assert "a" not in keeper.exits


def test_an_attempt_that_has_ended_is_not_returned(keeper):
    keeper.run("a", "/bin/true")
    keeper.link.stop([("a", 0)])
    assert keeper.run("b", "/bin/true")["code"] == 0
    assert keeper.returned == []


def test_a_background_process_ends_with_its_main_process(keeper, ready):
    keeper.shell("a", f"sleep 1000 & echo $! > {ready.path}; exit 0")
    record = keeper.exit("a")
    assert (record["code"], record["why"], record["left"]) == (0, None, 1)
    assert not is_alive(int(ready.read()))


def test_a_daemon_ends_with_its_main_process(keeper, ready):
    go = keeper.fifo("go")
    keeper.start("a", *daemon(ready, main=WAIT_READY.format(go=go.path)), grace=0.1)
    pid = int(ready.read())
    go.write("x")
    record = keeper.exit("a")
    assert (record["code"], record["left"]) == (0, 1)
    assert not is_alive(pid)


def test_a_daemon_ends_when_its_action_is_stopped(keeper, ready):
    keeper.start("a", *daemon(ready, main="signal.pause()"))
    pid = int(ready.read())
    keeper.link.stop([("a", 0.1)])
    record = keeper.exit("a")
    assert record["why"] == "stopped"
    assert not is_alive(pid)


def test_a_gentle_daemon_is_asked_first(keeper, ready):
    """SIGTERM reaches processes that have left session and group while the main process still lives."""
    block = "signal.signal(signal.SIGTERM, signal.SIG_DFL); signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])"
    bye = f"signal.sigwait([signal.SIGTERM]); open({ready.path!r}, 'w').write('bye')"
    keeper.start("a", *daemon(ready, main="signal.pause()", painted=block, last=bye))
    pid = int(ready.read())
    keeper.link.stop([("a", 100.0)])
    assert ready.read() == "bye"
    assert gone(pid)
    assert keeper.exit("a")["signal"] == signal.SIGTERM


def test_a_tree_that_is_not_orphaned_ends_too(keeper, ready):
    """A grandchild in a session of its own, below a parent that goes on: no stray, found by walking down."""
    hears = "signal.pthread_sigmask(signal.SIG_{}BLOCK, [signal.SIGTERM])"
    parent = f"import os, signal\n{hears.format('')}\nif os.fork(): os.wait(); os._exit(5)\n{hears.format('UN')}\n"
    keeper.start("a", sys.executable, "-I", "-S", "-c", parent + LEADER, ready.path)
    pid = int(ready.read())
    keeper.link.stop([("a", 100.0)])
    assert gone(pid)
    assert keeper.exit("a")["code"] == 5


def test_a_daemon_that_hides_its_environment_falls_to_the_last_that_may_have_begun_it(keeper, ready):
    hidden = f"os.execve('/bin/sh', ['sh', '-c', 'echo $$ > {ready.path}; exec sleep 1000'], {{}})"
    go = keeper.fifo("go")
    keeper.start("b", "/bin/sleep", "1000")
    keeper.pid("b")
    keeper.start("a", *daemon(ready, main=WAIT_READY.format(go=go.path), painted=hidden))
    pid = int(ready.read())
    keeper.link.stop([("b", 0)])
    keeper.exit("b")
    assert is_alive(pid)
    go.write("x")
    assert keeper.exit("a")["left"] == 1
    assert not is_alive(pid)


def test_one_attempts_daemon_is_not_anothers(keeper, ready):
    go = keeper.fifo("go")
    keeper.start("a", *daemon(ready, main=WAIT_READY.format(go=go.path)))
    pid = int(ready.read())
    for token in "bcd":
        assert keeper.run(token, "/bin/sh", "-c", "sleep 1000 & exit 0", grace=0.1)["left"] == 1
    assert is_alive(pid)
    keeper.link.stop([("a", 0)])
    keeper.exit("a")
    assert not is_alive(pid)


def test_processes_that_are_not_ours_are_left_alone(keeper, ready):
    """Not even one that carries the same token, as another state directory's might."""
    marks = {**os.environ, "JM_ATTEMPT_TOKEN": "a", "JM_KEEPER": "another"}
    with subprocess.Popen(["/bin/sleep", "1000"], env=marks) as other:
        keeper.start("a", *daemon(ready, main="signal.pause()"))
        ready.read()
        keeper.link.stop([("a", 0)])
        keeper.exit("a")
        assert other.poll() is None
        other.kill()


def test_a_crowd_ends_together(keeping):
    keeper = keeping()
    keeper.hello(slots=30)
    ready = keeper.fifo("ready")
    tokens = [f"t{number}" for number in range(30)]
    text = f"sleep 1000 & setsid sleep 1000 & echo $$ > {ready.path}; wait"
    keeper.link.start([keeper.order(token, "/bin/sh", "-c", text) for token in tokens])
    ready.words(30)
    keeper.link.stop([(token, 100.0) for token in tokens])
    assert {keeper.exit(token)["why"] for token in tokens} == {"stopped"}


def test_timeouts_beyond_reason_are_taken_as_they_are(keeper):
    for number, timeout in enumerate((1e-9, 1e9, float("inf"))):
        keeper.start(str(number), "/bin/sleep", "1000", timeout=timeout, grace=float("inf"))
    assert keeper.exit("0")["why"] == "timeout"
    assert keeper.pid("1") and keeper.pid("2")  # what has not begun is given back
    keeper.link.stop([("1", 0), ("2", 0)])
    assert {keeper.exit(token)["why"] for token in "12"} == {"stopped"}
    keeper.start("nan", "/bin/true", timeout=float("nan"))
    keeper.until(lambda: "nan" in keeper.refused)


def test_an_end_is_tidy_only_when_nothing_is_there_that_might_be_its_own(keeper, ready):
    """Nobody is asked to end what may be another's; but what that is may still be writing."""
    assert keeper.run("alone", "/bin/true")["tidy"] is True
    waits = keeper.fifo("waits")
    keeper.start("other", "/bin/sh", "-c", f"read line < {waits.path}")
    keeper.pid("other")
    hidden = f"env -i setsid sh -c 'echo $$ > {ready.path}; sleep 1000' & sleep 0.2"
    keeper.start("a", "/bin/sh", "-c", hidden)
    pid = int(ready.read())
    assert keeper.exit("a")["tidy"] is False
    assert keeper.run("b", "/bin/true")["tidy"] is False  # nor is any, as long as that lives
    os.kill(pid, signal.SIGKILL)
    waits.write("\n")
    assert keeper.exit("other")["code"] == 0
    keeper.until(lambda: gone(pid))
    assert keeper.run("c", "/bin/true")["tidy"] is True


def test_a_child_that_may_not_be_signalled_costs_the_keeper_nothing(monkeypatch):
    """It has become another user's, as one of sudo does."""

    def refuse(pid: int, number: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "kill", refuse)
    processes.signal_child(1 << 30, signal.SIGTERM)
