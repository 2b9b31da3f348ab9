"""What a keeper keeps of attempts: files that are only appended to, and who is no longer in them.

Standard library only: it is carried beside the keeper. Knows neither what a line says nor when it is written.
"""

from __future__ import annotations

import errno
import os
from array import array


class Record:
    """One append-only file of JSON lines, 0600. A line torn by a full disk is closed off by the next append."""

    def __init__(self, name: str) -> None:
        self._name, self.size, self._torn = name, 0, False
        self._file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def append(self, text: str) -> None:
        blob = (b"\n" if self._torn else b"") + text.encode("ascii")
        written = os.write(self._file, blob)
        self.size, self._torn = self.size + written, written < len(blob)
        if self._torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def rewrite(self, text: str) -> None:
        """Replace the content; in the keeper's own directory."""
        fresh = Record(self._name + ".new")
        try:
            fresh.append(text)
            os.rename(fresh._name, self._name)
        except OSError:
            os.unlink(fresh._name)
            os.close(fresh._file)
            raise
        os.close(self._file)
        self._file, self.size, self._torn = fresh._file, fresh.size, False

    def sync(self) -> None:
        getattr(os, "fdatasync", os.fsync)(self._file)


class Past:
    """Tokens whose exit is journaled: eight bytes each, since a keeper may see millions of them."""

    def __init__(self) -> None:
        self._shelves: dict[int, array[int]] = {}

    def add(self, token: str) -> None:
        number = hash(token)
        self._shelves.setdefault(number & 4095, array("q")).append(number)

    def __contains__(self, token: str) -> bool:
        number = hash(token)
        return number in self._shelves.get(number & 4095, ())
