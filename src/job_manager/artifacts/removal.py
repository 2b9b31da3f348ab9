"""Removing trees of any depth with a handful of descriptors, never through a link and never outside.

A subdirectory that holds anything is not entered but lifted up beside its parent, so depth costs neither stack nor
descriptors (the standard library's rmtree gives up on a tree 5,000 deep). Knows nothing of artifacts.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable

from job_manager.artifacts.folders import DIRECTORY, opened, unlock

HOLDER = ".removing-"
ROUNDS = 8  # a process that outlived its attempt may still be writing


def remove(root: str, names: Iterable[str]) -> None:
    """Remove what stands under `names` in the directory `root`, whatever it is. A missing one is no error.

    Everything is first renamed into a holder of this call's own, so that it is gone at once. Raises OSError, the first
    of what could not be removed, when the rest is gone.
    """
    try:
        top = _open(root, None)
    except FileNotFoundError:
        return
    try:
        _remove(root, top, names)
    finally:
        os.close(top)


def _remove(root: str, top: int, names: Iterable[str]) -> None:
    own = HOLDER + os.urandom(4).hex()
    with opened(root, own, create=True) as holder:
        for number, name in enumerate(names):
            _move(name, top, str(number), holder)
        failed = _empty(holder)
    if failed is not None:
        raise failed
    os.rmdir(own, dir_fd=top)


def left_over(root: str) -> list[str]:
    """The holders in `root` that a crash, or a failed removal, left behind."""
    try:
        return [name for name in os.listdir(root) if name.startswith(HOLDER)]
    except FileNotFoundError:
        return []


def remove_tree(root: str) -> None:
    """Remove the directory `root` with everything in it. A missing one is no error; a link raises ENOTDIR or ELOOP."""
    try:
        top = _open(root, None)
    except FileNotFoundError:
        return
    try:
        failed = _empty(top)
    finally:
        os.close(top)
    if failed is not None:
        raise failed
    os.rmdir(root)


def _empty(holder: int) -> OSError | None:
    """Empty the directory; the first error of what would not go, or None."""
    sweep = Sweep(holder)
    waiting = sweep.clear(holder)
    while waiting:
        name = waiting.pop()
        waiting.extend(sweep.take_down(name))
    return sweep.failed


class Sweep:
    """One emptying of the directory `holder`: counts the names it gives and keeps the first error."""

    def __init__(self, holder: int) -> None:
        self.holder = holder
        self.token = os.urandom(4).hex()
        self.lifted = 0
        self.failed: OSError | None = None

    def take_down(self, name: str) -> list[str]:
        """Remove the directory `name` of the holder; the directories that were in it now stand in the holder."""
        lifted: list[str] = []
        for _ in range(ROUNDS):
            try:
                inside = _open(name, self.holder)
                try:
                    lifted += self.clear(inside)
                finally:
                    os.close(inside)
                os.rmdir(name, dir_fd=self.holder)
                return lifted
            except FileNotFoundError:
                return lifted
            except OSError as error:
                if error.errno != errno.ENOTEMPTY:
                    self.failed = self.failed or error
                    return lifted
        self.failed = self.failed or OSError(errno.ENOTEMPTY, "somebody keeps writing into it", name)
        return lifted

    def clear(self, directory: int) -> list[str]:
        """Unlink the files of `directory` and lift its directories; their names in the holder."""
        # Read to the end first: what a listing shows while entries vanish differs between file systems.
        with os.scandir(directory) as listing:
            entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in listing]
        lifted = []
        for name, is_directory in entries:
            try:
                if not is_directory:
                    os.unlink(name, dir_fd=directory)
                elif not _is_gone(name, directory):
                    lifted.append(self._lift(name, directory))
            except FileNotFoundError:
                continue
            except OSError as error:
                self.failed = self.failed or error
        return lifted

    def _lift(self, name: str, directory: int) -> str:
        if directory == self.holder:
            return name
        self.lifted += 1
        higher = f".{self.token}.{self.lifted}"
        _move(name, directory, higher, self.holder)
        return higher


def _is_gone(name: str, directory: int) -> bool:
    """Whether an empty directory could be removed at once, as most of what an attempt leaves can."""
    try:
        os.rmdir(name, dir_fd=directory)
        return True
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise
        return False  # it holds something; what else may be wrong shows when it is lifted


def _open(name: str, directory: int | None) -> int:
    try:
        handle = os.open(name, DIRECTORY, dir_fd=directory)
    except PermissionError:
        unlock(name, directory)
        handle = os.open(name, DIRECTORY, dir_fd=directory)
    if os.fstat(handle).st_mode & 0o700 != 0o700:
        os.fchmod(handle, 0o700)
    return handle


def _move(name: str, source: int, higher: str, target: int) -> None:
    try:
        os.rename(name, higher, src_dir_fd=source, dst_dir_fd=target)
    except FileNotFoundError:
        return
    except PermissionError:
        # Moving a directory rewrites its "..", so it must itself be writable.
        unlock(name, source)
        os.rename(name, higher, src_dir_fd=source, dst_dir_fd=target)
