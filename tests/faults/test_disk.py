"""A disk that fills up while jobs run, and empties again: nothing new begins below the floor, what fails for want of
room is told so and tried again, and nothing that happened is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from job_manager.app.waiting import waits
from job_manager.core import events as e
from job_manager.model.job import Action, Job, Output, Shell
from job_manager.worker.room import WasFull, floor_of, free_at, fullness, shortage
from tests.faults.disks import mounted
from tests.process.working import Working, shells

MIB = 1 << 20


@pytest.fixture
def disk(tmp_path):
    with mounted(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def holder(working, disk, tmp_path):
    """One whose jobs are on that disk; its keepers are elsewhere."""
    one = working()
    one.jobs = disk.path / "jobs"
    one.worker.room.floor = MIB
    yield one
    one.worker.close()
    one.closed = True


def test_nothing_begins_below_the_floor_and_all_goes_on_when_there_is_room(holder, disk, tmp_path):
    one: Working = holder
    go = tmp_path / "go"
    one.submit("j", shells(f"until [ -e {go} ]; do sleep 0.02; done", *["true"] * 20))
    one.until(lambda: one.state("j") == "running")
    one.until(lambda: len(one.events(e.ActionSucceeded)) == 20)
    disk.fill(leave=MIB // 2)
    one.submit("k", shells("true", "true"))
    one.until(lambda: any(event.waits for event in one.events(e.WorkerJoined)))
    assert [one.state("k", action) for action in (0, 1)] == ["ready", "ready"]
    said = waits(one.supervisor.state, one.job("k"))
    assert said[0] == said[1]
    assert said[0].startswith(f"disk space: 512K free of the 1M floor at {disk.path}/jobs/")
    go.touch()
    one.until(lambda: one.job("j").finished == "succeeded")  # what ran ends as ever
    assert not one.events(e.AttemptLost) and not one.events(e.AttemptFailed)
    disk.clear()
    one.finish("k")
    assert one.job("k").finished == "succeeded"
    messages = [note.message for note in one.worker.notes() if note.job == "k"]
    assert messages[-1] == "there is room on the disk again" and messages[-2].startswith("nothing is begun: waits for")
    assert one.job("k").attempts.tolist() == [max(1, attempts) for attempts in one.job("k").attempts]


def test_an_action_that_fills_the_disk_has_failed_for_that_and_is_tried_again_at_no_cost(holder, disk, tmp_path):
    one: Working = holder
    fills = f"[ -e {tmp_path}/small ] && echo ok > {{o}} && exit; touch {tmp_path}/small; cat /dev/zero > {{o}}"
    one.submit("j", Job("test", (Action("a", Shell(fills), outputs=(Output("o", public=True),)),)))
    one.until(lambda: bool(one.events(e.AttemptFailed)))
    [failed] = one.events(e.AttemptFailed)
    assert (failed.reason, failed.code) == ("disk", 1)
    assert failed.message.startswith(f"the disk is full: 0 bytes free at {disk.path}/jobs/j")
    one.finish("j")
    assert one.job("j").finished == "succeeded" and one.job("j").spent == {}


def test_who_fails_beside_one_that_has_filled_the_disk_has_failed_for_that_too(holder, disk, tmp_path):
    """The first that is looked at is removed, and then there is room."""
    one: Working = holder
    fills = "[ -e {go} ] && echo ok > {o} && exit; cat /dev/zero > {o} 2> /dev/null"
    steps = [fills.replace("{go}", f"{tmp_path}/go").replace("{o}", f"{{o{number}}}") for number in range(4)]
    actions = [Action(f"a{n}", Shell(text), outputs=(Output(f"o{n}"),)) for n, text in enumerate(steps)]
    one.submit("j", Job("test", tuple(actions), parallel=True))
    one.until(lambda: len(one.events(e.AttemptFailed)) >= 4)
    (tmp_path / "go").touch()
    one.finish("j")
    assert {failed.reason for failed in one.events(e.AttemptFailed)} == {"disk"}
    assert one.job("j").finished == "succeeded" and one.job("j").spent == {}


def test_a_disk_was_full_while_something_ran_or_is_found_so_right_after():
    seen = WasFull()
    assert seen.meanwhile(0.0, 1e12) == ""
    seen.note(100.0)
    seen.note(50.0)
    assert all(seen.meanwhile(*times) for times in [(90.0, 110.0), (0.0, 91.0), (100.0, 100.0)])
    assert not any(seen.meanwhile(*times) for times in [(0.0, 89.0), (101.0, 200.0)])


def test_what_a_log_says_counts_when_the_program_has_cleared_up_after_itself(holder):
    one: Working = holder
    text = "said=$(cat /dev/zero 2>&1 > {o}); rm {o}; echo $said; exit 1"
    one.submit("j", Job("test", (Action("a", Shell(text), outputs=(Output("o"),), idempotent=False),)))
    one.finish("j")
    [failed] = one.events(e.AttemptFailed)
    assert failed.reason == "disk"
    assert failed.message == "its log says that there was no space left; exit code 1"


def test_without_inodes_nothing_begins_either(working, tmp_path):
    with mounted(tmp_path / "few", nr_inodes=100) as few:
        for number in range(60):
            (few.path / str(number)).touch()
        assert shortage([str(few.path)], None).endswith(f"inodes free at {few.path}")
        assert shortage([str(few.path)], 0) == "", "none wanted"


def test_how_much_is_kept_free(tmp_path):
    free = free_at(str(tmp_path / "not" / "there" / "yet"))
    assert free is not None and free.path == str(tmp_path)
    huge, small = free._replace(total=1 << 50), free._replace(total=100 * MIB)
    assert floor_of(huge, None) == 256 * MIB and floor_of(small, None) == MIB
    assert floor_of(small, 5) == 5 and floor_of(small, 0) == 0
    assert shortage([str(tmp_path)], None) == "" or free.bytes < floor_of(free, None)
    assert shortage([str(tmp_path)], 1 << 62).startswith("disk space: ")
    assert fullness([str(tmp_path)]) == ""


def test_a_little_more_than_the_floor_is_asked_for_once_it_was_short(disk):
    disk.fill(leave=MIB + 4096)
    assert shortage([str(disk.path)], MIB) == ""
    assert shortage([str(disk.path)], MIB, again=True) != ""


@pytest.mark.long
def test_a_keeper_that_cannot_write_a_start_down_begins_nothing_and_nothing_is_lost(working, tmp_path):
    """Its own disk is full, although there seems to be room where the jobs are."""
    with mounted(tmp_path / "small", size="64k") as small:
        one: Working = working(keepers=small.path / "keepers")
        one.submit("j", shells("true"))
        one.finish("j")
        small.fill()
        records = [Path(folder, "starts") for folder in (small.path / "keepers").iterdir()]
        one.submit("k", shells(*["true"] * 20, *["sleep 0.01"] * 80))  # until the page of the record is full
        one.until(lambda: any(event.waits for event in one.events(e.WorkerJoined)))
        assert "No space left on device" in one.events(e.WorkerJoined)[-1].waits
        assert all(path.exists() for path in records)
        small.clear()
        one.finish("k")
        assert one.job("k").finished == "succeeded"
        assert not one.events(e.AttemptLost) and not one.events(e.AttemptFailed)
        one.worker.close()
        one.closed = True
