"""Public artifacts copied to the folder a person asked for with `--out`: only its own names, each at one stroke.

Unlike everything in the store these files get the modes of the person's umask. Knows nothing of jobs.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence

from job_manager.artifacts.copying import copy, discard, fresh, is_temporary, temporary_name
from job_manager.artifacts.directories import copy_tree
from job_manager.artifacts.folders import DIRECTORY, READING
from job_manager.artifacts.removal import remove
from job_manager.model.errors import EngineError, Refused


def blocked(out_dir: str, names: Iterable[str]) -> list[str]:
    """What stands in the way of exporting `names` to `out_dir`, as sentences; asked before anything starts."""
    above = os.path.abspath(out_dir)
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    if not os.path.isdir(above):
        return [f"{above} is not a directory"]
    if not os.access(above, os.W_OK | os.X_OK):
        return [f"{above} cannot be written to"]
    return [_in_the_way(out_dir, name) for name in names if _is_directory(os.path.join(out_dir, name))]


def blocked_by_files(out_dir: str, names: Iterable[str]) -> list[str]:
    """The same for artifacts that are directories: they replace one of their name, and nothing else."""
    paths = (os.path.join(out_dir, name) for name in names)
    return [f"{path} is there and no directory" for path in paths if os.path.lexists(path) and not _is_directory(path)]


def _is_directory(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _in_the_way(out_dir: str, name: str) -> str:
    return f"{os.path.join(out_dir, name)} is a directory; an artifact of that name is to be put there"


def export(public: int, out_dir: str, names: Sequence[str], tag: str = "") -> list[str]:
    """Copy `names` from the open directory `public` into `out_dir`, made with its parents; the paths written.

    All are copied and made durable under other names first, then renamed, so a full disk replaces nothing. What an
    earlier export of the same `tag` left half-copied when it was killed is removed. Raises
    Refused when a directory stands in the way, EngineError for what the disk does.
    """
    trees = {name for name in names if stat.S_ISDIR(os.stat(name, dir_fd=public, follow_symlinks=False).st_mode)}
    files = [name for name in names if name not in trees]
    refused = [*blocked(out_dir, files), *blocked_by_files(out_dir, trees)]
    if refused:
        raise Refused("; ".join(refused), "move it away, or choose another --out")
    try:
        os.makedirs(out_dir, exist_ok=True)
        target = os.open(out_dir, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _sweep(out_dir, target, tag)
            for name in trees:
                _replace_tree(public, out_dir, target, name, tag)
            _replace(public, target, files, tag)
        finally:
            os.close(target)
    except OSError as error:
        message = f"the public artifacts could not be copied to {out_dir}: {error.strerror}"
        raise EngineError(message, retryable=True) from error
    return [os.path.join(out_dir, name) for name in names]


def _sweep(out_dir: str, target: int, tag: str) -> None:
    for name in os.listdir(target) if tag else ():
        if is_temporary(name) and name.startswith(f".jm-{tag}"):
            if _is_directory(os.path.join(out_dir, name)):
                remove(out_dir, [name])
            else:
                discard(name, target)


def _replace_tree(public: int, out_dir: str, target: int, name: str, tag: str) -> None:
    """Copy a directory beside its place, then put it there; the one that stood there goes."""
    temporary, old = temporary_name(tag), temporary_name(tag)
    os.mkdir(temporary, 0o777, dir_fd=target)
    try:
        source = os.open(name, DIRECTORY, dir_fd=public)
        try:
            copied = os.open(temporary, DIRECTORY, dir_fd=target)
            try:
                copy_tree(source, copied)
            finally:
                os.close(copied)
        finally:
            os.close(source)
        if _is_directory(os.path.join(out_dir, name)):
            os.rename(name, old, src_dir_fd=target, dst_dir_fd=target)
        os.rename(temporary, name, src_dir_fd=target, dst_dir_fd=target)
        os.fsync(target)
    finally:
        remove(out_dir, [temporary, old])


def _replace(public: int, target: int, names: Sequence[str], tag: str) -> None:
    ready: list[tuple[str, str]] = []
    try:
        for name in names:
            ready.append((_copied(public, target, name, tag), name))
        while ready:
            temporary, name = ready[-1]
            os.rename(temporary, name, src_dir_fd=target, dst_dir_fd=target)
            ready.pop()
        os.fsync(target)
    finally:
        for temporary, _ in ready:
            discard(temporary, target)


def _copied(public: int, target: int, name: str, tag: str) -> str:
    source = os.open(name, READING, dir_fd=public)
    try:
        # The kernel takes the umask off; asking for it would mean setting it for every thread.
        temporary, copied = fresh(target, 0o777 if os.fstat(source).st_mode & 0o111 else 0o666, tag)
        try:
            copy(source, copied)
            os.fsync(copied)
        except BaseException:  # Ctrl-C in the middle of a large file as well
            discard(temporary, target)
            raise
        finally:
            os.close(copied)
        return temporary
    finally:
        os.close(source)
