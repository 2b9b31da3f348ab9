"""`jm` started by a test: forked from a Python that has everything imported, or by exec where that could be told.

Knows what makes the two different; a Started is a Popen, so that no test sees which it was. JM_TEST_EXEC=1 lets every
command be started by exec.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.warm.shim import OF_THE_START

SRC = Path(__file__).resolve().parents[2] / "src"
SERVER = Path(__file__).with_name("server.py")
PROGRAM = (sys.executable, "-m", "job_manager")
# What the interpreter asks for as it starts. A command with another value of one of these needs one of its own.
ADDRESS = f"jm-tests-{os.getpid()}-{os.urandom(4).hex()}"  # of the socket for shells; no file
SHIM = "#!{python} -IS\nimport sys\nsys.path.append({folder!r})\nimport shim\nshim.main({address!r}, {real!r})\n"
SERVED = {"LANG": "C.UTF-8", "PYTHONPATH": str(SRC)}
_server: list[socket.socket] = []  # for the whole test process


def _control() -> socket.socket:
    if not _server:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, listener:
            listener.bind(f"\0{ADDRESS}")
            listener.listen()
            environ = {"PATH": os.environ["PATH"], **SERVED}
            words = [sys.executable, str(SERVER), str(SRC / "job_manager"), str(listener.fileno())]
            inherited = (listener.fileno(),)
            process = subprocess.Popen(words, stdin=theirs.fileno(), env=environ, cwd="/", pass_fds=inherited)
        _server.append(ours)
        atexit.register(_end, process)
    return _server[0]


def _end(process: subprocess.Popen[bytes]) -> None:
    _server.pop().close()
    process.wait(10)


def by_exec(env: Mapping[str, str], words: Sequence[str | bytes]) -> bool:
    """Whether this command needs an interpreter of its own."""
    asked = {name: value for name, value in env.items() if name.startswith(OF_THE_START)}
    return "JM_TEST_EXEC" in os.environ or asked != SERVED or not all(isinstance(word, str) for word in words)


def start(words: Sequence[str | bytes], env: dict[str, str], cwd: Path, **streams: Any) -> subprocess.Popen[bytes]:
    """`jm WORDS`, as by `subprocess.Popen`."""
    if by_exec(env, words):
        return subprocess.Popen([*PROGRAM, *words], env=env, cwd=cwd, **streams)
    return Started([os.fsdecode(word) for word in words], env=env, cwd=cwd, **streams)


class Started(subprocess.Popen[bytes]):
    """A Popen whose process is a child of the server. Of Popen's own methods those are replaced that fork and wait."""

    def _execute_child(self, *given: Any) -> None:
        words, cwd, env = given[0], given[5], given[6]
        handles: tuple[int, ...] = given[10:16]  # p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite
        streams = (handles[0], handles[3], handles[5])
        new_session: bool = given[21]
        asked = {"words": words, "cwd": str(cwd), "env": env, "session": new_session}
        self._answers, theirs = socket.socketpair()
        with theirs:
            passed = [number if handle == -1 else handle for number, handle in enumerate(streams)]
            socket.send_fds(_control(), [json.dumps(asked).encode()], [*passed, theirs.fileno()])
        self._close_pipe_fds(*handles)  # type: ignore[attr-defined]
        self._said = self._answers.makefile("rb")
        self.pid = int(self._said.readline())
        self._child_created = True

    def _wait(self, timeout: float | None) -> int:
        if self.returncode is None:
            if timeout is not None and not select.select([self._answers], [], [], max(0.0, timeout))[0]:
                raise subprocess.TimeoutExpired(self.args, timeout)
            self._take_status()
        return self.returncode

    def _internal_poll(self, **_: Any) -> int | None:
        if self.returncode is None and select.select([self._answers], [], [], 0)[0]:
            self._take_status()
        return self.returncode

    def _take_status(self) -> None:
        self.returncode = os.waitstatus_to_exitcode(int(self._said.readline()))
        self._said.close()
        self._answers.close()


def run(
    words: Sequence[str | bytes], env: dict[str, str], cwd: Path, given: bytes, patience: float
) -> subprocess.CompletedProcess[bytes]:
    """`jm WORDS` to its end, with this as its standard input."""
    pipe = subprocess.PIPE
    with start(words, env, cwd, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            out, err = process.communicate(given, timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def put_jm(folder: Path) -> None:
    """Have the folder hold a `jm` for shells, which is forked, too. Not where a first line cannot name this Python."""
    real = os.path.join(os.path.dirname(sys.executable), "jm")
    if "JM_TEST_EXEC" in os.environ or " " in sys.executable or len(sys.executable) > 100 or not os.path.exists(real):
        return
    _control()
    here = str(Path(__file__).parent)
    text = SHIM.format(python=sys.executable, folder=here, address=ADDRESS, real=real)
    (folder / "jm").write_text(text)
    (folder / "jm").chmod(0o755)
