"""Work that waits for folders: each is forced to disk once for all who wait, who also hear what goes wrong."""

from __future__ import annotations

import errno
import os
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from job_manager.artifacts.outputs import Declared
from job_manager.artifacts.settling import SettlePool, at_once, together, whole

DEADLINE = 60.0  # seconds


class Disk:
    """`log`: what was done, in its order; folders of `bad` cannot be forced to disk."""

    def __init__(self, *bad):
        self.bad, self.log = bad, []

    def folder(self, name):
        return Folder(self, name)


class Folder(tuple):
    def __new__(cls, disk, name):
        return super().__new__(cls, (disk, name))

    def settle(self):
        disk, name = self
        disk.log.append(name)
        if name in disk.bad:
            raise OSError(errno.EIO, name)


def work(disk, name, *rounds):
    """Changes something in the folders of each round."""
    for folders in rounds:
        disk.log.append(f"{name} writes")
        try:
            yield [disk.folder(folder) for folder in folders]
        except OSError as error:
            return f"{name}: no {error.strerror}"
    disk.log.append(f"{name} goes on")
    return name


def test_a_folder_is_forced_to_disk_once_for_all_and_nobody_goes_on_before_it_is():
    disk = Disk()
    assert list(together([work(disk, "a", "xy"), work(disk, "b", "y"), work(disk, "c", "x")])) == ["a", "b", "c"]
    assert disk.log[:3] == ["a writes", "b writes", "c writes"]
    assert sorted(disk.log[3:5]) == ["x", "y"] and disk.log[5:] == ["a goes on", "b goes on", "c goes on"]


def test_what_is_wrong_with_a_folder_reaches_all_who_wait_for_it_and_nobody_else():
    disk = Disk("x")
    found = list(together([work(disk, "a", "yx"), work(disk, "b", "y"), work(disk, "c", "x")]))
    assert found == ["a: no x", "b", "c: no x"] and disk.log.count("x") == 1


def test_one_may_wait_several_times():
    disk = Disk()
    assert list(together([work(disk, "a", "x", "y"), work(disk, "b", "x")])) == ["a", "b"]
    assert disk.log == ["a writes", "b writes", "x", "a writes", "b goes on", "y", "a goes on"]


def test_what_is_done_is_told_before_the_next_is_begun():
    disk = Disk()
    results = together([whole(lambda: 1), work(disk, "a", "x"), whole(lambda: 2)])
    assert next(results) == 1 and not disk.log
    assert list(results) == ["a", 2]  # in their order


def test_what_is_raised_is_the_result_of_its_own_work():
    found = list(together([whole(lambda: 1 // 0), whole(lambda: 2)]))
    assert isinstance(found[0], ZeroDivisionError) and found[1:] == [2]
    with pytest.raises(ZeroDivisionError):
        at_once(whole(lambda: 1 // 0))


class Thing:
    """Is forced to disk by this."""

    def __init__(self, settle=lambda: None):
        self.settle = settle


def threads():
    return [each for each in threading.enumerate() if each.name == "settling"]


@pytest.fixture
def at_the_same_time():
    made = SettlePool(most=4)
    yield made
    made.close()
    for each in threads():
        each.join(DEADLINE)
    assert not threads()


def test_several_things_are_forced_to_disk_at_the_same_time(at_the_same_time):
    everybody = threading.Barrier(4)
    assert at_the_same_time([Thing(partial(everybody.wait, DEADLINE)) for _ in range(8)]) == {}
    assert len(threads()) == 3  # and whoever asks


def test_one_thing_is_left_to_who_asks(at_the_same_time):
    asked = []
    assert at_the_same_time([Thing(lambda: asked.append(threading.current_thread()))]) == {}
    assert asked == [threading.current_thread()] and not threads()


@pytest.mark.parametrize("possible", [0, 2])
def test_where_there_can_be_no_more_threads_those_that_there_are_do_it(at_the_same_time, monkeypatch, possible):
    start = threading.Thread.start
    done: list[int] = []

    def begin(thread):
        if len(threads()) >= possible:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", begin)
    for _ in range(2):
        assert at_the_same_time([Thing(partial(done.append, number)) for number in range(8)]) == {}
    assert sorted(done) == sorted([*range(8)] * 2) and len(threads()) == possible


def test_what_goes_wrong_is_told_of_each(at_the_same_time):
    def fail():
        raise OSError(errno.ENOSPC, "full")

    for _ in range(20):  # the threads are those of before
        things = [Thing(fail) if number % 3 == 0 else Thing() for number in range(10)]
        troubles = at_the_same_time(things)
        assert list(map(things.index, sorted(troubles, key=things.index))) == [0, 3, 6, 9]
        assert {trouble.errno for trouble in troubles.values()} == {errno.ENOSPC}
    assert len(threads()) == 3


@pytest.mark.parametrize("alone", [True, False])
def test_nobody_waits_for_ever_whatever_goes_wrong(at_the_same_time, alone):
    def work():
        yield [Thing(lambda: 1 // 0)]

    results = list(together([work()] if alone else [work(), work(), whole(int)], at_the_same_time))
    assert [type(result) for result in results] == [ZeroDivisionError] * (1 if alone else 2) + [int] * (not alone)


def test_attempts_that_are_published_together_share_the_fsync_of_their_folder(store, wrote, monkeypatch):
    outputs = [wrote(f"{name}.1", {name: b"1", f"p{name}": b"2"}, public=(f"p{name}",)) for name in "abc"]
    at_once(store.publish("a.1", outputs[0]))  # the folders above are durable from now on
    synced, fsync = [], os.fsync

    def noting(handle):
        path = os.readlink(f"/proc/self/fd/{handle}")
        synced.append(os.path.basename(path))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noting)
    found: list[Any] = list(together([store.publish("b.1", outputs[1]), store.publish("c.1", outputs[2])]))
    assert sorted(synced) == ["b", "c", "pb", "pc", "public", "temp"] and synced.index("temp") > synced.index("c")
    assert [each.name for outcome in found for each in outcome.published] == ["b", "pb", "c", "pc"]


def test_when_their_folder_cannot_be_forced_to_disk_none_of_them_is_published(store, wrote, monkeypatch):
    outputs = [wrote(f"{name}.1", {name: b"1"}) for name in "ab"]
    fsync = os.fsync

    def failing(handle):
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", failing)
    found: list[Any] = list(together([store.publish("a.1", outputs[0]), store.publish("b.1", outputs[1])]))
    assert [(outcome.published, outcome.faults[0].reason) for outcome in found] == [((), "disk"), ((), "disk")]
    assert [outcome.faults[0].name for outcome in found] == ["a", "b"]
    store.withdraw([Declared("a"), Declared("b")])
    assert not os.listdir(Path(store.root, "temp"))
