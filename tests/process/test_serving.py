"""The keeper as a server: queue and slots, masters that come and go, what it refuses, when it leaves, full disks."""

from __future__ import annotations

import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from job_manager.worker import ahead
from job_manager.worker.keeper import BATCH
from job_manager.worker.keeper_link import KeeperGone, KeeperLink
from tests.house.laws import CARRIED
from tests.process.keeping import DEADLINE, Keeping, gone, is_alive


def answers(connection: socket.socket, line: bytes) -> bytes:
    """Everything that is said on a connection after this line, until the keeper closes it."""
    connection.settimeout(DEADLINE)
    connection.sendall(line)
    said = b""
    while part := connection.recv(65536):
        said += part
    return said


def stranger(keeper: Keeping) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(keeper.directory, os.O_RDONLY)
    connection.connect(f"/proc/self/fd/{folder}/s")
    os.close(folder)
    return connection


def test_orders_begin_in_their_order_and_no_more_than_slots_at_once(keeping, tmp_path):
    keeper = keeping()
    keeper.hello(slots=2)
    text = f"mkdir {tmp_path}/one 2>&1 || mkdir {tmp_path}/two || echo third; echo $0 >> {tmp_path}/order; rmdir "
    text += f"{tmp_path}/two 2>&1 || rmdir {tmp_path}/one"
    tokens = [f"t{number:02}" for number in range(40)]
    keeper.link.start([keeper.order(token, "/bin/sh", "-c", text, token) for token in tokens])
    for token in tokens:
        keeper.exit(token)
        assert b"third" not in keeper.output(token)
    begun = [json.loads(line)["token"] for line in keeper.lines("starts") if "began" in line]
    assert begun == tokens


def test_weight_takes_slots_and_keeps_its_place(keeping):
    keeper = keeping()
    keeper.hello(slots=3)
    hold = keeper.fifo("hold")
    read = ["/bin/cat", hold.path]
    orders = [
        keeper.order("light", *read),
        keeper.order("heavy", *read, weight=2),
        keeper.order("huge", *read, weight=9),
    ]
    keeper.link.start([*orders, keeper.order("last", *read)])
    keeper.pid("heavy")
    assert {row[0] for row in keeper.hello(slots=3)["begun"]} == {"light", "heavy"}
    keeper.link.stop([("light", 0), ("heavy", 0)])
    keeper.pid("huge")
    state = keeper.hello(slots=3)
    assert [row[0] for row in state["begun"]] == ["huge"]
    assert state["queued"] == ["last"]
    keeper.link.stop([("huge", 0)])
    keeper.pid("last")


def test_slots_may_change(keeping):
    keeper = keeping()
    keeper.hello(slots=0)
    keeper.start("a", "/bin/true")
    assert keeper.hello(slots=0)["queued"] == ["a"]
    keeper.link.slots(1)
    assert keeper.exit("a")["code"] == 0


def test_a_repeated_order_is_refused_for_ever(keeper):
    keeper.start("a", "/bin/sleep", "1000")
    keeper.pid("a")
    keeper.start("a", "/bin/true")
    keeper.until(lambda: keeper.refused == {"a": "already begun"})
    keeper.link.stop([("a", 0)])
    keeper.exit("a")
    for forgotten in (False, True):
        if forgotten:
            keeper.link.forget(["a"])
        keeper.refused.clear()
        keeper.start("a", "/bin/true")
        keeper.until(lambda: keeper.refused == {"a": "already begun"})
    after = keeper.adopted()
    after.hello()
    after.start("a", "/bin/true")
    after.until(lambda: after.refused == {"a": "already begun"})
    assert len([line for line in keeper.lines("starts") if "began" in line]) == 1


def test_an_order_that_waits_may_be_repeated(keeping):
    keeper = keeping()
    keeper.hello(slots=0)
    keeper.start("a", "/bin/true")
    keeper.start("a", "/bin/true")
    keeper.link.slots(4)
    keeper.exit("a")
    assert keeper.run("b", "/bin/true")["code"] == 0
    assert keeper.refused == {}
    assert len(keeper.lines("exits")) == 2


