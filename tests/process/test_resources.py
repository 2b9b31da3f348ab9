"""Weights and memory with real children: slots are taken in order, and an end for want of memory is told apart.

Where cgroups can be made the kernel's own word is asked for; everywhere else that part is skipped, visibly.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from job_manager.core.state import JobState
from job_manager.testing import action, job, site
from job_manager.worker.attempt import Ending, read_ending
from job_manager.worker.brief import Briefing
from job_manager.worker.cgroups import judge_memory, memory_home, oom_kills
from job_manager.worker.child import Attempt
from job_manager.worker.layout import Layout
from job_manager.worker.machine import found_cpus, found_memory, memory_is_enforced

MIB = 1 << 20
EATER = "b = []\nwhile True: b.append(bytearray(1 << 20))"
needs_cgroups = pytest.mark.skipif(not memory_is_enforced(), reason="no cgroup (v2) here that jm may write")


def overlap(first: dict[str, float], second: dict[str, float]) -> bool:
    return first["began"] < second["ended"] and second["began"] < first["ended"]


# --- slots ------------------------------------------------------------------------------------------------------------


def test_two_that_weigh_two_never_run_at_once_in_two_slots(keeping):
    keeper = keeping()
    keeper.hello(slots=2)
    keeper.link.start([keeper.order(name, "/bin/sleep", "0.1", weight=2) for name in "abc"])
    keeper.until_exits(3)
    ends = [keeper.exit(name) for name in "abc"]
    assert not any(overlap(one, other) for at, one in enumerate(ends) for other in ends[at + 1 :])


def test_what_weighs_much_is_not_overtaken_for_ever(keeping):
    keeper = keeping()
    keeper.hello(slots=2)
    light = [keeper.order(f"l{n}", "/bin/sleep", "0.05") for n in range(6)]
    keeper.link.start([*light[:3], keeper.order("heavy", "/bin/true", weight=2), *light[3:]])
    keeper.until_exits(7)
    began = {name: record["began"] for name, record in keeper.exits.items()}
    assert max(began[f"l{n}"] for n in range(3)) <= began["heavy"] <= min(began[f"l{n}"] for n in range(3, 6))


# --- out of memory ----------------------------------------------------------------------------------------------------


def test_a_kill_from_outside_is_no_want_of_memory(keeper):
    record = keeper.run("a", "/bin/sh", "-c", "kill -9 $$", memory=64 * MIB)
    assert (record["signal"], record["oom"]) == (9, None)


@needs_cgroups
def test_what_uses_more_than_it_asked_for_is_ended_and_the_kernel_says_why(keeper):
    record = keeper.run("a", sys.executable, "-I", "-S", "-c", EATER, memory=64 * MIB)
    assert (record["signal"], record["oom"]) == (9, "cgroup")
    assert 0 < record["peak"] <= 64 * MIB
    assert not list(Path(memory_home()[1]).glob(f"jm-{keeper.link.pid}-*"))


@needs_cgroups
def test_the_whole_tree_ends_together(keeper):
    record = keeper.run("a", "/bin/sh", "-c", f"{sys.executable} -I -S -c '{EATER}'; exit 0", memory=64 * MIB)
    assert (record["signal"], record["oom"]) == (9, "cgroup")


@needs_cgroups
def test_what_keeps_to_it_has_a_peak(keeper):
    record = keeper.run("a", sys.executable, "-I", "-S", "-c", "b = bytearray(32 << 20)", memory=256 * MIB)
    assert (record["code"], record["oom"]) == (0, None)
    assert record["peak"] > 16 * MIB


def ended(status: int, kills: int = 0, why: str | None = None, blows: int = 0, group: str = "") -> Attempt:
    attempt = Attempt("a")
    attempt.status, attempt.kills, attempt.why, attempt.blows, attempt.group = status, kills, why, blows, group
    return attempt


KILLED, SHELLS_137, FAILED = 9, 137 << 8, 1 << 8


@pytest.mark.parametrize(
    ("attempt", "oom"),
    [
        (ended(KILLED), "probable"),
        (ended(SHELLS_137), "probable"),
        (ended(FAILED), None),
        (ended(15), None),
        (ended(0), None),
        (ended(KILLED, kills=1), None),  # as many as when it began
        (ended(KILLED, kills=-1), None),  # nobody knows how many there were
        (ended(KILLED, why="timeout"), None),
        (ended(KILLED, blows=1), None),  # by ourselves
    ],
)
def test_without_a_cgroup_it_is_guessed_from_the_kernels_count(tmp_path, attempt, oom):
    (tmp_path / "vmstat").write_text("nr_free_pages 5\noom_kill 1\nnuma 0\n")
    judge_memory(attempt, str(tmp_path / "vmstat"))
    assert attempt.oom == oom


@pytest.mark.parametrize(
    ("status", "events", "oom"),
    [(KILLED, 1, "cgroup"), (FAILED, 2, "cgroup"), (KILLED, 0, None), (0, 1, None)],
)
def test_with_a_cgroup_its_own_word_counts(tmp_path, status, events, oom):
    (tmp_path / "memory.events").write_text(f"low 0\nhigh 0\nmax 7\noom 1\noom_kill {events}\noom_group_kill 0\n")
    (tmp_path / "memory.peak").write_text("4096\n")
    attempt = ended(status, group=str(tmp_path))
    judge_memory(attempt)
    assert (attempt.oom, attempt.peak) == (oom, 4096)


def test_where_the_kernel_counts_nothing_nothing_is_guessed(tmp_path):
    assert oom_kills(str(tmp_path / "none")) == -1
    attempt = ended(KILLED, kills=-1)
    judge_memory(attempt, str(tmp_path / "none"))
    assert attempt.oom is None


# --- where cgroups may be made ----------------------------------------------------------------------------------------


def tree(root: Path, own: str, enabled: str) -> str:
    """A /proc/self and a cgroup tree of version 2 as plain files; memory is handed on in the group `enabled`."""
    proc, groups = root / "proc", root / "groups"
    proc.mkdir()
    below = groups / own[1:]
    for folder in (groups, groups / enabled[1:], below, *below.parents):
        if groups in (folder, *folder.parents):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "cgroup.procs").touch()
            (folder / "cgroup.subtree_control").write_text(
                "cpu memory\n" if folder == groups / enabled[1:] else "cpu\n"
            )
    (proc / "cgroup").write_text(f"4:memory:/elsewhere\n0::{own}\n")
    (proc / "mountinfo").write_text(f"30 1 0:2 / {groups} rw,nosuid shared:9 - cgroup2 cgroup2 rw\n")
    if os.geteuid() == 0:
        try:
            os.setxattr(groups / enabled[1:], "user.delegate", b"1")
        except OSError:
            pytest.skip("no extended attributes here, and root needs them")
    return str(proc)


def test_the_nearest_group_that_hands_memory_on_is_taken(tmp_path):
    proc = tree(tmp_path, "/user/app/scope", "/user")
    assert memory_home(proc) == (f"{tmp_path}/groups/user/app/scope", f"{tmp_path}/groups/user")


def test_where_no_group_hands_memory_on_there_is_none(tmp_path):
    assert memory_home(tree(tmp_path, "/user/app", "/elsewhere")) == ("", "")


def test_a_group_outside_of_what_is_mounted_is_none(tmp_path):
    proc = tree(tmp_path, "/user", "/user")
    Path(proc, "cgroup").write_text("0::/../elsewhere\n")
    assert memory_home(proc) == ("", "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may write what is not its own")
def test_root_takes_only_what_was_delegated(tmp_path):
    proc = tree(tmp_path, "/system/one", "/system")
    os.removexattr(tmp_path / "groups/system", "user.delegate")
    assert memory_home(proc) == ("", "")


# --- what there is ----------------------------------------------------------------------------------------------------


def own_folder(controller: str) -> str:
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    return next((line.split(":", 2)[2] for line in lines if line.split(":")[1] == controller), "")


def test_memory_is_that_of_the_machine_or_of_its_cgroup_if_that_is_less(tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal:  1024 kB\nMemFree: 3 kB\n")
    assert found_memory(str(tmp_path / "none"), str(tmp_path / "meminfo")) == MIB
    (tmp_path / "memory.max").write_text("4096\n")
    (tmp_path / "unified").mkdir()
    (tmp_path / "unified/memory.max").write_text("max\n")
    assert found_memory(str(tmp_path), str(tmp_path / "meminfo")) == (4096 if own_folder("") else MIB)
    assert found_memory(str(tmp_path / "none"), str(tmp_path / "none")) is None


def test_cpus_are_those_of_the_process_or_the_time_its_cgroup_has(tmp_path):
    cores = len(os.sched_getaffinity(0))
    assert found_cpus(str(tmp_path)) == cores
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert found_cpus(str(tmp_path)) == (1 if own_folder("") else cores)
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert found_cpus(str(tmp_path)) == cores


# --- how it is told ---------------------------------------------------------------------------------------------------


def told(oom: str, peak: int, **takes: int) -> Ending:
    one = job(action("a", **takes))  # type: ignore[arg-type]
    brief = Briefing(JobState("j1", one, site(), 0.0), Layout("/nowhere", "j1")).brief(0, 1)
    record: dict[str, object] = {"why": None, "code": None, "signal": 9, "oom": oom, "peak": peak, "maxrss_kib": 2048}
    return read_ending(record, brief)  # type: ignore[arg-type]


def test_the_message_has_the_peak_and_what_was_asked_for():
    assert told("cgroup", 60 * MIB, memory=64 * MIB) == Ending("oom", 9, "out of memory: it used 60M, memory: 64M")
    assert told("probable", 0, memory=64 * MIB).message == (
        "out of memory, probably: killed while the system ran short; it used at least 2M, memory: 64M"
    )
    assert told("probable", 0).message.endswith("it used at least 2M, it asks for none with memory:")


def test_records_of_keepers_of_before_say_nothing_of_memory():
    one = JobState("j1", job("a"), site(), 0.0)
    record: dict[str, object] = {"why": None, "code": None, "signal": 9, "maxrss_kib": 2048}
    ending = read_ending(record, Briefing(one, Layout("/nowhere", "j1")).brief(0, 1))  # type: ignore[arg-type]
    assert ending == Ending("signal", 9, "killed by SIGKILL")
