"""Starts the keeper's process before anything big is imported: it comes up while the job is being read.

It waits to be told its directory, and ends unheard if nobody tells it. Imports next to nothing; knows no protocol.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import sys

# The C half: the Python one brings selectors and enums.
from _socket import socketpair

# As a module and not as a script, so that its compiled form is kept; its folder comes last, behind the library.
STARTER = "import sys; sys.path.append({folder!r}); import keeper; keeper.main(sys.argv)"
_waiting: list[tuple[int, int]] = []  # for the whole process: (pid, our end of the connection) of one that waits


def begin() -> None:
    """Have a keeper come up, for the first `take`; what goes wrong here goes wrong again there."""
    if _waiting or not sys.executable:
        return
    try:
        _waiting.append(_spawn(sys.executable, ()))
    except OSError:
        pass


def take(directory: str, python: str | None = None, linger: float | None = None) -> tuple[int, int]:
    """A keeper that serves this absolute directory, which is there and empty: its pid and our end of the connection.
    Raises OSError."""
    usual = python is None and linger is None
    if usual:
        begin()
    words = () if linger is None else (str(linger),)
    pid, handle = _waiting.pop() if usual and _waiting else _spawn(python or sys.executable, words)
    name = os.fsencode(directory)
    try:
        os.write(handle, b"%08d" % len(name) + name)
    except BrokenPipeError:
        pass  # it is dead already, which shows when something is read from it
    return pid, handle


def drop() -> None:
    """No keeper will be taken: what waits is ended."""
    while _waiting:
        pid, handle = _waiting.pop()
        os.close(handle)
        os.kill(pid, _signal.SIGKILL)
        os.waitpid(pid, 0)


def _spawn(python: str, words: tuple[str, ...]) -> tuple[int, int]:
    """posix_spawn, since importing subprocess costs more than all of this."""
    ours, theirs = socketpair()
    starter = STARTER.format(folder=os.path.dirname(os.path.abspath(__file__)))
    argv = [python, "-I", "-S", "-X", "utf8", "-c", starter, "-", *words]  # utf8: text on the wire is, in any locale
    try:
        pid = os.posix_spawn(
            python,
            argv,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, theirs.fileno(), 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=_signal.valid_signals() - {_signal.SIGKILL, _signal.SIGSTOP},
        )
    finally:
        theirs.close()
    return pid, ours.detach()
