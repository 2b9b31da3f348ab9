"""A local socket as messages: one JSON array a line, in both directions, never blocking. Knows no message."""

from __future__ import annotations

import json
import os

from job_manager.model.hints import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
else:
    try:  # the C half is all that is needed; the Python one brings selectors and enums
        import _socket as socket
    except ImportError:
        import socket

READ = 1 << 18
NO_LIMIT = 1 << 62


class Gone(Exception):
    """The other side has closed the connection, or sends what is no message."""


class Lines:
    """One connection. Read when `fileno()` is readable; call `flush` when it is writable and `wants_write`. What the
    other side does not take yet waits in a buffer, and only whole lines come out. `limit`: the bytes without a newline
    after which it is taken for a stranger."""

    def __init__(self, connection: socket.socket, limit: int = NO_LIMIT) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._limit = limit
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
        self.put(*message)
        self.flush()

    def put(self, *message: Any) -> None:
        """Have a message ready to be sent."""
        self._outbox += json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"

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
        if (self._gone and not lines) or len(self._inbox) > self._limit:
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
            while not self._gone and len(self._inbox) <= self._limit:
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


def dial(connection: socket.socket, path: str) -> None:
    """Connect to a socket although its path may be longer than an address (108 bytes) can be. Raises OSError."""
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if os.path.isdir("/proc/self/fd"):
            connection.connect(address(folder, path))
        else:
            _dial_by_link(connection, path)
    finally:
        os.close(folder)


def address(folder: int, path: str) -> str:
    """The path by its open folder, where there is /proc."""
    return f"/proc/self/fd/{folder}/{os.path.basename(path)}" if os.path.isdir("/proc/self/fd") else path


def _dial_by_link(connection: socket.socket, path: str) -> None:
    import tempfile  # only where there is no /proc

    with tempfile.TemporaryDirectory(prefix="jm-") as short:
        os.symlink(os.path.abspath(os.path.dirname(path)), f"{short}/k")
        connection.connect(f"{short}/k/{os.path.basename(path)}")
