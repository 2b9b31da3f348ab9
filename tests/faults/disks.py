"""A small file system of its own for a test, which can be filled and emptied: a tmpfs, where that can be mounted."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Disk:
    """A file system of `size` bytes at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._balloon = path / "balloon"

    @property
    def free(self) -> int:
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def fill(self, leave: int = 0) -> None:
        """Take all that is free but `leave` bytes."""
        with self._balloon.open("ab") as balloon:
            size = balloon.tell() + max(0, self.free - leave)
            os.posix_fallocate(balloon.fileno(), 0, max(1, size // 4096 * 4096))

    def clear(self) -> None:
        """Give all of it back."""
        self._balloon.unlink()


@contextmanager
def mounted(path: Path, size: str = "8m", **options: object) -> Iterator[Disk]:
    """A tmpfs at a folder that is made for it. Skips where that is not allowed."""
    path.mkdir()
    words = ",".join([f"size={size}", *(f"{name}={value}" for name, value in options.items())])
    mount = ["mount", "-t", "tmpfs", "-o", words, "none", str(path)]
    done = subprocess.run(mount, capture_output=True) if shutil.which("mount") else None
    if done is None or done.returncode:
        pytest.skip("a tmpfs of its own cannot be mounted here")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)