@pytest.mark.parametrize(
    "spoiled",
    [
        {"argv": []},
        {"argv": [""]},
        {"weight": -1},
        {"cwd": "relative"},
        {"log": None},
        {"timeout": "1"},
        {"umask": -1},
        {"umask": "022"},
    ],
)
def test_a_spoiled_order_is_refused_alone(keeper, spoiled):
    keeper.link.start([{**keeper.order("bad", "/bin/true"), **spoiled}, keeper.order("good", "/bin/true")])
    assert keeper.exit("good")["code"] == 0
    keeper.until(lambda: "not an order" in keeper.refused["bad"])


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"not json\n",
        b"[1]\n",
        b'{"a": 1}\n',
        b'["start", []]\n',
        b'["unheard of"]\n',
        b'["hello", 1]\n',
        b'["hello", {"incarnation": "OURS"}]\n',
        b'["slots", 1] ["slots", 2]\n',
        b'["sl\xffots"]\n',
        b"[" * 100_000 + b"\n",
        b'["hello", {"incarnation": "OURS", "slots": 1e999, "env": {}, "umask": 0}]\n',
    ],
)
def test_a_broken_line_costs_its_own_connection_only(keeper, line):
    with stranger(keeper) as connection:
        assert answers(connection, line.replace(b"OURS", keeper.incarnation.encode())) == b""
    assert keeper.run("a", "/bin/true")["code"] == 0
    assert keeper.complaints() == ""


def test_another_incarnation_is_refused(keeper):
    hello = ["hello", {"incarnation": "two", "slots": 1, "env": {}, "umask": 0}]
    with stranger(keeper) as connection:
        said = json.loads(answers(connection, json.dumps(hello).encode() + b"\n"))
    assert said == ["refused", [[None, "this keeper serves another incarnation"]]]
    assert keeper.run("a", "/bin/true")["code"] == 0


def test_lines_may_come_in_any_pieces(keeper):
    with stranger(keeper) as connection:
        hello = ["hello", {"incarnation": keeper.incarnation, "slots": 1, "env": {}, "umask": 0}]
        for byte in json.dumps(hello).encode() + b"\n":
            connection.sendall(bytes([byte]))
        connection.settimeout(DEADLINE)
        assert connection.recv(65536).startswith(b'["state",')


def test_children_outlive_their_master_and_are_found_again(keeper):
    hold = keeper.fifo("hold")
    keeper.run("done", "/bin/sh", "-c", "exit 5")
    keeper.start("runs", "/bin/sh", "-c", f"read line < {hold.path}; exit 6")
    keeper.start("timed", "/bin/sleep", "1000", timeout=0.5)
    pid = keeper.pid("runs")
    keeper.link.close()
    after = keeper.adopted()
    state = after.hello()
    assert state["incarnation"] == keeper.incarnation
    assert state["pid"] == keeper.link.pid
    assert ["runs", pid] in [row[:2] for row in state["begun"]]
    assert after.exits["done"]["code"] == 5
    assert after.exit("timed")["why"] == "timeout"
    hold.write("go\n")
    assert after.exit("runs")["code"] == 6
    after.link.forget(["done", "timed"])
    assert [record["token"] for record in after.hello()["exits"]] == ["runs"]


def test_deadlines_and_exits_do_not_need_a_master(keeper):
    keeper.start("timed", "/bin/sh", "-c", "trap '' TERM; sleep 1000 & wait; wait", timeout=0.2, grace=0.2)
    pid = keeper.pid("timed")
    keeper.link.close()
    assert gone(pid)
    after = keeper.adopted()
    after.hello()
    assert after.exit("timed")["why"] == "timeout"


def test_the_queue_is_dropped_with_its_master(keeping):
    keeper = keeping()
    keeper.hello(slots=1)
    keeper.start("runs", "/bin/sleep", "1000")
    keeper.start("waits", "/bin/true")
    keeper.pid("runs")
    keeper.link.close()
    after = keeper.adopted()
    state = after.hello(slots=4)
    assert state["queued"] == []
    after.start("waits", "/bin/false")
    assert after.exit("waits")["code"] == 1


def test_a_newer_master_replaces_the_older(keeper):
    after = keeper.adopted()
    after.hello()
    with pytest.raises(KeeperGone):
        keeper.until(lambda: False)
    assert after.run("a", "/bin/true")["code"] == 0


def test_it_leaves_when_told_and_its_last_child_has_ended(keeping):
    keeper = keeping()
    keeper.hello(slots=1)
    hold = keeper.fifo("hold")
    keeper.start("runs", "/bin/cat", hold.path)
    keeper.start("waits", "/bin/true")
    keeper.pid("runs")
    keeper.link.leave()
    keeper.until(lambda: keeper.returned == ["waits"])
    keeper.start("late", "/bin/true")
    keeper.until(lambda: keeper.returned == ["waits", "late"])
    assert is_alive(keeper.link.pid)
    keeper.link.stop([("runs", 0)])
    assert keeper.exit("runs")["why"] == "stopped"
    assert keeper.link.ended(DEADLINE)
    assert KeeperLink.attach(keeper.directory) is None


