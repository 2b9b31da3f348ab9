"""The state directory: where it is, what stands in it, and who holds it.

One process decides and writes at a time (flock on an open file, so a dead holder holds nothing). Knows no journal.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import sys
import time
from typing import Any

from job_manager.app.filesystems import is_network, kind_of
from job_manager.model.errors import EngineError, InputError, Refused

DEFAULT = ".jm"
CACHE_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# The state directory of job_manager.\n"


class Home:
    """The state directory at `path` (made absolute). Reading needs no directory; `make` creates it."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self.journal = os.path.join(self.path, "journal.db")
        self.jobs = os.path.join(self.path, "jobs")
        self.keepers = os.path.join(self.path, "keepers")
        self._lock_path = os.path.join(self.path, "lock")
        self._lock: int | None = None

    def make(self) -> None:
        """Create what is missing, for this user only. Raises InputError where that cannot be, and where there is
        something else already: hiding a person's folder from git and backups is not ours to do."""
        try:
            if self._is_foreign():
                hint = "choose an empty or a new directory, for example --home " + os.path.join(self.path, DEFAULT)
                raise InputError(f"{self.path} has other things in it; it cannot be the state directory", hint)
            # keepers first: by that another process sees at once whose directory this is
            for folder in (self.path, self.keepers, self.jobs):
                _make_private(folder)
            _write_once(os.path.join(self.path, ".gitignore"), "*\n")
            _write_once(os.path.join(self.path, "CACHEDIR.TAG"), CACHE_TAG)
        except OSError as cause:
            hint = "choose another place with --home DIR, JM_HOME or jm.toml"
            raise InputError(f"the state directory {self.path} cannot be made: {cause.strerror}", hint) from cause

    def _is_foreign(self) -> bool:
        """Whether the directory is there and holds something, but is none of ours."""
        try:
            there = os.listdir(self.path)
        except FileNotFoundError:
            return False
        return bool(there) and not {"journal.db", "lock", "keepers"}.intersection(there)

    def has_jobs(self) -> bool:
        """Whether there is the folder of any job."""
        try:
            with os.scandir(self.jobs) as entries:
                return any(entries)
        except OSError:
            return False

    def lock(self) -> None:
        """Become the holder of this directory. Raises Refused naming the present holder, EngineError where the file
        system has no locks to rely upon."""
        self._refuse_network()
        handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            _flock(handle)
        except OSError as cause:
            os.close(handle)
            raise self._refusal(cause) from cause
        self._lock = handle
        self.announce("")

    def announce(self, job: str) -> None:
        """Say in the lock which job this holder runs, for those who only read."""
        assert self._lock is not None
        words = " ".join([os.path.basename(sys.argv[0]), *sys.argv[1:]])
        text = json.dumps({"pid": os.getpid(), "since": time.time(), "words": words, "job": job})
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, text.encode("utf-8", "replace"), 0)

    def _refuse_network(self) -> None:
        kind = kind_of(self.path)
        if is_network(kind):
            text = f"the state directory {self.path} is on a network file system ({kind}): its locks do not hold"
            raise EngineError(text, "use a directory on a local disk: --home DIR or JM_HOME")

    def _refusal(self, cause: OSError) -> Refused | EngineError:
        if cause.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            kind = kind_of(self.path)
            where = f" (file system: {kind})" if kind else ""
            text = f"the state directory {self.path} cannot be locked{where}: {cause.strerror}"
            return EngineError(text, "use a directory on a local disk: --home DIR or JM_HOME")
        way = "wait for it to end, or use another directory with --home DIR"  # in the same line: the issue asks for one
        return Refused(f"the state directory {self.path} is in use by {_in_words(self.holder())}; {way}")

    def holder(self) -> dict[str, Any]:
        """Who holds the directory now: pid, since (epoch seconds), words (its command line), job; empty when nobody."""
        try:
            handle = os.open(self._lock_path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return {}
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return _holder(os.pread(handle, 4096, 0))
        finally:
            os.close(handle)
        return {}

    def unlock(self) -> None:
        """Let others hold the directory."""
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None


def _make_private(folder: str) -> None:
    try:
        os.makedirs(folder, 0o700)
    except FileExistsError:
        if not os.path.isdir(folder):
            raise
    if os.stat(folder).st_mode & 0o777 != 0o700:
        os.chmod(folder, 0o700)  # whatever the umask took away, or somebody gave


def _write_once(path: str, text: str) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)


def _flock(handle: int) -> None:
    """Take the lock. Somebody who only looks at who holds it has it for an instant: one refusal is not the answer."""
    for last in (False,) * 5 + (True,):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            if last:
                raise
            time.sleep(0.01)


def _holder(raw: bytes) -> dict[str, Any]:
    try:
        holder: dict[str, Any] = json.loads(raw)
        return {"pid": 0, "since": 0.0, "words": "", "job": "", **holder}
    except (ValueError, TypeError):
        return {"pid": 0, "since": 0.0, "words": "", "job": ""}


def _in_words(holder: dict[str, Any]) -> str:
    if not holder.get("pid"):
        return "another process"
    since = time.strftime("%H:%M:%S", time.localtime(holder["since"]))
    return f"`{holder['words']}` (process {holder['pid']}, since {since})"
