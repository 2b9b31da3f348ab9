"""Percentages from the ends of logs: both languages, broken lines, endless ones, and never more than a piece read.

Knows the formats; no job is run here.
"""

from __future__ import annotations

import os

import pytest

from job_manager.app.cards import last_lines
from job_manager.app.following import offset_of_last
from job_manager.app.progress import PIECE, LogProgress, message, percent, piece, total_seconds


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (b"openjd_progress: 42\n", 42.0),
        (b"openjd_progress: 10\nnoise\nopenjd_progress: 42.5\nmore\n", 42.5),
        (b"openjd_progress: 42\r\n", 42.0),
        (b"openjd_progress: 5\ropenjd_progress: 6\r".replace(b"\r", b"\n"), 6.0),
        (b"openjd_progress: 900\n", 100.0),
        (b"openjd_progress: 1e9\n", None),
        (b"openjd_progress: nan\n", None),
        (b"openjd_progress: -3\n", None),
        (b"openjd_progress:42\n", None),
        (b"say openjd_progress: 42\n", None),
        (b"openjd_progress: 42 percent\n", None),
        (b"", None),
        (b"\xff\xfe\x00openjd_progress: 42\n", None),
    ],
)
def test_openjd_lines(tail, expected):
    assert percent(tail) == expected


BAR = "▏█▍ ".encode()


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (b"TR_PROGRESS 42%\n", 42.0),
        (b"ALF_PROGRESS 7.5%\n", 7.5),
        (b"R90000   15%\n", 15.0),
        (b"R90000 15% done\n", 15.0),
        (b"TR_PROGRESS\t3 %\n", 3.0),
        (b"TR_PROGRESS 900%\n", 100.0),
        (b"TR_PROGRESS 10%\nALF_PROGRESS 20%\nopenjd_progress: 30\nR90000 40%\n", 40.0),
        (b"R90000 40%\nopenjd_progress: 30\nwords\n", 30.0),
        (b"TR_PROGRESS 42", None),
        (b"TR_PROGRESS -4%\n", None),
        (b"TR_PROGRESS nan%\n", None),
        (b"TR_PROGRESS 1e2%\n", None),
        (b"TR_PROGRESS 4294967296%\n", None),
        (b"TR_PROGRESS 42%x\n", None),
        (b" TR_PROGRESS 42%\n", None),
        (b"log: TR_PROGRESS 42%\n", None),
        (b"XR_PROGRESS 42%\n", None),
        (b"R90001 42%\n", None),
        (b"tr_progress 42%\n", None),
        (b"42%\n", None),
        (b"\x00TR_PROGRESS 42%\n\xff", None),
        (b" 42%|####      | 42/100 [00:01<00:02,  9.9it/s]", 42.0),
        (b"  0%|          | 0/100 [00:00<?, ?it/s]\n 42%|####      | 42/100 [00:01<00:02, 9it/s]", 42.0),
        (b"100%|" + BAR * 10 + b"| 5/5 [00:00<00:00, 1.00it/s]\n", 100.0),
        (b"encode: first:  42%|#5 | 1.20M/3.40M [00:01<00:02, 9.9MB/s]", 42.0),
        (b" 42% 42/100 [00:01<00:02,  9.9it/s]", 42.0),
        (b"42it [00:01,  9.9it/s]", None),
        (b" 42%|####", None),
        (b"at 42%|# | 42/100 [", None),
        (b" 42%|" + b"#" * 5000 + b"| 42/100 [00:01", None),
        ((b"a: " * 40 + b" 4%|" + b"x" * 600) * 90, None),
    ],
)
def test_lines_of_other_tools(tail, expected):
    assert percent(tail) == expected


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (b"openjd_status: one\nopenjd_status:  the second  \nnoise\n", "the second"),
        ("openjd_status: käse\n".encode(), "käse"),
        (b"openjd_status: \xff\x1b[31m\n", "\\xff\x1b[31m"),
        (b"openjd_status: " + b"x" * 9000, "x" * 200 + "..."),
        (b"say openjd_status: one\n", ""),
        (b"openjd_status:one\nopenjd_status: \n", ""),
        (b"", ""),
    ],
)
def test_messages(tail, expected):
    assert message(tail) == expected


def looked(tmp_path, content: bytes, pattern: str = "") -> tuple[float | None, str]:
    log = tmp_path / "a.log"
    log.write_bytes(content)
    progress = LogProgress(str(log), pattern)
    return progress.percent(), progress.message


def test_carriage_returns_end_lines(tmp_path):
    bars = b"\r".join(b" %2d%%|# | %d/100 [00:01<00:02]" % (n, n) for n in range(100))
    assert looked(tmp_path, bars)[0] == 99.0
    assert looked(tmp_path, b"openjd_status: a\rTR_PROGRESS 5%\r")[:2] == (5.0, "a")


@pytest.mark.parametrize("said", [b"openjd_progress: 42", b"openjd_status: hi", b"TR_PROGRESS 42%", b"tile 1/2"])
def test_what_is_cut_off_in_the_middle_is_no_line(tmp_path, said):
    assert looked(tmp_path, b"x" * 100 + said + b"\n" + b"y" * (PIECE - len(said) - 1), "^tile (.)/(.)") == (None, "")


def test_a_message_stays_until_the_next(tmp_path):
    log = tmp_path / "a.log"
    log.write_bytes(b"openjd_status: first\n")
    progress = LogProgress(str(log))
    assert progress.percent() is None and progress.message == "first"
    with log.open("ab") as stream:
        stream.write(b"x\n" * PIECE + b"TR_PROGRESS 5%\n")
    assert progress.percent() == 5.0 and progress.message == "first"


