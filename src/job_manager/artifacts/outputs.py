"""What an action promised to write, and whether a file keeps the promise: there, regular, not empty, of its kind.

Looks only through an open directory, so nothing outside it can pass. Knows nothing of where the store puts it.
"""

from __future__ import annotations

import os
import stat

from job_manager.artifacts.directories import FileRow, listed
from job_manager.artifacts.folders import DIRECTORY, READING
from job_manager.artifacts.identity import Identity, of_directory, of_stat
from job_manager.artifacts.trees import Unfit
from job_manager.model.expect import Expect, merged
from job_manager.model.job import FILE, FILES, Output
from job_manager.model.names import artifact_name
from job_manager.model.record import NamedTuple
from job_manager.model.site import Installed
from job_manager.model.wording import quoted

MISSING = "output-missing"
INVALID = "output-invalid"
DISK = "disk"


class Declared(NamedTuple):
    """One output as the job and the module's manifest together declare it."""

    name: str
    type: str | None = None
    public: bool = False
    optional: bool = False
    allow_empty: bool = False
    kind: str = FILE
    glob: str = ""
    expect: Expect = ()

    @property
    def is_directory(self) -> bool:
        """Whether it lies in a directory of its own."""
        return self.kind != FILE


class Fault(NamedTuple):
    """Why outputs cannot be published. `reason` is a failure reason of the architecture (decision 13): output-missing,
    output-invalid or disk; `detail` a sentence that names the output."""

    reason: str
    detail: str
    name: str = ""


class Facts(NamedTuple):
    """A good output: `identity` is None when it is optional and was not written; `files` of kind files are those in
    it."""

    identity: Identity | None
    files: tuple[FileRow, ...] = ()


def declared(output: Output, module: Installed | None = None) -> Declared:
    """The output with what its module's manifest adds: its type when the job gives none, and what may be missing."""
    if module is None or output.param is None:
        return Declared(
            output.artifact,
            output.type,
            output.public,
            output.optional,
            output.allow_empty,
            output.kind,
            output.glob,
            output.expect,
        )
    return Declared(
        output.artifact,
        output.type or dict(module.types).get(output.param),
        output.public,
        output.optional or output.param in module.optional,
        output.allow_empty or output.param in module.allow_empty,
        output.kind,
        output.glob,
        merged(dict(module.expects).get(output.param, ()), output.expect),
    )


def examine(directory: int, output: Declared) -> Facts | Fault:
    """The output in the open directory held against its declaration. Raises OSError for what the disk does."""
    if output.is_directory:
        return _examine_directory(directory, output)
    try:
        handle = os.open(output.name, READING, dir_fd=directory)
    except OSError as error:
        return _unopened(directory, output, error)
    try:
        found = os.fstat(handle)
        wrong = _shape(found, output) or _content(handle, output)
    finally:
        os.close(handle)
    return Fault(INVALID, f"output {quoted(output.name)} {wrong}", output.name) if wrong else Facts(of_stat(found))


def _unopened(directory: int, output: Declared, error: OSError) -> Facts | Fault:
    try:
        found = os.stat(output.name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        if output.optional:
            return Facts(None)
        return Fault(MISSING, f"output {quoted(output.name)} was not written", output.name)
    wrong = _shape(found, output) or f"cannot be read: {error.strerror}"
    return Fault(INVALID, f"output {quoted(output.name)} {wrong}", output.name)


def _examine_directory(directory: int, output: Declared) -> Facts | Fault:
    try:
        handle = os.open(output.name, DIRECTORY, dir_fd=directory)
    except OSError as error:
        return _no_directory(directory, output, error)
    try:
        found = of_directory(handle)
        files = tuple(listed(handle, output.glob)) if output.kind == FILES else ()
        empty = not (files if output.kind == FILES else os.listdir(handle))
        unsafe = next((wrong for name, *_ in files if (wrong := artifact_name(str(name)))), "")
    except Unfit as wrong:
        return Fault(INVALID, f"output {quoted(output.name)} {wrong}", output.name)
    finally:
        os.close(handle)
    if unsafe:
        return Fault(
            INVALID, f"output {quoted(output.name)} holds a file that others cannot read: {unsafe}", output.name
        )
    if not empty or output.allow_empty:
        return Facts(found, files)
    if output.optional:
        return Facts(None)
    what = f'no file that fits "{output.glob or "*"}"' if output.kind == FILES else "nothing"
    return Fault(MISSING, f"{what} was written into the output {quoted(output.name)}", output.name)


def _no_directory(directory: int, output: Declared, error: OSError) -> Facts | Fault:
    try:
        found = os.stat(output.name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return Facts(None) if output.optional else Fault(MISSING, f"output {quoted(output.name)} is gone", output.name)
    what = "a file" if stat.S_ISREG(found.st_mode) else shape(found.st_mode)
    wrong = f"is {what}, not a directory" if not stat.S_ISDIR(found.st_mode) else f"cannot be read: {error.strerror}"
    return Fault(INVALID, f"output {quoted(output.name)} {wrong}", output.name)


SHAPES = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISCHR, "a character device"),
)


def _shape(found: os.stat_result, output: Declared) -> str:
    if not stat.S_ISREG(found.st_mode):
        return f"is {shape(found.st_mode)}, not a regular file"
    return "is empty" if not found.st_size and not output.allow_empty else ""


def shape(mode: int) -> str:
    """What a mode that is no regular file's belongs to, in words."""
    return next((words for test, words in SHAPES if test(mode)), "something unknown")


def _content(handle: int, output: Declared) -> str:
    if not output.type:
        return ""
    # Imported here: the store is needed before the first child starts, the table only when one has ended.
    from job_manager.artifacts.kinds import contradiction
    from job_manager.artifacts.signatures import HEAD

    return contradiction(output.type, output.name, os.pread(handle, HEAD, 0))
