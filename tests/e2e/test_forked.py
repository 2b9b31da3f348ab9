"""A forked jm is what a fresh one is: words, codes, streams, signals, environment. Knows no job but two.

Every test types the same both ways and holds one against the other.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.person import PATIENCE, Ended, Folder, job
from tests.warm import started

LOOKS = """
import os, resource, signal
print(sorted(os.environ), os.getcwd(), os.getpgrp() == os.getppid(), sorted(os.listdir('/proc/self/fd')))
print(resource.getrlimit(resource.RLIMIT_NOFILE), [signal.getsignal(n) == signal.SIG_IGN for n in range(1, 32)])
"""


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Ended, Ended]]:
    """Types words in two folders of one name, forked in the first."""
    folders = []
    for way in ("forked", "fresh"):
        (tmp_path / way / "work").mkdir(parents=True)
        folders.append(Folder(tmp_path / way / "work"))
        folders[-1].write("job.yaml", job("[{name: a, shell: 'echo said; exit 3'}]"))
        folders[-1].write("look.py", LOOKS)
        folders[-1].write("look.yaml", job("[{name: a, cmd: [python3, look.py]}]"))

    def typed(*words: str, given: bytes = b"") -> tuple[Ended, Ended]:
        forked = folders[0].jm(*words, given=given)
        with monkeypatch.context() as context:
            context.setenv("JM_TEST_EXEC", "1")
            return forked, folders[1].jm(*words, given=given)

    return typed


def plain(ended: Ended) -> tuple[int, str, str]:
    """Without what differs between any two runs."""
    texts = (re.sub(r"/forked/|/fresh/", "/", text) for text in (ended.out, ended.err))
    out, err = (re.sub(r"[0-9a-f]{12}|\d+\.\d+s", "X", text) for text in texts)
    return ended.code, out, err


@pytest.mark.parametrize(
    "words", [("--help",), ("run", "--help"), ("run", "job.yaml"), ("ls",), ("nonsense",), ("plan", "job.yaml", "-q")]
)
def test_the_same_is_printed(both, words):
    forked, fresh = both(*words)
    assert plain(forked) == plain(fresh)


def test_what_an_action_finds_is_the_same(both):
    ran = both("run", "look.yaml")
    assert [one.code for one in ran] == [0, 0]
    forked, fresh = both("logs", "last")
    assert plain(forked) == plain(fresh) and "PATH" in forked.out


def test_standard_input_is_read(both):
    forked, fresh = both("check", "-", given=b"name: [")
    assert plain(forked) == plain(fresh) and forked.code == 2


def test_a_process_of_its_own_that_signals_reach(here):
    hold = here.fifo("hold")
    here.write("job.yaml", job(f"[{{shell: 'read line < {hold.path.name}'}}]"))
    left = here.start("run", "job.yaml")
    assert isinstance(left, started.Started)
    assert os.getsid(left.pid) == left.pid != os.getpid() and left.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        left.wait(0.01)
    left.kill()
    assert left.wait(PATIENCE) == -signal.SIGKILL == left.poll()


@pytest.mark.parametrize("env", [{"LANG": "C"}, {"LC_ALL": "C"}, {"PYTHONPATH": "/x"}, {"TZ": "UTC"}])
def test_what_python_reads_at_its_start_needs_a_fresh_one(env):
    assert not started.by_exec(started.SERVED, ["ls"])
    assert started.by_exec(started.SERVED | env, ["ls"])
    assert started.by_exec(started.SERVED, [b"\xff"])
