"""Children that do what they can to stay, or to confuse who looks after them: all of them end, and nobody else does.

Each program says when it is there; what is left of it is looked for among all processes by the keeper's mark.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from job_manager.artifacts import removal
from job_manager.worker import adoption
from job_manager.worker.cgroups import group_of, tree_home
from job_manager.worker.processes import all_pids, process_of
from tests.faults import check
from tests.process.keeping import Fifo, Keeping, gone, is_alive

DEAF = "import ctypes, os, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
READY = """
def ready():
    with open(sys.argv[1], "w") as pipe:
        pipe.write(f"{os.getpid()}\\n")
def sleep():
    while True: signal.pause()
"""
# Each leaves a process that says its pid; the main process stays, too.
PROGRAMS = {
    "deaf": "ready(); sleep()",
    "forks and leaves its session twice": """
if not os.fork():
    os.setsid()
    if os.fork(): os._exit(0)
    if os.fork(): os._exit(0)
    os.setsid()
    if not os.fork(): ready(); sleep()
    os._exit(0)
sleep()
""",
    "hides its environment": """
if not os.fork():
    os.setsid()
    if os.fork(): os._exit(0)
    os.execve("/bin/sh", ["sh", "-c", "trap '' TERM; echo $$ > " + sys.argv[1] + "; while :; do sleep 100; done"], {})
sleep()
""",
    "stops itself and its child": """
child = os.fork()
if not child:
    os.setsid()
    ready()
    os.kill(os.getpid(), signal.SIGSTOP)
    sleep()
os.kill(os.getpid(), signal.SIGSTOP)
sleep()
""",
    "waits for a vfork that never execs": """
libc = ctypes.PyDLL(None)
with open(sys.argv[1], "w") as pipe: pipe.write(f"{os.getpid()}\\n")
if not libc.vfork(): libc.pause()
sleep()
""",
    "leaves zombies": """
for _ in range(50):
    if not os.fork(): os._exit(0)
ready(); sleep()
""",
    "changes its group and its name": """
os.setpgid(0, 0) if os.getpid() != os.getpgid(0) else None
if not os.fork():
    os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(15, b"innocent) R 1 1 1", 0, 0, 0)
    ready(); sleep()
sleep()
""",
    "is traced by its parent": """
ctypes.CDLL(None).ptrace(0, 0, None, None)
os.kill(os.getpid(), signal.SIGUSR2) if signal.signal(signal.SIGUSR2, signal.SIG_IGN) else None
ready(); sleep()
""",
    "unlinks where it stands": """
os.mkdir(f"mine-{os.getpid()}"); os.chdir(f"mine-{os.getpid()}"); os.rmdir(os.getcwd())
ready(); sleep()
""",
    "closes all it has": "ready(); os.closerange(0, 3); sleep()",
}


def python(text: str, *words: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", DEAF + READY + text, *words]


@pytest.fixture
def ready(keeper: Keeping) -> Fifo:
    return keeper.fifo("ready")


@pytest.mark.parametrize("how", PROGRAMS)
def test_whatever_it_does_it_ends_with_all_that_it_began(keeper, ready, how):
    keeper.start("bystander", "/bin/sleep", "1000")
    keeper.start("a", *python(PROGRAMS[how], ready.path))
    [pid] = ready.words(1)
    bystander = keeper.pid("bystander")
    # Something that hides entirely may be anybody's while several live: then it ends with the last of them.
    tokens = [("a", 0.05)] if how != "hides its environment" else [("a", 0.05), ("bystander", 0.05)]
    keeper.link.stop(tokens)
    assert keeper.exit("a")["why"] == "stopped"
    if len(tokens) == 1:
        assert is_alive(bystander)
        keeper.link.stop([("bystander", 0)])
    keeper.exit("bystander")
    assert gone(int(pid))
    assert check.survivors([keeper.incarnation]) == []
    assert check.zombies(keeper.link.pid) == []
    assert keeper.complaints() == ""


def test_what_is_traced_by_its_parent_goes_on(keeper, tmp_path):
    """The keeper is that parent, and is to notice nothing but the end."""
    text = "ctypes.CDLL(None).ptrace(0, 0, None, None)\nos.kill(os.getpid(), signal.SIGUSR1)\nos._exit(3)"
    caught = "signal.signal(signal.SIGUSR1, lambda *_: print('caught', flush=True))\n"
    assert keeper.run("a", *python(caught + text))["code"] == 3
    assert keeper.output("a") == b"caught\n"
    traced_exec = "ctypes.CDLL(None).ptrace(0, 0, None, None)\nos.execv('/bin/sh', ['sh', '-c', 'exit 4'])"
    assert keeper.run("b", *python(traced_exec))["code"] == 4
    assert keeper.complaints() == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_what_has_become_another_user_ends_too(keeper, ready):
    keeper.start("a", *python("if not os.fork(): os.setsid(); os.setuid(65534)\nready(); sleep()", ready.path))
    pids = ready.words(1)
    keeper.link.stop([("a", 0)])
    keeper.exit("a")
    assert gone(int(pids[0]))
    assert check.survivors([keeper.incarnation]) == []


BOMB = """
def bomb():
    while True:
        try:
            if not os.fork(): os.setsid()
        except OSError:
            time.sleep(0.0001)
