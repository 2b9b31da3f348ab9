"""The disk under a running jm: full, without room for files, read-only, failing, held by others; the clock, set.

What can heal is waited for and costs nothing; what cannot ends with one line, and nothing that was said is lost.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.crash.mounts import fill, mounted, remount
from tests.e2e.person import PATIENCE, PROGRAM, Folder, job

pytestmark = pytest.mark.long
COUNTED = job(
    "[{name: waits, shell: 'test -s ran || { echo here > began; cat go; }; echo 1 >> ran'}]",
    "[{name: next, shell: 'echo 2 >> ran'}]",
    "[{name: last, shell: 'echo 3 >> ran; echo done > {out}', outputs: [{name: out, public: true}]}]",
)


@pytest.fixture
def here(tmp_path: Path):
    (tmp_path / "work").mkdir()
    folder = Folder(tmp_path / "work")
    folder.write("job.yaml", COUNTED)
    yield folder
    folder.clean()


def heard(process: subprocess.Popen[bytes], words: str) -> list[str]:
    """Read what it prints up to a line with these words."""
    assert process.stdout is not None
    lines: list[str] = []
    while True:
        line = process.stdout.readline().decode()
        assert line, f"{words!r} never came: {lines}"
        lines.append(line)
        if words in line:
            return lines


def begun(here: Folder, home: Path):
    """A run whose first action waits: the process, and what lets the action go on."""
    began, go = here.fifo("began").listen(), here.fifo("go")
    running = here.start("run", "job.yaml", "--home", str(home))
    began.hear()
    heard(running, "started")
    return running, go


def assert_went_well(here: Folder, home: Path, running: subprocess.Popen[bytes]):
    assert running.wait(PATIENCE) == 0
    assert here.lines("ran") == ["1", "2", "3"]
    status = here.jm("status", "last", "--json", "--home", str(home)).json
    assert status["state"] == "succeeded"
    assert [action["attempts"] for action in status["actions"]] == [1, 1, 1]
    assert here.jm("repair", "-n", "--home", str(home)).out == "the journal is sound: there is nothing to repair\n"


def fill_with_reserve(disk: Path, leave: int = 0) -> Path:
    """Take the room, too, that is kept for a last word."""
    (disk / "home" / "reserve").unlink(missing_ok=True)
    return fill(disk, leave)


# --- full -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leave", [0, 4096, 65536])
def test_a_disk_that_is_full_while_a_job_runs_is_waited_for(here, tmp_path, leave):
    with mounted(tmp_path / "disk", "size=8m") as disk:
        running, go = begun(here, disk / "home")
        balloon = fill_with_reserve(disk, leave)
        go.release()
        if not leave:
            heard(running, "it goes on when that is over")
        balloon.unlink()
        assert_went_well(here, disk / "home", running)


def test_a_supervisor_waits_for_a_full_disk_and_takes_up_what_was_asked_meanwhile(here, tmp_path):
    with mounted(tmp_path / "disk", "size=8m") as disk:
        home = ("--home", str(disk / "home"))
        began, go = here.fifo("began").listen(), here.fifo("go")
        up = here.start("up", *home)
        heard(up, "supervising")
        first = here.jm("submit", "job.yaml", "-q", *home).out.split()[0]
        began.hear()
        balloon = fill_with_reserve(disk)
        go.release()
        heard(up, "the disk is full")
        told = here.jm("submit", "job.yaml", "-q", *home)
        assert told.code == 5 and not told.out and "No space left on device" in told.err
        balloon.unlink()
        paused = here.jm("pause", first, *home)
        assert paused.code in (0, 7) and "Traceback" not in paused.both
        here.jm("unpause", first, *home)
        assert here.jm("wait", first, *home).code == 0
        assert here.lines("ran") == ["1", "2", "3"]
        assert here.jm("down", *home).code == 0 and up.wait(PATIENCE) == 0
        assert here.jm("repair", "-n", *home).out == "the journal is sound: there is nothing to repair\n"


def test_a_start_on_a_full_disk_is_refused_in_one_line(here, tmp_path):
    with mounted(tmp_path / "disk", "size=1m") as disk:
        assert here.jm("ls", "--home", str(disk / "home")).code == 0
        fill(disk)
        told = here.jm("run", "job.yaml", "--home", str(disk / "home"))
        assert told.code in (2, 5) and "Traceback" not in told.both and not here.lines("ran")
        assert "No space left on device" in told.err or "the disk is full" in told.err


def test_a_disk_without_room_for_files_is_waited_for_or_said(here, tmp_path):
    with mounted(tmp_path / "disk", "size=8m,nr_inodes=5000") as disk:
        running, go = begun(here, disk / "home")
        made: list[Path] = []
        try:
            while True:
                made.append(disk / f"file-{len(made)}")
                made[-1].touch()
        except OSError:
            made.pop()
        go.release()
        told = here.jm("run", "job.yaml", "--home", str(disk / "other"))
        assert told.code in (2, 5) and "Traceback" not in told.both
        for file in made:
            file.unlink()
        running.wait(PATIENCE)
        here.jm("resume", "last", "--home", str(disk / "home"))
        assert here.lines("ran")[-1] == "3"


def test_who_does_not_want_to_wait_for_the_disk_loses_nothing(here, tmp_path):
    with mounted(tmp_path / "disk", "size=8m") as disk:
        running, go = begun(here, disk / "home")
        balloon = fill_with_reserve(disk)
        go.release()
        heard(running, "the disk is full")
        running.send_signal(signal.SIGINT)
        assert running.wait(PATIENCE) == 5
        balloon.unlink()
        # The keeper could not write down how the first action ended, so that one may have run twice.
        assert here.jm("resume", "last", "--home", str(disk / "home")).code == 0
        assert here.lines("ran") in (["1", "2", "3"], ["1", "1", "2", "3"])


# --- read-only --------------------------------------------------------------------------------------------------------


def test_a_disk_that_is_read_only_for_a_while(here, tmp_path):
    """Made so beneath open files, as a kernel does that has seen an error: what is committed can be looked at."""
    with mounted(tmp_path / "disk", "size=8m") as disk:
        home = str(disk / "home")
        here.write("short.yaml", job("[{shell: 'true'}]"))
        assert here.jm("run", "short.yaml", "--home", home).code == 0
        remount(disk, "ro")
        assert here.jm("ls", "--home", home).code == 0
        assert here.jm("status", "--home", home).code == 0
        told = here.jm("run", "short.yaml", "--home", home)
        assert told.code in (2, 5) and "read-only" in told.err.lower() and "Traceback" not in told.both
        assert here.jm("doctor", "--home", home).code == 1
        remount(disk, "rw")
        assert here.jm("run", "short.yaml", "--home", home).code == 0


# --- held by another program ------------------------------------------------------------------------------------------


def test_a_journal_that_another_program_holds_for_a_while_is_waited_for(here, tmp_path):
    home = here.path / ".jm"
    running, go = begun(here, home)
    other = sqlite3.connect(home / "journal.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    go.release()
    (line,) = [each for each in heard(running, "another program holds") if "another program holds" in each]
    assert f"process {os.getpid()} (" in line
    other.execute("ROLLBACK")
    other.close()
    assert_went_well(here, home, running)


# --- what fails -------------------------------------------------------------------------------------------------------


def strace(here: Folder, injected: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run it with this done to its system calls. A keeper that waits for who comes next is not waited for."""
    calls = injected.split(":")[0]
    traced = ["strace", "-D", "-f", "-qq", "-o", os.devnull, "-e", f"trace={calls}", "-e", f"inject={injected}"]
    out, err = here.path / "out", here.path / "err"
    with open(out, "wb") as stdout, open(err, "wb") as stderr:
        argv = [*traced, *PROGRAM, *words]
        process = subprocess.Popen(argv, cwd=here.path, env=here.env, stdout=stdout, stderr=stderr)
        code = process.wait(PATIENCE)
    return subprocess.CompletedProcess(argv, code, out.read_bytes(), err.read_bytes())


