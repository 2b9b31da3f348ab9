"""Two YAML files put into one: nothing is written unless all of it is right. Knows no terminal."""

from __future__ import annotations

import contextlib
import os

from job_manager.formats import merged
from job_manager.model.errors import InputError


def merge(first: str, second: str, target: str) -> list[str]:
    """Write the keys of both into `target`; their names. Raises InputError."""
    text, keys = merged(first, second)
    for source in (first, second):
        if source != "-" and os.path.exists(target) and os.path.samefile(source, target):
            raise InputError(f"{target} is one of the two files", "choose another --name")
    _write(target, text)
    return keys


def _write(target: str, text: bytes) -> None:
    new = f"{target}.{os.getpid()}"
    try:
        with open(new, "xb") as stream:
            stream.write(text)
        os.replace(new, target)
    except (OSError, ValueError) as cause:
        with contextlib.suppress(OSError, ValueError):
            os.unlink(new)
        said = cause.strerror if isinstance(cause, OSError) else str(cause)
        raise InputError(f"{target} cannot be written: {said}", "choose another --name") from cause
