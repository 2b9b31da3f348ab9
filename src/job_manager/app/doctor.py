"""What a look over the state directory finds: whether it is safe, whole and tidy, and what to do where it is not.

Reads only. Each examination gives findings; what is found of the machine is in doctor_machine.py. Knows no terminal.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Sequence

from job_manager.app import wiring
from job_manager.app.filesystems import is_network, is_unsure, kind_of
from job_manager.app.findings import BAD, OK, WARN, Finding
from job_manager.app.home import Home
from job_manager.app.leftovers import keepers_left, strangers
from job_manager.app.soundness import unreadable
from job_manager.app.watching import counted
from job_manager.model.errors import EngineError
from job_manager.model.quantity import size_text
from job_manager.ports.history import JobRow

SCARCE, TIGHT = 1 << 30, 64 << 20  # bytes free, below which it is said, and below which it is bad
FEW_FILES = 1000
OLDEST = 1_704_067_200  # 2024: a clock that says less was never set


def examine(home: Home) -> Iterator[Finding]:
    """Every finding, of the state directory and of the machine."""
    # Imported here: it needs much that nothing else does.
    from job_manager.app.doctor_machine import examine_machine

    yield from examine_directory(home)
    yield from examine_machine()


def examine_directory(home: Home) -> Iterator[Finding]:
    """The findings of the state directory."""
    there = home.path
    while not os.path.isdir(there):
        there = os.path.dirname(there)
    yield from _file_system(there)
    yield from _room(there)
    if there != home.path:
        yield Finding("directory", OK, f"{home.path} is not there yet; the first `jm run` makes it")
        return
    yield from _permissions(home)
    yield from _holder(home)
    yield from _journal(home)
    yield from _leftovers(home)


# --- where it lies ----------------------------------------------------------------------------------------------------


def _file_system(there: str) -> Iterator[Finding]:
    kind = kind_of(there)
    if is_network(kind):
        hint = "use a directory on a local disk: --home DIR or JM_HOME"
        yield Finding("file system", BAD, f"{kind} is a network file system; locks and the journal do not hold", hint)
    elif is_unsure(kind):
        hint = "where it is shared with another machine, use a local disk: --home DIR or JM_HOME"
        yield Finding("file system", WARN, f"{kind}: how far its locks can be relied upon is not known", hint)
    elif kind == "tmpfs":
        yield Finding("file system", WARN, "tmpfs is memory: it is gone with the next start of the machine")
    else:
        yield Finding("file system", OK, kind or "unknown")


def _room(there: str) -> Iterator[Finding]:
    found = os.statvfs(there)
    free = found.f_bavail * found.f_frsize
    level = BAD if free < TIGHT else WARN if free < SCARCE else OK
    yield Finding("disk", level, f"{size_text(free)} free", "" if level == OK else "free some space")
    if found.f_files and found.f_favail < FEW_FILES:
        level = WARN if found.f_favail else BAD
        yield Finding("disk", level, f"{found.f_favail} more files can be made (inodes)", "remove some files")


def _permissions(home: Home) -> Iterator[Finding]:
    wrong = list(_wrong_modes(home))
    for path, says, hint in wrong:
        yield Finding("permissions", BAD, f"{path} {says}", hint)
    if not wrong:
        yield Finding("permissions", OK, "only you can read what is here")


def _wrong_modes(home: Home) -> Iterator[tuple[str, str, str]]:
    for name in (".", "jobs", "keepers", "inbox", "owed", "journal.db", "journal.db-wal", "lock", "secrets", "up.log"):
        path = os.path.normpath(os.path.join(home.path, name))
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            continue
        if stat.S_ISLNK(found.st_mode):
            yield path, "is a link", "have the directory itself there"
        elif found.st_uid != os.geteuid() and os.geteuid():
            yield path, f"belongs to another user ({found.st_uid})", "use a directory of your own"
        elif found.st_mode & 0o077:
            yield path, "is open to others", f"chmod {'700' if stat.S_ISDIR(found.st_mode) else '600'} {path}"
        elif not os.access(path, os.W_OK):
            yield path, "cannot be written to", f"chmod u+w {path}, or mount its file system for writing"


def _holder(home: Home) -> Iterator[Finding]:
    holder = home.holder()
    if not holder:
        yield Finding("holder", OK, "nobody runs jobs here now")
        return
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(holder["since"]))
    yield Finding("holder", OK, f"`{holder['words']}` (process {holder['pid']}, since {since})")


# --- the journal ------------------------------------------------------------------------------------------------------


def _journal(home: Home) -> Iterator[Finding]:
    found = wiring.damages(home, thorough=True)
    for damage in found:
        yield Finding("journal", BAD, f"damaged: {damage}", "`jm repair --dry-run` shows what can be kept")
    if not found:
        yield from _sound_journal(home)
    size, readers = wiring.mending(home).log()
    if size:
        hint = f"it is held by {readers}" if readers else "the next `jm` that runs a job folds it in"
        yield Finding("journal", WARN, f"its log has {size_text(size)}", hint)


def _sound_journal(home: Home) -> Iterator[Finding]:
    try:
        reading = wiring.open_reading(home)
    except EngineError as error:
        yield Finding("journal", BAD, str(error), error.hint)
        return
    try:
        rows = reading.jobs()
        opened = [row for row in rows if row.finished is None]
        size = size_text(os.path.getsize(home.journal)) if os.path.exists(home.journal) else "no file yet"
        yield Finding("journal", OK, f"sound: {counted(len(rows), 'job')}, {len(opened)} of them not finished; {size}")
        for row in opened:
            why = unreadable(reading, row.id, open=True)
            if why:
                yield Finding("journal", BAD, f"job {row.id} is unreadable: {why}", f"`jm rm {row.id}` removes it")
    finally:
        reading.close()
    yield from _clock(rows)


def _clock(rows: Sequence[JobRow]) -> Iterator[Finding]:
    now = time.time()
    newest = max((max(row.submitted, row.finished or 0.0) for row in rows), default=0.0)
    if now < OLDEST:
        yield Finding("clock", BAD, f"it says {_day(now)}", "set the clock")
    elif newest > now + 60:
        says = f"it says {_day(now)}, and the journal has a job of {_day(newest)}"
        yield Finding("clock", WARN, says, "set the clock")
    else:
        yield Finding("clock", OK, _day(now))


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


# --- what lies about --------------------------------------------------------------------------------------------------


def _leftovers(home: Home) -> Iterator[Finding]:
    left = keepers_left(home)
    if left.alive:
        yield Finding("keepers", OK, f"{len(left.alive)} alive, with {counted(left.running, 'program')} under way")
    if left.dead:
        yield Finding(
            "keepers", WARN, f"records of {counted(len(left.dead), 'dead keeper')} that nobody needs", "`jm gc`"
        )
    folders = strangers(home)
    if folders:
        yield Finding(
            "jobs", WARN, f"{counted(len(folders), 'folder')} of jobs that are gone: {_some(folders)}", "`jm gc`"
        )
    copies = wiring.mending(home).copies()
    if copies:
        hint = "remove them when you need them no more"
        yield Finding("journal", WARN, f"{counted(len(copies), 'kept damaged file')}: {_some(copies)}", hint)
    waiting = _waiting(home)
    if waiting and not home.holder():
        yield Finding("inbox", WARN, f"no supervisor runs, and {counted(waiting, 'request')} to be heard", "`jm up`")


def _some(names: Sequence[str]) -> str:
    names = [os.path.basename(name) for name in names]
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _waiting(home: Home) -> int:
    try:
        return sum(name.endswith(".json") for name in os.listdir(os.path.join(home.path, "inbox")))
    except OSError:
        return 0
