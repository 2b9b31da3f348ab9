"""Bytes from one open file to another by the cheapest way the file system offers, and files put in place by rename.

Shares blocks when it can, keeps holes, never follows a link. Knows nothing of artifacts or of the store's folders.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator

from job_manager.artifacts.folders import READING
from job_manager.model.hints import TYPE_CHECKING
from job_manager.model.record import NamedTuple

if TYPE_CHECKING:
    from job_manager.artifacts.settling import Steps

FICLONE = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int)
PIECE = 1 << 20
HEX = frozenset("0123456789abcdef")
# What a kernel or file system says that cannot copy in the kernel between these two files.
NO_RANGE = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF})


def clone(source: int, target: int) -> bool:
    """Make `target` share the blocks of `source`; False when this file system cannot."""
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError:
        return False
    return True


def copy(source: int, target: int) -> None:
    """The content of `source` into the empty file `target`; holes stay holes. Raises OSError."""
    if clone(source, target):
        return
    size = os.fstat(source).st_size
    for start, end in _extents(source, size):
        _copy_range(source, target, start, end)
    os.ftruncate(target, size)


def _extents(handle: int, size: int) -> Iterator[tuple[int, int]]:
    start = 0
    while start < size:
        try:
            begin = os.lseek(handle, start, os.SEEK_DATA)
            end = os.lseek(handle, begin, os.SEEK_HOLE)
        except OSError as error:
            if error.errno != errno.ENXIO:  # ENXIO: only a hole is left
                yield start, size
            return
        yield begin, min(end, size)
        start = end


def _copy_range(source: int, target: int, start: int, end: int) -> None:
    in_kernel = True
    while start < end:
        if in_kernel:
            try:
                moved = os.copy_file_range(source, target, end - start, start, start)
            except OSError as error:
                if error.errno not in NO_RANGE:
                    raise
                in_kernel = False
                continue
        else:
            moved = os.pwrite(target, os.pread(source, min(PIECE, end - start), start), start)
        if not moved:
            raise OSError(errno.EIO, "the file became shorter while it was copied")
        start += moved


def temporary_name(tag: str = "") -> str:
    """A name for something on its way to its own. `tag`, up to eight hexadecimal digits, tells whose it is."""
    return f".jm-{tag}{os.urandom(8).hex()[len(tag) :]}"


def is_temporary(name: str) -> bool:
    """Whether this is such a name: a crash may leave one behind."""
    return len(name) == 20 and name.startswith(".jm-") and set(name[4:]) <= HEX


def fresh(directory: int, mode: int = 0o600, tag: str = "") -> tuple[str, int]:
    """A new empty file in `directory` under a name nobody has: (name, descriptor). `mode` is cut by the umask."""
    while True:
        name = temporary_name(tag)
        try:
            return name, os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode, dir_fd=directory)
        except FileExistsError:
            continue


def discard(name: str, directory: int) -> None:
    """Remove the file or link `name`; one that is not there is no error."""
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        pass


class Content(NamedTuple):
    """What is in an open file."""

    handle: int

    def settle(self) -> None:
        """Have it outlive a power cut. Raises OSError."""
        os.fsync(self.handle)


def place(source: int, target: int, name: str, mode: int) -> Steps[os.stat_result]:
    """Move the regular file `name` from directory `source` to directory `target`, durable and with `mode`.

    It is renamed. A file with further hard links, or on another file system, is copied instead, so that what is in
    the store has one name and nobody else's mode is touched. Raises OSError; the directories are the caller's to fsync.
    """
    handle = os.open(name, READING, dir_fd=source)
    try:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        if before.st_nlink == 1:
            _allow(handle, mode)
            yield [Content(handle)]
            if _renamed(source, target, name):
                return _same(os.fstat(handle), target, name)
        after = yield from _copied(handle, target, name, mode)
        discard(name, source)
        return after
    finally:
        os.close(handle)


def _renamed(source: int, target: int, name: str) -> bool:
    try:
        os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
    except OSError as error:
        if error.errno == errno.EXDEV:
            return False
        raise
    return True


def _allow(handle: int, mode: int) -> None:
    try:
        os.fchmod(handle, mode)
    except PermissionError:
        pass  # written by a container as another user: it is kept as it is


def _same(moved: os.stat_result, target: int, name: str) -> os.stat_result:
    # Between the look and the rename somebody may have put another file or a link under that name.
    found = os.stat(name, dir_fd=target, follow_symlinks=False)
    if (found.st_dev, found.st_ino) != (moved.st_dev, moved.st_ino):
        discard(name, target)
        raise OSError(errno.EINVAL, "the file was exchanged while it was published")
    return moved


def _copied(handle: int, target: int, name: str, mode: int) -> Steps[os.stat_result]:
    temporary, copied = fresh(target)
    try:
        copy(handle, copied)
        _allow(copied, mode)
        yield [Content(copied)]
        os.rename(temporary, name, src_dir_fd=target, dst_dir_fd=target)
        return os.fstat(copied)
    except OSError:
        discard(temporary, target)
        raise
    finally:
        os.close(copied)