def test_it_leaves_by_itself_without_child_and_master(keeping):
    keeper = keeping(linger=0.05)
    keeper.hello()
    hold = keeper.fifo("hold")
    keeper.start("runs", "/bin/sh", "-c", f"read line < {hold.path}")
    keeper.pid("runs")
    keeper.link.close()
    assert not select.select([hold._file], [], [], 0.3)[0]
    assert is_alive(keeper.link.pid)
    hold.write("go\n")
    assert keeper.link.ended(DEADLINE)
    assert [json.loads(line)["token"] for line in keeper.lines("exits")] == ["runs"]


def test_it_stays_with_a_master_that_has_nothing_to_do(keeping):
    keeper = keeping(linger=0.05)
    keeper.hello()
    assert not select.select([keeper.link], [], [], 0.3)[0]
    assert keeper.run("a", "/bin/true")["code"] == 0


def test_sigterm_ends_it_only_without_children(keeper):
    keeper.start("a", "/bin/sleep", "1000")
    keeper.pid("a")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(keeper.link.pid, number)
    keeper.link.stop([("a", 0)])
    keeper.exit("a")
    os.kill(keeper.link.pid, signal.SIGTERM)
    assert keeper.link.ended(DEADLINE)


@pytest.mark.parametrize(("slots", "sent"), [(1, 0), (1, 2), (BATCH, BATCH), (BATCH, 2 * BATCH)])
def test_it_sleeps_when_there_is_nothing_to_do(keeping, slots, sent):
    """No polling: with children that run and orders that wait, or with neither, it is not scheduled at all."""
    keeper = keeping()
    keeper.hello(slots=slots)
    keeper.link.start([keeper.order(str(number), "/bin/sleep", "1000") for number in range(sent)])
    keeper.until(lambda: len(keeper.began) == min(sent, slots))

    def switches() -> int:
        with open(f"/proc/{keeper.link.pid}/status") as status:
            return sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)

    before = [switches()]
    while len(before) < 3 or before[-1] != before[-2]:
        select.select([keeper.link], [], [], 0.2)
        before.append(switches())
        assert len(before) < 20, before


def test_a_state_path_of_any_length_will_do(keeping, tmp_path):
    long = tmp_path / ("x" * 120) / ("y" * 120)
    long.mkdir(parents=True)
    one = Keeping(long)
    one.hello()
    after = one.adopted()
    after.hello()
    assert after.run("a", "/bin/true")["code"] == 0
    one.close()


def test_nobody_answers_where_no_keeper_lives(keeper, tmp_path):
    assert KeeperLink.attach(str(tmp_path / "none")) is None
    keeper.kill()
    assert KeeperLink.attach(keeper.directory) is None


@pytest.mark.parametrize("words", [["-I", "-S", "-c", ahead.STARTER], ["-S", "{folder}/keeper.py"]])
def test_the_files_alone_are_a_keeper(tmp_path, words):
    """As it would run on another host: a few files, no package around them."""
    carried = tmp_path / "carried"
    carried.mkdir()
    for module in CARRIED:
        shutil.copy(Path(ahead.__file__).with_name(f"{module.rpartition('.')[2]}.py"), carried)
    (tmp_path / "d").mkdir(0o700)
    ours, theirs = socket.socketpair()
    hello = {"incarnation": "x", "slots": 1, "env": {}, "umask": 0o022}
    order = {"token": "a", "argv": ["/bin/pwd"], "cwd": str(tmp_path), "log": f"{tmp_path}/log"}
    argv = [sys.executable, *(word.format(folder=str(carried)) for word in words), f"{tmp_path}/d"]
    with ours, theirs, subprocess.Popen(argv, stdin=theirs.fileno()) as child:
        theirs.close()
        ours.settimeout(DEADLINE)
        ours.sendall(f"{json.dumps(['hello', hello])}\n{json.dumps(['start', [order]])}\n".encode())
        said = b""
        while b'"exited"' not in said:
            said += ours.recv(65536)
        assert answers(ours, b'["leave"]\n') == b""
        assert child.wait(DEADLINE) == 0
    assert said.startswith(b'["state",')
    assert (tmp_path / "log").read_text() == f"{tmp_path}\n"


def test_a_directory_serves_one_keeper_only(keeper):
    with pytest.raises(FileExistsError):
        KeeperLink.launch(keeper.directory, keeper.incarnation)


