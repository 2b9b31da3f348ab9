"""A disk that forgets: what was written is seen by all at once, and what was not synced may be gone after a power cut.

Content is durable by fsync of the file, names by fsync of their directory, as POSIX promises and no more. A rename is
one step. Knows no process and no descriptor.
"""

from __future__ import annotations

import random
import stat
from collections.abc import Callable

DEVICE = 7


class Node:
    """What a name leads to."""

    __slots__ = ("ino", "links", "listener", "lock", "mode", "mtime")

    def __init__(self, ino: int, mode: int, mtime: int) -> None:
        self.ino, self.mode, self.mtime, self.links = ino, mode, mtime, 1
        self.lock: object | None = None  # the open file that holds it
        self.listener: object | None = None  # who listens, where this is a socket


class File(Node):
    """`synced` is what a power cut cannot take."""

    __slots__ = ("data", "synced", "synced_mtime")

    def __init__(self, ino: int, mode: int, mtime: int) -> None:
        super().__init__(ino, stat.S_IFREG | mode, mtime)
        self.data, self.synced, self.synced_mtime = bytearray(), b"", mtime


class Folder(Node):
    """`durable` are the names as they are known to be on the platter."""

    __slots__ = ("durable", "entries")

    def __init__(self, ino: int, mode: int, mtime: int) -> None:
        super().__init__(ino, stat.S_IFDIR | mode, mtime)
        self.entries: dict[str, Node] = {}
        self.durable: dict[str, Node] = {}


Change = tuple[Folder, str, Node | None]
Step = tuple[Change, ...]


class Stat:
    """As os.stat_result, as far as anybody asks."""

    __slots__ = ("st_blocks", "st_dev", "st_ino", "st_mode", "st_mtime_ns", "st_nlink", "st_size")
    st_uid = st_gid = 1000

    def __init__(self, node: Node) -> None:
        self.st_dev, self.st_ino, self.st_mode, self.st_nlink = DEVICE, node.ino, node.mode, node.links
        self.st_mtime_ns = node.mtime
        self.st_size = len(node.data) if isinstance(node, File) else 0
        self.st_blocks = (self.st_size + 511) // 512


class Disk:
    """One file system. `careful`: an fsync of anything makes all names durable, as ext4 does; else only its own."""

    def __init__(self, wall: Callable[[], float], careful: bool) -> None:
        self._wall, self.careful = wall, careful
        self._ino = 1
        self.root = Folder(1, 0o755, 0)
        self.full = False
        self.syncs_fail = 0  # so many of the next syncs fail
        self._steps: list[Step] = []  # changes of names that no sync has covered

    def stamp(self) -> int:
        return int(self._wall() * 1e9)

    def file(self, mode: int) -> File:
        self._ino += 1
        return File(self._ino, mode, self.stamp())

    def folder(self, mode: int) -> Folder:
        self._ino += 1
        return Folder(self._ino, mode, self.stamp())

    def change(self, *changes: Change) -> None:
        """Names come, go and are exchanged in one step, seen at once."""
        now = self.stamp()
        for folder, name, node in changes:
            if node is None:
                folder.entries.pop(name, None)
            else:
                folder.entries[name] = node
            folder.mtime = now
        self._steps.append(changes)

    def sync(self, node: Node) -> bool:
        """fsync; False when it failed, and what had been written since the last one is gone: some file systems show it
        until the memory is needed, and nobody can tell."""
        if self.syncs_fail:
            self.syncs_fail -= 1
            if isinstance(node, File):
                node.data[:], node.mtime = node.synced, node.synced_mtime
            return False
        if isinstance(node, File):
            node.synced, node.synced_mtime = bytes(node.data), node.mtime
        elif isinstance(node, Folder):
            self._settle(lambda folder: folder is node)
        if self.careful:
            self._settle(lambda _: True)
        return True

    def _settle(self, wanted: Callable[[Folder], bool]) -> None:
        """Make durable the steps that touch such a folder, and those before them that touch the same names."""
        keys: set[tuple[int, str]] = set()
        chosen: list[Step] = []
        kept: list[Step] = []
        for step in reversed(self._steps):
            own = [(folder.ino, name) for folder, name, _ in step]
            if keys.intersection(own) or any(wanted(folder) for folder, _, _ in step):
                keys.update(own)
                chosen.append(step)
            else:
                kept.append(step)
        self._steps = kept[::-1]
        for step in reversed(chosen):
            _persist(step)

    def cut(self, rng: random.Random) -> None:
        """The power goes. Of what was not synced each piece is there, or is not, or is there in part."""
        lost: set[tuple[int, str]] = set()
        survival = rng.choice([0.0, 0.3, 0.7, 1.0])
        for step in self._steps:
            own = [(folder.ino, name) for folder, name, _ in step]
            if rng.random() < survival and not lost.intersection(own):
                _persist(step)
            else:
                lost.update(own)
        self._steps = []
        self._restore(self.root, rng, set())

    def _restore(self, folder: Folder, rng: random.Random, seen: set[int]) -> None:
        folder.entries = dict(folder.durable)
        folder.lock = folder.listener = None
        for node in folder.entries.values():
            if node.ino in seen:
                continue
            seen.add(node.ino)
            node.lock = node.listener = None
            if isinstance(node, Folder):
                self._restore(node, rng, seen)
            elif isinstance(node, File):
                _tear(node, rng)


def _persist(step: Step) -> None:
    for folder, name, node in step:
        if node is None:
            folder.durable.pop(name, None)
        else:
            folder.durable[name] = node


def _tear(file: File, rng: random.Random) -> None:
    """Unsynced content: the old, the new, a piece of the new, or zeros where the new should be."""
    if bytes(file.data) != file.synced:
        fate = rng.choice(["old", "new", "part", "zeros"])
        if fate == "old":
            file.data, file.mtime = bytearray(file.synced), file.synced_mtime
        elif fate != "new":
            grown = file.data[: len(file.synced)] == file.synced
            keep = rng.randint(len(file.synced) if grown else 0, max(len(file.data), len(file.synced) if grown else 0))
            rest = bytes(len(file.data) - keep) if fate == "zeros" else b""
            file.data = file.data[:keep] + rest
    file.synced, file.synced_mtime = bytes(file.data), file.mtime
