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
from collections.abc import Sequence

from job_manager.app.filesystems import is_network, kind_of
from job_manager.app.safety import check_place
from job_manager.model.errors import EngineError, InputError, Refused
from job_manager.model.hints import Any
from job_manager.model.record import NamedTuple

DEFAULT = ".jm"
SUPERVISOR = "supervisor"
NOBODY: dict[str, Any] = {"pid": 0, "since": 0.0, "words": "", "kind": "", "jobs": []}
OURS = frozenset({"keepers", "jobs", "inbox", "owed", "secrets", ".gitignore", "CACHEDIR.TAG"})
CACHE_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# The state directory of job_manager.\n"


class Hosting(NamedTuple):
    """Whose jobs the holder runs: those that are named, or with `every` all that are open."""

    every: bool
    jobs: frozenset[str]

    def has(self, job: str) -> bool:
        """Whether this job is one of them, if it is open."""
        return self.every or job in self.jobs


class Home:
    """The state directory at `path` (made absolute). Reading needs no directory; `make` creates it."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self.journal = os.path.join(self.path, "journal.db")
        self.reserve = os.path.join(self.path, "reserve")
        self.jobs = os.path.join(self.path, "jobs")
        self.keepers = os.path.join(self.path, "keepers")
        self.inbox = os.path.join(self.path, "inbox")
        self.owed = os.path.join(self.path, "owed")
        self.socket = os.path.join(self.path, "socket")
        self.log = os.path.join(self.path, "up.log")
        self._lock_path = os.path.join(self.path, "lock")
        self._lock: int | None = None
        self._since = 0.0

    def make(self) -> None:
        """Create what is missing, for this user only. Raises InputError where that cannot be, and where there is
        something else already: hiding a person's folder from git and backups is not ours to do."""
        check_place(self.path)
        try:
            if self._is_foreign():
                hint = "choose an empty or a new directory, for example --home " + os.path.join(self.path, DEFAULT)
                raise InputError(f"{self.path} has other things in it; it cannot be the state directory", hint)
            # keepers first: by that another process sees at once whose directory this is
            for folder in (self.path, self.keepers, self.jobs, self.inbox, self.owed):
                _make_private(folder)
            _write_once(os.path.join(self.path, ".gitignore"), "*\n")
            tag = os.path.join(self.path, "CACHEDIR.TAG")
            if not os.path.exists(tag):  # the last thing that is made: nothing is more durable than the names above it
                _make_durable(os.path.dirname(self.path), self.path)
                _write_once(tag, CACHE_TAG)
        except OSError as cause:
            hint = "choose another place with --home DIR, JM_HOME or jm.toml"
            raise InputError(f"the state directory {self.path} cannot be made: {cause.strerror}", hint) from cause

    def _is_foreign(self) -> bool:
        """Whether the directory is there and holds something, but is none of ours."""
        try:
            there = os.listdir(self.path)
        except FileNotFoundError:
            return False
        # A power cut may have left any part of what `make` makes.
        return not {"journal.db", "lock", "keepers"}.intersection(there) and not OURS.issuperset(there)

    def has_run_jobs(self) -> bool:
        """Whether there is the folder of any job that has begun: then there was a journal."""
        try:
            with os.scandir(self.jobs) as entries:
                return any(os.path.isdir(os.path.join(entry.path, "logs")) for entry in entries)
        except OSError:
            return False

    def lock(self) -> None:
        """Become the holder of this directory. Raises Refused naming the present holder, InputError where the place is
        not safe, EngineError where the file system has no locks to rely upon."""
        check_place(self.path)
        self._refuse_network()
        handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            _flock(handle)
        except OSError as cause:
            os.close(handle)
            raise self._refusal(cause) from cause
        self._lock = handle
        self._since = time.time()
        self.announce()

    @property
    def locked(self) -> bool:
        """Whether this process is the holder."""
        return self._lock is not None

    def announce(self, jobs: Sequence[str] = (), kind: str = "") -> None:
        """Say in the lock which jobs this holder runs, for those who only read. `kind` is SUPERVISOR for one that runs
        every open job."""
        assert self._lock is not None
        name = os.path.basename(sys.argv[0])
        words = " ".join(["jm" if name == "__main__.py" else name, *sys.argv[1:]])
        content = {"pid": os.getpid(), "since": self._since, "words": words, "kind": kind, "jobs": list(jobs)}
        text = json.dumps(content).encode("utf-8", "replace") + b"\n"
        os.pwrite(
            self._lock, text, 0
        )  # first the new line, then away with the rest: a reader sees the one or the other
        os.ftruncate(self._lock, len(text))

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
        holder = self.holder()
        way = "`jm down` ends it" if holder.get("kind") == SUPERVISOR else "wait for it to end"
        way += ", or use another directory with --home DIR"  # in the same line: the issue asks for one
        return Refused(f"the state directory {self.path} is in use by {_in_words(holder)}; {way}")

    def holder(self) -> dict[str, Any]:
        """Who holds the directory now: pid, since (epoch seconds), words (its command line), kind, jobs; empty when
        nobody does."""
        try:
            handle = os.open(self._lock_path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return {}
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return _holder(os.pread(handle, os.fstat(handle).st_size, 0))
        finally:
            os.close(handle)
        return {}

    def hosting(self) -> Hosting:
        """Which jobs are run at this moment."""
        holder = self.holder()
        return Hosting(holder.get("kind") == SUPERVISOR, frozenset(holder.get("jobs", ())))

    def unlock(self) -> None:
        """Let others hold the directory."""
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None


def _make_durable(*folders: str) -> None:
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _make_above(folder: str) -> None:
    """What is missing above, in which nobody else may write, whatever the umask."""
    if not os.path.isdir(folder):
        _make_above(os.path.dirname(folder))
        try:
            os.mkdir(folder, 0o755)
        except FileExistsError:
            pass  # another was quicker, or it is no directory, which is said soon


def _make_private(folder: str) -> None:
    _make_above(os.path.dirname(folder))
    try:
        os.mkdir(folder, 0o700)
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
        holder: dict[str, Any] = json.loads(raw.split(b"\n", 1)[0])
        return {**NOBODY, **holder}
    except (ValueError, TypeError):
        return {**NOBODY}


def _in_words(holder: dict[str, Any]) -> str:
    if not holder.get("pid"):
        return "another process"
    since = time.strftime("%H:%M:%S", time.localtime(holder["since"]))
    return f"`{holder['words']}` (process {holder['pid']}, since {since})"
