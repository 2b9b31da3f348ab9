"""A local socket as messages: one JSON array a line, in both directions, never blocking. Knows no message."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

READ = 1 << 18
LINE_LIMIT = 1 << 24  # bytes without a newline after which a peer is taken for a stranger


class Gone(Exception):
    """The other side has closed the connection, or sends what is no message."""


class Peer:
    """One connection. Read when `fileno()` is readable; call `flush` when it is writable and `wants_write`."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._inbox = bytearray()
        self._outbox = bytearray()
        self._gone = False

    def fileno(self) -> int:
        return self._connection.fileno()

    @property
    def wants_write(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._outbox)

    def send(self, *message: Any) -> None:
        """Send a message as far as the other side reads; the rest waits."""
        self._outbox += json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"
        self.flush()

    def flush(self) -> None:
        """Send what the other side takes now; that it is gone shows at the next `receive`."""
        try:
            while self._outbox:
                del self._outbox[: self._connection.send(self._outbox[:READ])]
        except BlockingIOError:
            pass
        except OSError:
            self._outbox.clear()

    def receive(self) -> list[list[Any]]:
        """Every message that has come in whole, maybe none. Raises Gone once there is nothing left to read."""
        self._fill()
        end = self._inbox.rfind(b"\n") + 1
        lines = bytes(self._inbox[:end]).splitlines()
        del self._inbox[:end]
        if (self._gone and not lines) or len(self._inbox) > LINE_LIMIT:
            raise Gone
        try:
            messages = [json.loads(line) for line in lines]
        except (ValueError, RecursionError):
            raise Gone from None
        if not all(isinstance(message, list) and message and isinstance(message[0], str) for message in messages):
            raise Gone
        return messages

    def _fill(self) -> None:
        try:
            while not self._gone and len(self._inbox) <= LINE_LIMIT:
                part = self._connection.recv(READ)
                self._gone = not part
                self._inbox += part
        except BlockingIOError:
            pass
        except OSError:
            self._gone = True

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()


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
        listener.bind(_address(handle, path))
        os.chmod(path, 0o600)
        listener.listen(64)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    finally:
        os.close(handle)
    return listener


def connect(path: str) -> Peer | None:
    """A connection to who listens there; None when nobody does."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        handle = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            connection.connect(_address(handle, path))
        finally:
            os.close(handle)
    except OSError:
        connection.close()
        return None
    return Peer(connection)


def _address(folder: int, path: str) -> str:
    """An address has 108 bytes at most, whatever the path: by the open folder, where there is /proc."""
    if os.path.isdir("/proc/self/fd"):
        return f"/proc/self/fd/{folder}/{os.path.basename(path)}"
    return path
