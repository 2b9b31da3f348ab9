"""kill -9 at the N-th system call that writes, for every N or a drawn sample, of each thing that jm does.

`python -m tests.crash.sweep [--flow run] [--points 20] [--seed N]`; without `--points` every N. Uses strace, which
kills whichever process of it comes to its N-th such call. After each a supervisor is started, and all has to be well.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.crash.farm import Farm, attempts, ended, kill, ticks_of, wait_for
from tests.crash.loop import repeated
from tests.crash.plan import Part, Plan, text
from tests.faults import check, witness

CALLS = (
    "write,pwrite64,writev,fdatasync,fsync,rename,renameat,renameat2,ftruncate,unlink,unlinkat,rmdir,mkdir,link,linkat"
)
CALLS += ",symlink,symlinkat,chmod,fchmod,sendto,sendmsg"
PLAN = Plan(
    "swept",
    (
        (Part("a", (), 0.0), Part("b", (), 0.0, fails=2), Part("c", (), 0.0, once=True)),
        (Part("d", ("a", "b"), 0.0, public=True), Part("e", ("b",), 0.0, public=True)),
    ),
)


class Flow(NamedTuple):
    """What is attacked: `before` is done undisturbed, `words` is struck, `again` is what a person says after that."""

    words: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    again: tuple[tuple[str, ...], ...] = ()
    supervised: bool = False  # a supervisor runs beside it


SUBMIT = ("submit", "-q", "swept.yaml", "--request-id", "swept")
PAUSED = (*SUBMIT, "--paused")
FLOWS = {
    "run": Flow(("run", "swept.yaml", "-j", "2")),
    "submit": Flow(SUBMIT, again=(SUBMIT,)),
    "submit to a supervisor": Flow(SUBMIT, again=(SUBMIT,), supervised=True),
    "up": Flow(("up", "-j", "2"), before=(SUBMIT,)),
    "up that cancels": Flow(("up", "-j", "2"), before=(SUBMIT, ("cancel", "last"))),
    "cancel": Flow(("cancel", "last", "--now"), before=(PAUSED,), again=(("unpause", "last"),), supervised=True),
    "resume": Flow(("resume", "last"), before=(SUBMIT,)),
    "retry": Flow(("up", "-j", "2"), before=(SUBMIT, ("cancel", "last"), ("retry", "last"))),
}


class Point:
    """One kill, in a fresh folder."""

    def __init__(self, folder: Path, flow: Flow) -> None:
        self.farm, self._flow = Farm(folder), flow
        self.ledger = folder / "ledger"
        self._plan = PLAN
        (folder / "swept.yaml").write_text(text(PLAN, self.ledger))

    def strike(self, when: int) -> bool:
        """Kill at the call `when` of any process of it; whether the command itself was killed."""
        for words in self._flow.before:
            self._say(words)
        supervisor = self.farm.jm("up", "-j", "2") if self._flow.supervised else None
        if supervisor:
            wait_for(lambda: self.farm.holder() and (self.farm.home / "socket").exists(), "the supervisor")
        inject = ("-e", f"inject={CALLS}:signal=SIGKILL:when={when}") if when else ()
        prefix = (
            "strace",
            "-D",
            "-I2",
            "-f",
            "-qq",
            "-o",
            str(self.farm.folder / "trace"),
            "-e",
            f"trace={CALLS}",
            *inject,
        )
        struck = self.farm.jm(*self._flow.words, out=subprocess.DEVNULL, prefix=prefix)
        self._until_over(struck)
        _let_go(struck.pid)
        if supervisor:
            kill([supervisor.pid])
            supervisor.wait()
        return struck.returncode == -signal.SIGKILL

    def _say(self, words: Sequence[str]) -> None:
        ended(self.farm.jm(*words, out=subprocess.DEVNULL), [0, 7], f"jm {' '.join(words)}")

    def _until_over(self, struck: subprocess.Popen[bytes]) -> None:
        """A supervisor that nothing has killed is asked to end when it has done what there is."""
        while struck.poll() is None:
            if "up" in self._flow.words and self._is_done():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(struck.pid, signal.SIGTERM)
                struck.wait(60)
            time.sleep(0.02)

    def _waiting(self) -> list[Path]:
        """Requests that nobody has taken up."""
        inbox = self.farm.home / "inbox"
        return list(inbox.iterdir()) if inbox.is_dir() else []

    def _is_done(self) -> bool:
        folders = [self.farm.home / name for name in ("inbox", "owed")]
        if not self.farm.names() or any(list(folder.iterdir()) for folder in folders if folder.is_dir()):
            return False
        return not check.unfinished(check.histories(self.farm.home / "journal.db"))

    def recover(self) -> list[str]:
        """Say again what was not answered, and have a supervisor finish it: what is violated then."""
        for words in self._flow.again:
            self._say(words)
        up = self.farm.jm("up", "-j", "2")
        try:
            if self.farm.names() or self._waiting():
                wait_for(self._is_done, "the end", 60)
        except TimeoutError as error:
            return [f"{error}: {self.farm.tail()}"]
        finally:
            if self.farm.holder() or up.poll() is None:
                wait_for(lambda: self.farm.holder() == up.pid or up.poll() is not None, "the supervisor")
                up.send_signal(signal.SIGTERM)
            code = up.wait(60)
        left = [path for name in ("inbox", "owed", "keepers") for path in (self.farm.home / name).iterdir()]
        said = [f"{path} is left" for path in left] + (
            [] if code in (130, -signal.SIGTERM) else [f"jm up ended with {code}"]
        )
        return said + self._judge()

    def _judge(self) -> list[str]:
        lines = witness.read(self.ledger)
        if not self.farm.names():  # killed before anything was in the journal
            return [*map(str, lines), *(["it was acknowledged and is not there"] if self._flow.again else [])]
        found = check.histories(self.farm.home / "journal.db")
        said = check.everything(self.farm.home, lines)
        said += ["there are two jobs"] if len(found) > 1 else []
        for id, events in found.items():
            said += repeated(lines, id, self._plan, events)
            if events and any(event[0] == "job-finished" and event[2] == "succeeded" for event in events):
                said += check.artifacts(self.farm.home / "jobs" / id / "public", events, PLAN.expected())
        return said

    def close(self) -> None:
        """End whatever is left."""
        kill([*filter(None, [self.farm.holder()]), *self.farm.keepers()])
        kill(pid for pids in attempts(self.farm.home).values() for pid in pids)


def _let_go(session: int) -> None:
    """Have strace leave what still runs; it stays as long as any process does."""
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        with contextlib.suppress(OSError):
            if os.getsid(pid) == session and Path(f"/proc/{pid}/comm").read_text() == "strace\n":
                os.kill(pid, signal.SIGTERM)
                wait_for(lambda pid=pid: ticks_of(pid) is None, "the end of strace")


def most(flow: Flow) -> int:
    """How many such calls the process makes that makes the most, when nothing is killed."""
    with tempfile.TemporaryDirectory(prefix="jm-sweep-") as folder:
        point = Point(Path(folder), flow)
        point.strike(0)
        lines = (Path(folder) / "trace").read_text(errors="replace").splitlines()
        said = point.recover()
        point.close()
    if said:
        raise AssertionError(f"undisturbed: {said}")
    return max(Counter(line.split(" ", 1)[0] for line in lines).values())


def sweep(name: str, points: int | None, rng: random.Random, tell: Callable[[str], Any] = print) -> list[str]:
    """All or so many points of one flow: what was violated, with the point."""
    count = most(FLOWS[name])
    chosen = range(1, count + 1) if points is None else sorted(rng.sample(range(1, count + 1), min(points, count)))
    killed, said = 0, []
    for when in chosen:
        folder = Path(tempfile.mkdtemp(prefix="jm-sweep-"))
        point = Point(folder, FLOWS[name])
        try:
            killed += point.strike(when)
            found = point.recover()
        finally:
            point.close()
        said += [f"{name}, call {when}: {violation} ({folder})" for violation in found]
        if not found:
            shutil.rmtree(folder)
    tell(f"{name}: {len(chosen)} of {count} calls, {killed} of them killed the command itself, {len(said)} violations")
    return said


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.sweep")
    parser.add_argument("--flow", choices=list(FLOWS), action="append", help="default: all")
    parser.add_argument("--points", type=int, help="so many calls of each, drawn by the seed (default: every one)")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(argv)
    if shutil.which("strace") is None:
        print("strace is not on PATH")
        return 77
    said = []
    for name in asked.flow or FLOWS:
        said += sweep(name, asked.points, random.Random(f"{asked.seed}:{name}"))
    for violation in said:
        print(f"VIOLATED: {violation}")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
