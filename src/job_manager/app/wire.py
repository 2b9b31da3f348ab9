"""The holder's socket: listening there for this user only, and connecting to who listens. Knows no message."""

from __future__ import annotations

import os

from job_manager.model.hints import TYPE_CHECKING
from job_manager.worker.lines import Gone, Lines, address, dial

if TYPE_CHECKING:
    import socket
else:
    try:  # the C half is all that is needed; the Python one brings selectors and enums
        import _socket as socket
    except ImportError:
        import socket

__all__ = ["Gone", "Peer", "accept", "connect", "listen"]
LINE_LIMIT = 1 << 24  # bytes without a newline after which a caller is taken for a stranger


class Peer(Lines):
    """One connection between a holder and a caller."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection, LINE_LIMIT)


def listen(path: str) -> socket.socket:
    """A socket at a path of any length, for this user only, in place of what an earlier process left there."""
    folder, name = os.path.split(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            os.unlink(name, dir_fd=handle)
        except FileNotFoundError:
            pass
        listener.bind(address(handle, path))
        os.chmod(path, 0o600)
        listener.listen(64)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    finally:
        os.close(handle)
    return listener


def accept(listener: socket.socket) -> Peer:
    """Whoever waits at the listener. Raises BlockingIOError when nobody does, OSError when they have gone again."""
    return Peer(socket.socket(fileno=listener._accept()[0]))  # type: ignore[attr-defined]  # both halves have it


def connect(path: str) -> Peer | None:
    """A connection to who listens there; None when nobody does."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        dial(connection, path)
    except OSError:
        connection.close()
        return None
    return Peer(connection)
