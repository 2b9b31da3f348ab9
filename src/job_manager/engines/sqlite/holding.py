"""Who else has a lock on a database file: by the kernel's list of locks. Knows no journal and takes no lock itself."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from job_manager.model.record import NamedTuple

LOCKS = "/proc/locks"
NAMED = 3


class Holding(NamedTuple):
    """A process with a lock. `writes`: it keeps others from writing, not only from folding the log in."""

    pid: int
    words: str  # its command line
    writes: bool


def others(path: str, locks: str = LOCKS) -> list[Holding]:
    """The processes that hold the database, those first that write; none where the system does not say."""
    pids: dict[int, bool] = {}
    for kind, pid, key in _listed(locks):
        if key in _keys(path) and pid > 0 and pid != os.getpid():
            pids[pid] = pids.get(pid, False) or kind == "WRITE"
    found = [Holding(pid, _words(pid), writes) for pid, writes in pids.items()]
    return sorted(found, key=lambda each: (not each.writes, each.pid))


def in_words(found: Iterable[Holding]) -> str:
    """The first few of them: those in the way of a writer, when there are any."""
    listed = list(found)
    writers = [each for each in listed if each.writes] or listed
    said = [f"process {each.pid}{f' ({each.words})' if each.words else ''}" for each in writers[:NAMED]]
    return ", ".join(said) + (f" and {len(writers) - NAMED} more" if len(writers) > NAMED else "")


def _listed(locks: str) -> Iterator[tuple[str, int, str]]:
    """Kind, pid and `major:minor:inode` of each lock; those who only wait have an arrow and are passed over."""
    try:
        with open(locks, encoding="ascii", errors="replace") as lines:
            for line in lines:
                words = line.split()
                if len(words) >= 8 and words[1] != "->" and words[4].lstrip("-").isdigit():
                    yield words[3], int(words[4]), words[5]
    except OSError:
        return


def _keys(path: str) -> set[str]:
    """The file and what SQLite locks beside it, as the kernel's list names them."""
    keys = set()
    for each in (path, f"{path}-shm", f"{path}-wal"):
        try:
            found = os.stat(each)
        except OSError:
            continue
        keys.add(f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}")
    return keys


def _words(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as words:
            return words.read(200).replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""