@pytest.mark.needs("strace")
@pytest.mark.parametrize("when", [*range(1, 14), "3+"])
def test_an_fsync_that_fails_ends_it_in_one_line_and_what_was_said_is_there(here, when):
    """Never tried again by the same process: the kernel takes for written what it could not write."""
    here.write("job.yaml", job("[{shell: 'echo 1 >> ran'}]", "[{shell: 'echo 2 >> ran'}]"))
    done = strace(here, f"fdatasync,fsync:error=EIO:when={when}", "run", "job.yaml")
    assert b"Traceback" not in done.stderr and b"internal error" not in done.stderr
    # The first are those of the directory that is made: without that nothing begins.
    assert done.returncode in (0, 1, 5) or (done.returncode == 2 and b"nothing was started" in done.stderr), done
    assert here.jm("doctor").code == 0
    if here.jm("ls", "-q").out:
        assert here.jm("resume", "last").code == 0
    assert here.jm("run", "job.yaml").code == 0


@pytest.mark.needs("strace")
def test_without_locks_a_start_is_refused_and_the_file_system_named(here):
    done = strace(here, "flock:error=ENOLCK", "run", "job.yaml")
    assert done.returncode == 5 and b"cannot be locked (file system: " in done.stderr
    assert b"No locks available" in done.stderr and not here.lines("ran")


