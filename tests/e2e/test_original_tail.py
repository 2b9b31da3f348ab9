"""Reading a log while it is written: whole lines, in bounded memory, whatever bytes come and however they are cut."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_manager.app.original_tail import CHUNK, LONGEST, Line, Tail

PIECES = st.lists(st.sampled_from([b"a", b"bc", b"\r", b"\n", b"\r\n", "ż".encode(), b"\xff", b"x" * 300]), max_size=40)


def shown(line: bytes) -> str:
    """What a terminal is left with when a program draws over its line."""
    return line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace")


@pytest.fixture
def tailed(tmp_path):
    """A log that is being read, and its path."""
    tail = Tail(str(tmp_path / "log"))
    yield tail, tmp_path / "log"
    list(tail.close())


def drained(tail: Tail) -> list[str]:
    lines = list(tail.read())
    while tail.more:
        lines += tail.read()
    return lines


@given(PIECES, st.integers(1, 7))
def test_lines_do_not_depend_on_how_they_were_cut(pieces, size):
    content = b"".join(pieces)
    line, seen = Line(), []
    for start in range(0, len(content), size):
        *whole, rest = content[start : start + size].split(b"\n")
        for part in whole:
            line.add(part)
            seen.append(line.take())
        line.add(rest)
    expected = [shown(part) for part in content.split(b"\n")]
    assert [*seen, line.take()] == expected


def test_a_file_that_appears_grows_and_ends_without_a_line_end(tailed):
    tail, path = tailed
    assert drained(tail) == []
    with path.open("ab", buffering=0) as file:
        file.write(b"one\ntw")
        assert drained(tail) == ["one"]
        file.write(b"o\n")
        assert drained(tail) == ["two"]
        file.write(b"three")
        assert drained(tail) == []
    assert list(tail.close()) == ["three"]
    assert list(tail.close()) == []


def test_a_log_that_never_came_has_no_lines(tmp_path):
    tail = Tail(str(tmp_path / "none"))
    assert (drained(tail), list(tail.close())) == ([], [])


def test_a_line_longer_than_is_kept_is_cut_and_counted(tailed):
    tail, path = tailed
    path.write_bytes(b"x" * (5 * CHUNK) + b"\nshort\n" + b"y" * (LONGEST + 1))
    lines = [*drained(tail), *tail.close()]
    assert lines == [
        "x" * LONGEST + f" [... {5 * CHUNK - LONGEST:,} more bytes]",
        "short",
        "y" * LONGEST + " [... 1 more bytes]",
    ]


def test_what_is_drawn_over_is_not_kept_however_long_it_is(tailed):
    tail, path = tailed
    path.write_bytes(b"\r".join(b"%d%%" % n for n in range(100_000)) + b"\n")
    assert drained(tail) == ["99999%"]


def test_a_log_that_was_shortened_is_read_from_its_start(tailed):
    tail, path = tailed
    path.write_bytes(b"a long first line\n")
    assert drained(tail) == ["a long first line"]
    path.write_bytes(b"new\n")
    assert drained(tail) == ["new"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells holes from zeros")
def test_what_was_dropped_from_the_middle_is_no_line(tmp_path):
    """The keeper gives back the middle of a log that is too long: a hole, for which a line stands before it."""
    log = tmp_path / "log"
    with log.open("wb") as file:
        file.write((b"x" * 4000 + b"\n[... 40 MB were dropped ...]").ljust(8191) + b"\n")
        file.seek(40 << 20)
        file.write(b"the end\n")
    tail = Tail(str(log))
    seen = list(tail.read())
    while tail.more:
        seen += tail.read()
    seen += tail.close()
    assert [line.rstrip() for line in seen] == ["x" * 4000, "[... 40 MB were dropped ...]", "the end"]
