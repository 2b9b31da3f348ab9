"""What an attempt says of its own end: which lines count, what they may do, and that nothing in their place does harm.

Knows records and logs; no process is run here.
"""

from __future__ import annotations

import os

import pytest

from job_manager.worker.attempt import Ending, _overruled
from job_manager.worker.child import PIECE
from job_manager.worker.last_words import ERROR_BYTES, NOTHING, Words, error_file, error_text, sentence, words_in


def heard(tmp_path, content: bytes) -> Words:
    log = tmp_path / "a.log"
    log.write_bytes(content)
    return words_in(str(log))


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"TR_EXIT_STATUS 0\n", 0),
        (b"ALF_EXIT_STATUS 4", 4),
        (b"words\nTR_EXIT_STATUS 3\r\nmore\n", 3),
        (b" 99%|#\rTR_EXIT_STATUS 3\r", 3),
        (b"TR_EXIT_STATUS 3\nALF_EXIT_STATUS\t0  \n", 0),
        (b"TR_EXIT_STATUS -11\n", -11),
        (b" TR_EXIT_STATUS 0\n", None),
        (b"say TR_EXIT_STATUS 0\n", None),
        (b"TR_EXIT_STATUS 0 of 3\n", None),
        (b"TR_EXIT_STATUS\n0\n", None),
        (b"TR_EXIT_STATUS 99999999999\n", None),
        (b"TR_EXIT_STATUS 0x1\n", None),
        (b"XTR_EXIT_STATUS 0\n", None),
        (b"\x00\xff\nTR_EXIT_STATUS 2\n\xfe", 2),
        (b"TR_EXIT_STATUS 2\n" + b"x\n" * (PIECE // 2), None),
        (b"x" * 99 + b"TR_EXIT_STATUS 0\n" + b"y" * (PIECE - 17), None),
        (b"x" * PIECE + b"\nTR_EXIT_STATUS 0\n", 0),
        (b"", None),
    ],
)
def test_exit_statuses(tmp_path, content, status):
    assert heard(tmp_path, content).status == status


@pytest.mark.parametrize(
    ("content", "failure"),
    [
        (b"openjd_fail: no licence\n", "no licence"),
        (b"openjd_fail: one\nopenjd_fail: two \r\nx", "two"),
        (b"openjd_fail: \n", ""),
        (b"openjd_fail:x\n openjd_fail: y\n", ""),
        (b"openjd_fail: \xff\x1b[2J", "\\xff\x1b[2J"),
        (b"openjd_fail: " + b"x" * 9000, "x" * 500 + "..."),
    ],
)
def test_failure_messages(tmp_path, content, failure):
    assert heard(tmp_path, content).failure == failure


def test_no_log_or_something_else_in_its_place(tmp_path):
    assert words_in(str(tmp_path / "none")) is NOTHING
    assert words_in(str(tmp_path)) is NOTHING
    os.mkfifo(tmp_path / "pipe")
    assert words_in(str(tmp_path / "pipe")) is NOTHING
    (tmp_path / "real").write_bytes(b"TR_EXIT_STATUS 0\n")
    os.symlink("real", tmp_path / "link")
    assert words_in(str(tmp_path / "link")) is NOTHING


def test_a_huge_log_is_read_at_its_end_only(tmp_path):
    log = tmp_path / "huge"
    with log.open("wb") as stream:
        stream.truncate(8 << 30)
        stream.seek(0, os.SEEK_END)
        stream.write(b"\nTR_EXIT_STATUS 5\n")
    assert words_in(str(log)).status == 5


def test_error_files(tmp_path):
    folder = str(tmp_path)
    assert error_text(folder) == b""
    os.mkfifo(error_file(folder))
    assert error_text(folder) == b""
    os.unlink(error_file(folder))
    os.symlink("/etc/hostname", error_file(folder))
    assert error_text(folder) == b""
    os.unlink(error_file(folder))
    with open(error_file(folder), "wb") as stream:
        stream.write(b"\n \nwhy\n" + b"x" * (1 << 20))
    assert len(error_text(folder)) == ERROR_BYTES and sentence(error_text(folder)) == "why"


CODE = Ending("code", 3, "exit code 3")
CRASH = Ending("signal", 11, "killed by SIGSEGV")
WELL = Ending("", None, "")


@pytest.mark.parametrize(
    ("real", "status", "reason", "code", "message"),
    [
        (WELL, None, "", None, ""),
        (WELL, 0, "", None, ""),
        (WELL, 4, "code", 4, "its log says TR_EXIT_STATUS 4 instead of exit code 0"),
        (CODE, None, "code", 3, "exit code 3"),
        (CODE, 3, "code", 3, "exit code 3"),
        (CODE, 4, "code", 4, "its log says TR_EXIT_STATUS 4 instead of exit code 3"),
        (CODE, 0, "", None, "exit code 3, but its log says TR_EXIT_STATUS 0: taken for a success"),
        (CRASH, 0, "", None, "killed by SIGSEGV, but its log says TR_EXIT_STATUS 0: taken for a success"),
        (CRASH, 11, "code", 11, "its log says TR_EXIT_STATUS 11 instead of killed by SIGSEGV"),
    ],
)
def test_what_an_exit_status_does(real, status, reason, code, message):
    assert _overruled(real, Words(status, "TR_EXIT_STATUS")) == (reason, code, message)