def test_thousands_of_orders_and_exits_may_cross(keeping):
    keeper = keeping()
    keeper.hello(slots=4)
    tokens = [f"job/{number}/1" for number in range(2000)]
    for token in tokens:
        keeper.start(token, "/no/such/program", "x" * 1000)  # nothing is read meanwhile
    keeper.until(lambda: len(keeper.exits) == len(tokens))
    keeper.link.forget(tokens)
    assert keeper.hello()["exits"] == []


def recorded(keeper: Keeping) -> list[str]:
    """Tokens of the whole lines in `exits`; a full disk may tear one."""
    return [json.loads(line)["token"] for line in keeper.lines("exits") if line.endswith("}")]


def limit_files(pid: int, size: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_full_disk_refuses_starts_and_keeps_exits(keeper):
    hold = keeper.fifo("hold")
    keeper.start("runs", "/bin/sh", "-c", f"read line < {hold.path}; exit 3")
    keeper.pid("runs")
    limit_files(keeper.link.pid, 1)
    keeper.start("more", "/bin/true")
    keeper.until(lambda: "start record cannot be written" in keeper.refused.get("more", ""))
    hold.write("go\n")
    assert keeper.exit("runs")["code"] == 3
    assert recorded(keeper) == []
    limit_files(keeper.link.pid, resource.RLIM_INFINITY)
    keeper.start("more", "/bin/true")
    keeper.exit("more")
    assert recorded(keeper) == ["runs", "more"]


def test_records_of_a_long_life_are_shortened(keeping, monkeypatch):
    impatient = ahead.STARTER.replace("keeper.main", "keeper.COMPACT_AT = 5000; keeper.main")
    monkeypatch.setattr(ahead, "STARTER", impatient)
    keeper = keeping()
    keeper.hello()
    keeper.start("runs", "/bin/sleep", "1000")
    pid = keeper.pid("runs")
    for number in range(60):
        keeper.run(str(number), "/bin/true")
        keeper.link.forget([str(number)])
    sizes = [os.path.getsize(f"{keeper.directory}/{name}") for name in ("starts", "exits")]
    assert sum(sizes) < 10_000
    starts = [json.loads(line) for line in keeper.lines("starts")]
    assert {line.get("pid") for line in starts if line["token"] == "runs"} == {None, pid}
    keeper.start("0", "/bin/true")
    keeper.until(lambda: keeper.refused == {"0": "already begun"})


def test_what_a_master_ordered_that_has_died_since_is_not_begun(keeping):
    """Who comes next may know nothing of it: the order may be read only when another has begun the same."""
    keeper = keeping()
    keeper.hello()
    os.kill(keeper.link.pid, signal.SIGSTOP)  # it is busy elsewhere
    keeper.start("a", "/bin/true")
    keeper.link.close()
    os.kill(keeper.link.pid, signal.SIGCONT)
    heir = keeper.adopted()
    state = heir.hello()
    assert (state["begun"], state["exits"], state["queued"]) == ([], [], [])
    assert heir.run("b", "/bin/true")["code"] == 0
    assert not any('"a"' in line for line in heir.lines("starts"))


def test_a_keeper_does_not_leave_while_how_something_ended_stands_nowhere(keeper):
    hold = keeper.fifo("hold")
    keeper.start("runs", "/bin/sh", "-c", f"read line < {hold.path}; exit 3")
    keeper.pid("runs")
    limit_files(keeper.link.pid, 1)
    hold.write("go\n")
    assert keeper.exit("runs")["code"] == 3
    keeper.link.leave()
    keeper.link.close()  # its worker ends as well, since it cannot write either
    assert is_alive(keeper.link.pid)
    assert recorded(keeper) == []
    limit_files(keeper.link.pid, resource.RLIM_INFINITY)
    gone(keeper.link.pid)
    assert recorded(keeper) == ["runs"]


def test_a_keeper_whose_master_died_before_its_first_word_is_known_by_its_directory(keeping):
    """Its children are found by what it calls itself: a keeper without a name must never begin any."""
    keeper = keeping()
    give_up = time.monotonic() + DEADLINE
    while (link := KeeperLink.attach(keeper.directory)) is None:
        assert time.monotonic() < give_up, "it does not come up"
        time.sleep(0.001)
    link.close()
    keeper.link.close()
    heir = keeper.adopted()
    assert json.loads("".join(heir.lines("keeper.json")))["incarnation"] == ""
    assert heir.hello()["incarnation"] == keeper.incarnation
    assert json.loads("".join(heir.lines("keeper.json")))["incarnation"] == keeper.incarnation
