"""Several originals at once, and ends that nobody wished for: nobody touches what is another's."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from tests.e2e.original import World, eventually, records

COPY = "import shutil\nshutil.copyfile(options()['input'], options()['output'])\n"


@pytest.fixture
def world(tmp_path):
    with World(tmp_path) as world:
        yield world


def waiting_world(world: World) -> tuple[Path, Path]:
    """Modules that say that they are here and wait to be let go; the files `here` and `go`."""
    here, go = world.root / "here", world.root / "go"
    world.module("copy", COPY)
    code = f"open({str(here)!r} + os.environ.get('WHO', ''), 'w').write(str(os.getpid()))\nwait_for({str(go)!r})\n"
    world.module("waits", code + COPY)
    world.chain(("copy",), ("waits",))
    return here, go


def test_two_at_once_on_one_storage(world):
    here, go = waiting_world(world)
    first = world.start("job.yaml", "clip.mp4", WHO="1")
    eventually(Path(f"{here}1").exists, "the first runs its second step")
    second = world.start("job.yaml", "clip.mp4", WHO="2")
    eventually(Path(f"{here}2").exists, "the second runs its second step beside it")
    between = [name for name in world.files() if name == "temp/1-0.mp4"]
    assert len(between) == 2  # nobody swept anybody's files
    go.touch()
    assert [world.ended(first).code, world.ended(second).code] == [0, 0]
    assert world.files() == ["public/2-0.mp4"] * 2
    assert sorted(path.name for path in world.storage.iterdir()) == [".jm", ".jm-2", "temp"]


def test_one_after_another_they_share_one_history(world):
    world.example()
    assert [world.original().code for _ in range(2)] == [0, 0]
    assert sorted(path.name for path in world.storage.iterdir()) == [".jm", "temp"]
    listed = world.jm("ls", "--json", "--home", "temp/.jm")
    assert sorted(re.findall(r"[0-9a-f]{32}", listed.stdout)) == world.job_ids()


def test_what_an_earlier_job_left_is_left_alone(world):
    world.example()
    foreign = world.storage / "temp" / "0123456789abcdef" / "temp"
    foreign.mkdir(parents=True)
    (foreign / "half.mp4").write_text("of a job that somebody runs")
    assert world.original().code == 0
    assert (foreign / "half.mp4").read_text() == "of a job that somebody runs"


def test_jm_home_says_where_the_state_is(world):
    world.example()
    assert world.original(JM_HOME=str(world.root / "state")).code == 0
    assert [path.name for path in world.storage.iterdir()] == ["temp"]
    assert re.findall(r"[0-9a-f]{32}", world.jm("ls", "--json", "--home", "state").stdout) == world.job_ids()


def test_kill_9_of_one_does_not_touch_another_elsewhere(world):
    here, go = waiting_world(world)
    other = world.root / "other"
    other.mkdir()
    killed = world.start("job.yaml", "clip.mp4", WHO="1")
    lives = world.start("job.yaml", "clip.mp4", "--storage_dir", "other", WHO="2")
    eventually(lambda: Path(f"{here}1").exists() and Path(f"{here}2").exists(), "both run their second step")
    killed.kill()
    killed.wait()
    go.touch()
    assert world.ended(lives).code == 0
    assert world.public("2-0.mp4", other) == world.video.read_bytes()
    # And the killed one is where it was: its history knows it, and it can be taken up.
    (job,) = world.job_ids()
    resumed = world.jm("resume", job, "--home", "temp/.jm")
    assert resumed.returncode == 0, resumed.stderr
    assert world.public("2-0.mp4") == world.video.read_bytes()


def test_a_new_one_runs_where_another_was_killed(world):
    here, go = waiting_world(world)
    killed = world.start("job.yaml", "clip.mp4", WHO="1")
    eventually(Path(f"{here}1").exists, "it runs its second step")
    killed.kill()
    killed.wait()
    left = world.job_ids()
    go.touch()
    assert world.original().code == 0
    assert set(left) < set(world.job_ids())
    assert (world.storage / "temp" / left[0] / "temp" / "1-0.mp4").exists()  # still there for `jm resume`


def test_an_interrupt_ends_the_children_and_exits_130(world):
    here, _ = waiting_world(world)
    process = world.start("job.yaml", "clip.mp4")
    eventually(lambda: here.exists() and here.read_text(), "it runs its second step")
    child = int(here.read_text())
    process.send_signal(signal.SIGINT)
    ended = world.ended(process)
    assert ended.code == 130
    assert not Path(f"/proc/{child}").exists()
    assert any("jm resume" in text for text in ended.texts("ERROR"))
    assert "temp/1-0.mp4" in world.files()


def test_an_interrupt_while_the_rest_is_told_cuts_the_telling_short(world):
    """The modules are over and wrote much more than was read of it by then: nobody has to wait for that."""
    world.module("much", "sys.stdout.write('a line\\n' * 1_000_000)\n" + COPY)
    world.chain(("much",))
    lock = world.storage / ".jm" / "lock"
    with (world.root / "log").open("w+") as log:
        process = world.start("job.yaml", "clip.mp4", err=log)
        eventually(lambda: "public/1-0.mp4" in world.files(), "the job has its result")
        eventually(lambda: lock.read_bytes() == b"", "the job is over but for the telling")
        told_so_far = os.path.getsize(log.name)
        eventually(lambda: os.path.getsize(log.name) > told_so_far, "it tells the rest")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        log.seek(0)
        told = records(log.read())
    assert any("rest of the output is not shown" in record.text for record in told)
    assert "completed" in told[-1].text
    assert len(told) < 1_000_000