@pytest.mark.parametrize(
    ("content", "pattern", "expected"),
    [
        (b"so far tile 3/8, good\n", r"tile (\d+)/(\d+)", 37.5),
        (b"tile 3/8\ntile 4/8\nwords\n", r"tile (\d+)/(\d+)", 50.0),
        (b"tile 3/8\ntile 9/0\n", r"tile (\d+)/(\d+)", 37.5),
        (b"tile 9/8\n", r"tile (\d+)/(\d+)", 100.0),
        (b"at 12.5 %\nTR_PROGRESS 90%\n", r"at ([\d.]+)", 12.5),
        (b"TR_PROGRESS 90%\n", r"at (\d+)", 90.0),
        (b"at -5\n", r"at (\S+)", 0.0),
        (b"at nan\nat words\nat 1/2\n", r"at (\S+)", None),
        (b"done\n", r"done( \d+)?", None),
        (b"at 5" + b"x" * 100_000, r"x(5)|at (\d)", None),
        (b"x" * 300 + b"at 5\n", r"at (\d)", None),
        ("é at 5\n".encode(), r"é at (\d)", 5.0),
        (b"\xff at 5\n", r" at (\d)", 5.0),
        (b"at 5\n" + b"words\n" * 100, r"at (\d)", None),
        (b"at 5\n" + b"words\n" * 50, r"at (\d)", 5.0),
    ],
)
def test_a_modules_own_pattern(tmp_path, content, pattern, expected):
    assert looked(tmp_path, content, pattern)[0] == expected


@pytest.mark.parametrize(
    ("tail", "total", "expected"),
    [
        (b"frame=1\nout_time_us=5000000\nprogress=continue\n", 10.0, 50.0),
        (b"out_time_ms=5000000\n", 10.0, 50.0),
        (b"out_time=00:00:05.000000\n", 10.0, 50.0),
        (b"out_time_us=1000000\nout_time=00:00:01.00\nout_time_us=9000000\nout_time=00:00:09.00\n", 10.0, 90.0),
        (b"frame=  100 fps= 25 q=28.0 size=    512kB time=00:00:04.00 bitrate= 1k speed=1x\n", 8.0, 50.0),
        (b"size=     256kB time=00:00:02.00 bitrate=1048.6kbits/s speed=40x\n", 8.0, 25.0),
        (b"out_time_us=N/A\nout_time=N/A\n", 10.0, None),
        (b"out_time_us=-66666\n", 10.0, 0.0),
        (b"out_time_us=99000000\n", 10.0, 100.0),
        (b"out_time_us=5000000\n", 0.0, None),
    ],
)
def test_ffmpeg_lines(tail, total, expected):
    assert percent(tail, total) == expected


def test_the_length_is_that_of_the_longest_input_or_what_is_said_outright():
    text = b"  Duration: 00:00:10.50, start: 0.0\n  Duration: 01:00:00.00, bitrate\n  Duration: N/A\n"
    assert total_seconds(text) == 3600.0
    assert total_seconds(b"total_us=2500000\n") == 2.5
    assert total_seconds(b"nothing") == 0.0


def test_a_growing_log_is_followed_and_its_head_remembered(tmp_path):
    log = tmp_path / "a.log"
    progress = LogProgress(str(log))
    assert progress.percent() is None
    log.write_bytes(b"  Duration: 00:00:10.00, start\n")
    assert progress.percent() is None
    with log.open("ab") as stream:
        stream.write(b"x" * (3 * PIECE) + b"\nout_time_us=2500000\n")
    assert progress.percent() == 25.0
    with log.open("ab") as stream:
        stream.write(b"frame=9 time=00:00:07.50 speed=1\r")
    assert progress.percent() == 75.0
    log.unlink()
    assert progress.percent() == 75.0


def test_a_huge_log_without_a_line_end_costs_a_piece(tmp_path):
    log = tmp_path / "huge.log"
    with log.open("wb") as stream:
        stream.truncate(8 << 30)
    assert len(piece(str(log))) == len(piece(str(log), from_end=True)) == PIECE
    assert LogProgress(str(log)).percent() is None
    (line,) = last_lines(str(log))
    assert len(line) <= 2003


def test_the_last_lines_are_what_a_terminal_would_still_show(tmp_path):
    log = tmp_path / "a.log"
    log.write_bytes(b"".join(b"%d\n" % n for n in range(100)) + b" 1%\r 50%\r100%\r\nlast \xff\n")
    assert last_lines(str(log)) == [*map(str, range(82, 100)), "100%", "last \\xff"]
    assert last_lines(str(tmp_path / "none")) == [] == last_lines(None)
    log.write_bytes(b"")
    assert last_lines(str(log)) == []


@pytest.mark.parametrize(("lines", "expected"), [(0, b""), (1, b"c"), (2, b"b\nc"), (3, b"a\nb\nc"), (9, b"a\nb\nc")])
@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("size", [1, PIECE])
def test_where_the_last_lines_begin(tmp_path, lines, expected, end, size):
    log = tmp_path / "a.log"
    swollen = {b"a": b"a" * size, b"b": b"b" * (size + 1), b"c": b"c"}
    log.write_bytes(b"\n".join(swollen.values()) + end)
    wanted = b"\n".join(swollen[part] for part in expected.split(b"\n") if part)
    handle = os.open(log, os.O_RDONLY)
    at = offset_of_last(handle, lines)
    os.close(handle)
    assert log.read_bytes()[at:] == wanted + (end if expected else b"")
