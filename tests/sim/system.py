"""The faces of the kernel that programs see: os and open, with what they mean to processes, files and descriptors.

What is not here does not exist in this world: asking for it is an AttributeError that names it. Knows no rule of ours.
"""

from __future__ import annotations

import errno
import os
import posixpath
import random
import stat
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.sim.disk import File, Folder, Node, Stat
from tests.sim.kernel import (
    Kernel,
    Open,
    OpenFile,
    OpenFolder,
    OpenText,
    Process,
    Stream,
    Watch,
    failure,
    joined,
)
from tests.sim.listing import Entry, Listing, Paths, Written

PLAIN = (
    *("devnull", "defpath", "strerror", "fsencode", "fsdecode", "waitstatus_to_exitcode", "stat_result", "DirEntry"),
    *("sysconf", "fspath", "sep", "PathLike", "cpu_count", "sched_getaffinity", "WIFSTOPPED", "WSTOPSIG"),
)
NULL = "/dev/null"


class System:
    """As the module os."""

    def __init__(self, kernel: Kernel, rng: random.Random) -> None:
        self._kernel, self._rng = kernel, rng
        self.path = Paths(self)
        self.error = OSError
        self.begin: Callable[[Process, Sequence[str]], None] = lambda *_: None  # what a new process does
        for name in (*PLAIN, *(name for name in dir(os) if name.isupper())):
            setattr(self, name, getattr(os, name))

    # --- itself

    @property
    def environ(self) -> Mapping[str, str]:
        assert self._kernel.current is not None
        return self._kernel.current.environ

    def getpid(self) -> int:
        assert self._kernel.current is not None
        return self._kernel.current.pid

    def geteuid(self) -> int:
        return 1000

    getuid = geteuid

    def getcwd(self) -> str:
        return "/"

    def urandom(self, size: int) -> bytes:
        return self._rng.randbytes(size)

    def umask(self, mask: int) -> int:
        return 0o077

    def chdir(self, path: str) -> None:
        process = self._kernel.enter()
        node = self.node(path, None)
        if not isinstance(node, Folder):
            raise failure(errno.ENOTDIR, path)
        process.folder = node

    def fchdir(self, handle: int) -> None:
        self._kernel.enter().folder = self._folder(handle)

    # --- descriptors

    def _of(self, handle: int) -> Open:
        assert self._kernel.current is not None
        opened = self._kernel.current.files.get(handle)
        if opened is None:
            raise failure(errno.EBADF)
        return opened

    def _folder(self, handle: int | None) -> Folder:
        process = self._kernel.current
        assert process is not None
        if handle is None:
            return process.folder or self._kernel.disk.root
        opened = self._of(handle)
        if not isinstance(opened, OpenFolder):
            raise failure(errno.ENOTDIR)
        return opened.node

    def _file(self, handle: int) -> File:
        opened = self._of(handle)
        if not isinstance(opened, OpenFile):
            raise failure(errno.EINVAL)
        return opened.node

    def close(self, handle: int) -> None:
        process = self._kernel.enter()
        self._of(handle)
        self._kernel.close(process, handle)

    def closerange(self, low: int, high: int) -> None:
        process = self._kernel.enter()
        for handle in [each for each in process.files if low <= each < high]:
            self._kernel.close(process, handle)

    def dup(self, handle: int) -> int:
        return self._kernel.give(self._kernel.enter(), self._of(handle))

    def dup2(self, handle: int, other: int) -> int:
        return self._kernel.give(self._kernel.enter(), self._of(handle), other)

    def pipe(self) -> tuple[int, int]:
        process = self._kernel.enter()
        one, other = joined(self._kernel.room)
        return self._kernel.give(process, one), self._kernel.give(process, other)

    def set_blocking(self, handle: int, blocking: bool) -> None:
        pass

    def set_inheritable(self, handle: int, inheritable: bool) -> None:
        pass

    def fdopen(self, handle: int, mode: str = "r", encoding: str = "utf-8", errors: str = "strict") -> Written:
        assert "w" in mode or "a" in mode
        return Written(self, handle, encoding, errors)

    # --- names

    def node(self, path: str | bytes, dir_fd: int | None) -> Node:
        """What a path leads to. Raises OSError."""
        path = os.fsdecode(path)
        if path.startswith("/proc/self/fd/"):
            opened = self._of(int(path.split("/")[4]))
            assert isinstance(opened, OpenFolder | OpenFile)
            return opened.node
        found = self._kernel.walk(path, self._folder(dir_fd))[2]
        if found is None:
            raise failure(errno.ENOENT, path)
        return found

    def open(self, path: str | bytes, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        process = self._kernel.enter()
        path = os.fsdecode(path)
        if path == NULL:
            return self._kernel.give(process, OpenText(bytes))
        if path.startswith("/proc/"):
            return self._kernel.give(process, OpenText(self._told(path, process)))
        return self._kernel.give(process, self._opened(path, flags, mode, self._folder(dir_fd)))

    def _opened(self, path: str, flags: int, mode: int, start: Folder) -> Open:
        folder, name, node = self._kernel.walk(path, start)
        if node is None:
            if not flags & os.O_CREAT:
                raise failure(errno.ENOENT, path)
            self._room()
            node = self._kernel.disk.file(mode)
            self._kernel.disk.change((folder, name, node))
        elif flags & os.O_EXCL:
            raise failure(errno.EEXIST, path)
        if isinstance(node, Folder):
            if flags & (os.O_WRONLY | os.O_RDWR):
                raise failure(errno.EISDIR, path)
            return OpenFolder(node)
        if flags & os.O_DIRECTORY:
            raise failure(errno.ENOTDIR, path)
        if not isinstance(node, File):
            raise failure(errno.ENXIO, path)
        if flags & os.O_TRUNC:
            del node.data[:]
        return OpenFile(node, bool(flags & os.O_APPEND))

    def _room(self) -> None:
        if self._kernel.disk.full:
            raise failure(errno.ENOSPC)

    def mkdir(self, path: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        self._kernel.enter()
        folder, name, node = self._kernel.walk(path, self._folder(dir_fd))
        if node is not None:
            raise failure(errno.EEXIST, path)
        self._room()
        self._kernel.disk.change((folder, name, self._kernel.disk.folder(mode)))

    def makedirs(self, path: str, mode: int = 0o777, exist_ok: bool = False) -> None:
        above = posixpath.dirname(path)
        if above and above != path and not self.path.isdir(above):
            self.makedirs(above, mode, exist_ok=True)
        try:
            self.mkdir(path, mode)
        except FileExistsError:
            if not exist_ok or not self.path.isdir(path):
                raise

    def unlink(self, path: str, *, dir_fd: int | None = None) -> None:
        self._kernel.enter()
        folder, name, node = self._kernel.walk(path, self._folder(dir_fd))
        if node is None:
            raise failure(errno.ENOENT, path)
        if isinstance(node, Folder):
            raise failure(errno.EISDIR, path)
        node.links -= 1
        self._kernel.disk.change((folder, name, None))

    remove = unlink

    def rmdir(self, path: str, *, dir_fd: int | None = None) -> None:
        self._kernel.enter()
        folder, name, node = self._kernel.walk(path, self._folder(dir_fd))
        if node is None:
            raise failure(errno.ENOENT, path)
        if not isinstance(node, Folder):
            raise failure(errno.ENOTDIR, path)
        if node.entries:
            raise failure(errno.ENOTEMPTY, path)
        self._kernel.disk.change((folder, name, None))

    def rename(self, source: str, target: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        self._kernel.enter()
        before, old, node = self._kernel.walk(source, self._folder(src_dir_fd))
        after, new, standing = self._kernel.walk(target, self._folder(dst_dir_fd))
        if node is None:
            raise failure(errno.ENOENT, source)
        if isinstance(standing, Folder) and standing.entries:
            raise failure(errno.ENOTEMPTY, target)
        self._kernel.disk.change((before, old, None), (after, new, node))

    replace = rename

    def listdir(self, path: str | int = ".") -> list[str]:
        self._kernel.enter()
        if isinstance(path, int):
            return list(self._folder(path).entries)
        if path == "/proc":
            return [str(pid) for pid in self._kernel.processes]
        if path.startswith("/proc/"):
            return [path.split("/")[2]] if int(path.split("/")[2]) in self._kernel.processes else self._gone(path)
        node = self.node(path, None)
        if not isinstance(node, Folder):
            raise failure(errno.ENOTDIR, path)
        return list(node.entries)

    def _gone(self, path: str) -> list[str]:
        raise failure(errno.ENOENT, path)

    def scandir(self, path: str | int = ".") -> Listing:
        self._kernel.enter()
        node = self._folder(path) if isinstance(path, int) else self.node(path, None)
        if not isinstance(node, Folder):
            raise failure(errno.ENOTDIR, path)
        above = "" if isinstance(path, int) else path
        return Listing(Entry(name, each, above) for name, each in node.entries.items())

    def stat(self, path: str | int, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> Stat:
        self._kernel.enter()
        return self.fstat(path) if isinstance(path, int) else Stat(self.node(path, dir_fd))

    def lstat(self, path: str, *, dir_fd: int | None = None) -> Stat:
        return self.stat(path, dir_fd=dir_fd)

    def fstat(self, handle: int) -> Stat:
        opened = self._of(handle)
        if not isinstance(opened, OpenFile | OpenFolder):
            raise failure(errno.EINVAL)
        return Stat(opened.node)

    def access(self, path: str, mode: int) -> bool:
        return path.startswith("/bin/") or self.path.exists(path)

    def chmod(self, path: str | int, mode: int, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> None:
        self._kernel.enter()
        if isinstance(path, int):
            self.fchmod(path, mode)
        else:
            node = self.node(path, dir_fd)
            node.mode = stat.S_IFMT(node.mode) | mode

    def fchmod(self, handle: int, mode: int) -> None:
        opened = self._of(handle)
        assert isinstance(opened, OpenFile | OpenFolder)
        opened.node.mode = stat.S_IFMT(opened.node.mode) | mode

    def getxattr(self, path: str, name: str) -> bytes:
        raise failure(errno.ENODATA, path)

    def statvfs(self, path: str | int) -> Any:
        if isinstance(path, str):
            self.node(path, None)
        room = 0 if self._kernel.disk.full else 1 << 24
        return os.statvfs_result((4096, 4096, 1 << 25, room, room, 1 << 20, 1 << 19, 1 << 19, 0, 255))

    # --- content

    def read(self, handle: int, size: int) -> bytes:
        self._kernel.enter()
        opened = self._of(handle)
        if isinstance(opened, Stream):
            return self._received(opened, size)
        if isinstance(opened, OpenFile | OpenText):
            part = self._content(opened)[opened.at : opened.at + size]
            opened.at += len(part)
            return part
        raise failure(errno.EISDIR)

    def _received(self, stream: Stream, size: int) -> bytes:
        if not stream.inbox:
            if stream.ended:
                return b""
            raise failure(errno.EAGAIN)
        part = bytes(stream.inbox[:size])
        del stream.inbox[:size]
        return part

    def _content(self, opened: OpenFile | OpenText) -> bytes:
        return opened.make() if isinstance(opened, OpenText) else bytes(opened.node.data)

    def pread(self, handle: int, size: int, offset: int) -> bytes:
        self._kernel.enter()
        opened = self._of(handle)
        assert isinstance(opened, OpenFile | OpenText)
        return self._content(opened)[offset : offset + size]

    def write(self, handle: int, content: bytes) -> int:
        self._kernel.enter()
        opened = self._of(handle)
        if isinstance(opened, Stream):
            return self._kernel.put(opened, bytes(content))
        if isinstance(opened, OpenText):
            return len(content)
        assert isinstance(opened, OpenFile)
        at = len(opened.node.data) if opened.append else opened.at
        written = self._put(opened.node, content, at)
        opened.at = at + written
        return written

    def pwrite(self, handle: int, content: bytes, offset: int) -> int:
        self._kernel.enter()
        return self._put(self._file(handle), content, offset)

    def _put(self, node: File, content: bytes, at: int) -> int:
        if self._kernel.disk.full and at + len(content) > len(node.data):
            room = self._rng.choice([0, 0, len(content) // 2])  # what is left of the last block
            if not room:
                raise failure(errno.ENOSPC)
            content = content[:room]
        node.data[len(node.data) :] = bytes(max(0, at - len(node.data)))
        node.data[at : at + len(content)] = content
        node.mtime = self._kernel.disk.stamp()
        return len(content)

    def ftruncate(self, handle: int, size: int) -> None:
        self._kernel.enter()
        node = self._file(handle)
        del node.data[size:]
        node.data.extend(bytes(size - len(node.data)))
        node.mtime = self._kernel.disk.stamp()

    def lseek(self, handle: int, offset: int, whence: int) -> int:
        opened = self._of(handle)
        assert isinstance(opened, OpenFile)
        base = {os.SEEK_SET: 0, os.SEEK_CUR: opened.at, os.SEEK_END: len(opened.node.data)}[whence]
        opened.at = base + offset
        return opened.at

    def fsync(self, handle: int) -> None:
        self._kernel.enter()
        opened = self._of(handle)
        assert isinstance(opened, OpenFile | OpenFolder)
        if not self._kernel.disk.sync(opened.node):
            raise failure(errno.EIO)

    fdatasync = fsync

    # --- processes

    def posix_spawn(
        self,
        path: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        file_actions: Sequence[tuple[Any, ...]] = (),
        setsid: bool = False,
        setpgroup: int | None = None,
        setsigmask: object = (),
        setsigdef: object = (),
    ) -> int:
        parent = self._kernel.enter()
        opened = [self._for_child(act) for act in file_actions]
        child = self._kernel.spawn(parent.pid, dict(env))
        child.folder = parent.folder
        if not setsid:
            child.session, child.group = parent.session, parent.group
        for act, found in zip(file_actions, opened, strict=True):
            source = child.files.get(act[1]) or parent.files.get(act[1])
            if found is not None:
                self._kernel.give(child, found, act[1])
            elif source is not None:
                self._kernel.give(child, source, act[2])
        self.begin(child, argv)
        return child.pid

    def _for_child(self, act: tuple[Any, ...]) -> Open | None:
        if act[0] != os.POSIX_SPAWN_OPEN:
            return None
        return OpenText(bytes) if act[2] == NULL else self._opened(act[2], act[3], act[4], self._kernel.disk.root)

    def kill(self, pid: int, number: int) -> None:
        self._kernel.enter()
        process = self._kernel.processes.get(pid)
        if process is None:
            raise failure(errno.ESRCH)
        self._kernel.signal(process, number)

    def killpg(self, group: int, number: int) -> None:
        self._kernel.enter()
        members = [each for each in self._kernel.processes.values() if each.group == group]
        if not members:
            raise failure(errno.ESRCH)
        for each in members:
            self._kernel.signal(each, number)

    def pidfd_open(self, pid: int, flags: int = 0) -> int:
        process = self._kernel.enter()
        found = self._kernel.processes.get(pid)
        if found is None:
            raise failure(errno.ESRCH)
        return self._kernel.give(process, Watch(found))

    def waitpid(self, pid: int, options: int) -> tuple[int, int]:
        return self.wait4(pid, options)[:2]

    def wait4(self, pid: int, options: int) -> tuple[int, int, Any]:
        process = self._kernel.enter()
        mine = [each for each in self._kernel.children_of(process.pid) if pid in (-1, each.pid)]
        if not mine:
            raise failure(errno.ECHILD)
        if not options & os.WNOHANG:
            self._kernel.block(lambda: any(not each.alive for each in mine), None)
        gone = next((each for each in mine if not each.alive), None)
        if gone is None:
            return 0, 0, Usage
        del self._kernel.processes[gone.pid]
        return gone.pid, gone.status or 0, Usage

    def _told(self, path: str, process: Process) -> Callable[[], bytes]:
        """What a file of /proc says. Raises OSError."""
        if path == "/proc/sys/kernel/random/boot_id":
            return self._kernel.boot_id.encode
        words = path.split("/")
        pid = process.pid if words[2] == "self" else int(words[2]) if words[2].isdigit() else -1
        about = self._kernel.processes.get(pid)
        if about is None or words[-1] not in ("stat", "environ", "children"):
            raise failure(errno.ENOENT, path)
        if words[-1] == "stat":
            return lambda: _stat(about)
        if words[-1] == "environ":
            return lambda: b"".join(f"{name}={value}\0".encode() for name, value in about.environ.items())
        return lambda: " ".join(str(each.pid) for each in self._kernel.children_of(about.pid)).encode()


class Usage:
    """As resource.struct_rusage: what an attempt has used does not matter here."""

    ru_utime = ru_stime = 0.0
    ru_maxrss = 4096


def _stat(process: Process) -> bytes:
    state = "Z" if not process.alive else "T" if process.stopped else "S"
    head = f"{process.pid} (a (b) c) {state} {process.parent} {process.group} {process.session} "
    return (head + "0 " * 15 + f"{process.ticks} 0 0\n").encode()
