"""The file of secrets: for its owner alone, whole or not at all, and its values in nothing that is said."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from job_manager.app.home import Home
from job_manager.app.secrets import LONGEST, forget, keep, kept_names
from job_manager.model.errors import EngineError, InputError, NotFound
from job_manager.worker.secrets import Secrets

VALUE = "s3cr3t-CANARY"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(str(tmp_path / "state"))
    home.make()
    return home


@pytest.mark.parametrize("mask", [0o000, 0o077, 0o777])
def test_only_its_owner_may_read_it_whatever_the_umask(home, mask):
    before = os.umask(mask)
    try:
        assert not keep(home, "a", VALUE.encode()) and keep(home, "a", b"another value")
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(f"{home.path}/secrets").st_mode) == 0o600
    assert Secrets(home.path).read() == {"a": "another value"}


def test_values_are_kept_byte_for_byte_but_for_the_line_end_of_echo(home):
    odd = bytes(range(1, 256))
    for name, given, kept in (("a", b"12345678\n", b"12345678"), ("b", b"12345678\r\n", b"12345678"), ("c", odd, odd)):
        keep(home, name, given)
        assert Secrets(home.path).read()[name].encode("utf-8", "surrogateescape") == kept
    keep(home, "d", b"two\nlines and two ends\n\n")
    assert Secrets(home.path).read()["d"] == "two\nlines and two ends\n"


def test_names_are_listed_and_forgotten(home):
    for name in ("b", "a", "a.b-c_1"):
        keep(home, name, VALUE.encode())
    assert kept_names(home) == ["a", "a.b-c_1", "b"]
    with pytest.raises(NotFound, match='no secret "c"'):
        forget(home, ["a", "c"])
    forget(home, ["b", "a"])
    assert kept_names(home) == ["a.b-c_1"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("../a", VALUE, "is not the name of a secret"),
        ("a/b", VALUE, "is not the name of a secret"),
        ("", VALUE, "is not the name of a secret"),
        ("-a", VALUE, "is not the name of a secret"),
        ("a" * 65, VALUE, "is not the name of a secret"),
        ("a\n", VALUE, "is not the name of a secret"),
        ("a", "", "nothing was given"),
        ("a", "\n", "nothing was given"),
        ("a", "CANARY7", "shorter than 8 bytes"),
        ("a", "  CANARY  \n", "shorter than 8 bytes"),
        ("a", "CANARY\0CANARY", "a zero byte"),
        ("a", "C" * (LONGEST + 1), "the limit is"),
    ],
)
def test_what_is_refused_is_refused_without_its_value(home, name, value, said):
    with pytest.raises(InputError, match=said) as caught:
        keep(home, name, value.encode())
    assert "CANARY" not in str(caught.value) and kept_names(home) == []


def test_a_file_that_others_may_read_is_refused(home):
    keep(home, "a", VALUE.encode())
    os.chmod(f"{home.path}/secrets", 0o640)
    with pytest.raises(InputError, match="can be read by others") as caught:
        kept_names(home)
    assert "chmod 600" in caught.value.problems[0].hint


@pytest.mark.parametrize(
    "content",
    [
        "",
        f'{{"format": "job_manager.secrets/1", "secrets": {{"a": "{VALUE}',
        f'{{"format": "another/9", "secrets": {{"a": "{VALUE}"}}}}',
        f'{{"format": "job_manager.secrets/1", "secrets": {{"a": ["{VALUE}"]}}}}',
        f'["{VALUE}"]',
    ],
)
def test_a_damaged_file_is_said_to_be_and_nothing_of_it_shown(home, content):
    file = Path(home.path, "secrets")
    file.write_text(content)
    file.chmod(0o600)
    for attempt in (lambda: kept_names(home), lambda: keep(home, "b", b"12345678")):
        with pytest.raises(EngineError) as caught:
            attempt()
        assert "CANARY" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"
    assert file.read_text() == content


def test_links_that_were_planted_are_neither_read_nor_written_through(home, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text(json.dumps({"format": "job_manager.secrets/1", "secrets": {"a": VALUE}}))
    victim.chmod(0o600)
    before = victim.read_bytes()
    os.symlink(victim, f"{home.path}/secrets")
    with pytest.raises(EngineError, match="cannot be used"):
        kept_names(home)
    os.unlink(f"{home.path}/secrets")
    os.symlink(victim, f"{home.path}/secrets.new")
    keep(home, "b", b"12345678")
    assert victim.read_bytes() == before and kept_names(home) == ["b"]
    os.unlink(f"{home.path}/secrets")
    os.mkfifo(f"{home.path}/secrets", 0o600)
    with pytest.raises(EngineError, match="no regular file"):
        kept_names(home)


def test_of_many_who_write_at_once_each_keeps_what_the_others_wrote(home):
    threads = [threading.Thread(target=keep, args=(home, f"n{n}", VALUE.encode())) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept_names(home)) == 12 and sorted(os.listdir(home.path)).count("secrets") == 1
    assert "secrets.new" not in os.listdir(home.path)
