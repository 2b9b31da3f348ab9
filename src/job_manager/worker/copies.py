"""Copies of a template: before they have an order, when they get it, and what they say.

Carried beside the keeper, standard library only. Knows no template; what the other end does stands in
warm/sitecustomize.py.
"""

from __future__ import annotations

import os
import time
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence
    from typing import Any
else:
    try:  # as in the keeper
        import _socket as socket
    except ImportError:
        import socket

LARGEST = 100_000  # bytes of an order that fit into one message for sure
COULD_NOT = 1 << 8  # the status of a copy that could not become the action, as wait(2) gives it


class Copy:
    """A copy before it has an order: a child of the keeper's, and of no attempt. It ends when `link` is closed."""

    __slots__ = ("link", "pid", "since")

    def __init__(self, link: socket.socket) -> None:
        self.link, self.pid, self.since = link, 0, time.monotonic()

    def give(self, told: bytes, ends: Sequence[int], group: str) -> bool:
        """Hand an order over, with the files for its output. Nobody waits until the copy is what it is to be: whether
        it has begun it says before it ends."""
        try:
            if group:
                join(group, self.pid)
            self.link.sendmsg([told], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", ends))])
        except OSError:
            return False
        return True


def message(order: dict[str, Any], env: Mapping[str, str]) -> bytes:
    """What a copy is told: umask and number of words on a line, then its directory, its words and its environment."""
    mask = order.get("umask")
    if mask is None:
        mask = os.umask(0o077)
        os.umask(mask)
    strings = [order["cwd"], *order["argv"], *(f"{name}={value}" for name, value in env.items())]
    return b"%d %d\n" % (mask, len(order["argv"])) + os.fsencode("\0".join(strings) + "\0")


def heard(link: socket.socket) -> bytes | None:
    """What was said; nothing when there is nobody any more, None when nothing has been said."""
    try:
        return link.recv(4096, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def is_child(pid: int) -> bool:
    try:
        return pid > 0 and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except OSError:
        return False


def join(group: str, pid: int) -> None:
    """Into the cgroup that bounds its memory, before it begins."""
    handle = os.open(f"{group}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, b"%d" % pid)
    finally:
        os.close(handle)
