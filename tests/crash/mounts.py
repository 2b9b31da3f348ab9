"""File systems of a test's own: small ones, to be filled, and such as can be made read-only. Knows no journal."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A tmpfs with these options at the folder; skips, with the reason, where none may be mounted."""
    folder.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"mode=700,{options}", "none", str(folder)]
    done = subprocess.run(words, capture_output=True) if shutil.which("mount") else None
    if done is None or done.returncode:
        pytest.skip("a tmpfs of its own cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, how: str) -> None:
    """`ro` or `rw`."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    """A file that takes all room but so many bytes."""
    balloon = folder / "balloon"
    with open(balloon, "wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(1 << 16))
        except OSError:
            pass
        size = 1 << 12
        try:
            while True:
                stream.write(bytes(size))
        except OSError:
            pass
        stream.truncate(max(0, stream.tell() - leave))
    return balloon
