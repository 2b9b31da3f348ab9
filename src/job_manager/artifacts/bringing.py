"""A person's own input file under the name the actions know it by: blocks shared when possible, else a link to it.

Never a hard link: chmod or writing through one would reach the person's file. Knows nothing of jobs.
"""

from __future__ import annotations

import os
import stat

from job_manager.artifacts.copying import clone, discard, fresh, temporary_name
from job_manager.artifacts.identity import Identity, identity, of_stat
from job_manager.artifacts.outputs import shape
from job_manager.model.errors import InputError


def readable(path: str) -> str:
    """Why the file at `path` cannot be a job's input, as a sentence; "" when it can."""
    try:
        # Looked at before it is opened: opening a device or a pipe can do things.
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            return _no_file(path, mode)
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except OSError as error:
        return f"input file {path}: {error.strerror}"
    return ""


def _no_file(path: str, mode: int) -> str:
    advice = "; save what it gives to a file first" if stat.S_ISFIFO(mode) else ""
    return f"input file {path} is {shape(mode)}, not a regular file{advice}"


def bring_in(inputs: int, name: str, source: str) -> Identity:
    """Make `name` in the open directory `inputs` stand for the file at the absolute path `source`; its identity.

    Doing it again changes nothing unless the source has changed. Raises InputError when it is no readable regular file.
    """
    wrong = readable(source)
    if wrong:
        raise InputError(wrong)
    handle = os.open(source, os.O_RDONLY | os.O_NONBLOCK)
    try:
        found = os.fstat(handle)
        if not _stands(inputs, name, source, found):
            _share(handle, found, inputs, name) or _link(source, inputs, name)
        return of_stat(found)
    finally:
        os.close(handle)


def bring_in_directory(inputs: int, name: str, source: str) -> Identity:
    """The same for a directory, which is always a link. Raises InputError when it is none."""
    if not os.path.isdir(source):
        raise InputError(f"input {source} is {'no directory' if os.path.exists(source) else 'not there'}")
    if not _leads(inputs, name, source):
        _link(source, inputs, name)
    return identity(source)


def _leads(inputs: int, name: str, source: str) -> bool:
    try:
        return os.readlink(name, dir_fd=inputs) == source
    except OSError:
        return False


def _stands(inputs: int, name: str, source: str, found: os.stat_result) -> bool:
    try:
        there = os.stat(name, dir_fd=inputs, follow_symlinks=False)
        if stat.S_ISLNK(there.st_mode):
            return os.readlink(name, dir_fd=inputs) == source
    except FileNotFoundError:
        return False
    return (there.st_size, there.st_mtime_ns) == (found.st_size, found.st_mtime_ns)


def _share(source: int, found: os.stat_result, inputs: int, name: str) -> bool:
    temporary, shared = fresh(inputs)
    try:
        if not clone(source, shared):
            discard(temporary, inputs)
            return False
        os.fchmod(shared, 0o400)
        os.utime(shared, ns=(found.st_atime_ns, found.st_mtime_ns))
        os.rename(temporary, name, src_dir_fd=inputs, dst_dir_fd=inputs)
        return True
    finally:
        os.close(shared)


def _link(source: str, inputs: int, name: str) -> bool:
    temporary = temporary_name()
    os.symlink(source, temporary, dir_fd=inputs)
    os.rename(temporary, name, src_dir_fd=inputs, dst_dir_fd=inputs)
    return True
