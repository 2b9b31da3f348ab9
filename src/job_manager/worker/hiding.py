"""The secrets that one attempt has, and what of it may not carry them into what is kept: messages, findings, results.

Its logs are written through redaction.py; this is for what comes to us by other ways.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Mapping

from job_manager.artifacts.outputs import INVALID, Declared, Fault
from job_manager.artifacts.store import Store
from job_manager.artifacts.trees import Unfit, walk
from job_manager.core.said import AttemptEnded
from job_manager.model.errors import EngineError, InputError
from job_manager.model.hints import Any
from job_manager.model.secret import Env, secrets_of
from job_manager.model.wording import quoted
from job_manager.worker.redaction import MASK, Redaction
from job_manager.worker.secrets import Secrets

MOST = 1 << 24  # bytes of such a file that are looked through
RESULT = b'"***"'  # of a function, where a number was the secret


def given(env: Env, directory: str) -> Share:
    """The secrets that these variables take. Raises InputError where one is not there, or the file is no good;
    EngineError."""
    known = Secrets(directory).read()
    for variable, name in secrets_of(env).items():
        if name not in known:
            raise InputError(f"there is no secret {quoted(name)} for {variable}; jm secret set {name} keeps one")
    return Share({variable: known[name] for variable, name in secrets_of(env).items()})


def known_now(env: Env, directory: str) -> Share:
    """The same for an attempt that another process has begun: what can be known of it now."""
    try:
        known = Secrets(directory).read()
    except (EngineError, InputError):
        known = {}
    return Share({variable: known.get(name, "") for variable, name in secrets_of(env).items()}, sure=False)


class Share:
    """The secrets of one attempt by its variables. sure: they are the values that it was given, and not those of a
    later day."""

    def __init__(self, values: Mapping[str, str], *, sure: bool = True) -> None:
        self.values = values
        self.sure = sure
        self._mask = Redaction(value.encode("utf-8", "surrogateescape") for value in values.values())

    def named_after(self, store: Store, label: str, outputs: list[Declared]) -> list[Fault]:
        """Outputs with files in them whose names hold a secret: names are kept in the history."""
        return [
            Fault(INVALID, f"a file in the output {quoted(output.name)} has a secret in its name", output.name)
            for output in outputs
            if output.is_directory and self._names_in(store, label, output)
        ]

    def _names_in(self, store: Store, label: str, output: Declared) -> bool:
        with store.reading(label, output) as handle:
            try:
                return handle is not None and any(self._mask.finds(found.path) for found in walk(handle))
            except Unfit:  # what is wrong with it is said by who verifies it
                return False

    def hidden(self, told: AttemptEnded) -> AttemptEnded:
        """The report without the secrets."""
        return told._replace(message=self._mask.text(told.message), outputs=[self._row(*row) for row in told.outputs])

    def _row(self, *row: Any) -> tuple[Any, ...]:
        """A row of an output: what was found in it is its program's word, its name and those of its files are not."""
        *plain, last = row
        if not isinstance(last, dict):
            return row
        return (*plain, {key: member if key == "files" else self._masked(member) for key, member in last.items()})

    def _masked(self, value: Any) -> Any:
        # Recursion is bounded: rows of what was found in an output.
        if isinstance(value, str):
            return self._mask.text(value)
        if isinstance(value, dict):
            return {key: self._masked(member) for key, member in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self._masked(member) for member in value)
        return value

    def stood_in(self, log: str) -> bool:
        """Whether anything was taken out of what stands in a log."""
        with open(log, "rb") as stream:
            end = b""
            while piece := stream.read(MOST):
                if MASK in end + piece:
                    return True
                end = piece[-len(MASK) :]
        return False

    def hide_in_files(self, paths: list[str]) -> None:
        """Files that its process has written for us, without the secrets. One that cannot be looked through is removed,
        and so are all where nobody remembers which values there were."""
        for path in paths:
            try:
                self._hide_in(path)
            except FileNotFoundError:
                pass
            except OSError:
                os.unlink(path)

    def _hide_in(self, path: str) -> None:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            if not (self.sure and stat.S_ISREG(os.fstat(handle).st_mode)):
                raise OSError(errno.EPERM, "not to be kept", path)
            text = stream.read(MOST + 1)
        masked = self._mask.whole(text) if len(text) <= MOST else self._mask.beginning(text)
        if masked != text:
            _put(path, masked if not path.endswith(".json") or _is_json(masked) else RESULT)


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _put(path: str, text: bytes) -> None:
    new = f"{path}.new"
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(text)
    os.rename(new, path)
