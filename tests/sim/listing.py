"""What the virtual system shows of names and whole files: os.path, os.scandir and the builtin open.

Asks the system for everything; knows no kernel.
"""

from __future__ import annotations

import io
import os
import posixpath
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tests.sim.disk import File, Folder, Node, Stat

if TYPE_CHECKING:
    from tests.sim.system import System


class Entry:
    """As os.DirEntry."""

    __slots__ = ("name", "node", "path")

    def __init__(self, name: str, node: Node, above: str) -> None:
        self.name, self.node, self.path = name, node, f"{above}/{name}"

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return isinstance(self.node, Folder)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return isinstance(self.node, File)

    def is_symlink(self) -> bool:
        return False

    def stat(self, *, follow_symlinks: bool = True) -> Stat:
        return Stat(self.node)


class Listing(list[Entry]):
    """As the iterator of os.scandir."""

    def __enter__(self) -> Iterator[Entry]:
        return iter(self)

    def __exit__(self, *exc: object) -> None:
        pass

    def close(self) -> None:
        pass


class Paths:
    """As os.path: names are taken apart as ever, and what is there is asked of the kernel."""

    def __init__(self, system: System) -> None:
        self._system = system

    def __getattr__(self, name: str) -> Any:
        return getattr(posixpath, name)

    def _node(self, path: str) -> Node | None:
        try:
            return self._system.node(path, None)
        except OSError:
            return None

    def exists(self, path: str) -> bool:
        return self._node(path) is not None

    lexists = exists

    def isdir(self, path: str) -> bool:
        return path == "/proc/self/fd" or isinstance(self._node(path), Folder)

    def isfile(self, path: str) -> bool:
        return isinstance(self._node(path), File)

    def islink(self, path: str) -> bool:
        return False

    def realpath(self, path: str) -> str:
        return posixpath.normpath(path)

    def getsize(self, path: str) -> int:
        return self._system.stat(path).st_size


def opener(system: System) -> Callable[..., Any]:
    """The builtin `open` of this world: whole files."""

    def opened(
        path: str | int, mode: str = "r", encoding: str | None = None, errors: str | None = None, **_: Any
    ) -> Any:
        reads = "r" in mode
        flags = os.O_RDONLY if reads else os.O_WRONLY | os.O_CREAT | (os.O_APPEND if "a" in mode else os.O_TRUNC)
        handle = path if isinstance(path, int) else system.open(path, flags, 0o666)
        if reads:
            try:
                content = system.read(handle, 1 << 30)
            finally:
                system.close(handle)
            return (
                io.BytesIO(content)
                if "b" in mode
                else io.StringIO(content.decode(encoding or "utf-8", errors or "strict"))
            )
        return Written(system, handle, encoding or "utf-8", errors or "strict")

    return opened


class Written:
    """A text or binary file open for writing; written through at once."""

    def __init__(self, system: System, handle: int, encoding: str, errors: str) -> None:
        self._system, self._handle, self._encoding, self._errors = system, handle, encoding, errors

    def __enter__(self) -> Written:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def write(self, text: str | bytes) -> int:
        content = text if isinstance(text, bytes) else text.encode(self._encoding, self._errors)
        while content:
            content = content[self._system.write(self._handle, content) :]
        return len(text)

    def writelines(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        pass

    def fileno(self) -> int:
        return self._handle

    def close(self) -> None:
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            self._system.close(handle)
