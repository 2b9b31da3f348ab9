"""What is done with the children of dead keepers: taken over by their subreaper, or ended, and never anybody else's."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from job_manager.worker import adoption
from job_manager.worker.adoption import KeeperTrace, Orphans
from job_manager.worker.keeper_link import ExitRecord, awaited
from job_manager.worker.processes import process_of, send_signal
from tests.process.keeping import DEADLINE, Keeping, gone, is_alive, stopped
from tests.process.test_ending import daemon

GENTLE = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
ready = os.open(sys.argv[1], os.O_WRONLY)
os.write(ready, b"here\\n")
if sys.argv[2:]:
    os.kill(os.getpid(), signal.SIGSTOP)
signal.sigwait([signal.SIGTERM])
os.write(ready, b"bye")
"""
DETACHED = "trap '' TERM; echo $$ > {ready}; while :; do sleep 100; done"


def trace_of(keeper: Keeping) -> KeeperTrace:
    (trace,) = adoption.keepers(str(keeper.root / "keepers"))
    assert trace.incarnation == keeper.incarnation
    return trace


def collect(orphans: Orphans) -> dict[str, ExitRecord]:
    """Drive them as a loop does, until nothing of them is left."""
    found: dict[str, ExitRecord] = {}
    give_up = time.monotonic() + DEADLINE
    found.update((record["token"], record) for record in orphans.poll(time.monotonic()))
    while not orphans.done:
        assert time.monotonic() < give_up, f"still alive: {orphans.alive}"
        due = orphans.next_timeout()
        select.select([orphans], [], [], DEADLINE if due is None else due)
        found.update((record["token"], record) for record in orphans.poll(time.monotonic()))
    orphans.close()
    return found


def test_no_folder_no_keepers(tmp_path):
    assert adoption.keepers(str(tmp_path / "none")) == []


def test_a_living_keeper_is_seen_as_it_is(keeper):
    keeper.run("done", "/bin/sh", "-c", "exit 4")
    keeper.start("runs", "/bin/sleep", "1000")
    pid = keeper.pid("runs")
    trace = trace_of(keeper)
    assert (trace.pid, trace.alive, trace.directory) == (keeper.link.pid, True, keeper.directory)
    assert trace.begun["runs"][:3] == ("runs", pid, keeper.began["runs"][2])
    assert trace.begun["done"].pid in (0, keeper.began.get("done", [None, 0])[1])
    assert adoption.exits(trace) == {"done": keeper.exits["done"]} == trace.exits
    assert [each.process.pid for each in adoption.leftovers(trace)] == [pid]


def test_a_torn_last_line_is_passed_over(keeper):
    keeper.run("a", "/bin/true")
    keeper.kill()
    for name in ("starts", "exits"):
        with open(f"{keeper.directory}/{name}", "a") as record:
            record.write('{"token":"b","co')
    trace = trace_of(keeper)
    assert not trace.alive
    assert list(trace.begun) == list(trace.exits) == ["a"]


def test_another_boot_left_nothing(keeper):
    keeper.start("a", "/bin/sleep", "1000")
    pid = keeper.pid("a")
    trace = trace_of(keeper)._replace(boot_id="another", alive=False)
    assert adoption.leftovers(trace) == []
    assert adoption.end_leftovers(trace, 0) == []
    assert is_alive(pid)
    assert is_alive(keeper.link.pid)


def test_everything_that_keeper_and_worker_left_is_ended(keeper):
    ready = keeper.fifo("ready")
    keeper.run("done", "/bin/true")
    keeper.shell("a", DETACHED.format(ready=ready.path))
    pids = [int(ready.read())]
    keeper.start("b", *daemon(ready, main="signal.pause()"))
    pids.append(int(ready.read()))
    keeper.shell("c", f"env -i setsid sh -c 'echo $$ > {ready.path}; exec sleep 1000' & wait")
    pids.append(int(ready.read()))
    keeper.kill()
    trace = trace_of(keeper)
    assert set(pids) <= {each.process.pid for each in adoption.leftovers(trace)}
    assert adoption.end_leftovers(trace, 0.1) == []
    assert not any(map(is_alive, pids))
    assert set(adoption.exits(trace)) == {"done"}


def test_leftovers_are_asked_before_they_are_killed(keeper):
    ready = keeper.fifo("ready")
    keeper.start("a", sys.executable, "-I", "-S", "-c", GENTLE, ready.path)
    ready.read()
    pid = keeper.pid("a")
    keeper.kill()
    assert adoption.end_leftovers(trace_of(keeper), DEADLINE) == []
    assert ready.read() == "bye"
    assert gone(pid)