@pytest.mark.needs("strace")
@pytest.mark.parametrize("call", ["pwrite64", "write"])
def test_calls_that_are_interrupted_change_nothing(here, call):
    here.write("job.yaml", job("[{cmd: [mkdir, one]}]", "[{cmd: [mkdir, two]}]"))
    done = strace(here, f"{call}:error=EINTR:when=2+5", "run", "job.yaml")
    assert done.returncode == 0 and (here.path / "one").is_dir() and (here.path / "two").is_dir(), done


# The first attempt puts another file system where results go, the second takes it away.
MOUNTS = (
    "echo 1 >> ran; head -c 8000 /dev/zero > {out}; p=$(dirname {out})/../../../public; mkdir -p $p;"
    " if [ -e once ]; then umount -l $p; else touch once; mount -t tmpfs -o OPTIONS none $p; fi"
)


@pytest.mark.parametrize(("options", "attempts"), [("size=1m", 1), ("size=4k", 2), ("size=1m,ro", 2)])
def test_an_output_that_cannot_be_put_in_its_place_is_copied_or_made_again(here, tmp_path, options, attempts):
    """Another file system is no obstacle; one that is full or read-only is said, and costs no retry."""
    with mounted(tmp_path / "may", "size=1m"):
        pass
    shell = MOUNTS.replace("OPTIONS", options)
    here.write("job.yaml", job(f"[{{name: a, shell: '{shell}', outputs: [{{name: out, public: true}}]}}]"))
    told = here.jm("run", "job.yaml")
    public = next((here.path / ".jm/jobs").iterdir()) / "public"
    try:
        assert told.code == 0 and len(here.lines("ran")) == attempts, told
        assert ("could not be published" in told.both) is (attempts > 1), told
        assert [path.name for path in public.iterdir()] == ["out"] and (public / "out").stat().st_size == 8000
    finally:
        subprocess.run(["umount", "-l", str(public)], capture_output=True)


@pytest.mark.needs("strace")
def test_a_slow_disk_is_only_slow(here):
    here.write("job.yaml", job("[{shell: 'echo 1 >> ran'}]", "[{shell: 'echo 2 >> ran'}]"))
    done = strace(here, "fdatasync:delay_enter=500000", "run", "job.yaml")
    assert done.returncode == 0 and here.lines("ran") == ["1", "2"]


# --- time -------------------------------------------------------------------------------------------------------------


STEPS = {"an hour on": "+1h", "an hour back": "-1h", "1970": "@1970-01-02 00:00:00", "2038": "@2038-01-20 00:00:00"}


@pytest.mark.parametrize("step", STEPS)
def test_a_job_goes_on_whatever_the_clock_has_been_set_to(here, step):
    """By a library that answers for the clock, where there is one."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        pytest.skip("libfaketime is not installed")
    here.write("job.yaml", job("[{shell: 'true', name: a}]", "[{shell: 'test -e mended', name: b, retries: 1}]"))
    assert here.jm("run", "job.yaml").code == 1
    here.write("mended", "")
    fake = {"LD_PRELOAD": str(library), "FAKETIME": STEPS[step], "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    told = here.jm("resume", "last", env=fake)
    assert told.code == 0, told
    status = here.jm("status", "--json").json
    assert status["state"] == "succeeded"
    assert all(each["ended"] >= each["began"] for each in status["actions"])
    assert "-" not in here.jm("ls").out.split("  ")[-2], "how long a job took is never less than nothing"


@pytest.mark.needs("unshare")
def test_after_a_sleep_of_days_a_job_is_taken_up_where_it_was(here):
    """To who comes next the clock since boot has gone on, the monotonic one has not: as if the machine had slept."""
    words = ["unshare", "--time", "--boottime", "259200", "--fork"]
    if subprocess.run([*words, "true"], capture_output=True).returncode:
        pytest.skip("a time namespace of its own cannot be had here")
    here.write("job.yaml", job("[{shell: 'true', name: a}]", "[{shell: 'test -e mended', name: b, timeout: 1h}]"))
    assert here.jm("run", "job.yaml").code == 1
    here.write("mended", "")
    done = subprocess.run([*words, *PROGRAM, "resume", "last"], cwd=here.path, env=here.env, capture_output=True)
    assert done.returncode == 0, done
    status = here.jm("status", "--json").json
    assert status["state"] == "succeeded" and [each["attempts"] for each in status["actions"]] == [1, 2]
    assert all(0 <= each["ended"] - each["began"] < 3600 for each in status["actions"])
