"""Requests as files: whole or not there, read in order, once; what is no request is set aside. Real files."""

from __future__ import annotations

import os
import stat

import pytest

from job_manager.app.inbox import Inbox, check_request_id, request_id
from job_manager.core import said as s
from job_manager.model.errors import EngineError, InputError


@pytest.fixture
def inbox(tmp_path):
    tmp_path.joinpath("inbox").mkdir(mode=0o700)
    return Inbox(str(tmp_path / "inbox"))


REQUESTS: list[s.Request] = [
    s.SubmitJob("j1", {"Job": {"title": "é\ud800"}}, {"workdir": "/"}, "r1", True),
    s.ResumeJob("j1", {"workdir": "/"}, None, [(0, 1)], True, (), "r2"),
    s.HoldJob("j1", "paused", None, "r3"),
    s.ReleaseJob("j1", "r4"),
    s.CancelJob("j1", 2.5, "r5"),
    s.CancelAction("j1", 3, 0.0, "r6"),
    s.RetryActions("j1", "from", 3, True, "r7", (1, 2)),
    s.SkipAction("j1", 3, "r8"),
    s.SetPriority("j1", -1.5, "r9"),
]


def plain(value):
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def test_what_is_put_is_read_in_order_and_dropped(inbox):
    for request in REQUESTS:
        inbox.put(request)
    found = [waiting.request for waiting in inbox.read()]
    assert [type(each) for each in found] == [type(each) for each in REQUESTS]
    assert plain(found) == plain(REQUESTS)
    for request in REQUESTS:
        assert inbox.has(request.request)
        inbox.drop(request.request)
    assert not list(inbox.read()) and not os.listdir(inbox.path)


def test_the_same_id_is_one_request(inbox):
    for _ in range(3):
        inbox.put(s.ReleaseJob("j1", "again"))
    assert len(list(inbox.read())) == 1


def test_files_are_for_nobody_else_whatever_the_umask(inbox):
    before = os.umask(0)
    try:
        inbox.put(s.ReleaseJob("j1", "r"))
    finally:
        os.umask(before)
    (name,) = os.listdir(inbox.path)
    assert stat.S_IMODE(os.stat(os.path.join(inbox.path, name)).st_mode) == 0o600


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b'["submit"]',
        b'["release",1,2,3,4,5]',
        b'["nothing","j1","x"]',
        b'["release","j1","other"]',
        b"[" * 100_000,
        b"\xff\xfe",
        b"null",
        b'"x"',
        b'[["release"],"j1","x"]',
    ],
)
def test_what_is_no_request_is_set_aside_and_holds_nothing_up(inbox, text):
    with open(os.path.join(inbox.path, "x.json"), "wb") as stream:
        stream.write(text)
    inbox.put(s.ReleaseJob("j1", "good"))
    assert [waiting.request.request for waiting in inbox.read()] == ["good"]
    assert sorted(os.listdir(inbox.path)) == ["good.json", "x.unreadable"]


def test_a_link_is_not_followed(inbox, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text('["release","j1","x"]')
    os.symlink(elsewhere, os.path.join(inbox.path, "x.json"))
    assert not list(inbox.read())
    assert elsewhere.exists()


def test_half_written_files_are_no_requests(inbox):
    for name in ("r.json.77.new", "r.txt"):
        with open(os.path.join(inbox.path, name), "w") as stream:
            stream.write('["release","j1","r"]')
    assert not list(inbox.read())


def test_where_it_cannot_be_kept_it_is_an_error_and_nothing_is_left(inbox):
    os.rmdir(inbox.path)
    with pytest.raises(EngineError, match="cannot be put"):
        inbox.put(s.ReleaseJob("j1", "r"))


def test_of_a_removed_job_nothing_is_asked_any_more(inbox):
    inbox.put(s.ReleaseJob("j1", "r1"))
    inbox.put(s.ReleaseJob("j2", "r2"))
    inbox.forget("j1")
    assert [waiting.request.job for waiting in inbox.read()] == ["j2"]


@pytest.mark.parametrize("id", ["a", "nightly-2026.11", "A_1", "x" * 100])
def test_what_may_be_an_id(id):
    check_request_id(request_id())
    check_request_id(id)


@pytest.mark.parametrize("id", ["", ".", "..", "../x", "a/b", "-x", ".x", "a b", "é", "x" * 101, "a\n", "\0"])
def test_what_may_not(id):
    with pytest.raises(InputError, match="request id"):
        check_request_id(id)


def test_what_killed_people_left_half_put_down_is_taken_away_and_nothing_else(inbox):
    inbox.put(s.ReleaseJob("j1", "whole"))
    folder, nobody = inbox.path, 2**22 + 1  # no process can have that number
    for name in (f"a.json.{nobody}.new", "b.json.x.new", f"c.json.{os.getpid()}.new", "d.unreadable"):
        open(os.path.join(folder, name), "w").close()
    inbox.tidy()
    assert sorted(os.listdir(folder)) == [f"c.json.{os.getpid()}.new", "d.unreadable", "whole.json"]


def test_nobody_reads_a_request_before_it_is_whole_and_on_disk(inbox, monkeypatch):
    seen = []

    def sync(handle):
        seen.append(([each.request.request for each in inbox.read()], stat.S_ISDIR(os.fstat(handle).st_mode)))

    monkeypatch.setattr(os, "fsync", sync)
    inbox.put(s.ReleaseJob("j1", "r"))
    assert seen == [([], False), (["r"], True)], "its content is forced to disk first, then its name"