def test_a_stopped_leftover_ends_too(keeper):
    ready = keeper.fifo("ready")
    keeper.start("a", sys.executable, "-I", "-S", "-c", GENTLE, ready.path, "stopped")
    ready.read()
    pid = keeper.pid("a")
    stopped(pid)
    keeper.kill()
    assert adoption.end_leftovers(trace_of(keeper), DEADLINE) == []
    assert ready.read() == "bye"
    assert not is_alive(pid)


def test_a_keeper_that_lives_is_ended_with_what_it_has(keeper):
    keeper.start("a", "/bin/sleep", "1000")
    pid = keeper.pid("a")
    assert adoption.end_leftovers(trace_of(keeper), 0) == []
    assert not is_alive(pid)
    assert keeper.link.ended(DEADLINE)


def test_processes_of_others_are_no_leftovers(keeper):
    """Neither one with the same token and another keeper, nor one that has got a pid we know."""
    keeper.start("a", "/bin/sleep", "1000")
    keeper.pid("a")
    keeper.kill()
    marks = {**os.environ, "JM_ATTEMPT_TOKEN": "a", "JM_KEEPER": "another"}
    with subprocess.Popen(["/bin/sleep", "1000"], env=marks) as other:
        try:
            process = process_of(other.pid)
            assert process is not None
            line = {"token": "b", "pid": other.pid, "start_ticks": process.ticks + 1}
            with open(f"{keeper.directory}/starts", "a") as starts:
                starts.write(json.dumps(line) + "\n")
            trace = trace_of(keeper)
            assert [each.token for each in adoption.leftovers(trace)] == ["a"]
            assert adoption.end_leftovers(trace, 0) == []
            assert other.poll() is None
        finally:
            other.kill()


def test_the_traces_can_be_removed(keeper):
    keeper.run("a", "/bin/true")
    keeper.kill()
    adoption.remove(trace_of(keeper))
    assert not os.path.exists(keeper.directory)


def test_a_strangers_file_in_the_directory_is_kept(keeper):
    keeper.kill()
    stranger = Path(keeper.directory) / "stranger"
    stranger.write_text("mine")
    adoption.remove(trace_of(keeper))
    assert adoption.keepers(str(keeper.root / "keepers")) == []
    assert os.listdir(keeper.directory) == ["stranger"]


# The keeper alone has died: its children are those of this process, their subreaper.


def test_orphans_are_reaped_and_their_exits_count(subreaper, keeper):
    hold = keeper.fifo("hold")
    keeper.run("before", "/bin/true")
    keeper.shell("code", f"read line < {hold.path}; exit 6")
    keeper.start("killed", "/bin/sleep", "1000")
    pids = [keeper.pid("code"), keeper.pid("killed")]
    keeper.kill()
    with subprocess.Popen(["/bin/sh", "-c", "read line; exit 9"], stdin=subprocess.PIPE) as other:
        orphans = Orphans(trace_of(keeper))
        assert sorted(orphans.alive) == ["code", "killed"]
        assert orphans.next_timeout() is None
        os.kill(pids[1], signal.SIGKILL)
        assert select.select([orphans], [], [], DEADLINE)[0]
        found = {record["token"]: record for record in orphans.poll(time.monotonic())}
        assert other.stdin is not None
        other.stdin.close()
        awaited(other.pid, DEADLINE)
        hold.write("go\n")
        found.update(collect(orphans))
        assert other.wait() == 9
    assert set(found) == {"code", "killed"}
    assert (found["code"]["code"], found["code"]["why"]) == (6, None)
    assert found["killed"]["signal"] == signal.SIGKILL
    assert found["code"]["began"] == pytest.approx(keeper.began["code"][3])
    assert orphans.lost == []
    assert {token: adoption.exits(orphans.trace)[token] for token in found} == found
    assert "before" in adoption.exits(orphans.trace)


def test_an_orphan_known_by_its_token_alone_is_ended_and_lost(subreaper, keeper):
    """The keeper had no time to write the pid: it may be a daemon of a main process that has failed already."""
    keeper.start("a", "/bin/sleep", "1000")
    pid = keeper.pid("a")
    keeper.kill()
    starts = Path(keeper.directory) / "starts"
    starts.write_text("".join(line + "\n" for line in keeper.lines("starts") if "pid" not in line))
    orphans = Orphans(trace_of(keeper))
    assert collect(orphans) == {}
    assert orphans.lost == ["a"] and gone(pid)


def test_an_orphan_without_a_process_is_lost(subreaper, keeper):
    keeper.kill()
    with open(f"{keeper.directory}/starts", "a") as starts:
        starts.write('{"token":"a","boot":"x","began":1.0}\n')
    orphans = Orphans(trace_of(keeper))
    assert collect(orphans) == {}
    assert orphans.lost == ["a"]