ready(); bomb()
"""


@pytest.fixture
def few_processes() -> Iterator[Path]:
    """A cgroup (v1) that lets no more than 64 processes live: this test, the keeper and the bomb."""
    home = Path("/sys/fs/cgroup/pids")
    if not os.access(home, os.W_OK) or not (home / "cgroup.procs").exists():
        pytest.skip("no pids controller (cgroup v1) that can be written here")
    group = home / f"jm-test-{os.urandom(4).hex()}"
    group.mkdir()
    (group / "pids.max").write_text("64")
    yield group
    gone_by_now = (group / "cgroup.procs").read_text().split()
    assert gone_by_now == []
    group.rmdir()


def test_a_fork_bomb_under_a_limit_ends(keeper, ready, few_processes):
    """Whoever is killed makes room for the next: it ends only because all stop first."""
    joins = f"open({str(few_processes / 'cgroup.procs')!r}, 'w').write(str(os.getpid()))\n"
    keeper.start("a", *python(joins + BOMB, ready.path))
    ready.words(1)
    while len((few_processes / "cgroup.procs").read_text().split()) < 60:
        assert is_alive(keeper.pid("a"))
    keeper.link.stop([("a", 0.05)])
    assert keeper.exit("a")["why"] == "stopped"
    assert keeper.run("b", "/bin/echo", "well")["code"] == 0


def test_no_core_is_dumped_unless_the_child_asks(keeper):
    keeper.run("a", "/bin/sh", "-c", "ulimit -S -c; ulimit -H -c")
    soft, hard = keeper.output("a").decode().split()
    assert soft == "0"
    assert hard == ("unlimited" if resource.getrlimit(resource.RLIMIT_CORE)[1] < 0 else hard)


@pytest.mark.long
@pytest.mark.parametrize(
    "text",
    [
        "fds = []\ntry:\n  while True: fds.append(os.dup(1))\nexcept OSError as e: print(e.strerror); os._exit(9)",
        "import _thread\nfor _ in range(10_000): _thread.start_new_thread(signal.pause, ())\nos._exit(8)",
        "for n in range(100_000): os.close(os.open(f'f{n}', os.O_CREAT | os.O_WRONLY))\nos._exit(7)",
        "for n in range(10_000): os.mkdir('d'); os.chdir('d')\nos._exit(6)",
    ],
    ids=["descriptors", "threads", "files", "directories"],
)
def test_what_takes_very_many_of_something_is_its_own_trouble(keeper, tmp_path, text):
    (tmp_path / "own").mkdir()
    record = keeper.run("a", *python(text), cwd=str(tmp_path / "own"))
    assert record["code"] in (1, 6, 7, 8, 9), keeper.output("a")
    assert keeper.run("b", "/bin/true")["code"] == 0
    removal.remove(str(tmp_path), ["own"])


HELD = "ready(); open(sys.argv[2]).read(1)"  # long enough for the keeper to notice


# --- cgroups ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def delegated() -> Iterator[Path]:
    """A cgroup (v2) that was handed to us, with this process in it until the test ends."""
    root = Path("/sys/fs/cgroup/unified" if os.path.isdir("/sys/fs/cgroup/unified") else "/sys/fs/cgroup")
    group = root / f"jm-test-{os.urandom(4).hex()}"
    try:
        group.mkdir()
        os.setxattr(group, "user.delegate", b"1")
        before = next(line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
        (group / "own").mkdir()
        (group / "own" / "cgroup.procs").write_text("0")
    except OSError as error:
        pytest.skip(f"no cgroup (v2) that can be handed on here: {error}")
    yield group
    (root / before.lstrip("/") / "cgroup.procs").write_text("0")
    for folder in sorted(group.rglob("*/"), reverse=True):
        folder.rmdir()
    group.rmdir()


def test_a_tree_is_held_in_a_cgroup_where_that_can_be_had(delegated, keeping):
    assert tree_home()[1] == str(delegated / "own")
    keeper = keeping()
    keeper.hello()
    ready = keeper.fifo("ready")
    keeper.start("bystander", "/bin/sleep", "1000")
    go = keeper.fifo("go")
    keeper.start("a", *python(HELD + PROGRAMS["hides its environment"], ready.path, go.path))
    ready.words(1)
    bystander = keeper.pid("bystander")
    groups = [group_of(pid) for pid in (bystander, keeper.pid("a"))]
    assert all("/own/jm-" in group for group in groups) and len(set(groups)) == 2
    go.write("x")
    hidden = int(ready.words(1)[0])
    assert group_of(hidden) == groups[1]
    keeper.link.stop([("a", 0.05)])
    keeper.exit("a")
    assert gone(hidden) and is_alive(bystander), "known by its group, although it hides from everything else"
    keeper.link.stop([("bystander", 0)])
    keeper.exit("bystander")
    keeper.link.leave()
    assert keeper.link.ended()
    assert [path.name for path in (delegated / "own").iterdir() if path.is_dir()] == []


def test_what_two_dead_processes_left_in_a_cgroup_is_found_however_it_hides(delegated, keeping):
    keeper = keeping()
    keeper.hello()
    ready = keeper.fifo("ready")
    go = keeper.fifo("go")
    keeper.start("a", *python(HELD + PROGRAMS["hides its environment"], ready.path, go.path))
    ready.words(1)
    main = keeper.pid("a")
    go.write("x")
    hidden = int(ready.words(1)[0])
    keeper.kill()
    [trace] = adoption.keepers(str(keeper.root / "keepers"))
    assert {left.process.pid for left in adoption.leftovers(trace)} >= {main, hidden}
    assert adoption.end_leftovers(trace, 0.0) == []
    assert not is_alive(main) and not is_alive(hidden)
    adoption.remove(trace)


def test_nothing_is_ever_held_in_a_group_of_others(keeper):
    if tree_home()[1]:
        pytest.skip("this process has a cgroup of its own")
    keeper.shell("a", "exec sleep 1000")
    pid = keeper.pid("a")
    assert group_of(pid) == group_of(os.getpid())
    assert process_of(pid) and pid in all_pids()
