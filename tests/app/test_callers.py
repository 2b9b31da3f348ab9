"""Who is connected to a holder: what is understood, who hears what, strangers and slow readers. Real sockets."""

from __future__ import annotations

import os
import select
import socket
import stat
import struct
import time

import pytest

from job_manager.app.callers import LOOK, Callers, Word
from job_manager.app.wire import Gone, Peer, accept, connect, listen


@pytest.fixture
def callers(tmp_path):
    made = Callers(str(tmp_path / "socket"))
    made.open()
    yield made
    made.close()


@pytest.fixture
def line(tmp_path):
    """Makes connections to the socket, and closes them in the end."""
    made: list[Peer] = []

    def connected(path: str = str(tmp_path / "socket")) -> Peer:
        peer = connect(path)
        assert peer is not None
        made.append(peer)
        return peer

    yield connected
    for peer in made:
        peer.close()


@pytest.fixture
def raw():
    """A socket without our words."""
    made = socket.socket(socket.AF_UNIX)
    yield made
    made.close()


def call(callers: Callers, line) -> Peer:
    """A connection that has been accepted."""
    peer: Peer = line()
    callers.attend()
    assert heard(peer)[0][0] == "here"
    return peer


def heard(peer: Peer) -> list[list]:
    """What is said to the peer, at least one message."""
    messages: list[list] = []
    while not messages:
        assert select.select([peer], [], [], 10)[0], "nothing is said"
        messages = peer.receive()
    return messages


def said(callers: Callers) -> list[Word]:
    """What callers have said, at least one word."""
    words: list[Word] = []
    while not words:
        assert select.select(callers.readers(), [], [], 10)[0], "nobody says anything"
        words = callers.attend()
    return words


def test_words_and_answers(callers, line):
    one, two = call(callers, line), call(callers, line)
    one.send("poke", "r1")
    assert said(callers) == [Word("poke", ("r1",))]
    two.send("watch", "j1")
    assert said(callers) == [Word("watch", ("j1",))]
    assert heard(two) == [["moved", "j1"]]  # whatever has happened before
    callers.moved(["j1", "j2"])
    callers.answer("r1", ("no", "because"))
    callers.answer("r2", None)
    assert heard(two) == [["moved", "j1"]] and heard(one) == [["heard", "r1", ["no", "because"]]]


def test_whoever_runs_a_job_and_goes_is_missed_unless_its_end_was_seen_to(callers, line):
    one, two = call(callers, line), call(callers, line)
    for peer, job in ((one, "j1"), (two, "j2")):
        peer.send("run", job, {"A": "b"}, 0o22, 2)
        assert said(callers) == [Word("run", (job, {"A": "b"}, 0o22, 2))]
    assert callers.runs("j1") and callers.runs("j2")
    two.send("done", "j2")
    assert said(callers) == [Word("done", ("j2",))]
    two.close()
    one.close()
    assert said(callers) == [Word("left", ("j1",))]
    assert not callers.runs("j1") and not callers.runs("j2")


@pytest.mark.parametrize(
    "text",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"{}\n",
        b"[]\n",
        b"[1]\n",
        b'["poke"]\n',
        b'["poke",1]\n',
        b'["run","j",{},"a",1]\n',
        b'["nothing","x"]\n',
        b"\xff\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_a_stranger_is_shown_the_door(callers, tmp_path, line, raw, text):
    friend = call(callers, line)
    raw.connect(str(tmp_path / "socket"))
    raw.sendall(text)
    ended = False
    while not ended:
        callers.attend()
        ready, _, _ = select.select([raw], [], [], 0.05)
        ended = bool(ready) and _is_closed(raw)
    friend.send("poke", "r")
    assert said(callers) == [Word("poke", ("r",))]


def _is_closed(raw: socket.socket) -> bool:
    try:
        return raw.recv(4096) == b""
    except ConnectionResetError:
        return True


def test_who_does_not_read_costs_one_message_a_job(callers, line):
    slow = call(callers, line)
    slow.send("watch", "j1")
    said(callers)
    (peer,) = (caller.peer for caller in callers._callers.values())
    for _ in range(100_000):
        callers.moved(["j1"])
    assert len(peer._outbox) < 1 << 16
    last: list = []
    while len(last) < 10 or peer.wants_write:
        last += heard(slow)
        callers.attend()
    assert {tuple(message) for message in last} == {("moved", "j1")}


def test_there_is_a_limit_to_connections(callers, line, monkeypatch):
    monkeypatch.setattr("job_manager.app.callers.MOST", 2)
    kept = [call(callers, line) for _ in range(2)]
    third = line()
    callers.attend()
    with pytest.raises(Gone):
        while not third.receive():
            select.select([third], [], [], 10)
    for peer in kept:
        peer.send("poke", "r")
        assert said(callers) == [Word("poke", ("r",))]


def test_a_long_path_and_what_an_earlier_holder_left(tmp_path, line):
    folder = tmp_path.joinpath(*["a-rather-long-name-for-a-folder"] * 6)
    folder.mkdir(parents=True)
    path = str(folder / "socket")
    assert connect(path) is None
    for _ in range(2):
        callers = Callers(path)
        before = os.umask(0)
        try:
            callers.open()
        finally:
            os.umask(before)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        line(path)
        assert callers._listener is not None
        callers._listener.close()  # as a kill leaves it
        assert connect(path) is None


def test_nobody_can_call_when_it_is_over(tmp_path, line):
    callers = Callers(str(tmp_path / "socket"))
    assert callers.readers() == [] and callers.attend() == []
    callers.open()
    peer = line()
    callers.attend()
    callers.close()
    assert connect(str(tmp_path / "socket")) is None and not (tmp_path / "socket").exists()
    with pytest.raises(Gone):
        while True:
            peer.receive()


def test_a_message_in_pieces_and_a_peer_that_resets(tmp_path, raw):
    listener = listen(str(tmp_path / "socket"))
    raw.connect(str(tmp_path / "socket"))
    peer = accept(listener)
    raw.sendall(b'["a",')
    assert peer.receive() == []
    raw.sendall(b'1]\n["b"]\n["c"')
    assert peer.receive() == [["a", 1], ["b"]]
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()
    with pytest.raises(Gone):
        peer.receive()
    peer.send("x")  # to nobody
    assert not peer.wants_write
    peer.close()
    listener.close()


def test_now_and_then_requests_are_looked_for_although_nobody_says_that_there_are_any(callers, monkeypatch):
    """Who put one down was killed before saying so, or turned away."""
    assert callers.next_timeout() == 0.0
    assert callers.attend() == [Word("poke", ("",))]
    assert callers.attend() == [] and 0.0 < callers.next_timeout() <= LOOK
    later = time.monotonic() + LOOK
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert callers.attend() == [Word("poke", ("",))]