def test_what_a_lost_attempt_left_ends_before_it_is_lost(subreaper, keeper):
    ready = keeper.fifo("ready")
    go = keeper.fifo("go")
    keeper.start("a", *daemon(ready, main=f"open({go.path!r}).read(1)"))
    stray = int(ready.read())
    main = keeper.pid("a")
    os.kill(keeper.link.pid, signal.SIGSTOP)
    os.kill(main, signal.SIGKILL)
    keeper.kill()
    os.waitpid(main, 0)  # as if the keeper had reaped it and died before it could write
    orphans = Orphans(trace_of(keeper), grace=0.1)
    assert collect(orphans) == {}
    assert orphans.lost == ["a"]
    assert not is_alive(stray)


def test_orphans_can_be_stopped_with_their_trees(subreaper, keeper):
    ready = keeper.fifo("ready")
    keeper.shell("ignoring", DETACHED.format(ready=ready.path))
    ready.read()
    keeper.start("daemon", *daemon(ready, main="signal.pause()"))
    stray = int(ready.read())
    keeper.pid("daemon")
    keeper.kill()
    orphans = Orphans(trace_of(keeper))
    orphans.stop("ignoring", 1000.0)
    orphans.stop("ignoring", 0.1)
    orphans.stop("daemon", 0.1)
    orphans.stop("unheard of", 0)
    found = collect(orphans)
    assert {token: record["why"] for token, record in found.items()} == {"ignoring": "stopped", "daemon": "stopped"}
    assert not is_alive(stray)


def test_what_outlives_an_orphan_is_ended(subreaper, keeper):
    hold = keeper.fifo("hold")
    ready = keeper.fifo("ready")
    keeper.shell("a", f"setsid sleep 1000 & echo $! > {ready.path}; read line < {hold.path}; exit 2")
    stray = int(ready.read())
    keeper.pid("a")
    keeper.kill()
    orphans = Orphans(trace_of(keeper))
    hold.write("go\n")
    record = collect(orphans)["a"]
    assert record["code"] == 2
    assert record["left"] >= 1
    assert not is_alive(stray)


def test_the_deadlines_of_orphans_are_kept(subreaper, keeper):
    keeper.start("a", "/bin/sleep", "1000")
    keeper.pid("a")
    keeper.kill()
    orphans = Orphans(trace_of(keeper), {"a": time.monotonic() + 0.1})
    record = collect(orphans)["a"]
    assert (record["why"], record["signal"]) == ("timeout", signal.SIGTERM)


def test_without_a_subreaper_orphans_are_lost_to_us(keeper):
    keeper.start("a", "/bin/sleep", "1000")
    keeper.pid("a")
    keeper.kill()
    orphans = Orphans(trace_of(keeper))
    assert collect(orphans) == {}
    assert orphans.lost == ["a"]
    assert len(adoption.leftovers(orphans.trace)) == 1


def test_a_record_the_keeper_tore_is_closed_off(subreaper, keeper):
    keeper.start("a", "/bin/sleep", "1000")
    pid = keeper.pid("a")
    keeper.kill()
    with open(f"{keeper.directory}/exits", "a") as record:
        record.write('{"token":"z","co')
    orphans = Orphans(trace_of(keeper))
    os.kill(pid, signal.SIGKILL)
    assert set(collect(orphans)) == {"a"} == set(adoption.exits(orphans.trace))


def test_the_children_of_a_living_keeper_are_not_taken(keeper, monkeypatch):
    monkeypatch.setattr(adoption, "KEEPER_END", 0.05)
    with pytest.raises(adoption.KeeperAlive):
        Orphans(trace_of(keeper))


def test_what_was_begun_after_somebody_looked_is_ended_too(keeper):
    trace = trace_of(keeper)
    keeper.start("a", "/bin/sleep", "1000")
    pid = keeper.pid("a")
    assert "a" not in trace.begun
    assert adoption.end_leftovers(trace, 0) == []
    assert not is_alive(pid)


def test_a_process_that_has_got_the_pid_since_is_not_signalled(keeper):
    keeper.start("a", "/bin/sleep", "1000")
    now = process_of(keeper.pid("a"))
    assert now is not None
    before = process_of(now.pid)
    assert before is not None
    before.ticks -= 1  # it was another that began then
    send_signal(before, signal.SIGKILL)
    assert keeper.run("b", "/bin/true")["code"] == 0  # by then it would be gone
    assert is_alive(now.pid)
    send_signal(now, signal.SIGKILL)
    gone(now.pid)
