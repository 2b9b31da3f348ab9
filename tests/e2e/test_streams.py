"""Streams and environments that are not as usual: readers who leave, full disks, closed descriptors, old encodings.

Knows that whatever happens to the words, the job must go on; and that nobody wants to see a traceback.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.e2e.person import PATIENCE, PROGRAM, job

MANY = job("[" + ", ".join(["{shell: 'echo x >> marks; echo said'}"] * 40) + "]", "[{shell: 'touch finished'}]")


def test_a_reader_who_leaves_does_not_stop_the_job(here):
    here.write("job.yaml", MANY)
    run = " ".join(f"'{word}'" for word in PROGRAM)
    done = subprocess.run(
        ["/bin/bash", "-c", f"{run} run job.yaml | head -n 1; echo ${{PIPESTATUS[0]}}"],
        cwd=here.path, env=here.env, capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    first, code = done.stdout.decode().splitlines()
    assert first.startswith("job sample") and code == "0" and not done.stderr
    assert (here.path / "finished").exists() and len(here.lines("marks")) == 40


@pytest.mark.parametrize(
    "words",
    [("--help",), ("ls",), ("ls", "--json"), ("logs",), ("status", "--all"), ("plan", "job.yaml"), ("run", "-h")],
)
def test_nobody_reads_and_nobody_complains(here, words):
    here.write("job.yaml", MANY)
    here.jm("run", "job.yaml")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*PROGRAM, *words], cwd=here.path, env=here.env, stdout=writing, stderr=subprocess.PIPE, timeout=PATIENCE
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_below_the_output_is_an_error(here):
    for words in (("--help",), ("ls", "--json"), ("version",)):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [*PROGRAM, *words], cwd=here.path, env=here.env, stdout=full, stderr=subprocess.PIPE, timeout=PATIENCE
            )
        assert (
            done.returncode == 5
            and b"could not be written: No space left" in done.stderr
            and b"Traceback" not in done.stderr
        )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors_are_given_to_nobody_else(here, closed):
    here.write("job.yaml", job("[{shell: 'echo x > {o}', outputs: [{name: o, public: true}]}]"))
    run = " ".join(f"'{word}'" for word in PROGRAM)
    done = subprocess.run(
        ["/bin/sh", "-c", f"{run} run job.yaml --out r {closed}"],
        cwd=here.path,
        env=here.env,
        capture_output=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done
    assert here.read("r/o") == "x\n"
    assert here.jm("status", "--json").json["state"] == "succeeded"


MORE = ({"LANG": "C", "LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"PYTHONIOENCODING": "latin-1:strict"})


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "ascii"},
        *(pytest.param(each, marks=pytest.mark.long) for each in MORE),
        {"COLUMNS": "x", "LINES": "-1"},
    ],
)
def test_any_locale_will_do(here, env):
    here.write("job.yaml", job("[{name: schön, shell: 'printf \"日本 \\\\377\\\\n\"; exit 1'}]", name="日本語"))
    for words, code in (
        (("check", "job.yaml"), 0),
        (("run", "job.yaml"), 1),
        (("status",), 0),
        (("ls",), 0),
        (("logs",), 0),
        (("rnu\udcff",), 2),
    ):
        told = here.jm(*words, env=env)
        assert told.code == code and "Traceback" not in told.both and "internal" not in told.both, told


def test_no_home_and_next_to_no_environment(here):
    here.write("job.yaml", job("[{shell: 'true'}]"))
    done = subprocess.run(
        [*PROGRAM, "run", "job.yaml"],
        cwd=here.path,
        env={"PYTHONPATH": here.env["PYTHONPATH"]},
        capture_output=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done


def test_words_that_are_no_text_are_names_all_the_same(here):
    told = here.jm("run", b"\xff\xfe.yaml")
    assert told.code == 2 and "\\xff\\xfe.yaml" in told.err
    here.write("job.yaml", job("[{shell: 'true'}]"))
    assert here.jm("run", "job.yaml", "--home", b"st\xffate").code == 0
    assert os.path.isdir(os.fsencode(here.path) + b"/st\xffate")
    assert here.jm("run", "--json", b"\xff.yaml").json["error"]["exit"] == 2


def test_an_interrupt_before_anything_began_is_quiet(here):
    # The job comes from a pipe into which nobody writes: jm is interrupted while it waits for it.
    reading, writing = os.pipe()
    running = subprocess.Popen(
        [*PROGRAM, "run", "-"],
        cwd=here.path,
        env=here.env,
        stdin=reading,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.close(reading)
    while not blocked(running.pid):
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=PATIENCE)
    os.close(writing)
    assert running.returncode == 130 and b"Traceback" not in err and not out


def blocked(pid: int) -> bool:
    """Whether the process waits in a read of standard input."""
    try:
        with open(f"/proc/{pid}/wchan") as wchan, open(f"/proc/{pid}/syscall") as syscall:
            return "pipe" in wchan.read() or syscall.read().startswith("0 0x0 ")
    except OSError:
        return False


@pytest.fixture
def script() -> str:
    """The installed `jm`."""
    path = os.path.join(os.path.dirname(sys.executable), "jm")
    if not os.path.exists(path):
        pytest.skip("jm is not installed beside this Python")
    return path


def test_python_dash_m_and_the_script_are_one_program(here, script):
    done = subprocess.run([script, "version", "-q"], cwd=here.path, env=here.env, capture_output=True, timeout=PATIENCE)
    assert done.stdout.decode() == here.jm("version", "-q").out


def test_who_types_jm_before_a_job_file_means_our_run(here, script):
    here.write("job.yaml", job("[{shell: 'touch ran'}]"))
    words = [script, "job.yaml", "clip.mp4"]
    done = subprocess.run(words, cwd=here.path, env=here.env, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 2 and b"jm run job.yaml" in done.stderr
    words = [script, "job.yaml", "clip.mp4", "--storage_dir", "nowhere"]
    assert subprocess.run(words, cwd=here.path, env=here.env, capture_output=True, timeout=PATIENCE).returncode == 1


def test_a_folder_that_is_gone_is_said_to_be(here):
    (here.path / "gone").mkdir()
    script = f"cd gone; rmdir ../gone; exec '{PROGRAM[0]}' -m job_manager ls"
    done = subprocess.run(["/bin/sh", "-c", script], cwd=here.path, env=here.env, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 5 and b"the current directory does not exist" in done.stderr


def test_a_log_of_many_megabytes_without_a_line_end_costs_no_memory(here):
    here.write("job.yaml", job("[{name: a, shell: 'head -c 120000000 /dev/zero | tr \"\\\\0\" x; exit 1'}]"))
    measured = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE if 'run' in sys.argv else subprocess.DEVNULL)\n"
        "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    for words, code in (
        (("run", "job.yaml"), "1"),
        (("logs", "last/a"), "0"),
        (("logs", "-n", "1"), "0"),
        (("status",), "0"),
    ):
        told = subprocess.run(
            [sys.executable, "-c", measured, *PROGRAM, *words],
            cwd=here.path,
            env=here.env,
            capture_output=True,
            timeout=PATIENCE,
        )
        returned, kib = told.stdout.split()
        assert returned.decode() == code and int(kib) < 100_000, (words, told)
