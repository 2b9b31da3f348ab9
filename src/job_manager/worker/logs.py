"""The logs of children while these live: bounded on disk, and empty ones in advance for those that may print nothing.

Standard library only: it is carried beside the keeper. Knows no queue, no order and no word of what is printed.
"""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from job_manager.worker.child import Attempt

if TYPE_CHECKING or __package__:
    from job_manager.worker.child import LOG_FLAGS
    from job_manager.worker.processes import complain
else:
    from child import LOG_FLAGS
    from processes import complain

LOG_CAP = 64 << 20  # bytes of a log on disk: what is longer keeps its head and its last half of that
LOG_HEAD = 1 << 20
BLOCK = 4096


class Logs:
    """Bounds the logs on disk. Children write them directly, so the middle of one that is too long is given back to the
    file system as a hole: its size and what is appended stay as they are, and nobody has to read along."""

    def __init__(self, cap: int) -> None:
        self.cap = cap

    def bound(self, attempt: Attempt) -> int:
        """How many bytes there are, -1 where that is not known."""
        printed = 0
        for path in attempt.logs:
            try:
                log = os.stat(path)
                printed += log.st_size
                if log.st_blocks * 512 > self.cap:
                    self._shorten(path)
            except FileNotFoundError:
                pass  # it has printed nothing
            except (OSError, ValueError):
                return -1  # a file system without holes: then it is as long as it is
        return printed

    def _shorten(self, path: str) -> None:
        handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            head = min(LOG_HEAD, self.cap // 4) // BLOCK * BLOCK
            end = (os.fstat(handle).st_size - self.cap // 2) // BLOCK * BLOCK
            if end <= head + BLOCK:
                return
            self._give_back(handle, head + BLOCK, end - head - BLOCK)
            text = b"\n[... %d bytes were dropped here, the log was too long ...]" % (end - head - BLOCK)
            os.pwrite(handle, text.ljust(BLOCK - 1) + b"\n", head)
        finally:
            os.close(handle)

    def _give_back(self, handle: int, start: int, length: int) -> None:
        import ctypes  # already loaded where this process is a subreaper

        libc = ctypes.CDLL(None, use_errno=True)
        keep_size_punch_hole = 0x01 | 0x02
        if libc.fallocate(handle, keep_size_punch_hole, ctypes.c_int64(start), ctypes.c_int64(length)):
            raise OSError(ctypes.get_errno(), "fallocate")


class Spares:
    """Empty logs for children to come, in the keeper's directory. Most children print nothing, and to make a file for
    each costs half as much as the child itself. What was written to gets its name at the end, and what a child that
    lives on may write to, a moment after its start."""

    def __init__(self, home: int) -> None:
        self._home = home
        self._free: list[tuple[int, str]] = []
        self._folders: set[str] = set()
        self._serial = 0
        self._usable = True

    def will_do(self, log: str) -> bool:
        """Whether this log could get its name that way; what somebody puts there meanwhile is found at the end."""
        folder = log.rpartition("/")[0]
        return not os.path.lexists(log) and (folder in self._folders or self._is_folder(folder))

    def take(self) -> tuple[int, str] | None:
        """An open file and its name; None where none can be had: the child opens its own then."""
        if not self._usable:
            return None
        if self._free:
            return self._free.pop()
        self._serial += 1
        name = f"log-{self._serial}"
        try:
            return os.open(name, LOG_FLAGS | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=self._home), name
        except OSError:
            return None  # what is wrong shows when the child's own log is opened

    def _is_folder(self, path: str) -> bool:
        fits = os.access(path, os.W_OK | os.X_OK)
        if fits:
            self._folders = {path}  # the next one is mostly in the same
        return fits

    def give_name(self, attempt: Attempt) -> None:
        """Its log is where everybody looks for it."""
        assert attempt.spare is not None
        handle, name = attempt.spare
        try:
            if os.path.lexists(attempt.logs[0]):  # somebody has written to where JM_LOG points
                return
            os.rename(name, attempt.logs[0], src_dir_fd=self._home)
        except OSError as error:
            self._usable = self._usable and error.errno != errno.EXDEV
            return
        os.close(handle)
        attempt.spare, attempt.named = None, True

    def settle(self, attempt: Attempt) -> None:
        """Its child has ended, and all that this has started: what nobody has written to serves the next one, or is
        taken away."""
        if attempt.spare is None:
            self._take_away(attempt.logs[0])
            return
        if os.fstat(attempt.spare[0]).st_size:
            self.give_name(attempt)
            if attempt.spare is not None:
                self._append(attempt.spare, attempt.logs[0])
        if attempt.spare is not None:
            self._free.append(attempt.spare)
            attempt.spare = None

    def _take_away(self, log: str) -> None:
        try:
            if not os.stat(log).st_size:
                os.unlink(log)
        except OSError:
            pass  # it is gone already

    def _append(self, spare: tuple[int, str], path: str) -> None:
        handle, name = spare
        try:
            source = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._home)
            target = os.open(path, LOG_FLAGS | os.O_CLOEXEC, 0o600)
            while part := os.read(source, 1 << 20):
                os.write(target, part)
            os.close(source)
            os.close(target)
        except OSError as error:
            complain(f"the log {path} cannot be written", error)
        os.ftruncate(handle, 0)
