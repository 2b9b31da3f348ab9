"""A clean Python that has imported job_manager and forks for every command of jm that a test types.

What runs is the whole program in a process of its own, with real files, signals and keepers; only the start of the
interpreter and its imports are shared. Run as a program; knows neither pytest nor what is asked for.

What is not as after an exec: hash seed and places in memory are this process's (another one for each test process), so
are /proc/PID/cmdline and environ, and objects are not taken apart one by one at the end. Tests for which that counts
start the command itself (see started.py).
"""

from __future__ import annotations

import atexit
import gc
import io
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
from importlib import import_module
from pathlib import Path

ROOMS = ("app", "artifacts", "cli", "core", "engines", "formats", "model", "modules", "ports", "supervisor", "worker")
LATER = ("puremagic", "yaml.cyaml", "shlex", "difflib", "tomllib", "ctypes", "random", "hashlib", "tempfile", "shutil")
ASIDE = ("examples", "original", "testing")  # programs of their own, and what has tests that start it


def warm_up(package: Path) -> None:
    """Import what commands import: everything but modules for actions, and what only a terminal needs."""
    for room in ROOMS:
        for file in sorted((package / room).rglob("*.py")):
            words = file.relative_to(package.parent).with_suffix("").parts
            if not any(word.startswith(ASIDE) for word in words) and words[-1] not in ("live", "__main__"):
                import_module(".".join(words).removesuffix(".__init__"))
    for name in LATER:
        import_module(name)


class Server:
    """`control` brings one request a message: JSON, with the descriptors 0, 1, 2 and one for the answers. To `listener`
    a shell's jm connects for its one request."""

    def __init__(self, control: socket.socket, listener: socket.socket) -> None:
        self.control, self.listener = control, listener
        self.wakeup, alarm = os.pipe()
        os.set_blocking(self.wakeup, False)
        os.set_blocking(alarm, False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
        self.running: dict[int, int] = {}  # by pid, where to say how it ended

    def serve(self) -> dict[str, object]:
        """Returns in a child only, with what it is to become. The server itself ends with its control."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(self.listener, select.POLLIN)
        poll.register(self.wakeup, select.POLLIN)
        while True:
            for handle, _ in poll.poll():
                if handle == self.wakeup:
                    self.reap()
                else:
                    asked = self.start() if handle == self.control.fileno() else self.meet()
                    if asked is not None:
                        return asked

    def reap(self) -> None:
        try:
            os.read(self.wakeup, 4096)
            while self.running:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                say(self.running.pop(pid), status)
        except (BlockingIOError, ChildProcessError):
            pass

    def start(self) -> dict[str, object] | None:
        message, handles, _, _ = socket.recv_fds(self.control, 1 << 20, 4)
        if not message:
            os._exit(0)
        *streams, answers = handles
        return self.fork(message, streams, answers)

    def meet(self) -> dict[str, object] | None:
        peer, _ = self.listener.accept()
        message, streams, _, _ = socket.recv_fds(peer, 1 << 20, 3)
        return self.fork(message, streams, peer.detach())

    def fork(self, message: bytes, streams: list[int], answers: int) -> dict[str, object] | None:
        pid = os.fork()
        if not pid:
            return self.begin(json.loads(message), streams, answers)
        self.running[pid] = answers
        for handle in streams:
            os.close(handle)
        return None

    def begin(self, asked: dict[str, object], streams: list[int], answers: int) -> dict[str, object]:
        """In the child: nobody hears of it before its session and its streams are its own."""
        self.control.detach()
        self.listener.detach()
        for number, handle in enumerate(streams):
            os.dup2(handle, number)
        if asked["session"]:
            os.setsid()
        os.write(answers, b"%d\n" % os.getpid())
        os.closerange(3, 1024)
        return asked


def say(answers: int, status: int) -> None:
    try:
        os.write(answers, b"%d\n" % status)
    except BrokenPipeError:
        pass  # nobody wants to know any more
    os.close(answers)


def become(asked: dict[str, object]) -> None:
    """Be what `python -m job_manager ...` would be: its signals, directory, environment and streams."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(str(asked["cwd"]))
    environ = asked["env"]
    assert isinstance(environ, dict)
    os.environ.clear()
    os.environ.update(environ)
    words = asked["words"]
    assert isinstance(words, list)
    program = str(asked.get("program", ""))
    sys.argv = [program, *words]
    sys.path[0] = os.path.dirname(program) or os.getcwd()
    sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in environ
    errors = sys.stdin.errors
    sys.stdin, sys.stdout, sys.stderr = stream(0, errors), stream(1, errors), stream(2, "backslashreplace")
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]


def stream(number: int, errors: str | None) -> io.TextIOWrapper:
    """As the interpreter makes its own three."""
    mode = "rb" if number == 0 else "wb"
    raw = open(number, mode, closefd=False)  # noqa: SIM115
    lines = number == 2 or raw.isatty()
    return io.TextIOWrapper(raw, "utf-8", errors, "\n" if number else None, line_buffering=lines)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    warm_up(Path(sys.argv[1]))
    gc.collect()
    gc.freeze()  # so that looking for garbage does not copy every page
    listener = socket.socket(fileno=int(sys.argv[2]))
    become(Server(socket.socket(fileno=0), listener).serve())
    try:
        run()
    except SystemExit as ended:
        leave(ended.code)


def run() -> None:
    """As the installed `jm` does, if that is what was typed, else as `python -m job_manager`."""
    if sys.argv[0]:
        from job_manager.__main__ import main as jm

        sys.exit(jm())
    runpy.run_module("job_manager", run_name="__main__", alter_sys=True)


def leave(code: object) -> None:
    """End as the interpreter does, but for taking apart all that was imported: that would copy the whole memory."""
    if not (code is None or isinstance(code, int)):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for written in (sys.stdout, sys.stderr):
        try:
            written.flush()
        except OSError:
            code = 120
    os._exit(int(code or 0) & 0xFF)


if __name__ == "__main__":
    main()
