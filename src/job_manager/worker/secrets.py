"""The file of secrets: read as a whole, and written as a whole. Knows no job, and shows no value in what it says."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from job_manager.model.errors import EngineError, InputError
from job_manager.model.hints import Any
from job_manager.worker.processes import become_undumpable

FILE = "secrets"  # in the state directory
FORMAT = "job_manager.secrets/1"
MOST_BYTES = 1 << 24  # of the file


class Secrets:
    """The secrets in the file `secrets` of an existing directory. Values are text, bytes that are none as surrogates.
    Whoever asks for any leaves no core dump from then on.

    Raises EngineError where the file cannot be read or written, InputError where others could."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self.path = os.path.join(directory, FILE)

    def read(self) -> dict[str, str]:
        """All of them by name; none when there is no file."""
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return {}
        except OSError as cause:
            raise self._unusable(cause.strerror or "it cannot be opened") from cause
        become_undumpable()
        with os.fdopen(handle, "rb") as stream:
            self._look_at(os.fstat(handle))
            return self._parsed(stream.read(MOST_BYTES + 1))

    def _look_at(self, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise self._unusable("it is no regular file")
        if found.st_uid != os.geteuid():
            raise self._unusable(f"it belongs to somebody else (user {found.st_uid})")
        if found.st_mode & 0o077:
            message = f"the secrets in {self.path} can be read by others (mode {stat.S_IMODE(found.st_mode):o})"
            raise InputError(message, f"chmod 600 {self.path}, and think about whether they are still secrets")

    def _parsed(self, raw: bytes) -> dict[str, str]:
        try:
            content = json.loads(raw)
            if content["format"] != FORMAT:
                raise self._unusable(f"it is of another format than {FORMAT}")
            return {str(name): _text(value) for name, value in content["secrets"].items()}
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            # Nothing of what stands there is shown.
            raise self._unusable("it is not what `jm secret` writes") from None

    def _unusable(self, why: str) -> EngineError:
        return EngineError(f"the file of secrets {self.path} cannot be used: {why}", "move it away, and set them anew")

    def put(self, name: str, value: str) -> bool:
        """Keep the value under the name; True when there was another before."""
        with self._alone():
            before = self.read()
            self._write({**before, name: value})
        return name in before

    def remove(self, name: str) -> bool:
        """Forget it; False when there is none of that name."""
        with self._alone():
            before = self.read()
            if name in before:
                self._write({other: value for other, value in before.items() if other != name})
        return name in before

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Of two who write each sees what the other has written. The lock of the directory itself is free for that."""
        try:
            handle = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as cause:
            raise self._unusable(cause.strerror or "its directory cannot be opened") from cause
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        except OSError as cause:
            raise self._unusable(cause.strerror or "it cannot be written") from cause
        finally:
            os.close(handle)

    def _write(self, secrets: Mapping[str, str]) -> None:
        become_undumpable()
        kept = {name: secrets[name] for name in sorted(secrets)}
        raw = json.dumps({"format": FORMAT, "secrets": kept}, indent=1).encode("ascii") + b"\n"
        new = f"{self.path}.new"
        try:
            os.unlink(new)  # of somebody who died here
        except FileNotFoundError:
            pass
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as stream:
                os.fchmod(handle, 0o600)  # whatever the umask takes away
                stream.write(raw)
                stream.flush()
                os.fsync(handle)
            os.rename(new, self.path)
        except BaseException:
            os.unlink(new)
            raise
        self._sync_directory()

    def _sync_directory(self) -> None:
        handle = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
