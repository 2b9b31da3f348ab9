"""One digest over what a module's folder holds, by which code that has changed since is noticed.

Knows nothing of manifests. Not a proof of content: large files count by size and time, for the sake of speed.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator

SKIPPED = frozenset({"__pycache__", "node_modules"})
LARGE = 1 << 20  # bytes of a file, from which on it counts by size and time: weights of a model, a sample
MOST = 32 << 20  # bytes read of one folder; from there on every file counts by size and time
FILES = 10_000  # files looked at; a data set beside the code is not code


def folder_digest(folder: str) -> str:
    """`sha256:` and hex over the relative names, the executable bits and the content of the files below `folder`.

    Dot-folders, `__pycache__`, `node_modules` and `.pyc` files do not count. A link counts by where it points to, a
    file of 1 MiB and more by size and time, as do all after 32 MiB read; only the first 10,000 files count.
    """
    total = hashlib.sha256()
    read = 0
    for number, name in enumerate(source_files(folder)):
        if number == FILES:
            break
        line, size = _file(os.path.join(folder, name), read < MOST)
        read += size
        total.update(os.fsencode(name) + b"\0" + line + b"\n")
    return "sha256:" + total.hexdigest()


def source_files(folder: str) -> Iterator[str]:
    """The names of the files below that belong to the module, relative, in an order that depends on names only."""
    waiting = [""]
    while waiting:
        above = waiting.pop()
        try:
            with os.scandir(os.path.join(folder, above)) as listing:
                entries = sorted(((entry.name, entry.is_dir(follow_symlinks=False)) for entry in listing), reverse=True)
        except OSError:
            yield os.path.join(above, "?")
            continue
        for name, is_folder in reversed(entries):
            if not is_folder and not name.endswith(".pyc"):
                yield os.path.join(above, name)
        waiting += [
            os.path.join(above, name)
            for name, is_folder in entries
            if is_folder and name not in SKIPPED and not name.startswith(".")
        ]


def _file(path: str, whole: bool) -> tuple[bytes, int]:
    """What stands for the file in the digest, and how many bytes were read for it."""
    try:
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            return b"link " + os.fsencode(os.readlink(path)), 0
        if not stat.S_ISREG(found.st_mode):
            return b"other", 0
        bit = b"x " if found.st_mode & 0o111 else b"- "
        if not whole or found.st_size >= LARGE:
            return bit + b"%d %d" % (found.st_size, found.st_mtime_ns), 0
        with open(path, "rb") as stream:
            content = stream.read(LARGE)
        return bit + hashlib.sha256(content).digest(), len(content)
    except OSError:
        return b"unreadable", 0
