"""What is read of the machine: mounts, locks, the clock, the version of SQLite. From made-up lists where they help."""

from __future__ import annotations

import os
import time

import pytest

from job_manager.app import doctor_machine
from job_manager.app.clock import SystemClock
from job_manager.app.filesystems import is_network, is_unsure, kind_of
from job_manager.engines.sqlite import holding

MOUNTS = """\
22 1 252:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:25 / /home/anna/with\\040blank rw - nfs4 server:/x rw
31 22 0:26 / /mnt rw - tmpfs none rw
32 31 0:27 / /mnt/deep rw - fuse.sshfs anna@server:/ rw
33 31 0:28 / /mnt/deep rw - cifs //server/share rw
34 22 0:29 / /host rw - 9p host rw
"""


@pytest.mark.parametrize(
    ("path", "kind", "network"),
    [
        ("/home/anna/x", "ext4", False),
        ("/home/anna/with blank/.jm", "nfs4", True),
        ("/home/anna/with blanks", "ext4", False),
        ("/mnt/x", "tmpfs", False),
        ("/mnt/deep", "cifs", True),
        ("/host/x", "9p", False),
    ],
)
def test_the_file_system_of_a_path_is_that_of_the_last_mount_above_it(tmp_path, path, kind, network):
    (tmp_path / "mounts").write_text(MOUNTS)
    assert kind_of(path, str(tmp_path / "mounts")) == kind
    assert is_network(kind) is network
    assert is_unsure("9p") and is_unsure("fuse.rclone2") and not is_unsure("ext4")


def test_where_there_is_no_list_of_mounts_nothing_is_known(tmp_path):
    assert kind_of("/", str(tmp_path / "none")) == ""


def test_here_it_is_something():
    assert kind_of(os.getcwd())


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ((3, 40, 1), "warn"),
        ((3, 44, 6), "ok"),
        ((3, 50, 6), "warn"),
        ((3, 50, 7), "ok"),
        ((3, 51, 3), "ok"),
        ((3, 53, 0), "ok"),
    ],
)
def test_versions_of_sqlite_that_may_damage_a_journal(version, level):
    assert doctor_machine._sqlite(version).level == level


def test_locks_of_others_are_those_of_the_file_and_what_lies_beside_it(tmp_path):
    path = tmp_path / "x.db"
    path.touch()
    shm = tmp_path / "x.db-shm"
    shm.touch()

    def key(file):
        found = os.stat(file)
        return f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"

    listed = [
        f"1: POSIX  ADVISORY  READ {os.getppid()} {key(path)} 1073741826 1073742335",
        f"2: POSIX  ADVISORY  WRITE 1 {key(shm)} 120 120",
        f"2: -> POSIX  ADVISORY  WRITE 77 {key(shm)} 120 120",
        f"3: POSIX  ADVISORY  WRITE {os.getpid()} {key(path)} 0 EOF",
        f"4: POSIX  ADVISORY  WRITE -1 {key(path)} 0 EOF",
        "5: FLOCK  ADVISORY  WRITE 5 00:00:1 0 EOF",
    ]
    (tmp_path / "locks").write_text("\n".join(listed) + "\n")
    found = holding.others(str(path), str(tmp_path / "locks"))
    assert [(each.pid, each.writes) for each in found] == [(1, True), (os.getppid(), False)]
    assert holding.in_words(found).startswith("process 1 (")


def test_a_clock_that_is_put_back_goes_on_from_where_it_was(monkeypatch):
    real = time.time()
    at = {"wall": real, "steady": 100.0}
    monkeypatch.setattr(time, "time", lambda: at["wall"])
    monkeypatch.setattr(time, "clock_gettime", lambda which: at["steady"])
    clock = SystemClock()
    assert clock.wall() == real
    at.update(wall=real - 3600, steady=101.0)
    assert clock.wall() == pytest.approx(real + 1)
    at.update(wall=real + 3600, steady=102.0)
    assert clock.wall() == pytest.approx(real + 3600)
    at.update(wall=0.0, steady=112.0)
    assert clock.wall() == pytest.approx(real + 3610)


def test_a_machine_that_slept_has_gone_on_as_long_as_it_slept(monkeypatch):
    """The wall clock and the one since boot have moved, the monotonic one has not; then the first is put back, too."""
    real = time.time()
    at = {"wall": real, "steady": 100.0}
    monkeypatch.setattr(time, "time", lambda: at["wall"])
    monkeypatch.setattr(time, "clock_gettime", lambda which: at["steady"])
    clock = SystemClock()
    before = clock.monotonic()
    at.update(wall=real + 86_400, steady=86_500.0)
    assert clock.wall() == pytest.approx(real + 86_400)
    assert clock.monotonic() - before < 60, "deadlines of attempts do not run while nothing runs"
    at.update(wall=real, steady=86_501.0)
    assert clock.wall() == pytest.approx(real + 86_401)
