"""A job script executed in a process of its own, here and nowhere else: limits of time, memory and output, and errors.

Gives the rows of its tree. Knows not what they mean.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from job_manager.formats.python import answer
from job_manager.formats.python.rows import Row
from job_manager.model.errors import InputError, Place, Problem
from job_manager.model.hints import Any
from job_manager.model.record import NamedTuple

SECONDS = 30.0  # that a script may take
MEMORY = 2 << 30  # bytes
OUTPUT = 1 << 20  # bytes that it may print
ANSWER = 1 << 30  # bytes of the tree that it hands back
SHOWN = 3  # lines of what it printed
INSIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inside.py")


class Executed(NamedTuple):
    """What a script has handed over: the rows of its job, by role the file that serves it, and what it printed."""

    rows: list[Row]
    scripts: dict[str, str]
    printed: list[str]


class _Ended(NamedTuple):
    """How the process ended: its answer and output, its exit code, and which limit it broke or ""."""

    answer: bytes
    printed: bytes
    code: int
    broken: str


def execute(raw: bytes, file: str, folder: str, shelves: tuple[str, ...] = (), python: str = "") -> Executed:
    """The job of the script `file` (as typed; `raw` is its text when it is standard input), executed by the program
    `python`, "" for this one. Raises InputError."""
    with _on_disk(raw, file) as script:
        spec = {"script": script, "folder": folder, "memory": MEMORY, "shelves": list(shelves), "packages": _packages()}
        ended = _run(spec, python or sys.executable)
        return _read(ended, file, script)


def _holds(file: str, raw: bytes) -> bool:
    """Whether the text is that of the file; standard input is none, and a script may not have been written yet."""
    try:
        with open(file, "rb") as stream:
            return not file.startswith("<") and stream.read() == raw
    except (OSError, ValueError):
        return False


@contextmanager
def _on_disk(raw: bytes, file: str) -> Iterator[str]:
    """The absolute path of the script; standard input is put into a file for as long as it runs."""
    if _holds(file, raw):
        yield os.path.abspath(file)
        return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="jm-script-") as folder:
        name = "stdin.py" if file.startswith("<") else os.path.basename(file)
        path = os.path.join(os.path.realpath(folder), name)
        with open(path, "wb") as stream:
            stream.write(raw)
        yield path


# --- the process ------------------------------------------------------------------------------------------------------


def _packages() -> list[str]:
    """Where another Python finds what a script asks for beside job_manager itself: manifests are YAML."""
    from importlib.util import find_spec

    found = find_spec("yaml")
    return [os.path.dirname(os.path.dirname(found.origin))] if found and found.origin else []


def _run(spec: dict[str, Any], python: str) -> _Ended:
    answer, pipe = os.pipe()
    words = [python, INSIDE, json.dumps({**spec, "pipe": pipe})]
    try:
        child = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=(pipe,),
            start_new_session=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"},
        )  # fmt: skip
    except OSError as error:
        os.close(answer)
        raise InputError(f"the script cannot be started: {error}") from error
    finally:
        os.close(pipe)
    assert child.stdout is not None
    try:
        return _listen(child, answer, child.stdout.fileno())
    finally:
        child.stdout.close()
        os.close(answer)


def _listen(child: subprocess.Popen[bytes], answer: int, output: int) -> _Ended:
    """Read both pipes until the process has ended, or until it breaks a limit."""
    heard: dict[int, bytearray] = {answer: bytearray(), output: bytearray()}
    broken = ""
    until = time.monotonic() + SECONDS
    try:
        with selectors.DefaultSelector() as waiting:
            for end in heard:
                waiting.register(end, selectors.EVENT_READ)
            # What the script has started may hold its output open for ever: a whole answer is enough.
            while not broken and waiting.get_map() and (answer in waiting.get_map() or not heard[answer]):
                ready = [key.fd for key, _ in waiting.select(max(0.0, until - time.monotonic()))]
                for end in [end for end in ready if not _heard_more(end, heard[end])]:
                    waiting.unregister(end)
                broken = _limit(len(heard[answer]), len(heard[output]), in_time=bool(ready))
    finally:
        _end(child, wait=not broken)
    return _Ended(bytes(heard[answer]), bytes(heard[output]), child.returncode, broken)


def _heard_more(end: int, heard: bytearray) -> bool:
    block = os.read(end, 1 << 16)
    heard += block
    return bool(block)


def _limit(answered: int, printed: int, *, in_time: bool) -> str:
    """The limit that is broken, or ""."""
    if not in_time:
        return "time"
    if printed > OUTPUT:
        return "output"
    return "size" if answered > ANSWER else ""


def _end(child: subprocess.Popen[bytes], wait: bool) -> None:
    """Nothing of it goes on."""
    if wait:
        try:
            child.wait(1.0)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    child.wait()


# --- what came of it --------------------------------------------------------------------------------------------------


def _read(ended: _Ended, file: str, script: str) -> Executed:
    printed = [line for line in ended.printed.decode("utf-8", "backslashreplace").splitlines() if line.strip()]
    whole = Place(file, 1, 1)
    if ended.broken:
        raise InputError([Problem(whole, *_beyond(ended.broken))])
    if not ended.answer:
        raise InputError([Problem(whole, _sudden(ended.code), printed[-1][:300] if printed else "")])
    found = answer.read(ended.answer, file, script, MEMORY)
    return Executed(found.rows, found.scripts, printed)


def _beyond(limit: str) -> tuple[str, str]:
    if limit == "time":
        return (f"the script takes longer than {SECONDS:g} s", "it should only say what is to be done, not do it")
    if limit == "output":
        return (f"the script prints more than {OUTPUT:,} bytes", "it should only say what is to be done")
    return (f"the job of the script has more than {ANSWER:,} bytes", "put what is large into files")


def _sudden(code: int) -> str:
    if code >= 0:
        return f"the script ended its own process with exit code {code} before it handed over a job"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"the script was killed by {name}"
