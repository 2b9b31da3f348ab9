"""Python programs that may use no more processor time and memory than is said, each in a process of its own.

The processes are forked from one that has the readers imported: what is bounded is reading and not the start of Python.
Run as a program it is that one; it knows nothing of what it runs.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import subprocess
import sys
import tempfile
from importlib import import_module
from typing import IO, NamedTuple, NoReturn

READERS = ("job_manager.formats", "job_manager.formats.job_yaml", "job_manager.formats.json_reader")
_started: list[subprocess.Popen[str]] = []  # for the whole test process


class Ended(NamedTuple):
    code: int  # a signal is below 0
    out: str
    err: str


def bounded(program: str, megabytes: int, seconds: int) -> Ended:
    """Runs the program's text to its end."""
    server = _server()
    assert server.stdin and server.stdout
    server.stdin.write(json.dumps([program, megabytes, seconds]) + "\n")
    server.stdin.flush()
    return Ended(*json.loads(server.stdout.readline()))


def _server() -> subprocess.Popen[str]:
    if not _started:
        path = os.pathsep.join(sys.path)
        pipe = subprocess.PIPE
        argv = [sys.executable, __file__]
        _started.append(
            subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True, env=os.environ | {"PYTHONPATH": path})
        )
        atexit.register(_end)
    return _started[0]


def _end() -> None:
    _started.pop().communicate()


def serve() -> None:
    for name in READERS:
        import_module(name)
    for line in sys.stdin:
        program, megabytes, seconds = json.loads(line)
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            pid = os.fork()
            if not pid:
                run(program, megabytes << 20, seconds, out, err)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            print(json.dumps([code, text(out), text(err)]), flush=True)


def run(program: str, memory: int, seconds: int, out: IO[str], err: IO[str]) -> NoReturn:
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    code = 1
    try:
        exec(program, {"__name__": "__main__"})
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


if __name__ == "__main__":
    serve()
