"""Requests as files: whoever asks puts one down for good, whoever holds the directory takes it up, now or later.

`inbox/REQUEST_ID.json`, whole and on disk before anybody is told that it is there; gone when what follows from it is in
the journal. Knows no rule of what is asked, and nobody who asks.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from job_manager.core import said as s
from job_manager.model.errors import EngineError, InputError
from job_manager.model.hints import Any
from job_manager.model.pattern import late
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

REQUEST_ID = late(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
ENDING = ".json"
UNREADABLE = ".unreadable"
FRESH = ".new"
KINDS: dict[str, Any] = {
    "submit": s.SubmitJob,
    "resume": s.ResumeJob,
    "hold": s.HoldJob,
    "release": s.ReleaseJob,
    "cancel": s.CancelJob,
    "cancel-action": s.CancelAction,
    "retry": s.RetryActions,
    "skip": s.SkipAction,
    "priority": s.SetPriority,
}
NAMES = {kind: name for name, kind in KINDS.items()}


class Waiting(NamedTuple):
    """A request that waits: what is asked, and when it was put down (seconds since the epoch)."""

    request: s.Request
    at: float


def request_id() -> str:
    """An id for a request: 16 random hexadecimal digits."""
    return os.urandom(8).hex()


def check_request_id(id: str) -> None:
    """Raises InputError where it cannot be one."""
    if not REQUEST_ID.match(id):
        hint = "letters, digits, '.', '_' and '-', at most 100, the first a letter or digit"
        raise InputError(f"{quoted(id)} cannot be a request id", hint)


class Inbox:
    """The requests of one state directory, in the folder `path` (0700)."""

    def __init__(self, path: str) -> None:
        self.path = path

    def put(self, request: s.Request) -> None:
        """Put a request down; when this returns it survives a power cut. The same id again changes nothing.

        Raises EngineError."""
        text = json.dumps([NAMES[type(request)], *request], separators=(",", ":")).encode("ascii")
        target = self._file(request.request)
        fresh = f"{target}.{os.getpid()}{FRESH}"
        try:
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                _write(handle, text)
                os.fsync(handle)
            finally:
                os.close(handle)
            os.rename(fresh, target)
            _sync_folder(self.path)
        except OSError as cause:
            _remove(fresh)
            retryable = "free some space, then try again"
            raise EngineError(f"the request cannot be put into {self.path}: {cause.strerror}", retryable) from cause

    def read(self) -> Iterator[Waiting]:
        """Every request that waits, the oldest first. What cannot be read is set aside, once."""
        for at, name in sorted(self._listed()):
            request = self._read(name)
            if request is not None:
                yield Waiting(request, at / 1e9)

    def tidy(self) -> None:
        """Take away what people left who were killed before they had put it down whole."""
        for name in os.listdir(self.path):
            writer = name.rpartition(FRESH)[0].rpartition(".")[2]
            if name.endswith(FRESH) and not (writer.isdigit() and _lives(int(writer))):
                _remove(os.path.join(self.path, name))

    def has(self, id: str) -> bool:
        """Whether a request of that id waits."""
        return os.path.exists(self._file(id))

    def drop(self, id: str) -> None:
        """What follows from it is in the journal, or it was refused."""
        _remove(self._file(id))

    def forget(self, job: str) -> None:
        """Whatever was asked of a job that is no more."""
        for waiting in self.read():
            if waiting.request.job == job:
                self.drop(waiting.request.request)

    def _file(self, id: str) -> str:
        return os.path.join(self.path, id + ENDING)

    def _listed(self) -> list[tuple[int, str]]:
        try:
            names = os.listdir(self.path)
        except FileNotFoundError:
            return []
        found = []
        for name in names:
            if name.endswith(ENDING):
                try:
                    found.append((os.lstat(os.path.join(self.path, name)).st_mtime_ns, name))
                except FileNotFoundError:
                    pass  # taken up meanwhile
        return found

    def _read(self, name: str) -> s.Request | None:
        path = os.path.join(self.path, name)
        try:
            with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), encoding="ascii") as stream:
                kind, *fields = json.load(stream)
            request: s.Request = KINDS[kind](*fields)
            if request.request + ENDING != name:
                raise ValueError("another id")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            try:
                os.rename(path, path.removesuffix(ENDING) + UNREADABLE)
            except OSError:
                pass
            return None
        return request


def _write(handle: int, text: bytes) -> None:
    while text:
        text = text[os.write(handle, text) :]


def _sync_folder(path: str) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's
    return True


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
