"""A connection of a keeper: bytes in until there are whole lines, and lines out as far as the peer reads.

Standard library only: it is carried beside the keeper. Knows no message.
"""

from __future__ import annotations

import os

PART = 4096  # bytes read in one turn: what ends meanwhile is not to wait behind a hundred orders
LINE_LIMIT = 1 << 26  # bytes without a newline after which a peer is taken for a stranger


class Connection:
    """A peer on the socket: bytes in until whole lines, lines out as far as the peer reads."""

    def __init__(self, handle: int) -> None:
        self.handle, self._inbox, self.outbox, self.closing = handle, bytearray(), bytearray(), False
        os.set_blocking(handle, False)

    def lines(self) -> list[str] | None:
        """The complete lines there are now; None when the peer is gone or sends what is no line of ours."""
        try:
            part = os.read(self.handle, PART)
        except BlockingIOError:
            return []
        except OSError:
            return None
        seen = len(self._inbox)
        self._inbox += part
        end = self._inbox.rfind(b"\n", seen) + 1
        if not part or (not end and len(self._inbox) > LINE_LIMIT):
            return None
        whole = bytes(self._inbox[:end])
        del self._inbox[:end]
        try:
            return whole.decode("ascii").split("\n")[:-1]
        except UnicodeDecodeError:
            return None

    def flush(self) -> bool:
        """False when the peer is gone."""
        try:
            while self.outbox:
                del self.outbox[: os.write(self.handle, self.outbox[: 1 << 18])]
        except BlockingIOError:
            pass
        except OSError:
            return False
        return not (self.closing and not self.outbox)
